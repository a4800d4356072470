//! What the tests of the store share: a database in a throw-away directory, with companies and technicians in it.
#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use hospes_licence::key::PublicKey;
use hospes_licence::licence::SignedLicence;
use hospes_session::capability::CapabilityId;
use hospes_session::code::hash_code;
use hospes_session::id::{CompanyId, DeliveryId, SessionId, TechnicianId};
use hospes_session::model::{EndReason, HostFacts, HostKey, Language};
use hospes_session::prepare::{NewSession, RANDOM, Request, prepare};
use hospes_session::quota::Limits;
use hospes_session::rules::{Answer, Command};
use hospes_store::model::{Audit, Company, Role, Technician};
use hospes_store::outbox::{NewDelivery, Recipient, RecipientKind, first_channels};
use hospes_store::sqlite::SqliteStore;
use hospes_store::{Result, Store};
use serde_json::json;
use std::path::Path;

pub(crate) const T: u64 = 1_800_000_000_000;
pub(crate) const HOUR: u64 = 60 * 60 * 1000;
pub(crate) const DAY: u64 = 24 * HOUR;
pub(crate) const LIMITS: Limits = Limits { per_technician: 1, per_company: 5, lease: DAY };
pub(crate) const PASSWORD_HASH: &str = "$argon2id$";
pub(crate) const HOST: HostKey = HostKey([7; 32]);

pub(crate) fn company_id(number: u8) -> CompanyId {
    CompanyId::from_parts(u64::from(number), [number; 16])
}

pub(crate) fn technician_id(number: u8) -> TechnicianId {
    TechnicianId::from_parts(u64::from(number), [number; 16])
}

pub(crate) fn licence(number: u8) -> SignedLicence {
    SignedLicence { bytes: vec![number], key: PublicKey([number; 32]), signature: [number; 64] }
}

pub(crate) fn company(number: u8) -> Company {
    Company { id: company_id(number), name: format!("Company {number}"), licence: licence(number), created_at: T }
}

pub(crate) fn technician(number: u8, company: u8) -> Technician {
    Technician {
        id: technician_id(number),
        company: company_id(company),
        email: format!("Tech{number}@demo.test"),
        name: format!("Technician {number}"),
        role: Role::Technician,
        password_hash: PASSWORD_HASH.into(),
        temporary_password: false,
        language: None,
        created_at: T,
        disabled_at: None,
        last_login_at: None,
    }
}

pub(crate) async fn open(directory: &Path) -> SqliteStore {
    SqliteStore::open(directory.join("hospes.db")).await.unwrap()
}

/// Company 1 with technicians 1 to `technicians`.
pub(crate) async fn with_company(directory: &Path, technicians: u8) -> SqliteStore {
    let store = open(directory).await;
    store.add_company(&company(1)).await.unwrap();
    for number in 1..=technicians {
        store.add_technician(&technician(number, 1)).await.unwrap();
    }
    store
}

pub(crate) fn audit(action: &str) -> Audit {
    Audit {
        company: None,
        session: None,
        actor: "test".into(),
        action: action.into(),
        detail: json!({ "b": 1, "a": [2] }),
    }
}

/// A session of a technician of a company; `seed` makes it another than the last.
pub(crate) fn new_session(company: u8, technician: u8, seed: u64, now: u64) -> NewSession {
    let licensed = [CapabilityId::new("file-manager").unwrap()].into();
    let request = Request {
        company: company_id(company),
        technician: technician_id(technician),
        customer_email: "ana@example.com",
        customer_name: Some("Ana"),
        language: Language::Es,
        note: None,
        password: None,
        capabilities: None,
        licensed: &licensed,
        lease_length: DAY,
        code_lifetime: HOUR,
    };
    let mut random = [technician; RANDOM];
    // Past the bits of an id that say which kind of id it is.
    random[3..10].copy_from_slice(&seed.to_le_bytes()[..7]);
    random[16..24].copy_from_slice(&seed.to_le_bytes());
    prepare(&request, now, &random).unwrap()
}

pub(crate) async fn put(store: &dyn Store, new: &NewSession) -> Result<()> {
    let notice = json!({ "link": "https://example.com/s/secret" });
    store.prepare(&new.session, LIMITS, 9, b"verifier", &notice, &audit("session.prepare")).await
}

pub(crate) async fn ask(store: &dyn Store, id: SessionId, command: Command, now: u64) -> Result<Answer> {
    store.apply(id, &command, now, &audit("session.change")).await.map(|decision| decision.answer)
}

pub(crate) fn right_code(new: &NewSession) -> Command {
    Command::TryCode { code_hash: hash_code(&new.token, &new.code), host_key: HOST }
}

pub(crate) fn confirm() -> Command {
    let host = HostFacts { os: "linux".into(), hostname: "pc".into(), agent: "0.1.0".into() };
    Command::ConfirmHost { host_key: HOST, host }
}

pub(crate) fn end() -> Command {
    Command::End { reason: EndReason::Technician }
}

pub(crate) fn delivery_id(number: u64) -> DeliveryId {
    let mut random = [3; 16];
    random[3..10].copy_from_slice(&number.to_le_bytes()[..7]);
    DeliveryId::from_parts(T, random)
}

/// By the first channel of company 1, to the customer.
pub(crate) fn to_customer(number: u64) -> NewDelivery {
    let recipient = Recipient {
        kind: RecipientKind::Customer,
        email: "ana@example.com".into(),
        name: Some("Ana".into()),
        language: Language::Es,
    };
    NewDelivery {
        id: delivery_id(number),
        channel: first_channels(company_id(1), T)[0].id,
        channel_title: "Customers".into(),
        notifier: "notify-email".into(),
        recipient: Some(recipient),
        payload: json!({ "number": number }),
    }
}
