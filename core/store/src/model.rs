//! Rows as values.

use hospes_licence::licence::SignedLicence;
use hospes_session::id::{CompanyId, LoginId, SessionId, TechnicianId};
use hospes_session::model::{Language, Millis};
use hospes_session::notification::Snapshot;
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
    /// The password was handed over by somebody else: until it is changed it opens nothing but its own change.
    pub temporary_password: bool,
    /// What pages and e-mails speak to them; none until they chose.
    pub language: Option<Language>,
    /// When they were added.
    pub created_at: Millis,
    /// Since when they may not log in.
    pub disabled_at: Option<Millis>,
    /// When they last logged in.
    pub last_login_at: Option<Millis>,
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
    /// When it was last used, to about a minute.
    pub last_used_at: Option<Millis>,
    /// From where it was made.
    pub address: Option<String>,
    /// With what it was made, in the program's own words: not to be trusted.
    pub agent: Option<String>,
}

/// Which sessions. What is none does not matter; all that is there must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionFilter {
    /// `prepared`, `active` or `ended`.
    pub state: Option<String>,
    /// Who prepared it.
    pub technician: Option<TechnicianId>,
    /// A part of the customer's address or name or of the computer's name, whatever the case.
    pub text: Option<String>,
    /// Prepared at this moment or later.
    pub from: Option<Millis>,
    /// Prepared at this moment or earlier.
    pub to: Option<Millis>,
    /// Only what comes after this one, newest first.
    pub before: Option<Cursor>,
    /// At most that many; 0 for all.
    pub limit: u32,
}

/// A place in the list of sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// When that session was prepared.
    pub created_at: Millis,
    /// Which it is: several may share a moment.
    pub id: SessionId,
}

/// Which audit entries. What is none does not matter; all that is there must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// At this moment or later.
    pub from: Option<Millis>,
    /// At this moment or earlier.
    pub to: Option<Millis>,
    /// Of one session.
    pub session: Option<SessionId>,
    /// Who, as in [`Audit::actor`]; or what stands before its colon, for all of a kind (`host`).
    pub actor: Option<String>,
    /// What, as in [`Audit::action`]; or what stands before its dot, for all of a kind (`channel`).
    pub action: Option<String>,
    /// Newest first; else oldest first.
    pub newest_first: bool,
    /// Only entries that follow this sequence in the order that is asked for: the last one that was read; 0 for none.
    pub after: i64,
    /// At most that many; 0 for all.
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
    /// The session as the event found it.
    pub snapshot: Snapshot,
    /// What is forgotten once it is delivered.
    pub notice: Option<serde_json::Value>,
    /// When it happened.
    pub at: Millis,
}
