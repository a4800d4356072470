//! Accounts and logins: what each change ends, what is refused, and what the audit log says of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{HOUR, PASSWORD_HASH, T, audit, company_id, technician, technician_id, with_company};
use hospes_session::id::LoginId;
use hospes_session::model::Language;
use hospes_store::accounts::{AccountChange, Accounts, Changed, NewPassword, Which};
use hospes_store::model::{Audit, AuditFilter, Login, Role};
use hospes_store::sqlite::SqliteStore;
use hospes_store::{Result, Store, StoreError};
use serde_json::{Value, json};
use std::collections::HashSet;

fn login(technician: u8, number: u8) -> Login {
    Login {
        id: LoginId::from_parts(1, [number; 16]),
        technician: technician_id(technician),
        token_hash: [number; 32],
        created_at: T + u64::from(number),
        expires_at: T + HOUR,
        last_used_at: None,
        address: Some("192.0.2.7".into()),
        agent: Some("a browser".into()),
    }
}

async fn enter(store: &SqliteStore, login: &Login) -> Result<()> {
    store.log_in(login, PASSWORD_HASH, &Audit { company: Some(company_id(1)), ..audit("login") }).await
}

async fn change(store: &SqliteStore, number: u8, change: AccountChange) -> Result<Changed> {
    store.change_account(company_id(1), technician_id(number), &change, T + 100, &audit("technician.change")).await
}

/// What the log says of the last change, and how many there were.
async fn said(store: &SqliteStore) -> (usize, Value) {
    let filter = AuditFilter { action: Some("technician.change".into()), ..AuditFilter::default() };
    let entries = store.audit_entries(company_id(1), &filter).await.unwrap();
    (entries.len(), entries.last().map(|entry| entry.detail.clone()).unwrap_or_default())
}

fn password(hash: &str, replaces: Option<&str>, keep: Option<u8>) -> AccountChange {
    let password = NewPassword {
        hash: hash.into(),
        replaces: replaces.map(str::to_owned),
        temporary: keep.is_none(),
        keep: keep.map(|number| login(1, number).id),
    };
    AccountChange { password: Some(password), ..AccountChange::default() }
}

fn disabled(disabled: bool) -> AccountChange {
    AccountChange { disabled: Some(disabled), ..AccountChange::default() }
}

#[tokio::test]
async fn each_change_ends_the_logins_that_it_should_and_is_written_down_once() {
    let rename = AccountChange { name: Some("Ada".into()), language: Some(Language::Fr), ..AccountChange::default() };
    let table: Vec<(&str, AccountChange, &[u8], Value)> = vec![
        (
            "name and language",
            rename,
            &[],
            json!({ "name": { "from": "Technician 1", "to": "Ada" }, "language": { "from": null, "to": "fr" } }),
        ),
        ("disabled", disabled(true), &[1, 2], json!({ "disabled": { "from": false, "to": true } })),
        (
            "own password",
            password("new", Some(PASSWORD_HASH), Some(2)),
            &[1],
            json!({ "password": { "temporary": false } }),
        ),
        ("reset", password("new", None, None), &[1, 2], json!({ "password": { "temporary": true } })),
    ];
    for (name, wanted, ends, says) in table {
        let directory = tempfile::tempdir().unwrap();
        let store = with_company(directory.path(), 2).await;
        for one in [login(1, 1), login(1, 2), login(2, 3)] {
            enter(&store, &one).await.unwrap();
        }
        let done = change(&store, 1, wanted.clone()).await.unwrap();
        let ids = |numbers: &[u8]| numbers.iter().map(|n| login(1, *n).id).collect::<HashSet<_>>();
        assert_eq!(done.ended.iter().copied().collect::<HashSet<_>>(), ids(ends), "{name}");
        let left = &ids(&[1, 2, 3]) - &ids(ends);
        assert_eq!(store.living_logins(T + 100).await.unwrap(), left, "{name}: a colleague's goes on");
        assert!(done.technician == store.technician(technician_id(1)).await.unwrap());
        let (count, detail) = said(&store).await;
        assert_eq!((count, &detail["changed"]), (1, &says), "{name}");
        assert_eq!(detail["technician"], json!(technician_id(1)));
        assert_eq!(detail["ended_logins"].as_array().map_or(0, Vec::len), ends.len());
        assert!(!detail.to_string().contains("new") && !detail.to_string().contains("argon2"), "{detail}");
        if wanted.password.is_none() {
            change(&store, 1, wanted).await.unwrap();
            assert_eq!(said(&store).await.0, 1, "{name}: the same again is nothing new");
        }
        store.verify_audit(Some(company_id(1))).await.unwrap();
    }
}

#[tokio::test]
async fn what_came_in_between_is_not_undone() {
    let directory = tempfile::tempdir().unwrap();
    let store = with_company(directory.path(), 2).await;
    // A reset that comes while the technician changes the password: the owner's word stands.
    change(&store, 1, password("reset", None, None)).await.unwrap();
    let late = change(&store, 1, password("late", Some(PASSWORD_HASH), Some(1))).await;
    assert!(matches!(late, Err(StoreError::Stale)));
    assert_eq!(store.technician(technician_id(1)).await.unwrap().password_hash, "reset");
    assert!(matches!(enter(&store, &login(1, 1)).await, Err(StoreError::NotFound)), "with the password of before");
    // Disabled while the password is checked: no login is made.
    change(&store, 2, disabled(true)).await.unwrap();
    assert!(matches!(enter(&store, &login(2, 2)).await, Err(StoreError::NotFound)));
    change(&store, 2, disabled(false)).await.unwrap();
    enter(&store, &login(2, 2)).await.unwrap();
    assert_eq!(store.technician(technician_id(2)).await.unwrap().last_login_at, Some(T + 2));
}

#[tokio::test]
async fn a_company_keeps_an_owner_who_may_log_in() {
    let directory = tempfile::tempdir().unwrap();
    let store = with_company(directory.path(), 1).await;
    change(&store, 1, disabled(true)).await.expect("a technician is no owner");
    for number in [2, 3] {
        let mut owner = technician(number, 1);
        owner.role = Role::Owner;
        store.add_technician(&owner).await.unwrap();
    }
    let both = tokio::join!(change(&store, 2, disabled(true)), change(&store, 3, disabled(true)));
    let refused = [both.0.err(), both.1.err()].into_iter().flatten().collect::<Vec<_>>();
    assert!(matches!(refused.as_slice(), [StoreError::LastOwner]), "one of two at once: {refused:?}");
    assert_eq!(store.technicians(company_id(1)).await.unwrap().iter().filter(|t| t.disabled_at.is_none()).count(), 1);
}

#[tokio::test]
async fn nobody_changes_another_companys_account() {
    let directory = tempfile::tempdir().unwrap();
    let store = with_company(directory.path(), 1).await;
    store.add_company(&common::company(2)).await.unwrap();
    let entry = audit("technician.change");
    let foreign = store.change_account(company_id(2), technician_id(1), &disabled(true), T, &entry).await;
    assert!(matches!(foreign, Err(StoreError::NotFound)));
    assert_eq!(said(&store).await.0, 0);
    assert!(store.technicians(company_id(2)).await.unwrap().is_empty());
    let mut taken = technician(7, 2);
    taken.email = "TECH1@demo.test".into();
    let refused = store.add_colleague(&taken, &audit("technician.add")).await;
    assert!(matches!(refused, Err(StoreError::Exists(_))));
}

#[tokio::test]
async fn logins_are_listed_newest_first_and_say_when_they_were_used() {
    let directory = tempfile::tempdir().unwrap();
    let store = with_company(directory.path(), 2).await;
    for one in [login(1, 1), login(1, 2), login(2, 3)] {
        enter(&store, &one).await.unwrap();
    }
    store.login_used(login(1, 1).id, T + 50).await.unwrap();
    store.login_used(login(1, 1).id, T + 40).await.unwrap();
    let found = store.logins(technician_id(1), T + 60).await.unwrap();
    let used = Login { last_used_at: Some(T + 50), ..login(1, 1) };
    assert!(found == [login(1, 2), used], "the later use stands");
    assert!(store.logins(technician_id(1), T + HOUR).await.unwrap().is_empty());
    let all = store.end_logins(technician_id(1), Which::All, T + 60, &audit("logout")).await.unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(store.living_logins(T + 60).await.unwrap(), HashSet::from([login(2, 3).id]));
}
