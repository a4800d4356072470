//! Fuzz targets: what a hostile host, server, technician or network can say. Reading ends in a value or an error; a
//! value means the same after it was written again; an error can itself be told to the other side.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use hospes_fuzz::Corpus;
use hospes_licence::grant::{Grant, Limits, Mode, SignedGrant, sign};
use hospes_licence::interface::ConsentClass;
use hospes_licence::key::{KeyPair, PublicKey};
use hospes_session::model::{EndReason, HostFacts, Language};
use hospes_wire::channel::{Fetch, FetchAnswer, FromHost, ToHost};
use hospes_wire::control::{ConsentState, HostMessage, Invitation, Pairing, Publisher, ServerMessage};
use hospes_wire::frame::{Decoder, FrameError, encode};
use hospes_wire::link::{DeploymentLink, KeyPin, LinkToken};
use hospes_wire::message::{MAX_JSON, MessageError, from_frame, to_frame};
use hospes_wire::problem::Problem;
use hospes_wire::socket::{FromTechnician, Open, Opened, ToTechnician};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

const TESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");

/// One kind of message, read from whatever bytes.
fn read<T: Serialize + DeserializeOwned>(bytes: &[u8]) {
    match from_frame::<T>(bytes) {
        Ok(message) => match to_frame(&message) {
            Ok(written) => {
                let again: T = from_frame(&written).expect("what was written cannot be read");
                assert_eq!(to_frame(&again).unwrap(), written, "a message changes while it travels");
            }
            // Escapes may make it longer than it came.
            Err(MessageError::TooLong(length)) => assert!(length > MAX_JSON),
            Err(error) => panic!("what was read cannot be written: {error}"),
        },
        Err(error) => {
            let answer = to_frame(&ServerMessage::Refused { problem: error.problem() });
            assert!(answer.is_ok(), "the refusal itself cannot be sent: {error}");
        }
    }
}

fn target(name: &str, seeds: &[(&str, Vec<u8>)], check: impl Fn(&[u8]) + std::panic::RefUnwindSafe) {
    let corpus = Corpus::of(TESTS, name, seeds);
    bolero::check!(name = name).for_each(|input: &[u8]| {
        check(input);
        check(&corpus.edited(input));
    });
}

fn json(message: &impl Serialize) -> Vec<u8> {
    to_frame(message).unwrap()
}

fn problem() -> Problem {
    Problem::new("link-used", 410, "The link was used").detail("Ask for a new one")
}

fn grant() -> SignedGrant {
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
        mode: Mode::Full,
        limits: Limits::default(),
        generation: 1,
        issued_at: 1,
        not_after: 60_001,
    };
    sign(&grant, &KeyPair::from_secret(&[2; 32])).unwrap()
}

#[test]
fn fuzz_from_host() {
    let (host_key, proof) = (PublicKey([3; 32]), [4; 64]);
    let facts = HostFacts { os: "Debian 13".into(), hostname: "desk".into(), agent: "0.1.0".into() };
    let seeds = [
        ("hello", json(&HostMessage::Hello { v: 1, facts })),
        ("look-up", json(&HostMessage::LookUp { token: [9; 16] })),
        ("pair", json(&HostMessage::Pair { token: [9; 16], code: "123456".into(), host_key, proof })),
        ("installed", json(&HostMessage::Installed {})),
        ("resume", json(&HostMessage::Resume { session: "s".into(), host_key, proof })),
        ("already-hosting", json(&HostMessage::AlreadyHosting { token: [9; 16] })),
        (
            "consent",
            json(&HostMessage::Consent {
                classes: ConsentClass::ALL.into_iter().map(|class| (class, ConsentState::Ask)).collect(),
                unavailable: BTreeMap::from([("hospes:desk/screen".into(), "no display".into())]),
            }),
        ),
        ("channel-closed", json(&HostMessage::ChannelClosed { channel: "c".into(), problem: Some(problem()) })),
        ("end", json(&HostMessage::End {})),
        ("removed", json(&HostMessage::Removed { undone: vec!["autostart".into()] })),
        ("need-password", json(&FromHost::NeedPassword { retry_after: 3 })),
        ("pake", json(&FromHost::Pake { message: vec![1, 2, 3] })),
        ("wait", json(&FromHost::Wait { reason: "asking-customer".into() })),
        ("opened", json(&FromHost::Opened { interfaces: vec!["hospes:files/read".into()] })),
        ("refused", json(&FromHost::Refused { problem: problem() })),
        ("fetch", json(&Fetch::Component { hash: "ab".repeat(32) })),
    ];
    target("from_host", &seeds, |bytes| {
        read::<HostMessage>(bytes);
        read::<FromHost>(bytes);
        read::<Fetch>(bytes);
    });
}

#[test]
fn fuzz_from_server() {
    let invitation = Invitation {
        company: "Demo".into(),
        technician: "Ana".into(),
        confirmed: false,
        capabilities: vec![("file-manager".into(), BTreeMap::from([("en".into(), "File manager".into())]))],
        classes: ConsentClass::ALL.to_vec(),
        lease: 86_400_000,
        expires_at: 1,
        language: Language::Fr,
        publishers: vec![Publisher { name: "Hospes".into(), key: PublicKey([7; 32]) }],
    };
    let pairing = Pairing {
        session: "s".into(),
        invitation: invitation.clone(),
        grant_key: PublicKey([5; 32]),
        password_verifier: vec![1, 2, 3],
    };
    let seeds = [
        ("welcome", json(&ServerMessage::Welcome { v: 1, now: 5 })),
        ("invitation", json(&ServerMessage::Invitation(invitation))),
        ("paired", json(&ServerMessage::Paired(Box::new(pairing)))),
        ("code-wrong", json(&ServerMessage::CodeWrong { tries_left: 4 })),
        ("activated", json(&ServerMessage::Activated { activated_at: 1, lease_ends: 2 })),
        ("resumed", json(&ServerMessage::Resumed { lease_ends: 2 })),
        ("ended", json(&ServerMessage::Ended { reason: EndReason::LeaseExpired })),
        ("renew", json(&ServerMessage::Renew { grant: grant() })),
        ("revoke", json(&ServerMessage::Revoke { channel: "c".into(), problem: problem() })),
        ("refused", json(&ServerMessage::Refused { problem: problem() })),
        ("open", json(&ToHost::Open { grant: grant(), request: "{}".into() })),
        ("pake", json(&ToHost::Pake { message: vec![1] })),
        ("found", json(&FetchAnswer::Found { length: 1 << 40 })),
        ("not-found", json(&FetchAnswer::NotFound {})),
    ];
    target("from_server", &seeds, |bytes| {
        read::<ServerMessage>(bytes);
        read::<ToHost>(bytes);
        read::<FetchAnswer>(bytes);
        read::<SignedGrant>(bytes);
    });
}

#[test]
fn fuzz_socket() {
    let request = serde_json::json!({ "path": "Home", "size": 1.5e3, "deep": [[{ "x": null }]] });
    let opened = Opened { channel: "c".into(), interfaces: vec!["hospes:files/read".into()] };
    let seeds = [
        ("ticket", json(&Open { v: 1, ticket: Some("t".into()), token: None, request: Some(request) })),
        ("token", json(&Open { v: 1, ticket: None, token: Some("t".into()), request: None })),
        ("pake", json(&FromTechnician::Pake { message: vec![1, 2, 3] })),
        ("finish", json(&FromTechnician::Finish {})),
        ("need", json(&ToTechnician::Need { need: "session-password".into(), retry_after: 0 })),
        ("opened", json(&ToTechnician::Opened { opened })),
        ("refused", json(&ToTechnician::Refused { refused: problem() })),
        ("closed", json(&ToTechnician::Closed { problem: Some(problem()) })),
    ];
    target("socket", &seeds, |bytes| {
        read::<Open>(bytes);
        read::<FromTechnician>(bytes);
        read::<ToTechnician>(bytes);
    });
}

/// All messages of a stream, and how it ended.
fn cut(pieces: impl Iterator<Item = Vec<u8>>) -> (Vec<Vec<u8>>, Result<(), FrameError>) {
    let (mut decoder, mut messages) = (Decoder::new(512), Vec::new());
    for piece in pieces {
        decoder.push(&piece);
        loop {
            match decoder.next_message() {
                Ok(Some(message)) => messages.push(message.to_vec()),
                Ok(None) => break,
                Err(error) => return (messages, Err(error)),
            }
        }
    }
    (messages, decoder.end())
}

/// However a network cuts a stream, the same messages and the same error come out, and they are the stream's bytes.
#[test]
fn fuzz_framing() {
    let stream = |messages: &[&[u8]]| messages.iter().flat_map(|message| encode(message).unwrap()).collect::<Vec<u8>>();
    let seeds = [
        ("empty", Vec::new()),
        ("one", stream(&[b"hello"])),
        ("some", stream(&[b"", b"x", &[7; 300], b"last"])),
        ("longest", stream(&[&[1; 512]])),
        ("too-long", stream(&[b"fine", &[1; 513]])),
        ("cut", stream(&[b"whole", b"cut off"])[..15].to_vec()),
    ];
    target("framing", &seeds, |bytes| {
        let whole = cut(std::iter::once(bytes.to_vec()));
        let step = 1 + bytes.len() % 7;
        assert_eq!(cut(bytes.chunks(step).map(<[u8]>::to_vec)), whole);
        let again: Vec<u8> = whole.0.iter().flat_map(|message| encode(message).unwrap()).collect();
        assert!(bytes.starts_with(&again));
        assert!(whole.1.is_err() || again == bytes);
    });
}

/// A link that is read is the link that is printed: nobody is led elsewhere than the text says.
#[test]
fn fuzz_link() {
    let link =
        |secure, host, port| DeploymentLink::new(secure, host, port, LinkToken([90; 16]), KeyPin([91; 32])).unwrap();
    let bytes = |text: String| text.into_bytes();
    let seeds = [
        ("name", bytes(link(true, "help.example.com", 443).to_string())),
        ("port", bytes(format!("<{}?utm_source=x#y>", link(true, "help.example.com", 8443)))),
        ("ipv6", bytes(link(true, "2001:db8::1", 8443).to_string())),
        ("loopback", bytes(link(false, "127.0.0.1", 8443).to_string())),
        ("file", bytes(format!("/home/ana/{} (1).exe", link(true, "xn--bcher-kva.example", 443).file_name()))),
        ("file-ipv6", bytes(format!("C:\\Ana\\{}.exe", link(false, "::1", 8443).file_name()))),
    ];
    target("link", &seeds, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let Ok(link) = text.parse::<DeploymentLink>() else { return };
        assert_eq!(link.to_string().parse(), Ok(link.clone()), "{text}");
        let named: DeploymentLink = link.file_name().parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!((&named.host, named.port, named.token, named.pin), (&link.host, link.port, link.token, link.pin));
    });
}
