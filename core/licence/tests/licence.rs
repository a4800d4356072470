//! Licences: signed by a trusted key, for this company, now. Each failure says which.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use hospes_licence::key::{Context, KeyPair};
use hospes_licence::licence::{Licence, LicenceRefusal, SignedLicence, issue, verify};

const FROM: u64 = 1_800_000_000_000;
const UNTIL: u64 = FROM + 86_400_000;

fn operator() -> KeyPair {
    KeyPair::from_secret(&[1; 32])
}

fn licence() -> Licence {
    Licence {
        id: "licence-1".into(),
        company: "company-1".into(),
        plan: "base".into(),
        modules: vec!["insight".into()],
        seats: 5,
        issued_at: FROM,
        from: FROM,
        until: Some(UNTIL),
    }
}

fn at(now: u64) -> Result<Licence, LicenceRefusal> {
    verify(&issue(&licence(), &operator()).unwrap(), &[operator().public()], "company-1", now)
}

#[test]
fn a_licence_is_valid_from_its_first_to_its_last_moment() {
    assert_eq!(at(FROM), Ok(licence()));
    assert_eq!(at(UNTIL), Ok(licence()));
    let text = |now| at(now).unwrap_err().to_string();
    assert_eq!(text(FROM - 1), "the licence is valid from 2027-01-15T08:00:00Z; check the server's clock");
    assert!(text(UNTIL + 1).starts_with("the licence ended at 2027-01-16T08:00:00Z; ask for a new one"));
    let endless = Licence { until: None, ..licence() };
    let signed = issue(&endless, &operator()).unwrap();
    assert_eq!(verify(&signed, &[operator().public()], "company-1", u64::MAX), Ok(endless));
}

#[test]
fn a_licence_of_anybody_else_is_refused() {
    let check = |change: &dyn Fn(&mut SignedLicence), company: &str, expect: &str| {
        let mut signed = issue(&licence(), &operator()).unwrap();
        change(&mut signed);
        let text = verify(&signed, &[operator().public()], company, FROM).unwrap_err().to_string();
        assert!(text.contains(expect), "{text}");
    };
    check(&|_| {}, "company-2", "for the company company-1, not for company-2");
    let stranger = KeyPair::from_secret(&[2; 32]);
    check(&|signed| *signed = issue(&licence(), &stranger).unwrap(), "company-1", "does not trust");
    check(&|signed| signed.key = stranger.public(), "company-1", "does not trust");
    check(&|signed| signed.signature = stranger.sign(Context::Licence, &signed.bytes), "company-1", "was changed");
    check(&|signed| signed.signature = operator().sign(Context::Grant, &signed.bytes), "company-1", "was changed");
    let more = Licence { seats: 500, ..licence() };
    check(&|signed| signed.bytes = serde_json::to_vec(&more).unwrap(), "company-1", "was changed");
    let resign = |signed: &mut SignedLicence, bytes: &[u8]| {
        signed.bytes = bytes.to_vec();
        signed.signature = operator().sign(Context::Licence, bytes);
    };
    check(&|signed| resign(signed, b"{}"), "company-1", "cannot be read: missing field");
    let mut unknown = serde_json::to_value(licence()).unwrap();
    unknown["region"] = "eu".into();
    let unknown = serde_json::to_vec(&unknown).unwrap();
    check(&|signed| resign(signed, &unknown), "company-1", "unknown field `region`");
    let backwards = serde_json::to_vec(&Licence { until: Some(1), ..licence() }).unwrap();
    check(&|signed| resign(signed, &backwards), "company-1", "before it begins");
}

#[test]
fn nobody_issues_a_licence_that_ends_before_it_begins() {
    let backwards = Licence { until: Some(FROM - 1), ..licence() };
    assert_eq!(issue(&backwards, &operator()), Err(LicenceRefusal::Backwards { from: FROM, until: FROM - 1 }));
}

#[test]
fn nobody_is_trusted_by_default() {
    let signed = issue(&licence(), &operator()).unwrap();
    assert_eq!(verify(&signed, &[], "company-1", FROM), Err(LicenceRefusal::UntrustedKey(operator().public())));
}
