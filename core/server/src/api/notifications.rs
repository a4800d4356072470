//! Bodies of the notification calls (R19).

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Answer of `GET /notifications`.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct NotificationsAnswer {
    /// The mail server.
    pub mail: MailView,
    /// What can be used.
    pub notifiers: Vec<NotifierView>,
    /// The events that a channel may choose among.
    pub events: Vec<String>,
    /// The company's channels, oldest first.
    pub channels: Vec<NotificationChannelView>,
    /// Whether the asker may change them: an owner may.
    pub editable: bool,
}

/// The server's mail server.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct MailView {
    /// Without one nothing is mailed: links are handed over by the technician.
    pub configured: bool,
    /// Who mail is from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
}

/// A notifier that is installed, or sold with some plan.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct NotifierView {
    /// Its id, e.g. `notify-email`.
    pub id: String,
    /// In the language of `Accept-Language`.
    pub title: String,
    /// Per language.
    pub titles: BTreeMap<String, String>,
    /// The feature of the plan that unlocks it.
    pub feature: String,
    /// Whether the company's plan has that.
    pub licensed: bool,
    /// Whether this server has the plugin.
    pub installed: bool,
    /// Whether its channels have recipients, as mail has; otherwise each has one receiver.
    pub recipients: bool,
    /// Version of the plugin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// Body of `POST /notifications/channels` and `PUT /notifications/channels/{id}`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NotificationChannelRequest {
    /// A notifier's id.
    pub notifier: String,
    /// For people, 1 to 100 characters.
    pub title: String,
    /// Whether it delivers.
    pub enabled: bool,
    /// At least one.
    pub events: Vec<String>,
    /// The notifier's own settings. A secret that is left out, or `"set"`, keeps the value that it has.
    #[schema(value_type = Object)]
    pub config: Value,
}

/// A company's configured use of a notifier.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct NotificationChannelView {
    /// Its id.
    pub id: String,
    /// The notifier's id.
    pub notifier: String,
    /// For people.
    pub title: String,
    /// Whether it delivers.
    pub enabled: bool,
    /// What it delivers.
    pub events: Vec<String>,
    /// The notifier's own settings; a secret is `"set"`.
    #[schema(value_type = Object)]
    pub config: Value,
    /// What keeps it from delivering, field by field.
    pub problems: Vec<FieldProblem>,
}

/// What is wrong with one field.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FieldProblem {
    /// Its name.
    pub field: String,
    /// One sentence.
    pub message: String,
}

/// Answer of the lists of deliveries.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct DeliveriesAnswer {
    /// Newest first.
    pub deliveries: Vec<DeliveryView>,
    /// For `before`, when there are more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// One event on its way to one receiver.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct DeliveryView {
    /// Its id, also its idempotency key.
    pub id: String,
    /// Of which session; none for a test.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The event's name.
    pub event: String,
    /// By which channel; it may be gone.
    pub channel: ChannelRef,
    /// For whom, when it is for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipient: Option<RecipientView>,
    /// `waiting`, `delivered` or `dead` (given up).
    pub state: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_at: Option<String>,
    /// When the event happened.
    pub at: String,
    /// When it arrived or was given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done_at: Option<String>,
    /// Why the last try failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<DeliveryError>,
}

/// Which channel.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ChannelRef {
    /// Its id.
    pub id: String,
    /// Its title then.
    pub title: String,
    /// Its notifier then.
    pub notifier: String,
}

/// For whom.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RecipientView {
    /// `customer`, `technician` or `address`.
    pub kind: String,
    /// The address.
    pub email: String,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Why a try failed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct DeliveryError {
    /// Stable, kebab-case.
    pub code: String,
    /// One sentence.
    pub detail: String,
}
