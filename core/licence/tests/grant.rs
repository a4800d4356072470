//! A hostile server or relay against the host's check of a grant: no grant of another key, session, host, time, length,
//! generation or vocabulary opens anything ("what the host does is bounded on the host").
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use hospes_licence::grant::{
    CLOCK_SKEW, Expected, Grant, GrantRefusal, LIFETIME, Limits, Mode, SignedGrant, check, sign,
};
use hospes_licence::key::{Context, KeyPair, PublicKey};

const NOW: u64 = 1_800_000_000_000;
const LEASE: u64 = NOW + 3_600_000;
const HOST: PublicKey = PublicKey([1; 32]);

fn key() -> KeyPair {
    KeyPair::from_secret(&[9; 32])
}

fn good() -> Grant {
    Grant {
        session: "session-1".into(),
        channel: "channel-1".into(),
        host_key: HOST,
        technician: "technician-1".into(),
        technician_name: "Ana".into(),
        login: "login-1".into(),
        capability: "file-manager".into(),
        component: "ab".repeat(32),
        interfaces: ["hospes:files/read".to_owned()].into(),
        mode: Mode::Full,
        limits: Limits::default(),
        generation: 4,
        issued_at: NOW - 1000,
        not_after: NOW - 1000 + LIFETIME,
    }
}

fn decide_within(signed: &SignedGrant, lease_ends: u64, last_generation: Option<u64>) -> Result<Grant, GrantRefusal> {
    let grant_key = key().public();
    let host_key = &HOST;
    check(
        signed,
        Expected { grant_key: &grant_key, session: "session-1", host_key, lease_ends, now: NOW, last_generation },
    )
}

fn decide(signed: &SignedGrant, last_generation: Option<u64>) -> Result<Grant, GrantRefusal> {
    decide_within(signed, LEASE, last_generation)
}

#[test]
fn the_host_accepts_what_the_pinned_key_signed_for_it() {
    let signed = sign(&good(), &key()).unwrap();
    assert_eq!(decide(&signed, None), Ok(good()));
    assert_eq!(decide(&signed, Some(3)), Ok(good()));
}

#[test]
fn a_grant_for_another_use_is_refused() {
    let table = |change: &dyn Fn(&mut Grant), expect: GrantRefusal| {
        let mut grant = good();
        change(&mut grant);
        assert_eq!(decide(&sign(&grant, &key()).unwrap(), None), Err(expect));
    };
    table(&|grant| grant.session = "session-2".into(), GrantRefusal::Foreign("session"));
    table(&|grant| grant.host_key = PublicKey([2; 32]), GrantRefusal::Foreign("host"));
    table(
        &|grant| {
            grant.issued_at = NOW + CLOCK_SKEW + 1;
            grant.not_after = grant.issued_at + LIFETIME;
        },
        GrantRefusal::Stale("it was signed in the future; check this computer's clock"),
    );
    table(
        &|grant| {
            grant.not_after = NOW - CLOCK_SKEW;
            grant.issued_at = grant.not_after - LIFETIME;
        },
        GrantRefusal::Stale("it has expired"),
    );
    table(&|grant| grant.not_after = grant.issued_at + LIFETIME + 1, GrantRefusal::TooLong("60 s"));
    for unknown in ["hospes:files/format-disk", "wasi:filesystem/preopens", "", "hospes:files/read@0.1.0"] {
        table(&|grant| grant.interfaces = [unknown.to_owned()].into(), GrantRefusal::UnknownInterface(unknown.into()));
    }
}

#[test]
fn r5_a_grant_never_outlives_the_lease() {
    let signed = sign(&good(), &key()).unwrap();
    assert_eq!(decide_within(&signed, good().not_after, None), Ok(good()));
    assert_eq!(decide_within(&signed, good().not_after - 1, None), Err(GrantRefusal::TooLong("the lease")));
}

#[test]
fn a_replayed_grant_is_refused() {
    let signed = sign(&good(), &key()).unwrap();
    assert_eq!(decide(&signed, Some(4)), Err(GrantRefusal::Replayed));
    assert_eq!(decide(&signed, Some(5)), Err(GrantRefusal::Replayed));
}

#[test]
fn a_forged_or_widened_grant_is_refused() {
    let signed = sign(&good(), &key()).unwrap();
    let forged = |change: &dyn Fn(&mut SignedGrant)| {
        let mut signed = signed.clone();
        change(&mut signed);
        assert_eq!(decide(&signed, None), Err(GrantRefusal::Forged));
    };
    let mut widened = good();
    widened.interfaces.insert("hospes:files/write".into());
    forged(&|signed| signed.bytes = serde_json::to_vec(&widened).unwrap());
    forged(&|signed| signed.bytes.push(b' '));
    forged(&|signed| signed.signature = [0; 64]);
    forged(&|signed| signed.signature[10] ^= 1);
    forged(&|signed| *signed = sign(&good(), &KeyPair::from_secret(&[8; 32])).unwrap());
    for context in [Context::Plugin, Context::Licence, Context::HostProof, Context::Receipt] {
        forged(&|signed| signed.signature = key().sign(context, &signed.bytes));
    }
}

#[test]
fn a_grant_with_anything_unknown_in_it_is_refused() {
    let table = |bytes: Vec<u8>, expect: &str| {
        let signature = key().sign(Context::Grant, &bytes);
        match decide(&SignedGrant { bytes, signature }, None) {
            Err(GrantRefusal::Unreadable(text)) => assert!(text.contains(expect), "{text}"),
            other => panic!("{other:?}"),
        }
    };
    let with = |name: &str, value: serde_json::Value| {
        let mut json = serde_json::to_value(good()).unwrap();
        json[name] = value;
        serde_json::to_vec(&json).unwrap()
    };
    table(with("only-on-weekdays", true.into()), "unknown field `only-on-weekdays`");
    table(with("limits", serde_json::json!({"memory": 1, "cpu": 1})), "unknown field `cpu`");
    table(with("mode", "watch".into()), "unknown variant `watch`");
    table(with("generation", (-1).into()), "expected u64");
    table(b"{}".to_vec(), "missing field");
    table(b"\xff".to_vec(), "expected value");
}
