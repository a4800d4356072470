//! Fuzz target: the messages of the session password's proof, from a technician or a host that means harm. Only the
//! bytes that the other side really made prove anything (R2).
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use hospes_fuzz::Corpus;
use hospes_pake::{ClientLogin, HostLogin, PakeError, register};

const PASSWORD: &str = "Zürich-42 corridor";

#[test]
fn fuzz_host_side() {
    let verifier = register(PASSWORD, [1; 32]).unwrap();
    let (client, first) = ClientLogin::start(PASSWORD, [2; 32]).unwrap();
    let (host, response) = HostLogin::respond(&verifier, &first, [3; 32]).unwrap();
    let third = client.finish(&response, [4; 32]).unwrap();
    host.finish(&third).unwrap();
    let seeds = [
        ("verifier", verifier.clone()),
        ("first", first.clone()),
        ("response", response.clone()),
        ("third", third.clone()),
    ];
    let corpus = Corpus::of(concat!(env!("CARGO_MANIFEST_DIR"), "/tests"), "host_side", &seeds);
    bolero::check!(name = "host_side").for_each(|input: &[u8]| {
        for bytes in [input, &corpus.edited(input)] {
            // As a first message it may be answered (anybody may guess), but then opens nothing.
            if let Ok((host, _)) = HostLogin::respond(&verifier, bytes, [3; 32]) {
                assert_eq!(host.finish(&third).is_ok(), *bytes == *first);
            }
            let (host, _) = HostLogin::respond(&verifier, &first, [3; 32]).unwrap();
            match host.finish(bytes) {
                Ok(()) => assert!(*bytes == *third, "a third message passes that nobody made"),
                Err(PakeError::WrongPassword | PakeError::Unreadable(_)) => {}
                Err(other) => panic!("{other}"),
            }
            // A verifier comes from the server. Some of its bytes are the library's answer to unknown users, which no
            // login uses, so another verifier may take the proof; it must only be read without harm.
            let _either = HostLogin::respond(bytes, &first, [3; 32]).map(|(host, _)| host.finish(&third));
        }
    });
}

/// The technician's page against a hostile host: it learns no more than "wrong", and proves nothing.
#[test]
fn fuzz_technician_side() {
    let verifier = register(PASSWORD, [1; 32]).unwrap();
    let start = || ClientLogin::start(PASSWORD, [2; 32]).unwrap();
    let (_, response) = HostLogin::respond(&verifier, &start().1, [3; 32]).unwrap();
    let other = HostLogin::respond(&register(PASSWORD, [9; 32]).unwrap(), &start().1, [3; 32]).unwrap().1;
    let seeds = [("response", response.clone()), ("foreign-response", other.clone())];
    let corpus = Corpus::of(concat!(env!("CARGO_MANIFEST_DIR"), "/tests"), "technician_side", &seeds);
    bolero::check!(name = "technician_side").for_each(|input: &[u8]| {
        for bytes in [input, &corpus.edited(input)] {
            match start().0.finish(bytes, [4; 32]) {
                Ok(_) => assert!(*bytes == *response || *bytes == *other, "a response passes that nobody made"),
                Err(PakeError::WrongPassword | PakeError::Unreadable(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
    });
}
