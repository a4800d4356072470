//! What notifiers have to deliver (R19): channels, the outbox that session changes write to, and the deliveries made of it.
//!
//! An entry of the outbox is written in the transaction of what it tells. It becomes deliveries, one for each receiver,
//! in one transaction, so that a crash makes neither too few nor too many. A delivery is claimed before it is tried, by
//! one worker at a time; what came of the try counts only while the claim is that worker's.

use crate::Result;
use crate::model::{Audit, OutboxEntry};
use hospes_session::id::{CompanyId, DeliveryId, NotificationChannelId, SessionId};
use hospes_session::model::{Language, Millis};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The notifier of the channels that a company begins with.
const EMAIL: &str = "notify-email";

/// A company's configured use of a notifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotificationChannel {
    /// Its id.
    pub id: NotificationChannelId,
    /// Whose.
    pub company: CompanyId,
    /// The notifier's id, e.g. `notify-email`.
    pub notifier: String,
    /// For people.
    pub title: String,
    /// Whether it delivers.
    pub enabled: bool,
    /// The events that it delivers.
    pub events: Vec<String>,
    /// The notifier's own settings; may hold secrets.
    pub config: Value,
    /// When it was added.
    pub created_at: Millis,
}

/// The channels that a new company begins with: its customers get the invitation and the summary, its technicians the
/// rest.
#[must_use]
pub fn first_channels(company: CompanyId, now: Millis) -> [NotificationChannel; 2] {
    let channel = |place: u64, title: &str, recipient: &str, events: &[&str]| {
        let hash = blake3::hash(format!("{company} {title}").as_bytes());
        let mut random = [0; 16];
        random.copy_from_slice(&hash.as_bytes()[..16]);
        NotificationChannel {
            id: NotificationChannelId::from_parts(now, random),
            company,
            notifier: EMAIL.to_owned(),
            title: title.to_owned(),
            enabled: true,
            events: events.iter().map(|event| (*event).to_owned()).collect(),
            config: json!({ "recipients": [recipient] }),
            created_at: now + place,
        }
    };
    let technicians = ["session.activated", "host.offline", "host.online", "lease.ending", "session.ended"];
    [
        channel(0, "Customers", "customer", &["session.prepared", "session.ended"]),
        channel(1, "Technicians", "technician", &technicians),
    ]
}

/// Which part somebody has in the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecipientKind {
    /// The one who is helped.
    Customer,
    /// The one who prepared it.
    Technician,
    /// Neither: an address that the company chose.
    Address,
}

/// Whom a delivery is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// Which part they have.
    pub kind: RecipientKind,
    /// Their address.
    pub email: String,
    /// For people.
    pub name: Option<String>,
    /// What they read.
    pub language: Language,
}

/// Why a delivery has not arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Stable, kebab-case.
    pub code: String,
    /// English, for the technician.
    pub detail: String,
}

impl Failure {
    /// The link that it carried is used or over: nobody must be invited to it any more.
    #[must_use]
    pub fn link_dead() -> Self {
        Self { code: "link-dead".to_owned(), detail: "The link was used or is over.".to_owned() }
    }

    /// Its channel was removed before it arrived.
    #[must_use]
    pub fn channel_removed() -> Self {
        Self { code: "channel-removed".to_owned(), detail: "The channel was removed.".to_owned() }
    }
}

/// Where a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryState {
    /// It will be tried, or is being tried.
    Waiting,
    /// The receiver has taken it.
    Delivered,
    /// Given up.
    Dead,
}

impl DeliveryState {
    /// As in the API and in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }
}

/// A delivery that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    /// Also its idempotency key.
    pub id: DeliveryId,
    /// By which channel.
    pub channel: NotificationChannelId,
    /// The channel's title now.
    pub channel_title: String,
    /// The channel's notifier.
    pub notifier: String,
    /// For whom.
    pub recipient: Option<Recipient>,
    /// What is told, without what is forgotten.
    pub payload: Value,
}

/// One event for one receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its id, also its idempotency key.
    pub id: DeliveryId,
    /// Whose.
    pub company: CompanyId,
    /// Of which session; none for a test.
    pub session: Option<SessionId>,
    /// By which channel; it may be gone.
    pub channel: NotificationChannelId,
    /// That channel's title.
    pub channel_title: String,
    /// That channel's notifier.
    pub notifier: String,
    /// The event's name.
    pub event: String,
    /// What is told.
    pub payload: Value,
    /// For whom.
    pub recipient: Option<Recipient>,
    /// What is told and then forgotten: the deployment link.
    pub notice: Option<Value>,
    /// Where it is.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// How often since it was last asked for.
    pub tries: u32,
    /// When it was last asked for.
    pub since: Millis,
    /// When it is tried next, while it waits.
    pub next_at: Option<Millis>,
    /// When the event happened.
    pub at: Millis,
    /// When it arrived or was given up.
    pub done_at: Option<Millis>,
    /// Why the last try failed.
    pub error: Option<Failure>,
}

impl Delivery {
    /// An invitation without its link: nothing that anybody could use.
    #[must_use]
    pub fn lacks_its_link(&self) -> bool {
        invites(&self.event, self.recipient.as_ref()) && self.notice.is_none()
    }
}

/// Whether it is worth nothing without the deployment link: the customer's invitation. A receiver that is no person is
/// told of the session all the same, without the link when that is gone.
pub(crate) fn invites(event: &str, recipient: Option<&Recipient>) -> bool {
    event == "session.prepared" && recipient.is_some_and(|recipient| recipient.kind == RecipientKind::Customer)
}

/// Whether somebody is given what is forgotten afterwards. Colleagues and other addresses are told that a session was
/// prepared; the link is the customer's.
pub(crate) fn gets_notice(recipient: Option<&Recipient>) -> bool {
    recipient.is_none_or(|recipient| recipient.kind == RecipientKind::Customer)
}

/// What came of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tried {
    /// It arrived.
    Delivered,
    /// It did not, and is tried again then.
    Again(Millis, Failure),
    /// It did not, and is given up.
    Dead(Failure),
}

/// Which deliveries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// In this state only.
    pub state: Option<DeliveryState>,
    /// Of this session only.
    pub session: Option<SessionId>,
    /// Those after this one in the list.
    pub before: Option<DeliveryId>,
    /// At most that many.
    pub limit: u32,
}

/// One use of a capability, for the summary at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelUse {
    /// Which capability.
    pub capability: String,
    /// Who, as the audit log names them.
    pub actor: String,
    /// When it was opened.
    pub opened_at: Millis,
    /// When it was closed; none while it is open.
    pub closed_at: Option<Millis>,
}

/// The part of the store that notifications use. Every call that names a company finds rows of that company only.
#[async_trait::async_trait]
pub trait Outbox: Send + Sync {
    /// Entries with a number above `after` that have not become deliveries, oldest first; 0 for all.
    async fn outbox(&self, after: i64, limit: u32) -> Result<Vec<OutboxEntry>>;
    /// Turns an entry into these deliveries, or into nothing, in one transaction; one that has been turned already is no
    /// error, nor is a delivery whose id there is. What it had to forget goes with the deliveries. Answers what was made.
    async fn fan_out(&self, entry: i64, deliveries: &[NewDelivery], now: Millis) -> Result<Vec<Delivery>>;
    /// A delivery that no session caused: a test. It is claimed at once, until `claimed_until`.
    async fn add_test(
        &self,
        company: CompanyId,
        new: &NewDelivery,
        event: &str,
        now: Millis,
        claimed_until: Millis,
    ) -> Result<Delivery>;
    /// Deliveries whose time has come and that nobody has claimed, at most `per_company` of each company, oldest first.
    async fn due_deliveries(&self, now: Millis, per_company: u32, limit: u32) -> Result<Vec<(DeliveryId, CompanyId)>>;
    /// Takes a delivery for one try, until `until`; none when another has it or it is not due. Counts as a try.
    async fn claim(&self, id: DeliveryId, now: Millis, until: Millis) -> Result<Option<Delivery>>;
    /// Writes down what came of the try that was claimed as number `attempt`. None when it was claimed by another since.
    async fn finish(&self, id: DeliveryId, attempt: u32, tried: &Tried, now: Millis) -> Result<Option<Delivery>>;
    /// Gives up every claim. For a server that knows that it is the only one, when it starts.
    async fn release_claims(&self) -> Result<()>;
    /// Deliveries of a company, newest first.
    async fn deliveries(&self, company: CompanyId, filter: &DeliveryFilter) -> Result<Vec<Delivery>>;
    /// One of them.
    async fn delivery(&self, company: CompanyId, id: DeliveryId) -> Result<Delivery>;
    /// Asks for it once more, with the same key, and writes that down. `Stale` while a worker tries it.
    async fn send_again(&self, company: CompanyId, id: DeliveryId, now: Millis, audit: &Audit) -> Result<Delivery>;
    /// Forgets entries and deliveries that were done before that moment; answers how many.
    async fn prune_outbox(&self, before: Millis) -> Result<u64>;

    /// Channels of a company, oldest first.
    async fn notification_channels(&self, company: CompanyId) -> Result<Vec<NotificationChannel>>;
    /// One of them.
    async fn notification_channel(&self, company: CompanyId, id: NotificationChannelId) -> Result<NotificationChannel>;
    /// Adds one, and writes that down.
    async fn add_notification_channel(&self, channel: &NotificationChannel, audit: &Audit) -> Result<()>;
    /// Changes all of it but its id, company and age, and writes that down.
    async fn set_notification_channel(&self, channel: &NotificationChannel, now: Millis, audit: &Audit) -> Result<()>;
    /// Removes one, and writes that down; what it still had to deliver is given up.
    async fn remove_notification_channel(
        &self,
        company: CompanyId,
        id: NotificationChannelId,
        now: Millis,
        audit: &Audit,
    ) -> Result<()>;

    /// Sessions that are active now, of all companies.
    async fn active_sessions(&self) -> Result<Vec<(SessionId, CompanyId)>>;
    /// What a session was used for, from the audit log, oldest first.
    async fn channel_uses(&self, company: CompanyId, session: SessionId) -> Result<Vec<ChannelUse>>;
}
