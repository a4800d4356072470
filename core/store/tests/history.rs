//! The list of sessions: every filter, page by page, and what a search finds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{T, ask, company_id, confirm, end, new_session, put, right_code, technician_id, with_company};
use hospes_session::id::SessionId;
use hospes_session::prepare::NewSession;
use hospes_store::model::{Cursor, SessionFilter};
use hospes_store::sqlite::SqliteStore;
use hospes_store::{Store, StoreError};
use sqlx::Connection;

async fn ids(store: &SqliteStore, filter: &SessionFilter) -> Vec<SessionId> {
    store.sessions(company_id(1), filter).await.unwrap().iter().map(|session| session.id).collect()
}

/// Twelve sessions of three technicians, four of them in each millisecond, oldest first.
async fn history(store: &SqliteStore) -> Vec<NewSession> {
    let mut all = Vec::new();
    for n in 0..12u64 {
        let mut new = new_session(1, (n % 3) as u8 + 1, n, T + n / 4);
        let customer = &mut new.session.customer;
        customer.email = format!("customer{n}@example.com");
        customer.name = [Some("ÉLODIE 100%"), Some("Ana_María"), None][n as usize % 3].map(str::to_owned);
        put(store, &new).await.unwrap();
        if n == 5 {
            ask(store, new.session.id, right_code(&new), T + 20).await.unwrap();
            ask(store, new.session.id, confirm(), T + 20).await.unwrap();
        }
        ask(store, new.session.id, end(), T + 21).await.unwrap();
        all.push(new);
    }
    all.sort_by_key(|new| (new.session.created_at, new.session.id.to_string()));
    all
}

#[tokio::test]
async fn filters_and_searches_find_what_they_say() {
    let directory = tempfile::tempdir().unwrap();
    let store = with_company(directory.path(), 3).await;
    let all = history(&store).await;
    let count = async |filter: SessionFilter| ids(&store, &filter).await.len();
    let text = |text: &str| SessionFilter { text: Some(text.to_owned()), ..SessionFilter::default() };
    for (wanted, expect) in [
        ("", 12),
        ("  ", 12),
        ("CUSTOMER1", 3),
        ("customer7@", 1),
        ("élodie", 4),
        ("Élodie 100%", 4),
        ("100%", 4),
        ("0%1", 0),
        ("ana_m", 4),
        ("anaxm", 0),
        ("MARÍA", 4),
        ("pc", 1),
        ("' OR 1=1 --", 0),
        ("\\", 0),
        ("example.com\nélodie", 4),
    ] {
        assert_eq!(count(text(wanted)).await, expect, "{wanted:?}");
    }
    let whose = |n: u8| SessionFilter { technician: Some(technician_id(n)), ..SessionFilter::default() };
    assert_eq!((count(whose(2)).await, count(whose(9)).await), (4, 0));
    let between = |from, to| SessionFilter { from, to, ..SessionFilter::default() };
    assert_eq!(count(between(Some(T + 1), None)).await, 8);
    assert_eq!(count(between(Some(T + 1), Some(T + 1))).await, 4);
    assert_eq!(count(between(None, Some(T - 1))).await, 0);
    let all_at_once = SessionFilter { text: Some("élodie".into()), ..whose(1) };
    assert_eq!(count(SessionFilter { state: Some("ended".into()), from: Some(T + 1), ..all_at_once }).await, 2);
    assert_eq!(all.len(), 12);
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repetition() {
    let directory = tempfile::tempdir().unwrap();
    let store = with_company(directory.path(), 3).await;
    let all = history(&store).await;
    for limit in [1, 3, 5, 12, 0] {
        let mut filter = SessionFilter { limit, ..SessionFilter::default() };
        let mut read = Vec::new();
        loop {
            let page = store.sessions(company_id(1), &filter).await.unwrap();
            let Some(last) = page.last() else { break };
            filter.before = Some(Cursor { created_at: last.created_at, id: last.id });
            read.extend(page.iter().map(|session| session.id));
        }
        assert_eq!(read, all.iter().rev().map(|new| new.session.id).collect::<Vec<_>>(), "{limit}");
    }
}

#[tokio::test]
async fn sessions_of_an_older_version_are_found_by_text_after_an_update() {
    let directory = tempfile::tempdir().unwrap();
    let store = with_company(directory.path(), 3).await;
    history(&store).await;
    store.close().await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(directory.path().join("hospes.db"));
    let mut db = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query("UPDATE sessions SET search = NULL").execute(&mut db).await.unwrap();
    // One of them cannot be read: that keeps nobody from the others.
    sqlx::query("UPDATE sessions SET document = '{' WHERE id = (SELECT MIN(id) FROM sessions)")
        .execute(&mut db)
        .await
        .unwrap();
    db.close().await.unwrap();
    let store = common::open(directory.path()).await;
    let filter = SessionFilter { text: Some("customer7@".into()), ..SessionFilter::default() };
    assert_eq!(ids(&store, &filter).await.len(), 1);
    let all = store.sessions(company_id(1), &SessionFilter::default()).await;
    assert!(matches!(all, Err(StoreError::Corrupt(_))));
}
