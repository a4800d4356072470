//! R19: from an event to its deliveries, and what workers do with them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{DAY, HOUR, T, audit, company, company_id, delivery_id, new_session, put, technician, to_customer};
use common::{ask, confirm, end, open, right_code, with_company};
use hospes_session::id::NotificationChannelId;
use hospes_session::rules::Command;
use hospes_store::model::Audit;
use hospes_store::operation::Operation;
use hospes_store::outbox::{
    DeliveryFilter, DeliveryState, Failure, NewDelivery, NotificationChannel, Recipient, RecipientKind, Tried,
    first_channels,
};
use hospes_store::sqlite::SqliteStore;
use hospes_store::{Outbox, Result, Store, StoreError};
use serde_json::json;

const CLAIM: u64 = 90_000;

fn is_not_found<T>(answer: Result<T>) -> bool {
    matches!(answer, Err(StoreError::NotFound))
}

fn failure(code: &str) -> Failure {
    Failure { code: code.into(), detail: "a test".into() }
}

/// A session of company 1 whose invitation became this delivery.
async fn with_delivery(store: &SqliteStore, number: u64) {
    put(store, &new_session(1, 1, number, T)).await.unwrap();
    let entry = store.outbox(0, 1).await.unwrap().remove(0);
    assert_eq!(store.fan_out(entry.id, &[to_customer(number)], T).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_delivery_is_tried_by_one_worker_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let store = with_company(directory.path(), 1).await;
    let other = open(directory.path()).await;
    with_delivery(&store, 1).await;
    let id = delivery_id(1);
    assert_eq!(store.due_deliveries(T - 1, 4, 16).await.unwrap(), []);
    assert_eq!(store.due_deliveries(T, 4, 16).await.unwrap(), [(id, company_id(1))]);

    let (one, two) = tokio::join!(store.claim(id, T, T + CLAIM), other.claim(id, T, T + CLAIM));
    let claims: Vec<_> = [one.unwrap(), two.unwrap()].into_iter().flatten().collect();
    assert_eq!(claims.len(), 1, "both have it");
    assert_eq!(claims[0].attempts, 1);
    assert_eq!(claims[0].notice, Some(json!({ "link": "https://example.com/s/secret" })));
    assert_eq!(store.due_deliveries(T + CLAIM - 1, 4, 16).await.unwrap(), []);
    assert_eq!(store.claim(id, T + CLAIM - 1, T + HOUR).await.unwrap(), None);

    // The one that had it is gone, or so slow that its claim ran out: what it says then counts no more.
    let second = other.claim(id, T + CLAIM, T + 2 * CLAIM).await.unwrap().unwrap();
    assert_eq!(second.attempts, 2);
    let late = store.finish(id, 1, &Tried::Dead(failure("late")), T + CLAIM + 1).await.unwrap();
    assert_eq!(late, None);
    let again = Tried::Again(T + HOUR, failure("down"));
    let waits = other.finish(id, 2, &again, T + CLAIM + 1).await.unwrap().unwrap();
    assert_eq!(
        (waits.state, waits.next_at, waits.error),
        (DeliveryState::Waiting, Some(T + HOUR), Some(failure("down")))
    );
    assert_eq!(store.claim(id, T + HOUR - 1, T + HOUR).await.unwrap(), None, "not due");
    let third = store.claim(id, T + HOUR, T + HOUR + CLAIM).await.unwrap().unwrap();
    store.release_claims().await.unwrap();
    assert!(other.claim(id, T + HOUR, T + HOUR + CLAIM).await.unwrap().is_some(), "a server that starts need not wait");
    assert_eq!(store.finish(id, third.attempts, &Tried::Delivered, T + HOUR).await.unwrap(), None);
    let done = other.finish(id, 4, &Tried::Delivered, T + HOUR + 1).await.unwrap().unwrap();
    assert_eq!((done.state, done.done_at, done.next_at), (DeliveryState::Delivered, Some(T + HOUR + 1), None));
    assert_eq!((done.error, done.notice), (None, None));
    assert_eq!(store.claim(id, T + DAY, T + DAY + CLAIM).await.unwrap(), None);
}

#[tokio::test]
async fn one_companys_backlog_does_not_hide_anothers() {
    let directory = tempfile::tempdir().unwrap();
    let store = with_company(directory.path(), 1).await;
    store.add_company(&company(2)).await.unwrap();
    for number in 0..20 {
        let new = NewDelivery { recipient: None, ..to_customer(number) };
        let company = company_id(if number == 19 { 2 } else { 1 });
        // Made as tests are, and free again at once.
        store.add_test(company, &new, "test", T + number, T + number).await.unwrap();
    }
    let due = store.due_deliveries(T + HOUR, 4, 16).await.unwrap();
    let expect: Vec<_> = [0, 1, 2, 3, 19].map(delivery_id).into();
    assert_eq!(due.iter().map(|(id, _)| *id).collect::<Vec<_>>(), expect);
    assert_eq!(store.due_deliveries(T + HOUR, 4, 2).await.unwrap(), due[..2]);
}

#[tokio::test]
async fn r19_two_deliveries_of_one_id_are_made_once_and_hold_nothing_up() {
    let directory = tempfile::tempdir().unwrap();
    let store = with_company(directory.path(), 1).await;
    put(&store, &new_session(1, 1, 1, T)).await.unwrap();
    let entry = store.outbox(0, 9).await.unwrap().remove(0);
    let twice = [to_customer(1), to_customer(1), to_customer(2)];
    let made = store.fan_out(entry.id, &twice, T).await.unwrap();
    assert_eq!(made.iter().map(|one| one.id).collect::<Vec<_>>(), [delivery_id(1), delivery_id(2)]);
    assert_eq!(store.outbox(0, 9).await.unwrap(), [], "it waits no more");
    let again = store.add_test(company_id(1), &to_customer(2), "test", T, T).await;
    assert!(matches!(again, Err(StoreError::Exists(_))), "{again:?}");
}

#[tokio::test]
async fn send_again_begins_anew_with_the_same_key() {
    let directory = tempfile::tempdir().unwrap();
    let store = with_company(directory.path(), 1).await;
    with_delivery(&store, 1).await;
    let (company, id) = (company_id(1), delivery_id(1));
    let written = Audit { company: Some(company), ..audit("notification.retry") };
    store.claim(id, T, T + CLAIM).await.unwrap().unwrap();
    let dead = store.finish(id, 1, &Tried::Dead(failure("no-mailbox")), T + 1).await.unwrap().unwrap();
    assert_eq!((dead.state, dead.next_at, dead.done_at), (DeliveryState::Dead, None, Some(T + 1)));
    assert!(dead.notice.is_some(), "while the link lives it may be wanted again");

    let again = store.send_again(company, id, T + HOUR / 2, &written).await.unwrap();
    assert_eq!((again.state, again.tries, again.attempts), (DeliveryState::Waiting, 0, 1));
    assert_eq!((again.since, again.next_at, again.done_at), (T + HOUR / 2, Some(T + HOUR / 2), None));
    let claimed = store.claim(id, T + HOUR / 2, T + HOUR).await.unwrap().unwrap();
    assert_eq!((claimed.tries, claimed.attempts), (1, 2));
    let meanwhile = store.send_again(company, id, T + HOUR / 2 + 5, &written).await;
    assert!(matches!(meanwhile, Err(StoreError::Stale)), "it is being tried: {meanwhile:?}");
    // Asked for when the claim has run out: what fails late then is tried again at once, not after the wait.
    store.send_again(company, id, T + HOUR, &written).await.unwrap();
    let tried = Tried::Again(T + DAY, failure("down"));
    let waits = store.finish(id, 2, &tried, T + HOUR + 1).await.unwrap().unwrap();
    assert_eq!(waits.next_at, Some(T + HOUR));
    assert!(is_not_found(
        store.send_again(company_id(2), id, T, &Audit { company: Some(company_id(2)), ..written }).await
    ));
    let entries = store.audit_entries(company, &Default::default()).await.unwrap();
    assert_eq!(entries.iter().filter(|entry| entry.action == "notification.retry").count(), 2);
    store.verify_audit(Some(company)).await.unwrap();
}

#[tokio::test]
async fn only_the_customer_and_other_programs_are_given_the_link() {
    let directory = tempfile::tempdir().unwrap();
    let store = with_company(directory.path(), 1).await;
    let new = new_session(1, 1, 1, T);
    put(&store, &new).await.unwrap();
    let entry = store.outbox(0, 1).await.unwrap().remove(0);
    let kinds = [Some(RecipientKind::Customer), Some(RecipientKind::Technician), Some(RecipientKind::Address), None];
    let planned: Vec<_> = (0..)
        .zip(kinds)
        .map(|(number, kind)| {
            let customer = to_customer(number);
            let recipient = customer.recipient.clone().zip(kind).map(|(known, kind)| Recipient { kind, ..known });
            NewDelivery { recipient, ..customer }
        })
        .collect();
    let made = store.fan_out(entry.id, &planned, T).await.unwrap();
    assert_eq!(made.iter().map(|one| one.notice.is_some()).collect::<Vec<_>>(), [true, false, false, true]);
    // The link dies: the invitation with it; the others are told all the same, and nobody gets the link.
    ask(&store, new.session.id, right_code(&new), T + 1).await.unwrap();
    ask(&store, new.session.id, confirm(), T + 2).await.unwrap();
    let filter = DeliveryFilter { session: Some(new.session.id), limit: 10, ..DeliveryFilter::default() };
    let left = store.deliveries(company_id(1), &filter).await.unwrap();
    assert!(left.iter().all(|one| one.notice.is_none()));
    let dead: Vec<_> = left.iter().filter(|one| one.state == DeliveryState::Dead).map(|one| one.id).collect();
    assert_eq!(dead, [delivery_id(0)]);
    // What is planned only now knows that too.
    let late = new_session(1, 1, 2, T + 3);
    ask(&store, new.session.id, end(), T + 3).await.unwrap();
    put(&store, &late).await.unwrap();
    ask(&store, late.session.id, end(), T + 4).await.unwrap();
    let entry = store.outbox(0, 10).await.unwrap().into_iter().find(|one| one.session == late.session.id).unwrap();
    let made = store.fan_out(entry.id, &[to_customer(8), NewDelivery { recipient: None, ..to_customer(9) }], T).await;
    let made: Vec<_> = made.unwrap().into_iter().map(|one| (one.state, one.error)).collect();
    assert_eq!(made, [(DeliveryState::Dead, Some(Failure::link_dead())), (DeliveryState::Waiting, None)]);
}

#[tokio::test]
async fn a_company_begins_with_two_channels_and_changes_its_own_only() {
    let directory = tempfile::tempdir().unwrap();
    let store = with_company(directory.path(), 1).await;
    store.add_company(&company(2)).await.unwrap();
    store.add_technician(&technician(2, 2)).await.unwrap();
    let (mine, theirs) = (company_id(1), company_id(2));
    let first = store.notification_channels(mine).await.unwrap();
    assert_eq!(first, first_channels(mine, T));
    assert_ne!(first[0].id, store.notification_channels(theirs).await.unwrap()[0].id);

    let written = |action: &str, company| Audit { company: Some(company), ..audit(action) };
    let added = NotificationChannel {
        id: NotificationChannelId::from_parts(T, [9; 16]),
        notifier: "notify-webhook".into(),
        config: json!({ "url": "https://x.org/", "secret": "s" }),
        created_at: T + 9,
        ..first[0].clone()
    };
    store.add_notification_channel(&added, &written("notification.channel.add", mine)).await.unwrap();
    assert_eq!(store.notification_channels(mine).await.unwrap()[2], added);
    let changed = NotificationChannel { enabled: false, title: "Other".into(), ..added.clone() };
    store.set_notification_channel(&changed, T, &written("notification.channel.change", mine)).await.unwrap();
    assert_eq!(store.notification_channel(mine, added.id).await.unwrap(), changed);

    assert!(is_not_found(store.notification_channel(theirs, added.id).await));
    let stolen = NotificationChannel { company: theirs, ..changed.clone() };
    assert!(is_not_found(store.set_notification_channel(&stolen, T, &written("x", theirs)).await));
    assert!(is_not_found(store.remove_notification_channel(theirs, added.id, T, &written("x", theirs)).await));
    assert_eq!(store.notification_channel(mine, added.id).await.unwrap(), changed);
    let theirs_entries = store.audit_entries(theirs, &Default::default()).await.unwrap();
    assert!(theirs_entries.iter().all(|entry| entry.action != "x"), "what was refused is not in the log as done");

    with_delivery(&store, 1).await;
    store.remove_notification_channel(mine, first[0].id, T + 5, &written("y", mine)).await.unwrap();
    let given_up = store.delivery(mine, delivery_id(1)).await.unwrap();
    assert_eq!((given_up.state, given_up.error), (DeliveryState::Dead, Some(Failure::channel_removed())));
    assert_eq!(given_up.notice, None, "nothing keeps the link any more");
    assert!(is_not_found(store.delivery(theirs, delivery_id(1)).await));
    assert!(is_not_found(store.remove_notification_channel(mine, first[0].id, T, &written("y", mine)).await));
}

#[tokio::test]
async fn lists_are_read_page_by_page_and_old_ones_are_forgotten() {
    let directory = tempfile::tempdir().unwrap();
    let store = with_company(directory.path(), 1).await;
    let waiting = async || store.figures().await.map(|now| (now.waiting, now.oldest)).unwrap();
    assert_eq!(waiting().await, (0, None));
    for number in 0..5 {
        let new = NewDelivery { recipient: None, ..to_customer(number) };
        // Two share a moment.
        let at = T + number / 2;
        store.add_test(company_id(1), &new, "test", at, at + CLAIM).await.unwrap();
        if number < 3 {
            store.finish(new.id, 1, &Tried::Delivered, T + number * DAY).await.unwrap();
        }
    }
    put(&store, &new_session(1, 1, 1, T - 7)).await.unwrap();
    assert_eq!(waiting().await, (3, Some(T - 7)));

    let mut found = Vec::new();
    let mut filter = DeliveryFilter { limit: 2, ..DeliveryFilter::default() };
    loop {
        let page = store.deliveries(company_id(1), &filter).await.unwrap();
        let Some(last) = page.last() else { break };
        filter.before = Some(last.id);
        found.extend(page.into_iter().map(|one| one.id));
    }
    assert_eq!(found, [4, 3, 2, 1, 0].map(delivery_id));
    for (state, expect) in [
        (DeliveryState::Waiting, [4, 3].as_slice()),
        (DeliveryState::Delivered, &[2, 1, 0]),
        (DeliveryState::Dead, &[]),
    ] {
        let filter = DeliveryFilter { state: Some(state), limit: 10, ..DeliveryFilter::default() };
        let ids: Vec<_> = store.deliveries(company_id(1), &filter).await.unwrap().iter().map(|one| one.id).collect();
        assert_eq!(ids, expect.iter().map(|number| delivery_id(*number)).collect::<Vec<_>>(), "{state:?}");
    }
    assert_eq!(store.prune_outbox(T + DAY).await.unwrap(), 1);
    assert!(is_not_found(store.delivery(company_id(1), delivery_id(0)).await));
    assert_eq!(store.prune_outbox(T + 90 * DAY).await.unwrap(), 2, "what waits is never forgotten");
    assert_eq!(waiting().await.0, 3);
}

#[tokio::test]
async fn the_summary_is_what_the_audit_log_says() {
    let directory = tempfile::tempdir().unwrap();
    let store = with_company(directory.path(), 1).await;
    let new = new_session(1, 1, 1, T);
    put(&store, &new).await.unwrap();
    assert_eq!(store.active_sessions().await.unwrap(), []);
    ask(&store, new.session.id, right_code(&new), T).await.unwrap();
    ask(&store, new.session.id, confirm(), T).await.unwrap();
    assert_eq!(store.active_sessions().await.unwrap(), [(new.session.id, company_id(1))]);
    for (action, channel, at) in [
        ("channel.open", "a", T + 1),
        ("channel.open", "b", T + 2),
        ("channel.close", "a", T + 5),
        ("channel.close", "never-opened", T + 6),
    ] {
        let entry = Audit {
            company: Some(company_id(1)),
            session: Some(new.session.id),
            actor: "technician:x".into(),
            action: action.into(),
            detail: json!({ "channel": channel, "capability": format!("cap-{channel}") }),
        };
        store.audit(&entry, at).await.unwrap();
    }
    let uses = store.channel_uses(company_id(1), new.session.id).await.unwrap();
    let found: Vec<_> = uses.iter().map(|one| (one.capability.as_str(), one.opened_at, one.closed_at)).collect();
    assert_eq!(found, [("cap-a", T + 1, Some(T + 5)), ("cap-b", T + 2, None)]);
    assert_eq!(store.channel_uses(company_id(2), new.session.id).await.unwrap(), []);
    // R11, R19: told once that it is away, and once that it is back.
    for command in [Command::HostOffline, Command::HostOffline, Command::HostOnline, Command::HostOnline] {
        ask(&store, new.session.id, command, T + HOUR).await.unwrap();
    }
    let events: Vec<_> = store.outbox(0, 10).await.unwrap().into_iter().map(|entry| entry.event).collect();
    assert_eq!(events, ["session.prepared", "session.activated", "host.offline", "host.online"]);
}
