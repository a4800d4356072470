//! Bodies of the HTTP API: what `surfaces.md` promises, as types that also describe themselves in the OpenAPI document.
//!
//! Times are RFC 3339 text in UTC. What comes in refuses unknown fields; what goes out may grow.

pub mod accounts;
pub mod notifications;

use accounts::OwnView;
use hospes_session::model::Millis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A moment as RFC 3339 text, e.g. `2026-11-20T08:15:00Z`.
#[must_use]
pub fn rfc3339(at: Millis) -> String {
    i64::try_from(at)
        .ok()
        .and_then(|at| jiff::Timestamp::from_millisecond(at).ok())
        .map_or_else(|| "9999-12-31T23:59:59Z".to_owned(), |at| at.to_string())
}

/// RFC 9457, `application/problem+json`.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ProblemBody {
    /// Stable URI; its last segment is the code, e.g. `quota-technician`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What happened, one sentence.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// What to do, or what exactly was wrong.
    pub detail: Option<String>,
}

/// Body of `POST /auth/login`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// The technician's e-mail address.
    pub email: String,
    /// Their password.
    pub password: String,
}

/// Answer of `POST /auth/login`.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct LoginAnswer {
    /// Bearer token.
    pub token: String,
    /// When it dies.
    pub expires_at: String,
}

/// Who a technician is.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TechnicianView {
    /// Their id.
    pub id: String,
    /// Their address.
    pub email: String,
    /// For people.
    pub name: String,
    /// `owner` or `technician`.
    pub role: String,
}

/// A company as its technicians see it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct CompanyView {
    /// Its id.
    pub id: String,
    /// For people.
    pub name: String,
}

/// What the plan allows at a time (R7, R18) and for how long (R5).
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct LimitsView {
    /// Open sessions of one technician.
    pub per_technician: u32,
    /// Open sessions of the company.
    pub per_company: u32,
    /// Seats of the licence.
    pub seats: u32,
    /// Length of the lease in seconds.
    pub lease_seconds: u64,
}

/// What is open now.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct UsageView {
    /// Open sessions of the asking technician.
    pub technician: u32,
    /// Open sessions of the company; each holds one seat.
    pub company: u32,
}

/// Answer of `GET /me`.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct MeAnswer {
    /// Who asks.
    pub technician: OwnView,
    /// Whether nothing else can be done before the temporary password is changed.
    pub password_change_needed: bool,
    /// How many logins the asker has, this one among them.
    pub logins: u32,
    /// Their company.
    pub company: CompanyView,
    /// The plan's id.
    pub plan: String,
    /// The plan's modules that the company has.
    pub modules: Vec<String>,
    /// What plan and modules unlock; empty when the licence is not in force.
    pub features: Vec<String>,
    /// What the plan allows.
    pub limits: LimitsView,
    /// What is open now.
    pub usage: UsageView,
    /// Why the licence unlocks nothing now, when it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub licence_problem: Option<String>,
}

/// Body of `POST /sessions` (R1, R2, R20).
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PrepareRequest {
    /// Where the invitation goes.
    pub customer_email: String,
    /// For people.
    #[serde(default)]
    pub customer_name: Option<String>,
    /// `en`, `fr` or `es`; `en` when absent.
    #[serde(default)]
    pub language: Option<String>,
    /// The technician's own.
    #[serde(default)]
    pub note: Option<String>,
    /// The predefined password, 8 to 128 characters; generated when absent.
    #[serde(default)]
    pub password: Option<String>,
    /// Capability ids; all licensed ones when absent.
    #[serde(default)]
    pub capabilities: Option<Vec<String>>,
}

/// Answer of `POST /sessions`: the only time that code and password are shown.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct PrepareAnswer {
    /// The session's id.
    pub id: String,
    /// `prepared`.
    pub state: String,
    /// For the customer.
    pub deployment_link: String,
    /// Six digits, told to the customer on another way than the link (R4).
    pub security_code: String,
    /// The predefined password (R2).
    pub password: String,
    /// When link and code die.
    pub code_expires_at: String,
}

/// What a host says of its computer: hostile text, to be shown as text only.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct HostView {
    /// Operating system.
    pub os: String,
    /// Its name in the network.
    pub hostname: String,
    /// Version of the agent.
    pub agent: String,
}

/// The last host that could not join (R12).
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RefusalView {
    /// When.
    pub at: String,
    /// A stable code, e.g. `already-hosting`.
    pub reason: String,
}

/// An open channel.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ChannelView {
    /// Its id.
    pub id: String,
    /// Which capability.
    pub capability: String,
    /// Who opened it.
    pub technician: String,
    /// When.
    pub opened_at: String,
}

/// A session.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SessionView {
    /// Its id.
    pub id: String,
    /// `prepared`, `active` or `ended`.
    pub state: String,
    /// Who prepared it.
    pub technician: TechnicianView,
    /// Who is helped.
    pub customer_email: String,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_name: Option<String>,
    /// `en`, `fr` or `es`.
    pub language: String,
    /// The technician's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The chosen capabilities (R20).
    pub capabilities: Vec<String>,
    /// When it was prepared.
    pub created_at: String,
    /// While prepared: when link and code die.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_expires_at: Option<String>,
    /// While prepared: wrong codes so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wrong_codes: Option<u8>,
    /// When the lease began (R4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activated_at: Option<String>,
    /// When the lease ends (R5).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease_expires_at: Option<String>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    /// Why it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_reason: Option<String>,
    /// `pending`, `done` or `unreachable`, once ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removal: Option<String>,
    /// The last host that could not join (R12).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_refusal: Option<RefusalView>,
    /// Whether its host is connected now.
    pub online: bool,
    /// Its computer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<HostView>,
    /// Open channels.
    pub channels: Vec<ChannelView>,
}

/// Answer of `GET /sessions`.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SessionsAnswer {
    /// Newest first.
    pub sessions: Vec<SessionView>,
    /// For `?before=`, when there are more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Body of `PATCH /sessions/{id}` (R20).
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChooseRequest {
    /// Ids of all the capabilities that the session has from now on; at least one.
    pub capabilities: Vec<String>,
}

/// The page of a capability's plugin.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct PageView {
    /// Path of the page's HTML on this server, for a sandboxed frame: `/plugins/{hash}/{entry}`.
    pub url: String,
    /// BLAKE3 of the plugin file, hex.
    pub component: String,
}

/// One capability of a session (R9, R10, R20).
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct CapabilityView {
    /// Its id.
    pub id: String,
    /// In the language of `?lang=` or `Accept-Language`.
    pub title: String,
    /// Per language.
    pub titles: BTreeMap<String, String>,
    /// The feature of the plan that unlocks it.
    pub feature: String,
    /// Whether the plan has it.
    pub licensed: bool,
    /// Whether the technician chose it for this session.
    pub enabled: bool,
    /// Whether it can be opened now.
    pub available: bool,
    /// Why not: a stable code (`not-installed`, `not-licensed`, `not-chosen`, `session-not-active`, `host-offline`,
    /// `local-user-denied`) or the host's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The reason as a sentence in the asker's language, with what would change it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explain: Option<String>,
    /// `ask`, `granted` or `denied`.
    pub consent: String,
    /// The plugin's version; absent when it is not installed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its page, when it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<PageView>,
}

/// Answer of `GET /sessions/{id}/capabilities`.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct CapabilitiesAnswer {
    /// In the order of their ids.
    pub capabilities: Vec<CapabilityView>,
}

/// Body of `POST /sessions/{id}/tickets`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TicketRequest {
    /// The capability to open.
    pub capability: String,
}

/// Answer of `POST /sessions/{id}/tickets`.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct TicketAnswer {
    /// Single use, 30 s.
    pub ticket: String,
}

/// One entry of the audit log.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AuditView {
    /// Counts up without gaps per company.
    pub sequence: i64,
    /// When.
    pub at: String,
    /// The session, when one is concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// Inputs and outcome.
    #[schema(value_type = Object)]
    pub detail: serde_json::Value,
    /// BLAKE3 (hex) over the previous entry's hash and this entry's fields.
    pub hash: String,
}

/// Answer of `GET /audit`.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AuditAnswer {
    /// In the order that was asked for.
    pub entries: Vec<AuditView>,
    /// For `?after=`, when there are more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<i64>,
}

/// Data of a server-sent event of `GET /events`; the event's name says what happened.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct EventView {
    /// When.
    pub at: String,
    /// The session, when one is concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// What else there is to know, by event.
    #[schema(value_type = Object)]
    pub detail: serde_json::Value,
}
