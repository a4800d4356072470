//! Rows as values.

use hospes_licence::licence::SignedLicence;
use hospes_session::id::{CompanyId, LoginId, SessionId, TechnicianId};
use hospes_session::model::Millis;
use serde::{Deserialize, Serialize};

/// A company (the tenant).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Company {
    /// Its id.
    pub id: CompanyId,
    /// Unique.
    pub name: String,
    /// What it bought.
    pub licence: SignedLicence,
    /// When it was added.
    pub created_at: Millis,
}

/// What a technician may do in the company.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Also manages the company.
    Owner,
    /// Supports.
    Technician,
}

/// A technician.
#[derive(Clone, PartialEq, Eq)]
pub struct Technician {
    /// Their id.
    pub id: TechnicianId,
    /// Their company.
    pub company: CompanyId,
    /// Unique in the server, case-folded.
    pub email: String,
    /// For people.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// PHC string, argon2id.
    pub password_hash: String,
    /// When they were added.
    pub created_at: Millis,
}

/// A login.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// Its id; what a session password unlocks.
    pub id: LoginId,
    /// Whose.
    pub technician: TechnicianId,
    /// BLAKE3 of the token.
    pub token_hash: [u8; 32],
    /// When it was made.
    pub created_at: Millis,
    /// When it dies.
    pub expires_at: Millis,
}

/// Which sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionFilter {
    /// `prepared`, `active` or `ended`.
    pub state: Option<String>,
    /// At most that many; 0 means 500.
    pub limit: u32,
}

/// What to write into the audit log beside the change itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// The company, when one is concerned.
    pub company: Option<CompanyId>,
    /// The session, when one is concerned.
    pub session: Option<SessionId>,
    /// Who: `technician:<id>`, `host:<key>`, `customer`, `sweeper`, `operator`, `address:<ip>`.
    pub actor: String,
    /// What, e.g. `session.prepare`, `channel.open`.
    pub action: String,
    /// Inputs and outcome, as JSON. Never a secret.
    pub detail: serde_json::Value,
}

/// An entry of the append-only log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Counts up without gaps per company.
    pub sequence: i64,
    /// When.
    pub at: Millis,
    /// See [`Audit`].
    pub session: Option<SessionId>,
    /// See [`Audit`].
    pub actor: String,
    /// See [`Audit`].
    pub action: String,
    /// See [`Audit`].
    pub detail: serde_json::Value,
    /// BLAKE3 (hex) of the previous entry's hash and this entry's fields.
    pub hash: String,
}

/// Something to be told to notifiers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxEntry {
    /// Its id.
    pub id: i64,
    /// The company.
    pub company: CompanyId,
    /// The session.
    pub session: SessionId,
    /// The event's name, e.g. `session.activated`.
    pub event: String,
    /// The event as JSON.
    pub payload: serde_json::Value,
    /// When it happened.
    pub at: Millis,
}
