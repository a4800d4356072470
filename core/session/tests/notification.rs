//! R19: when something is told, and when it is tried again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod world;

use hospes_session::model::SessionState;
use hospes_session::notification::{EVENTS, GIVE_UP_AFTER, Snapshot, back_off, next_try};
use hospes_session::rules::{Command, Event, decide};
use world::{DAY, HOUR, MINUTE, SECOND, START, World};

#[test]
fn waits_double_from_5_seconds_to_15_minutes_and_differ_by_a_fifth() {
    for (tries, shortest, longest) in [
        (1, 4 * SECOND, 6 * SECOND),
        (2, 8 * SECOND, 12 * SECOND),
        (3, 16 * SECOND, 24 * SECOND),
        (7, 256 * SECOND, 384 * SECOND),
        (8, 512 * SECOND, 768 * SECOND),
        (9, 12 * MINUTE, 18 * MINUTE),
        (50, 12 * MINUTE, 18 * MINUTE),
        (u32::MAX, 12 * MINUTE, 18 * MINUTE),
    ] {
        assert_eq!((back_off(tries, 0), back_off(tries, u32::MAX)), (shortest, longest), "{tries}");
        let middle = back_off(tries, u32::MAX / 2);
        assert!(middle > shortest && middle < longest, "{tries}: {middle}");
    }
}

#[test]
fn a_delivery_is_tried_for_a_day_and_then_given_up() {
    let (mut now, mut tries) = (START, 0);
    loop {
        tries += 1;
        match next_try(tries, START, now, u32::MAX / 2) {
            Some(at) => now = at,
            None => break,
        }
    }
    assert!(now < START + GIVE_UP_AFTER && now > START + GIVE_UP_AFTER - 20 * MINUTE, "{}", now - START);
    assert_eq!(tries, 103, "some hundred tries in a day, not thousands");
}

#[test]
fn the_end_of_a_lease_is_announced_once() {
    for (length, before) in [(DAY, HOUR), (2 * DAY, HOUR), (12 * HOUR, 30 * MINUTE), (24 * SECOND, SECOND), (0, 0)] {
        let mut world = World::active();
        let SessionState::Active(active) = &mut world.session.state else { panic!() };
        active.lease_expires_at = active.activated_at + length;
        let due = active.lease_expires_at - before;
        assert_eq!(world.session.next_due(), Some(due), "{length}");
        if length == 0 {
            continue;
        }
        assert_eq!(decide(&world.session, &Command::Tick, due - 1).events, []);
        let told = decide(&world.session, &Command::Tick, due);
        assert_eq!(told.events, [Event::LeaseEnding], "{length}");
        assert_eq!(decide(&told.next, &Command::Tick, due).events, [], "told twice");
        assert_eq!(told.next.next_due(), Some(due + before), "then its end");
    }
}

#[test]
fn r11_a_host_that_is_back_is_told_of_only_after_it_was_told_missing() {
    let world = World::active();
    let ask = |session, command| decide(session, &command, START + MINUTE);
    assert_eq!(ask(&world.session, Command::HostOnline).events, []);
    let away = ask(&world.session, Command::HostOffline);
    assert_eq!(away.events, [Event::HostOffline]);
    assert_eq!(ask(&away.next, Command::HostOffline).events, []);
    let back = ask(&away.next, Command::HostOnline);
    assert_eq!(back.events, [Event::HostOnline]);
    assert_eq!(back.next, world.session, "nothing else has changed");
    let prepared = World::prepared();
    assert_eq!(ask(&prepared.session, Command::HostOffline).next, prepared.session);
}

#[test]
fn every_event_that_can_be_chosen_is_one_that_happens() {
    let happens = [
        Event::Prepared.name(),
        Event::Activated.name(),
        Event::HostOffline.name(),
        Event::HostOnline.name(),
        Event::LeaseEnding.name(),
        Event::Ended { reason: hospes_session::model::EndReason::Customer }.name(),
    ];
    assert_eq!(EVENTS, happens);
}

#[test]
fn a_snapshot_opens_nothing() {
    let mut world = World::prepared();
    world.session.note = Some("a private note".to_owned());
    let SessionState::Prepared(prepared) = &world.session.state else { panic!() };
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let text = serde_json::to_string(&Snapshot::from(&world.session)).unwrap();
    for secret in [&hex(&prepared.code_hash), &hex(&prepared.token_hash), "private note"] {
        assert!(!text.contains(secret), "{text} has {secret}");
    }
    assert!(text.contains(&prepared.expires_at.to_string()));
}
