//! The session password's proof from both sides, and what becomes of changed, cut and foreign messages (R2).
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use hospes_pake::{ClientLogin, HostLogin, MAX_PASSWORD, PakeError, register};
use proptest::prelude::*;
use std::sync::LazyLock;

const PASSWORD: &str = "Zürich-42 corridor";
static VERIFIER: LazyLock<Vec<u8>> = LazyLock::new(|| register(PASSWORD, [1; 32]).unwrap());

/// Plays a login; the four seeds differ as they do in life.
fn login(verifier: &[u8], typed: &str) -> Result<(), PakeError> {
    let (client, first) = ClientLogin::start(typed, [2; 32])?;
    let (host, response) = HostLogin::respond(verifier, &first, [3; 32])?;
    host.finish(&client.finish(&response, [4; 32])?)
}

#[test]
fn r2_the_right_password_and_only_it_opens() {
    let check = |typed: &str, expect: Result<(), PakeError>| assert_eq!(login(&VERIFIER, typed), expect, "{typed:?}");
    check(PASSWORD, Ok(()));
    check("zürich-42 corridor", Err(PakeError::WrongPassword));
    check("Zürich-42 corrido", Err(PakeError::WrongPassword));
    check("Zürich-42 corridor ", Err(PakeError::WrongPassword));
    check("", Err(PakeError::BadPassword(0)));
    check(&"x".repeat(MAX_PASSWORD + 1), Err(PakeError::BadPassword(MAX_PASSWORD + 1)));
    let long = "x".repeat(MAX_PASSWORD);
    assert_eq!(login(&register(&long, [5; 32]).unwrap(), &long), Ok(()));
    assert_eq!(register("", [1; 32]), Err(PakeError::BadPassword(0)));
}

#[test]
fn r2_the_verifier_of_another_session_does_not_fit_the_messages_of_this_one() {
    let other = register(PASSWORD, [9; 32]).unwrap();
    assert_ne!(*VERIFIER, other);
    let (client, first) = ClientLogin::start(PASSWORD, [2; 32]).unwrap();
    let (host, _) = HostLogin::respond(&VERIFIER, &first, [3; 32]).unwrap();
    let (_, foreign) = HostLogin::respond(&other, &first, [3; 32]).unwrap();
    let third = client.finish(&foreign, [4; 32]).unwrap();
    assert_eq!(host.finish(&third), Err(PakeError::WrongPassword));
}

#[test]
fn a_replayed_third_message_proves_nothing_in_another_login() {
    let (client, first) = ClientLogin::start(PASSWORD, [2; 32]).unwrap();
    let (host, response) = HostLogin::respond(&VERIFIER, &first, [3; 32]).unwrap();
    let third = client.finish(&response, [4; 32]).unwrap();
    host.finish(&third).unwrap();
    let (host, _) = HostLogin::respond(&VERIFIER, &first, [8; 32]).unwrap();
    assert_eq!(host.finish(&third), Err(PakeError::WrongPassword));
}

#[test]
fn the_verifier_does_not_hold_the_password() {
    let held = VERIFIER.windows(PASSWORD.len()).any(|window| window == PASSWORD.as_bytes());
    assert!(!held);
}

#[test]
fn messages_of_another_length_are_unreadable() {
    let (_, first) = ClientLogin::start(PASSWORD, [2; 32]).unwrap();
    let refused = |verifier: &[u8], first: &[u8]| match HostLogin::respond(verifier, first, [3; 32]) {
        Err(PakeError::Unreadable(what)) => what,
        other => panic!("{other:?}"),
    };
    for length in 0..first.len() {
        refused(&VERIFIER, &first[..length]);
    }
    assert_eq!(refused(&VERIFIER, &[&first[..], &[0]].concat()), "technician's first message");
    for length in 0..VERIFIER.len() {
        assert_eq!(refused(&VERIFIER[..length], &first), "verifier of the session password");
    }
    refused(&[&VERIFIER[..], &[0]].concat(), &first);
    let mut newer = VERIFIER.clone();
    newer[0] = 2;
    refused(&newer, &first);
}

#[test]
fn secrets_are_not_printed() {
    let (client, first) = ClientLogin::start(PASSWORD, [2; 32]).unwrap();
    let (host, _) = HostLogin::respond(&VERIFIER, &first, [3; 32]).unwrap();
    assert_eq!(format!("{client:?} {host:?}"), "ClientLogin(..) HostLogin(..)");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// One changed bit anywhere in any message never opens, and never panics.
    #[test]
    fn a_changed_bit_never_opens(message in 0_usize..3, at in 0_usize..320, bit in 0_u8..8) {
        let change = |bytes: &mut Vec<u8>, which: usize| {
            if which == message {
                let length = bytes.len();
                bytes[at % length] ^= 1 << bit;
            }
        };
        let play = || -> Result<(), PakeError> {
            let (client, mut first) = ClientLogin::start(PASSWORD, [2; 32])?;
            change(&mut first, 0);
            let (host, mut response) = HostLogin::respond(&VERIFIER, &first, [3; 32])?;
            change(&mut response, 1);
            let mut third = client.finish(&response, [4; 32])?;
            change(&mut third, 2);
            host.finish(&third)
        };
        prop_assert!(matches!(play(), Err(PakeError::WrongPassword | PakeError::Unreadable(_))));
    }

    #[test]
    fn any_bytes_are_refused(verifier in prop::collection::vec(any::<u8>(), 0..400), first in prop::collection::vec(any::<u8>(), 0..128)) {
        prop_assert!(HostLogin::respond(&verifier, &first, [0; 32]).is_err());
        prop_assert!(HostLogin::respond(&VERIFIER, &first, [0; 32]).is_err());
    }
}
