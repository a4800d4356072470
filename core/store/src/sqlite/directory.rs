//! Companies, technicians, logins.

use super::row::{Place, fold, hex, json_text, key, time};
use super::{SqliteStore, audit, notifications};
use crate::model::{Audit, Company, Login, Role, Technician};
use crate::outbox::first_channels;
use crate::{Result, StoreError};
use hospes_licence::licence::SignedLicence;
use hospes_session::id::{CompanyId, LoginId, TechnicianId};
use hospes_session::model::{Language, Millis};
use serde_json::json;
use sqlx::sqlite::SqliteRow;

fn company(row: &SqliteRow) -> Result<Company> {
    let key = key(row);
    let place = Place { table: "companies", key: &key };
    Ok(Company {
        id: place.parse(row, "id")?,
        name: place.get(row, "name")?,
        licence: place.json(row, "licence")?,
        created_at: place.millis(row, "created_at")?,
    })
}

/// The columns of [`technician`].
macro_rules! technician_columns {
    () => {
        "id, company, email, name, role, password_hash, temporary_password, language, created_at, disabled_at, \
         last_login_at"
    };
}
pub(super) use technician_columns;

pub(super) fn technician(row: &SqliteRow) -> Result<Technician> {
    let key = key(row);
    let place = Place { table: "technicians", key: &key };
    let role: &str = place.get(row, "role")?;
    let language: Option<&str> = place.get(row, "language")?;
    Ok(Technician {
        id: place.parse(row, "id")?,
        company: place.parse(row, "company")?,
        email: place.get(row, "email")?,
        name: place.get(row, "name")?,
        role: match role {
            "owner" => Role::Owner,
            "technician" => Role::Technician,
            other => return Err(place.corrupt("role", format!("{other:?} is no role"))),
        },
        password_hash: place.get(row, "password_hash")?,
        temporary_password: place.get::<i64>(row, "temporary_password")? != 0,
        language: match language {
            None => None,
            Some("en") => Some(Language::En),
            Some("fr") => Some(Language::Fr),
            Some("es") => Some(Language::Es),
            Some(other) => return Err(place.corrupt("language", format!("{other:?} is no language"))),
        },
        created_at: place.millis(row, "created_at")?,
        disabled_at: place.maybe_millis(row, "disabled_at")?,
        last_login_at: place.maybe_millis(row, "last_login_at")?,
    })
}

/// The columns of [`login`], of the table `logins`.
macro_rules! login_columns {
    () => {
        "logins.id AS id, technician, token_hash, logins.created_at AS created_at, expires_at, last_used_at, address, agent"
    };
}
pub(super) use login_columns;

pub(super) fn login(row: &SqliteRow) -> Result<Login> {
    let key = key(row);
    let place = Place { table: "logins", key: &key };
    Ok(Login {
        id: place.parse(row, "id")?,
        technician: place.parse(row, "technician")?,
        token_hash: (place.bytes("token_hash", place.get(row, "token_hash")?)?.try_into())
            .map_err(|_| place.corrupt("token_hash", "it is not 32 bytes"))?,
        created_at: place.millis(row, "created_at")?,
        expires_at: place.millis(row, "expires_at")?,
        last_used_at: place.maybe_millis(row, "last_used_at")?,
        address: place.get(row, "address")?,
        agent: place.get(row, "agent")?,
    })
}

/// What was signed, for the audit log: the document itself, or its bytes as hex when it is none.
fn licence_text(licence: &SignedLicence) -> serde_json::Value {
    serde_json::from_slice(&licence.bytes).unwrap_or_else(|_| hex(&licence.bytes).into())
}

/// What a violated constraint means for whoever adds a row.
pub(super) fn adding(error: sqlx::Error, what: &str) -> StoreError {
    match error.as_database_error() {
        Some(database) if database.is_unique_violation() => StoreError::Exists(what.to_owned()),
        Some(database) if database.is_foreign_key_violation() => StoreError::NotFound,
        _ => error.into(),
    }
}

impl SqliteStore {
    pub(super) async fn insert_company(&self, company: &Company) -> Result<()> {
        let mut tx = self.write().await?;
        sqlx::query("INSERT INTO companies (id, name, licence, created_at) VALUES ($1, $2, $3, $4)")
            .bind(company.id.to_string())
            .bind(&company.name)
            .bind(json_text(&company.licence)?)
            .bind(time(company.created_at))
            .execute(&mut *tx)
            .await
            .map_err(|error| adding(error, &format!("the company {:?}", company.name)))?;
        for channel in first_channels(company.id, company.created_at) {
            notifications::insert(&mut tx, &channel).await?;
        }
        let mut head = audit::begin_chain(&mut tx, company.id).await?;
        let entry = Audit {
            company: Some(company.id),
            session: None,
            actor: "operator".to_owned(),
            action: "company.add".to_owned(),
            detail: json!({ "name": company.name, "licence": licence_text(&company.licence) }),
        };
        head.append(&mut tx, &entry, company.created_at).await?;
        Ok(tx.commit().await?)
    }

    pub(super) async fn find_company(&self, id: CompanyId) -> Result<Company> {
        let row = sqlx::query("SELECT id, name, licence, created_at FROM companies WHERE id = $1")
            .bind(id.to_string())
            .fetch_one(&self.readers)
            .await?;
        company(&row)
    }

    pub(super) async fn find_company_by_name(&self, name: &str) -> Result<Company> {
        let row = sqlx::query("SELECT id, name, licence, created_at FROM companies WHERE name = $1")
            .bind(name)
            .fetch_one(&self.readers)
            .await?;
        company(&row)
    }

    pub(super) async fn list_companies(&self) -> Result<Vec<Company>> {
        sqlx::query("SELECT id, name, licence, created_at FROM companies ORDER BY name")
            .fetch_all(&self.readers)
            .await?
            .iter()
            .map(company)
            .collect()
    }

    pub(super) async fn replace_licence(
        &self,
        company: CompanyId,
        licence: &SignedLicence,
        now: Millis,
        entry: &Audit,
    ) -> Result<()> {
        let mut tx = self.write().await?;
        let mut head = audit::lock(&mut tx, Some(company)).await?;
        sqlx::query("UPDATE companies SET licence = $1 WHERE id = $2")
            .bind(json_text(licence)?)
            .bind(company.to_string())
            .execute(&mut *tx)
            .await?;
        head.append(&mut tx, entry, now).await?;
        Ok(tx.commit().await?)
    }

    pub(super) async fn insert_technician(&self, technician: &Technician, entry: &Audit) -> Result<()> {
        let mut tx = self.write().await?;
        let mut head = audit::lock(&mut tx, Some(technician.company)).await?;
        let role = match technician.role {
            Role::Owner => "owner",
            Role::Technician => "technician",
        };
        sqlx::query(
            "INSERT INTO technicians (id, company, email, email_folded, name, role, password_hash, temporary_password, \
             language, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(technician.id.to_string())
        .bind(technician.company.to_string())
        .bind(technician.email.trim())
        .bind(fold(&technician.email))
        .bind(&technician.name)
        .bind(role)
        .bind(&technician.password_hash)
        .bind(i64::from(technician.temporary_password))
        .bind(technician.language.map(language_code))
        .bind(time(technician.created_at))
        .execute(&mut *tx)
        .await
        .map_err(|error| adding(error, &format!("a technician with the e-mail address {}", technician.email.trim())))?;
        let mut entry = entry.clone();
        entry.company = Some(technician.company);
        entry.detail = json!({ "technician": technician.id, "email": technician.email.trim(), "role": role });
        head.append(&mut tx, &entry, technician.created_at).await?;
        Ok(tx.commit().await?)
    }

    pub(super) async fn find_technician(&self, id: TechnicianId) -> Result<Technician> {
        let row = sqlx::query(concat!("SELECT ", technician_columns!(), " FROM technicians WHERE id = $1"))
            .bind(id.to_string())
            .fetch_one(&self.readers)
            .await?;
        technician(&row)
    }

    pub(super) async fn find_technician_by_email(&self, email: &str) -> Result<Technician> {
        let row = sqlx::query(concat!("SELECT ", technician_columns!(), " FROM technicians WHERE email_folded = $1"))
            .bind(fold(email))
            .fetch_one(&self.readers)
            .await?;
        technician(&row)
    }

    pub(super) async fn find_login(&self, token_hash: [u8; 32], now: Millis) -> Result<Login> {
        let row = sqlx::query(concat!(
            "SELECT ",
            login_columns!(),
            " FROM logins JOIN technicians ON technicians.id = technician \
             WHERE token_hash = $1 AND expires_at > $2 AND disabled_at IS NULL"
        ))
        .bind(hex(&token_hash))
        .bind(time(now))
        .fetch_one(&self.readers)
        .await?;
        login(&row)
    }

    pub(super) async fn find_login_by_id(&self, id: LoginId, now: Millis) -> Result<Login> {
        let row = sqlx::query(concat!(
            "SELECT ",
            login_columns!(),
            " FROM logins JOIN technicians ON technicians.id = technician \
             WHERE logins.id = $1 AND expires_at > $2 AND disabled_at IS NULL"
        ))
        .bind(id.to_string())
        .bind(time(now))
        .fetch_one(&self.readers)
        .await?;
        login(&row)
    }
}

/// A language as a column holds it.
pub(super) fn language_code(language: Language) -> &'static str {
    match language {
        Language::En => "en",
        Language::Fr => "fr",
        Language::Es => "es",
    }
}
