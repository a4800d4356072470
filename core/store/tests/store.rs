//! Calls of the store, one after another.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{
    DAY, HOUR, PASSWORD_HASH, T, ask, audit, company, company_id, confirm, end, licence, new_session, put, right_code,
};
use common::{delivery_id, technician, technician_id, to_customer, with_company};
use hospes_session::id::{CompanyId, LoginId, SessionId, TechnicianId};
use hospes_session::model::EndReason;
use hospes_session::rules::{Answer, Command};
use hospes_store::accounts::{Accounts, Which};
use hospes_store::model::{Audit, AuditFilter, Login, SessionFilter};
use hospes_store::outbox::{Delivery, DeliveryState, Failure, Tried};
use hospes_store::{Outbox, Result, Store, StoreError};
use serde_json::json;

fn is_not_found<T>(answer: Result<T>) -> bool {
    matches!(answer, Err(StoreError::NotFound))
}

#[tokio::test]
async fn companies_and_technicians_are_found_again_and_unique() {
    let directory = tempfile::tempdir().unwrap();
    let store = with_company(directory.path(), 1).await;
    assert_eq!(store.company(company_id(1)).await.unwrap(), company(1));
    assert_eq!(store.company_by_name("Company 1").await.unwrap(), company(1));
    assert!(is_not_found(store.company_by_name("company 1").await));
    assert!(is_not_found(store.company(company_id(2)).await));
    let mut same_name = company(2);
    same_name.name = "Company 1".into();
    let refused = store.add_company(&same_name).await.unwrap_err();
    assert_eq!(refused.to_string(), "the company \"Company 1\" already exists");
    assert!(is_not_found(store.company(company_id(2)).await), "nothing is left of it");

    let found = store.technician_by_email("TECH1@DEMO.test").await.unwrap();
    assert!(found == technician(1, 1) && store.technician(technician_id(1)).await.unwrap() == found);
    let mut same_email = technician(2, 1);
    same_email.email = "tech1@demo.TEST ".into();
    assert!(matches!(store.add_technician(&same_email).await, Err(StoreError::Exists(_))));
    assert!(is_not_found(store.add_technician(&technician(3, 7)).await), "there is no such company");
    assert!(is_not_found(store.technician(technician_id(3)).await));

    store.set_licence(company_id(1), &licence(9), T, &audit("licence.install")).await.unwrap();
    assert_eq!(store.company(company_id(1)).await.unwrap().licence, licence(9));
    assert!(is_not_found(store.set_licence(company_id(2), &licence(9), T, &audit("licence.install")).await));
    assert_eq!(store.companies().await.unwrap().len(), 1);
    store.ping().await.unwrap();
}

#[tokio::test]
async fn a_login_lives_until_it_expires_or_ends() {
    let directory = tempfile::tempdir().unwrap();
    let store = with_company(directory.path(), 1).await;
    let login = |number: u8, expires_at| Login {
        id: LoginId::from_parts(1, [number; 16]),
        technician: technician_id(1),
        token_hash: [number; 32],
        created_at: T,
        expires_at,
        last_used_at: None,
        address: Some("192.0.2.7".into()),
        agent: None,
    };
    let entered = Audit { company: Some(company_id(1)), ..audit("login") };
    store.log_in(&login(1, T + HOUR), PASSWORD_HASH, &entered).await.unwrap();
    assert!(store.login_by_token([1; 32], T + HOUR - 1).await.unwrap() == login(1, T + HOUR));
    assert!(is_not_found(store.login_by_token([1; 32], T + HOUR).await));
    assert!(is_not_found(store.login_by_token([2; 32], T).await));
    assert!(store.login(login(1, 0).id, T + HOUR - 1).await.unwrap() == login(1, T + HOUR));
    assert!(is_not_found(store.login(login(1, 0).id, T + HOUR).await));
    assert!(is_not_found(store.login(login(2, 0).id, T).await));
    let (who, one) = (technician_id(1), Which::One(login(1, 0).id));
    assert!(is_not_found(store.end_logins(technician_id(9), one, T, &audit("logout")).await), "nobody else's");
    assert_eq!(store.end_logins(who, one, T, &audit("logout")).await.unwrap(), [login(1, 0).id]);
    assert_eq!(store.end_logins(who, one, T, &audit("logout")).await.unwrap(), []);
    assert!(is_not_found(store.login_by_token([1; 32], T).await));
    assert!(is_not_found(store.login(login(1, 0).id, T).await));
    let filter = AuditFilter { action: Some("logout".into()), ..AuditFilter::default() };
    let entries = store.audit_entries(company_id(1), &filter).await.unwrap();
    assert_eq!(entries.len(), 1, "only the one that ended it");
    assert_eq!(entries[0].detail["ended_logins"], json!([login(1, 0).id]));
    let mut stranger = login(3, T + HOUR);
    stranger.technician = technician_id(99);
    assert!(is_not_found(store.log_in(&stranger, PASSWORD_HASH, &entered).await));
    assert!(
        is_not_found(store.log_in(&login(4, T + HOUR), "$argon2id$another", &entered).await),
        "a reset came between"
    );
}

fn of_session(id: SessionId) -> AuditFilter {
    AuditFilter { session: Some(id), ..AuditFilter::default() }
}

#[tokio::test]
async fn r4_r11_r13_a_session_from_prepare_to_removal() {
    let directory = tempfile::tempdir().unwrap();
    let store = with_company(directory.path(), 1).await;
    let new = new_session(1, 1, 1, T);
    let id = new.session.id;
    put(&store, &new).await.unwrap();
    assert_eq!(store.session(company_id(1), id).await.unwrap(), new.session);
    let token_hash = hospes_session::code::hash_token(&new.token);
    assert_eq!(store.session_by_token(token_hash).await.unwrap(), new.session);
    assert_eq!(store.password_verifier(id).await.unwrap().as_deref(), Some(b"verifier".as_slice()));
    assert_eq!(ask(&store, id, right_code(&new), T + 1).await.unwrap(), Answer::CodeRight);
    assert!(store.password_verifier(id).await.unwrap().is_some(), "the same host may retry");
    assert_eq!(ask(&store, id, confirm(), T + 2).await.unwrap(), Answer::Done);
    assert_eq!(store.password_verifier(id).await.unwrap(), None, "R2 forgotten at activation");
    assert_eq!(store.session_by_token(token_hash).await.unwrap().state_name(), "active");
    assert_eq!(store.due(T + DAY - HOUR).await.unwrap(), []);
    assert_eq!(store.due(T + DAY - HOUR + 2).await.unwrap(), [id], "R19 the end of the lease is announced");
    assert_eq!(ask(&store, id, Command::Tick, T + DAY - HOUR + 2).await.unwrap(), Answer::Done);
    assert_eq!(store.due(T + DAY).await.unwrap(), []);
    assert_eq!(store.due(T + DAY + 2).await.unwrap(), [id]);
    assert_eq!(ask(&store, id, end(), T + 3).await.unwrap(), Answer::Done);
    assert_eq!(ask(&store, id, end(), T + 4).await.unwrap(), Answer::Done);
    drop(store);

    let store = common::open(directory.path()).await;
    let ended = store.session(company_id(1), id).await.unwrap();
    assert_eq!(ended.state_name(), "ended");
    assert_eq!(ask(&store, id, right_code(&new), T + 5).await.unwrap(), Answer::Over(EndReason::Technician), "R15");
    assert_eq!(store.due(T + 2 * DAY).await.unwrap(), [id], "its removal is pending past the lease");
    assert_eq!(ask(&store, id, Command::Tick, T + 2 * DAY).await.unwrap(), Answer::Done);
    assert_eq!(store.due(T + 2 * DAY).await.unwrap(), []);
    let events: Vec<_> = store.outbox(0, 100).await.unwrap().into_iter().map(|entry| entry.event).collect();
    assert_eq!(events, ["session.prepared", "session.activated", "lease.ending", "session.ended"]);
    let actions = store.audit_entries(company_id(1), &of_session(id)).await.unwrap();
    assert_eq!(actions.len(), 7, "the code that came too late left a trace, ending twice did not");
    assert_eq!(actions[1].detail["decided"]["events"], json!([{ "event": "claimed" }]));
    assert_eq!(actions[1].detail["b"], 1);
}

#[tokio::test]
async fn r4_the_verifier_goes_also_when_the_session_ends_unused() {
    let directory = tempfile::tempdir().unwrap();
    let store = with_company(directory.path(), 1).await;
    let new = new_session(1, 1, 1, T);
    put(&store, &new).await.unwrap();
    ask(&store, new.session.id, Command::Tick, T + HOUR).await.unwrap();
    assert_eq!(store.password_verifier(new.session.id).await.unwrap(), None);
}

#[tokio::test]
async fn the_link_is_kept_until_it_was_sent_or_is_dead_and_no_longer() {
    let directory = tempfile::tempdir().unwrap();
    let store = with_company(directory.path(), 3).await;
    let (sent, dead, used) = (new_session(1, 1, 1, T), new_session(1, 2, 1, T), new_session(1, 3, 1, T));
    put(&store, &sent).await.unwrap();
    put(&store, &dead).await.unwrap();
    put(&store, &used).await.unwrap();
    let waiting = store.outbox(0, 10).await.unwrap();
    assert_eq!(waiting[0].notice.as_ref().unwrap()["link"], "https://example.com/s/secret");
    assert_eq!(waiting[0].snapshot.customer.email, "ana@example.com");
    let key = delivery_id(1);
    store.fan_out(waiting[0].id, &[to_customer(1)], T + 1).await.unwrap();
    store.fan_out(waiting[0].id, &[to_customer(2)], T + 2).await.unwrap();
    assert!(is_not_found(store.fan_out(99, &[], T).await));
    assert_eq!(store.outbox(0, 10).await.unwrap(), waiting[1..]);
    assert!(is_not_found(store.delivery(company_id(1), delivery_id(2)).await), "an entry is fanned out once");
    let link = |delivery: Delivery| delivery.notice;
    assert!(store.delivery(company_id(1), key).await.map(link).unwrap().is_some(), "until it arrived");
    let claimed = store.claim(key, T + 3, T + 9).await.unwrap().unwrap();
    let done = store.finish(key, claimed.attempts, &Tried::Delivered, T + 3).await.unwrap().unwrap();
    assert_eq!((done.state, link(done)), (DeliveryState::Delivered, None));
    store.fan_out(waiting[1].id, &[to_customer(3)], T + 2).await.unwrap();
    ask(&store, dead.session.id, end(), T + 3).await.unwrap();
    let given_up = store.delivery(company_id(1), delivery_id(3)).await.unwrap();
    assert_eq!((given_up.state, given_up.error), (DeliveryState::Dead, Some(Failure::link_dead())));
    ask(&store, used.session.id, right_code(&used), T + 3).await.unwrap();
    assert!(store.outbox(0, 9).await.unwrap()[0].notice.is_some(), "the set-up may fail");
    ask(&store, used.session.id, confirm(), T + 3).await.unwrap();
    for entry in store.outbox(0, 9).await.unwrap() {
        assert_eq!(entry.notice, None);
    }
    store.close().await;
    for file in std::fs::read_dir(directory.path()).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let found = bytes.windows(8).any(|window| window == b"s/secret");
        assert!(!found, "{}", path.display());
    }
}

#[tokio::test]
async fn another_companys_ids_are_not_found_by_any_call() {
    let directory = tempfile::tempdir().unwrap();
    let store = with_company(directory.path(), 1).await;
    store.add_company(&company(2)).await.unwrap();
    store.add_technician(&technician(2, 2)).await.unwrap();
    let new = new_session(1, 1, 1, T);
    put(&store, &new).await.unwrap();
    let (foreign, id) = (company_id(2), new.session.id);
    assert!(is_not_found(store.session(foreign, id).await));
    assert_eq!(store.sessions(foreign, &SessionFilter::default()).await.unwrap(), []);
    assert_eq!(store.usage(foreign, technician_id(1)).await.unwrap(), (0, 0));
    assert_eq!(store.audit_entries(foreign, &of_session(id)).await.unwrap(), []);
    // A technician of one company cannot hold a session of another.
    assert!(is_not_found(put(&store, &new_session(2, 1, 2, T)).await));
    assert!(is_not_found(put(&store, &new_session(3, 1, 2, T)).await));
    assert!(is_not_found(put(&store, &new_session(2, 50, 2, T)).await));
    let nobody = SessionId::from_parts(1, [0; 16]);
    assert!(is_not_found(store.session(company_id(1), nobody).await));
    assert!(is_not_found(store.session_for_host(nobody).await));
    assert!(is_not_found(store.session_by_token([0; 32]).await));
    assert!(is_not_found(store.password_verifier(nobody).await));
    assert!(is_not_found(ask(&store, nobody, end(), T).await));
    assert!(is_not_found(store.company(CompanyId::from_parts(1, [0; 16])).await));
    assert!(is_not_found(store.technician(TechnicianId::from_parts(1, [0; 16])).await));
    let entry = hospes_store::model::Audit { company: Some(company_id(9)), ..audit("x") };
    assert!(is_not_found(store.audit(&entry, T).await));
}

#[tokio::test]
async fn sessions_are_listed_newest_first_and_by_state() {
    let directory = tempfile::tempdir().unwrap();
    let store = with_company(directory.path(), 4).await;
    let all: Vec<_> = (1..=4u8).map(|who| new_session(1, who, 1, T + u64::from(who))).collect();
    for new in &all {
        put(&store, new).await.unwrap();
    }
    ask(&store, all[0].session.id, right_code(&all[0]), T + 9).await.unwrap();
    ask(&store, all[0].session.id, confirm(), T + 9).await.unwrap();
    ask(&store, all[3].session.id, end(), T + 9).await.unwrap();
    for (state, limit, expect) in [
        (None, 0, [3, 2, 1, 0].as_slice()),
        (None, 2, &[3, 2]),
        (Some("prepared"), 0, &[2, 1]),
        (Some("active"), 0, &[0]),
        (Some("ended"), 0, &[3]),
        (Some("' OR 1=1 --"), 0, &[]),
    ] {
        let filter = SessionFilter { state: state.map(str::to_owned), limit, ..SessionFilter::default() };
        let found = store.sessions(company_id(1), &filter).await.unwrap();
        let ids: Vec<_> = found.iter().map(|session| session.id).collect();
        assert_eq!(ids, expect.iter().map(|place| all[*place].session.id).collect::<Vec<_>>(), "{state:?} {limit}");
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notes.txt");
    std::fs::write(&path, "dear diary, ".repeat(1000)).unwrap();
    for path in [path, directory.path().to_owned(), directory.path().join("no/such/place.db")] {
        let error = hospes_store::sqlite::SqliteStore::open(&path).await.err().expect("must not open").to_string();
        assert!(error.contains(&path.display().to_string()), "{error}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_reads_the_database() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let store = with_company(directory.path(), 1).await;
    let mut files = 0;
    for file in std::fs::read_dir(directory.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{}", file.path().display());
        files += 1;
    }
    assert!(files >= 2, "the write-ahead log is one of them");
    drop(store);
}
