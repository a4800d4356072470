//! What operators need of the store: figures, and a copy while others write.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{T, ask, audit, company_id, confirm, end, new_session, put, right_code, with_company};
use hospes_store::operation::{Figures, Operation};
use hospes_store::sqlite::{SqliteStore, copy};
use hospes_store::{Store, StoreError};
use std::os::unix::fs::PermissionsExt;

#[tokio::test]
async fn figures_count_what_is_open_and_what_waits() {
    let directory = tempfile::tempdir().unwrap();
    let store = with_company(directory.path(), 3).await;
    assert_eq!(store.figures().await.unwrap(), Figures::default());
    let sessions: Vec<_> = (1..=3).map(|technician| new_session(1, technician, 1, T)).collect();
    for new in &sessions {
        put(&store, new).await.unwrap();
    }
    let figures = store.figures().await.unwrap();
    assert_eq!((figures.prepared, figures.active, figures.oldest), (3, 0, Some(T)));
    assert_eq!(figures.waiting, 3);
    ask(&store, sessions[0].session.id, right_code(&sessions[0]), T + 1).await.unwrap();
    ask(&store, sessions[0].session.id, confirm(), T + 2).await.unwrap();
    ask(&store, sessions[1].session.id, end(), T + 3).await.unwrap();
    let figures = store.figures().await.unwrap();
    assert_eq!((figures.prepared, figures.active), (1, 1));
}

#[tokio::test]
async fn a_copy_is_whole_while_others_write() {
    let directory = tempfile::tempdir().unwrap();
    let store = with_company(directory.path(), 1).await;
    let writer = tokio::spawn({
        let store = store.clone();
        async move {
            for number in 0..300 {
                store.audit(&audit("busy"), T + number).await.unwrap();
            }
        }
    });
    let place = |number: usize| directory.path().join(format!("copy-{number}.db"));
    for number in 0..5 {
        copy(&directory.path().join("hospes.db"), &place(number)).await.unwrap();
    }
    writer.await.unwrap();
    for number in 0..5 {
        assert_eq!(std::fs::metadata(place(number)).unwrap().permissions().mode() & 0o777, 0o600);
        let copied = SqliteStore::open(place(number)).await.unwrap();
        copied.verify_audit(None).await.unwrap();
        copied.verify_audit(Some(company_id(1))).await.unwrap();
        copied.close().await;
    }
    assert!(store.verify_audit(None).await.unwrap() >= 300);
}

#[tokio::test]
async fn a_copy_is_refused_with_the_path() {
    let directory = tempfile::tempdir().unwrap();
    let (here, nowhere) = (directory.path().join("hospes.db"), directory.path().join("none.db"));
    let _store = with_company(directory.path(), 1).await;
    let refused = |error: StoreError, expect: &str| assert!(error.to_string().contains(expect), "{error}");
    refused(copy(&nowhere, &directory.path().join("to")).await.unwrap_err(), "none.db");
    assert!(!nowhere.exists());
    refused(copy(&here, &here).await.unwrap_err(), "it is there already");
    refused(copy(&here, &directory.path().join("no/such")).await.unwrap_err(), "no/such");
}
