//! What people read: every message in every language, for each kind of reader; and what hostile names do to it.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use hospes_plugin_notify_email::{Mail, check_config, compose};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

const LINK: &str = "https://support.example.org/s/abcdefghijklmnop?key=1&x=2";

fn now() -> Timestamp {
    "2026-11-20T14:05:00Z".parse().unwrap()
}

/// A session's story up to its end; each event reads what it needs.
fn payload(event: &str, kind: &str, language: &str) -> Value {
    let (email, name) = match kind {
        "customer" => ("ana@customer.example", "Ana Díaz"),
        "technician" => ("tess@example.org", "Tess Martin"),
        _ => ("desk@example.org", ""),
    };
    let active = event != "session.prepared";
    json!({
        "event": event,
        "at": "2026-11-20T14:05:00Z",
        "server": "https://support.example.org",
        "company": {"id": "c-1", "name": "Müller & Sons"},
        "technician": {"name": "Tess Martin", "email": "tess@example.org"},
        "customer": {"email": "ana@customer.example", "name": "Ana Díaz", "language": "es"},
        "session": {
            "id": "0198c0de-0000-7000-8000-000000000001",
            "state": "active",
            "created_at": "2026-11-20T14:05:00Z",
            "code_expires_at": "2026-11-20T15:05:00Z",
            "activated_at": active.then_some("2026-11-19T15:05:00Z"),
            "lease_expires_at": active.then_some("2026-11-20T15:05:00Z"),
            "ended_at": (event == "session.ended").then_some("2026-11-20T14:05:00Z"),
            "end_reason": (event == "session.ended").then_some("customer"),
            "removal": (event == "session.ended").then_some("done"),
            "capabilities": ["remote-control", "file-manager", "acme-inventory"],
            "host": active.then(|| json!({"os": "Linux", "hostname": "ANA-PC"})),
            "summary": (event == "session.ended").then(|| json!({"channels": [
                {"capability": "remote-control", "technician": "Tess Martin", "opened_at": "2026-11-19T15:10:00Z", "seconds": 725},
                {"capability": "file-manager", "technician": "Tess Martin", "opened_at": "2026-11-20T09:00:00Z", "seconds": 40},
            ]})),
        },
        "notice": (event == "session.prepared").then(|| json!({"deployment_link": LINK})),
        "recipient": {"kind": kind, "email": email, "name": name, "language": language},
    })
}

const EVENTS: [&str; 7] =
    ["session.prepared", "session.activated", "host.offline", "host.online", "lease.ending", "session.ended", "test"];

fn write(event: &str, payload: &Value) -> Mail {
    compose(event, &payload.to_string(), now()).unwrap_or_else(|why| panic!("{event}: {why:?}"))
}

/// What a program that shows HTML as text would show.
fn shown(html: &str) -> String {
    let body = html.split("<body").nth(1).unwrap().split_once('>').unwrap().1;
    let mut out = String::new();
    let mut tag = false;
    for c in body.chars() {
        match c {
            '<' => tag = true,
            '>' => tag = false,
            c if !tag => out.push(c),
            _ => {}
        }
    }
    for (from, to) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")] {
        out = out.replace(from, to);
    }
    out
}

#[test]
fn r19_every_message_in_three_languages() {
    for language in ["en", "fr", "es"] {
        let mut all = String::new();
        for event in EVENTS {
            for kind in ["customer", "technician"] {
                let mail = write(event, &payload(event, kind, language));
                all += &format!("=== {event}, {kind}\nTo: {}\nSubject: {}\n\n{}\n", mail.to, mail.subject, mail.text);
            }
        }
        insta::assert_snapshot!(format!("letters_{language}"), all);
    }
}

#[test]
fn the_invitation_as_html() {
    insta::assert_snapshot!(
        "invitation_html",
        write("session.prepared", &payload("session.prepared", "customer", "en")).html
    );
    insta::assert_snapshot!("ended_html", write("session.ended", &payload("session.ended", "technician", "fr")).html);
}

#[test]
fn text_and_html_say_the_same() {
    for event in EVENTS {
        for kind in ["customer", "technician", "address"] {
            let mail = write(event, &payload(event, kind, "fr"));
            let html = shown(&mail.html);
            for line in mail.text.lines().filter(|line| !line.starts_with("--") && !line.is_empty()) {
                for part in line.trim_start_matches("- ").split(" · ").flat_map(|part| part.split("\u{a0}: ")) {
                    assert!(html.contains(part), "{event} {kind}: HTML lacks {part:?}\n{html}");
                }
            }
        }
    }
}

#[test]
fn r2_r4_the_invitation_has_the_link_and_never_a_code_or_password() {
    let mut told = payload("session.prepared", "customer", "en");
    told["session"]["security_code"] = json!("123456");
    told["session"]["password"] = json!("hunter2-hunter2");
    told["session"]["note"] = json!("calls a lot");
    let mail = write("session.prepared", &told);
    assert!(mail.text.contains(LINK) && mail.html.contains(&LINK.replace('&', "&amp;")));
    for secret in ["123456", "hunter2", "calls a lot"] {
        assert!(!mail.text.contains(secret) && !mail.html.contains(secret), "{secret}");
    }
    assert!(mail.text.contains("60 minutes, until 20 November 2026, 15:05 UTC"), "{}", mail.text);
    // The link is the customer's: others are told, but do not get it.
    for kind in ["technician", "address"] {
        let mail = write("session.prepared", &payload("session.prepared", kind, "en"));
        assert!(!mail.text.contains("/s/") && !mail.html.contains("/s/"), "{kind}");
    }
}

#[test]
fn what_is_left_is_counted_from_when_it_is_written() {
    let late = |minutes: i64| now() + jiff::SignedDuration::from_mins(minutes);
    let ending = payload("lease.ending", "technician", "en").to_string();
    let subject =
        |minutes| compose("lease.ending", &ending, late(minutes)).map(|mail| mail.subject).map_err(|why| why.reason);
    assert_eq!(subject(0).unwrap(), "Support session with Ana Díaz ends in 60 minutes");
    assert_eq!(subject(59).unwrap(), "Support session with Ana Díaz ends in 1 minute");
    assert_eq!(subject(60).unwrap_err().code(), "too-late");
    let invitation = payload("session.prepared", "customer", "en").to_string();
    let text = compose("session.prepared", &invitation, late(15)).unwrap().text;
    assert!(text.contains("45 minutes, until 20 November 2026, 15:05 UTC"), "{text}");
    assert_eq!(compose("session.prepared", &invitation, late(60)).unwrap_err().reason.code(), "link-dead");
}

#[test]
fn what_cannot_be_written_is_said_for_good() {
    let check = |event: &str, payload: &Value, code: &str| {
        let why = compose(event, &payload.to_string(), now()).unwrap_err();
        assert!(why.permanent);
        assert_eq!(why.reason.code(), code, "{why:?}");
    };
    let without = |field: &str| {
        let mut told = payload("session.prepared", "customer", "en");
        told.as_object_mut().unwrap().remove(field);
        told
    };
    check("session.prepared", &without("notice"), "no-link");
    check("session.prepared", &without("recipient"), "no-recipient");
    check("session.prepared", &without("company"), "bad-payload");
    check("session.prepared", &json!([]), "bad-payload");
    check("session.dreamt", &payload("test", "customer", "en"), "unknown-event");
    for link in ["javascript:alert(1)", "https://x/\"><script>", "https://x/\r\nBcc: y@example.org", ""] {
        let mut told = payload("session.prepared", "customer", "en");
        told["notice"]["deployment_link"] = json!(link);
        check("session.prepared", &told, "bad-link");
    }
}

#[test]
fn an_unused_session_and_a_long_one_are_told_as_they_were() {
    let mut unused = payload("session.ended", "customer", "en");
    unused["session"]["activated_at"] = Value::Null;
    unused["session"]["end_reason"] = json!("link-expired");
    let text = write("session.ended", &unused).text;
    assert!(text.contains("never became active") && text.contains("The link was not used in time"), "{text}");
    assert!(!text.contains("Connections"), "{text}");

    let mut long = payload("session.ended", "technician", "en");
    let one = long["session"]["summary"]["channels"][0].clone();
    long["session"]["summary"]["channels"] = Value::Array(vec![one; 60]);
    let text = write("session.ended", &long).text;
    assert_eq!(text.matches("- Remote control · Tess Martin").count(), 25);
    assert!(text.contains("And 35 more."), "{text}");

    let mut bare = payload("session.ended", "technician", "en");
    bare["session"] = json!({"id": "s-1", "activated_at": "2026-11-20T13:05:00Z", "end_reason": "something-new"});
    let text = write("session.ended", &bare).text;
    assert!(text.contains("Reason: Other") && text.contains("Nobody connected."), "{text}");
}

#[test]
fn a_test_has_no_session_and_a_removed_technician_no_name() {
    let told = json!({
        "event": "test", "at": "2026-11-20T14:05:00Z", "server": "https://support.example.org",
        "company": {"id": "c-1", "name": "Müller & Sons"}, "technician": {"name": "Tess", "email": "tess@example.org"},
        "recipient": {"kind": "technician", "email": "tess@example.org", "name": null, "language": "en"},
    });
    let mail = write("test", &told);
    assert_eq!((mail.to.as_str(), mail.subject.as_str()), ("tess@example.org", "Test message of Müller & Sons"));
    assert!(!mail.text.contains("Support session 0"), "{}", mail.text);
    let mut removed = payload("session.prepared", "customer", "en");
    removed["technician"] = json!({"name": "", "email": ""});
    let mail = write("session.prepared", &removed);
    assert_eq!(mail.subject, "Müller & Sons (Müller & Sons) invites you to a support session");
    assert!(mail.text.contains("Technician: Müller & Sons\n"), "{}", mail.text);
}

#[test]
fn settings_are_judged_in_the_readers_language() {
    let problem = |language: &str| check_config("{}", language)[0].1.clone();
    assert_eq!(problem("en"), "Choose 1 to 20 recipients.");
    assert_eq!(problem("fr"), "Choisissez de 1 à 20 destinataires.");
    assert_eq!(problem("es"), "Elija de 1 a 20 destinatarios.");
}

/// What writes the rest of a line backwards.
const TURNED: char = '\u{202e}';

/// The tags of a document, without what stands between them.
fn tags(html: &str) -> Vec<&str> {
    html.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(tag, _)| tag).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Whatever customers, technicians, companies and hosts call themselves: the same tags, one subject line, no text
    /// that turns around.
    #[test]
    fn r19_hostile_names_change_no_tag_and_no_header(name in r#"(<script>|</td>|"|'|&|\r\n|Bcc: |\u{202e}|[a-z<>{} ]|\PC){1,40}"#) {
        for event in EVENTS {
            let calm = write(event, &payload(event, "technician", "en"));
            let mut told = payload(event, "technician", "en");
            for place in ["/company/name", "/technician/name", "/customer/name", "/recipient/name", "/session/id",
                          "/session/summary/channels/0/technician", "/session/summary/channels/0/capability"] {
                if let Some(value) = told.pointer_mut(place) {
                    *value = json!(format!("x{name}"));
                }
            }
            if told["session"]["host"].is_object() {
                told["session"]["host"]["hostname"] = json!(format!("x{name}"));
            }
            let mail = write(event, &told);
            prop_assert_eq!(tags(&mail.html), tags(&calm.html));
            for mark in ['<', '>', '"'] {
                prop_assert_eq!(mail.html.matches(mark).count(), calm.html.matches(mark).count());
            }
            prop_assert!(!mail.subject.chars().any(char::is_control) && mail.subject.chars().count() <= 200);
            let turned = mail.text.contains(TURNED) || mail.html.contains(TURNED);
            prop_assert!(!turned);
            prop_assert!(!mail.text.contains('\r') && mail.text.lines().count() == calm.text.lines().count());
        }
    }
}
