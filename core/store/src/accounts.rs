//! Technicians' accounts and logins: what owners, technicians and the operator change, each change with its audit entry
//! in one transaction. A part of the [`crate::Store`], in a file of its own.
//!
//! What always holds: a technician who is disabled has no login, and none can be made; a company that has an owner who
//! may log in keeps one.

use crate::Result;
use crate::model::{Audit, Login, Technician};
use hospes_session::id::{CompanyId, LoginId, TechnicianId};
use hospes_session::model::{Language, Millis};
use std::collections::HashSet;

/// What to change of an account; what is none stays.
#[derive(Clone, Default)]
pub struct AccountChange {
    /// For people.
    pub name: Option<String>,
    /// What pages and e-mails speak to them.
    pub language: Option<Language>,
    /// Whether they may log in. No ends their logins.
    pub disabled: Option<bool>,
    /// Another password. Ends their logins.
    pub password: Option<NewPassword>,
}

/// A password that takes the place of another.
#[derive(Clone)]
pub struct NewPassword {
    /// PHC string, argon2id.
    pub hash: String,
    /// The hash that it replaces, when whoever changes it knew that password: a reset that came in between must not be
    /// undone.
    pub replaces: Option<String>,
    /// Handed over by somebody else: to be changed at the next log-in.
    pub temporary: bool,
    /// The login that goes on: that of whoever changes their own.
    pub keep: Option<LoginId>,
}

/// What became of an account.
#[derive(Clone)]
pub struct Changed {
    /// As it is now.
    pub technician: Technician,
    /// Logins that ended with the change.
    pub ended: Vec<LoginId>,
}

/// Which of a technician's logins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// One.
    One(LoginId),
    /// All.
    All,
}

/// Accounts and logins.
#[async_trait::async_trait]
pub trait Accounts: Send + Sync {
    /// A company's technicians, by name.
    async fn technicians(&self, company: CompanyId) -> Result<Vec<Technician>>;
    /// Adds a technician; the e-mail address is unique in the whole server (case-folded). The entry's detail is the
    /// store's.
    ///
    /// # Errors
    /// [`crate::StoreError::Exists`] when the address is taken.
    async fn add_colleague(&self, technician: &Technician, audit: &Audit) -> Result<()>;
    /// Changes an account of a company. What changed, from what to what, is added to the entry's detail; nothing is
    /// written when nothing changes.
    ///
    /// # Errors
    /// [`crate::StoreError::NotFound`] for another company's, [`crate::StoreError::LastOwner`], and
    /// [`crate::StoreError::Stale`] when the password is no longer the one that is to be replaced.
    async fn change_account(
        &self,
        company: CompanyId,
        id: TechnicianId,
        change: &AccountChange,
        now: Millis,
        audit: &Audit,
    ) -> Result<Changed>;
    /// Keeps a login of a technician whose password was checked against this hash.
    ///
    /// # Errors
    /// [`crate::StoreError::NotFound`] when they may not log in any more or the password is another now.
    async fn log_in(&self, login: &Login, password_hash: &str, audit: &Audit) -> Result<()>;
    /// A technician's logins that live at `now`, newest first.
    async fn logins(&self, technician: TechnicianId, now: Millis) -> Result<Vec<Login>>;
    /// All logins of the server that live at `now`.
    async fn living_logins(&self, now: Millis) -> Result<HashSet<LoginId>>;
    /// Remembers that a login was used.
    async fn login_used(&self, id: LoginId, now: Millis) -> Result<()>;
    /// Ends logins of a technician and writes that down; gives those that ended. None is no error, and not written down.
    async fn end_logins(
        &self,
        technician: TechnicianId,
        which: Which,
        now: Millis,
        audit: &Audit,
    ) -> Result<Vec<LoginId>>;
}
