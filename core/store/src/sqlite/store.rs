//! The trait, call by call; what each does stands in the subject's own module.

use super::SqliteStore;
use crate::model::{Audit, AuditEntry, AuditFilter, Company, Login, SessionFilter, Technician};
use crate::{Result, Store};
use hospes_licence::licence::SignedLicence;
use hospes_session::id::{CompanyId, LoginId, SessionId, TechnicianId};
use hospes_session::model::{Millis, Session};
use hospes_session::quota::Limits;
use hospes_session::rules::{Command, Decision};

#[async_trait::async_trait]
impl Store for SqliteStore {
    async fn add_company(&self, company: &Company) -> Result<()> {
        self.insert_company(company).await
    }

    async fn company(&self, id: CompanyId) -> Result<Company> {
        self.find_company(id).await
    }

    async fn company_by_name(&self, name: &str) -> Result<Company> {
        self.find_company_by_name(name).await
    }

    async fn companies(&self) -> Result<Vec<Company>> {
        self.list_companies().await
    }

    async fn set_licence(&self, company: CompanyId, licence: &SignedLicence, now: Millis, audit: &Audit) -> Result<()> {
        self.replace_licence(company, licence, now, audit).await
    }

    async fn add_technician(&self, technician: &Technician) -> Result<()> {
        self.insert_technician(technician, &operator("technician.add")).await
    }

    async fn technician(&self, id: TechnicianId) -> Result<Technician> {
        self.find_technician(id).await
    }

    async fn technician_by_email(&self, email: &str) -> Result<Technician> {
        self.find_technician_by_email(email).await
    }

    async fn login_by_token(&self, token_hash: [u8; 32], now: Millis) -> Result<Login> {
        self.find_login(token_hash, now).await
    }

    async fn login(&self, id: LoginId, now: Millis) -> Result<Login> {
        self.find_login_by_id(id, now).await
    }

    async fn prepare(
        &self,
        session: &Session,
        limits: Limits,
        seats: u32,
        verifier: &[u8],
        notice: &serde_json::Value,
        audit: &Audit,
    ) -> Result<()> {
        self.prepare_session(session, limits, seats, verifier, notice, audit).await
    }

    async fn usage(&self, company: CompanyId, technician: TechnicianId) -> Result<(u32, u32)> {
        self.count_open(company, technician).await
    }

    async fn session(&self, company: CompanyId, id: SessionId) -> Result<Session> {
        self.find_session(company, id).await
    }

    async fn sessions(&self, company: CompanyId, filter: &SessionFilter) -> Result<Vec<Session>> {
        self.list_sessions(company, filter).await
    }

    async fn session_by_token(&self, token_hash: [u8; 32]) -> Result<Session> {
        self.find_session_by_token(token_hash).await
    }

    async fn session_for_host(&self, id: SessionId) -> Result<Session> {
        self.find_any_session(id).await
    }

    async fn password_verifier(&self, id: SessionId) -> Result<Option<Vec<u8>>> {
        self.find_verifier(id).await
    }

    async fn apply(&self, id: SessionId, command: &Command, now: Millis, audit: &Audit) -> Result<Decision> {
        self.change_session(id, command, now, audit).await
    }

    async fn due(&self, now: Millis) -> Result<Vec<SessionId>> {
        self.find_due(now).await
    }

    async fn audit(&self, audit: &Audit, now: Millis) -> Result<()> {
        self.write_audit(audit, now).await
    }

    async fn audit_entries(&self, company: CompanyId, filter: &AuditFilter) -> Result<Vec<AuditEntry>> {
        self.read_audit(company, filter).await
    }

    async fn verify_audit(&self, company: Option<CompanyId>) -> Result<u64> {
        self.check_audit(company).await
    }

    async fn ping(&self) -> Result<()> {
        sqlx::query("SELECT 1").execute(&self.readers).await?;
        Ok(())
    }
}

/// An entry of what the server's own command line does; the store fills in the rest.
fn operator(action: &str) -> Audit {
    Audit {
        company: None,
        session: None,
        actor: "operator".to_owned(),
        action: action.to_owned(),
        detail: serde_json::Value::Null,
    }
}
