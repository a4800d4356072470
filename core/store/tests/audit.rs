//! The audit log proves that it is whole, and says where it is not; so do other rows that somebody wrote into.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{T, ask, audit, company_id, end, new_session, put, with_company};
use hospes_store::model::{Audit, AuditFilter};
use hospes_store::sqlite::SqliteStore;
use hospes_store::{Store, StoreError};
use sqlx::Connection;
use std::path::Path;

async fn vandal(directory: &Path, sql: &'static str) {
    let path = directory.join("hospes.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).foreign_keys(false);
    let mut db = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    assert!(sqlx::query(sql).execute(&mut db).await.unwrap().rows_affected() > 0, "{sql} changed nothing");
    db.close().await.unwrap();
}

async fn written(directory: &Path) -> SqliteStore {
    let store = with_company(directory, 1).await;
    let new = new_session(1, 1, 1, T);
    put(&store, &new).await.unwrap();
    ask(&store, new.session.id, end(), T + 1).await.unwrap();
    let entry = Audit { company: Some(company_id(1)), ..audit("channel.open") };
    store.audit(&entry, T + 2).await.unwrap();
    store.audit(&audit("login.failed"), T + 2).await.unwrap();
    store
}

#[tokio::test]
async fn the_chain_verifies_and_counts_up_without_gaps() {
    let directory = tempfile::tempdir().unwrap();
    let store = written(directory.path()).await;
    let entries = store.audit_entries(company_id(1), &AuditFilter::default()).await.unwrap();
    let actions: Vec<_> = entries.iter().map(|entry| (entry.sequence, entry.action.as_str())).collect();
    let expect =
        [(1, "company.add"), (2, "technician.add"), (3, "session.prepare"), (4, "session.change"), (5, "channel.open")];
    assert_eq!(actions, expect);
    assert_eq!(store.verify_audit(Some(company_id(1))).await.unwrap(), 5);
    assert_eq!(store.verify_audit(None).await.unwrap(), 1, "the server's own chain");
    assert!(matches!(store.verify_audit(Some(company_id(2))).await, Err(StoreError::NotFound)));
    let moment = AuditFilter { from: Some(T + 1), to: Some(T + 1), ..AuditFilter::default() };
    let between = store.audit_entries(company_id(1), &moment).await.unwrap();
    assert_eq!(between.len(), 1);
    // Anybody who has the entries can check them, without the database.
    let mut hash = hospes_store::chain::START.to_owned();
    for entry in entries {
        assert_eq!(entry.hash, hospes_store::chain::entry_hash(&hash, Some(company_id(1)), &entry));
        hash = entry.hash;
    }
}

#[tokio::test]
async fn a_tampered_log_is_found_out() {
    for (sql, expect) in [
        ("UPDATE audit SET actor = 'somebody' WHERE sequence = 3", "/3, column hash"),
        ("UPDATE audit SET at = at + 1 WHERE sequence = 3", "/3, column hash"),
        ("UPDATE audit SET detail = '{}' WHERE sequence = 4", "/4, column hash"),
        ("UPDATE audit SET session = NULL WHERE sequence = 3", "/3, column hash"),
        ("UPDATE audit SET hash = 'aa' WHERE sequence = 2", "/2, column hash"),
        ("DELETE FROM audit WHERE sequence = 2", "entry 2 is missing"),
        ("DELETE FROM audit WHERE sequence = 5", "the log ends at entry 4"),
        ("DELETE FROM audit", "the log ends at entry 0"),
        ("UPDATE audit SET detail = 'not json' WHERE sequence = 3", "/3, column detail"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let store = written(directory.path()).await;
        vandal(directory.path(), sql).await;
        let found = store.verify_audit(Some(company_id(1))).await.unwrap_err();
        assert!(matches!(found, StoreError::Corrupt(_)) && found.to_string().contains(expect), "{sql}: {found}");
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_read_names_table_key_and_column() {
    let id = new_session(1, 1, 1, T).session.id;
    for (sql, expect) in [
        ("UPDATE sessions SET document = '{'", "column document: EOF"),
        ("UPDATE sessions SET document = x'ff00ff'", "column document"),
        ("UPDATE sessions SET state = 'active'", "column document: it is not the session"),
        ("UPDATE sessions SET document = replace(document, 'ended', 'sleeping')", "column document: unknown variant"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let store = written(directory.path()).await;
        vandal(directory.path(), sql).await;
        for found in [
            store.session(company_id(1), id).await.unwrap_err(),
            store.sessions(company_id(1), &Default::default()).await.unwrap_err(),
            ask(&store, id, end(), T).await.unwrap_err(),
        ] {
            let text = found.to_string();
            let named = format!("table sessions, key {id}");
            assert!(matches!(found, StoreError::Corrupt(_)), "{sql}: {text}");
            assert!(text.contains(&named) && text.contains(expect), "{sql}: {text}");
        }
    }
    let directory = tempfile::tempdir().unwrap();
    let store = written(directory.path()).await;
    for (sql, expect) in [
        ("UPDATE companies SET licence = 'null'", "table companies, key"),
        ("UPDATE companies SET id = 'seven'", "key seven, column id"),
    ] {
        vandal(directory.path(), sql).await;
        let found = store.company_by_name("Company 1").await.unwrap_err().to_string();
        assert!(found.contains(expect), "{sql}: {found}");
    }
    vandal(directory.path(), "UPDATE technicians SET role = 'god'").await;
    let found = store.technician_by_email("tech1@demo.test").await.err().unwrap().to_string();
    assert!(found.contains("column role: \"god\" is no role"), "{found}");
}

#[tokio::test]
async fn entries_that_share_a_millisecond_are_read_page_by_page_without_gaps() {
    let directory = tempfile::tempdir().unwrap();
    let store = with_company(directory.path(), 1).await;
    for n in 0..25 {
        let action = ["channel.open", "channel.close", "channels", "login"][n % 4];
        let actor = ["host:ab", "hostess", "host", "technician:1"][n % 4].to_owned();
        let entry = Audit { company: Some(company_id(1)), actor, ..audit(action) };
        store.audit(&entry, T + 7).await.unwrap();
    }
    let ask = async |filter: AuditFilter| store.audit_entries(company_id(1), &filter).await.unwrap();
    let filter = AuditFilter { from: Some(T + 7), to: Some(T + 7), limit: 4, ..AuditFilter::default() };
    // After company and technician were added.
    let mut expect: Vec<_> = (3..28).collect();
    for newest_first in [false, true] {
        let mut read = Vec::new();
        let mut filter = AuditFilter { newest_first, ..filter.clone() };
        while let Some(last) = ask(filter.clone()).await.last() {
            read.extend(ask(filter.clone()).await.iter().map(|entry| entry.sequence));
            filter.after = last.sequence;
        }
        assert_eq!(read, expect, "newest first: {newest_first}");
        expect.reverse();
    }
    for (actor, action, expect) in [
        (Some("host"), None, 13),
        (Some("host:ab"), None, 7),
        (Some("host:"), None, 0),
        (Some("%"), None, 0),
        (None, Some("channel"), 13),
        (None, Some("channel.open"), 7),
        (Some("technician"), Some("login"), 6),
        (Some("technician"), Some("channel"), 0),
    ] {
        let of = AuditFilter { actor: actor.map(str::to_owned), action: action.map(str::to_owned), ..filter.clone() };
        let found = ask(AuditFilter { after: 0, limit: 0, ..of }).await;
        assert_eq!(found.len(), expect, "{actor:?} {action:?}");
    }
}
