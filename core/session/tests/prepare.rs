//! Preparing a session, field by field (R1, R2, R4, R20).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use hospes_session::capability::CapabilityId;
use hospes_session::code::{SecurityCode, hash_code, hash_token};
use hospes_session::id::{CompanyId, TechnicianId};
use hospes_session::model::{Language, SessionState};
use hospes_session::plan::default_catalogue;
use hospes_session::prepare::{CODE_LIFETIME, RANDOM, Request, prepare};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn licensed() -> BTreeSet<CapabilityId> {
    ["remote-control", "file-manager"].into_iter().map(|id| CapabilityId::new(id).unwrap()).collect()
}

fn request(licensed: &BTreeSet<CapabilityId>) -> Request<'_> {
    Request {
        company: CompanyId::from_parts(1, [1; 16]),
        technician: TechnicianId::from_parts(1, [2; 16]),
        customer_email: "ana@example.com",
        customer_name: None,
        language: Language::Fr,
        note: None,
        password: None,
        capabilities: None,
        licensed,
        lease_length: 1000,
        code_lifetime: CODE_LIFETIME,
    }
}

fn random() -> [u8; RANDOM] {
    std::array::from_fn(|place| place as u8)
}

/// `field` is none when the request is good.
fn check(name: &str, change: impl Fn(&mut Request<'_>), field: Option<&str>) {
    let licensed = licensed();
    let mut request = request(&licensed);
    change(&mut request);
    let answer = prepare(&request, 5, &random());
    assert_eq!(answer.as_ref().err().map(|error| error.field), field, "{name}: {:?}", answer.err());
}

#[test]
fn r1_every_wrong_field_is_named() {
    let long = "x".repeat(2001);
    let address = |address: &'static str| move |request: &mut Request<'_>| request.customer_email = address;
    for good in ["a@b", "ana.maria+x@mail.example.co", "josé@exámple.es", "  ana@example.com ", "o'neil_1@1.example"]
    {
        check(good, address(good), None);
    }
    for bad in [
        "",
        " ",
        "ana",
        "@example.com",
        "ana@",
        "ana@@example.com",
        "ana@example..com",
        ".ana@example.com",
        "ana@-example.com",
        "a b@example.com",
        "ana@example.com\r\nBcc: all@example.com",
        "ana@example.com,b@c.d",
        "Ana <ana@example.com>",
        "ana@example.com\0",
        "ana@[127.0.0.1]",
        "ana@exam_ple.com",
    ] {
        check(bad, address(bad), Some("customer_email"));
    }
    let email = format!("{}@example.com", "x".repeat(65));
    let domain = format!("a@{}", "x.".repeat(130) + "com");
    let email: &'static str = email.leak();
    let domain: &'static str = domain.leak();
    let long: &'static str = long.leak();
    check("local part too long", address(email), Some("customer_email"));
    check("address too long", address(domain), Some("customer_email"));
    check("name", |r| r.customer_name = Some("Ana María"), None);
    check("name of spaces is none", |r| r.customer_name = Some("   "), None);
    check("name too long", |r| r.customer_name = Some(long), Some("customer_name"));
    check("name with a line break", |r| r.customer_name = Some("Ana\nBcc: x"), Some("customer_name"));
    check("name that is turned round", |r| r.customer_name = Some("Ana \u{202e}nimda"), Some("customer_name"));
    check("name with nothing in it", |r| r.customer_name = Some("A\u{200b}na"), Some("customer_name"));
    check("name with accents", |r| r.customer_name = Some("Ana\u{308} \u{1f642} Ñuñez"), None);
    check("note with a family", |r| r.note = Some("\u{1f468}\u{200d}\u{1f469}"), None);
    check("note with lines", |r| r.note = Some("printer\n\tsecond floor"), None);
    check("note too long", |r| r.note = Some(long), Some("note"));
    check("note with an escape", |r| r.note = Some("\u{1b}[2J"), Some("note"));
    check("password", |r| r.password = Some("correct horse"), None);
    check("password too short", |r| r.password = Some("seven77"), Some("password"));
    check("password too long", |r| r.password = Some(long), Some("password"));
    check("password with a control character", |r| r.password = Some("12345678\n"), Some("password"));
}

#[test]
fn r20_capabilities_are_a_choice_among_the_licensed() {
    let names =
        |names: &[&str]| -> &'static [String] { names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>().leak() };
    check("one", |r| r.capabilities = Some(names(&["file-manager"])), None);
    check("none of them", |r| r.capabilities = Some(names(&[])), Some("capabilities"));
    check("not licensed", |r| r.capabilities = Some(names(&["dashboard"])), Some("capabilities"));
    check("no name at all", |r| r.capabilities = Some(names(&["../etc"])), Some("capabilities"));
    let licensed = licensed();
    let all = prepare(&request(&licensed), 5, &random()).unwrap().session.capabilities;
    assert_eq!(all.into_iter().collect::<BTreeSet<_>>(), licensed);
    let twice = names(&["file-manager", "file-manager"]);
    let request = Request { capabilities: Some(twice), ..request(&licensed) };
    assert_eq!(prepare(&request, 5, &random()).unwrap().session.capabilities.len(), 1);
    let none = BTreeSet::new();
    let request = Request { licensed: &none, ..request };
    assert_eq!(prepare(&request, 5, &random()).unwrap_err().field, "capabilities");
}

#[test]
fn r2_r4_secrets_are_kept_as_hashes_only() {
    let licensed = licensed();
    let new = prepare(&request(&licensed), 7, &random()).unwrap();
    let SessionState::Prepared(prepared) = &new.session.state else { panic!("{:?}", new.session.state) };
    assert_eq!(prepared.token_hash, hash_token(&new.token));
    assert_eq!(prepared.code_hash, hash_code(&new.token, &new.code));
    assert_ne!(prepared.code_hash, hash_code(&[9; 16], &new.code), "equal codes of two links differ");
    assert_eq!(prepared.expires_at, 7 + CODE_LIFETIME);
    let stored = serde_json::to_string(&new.session).unwrap();
    let shown = format!("{new:?}");
    for secret in [new.code.reveal(), new.password.reveal(), &data_encoding::HEXLOWER.encode(&new.token)] {
        assert!(!stored.contains(secret), "{secret} in {stored}");
    }
    for secret in [new.code.reveal(), new.password.reveal()] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[test]
fn r4_a_typed_code_may_have_spaces_and_hyphens() {
    let check = |typed: &str, expect: Option<&str>| {
        assert_eq!(SecurityCode::parse(typed).as_ref().map(SecurityCode::reveal), expect, "{typed:?}");
    };
    check("123456", Some("123456"));
    check(" 123 456\n", Some("123456"));
    check("123-456", Some("123456"));
    check("12345", None);
    check("1234567", None);
    check("12345a", None);
    check("１２３４５６", None);
    check("", None);
}

#[test]
fn r9_r10_the_default_plans() {
    let check = |plan: &str, modules: &[&str], expect: [bool; 3]| {
        let plan = default_catalogue().into_iter().find(|known| known.id == plan).unwrap();
        let modules: Vec<_> = modules.iter().map(|m| (*m).to_owned()).collect();
        let features = plan.features_with(&modules);
        let has = ["remote-control", "file-manager", "dashboard"].map(|feature| features.contains(feature));
        assert_eq!(has, expect, "{} {modules:?}", plan.id);
        assert_eq!(
            (plan.limits.per_technician, plan.limits.per_company, plan.limits.lease),
            (1, 5, 86_400_000),
            "R7, R5"
        );
    };
    check("essential", &[], [true, false, false]);
    check("essential", &["insight"], [true, false, false]);
    check("base", &[], [true, true, false]);
    check("base", &["insight"], [true, true, true]);
    check("base", &["unheard-of"], [true, true, false]);
    check("plus", &[], [true, true, true]);
    check("premier", &[], [true, true, true]);
    let sold: Vec<_> = default_catalogue().into_iter().filter(|plan| plan.sold).map(|plan| plan.id).collect();
    assert_eq!(sold, ["essential", "base"]);
}

proptest! {
    #[test]
    fn r4_codes_are_six_digits_and_passwords_can_be_typed(random in prop::array::uniform32(any::<u8>())) {
        let code = SecurityCode::from_random(random[..8].try_into().unwrap());
        prop_assert_eq!(SecurityCode::parse(code.reveal()), Some(code.clone()));
        let password = hospes_session::password::SessionPassword::generate(random[8..20].try_into().unwrap());
        prop_assert!(hospes_session::password::SessionPassword::chosen(password.reveal()).is_ok());
        prop_assert_eq!(password.reveal().len(), 14);
    }

    #[test]
    fn r1_no_address_smuggles_anything_into_a_mail(email in "\\PC{0,40}|[a-z@.<>\\r\\n ,;:-]{0,40}") {
        let licensed = licensed();
        let request = Request { customer_email: &email, ..request(&licensed) };
        if let Ok(new) = prepare(&request, 1, &random()) {
            let email = new.session.customer.email;
            prop_assert_eq!(email.matches('@').count(), 1);
            prop_assert!(!email.chars().any(|c| c.is_whitespace() || c.is_control() || "<>,;:\"".contains(c)));
        }
    }
}
