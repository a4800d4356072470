//! JSON messages: what goes out comes in, what is newer is named, what is broken is refused.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use hospes_licence::grant::{Grant, Limits, Mode, sign};
use hospes_licence::interface::ConsentClass;
use hospes_licence::key::{KeyPair, PublicKey};
use hospes_session::model::{EndReason, HostFacts, Language};
use hospes_wire::channel::{Fetch, FetchAnswer, FromHost, ToHost};
use hospes_wire::control::{ConsentState, HostMessage, Invitation, Pairing, Publisher, ServerMessage};
use hospes_wire::message::{MAX_JSON, MessageError, from_frame, to_frame};
use hospes_wire::problem::Problem;
use hospes_wire::socket::{FromTechnician, Open, Opened, ToTechnician};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// What is written is read, and written again the same.
fn check<T: Serialize + DeserializeOwned>(message: &T, expect: &str) {
    let bytes = to_frame(message).unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(text.contains(expect), "{text} lacks {expect}");
    let again: T = from_frame(&bytes).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(to_frame(&again).unwrap(), bytes);
}

fn invitation() -> Invitation {
    Invitation {
        company: "Demo".into(),
        technician: "Ana".into(),
        confirmed: false,
        capabilities: vec![("file-manager".into(), BTreeMap::from([("en".into(), "File manager".into())]))],
        classes: ConsentClass::ALL.to_vec(),
        lease: 86_400_000,
        expires_at: 1,
        language: Language::Fr,
        publishers: vec![Publisher { name: "Hospes".into(), key: PublicKey([7; 32]) }],
    }
}

#[test]
fn every_message_of_the_control_stream_survives() {
    let problem = Problem::new("link-used", 410, "The link was used").detail("Ask for a new one");
    let grant = Grant {
        session: "s".into(),
        channel: "c".into(),
        host_key: PublicKey([1; 32]),
        technician: "t".into(),
        technician_name: "Ana".into(),
        login: "l".into(),
        capability: "file-manager".into(),
        component: "00".into(),
        interfaces: ["hospes:files/read".to_owned()].into(),
        mode: Mode::ViewOnly,
        limits: Limits::default(),
        generation: 1,
        issued_at: u64::MAX - 1,
        not_after: u64::MAX,
    };
    let grant = sign(&grant, &KeyPair::from_secret(&[2; 32])).unwrap();
    let facts = HostFacts { os: "Debian".into(), hostname: "desk".into(), agent: "0.1.0".into() };
    check(&HostMessage::Hello { v: 1, facts }, r#""type":"hello","v":1"#);
    check(&HostMessage::LookUp { token: [9; 16] }, r#""type":"look-up","token":"CQ"#);
    let pair =
        HostMessage::Pair { token: [9; 16], code: "123456".into(), host_key: PublicKey([3; 32]), proof: [4; 64] };
    check(&pair, r#""type":"pair""#);
    check(&HostMessage::Installed {}, r#"{"type":"installed"}"#);
    let resume = HostMessage::Resume { session: "s".into(), host_key: PublicKey([3; 32]), proof: [4; 64] };
    check(&resume, r#""type":"resume""#);
    check(&HostMessage::AlreadyHosting { token: [9; 16] }, r#""type":"already-hosting""#);
    let consent = HostMessage::Consent {
        classes: ConsentClass::ALL.into_iter().map(|class| (class, ConsentState::Ask)).collect(),
        unavailable: BTreeMap::from([("hospes:desk/screen".into(), "no display".into())]),
    };
    check(&consent, r#""see-screen":"ask""#);
    check(&HostMessage::ChannelClosed { channel: "c".into(), problem: Some(problem.clone()) }, "/problems/link-used");
    check(&HostMessage::End {}, r#"{"type":"end"}"#);
    check(&HostMessage::Removed { undone: vec!["autostart".into()] }, r#""undone":["autostart"]"#);

    check(&ServerMessage::Welcome { v: 1, now: 5 }, r#""now":5"#);
    check(&ServerMessage::Invitation(invitation()), r#""type":"invitation","company":"Demo""#);
    let pairing = Pairing {
        session: "s".into(),
        invitation: invitation(),
        grant_key: PublicKey([5; 32]),
        password_verifier: vec![1, 2, 3],
    };
    check(&ServerMessage::Paired(Box::new(pairing)), r#""password_verifier":"AQID""#);
    check(&ServerMessage::CodeWrong { tries_left: 4 }, r#""tries_left":4"#);
    check(&ServerMessage::Activated { activated_at: 1, lease_ends: 2 }, r#""type":"activated""#);
    check(&ServerMessage::Resumed { lease_ends: 2 }, r#""type":"resumed""#);
    check(&ServerMessage::Ended { reason: EndReason::LeaseExpired }, r#""reason":"lease-expired""#);
    check(&ServerMessage::Renew { grant: grant.clone() }, r#""type":"renew""#);
    check(&ServerMessage::Revoke { channel: "c".into(), problem: problem.clone() }, r#""type":"revoke""#);
    check(&ServerMessage::Refused { problem: problem.clone() }, r#""detail":"Ask for a new one""#);

    check(&ToHost::Open { grant, request: "{}".into() }, r#""request":"{}""#);
    check(&ToHost::Pake { message: vec![1] }, r#"{"type":"pake","message":"AQ=="}"#);
    check(&FromHost::NeedPassword { retry_after: 3 }, r#""type":"need-password""#);
    check(&FromHost::Wait { reason: "fetching".into() }, r#""type":"wait""#);
    check(&FromHost::Opened { interfaces: vec![] }, r#""type":"opened""#);
    check(&FromHost::Refused { problem: problem.clone() }, r#""status":410"#);
    check(&Fetch::Component { hash: "00".into() }, r#""type":"component""#);
    check(&FetchAnswer::Found { length: 1 << 40 }, r#""length":1099511627776"#);
    check(&FetchAnswer::NotFound {}, r#"{"type":"not-found"}"#);

    check(&Open { v: 1, ticket: Some("t".into()), token: None, request: None }, r#"{"v":1,"ticket":"t"}"#);
    check(&FromTechnician::Finish {}, r#"{"type":"finish"}"#);
    check(&ToTechnician::Need { need: "session-password".into(), retry_after: 0 }, r#""need":"session-password""#);
    let opened = Opened { channel: "c".into(), interfaces: vec!["hospes:files/read".into()] };
    check(&ToTechnician::Opened { opened }, r#""opened":{"channel":"c""#);
    check(&ToTechnician::Refused { refused: problem }, r#""refused":{"type":"https://"#);
    check(&ToTechnician::Closed { problem: None }, r#"{"type":"closed"}"#);
}

#[test]
fn newer_peers_are_understood_or_told() {
    let newer = br#"{"type":"welcome","v":2,"now":1,"region":"eu"}"#;
    assert!(matches!(from_frame(newer), Ok(ServerMessage::Welcome { v: 2, now: 1 })));
    let unknown = from_frame::<HostMessage>(br#"{"type":"teleport","to":"moon"}"#).unwrap_err();
    assert!(matches!(&unknown, MessageError::Unsupported { kind, .. } if kind == "teleport"), "{unknown}");
    assert_eq!((unknown.problem().code(), unknown.problem().status), ("unsupported", 501));
    let long = format!(r#"{{"type":"{}"}}"#, "x".repeat(1000));
    let unknown = from_frame::<HostMessage>(long.as_bytes()).unwrap_err();
    assert!(matches!(&unknown, MessageError::Unsupported { kind, .. } if kind.len() == 64), "{unknown}");
}

#[test]
fn a_refusal_is_short_whatever_it_refuses() {
    let filler = |unit: &str| unit.repeat((MAX_JSON - 100) / unit.len());
    for message in [
        format!(r#"{{"type":"{}"}}"#, filler("x")),
        format!(r#"{{"type":"{}"}}"#, filler("\\u0001")),
        format!(r#"{{"type":"look-up","token":"{}"}}"#, filler("\\u0001")),
        format!(r#"{{"type":"hello","v":"{}"}}"#, filler("\u{1f600}")),
    ] {
        let problem = from_frame::<HostMessage>(message.as_bytes()).unwrap_err().problem();
        let answer = to_frame(&ServerMessage::Refused { problem }).unwrap();
        assert!(answer.len() < 8 << 10, "{} bytes", answer.len());
    }
}

#[test]
fn bad_messages_are_refused() {
    let check = |bytes: &[u8], expect: &str| {
        let error = from_frame::<HostMessage>(bytes).unwrap_err();
        assert!(matches!(error, MessageError::Unreadable(_)), "{error:?}");
        assert!(error.to_string().contains(expect), "{error}");
        assert_eq!(error.problem().code(), "bad-message");
    };
    check(b"", "EOF");
    check(b"\xff\xfe", "expected value");
    check(b"[]", "missing field");
    check(b"{}", "missing field `type`");
    check(br#"{"type":"look-up"}"#, "missing field `token`");
    check(br#"{"type":"look-up","token":"AAAA"}"#, "length 3");
    check(br#"{"type":"look-up","token":7}"#, "expected");
    check(br#"{"type":"installed"} x"#, "trailing characters");
    check("[".repeat(100_000).as_bytes(), "");
    let mut long = br#"{"type":"installed","pad":""#.to_vec();
    long.resize(MAX_JSON + 1, b'x');
    assert_eq!(from_frame::<HostMessage>(&long).unwrap_err(), MessageError::TooLong(MAX_JSON + 1));
    let undone = vec!["x".repeat(MAX_JSON)];
    assert!(matches!(to_frame(&HostMessage::Removed { undone }), Err(MessageError::TooLong(_))));
    let unknown_field = from_frame::<Open>(br#"{"v":1,"ticket":"t","cookie":"c"}"#).unwrap_err();
    assert!(unknown_field.to_string().contains("unknown field `cookie`"), "{unknown_field}");
}
