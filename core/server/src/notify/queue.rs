//! What the worker takes next, so that no company keeps another waiting: neither one whose entries fail, nor one whose
//! receivers hang.

use super::courier::{AT_A_TIME, PER_COMPANY};
use hospes_session::id::{CompanyId, DeliveryId};
use hospes_session::model::Millis;
use hospes_store::model::OutboxEntry;
use hospes_store::{Outbox, StoreError};
use std::collections::HashMap;

/// Entries that are planned in one go.
const ENTRIES: u32 = 64;

/// Goes through the outbox page by page and begins anew at its end: what fails is met again, and hides nothing meanwhile.
pub(super) struct Window {
    after: i64,
    size: u32,
}

impl Default for Window {
    fn default() -> Self {
        Self { after: 0, size: ENTRIES }
    }
}

impl Window {
    /// The next page.
    pub(super) async fn next(&mut self, store: &(impl Outbox + ?Sized)) -> Result<Vec<OutboxEntry>, StoreError> {
        let page = store.outbox(self.after, self.size).await?;
        let full = u32::try_from(page.len()).is_ok_and(|length| length >= self.size);
        self.after = page.last().filter(|_| full).map_or(0, |last| last.id);
        Ok(page)
    }
}

/// Deliveries to try now, while tries of these companies are under way (a company as often as it has tries).
pub(super) async fn next_due(
    store: &(impl Outbox + ?Sized),
    now: Millis,
    running: &[CompanyId],
) -> Result<Vec<(DeliveryId, CompanyId)>, StoreError> {
    let free = AT_A_TIME.saturating_sub(running.len());
    if free == 0 {
        return Ok(Vec::new());
    }
    let most = usize::try_from(PER_COMPANY).unwrap_or(usize::MAX);
    let mut busy: HashMap<CompanyId, usize> = HashMap::new();
    for company in running {
        *busy.entry(*company).or_default() += 1;
    }
    // Every company with a try under way may answer with as many as it may have and none that it may begin: past those
    // there must still be one for every free place.
    let limit = u32::try_from(busy.len().saturating_mul(most).saturating_add(free)).unwrap_or(u32::MAX);
    let mut due = store.due_deliveries(now, PER_COMPANY, limit).await?;
    due.retain(|(_, company)| {
        let count = busy.entry(*company).or_default();
        *count += 1;
        *count <= most
    });
    due.truncate(free);
    Ok(due)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hospes_licence::key::PublicKey;
    use hospes_licence::licence::SignedLicence;
    use hospes_session::capability::CapabilityId;
    use hospes_session::id::{NotificationChannelId, TechnicianId};
    use hospes_session::model::Language;
    use hospes_session::prepare::{RANDOM, Request, prepare};
    use hospes_session::quota::Limits;
    use hospes_store::Store;
    use hospes_store::model::{Audit, Company, Role, Technician};
    use hospes_store::outbox::NewDelivery;
    use hospes_store::sqlite::SqliteStore;
    use serde_json::{Value, json};

    const T: Millis = 1_800_000_000_000;

    async fn store(directory: &tempfile::TempDir, companies: u8) -> SqliteStore {
        let store = SqliteStore::open(directory.path().join("hospes.db")).await.unwrap();
        for number in 1..=companies {
            let licence = SignedLicence { bytes: vec![number], key: PublicKey([number; 32]), signature: [1; 64] };
            let company = Company { id: company(number), name: format!("Company {number}"), licence, created_at: T };
            store.add_company(&company).await.unwrap();
        }
        store
    }

    fn company(number: u8) -> CompanyId {
        CompanyId::from_parts(1, [number; 16])
    }

    /// Sessions of company 1, each with one entry in the outbox.
    async fn add_sessions(store: &SqliteStore, count: u8) {
        for number in 1..=count {
            let technician = Technician {
                id: TechnicianId::from_parts(1, [number; 16]),
                company: company(1),
                email: format!("tech{number}@acme.test"),
                name: "Tara".into(),
                role: Role::Technician,
                password_hash: String::new(),
                temporary_password: false,
                language: None,
                created_at: T,
                disabled_at: None,
                last_login_at: None,
            };
            store.add_technician(&technician).await.unwrap();
            let request = Request {
                company: company(1),
                technician: technician.id,
                customer_email: "ana@example.com",
                customer_name: None,
                language: Language::En,
                note: None,
                password: None,
                capabilities: None,
                licensed: &[CapabilityId::new("file-manager").unwrap()].into(),
                lease_length: 86_400_000,
                code_lifetime: 3_600_000,
            };
            let new = prepare(&request, T, &[number; RANDOM]).unwrap();
            let limits = Limits { per_technician: 1, per_company: 99, lease: 86_400_000 };
            let (actor, action) = ("test".to_owned(), "test".to_owned());
            let audit = Audit { company: None, session: None, actor, action, detail: json!({}) };
            store.prepare(&new.session, limits, 99, b"v", &Value::Null, &audit).await.unwrap();
        }
    }

    #[tokio::test]
    async fn r19_entries_that_fail_again_and_again_hide_none_behind_them() {
        let directory = tempfile::tempdir().unwrap();
        let store = store(&directory, 1).await;
        add_sessions(&store, 7).await;
        let all: Vec<_> = store.outbox(0, 99).await.unwrap().into_iter().map(|entry| entry.id).collect();
        let mut window = Window { after: 0, size: 3 };
        let mut pages = Vec::new();
        // Nobody turns them into deliveries: all of them fail.
        for _ in 0..4 {
            pages.push(window.next(&store).await.unwrap().into_iter().map(|entry| entry.id).collect::<Vec<_>>());
        }
        assert_eq!(pages, [&all[..3], &all[3..6], &all[6..], &all[..3]]);
    }

    #[tokio::test]
    async fn r19_companies_whose_receivers_hang_leave_places_for_the_rest() {
        let directory = tempfile::tempdir().unwrap();
        let store = store(&directory, 3).await;
        let check = async |running: &[u8], expect: &[u8]| {
            let running: Vec<_> = running.iter().copied().map(company).collect();
            let found = next_due(&store, T + 100, &running).await.unwrap();
            let found: Vec<_> = found.into_iter().map(|(_, company)| company).collect();
            assert_eq!(found, expect.iter().copied().map(company).collect::<Vec<_>>(), "{running:?} are under way");
        };
        check(&[], &[]).await;
        // Ten of each of the first two, and the third company's one is the youngest.
        for number in 0..21_u8 {
            let new = NewDelivery {
                id: DeliveryId::from_parts(T, [number; 16]),
                channel: NotificationChannelId::from_parts(1, [1; 16]),
                channel_title: "Hook".into(),
                notifier: "notify-webhook".into(),
                recipient: None,
                payload: json!({}),
            };
            let at = T + u64::from(number);
            store.add_test(company(if number == 20 { 3 } else { number % 2 + 1 }), &new, "test", at, at).await.unwrap();
        }
        check(&[], &[1, 2, 1, 2, 1, 2, 1, 2, 3]).await;
        check(&[1, 1, 1, 1, 2, 2, 2, 2], &[3]).await;
        check(&[1, 1, 1, 1, 2, 2, 2], &[2, 3]).await;
        check(&[1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 5, 5, 5], &[3]).await;
        check(&[1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 5, 5, 5, 5], &[]).await;
    }
}
