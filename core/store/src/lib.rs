//! Everything that must survive: companies, technicians, logins, sessions, audit, outbox. One trait, [`Store`], with a
//! part of its own for each larger subject ([`Outbox`]); [`sqlite`] implements it, PostgreSQL will. SQL stays in the common subset of both.
//!
//! A state change, its audit entry and its outbox entries are one transaction, so that no crash separates them.

pub mod accounts;
pub mod chain;
pub mod model;
pub mod operation;
pub mod outbox;
pub mod sqlite;

use hospes_licence::licence::SignedLicence;
use hospes_session::id::{CompanyId, LoginId, SessionId, TechnicianId};
use hospes_session::model::{Millis, Session};
use hospes_session::quota::{Limits, QuotaRefusal};
use hospes_session::rules::{Command, Decision};
use model::{Audit, AuditEntry, AuditFilter, Company, Login, SessionFilter, Technician};
pub use outbox::Outbox;

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// R7, R18.
    #[error(transparent)]
    Quota(#[from] QuotaRefusal),
    /// A name or address is taken.
    #[error("{0} already exists")]
    Exists(String),
    /// The company would be left without an owner who can log in.
    #[error("they are the company's last owner; add another owner first")]
    LastOwner,
    /// Somebody else changed it since it was read.
    #[error("it was changed in the meantime; look again")]
    Stale,
    /// There is no such row for this company.
    #[error("not found")]
    NotFound,
    /// The database itself; the text is for the log only.
    #[error("database: {0}")]
    Database(String),
    /// What is stored cannot be read by this version; names table and key.
    #[error("stored data cannot be read: {0}")]
    Corrupt(String),
}

/// Answer of the store.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// The store. Every call that names a company finds rows of that company only.
#[async_trait::async_trait]
pub trait Store: accounts::Accounts + operation::Operation + Outbox + Send + Sync {
    /// Adds a company with its licence and [`outbox::first_channels`]; its name is unique.
    async fn add_company(&self, company: &Company) -> Result<()>;
    /// By id.
    async fn company(&self, id: CompanyId) -> Result<Company>;
    /// By name.
    async fn company_by_name(&self, name: &str) -> Result<Company>;
    /// All companies, by name.
    async fn companies(&self) -> Result<Vec<Company>>;
    /// Puts another licence in place of a company's.
    async fn set_licence(&self, company: CompanyId, licence: &SignedLicence, now: Millis, audit: &Audit) -> Result<()>;
    /// Adds a technician; the e-mail address is unique in the whole server (case-folded).
    async fn add_technician(&self, technician: &Technician) -> Result<()>;
    /// By id.
    async fn technician(&self, id: TechnicianId) -> Result<Technician>;
    /// By e-mail address, whatever its case.
    async fn technician_by_email(&self, email: &str) -> Result<Technician>;
    /// By BLAKE3 of its token, when it has not expired at `now` and its technician may log in.
    async fn login_by_token(&self, token_hash: [u8; 32], now: Millis) -> Result<Login>;
    /// By id, when it has not expired at `now` and its technician may log in.
    async fn login(&self, id: LoginId, now: Millis) -> Result<Login>;

    /// Prepares a session in one conditional write (R7, R18): exact under any concurrency. `verifier` is what the host
    /// will check the session password with; it is kept until activation only. `notice` is what notifiers need beside
    /// the event and nobody else may keep (the deployment link, for the invitation): it is part of the outbox entry's
    /// payload as `notice`, and forgotten when the deliveries made of it have arrived or the link is dead (used or over).
    ///
    /// # Errors
    /// [`StoreError::Quota`] names the limit that was reached; [`StoreError::NotFound`] when company or technician are
    /// not there, or the technician is another company's.
    async fn prepare(
        &self,
        session: &Session,
        limits: Limits,
        seats: u32,
        verifier: &[u8],
        notice: &serde_json::Value,
        audit: &Audit,
    ) -> Result<()>;
    /// What is open now, for `GET /me`: of the technician, of the company.
    async fn usage(&self, company: CompanyId, technician: TechnicianId) -> Result<(u32, u32)>;
    /// One session of a company.
    async fn session(&self, company: CompanyId, id: SessionId) -> Result<Session>;
    /// Sessions of a company, newest first.
    async fn sessions(&self, company: CompanyId, filter: &SessionFilter) -> Result<Vec<Session>>;
    /// By BLAKE3 of the link's token, in whatever state.
    async fn session_by_token(&self, token_hash: [u8; 32]) -> Result<Session>;
    /// Any session by id (for hosts, which have no company).
    async fn session_for_host(&self, id: SessionId) -> Result<Session>;
    /// The verifier of the session password, until activation.
    async fn password_verifier(&self, id: SessionId) -> Result<Option<Vec<u8>>>;
    /// Loads, decides ([`hospes_session::rules::decide`]), and writes what follows, with audit and outbox, in one
    /// transaction. Serialized per session: no two callers decide on the same value.
    async fn apply(&self, id: SessionId, command: &Command, now: Millis, audit: &Audit) -> Result<Decision>;
    /// Open sessions whose link or lease is over at `now`, and ended ones whose removal is pending past the lease.
    async fn due(&self, now: Millis) -> Result<Vec<SessionId>>;

    /// Writes one audit entry that changes no session (channel opened, login failed, ...).
    async fn audit(&self, audit: &Audit, now: Millis) -> Result<()>;
    /// Audit entries of a company, in the order that the filter says.
    async fn audit_entries(&self, company: CompanyId, filter: &AuditFilter) -> Result<Vec<AuditEntry>>;
    /// Reads a company's whole audit log (the server's own with none) and checks every hash and the head. Gives the
    /// number of entries.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] names the first entry that does not fit.
    async fn verify_audit(&self, company: Option<CompanyId>) -> Result<u64>;
    /// Answers when the database does (`/readyz`).
    async fn ping(&self) -> Result<()>;
}
