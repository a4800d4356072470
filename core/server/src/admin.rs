//! What the server's own command line can do: companies, owners, technicians, and the audit logs' proof. No network route
//! makes a company or an owner.

use crate::clock;
use crate::keys::{KeyError, operator_key};
use crate::passwords;
use hospes_licence::licence::{self, Licence};
use hospes_session::account::{RANDOM, temporary_password};
use hospes_session::id::{CompanyId, TechnicianId};
use hospes_session::password::SessionPassword;
use hospes_session::plan::{Plan, default_catalogue};
use hospes_session::prepare::unseen;
use hospes_store::accounts::{AccountChange, Accounts, NewPassword};
use hospes_store::model::{Audit, Company, Role, Technician};
use hospes_store::sqlite::SqliteStore;
use hospes_store::{Store, StoreError};
use std::path::Path;
use zeroize::Zeroizing;

/// Name of the database in the data directory.
pub(crate) const DATABASE: &str = "hospes.db";

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// No key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The store said no.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// What was given cannot be used.
    #[error("{0}")]
    Wrong(String),
    /// The machine's own fault.
    #[error("{0}")]
    Internal(String),
}

/// Operator's access to a data directory, whether or not a server runs on it.
pub struct Admin {
    store: SqliteStore,
    operator: hospes_licence::key::KeyPair,
    plans: Vec<Plan>,
}

/// Whether a server's database is in this data directory.
#[must_use]
pub fn has_database(data: &Path) -> bool {
    data.join(DATABASE).is_file()
}

/// An audit log that is whole.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The company's name; none for the server's own log.
    pub company: Option<String>,
    /// How many entries it has.
    pub entries: u64,
}

/// A company to be added.
#[derive(Clone, Debug)]
pub struct NewCompany {
    /// Unique, for people.
    pub name: String,
    /// One of the catalogue that is sold.
    pub plan: String,
    /// Modules of that plan.
    pub modules: Vec<String>,
    /// Open sessions at a time (R18).
    pub seats: u32,
}

impl Admin {
    /// Opens a data directory, making what is missing.
    ///
    /// # Errors
    /// When keys or database cannot be opened.
    pub async fn open(data: &Path) -> Result<Self, AdminError> {
        let operator = operator_key(data)?;
        let store = SqliteStore::open(data.join(DATABASE)).await?;
        Ok(Self { store, operator, plans: default_catalogue() })
    }

    /// The store, for what is not here.
    #[must_use]
    pub fn store(&self) -> &dyn Store {
        &self.store
    }

    /// The operator's key: signs licences.
    #[must_use]
    pub fn operator(&self) -> &hospes_licence::key::KeyPair {
        &self.operator
    }

    /// Adds a company with a licence signed by the operator's key.
    ///
    /// # Errors
    /// A name that is taken or empty, a plan or module that does not exist.
    pub async fn add_company(&self, new: &NewCompany) -> Result<Company, AdminError> {
        let name = named("the company's name", &new.name)?;
        let plan = self.plans.iter().find(|plan| plan.id == new.plan).ok_or_else(|| {
            let known: Vec<_> = self.plans.iter().map(|plan| plan.id.as_str()).collect();
            AdminError::Wrong(format!("there is no plan '{}'; the catalogue has: {}", new.plan, known.join(", ")))
        })?;
        if let Some(module) = new.modules.iter().find(|module| !plan.modules.contains_key(*module)) {
            let known: Vec<_> = plan.modules.keys().map(String::as_str).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(AdminError::Wrong(format!("plan '{}' has no module '{module}'; it has: {known}", plan.id)));
        }
        let now = clock::now();
        let id = CompanyId::from_parts(now, random()?);
        let licence = Licence {
            id: uuid::Uuid::now_v7().to_string(),
            company: id.to_string(),
            plan: plan.id.clone(),
            modules: new.modules.clone(),
            seats: new.seats,
            issued_at: now,
            from: now,
            until: None,
        };
        let licence =
            licence::issue(&licence, &self.operator).map_err(|refusal| AdminError::Wrong(refusal.to_string()))?;
        let company = Company { id, name, licence, created_at: now };
        self.store.add_company(&company).await?;
        Ok(company)
    }

    /// Adds a technician to a company, by the company's name.
    ///
    /// # Errors
    /// A company that does not exist, an address that is taken or none, a password under 8 characters.
    pub async fn add_technician(
        &self,
        company: &str,
        email: &str,
        name: &str,
        role: Role,
        password: Zeroizing<String>,
    ) -> Result<Technician, AdminError> {
        let company = self.company(company).await?;
        let email = named("the e-mail address", email)?;
        if !email.contains('@') || email.contains(char::is_whitespace) {
            return Err(AdminError::Wrong(format!("'{email}' is not an e-mail address")));
        }
        let length = password.chars().count();
        if length < 8 || password.len() > passwords::LONGEST {
            let longest = passwords::LONGEST;
            return Err(AdminError::Wrong(format!("the password has {length} characters; 8 to {longest} are needed")));
        }
        let now = clock::now();
        let hash = hash(password).await?;
        let technician = Technician {
            id: TechnicianId::from_parts(now, random()?),
            company: company.id,
            email,
            name: named("the technician's name", name)?,
            role,
            password_hash: hash,
            temporary_password: false,
            language: None,
            created_at: now,
            disabled_at: None,
            last_login_at: None,
        };
        self.store.add_technician(&technician).await?;
        Ok(technician)
    }
}

impl Admin {
    /// A company by its name.
    ///
    /// # Errors
    /// When there is none.
    pub async fn company(&self, name: &str) -> Result<Company, AdminError> {
        match self.store.company_by_name(name).await {
            Err(StoreError::NotFound) => {
                Err(AdminError::Wrong(format!("there is no company '{name}'; see `hospes admin company list`")))
            }
            other => Ok(other?),
        }
    }

    /// Reads whole audit logs, that of one company or all and the server's own, and checks every hash.
    ///
    /// # Errors
    /// Names the log and the first entry that does not fit.
    pub async fn verify_audit(&self, company: Option<&str>) -> Result<Vec<Verified>, AdminError> {
        let mut logs = Vec::new();
        match company {
            Some(name) => logs.push(Some(self.company(name).await?)),
            None => {
                logs.push(None);
                logs.extend(self.store.companies().await?.into_iter().map(Some));
            }
        }
        let mut verified = Vec::new();
        for company in logs {
            let entries = self.store.verify_audit(company.as_ref().map(|company| company.id)).await;
            let company = company.map(|company| company.name);
            let entries = entries.map_err(|error| {
                let whose = company.as_deref().map_or("the server's own log".to_owned(), |name| format!("'{name}'"));
                AdminError::Wrong(format!("{whose}: {error}"))
            })?;
            verified.push(Verified { company, entries });
        }
        Ok(verified)
    }

    /// Lets a technician log in no more, or again. Their logins end; a server that runs closes what those keep open within
    /// a second.
    ///
    /// # Errors
    /// An address that nobody has, or the last owner of a company.
    pub async fn disable(&self, email: &str, disabled: bool) -> Result<Technician, AdminError> {
        let change = AccountChange { disabled: Some(disabled), ..AccountChange::default() };
        self.change(email, &change, "technician.change").await
    }

    /// Gives a technician a temporary password, to be changed at the next log-in, and ends their logins.
    ///
    /// # Errors
    /// An address that nobody has.
    pub async fn reset(&self, email: &str) -> Result<(Technician, SessionPassword), AdminError> {
        let random = clock::random::<RANDOM>().map_err(|refusal| AdminError::Internal(refusal.into_problem().title))?;
        let password = temporary_password(random);
        let hash = hash(Zeroizing::new(password.reveal().to_owned())).await?;
        let new = NewPassword { hash, replaces: None, temporary: true, keep: None };
        let change = AccountChange { password: Some(new), ..AccountChange::default() };
        Ok((self.change(email, &change, "technician.reset").await?, password))
    }

    async fn change(&self, email: &str, change: &AccountChange, action: &str) -> Result<Technician, AdminError> {
        let technician = match self.store.technician_by_email(email).await {
            Err(StoreError::NotFound) => {
                return Err(AdminError::Wrong(format!(
                    "there is no technician '{email}'; see `hospes admin technician list`"
                )));
            }
            other => other?,
        };
        let audit = Audit {
            company: Some(technician.company),
            session: None,
            actor: "operator".to_owned(),
            action: action.to_owned(),
            detail: serde_json::json!({}),
        };
        let changed = self.store.change_account(technician.company, technician.id, change, clock::now(), &audit);
        Ok(changed.await?.technician)
    }
}

async fn hash(password: Zeroizing<String>) -> Result<String, AdminError> {
    tokio::task::spawn_blocking(move || passwords::hash_now(&password))
        .await
        .map_err(|error| AdminError::Internal(error.to_string()))?
        .map_err(|refusal| AdminError::Internal(refusal.into_problem().title))
}

fn named(what: &str, text: &str) -> Result<String, AdminError> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > 200 || text.chars().any(|c| c.is_control() || unseen(c)) {
        return Err(AdminError::Wrong(format!(
            "{what} must have 1 to 200 characters, none of them a control character or one that cannot be seen"
        )));
    }
    Ok(text.to_owned())
}

fn random() -> Result<[u8; 16], AdminError> {
    clock::random().map_err(|refusal| AdminError::Internal(refusal.into_problem().title))
}
