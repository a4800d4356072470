//! The event as the server tells it. What is not needed here is not read; what a later server adds is ignored.

use jiff::Timestamp;
use serde::Deserialize;

/// One event.
#[derive(Debug, Deserialize)]
pub(crate) struct Event {
    pub(crate) at: Timestamp,
    pub(crate) server: String,
    pub(crate) company: Company,
    /// Empty once they were removed.
    #[serde(default)]
    pub(crate) technician: Person,
    /// None for a test.
    #[serde(default)]
    pub(crate) customer: Person,
    /// None for a test that belongs to no session.
    #[serde(default)]
    pub(crate) session: Option<Session>,
    #[serde(default)]
    pub(crate) notice: Option<Notice>,
    #[serde(default)]
    pub(crate) recipient: Option<Recipient>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Company {
    pub(crate) name: String,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Person {
    #[serde(default)]
    pub(crate) email: String,
    #[serde(default)]
    pub(crate) name: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Session {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) code_expires_at: Option<Timestamp>,
    #[serde(default)]
    pub(crate) activated_at: Option<Timestamp>,
    #[serde(default)]
    pub(crate) lease_expires_at: Option<Timestamp>,
    #[serde(default)]
    pub(crate) ended_at: Option<Timestamp>,
    #[serde(default)]
    pub(crate) end_reason: Option<String>,
    #[serde(default)]
    pub(crate) removal: Option<String>,
    #[serde(default)]
    pub(crate) capabilities: Vec<String>,
    #[serde(default)]
    pub(crate) host: Option<Host>,
    #[serde(default)]
    pub(crate) summary: Option<Summary>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Host {
    #[serde(default)]
    pub(crate) os: Option<String>,
    #[serde(default)]
    pub(crate) hostname: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Summary {
    #[serde(default)]
    pub(crate) channels: Vec<Channel>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Channel {
    pub(crate) capability: String,
    pub(crate) technician: String,
    pub(crate) opened_at: Timestamp,
    pub(crate) seconds: u64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Notice {
    #[serde(default)]
    pub(crate) deployment_link: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Recipient {
    pub(crate) kind: Kind,
    pub(crate) email: String,
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) language: Option<String>,
}

/// Who reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Customer,
    Technician,
    /// Somebody else that the company chose.
    Address,
}

/// Reads a payload.
pub(crate) fn read(payload: &str) -> Result<Event, String> {
    serde_json::from_str(payload).map_err(|error| format!("the event is not what this plugin expects: {error}"))
}
