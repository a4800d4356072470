//! R7 and R18 are exact, whoever asks and however many at once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{DAY, HOUR, LIMITS, T, audit, company, new_session, open, put, technician, with_company};
use hospes_session::quota::{Limits, QuotaRefusal};
use hospes_store::sqlite::SqliteStore;
use hospes_store::{Outbox, Store, StoreError};
use std::collections::BTreeMap;

/// 80 prepares at once through two openings of the same file, as two processes have: how many of each answer?
async fn storm(
    stores: &[SqliteStore; 2],
    technicians: u8,
    limits: Limits,
    seats: u32,
    seed: u64,
) -> BTreeMap<String, u32> {
    let tasks: Vec<_> = (0..80u64)
        .map(|number| {
            let store = stores[usize::from(number % 2 == 1)].clone();
            let who = u8::try_from(number).unwrap() % technicians + 1;
            let new = new_session(1, who, seed + number, T);
            tokio::spawn(async move {
                store
                    .prepare(&new.session, limits, seats, b"v", &serde_json::Value::Null, &audit("session.prepare"))
                    .await
            })
        })
        .collect();
    let mut answers = BTreeMap::new();
    for task in tasks {
        let answer = match task.await.unwrap() {
            Ok(()) => "prepared".to_owned(),
            Err(StoreError::Quota(refusal)) => format!("{refusal:?}"),
            Err(other) => panic!("{other}"),
        };
        *answers.entry(answer).or_insert(0) += 1;
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn r7_r18_eighty_prepares_at_once_leave_exactly_the_quota() {
    for (name, technicians, limits, seats, expect) in [
        ("company", 80, LIMITS, 9, [("Company(5)", 75), ("prepared", 5)].as_slice()),
        ("technician", 1, LIMITS, 9, &[("Technician(1)", 79), ("prepared", 1)]),
        ("seats", 80, LIMITS, 3, &[("NoSeat(3)", 77), ("prepared", 3)]),
        ("more than one each", 2, Limits { per_technician: 2, ..LIMITS }, 9, &[("Technician(2)", 76), ("prepared", 4)]),
        ("none at all", 80, LIMITS, 0, &[("NoSeat(0)", 80)]),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let stores = [with_company(directory.path(), technicians).await, open(directory.path()).await];
        let answers = storm(&stores, technicians, limits, seats, 1000).await;
        let expect: BTreeMap<_, _> = expect.iter().map(|(answer, count)| ((*answer).to_owned(), *count)).collect();
        assert_eq!(answers, expect, "{name}");
        let sessions = stores[0].sessions(common::company_id(1), &Default::default()).await.unwrap();
        assert_eq!(sessions.len() as u32, answers.get("prepared").copied().unwrap_or(0), "{name}");
        let waiting = stores[0].outbox(0, 1000).await.unwrap();
        assert_eq!(waiting.len(), sessions.len(), "{name}: one outbox entry each, none of a refused one");
    }
}

#[tokio::test]
async fn r18_an_ended_session_gives_its_seat_back() {
    let directory = tempfile::tempdir().unwrap();
    let store = with_company(directory.path(), 1).await;
    for round in 0..20 {
        let new = new_session(1, 1, round, T);
        put(&store, &new).await.unwrap();
        assert_eq!(store.usage(common::company_id(1), common::technician_id(1)).await.unwrap(), (1, 1));
        let refused = put(&store, &new_session(1, 1, 500 + round, T)).await.unwrap_err();
        assert!(matches!(refused, StoreError::Quota(QuotaRefusal::Technician(1))), "{refused}");
        common::ask(&store, new.session.id, common::end(), T).await.unwrap();
        assert_eq!(store.usage(common::company_id(1), common::technician_id(1)).await.unwrap(), (0, 0));
    }
}

#[tokio::test]
async fn r7_what_time_has_ended_holds_no_quota_even_before_the_sweeper_came() {
    let directory = tempfile::tempdir().unwrap();
    let store = with_company(directory.path(), 1).await;
    let prepared = new_session(1, 1, 1, T);
    put(&store, &prepared).await.unwrap();
    let refused = put(&store, &new_session(1, 1, 2, T + HOUR - 1)).await.unwrap_err();
    assert!(matches!(refused, StoreError::Quota(_)), "{refused}");
    let active = new_session(1, 1, 3, T + HOUR);
    put(&store, &active).await.unwrap();
    let swept = store.session_for_host(prepared.session.id).await.unwrap();
    assert_eq!(swept.state_name(), "ended");
    common::ask(&store, active.session.id, common::right_code(&active), T + HOUR).await.unwrap();
    common::ask(&store, active.session.id, common::confirm(), T + HOUR).await.unwrap();
    put(&store, &new_session(1, 1, 4, T + HOUR + DAY - 1)).await.unwrap_err();
    put(&store, &new_session(1, 1, 5, T + HOUR + DAY)).await.unwrap();
    let events: Vec<_> = store.outbox(0, 100).await.unwrap().into_iter().map(|entry| entry.event).collect();
    let expect = ["session.prepared", "session.ended", "session.prepared", "session.activated"];
    assert_eq!(events[..4], expect);
    assert_eq!(events[4..], ["lease.ending", "session.ended", "session.prepared"]);
}

#[tokio::test]
async fn r7_one_companys_sessions_do_not_count_for_another() {
    let directory = tempfile::tempdir().unwrap();
    let store = with_company(directory.path(), 5).await;
    store.add_company(&company(2)).await.unwrap();
    store.add_technician(&technician(9, 2)).await.unwrap();
    for who in 1..=5 {
        put(&store, &new_session(1, who, 1, T)).await.unwrap();
    }
    put(&store, &new_session(2, 9, 1, T)).await.unwrap();
}
