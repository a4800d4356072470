//! An outage told in simulated time: the receiver is down for an hour, the server is killed again and again meanwhile.

use super::courier::{Carrier, NotCarried, PER_COMPANY, try_once};
use super::plan::{People, Taking, deliveries};
use hospes_licence::key::PublicKey;
use hospes_licence::licence::SignedLicence;
use hospes_session::capability::CapabilityId;
use hospes_session::id::{CompanyId, DeliveryId, TechnicianId};
use hospes_session::model::{EndReason, Language, Millis};
use hospes_session::prepare::{RANDOM, Request, prepare};
use hospes_session::quota::Limits;
use hospes_session::rules::Command;
use hospes_store::model::{Audit, Company, Role, Technician};
use hospes_store::outbox::{Delivery, DeliveryFilter, DeliveryState, Failure};
use hospes_store::sqlite::SqliteStore;
use hospes_store::{Outbox, Store};
use serde_json::json;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

const START: Millis = 1_800_000_000_000;
const SECOND: Millis = 1000;
const HOUR: Millis = 60 * 60 * SECOND;
const DAY: Millis = 24 * HOUR;
const SESSIONS: u8 = 10;

/// A receiver that is down at first, and later sometimes takes a message without the sender hearing of it.
struct Receiver {
    now: AtomicU64,
    down_until: Millis,
    /// How often each key came, and the texts that came with it.
    taken: Mutex<HashMap<DeliveryId, Vec<String>>>,
}

#[async_trait::async_trait]
impl Carrier for Receiver {
    async fn carry(&self, delivery: &Delivery) -> Result<(), NotCarried> {
        let failed = |code: &str| {
            Err(NotCarried { permanent: false, failure: Failure { code: code.into(), detail: "a test".into() } })
        };
        if self.now.load(Ordering::Relaxed) < self.down_until {
            return failed("unavailable");
        }
        let mut taken = self.taken.lock().unwrap();
        let times = taken.entry(delivery.id).or_default();
        times.push(super::compose::for_delivery(delivery).to_string());
        // Every third message is taken, and the answer lost, the first time.
        let lost = times.len() == 1 && delivery.id.0.as_u128().is_multiple_of(3);
        if lost { failed("no-answer") } else { Ok(()) }
    }
}

fn audit() -> Audit {
    Audit { company: None, session: None, actor: "test".into(), action: "test".into(), detail: json!({}) }
}

fn technician(number: u8, company: &Company) -> Technician {
    Technician {
        id: TechnicianId::from_parts(1, [number; 16]),
        company: company.id,
        email: format!("tech{number}@acme.test"),
        name: format!("Technician {number}"),
        role: Role::Technician,
        password_hash: String::new(),
        temporary_password: false,
        language: None,
        created_at: START,
        disabled_at: None,
        last_login_at: None,
    }
}

/// A company whose technicians each prepared a session and ended it: two events with mail for the customer, one with
/// mail for the technician.
async fn with_sessions(path: &Path) -> (Company, Vec<Technician>) {
    let store = SqliteStore::open(path).await.unwrap();
    let licence = SignedLicence { bytes: vec![1], key: PublicKey([1; 32]), signature: [1; 64] };
    let id = CompanyId::from_parts(1, [1; 16]);
    let company = Company { id, name: "Acme".into(), licence, created_at: START };
    store.add_company(&company).await.unwrap();
    let licensed = [CapabilityId::new("file-manager").unwrap()].into();
    let mut technicians = Vec::new();
    for number in 1..=SESSIONS {
        let technician = technician(number, &company);
        store.add_technician(&technician).await.unwrap();
        let request = Request {
            company: company.id,
            technician: technician.id,
            customer_email: &format!("customer{number}@example.com"),
            customer_name: None,
            language: Language::Fr,
            note: None,
            password: None,
            capabilities: None,
            licensed: &licensed,
            lease_length: DAY,
            // The mail server is down for an hour: a link that lives as long would not be worth sending.
            code_lifetime: 12 * HOUR,
        };
        let new = prepare(&request, START, &[number; RANDOM]).unwrap();
        let limits = Limits { per_technician: 1, per_company: 99, lease: DAY };
        let notice = json!({ "deployment_link": format!("https://x.org/s/{number}") });
        store.prepare(&new.session, limits, 99, b"v", &notice, &audit()).await.unwrap();
        if number % 2 == 0 {
            let end = Command::End { reason: EndReason::Technician };
            store.apply(new.session.id, &end, START + HOUR * 2, &audit()).await.unwrap();
        }
        technicians.push(technician);
    }
    store.close().await;
    (company, technicians)
}

/// What the server does with each entry of the outbox.
async fn plan(store: &SqliteStore, company: &Company, technicians: &[Technician], now: Millis) {
    let channels = store.notification_channels(company.id).await.unwrap();
    for entry in store.outbox(0, 100).await.unwrap() {
        let taking: Vec<_> = channels
            .iter()
            .filter(|channel| channel.events.contains(&entry.event))
            .map(|channel| Taking { channel, by_recipient: true })
            .collect();
        let technician = technicians.iter().find(|technician| technician.id == entry.snapshot.technician);
        let people = People { customer: &entry.snapshot.customer, technician };
        let payload = json!({ "event": entry.event });
        let planned = deliveries(&entry.id.to_string(), entry.at, &taking, &people, &payload);
        store.fan_out(entry.id, &planned, now).await.unwrap();
    }
}

#[tokio::test]
async fn r19_an_hour_without_a_mail_server_and_a_killed_server_lose_and_repeat_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hospes.db");
    let (company, technicians) = with_sessions(&path).await;
    let receiver = Receiver { now: AtomicU64::new(START), down_until: START + HOUR, taken: Mutex::new(HashMap::new()) };
    let time = || receiver.now.load(Ordering::Relaxed);

    let mut store = SqliteStore::open(&path).await.unwrap();
    let (mut tries, mut kills) = (0_u32, 0);
    let mut chance = 1_u32;
    for second in 0..2 * HOUR / SECOND {
        receiver.now.store(START + second * SECOND, Ordering::Relaxed);
        plan(&store, &company, &technicians, time()).await;
        for (id, _) in store.due_deliveries(time(), PER_COMPANY, 16).await.unwrap() {
            chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if chance.is_multiple_of(7) {
                // Killed in the middle of a try, or right after the receiver took it: what came of it is not written.
                let claimed = store.claim(id, time(), time() + 90 * SECOND).await.unwrap().unwrap();
                if chance.is_multiple_of(2) {
                    let _ = receiver.carry(&claimed).await;
                }
                store.close().await;
                store = SqliteStore::open(&path).await.unwrap();
                store.release_claims().await.unwrap();
                kills += 1;
                break;
            }
            tries += u32::from(try_once(&store, &receiver, id, time, chance).await.unwrap().is_some());
        }
    }
    let filter = DeliveryFilter { limit: 1000, ..DeliveryFilter::default() };
    let all = store.deliveries(company.id, &filter).await.unwrap();
    // Those that ended had their link die an hour after the outage: delivered before or not, nobody is invited twice.
    let expect = usize::from(SESSIONS) + usize::from(SESSIONS);
    assert_eq!(all.len(), expect, "an invitation each, and for half of them an end to customer and technician");
    let taken = receiver.taken.lock().unwrap();
    for delivery in &all {
        let came = taken.get(&delivery.id).map(Vec::as_slice).unwrap_or_default();
        if delivery.state == DeliveryState::Dead {
            assert_eq!(delivery.error, Some(Failure::link_dead()), "{delivery:?}");
            continue;
        }
        assert_eq!(delivery.state, DeliveryState::Delivered, "{delivery:?}");
        assert!(!came.is_empty(), "said to be delivered and never came: {delivery:?}");
        assert!(came.iter().all(|text| *text == came[0]), "one key, two texts: {came:?}");
        assert_eq!(delivery.notice, None, "the link is forgotten");
    }
    let arrived = all.iter().filter(|delivery| delivery.state == DeliveryState::Delivered).count();
    assert_eq!(taken.len(), arrived, "a receiver that honours keys has each of them once, and nothing else");
    let repeated = taken.values().filter(|came| came.len() > 1).count();
    assert!(repeated > 0 && kills > 10, "nothing was tried: {repeated} repeated, {kills} kills");
    assert!(tries < 400, "{tries} tries for {expect} messages: the waits do not grow");
}
