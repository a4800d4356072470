//! Whole conversations: only what is shown is read, and only as often; requests; refusals.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use hospes_sdk::{Denial, Error};
use serde_json::{Value, json};
use support::{Doing, Fake, answers, converse, converse_slowly, process, revoked};

fn watch(show: &[&str], every: u64) -> Doing {
    Doing::Says(json!({"op": "watch", "show": show, "every": every}))
}

/// The moments of figures, in milliseconds.
fn moments(sent: &[(u64, Value)]) -> Vec<u64> {
    sent.iter().filter(|(_, message)| message["event"] == "figures").map(|(at, _)| *at).collect()
}

#[test]
fn r10_only_what_is_shown_is_read_and_only_as_often() {
    let check = |show: &[&str], every, milliseconds, expect: &[(&str, usize)]| {
        let fake = Fake::default();
        converse(&fake, vec![watch(show, every), Doing::Waits(milliseconds)]);
        assert_eq!(fake.counted(), expect, "{show:?} each {every} ms for {milliseconds} ms");
    };
    check(&[], 500, 60_000, &[]);
    check(&["load"], 1000, 10_500, &[("load", 11)]);
    check(&["load"], 500, 10_400, &[("load", 21)]);
    check(&["processes"], 2000, 9_000, &[("processes", 5)]);
    // Disks at most each 10 s.
    check(
        &["load", "drives", "networks", "disks"],
        1000,
        25_500,
        &[("disks", 3), ("drives", 26), ("load", 26), ("networks", 26)],
    );
    check(&["disks"], 60_000, 60_500, &[("disks", 2)]);
}

#[test]
fn r10_with_nothing_shown_nothing_runs() {
    let fake = Fake::default();
    let (sent, asleep) = converse_slowly(&fake, vec![Doing::Waits(900_000)], 0);
    assert_eq!((fake.counted().len(), sent.len(), asleep), (0, 1, 1), "hello, and one wait without a timer");
    // A page that goes behind says so.
    let doing = vec![watch(&["load"], 1000), Doing::Waits(2_500), watch(&[], 1000), Doing::Waits(900_000)];
    let (sent, asleep) = converse_slowly(&fake, doing, 0);
    assert_eq!((moments(&sent), asleep), (vec![0, 1000, 2000], 1));
    assert_eq!(fake.counted(), [("load", 3)]);
}

#[test]
fn a_new_choice_counts_at_once_and_takes_the_place_of_the_old() {
    let fake = Fake::default();
    let doing = vec![watch(&["load"], 10_000), Doing::Waits(1_000), watch(&["processes"], 2_000), Doing::Waits(5_000)];
    let sent = converse(&fake, doing);
    assert_eq!(moments(&sent), [0, 1000, 3000, 5000]);
    assert_eq!(fake.counted(), [("load", 1), ("processes", 3)]);
    assert!(sent[2].1.get("load").is_none() && sent[1].1.get("processes").is_none());
}

#[test]
fn a_slow_page_slows_the_readings_down_and_nothing_is_caught_up_on() {
    let fake = Fake::default();
    let (sent, _) = converse_slowly(&fake, vec![watch(&["load"], 500), Doing::Waits(6_000)], 1_700);
    // `hello` left at 1700; from then on a reading goes when the one before has left, not each half second.
    assert_eq!(moments(&sent), [1700, 3400, 5100, 6800]);
    assert_eq!(fake.counted(), [("load", 4)]);
}

#[test]
fn figures_are_as_the_protocol_has_them() {
    let fake = Fake::default();
    fake.processes.borrow_mut().push(process(7, 1.234_56, 4096, "sh"));
    let parts = ["load", "drives", "networks", "disks", "processes"];
    let sent = converse(&fake, vec![watch(&parts, 1000), Doing::Waits(100)]);
    let expect = json!({
        "event": "figures", "end": true, "at": 9,
        "load": {"cpu": [0.123, 1.0], "memoryUsed": 1, "memoryTotal": 2, "swapUsed": 3, "swapTotal": 4},
        "drives": [{"name": "sda", "read": 1, "written": 2}],
        "networks": [{"name": "lo", "addresses": ["::1"], "received": 1, "sent": 2}],
        "disks": [{"name": "sda1", "mount": "/", "fileSystem": "ext4", "total": 9, "available": 3}],
        "processes": {"list": [{"id": 7, "parent": 1, "name": "sh", "user": "u", "cpu": 1.235, "memory": 4096, "started": 70}],
                      "more": 0},
    });
    assert_eq!(sent[1].1, expect);
    let hello = json!({"event": "hello", "v": 1, "end": true, "every": {"min": 500, "max": 60000}, "events": 500, "processes": 4000});
    assert_eq!(sent[0].1, hello);
}

#[test]
fn a_part_that_cannot_be_read_says_why_in_its_place() {
    let fake = Fake::default();
    let check = |error: Error, expect: Value| {
        *fake.broken.borrow_mut() = Some(error);
        let sent = converse(&fake, vec![watch(&["load", "processes"], 1000), Doing::Waits(100)]);
        assert_eq!(sent[1].1["load"]["error"], expect);
        assert_eq!(sent[1].1["processes"]["error"], expect);
    };
    check(
        revoked(),
        json!({"code": "denied", "reason": "local-user-revoked", "message": "denied: local-user-revoked"}),
    );
    check(Error::Unavailable("none here".into()), json!({"code": "unavailable", "message": "none here"}));
}

#[test]
fn of_too_many_processes_the_busiest_are_sent_and_a_message_is_never_too_long() {
    let fake = Fake::default();
    fake.processes.replace((1..=5000).map(|id| process(id, id as f32 / 1000.0, 1, &"n".repeat(300))).collect());
    let sent = converse(&fake, vec![watch(&["processes"], 1000), Doing::Waits(100)]);
    let processes = &sent[1].1["processes"];
    assert_eq!((processes["list"].as_array().unwrap().len(), &processes["more"]), (4000, &json!(1000)));
    assert_eq!((&processes["list"][0]["id"], &processes["list"][3999]["id"]), (&json!(5000), &json!(1001)));
    // A name of control characters is six times as long in JSON.
    fake.processes.replace((1..=4000).map(|id| process(id, 0.0, 1, &"\u{1}".repeat(80))).collect());
    let sent = converse(&fake, vec![watch(&["processes", "load"], 1000), Doing::Waits(100)]);
    assert_eq!(sent[1].1["processes"]["error"]["code"], "too-long");
    assert_eq!(sent[1].1["load"]["memoryTotal"], 2);
}

#[test]
fn requests_are_answered_in_order() {
    let fake = Fake::default();
    let asked = [
        json!({"id": 1, "op": "about"}),
        json!({"id": 2, "op": "services"}),
        json!({"id": 3, "op": "events", "count": 10}),
        json!({"id": 4, "op": "events", "count": 10, "next": "older"}),
        json!({"id": 5, "op": "end", "process": 7, "started": 70}),
        json!({"id": 6, "op": "end", "process": 8, "started": 80, "force": true}),
    ];
    let event = |message: &str| json!([{"at": 1, "source": "s", "severity": "warning", "message": message}]);
    let expect = [
        json!({"id": 1, "ok": {"hostname": "h", "os": "o", "kernel": "k", "architecture": "a", "cpu": "c", "cores": 2,
                               "memory": 7, "booted": 5}}),
        json!({"id": 2, "ok": {"services": [{"name": "cron", "title": "Cron", "state": "running", "automatic": true}]}}),
        json!({"id": 3, "ok": {"events": event("newest"), "next": "older"}}),
        json!({"id": 4, "ok": {"events": event("older"), "next": "older"}}),
        json!({"id": 5, "ok": {}}),
        json!({"id": 6, "ok": {}}),
    ];
    assert_eq!(answers(&fake, &asked), expect);
    assert_eq!(*fake.ended.borrow(), [(7, 70, false), (8, 80, true)]);
}

#[test]
fn a_no_to_ending_leaves_reading_alone() {
    let fake = Fake::default();
    fake.locked.set(true);
    let end = json!({"id": 1, "op": "end", "process": 7, "started": 70});
    let check = |refusal: Error, expect: Value| {
        *fake.refusal.borrow_mut() = Some(refusal);
        assert_eq!(answers(&fake, std::slice::from_ref(&end))[0]["error"], expect);
    };
    let denied = |reason: &str| json!({"code": "denied", "reason": reason, "message": format!("denied: {reason}")});
    check(Error::Denied(Denial::NoAnswer), denied("no-answer"));
    check(Error::Denied(Denial::LocalUserDenied), denied("local-user-denied"));
    check(Error::NotFound, json!({"code": "not-found", "message": "there is no such thing"}));
    check(Error::failure("protected", "the host"), json!({"code": "protected", "message": "the host"}));
    let sent = converse(&fake, vec![watch(&["load"], 1000), Doing::Waits(100)]);
    assert_eq!((&sent[0].1["end"], &sent[1].1["load"]["memoryTotal"]), (&json!(false), &json!(2)));
    // A yes that comes later is told with the figures.
    fake.locked.set(false);
    assert_eq!(converse(&fake, vec![watch(&["load"], 1000), Doing::Waits(100)])[1].1["end"], true);
}

#[test]
fn what_is_no_request_is_told_and_the_channel_goes_on() {
    let fake = Fake::default();
    let check = |message: &[u8], code: &str, id: Value| {
        let doing = vec![
            Doing::Bytes(message.to_vec()),
            Doing::Says(json!({"id": 99, "op": "end", "process": 1, "started": 1})),
        ];
        let sent = converse(&fake, doing);
        assert_eq!((&sent[1].1["error"]["code"], &sent[1].1["id"]), (&json!(code), &id), "{message:?}");
        assert_eq!(sent[2].1["id"], 99);
    };
    check(b"", "invalid", Value::Null);
    check(b"\xff{", "invalid", Value::Null);
    check(b"[]", "invalid", Value::Null);
    check(br#"{"id":1}"#, "invalid", json!(1));
    check(br#"{"op":"about"}"#, "invalid", Value::Null);
    check(br#"{"id":1,"op":"format"}"#, "unknown-op", json!(1));
    check(br#"{"id":1,"op":"end","process":-1,"started":1}"#, "invalid", json!(1));
    check(br#"{"id":1,"op":"end","process":1}"#, "invalid", json!(1));
    check(br#"{"id":1,"op":"events","count":0}"#, "invalid", json!(1));
    check(br#"{"op":"watch","show":["load"],"every":499}"#, "invalid", Value::Null);
    check(br#"{"op":"watch","show":["load"],"every":60001}"#, "invalid", Value::Null);
    check(br#"{"op":"watch","show":["secrets"],"every":1000}"#, "invalid", Value::Null);
    check(br#"{"op":"watch","every":1000}"#, "invalid", Value::Null);
    assert_eq!(fake.counted(), [], "nothing was read");
}
