//! Technicians' accounts and logins.

use super::directory::{adding, language_code, login, login_columns, technician, technician_columns};
use super::row::{Place, hex, key, time};
use super::{SqliteStore, audit};
use crate::accounts::{AccountChange, Accounts, Changed, NewPassword, Which};
use crate::model::{Audit, Login, Role, Technician};
use crate::{Result, StoreError};
use hospes_session::id::{CompanyId, LoginId, TechnicianId};
use hospes_session::model::Millis;
use serde_json::{Map, Value, json};
use sqlx::{Row, SqliteConnection};
use std::collections::HashSet;

/// An account of the company, inside the caller's transaction.
async fn find(db: &mut SqliteConnection, company: CompanyId, id: TechnicianId) -> Result<Technician> {
    let row =
        sqlx::query(concat!("SELECT ", technician_columns!(), " FROM technicians WHERE id = $1 AND company = $2"))
            .bind(id.to_string())
            .bind(company.to_string())
            .fetch_one(db)
            .await?;
    technician(&row)
}

/// The account as the change leaves it, and what the audit log says of it: what was and what is, never a password.
fn changed(before: &Technician, change: &AccountChange, now: Millis) -> Result<(Technician, Map<String, Value>)> {
    let mut after = before.clone();
    let mut said = Map::new();
    if let Some(name) = change.name.as_ref().filter(|name| **name != before.name) {
        after.name.clone_from(name);
        said.insert("name".to_owned(), json!({ "from": before.name, "to": name }));
    }
    if let Some(language) = change.language.filter(|language| Some(*language) != before.language) {
        after.language = Some(language);
        said.insert("language".to_owned(), json!({ "from": before.language, "to": language }));
    }
    if let Some(disabled) = change.disabled.filter(|disabled| *disabled != before.disabled_at.is_some()) {
        after.disabled_at = disabled.then_some(now);
        said.insert("disabled".to_owned(), json!({ "from": !disabled, "to": disabled }));
    }
    if let Some(NewPassword { hash, replaces, temporary, .. }) = &change.password {
        if replaces.as_ref().is_some_and(|known| *known != before.password_hash) {
            return Err(StoreError::Stale);
        }
        after.password_hash.clone_from(hash);
        after.temporary_password = *temporary;
        said.insert("password".to_owned(), json!({ "temporary": temporary }));
    }
    Ok((after, said))
}

/// Whether the company has an owner who may log in beside this one.
async fn has_other_owner(db: &mut SqliteConnection, of: &Technician) -> Result<bool> {
    let row = sqlx::query(
        "SELECT COUNT(*) AS owners FROM technicians \
         WHERE company = $1 AND id <> $2 AND role = 'owner' AND disabled_at IS NULL",
    )
    .bind(of.company.to_string())
    .bind(of.id.to_string())
    .fetch_one(db)
    .await?;
    Ok(row.try_get::<i64, _>("owners")? > 0)
}

async fn write(db: &mut SqliteConnection, technician: &Technician) -> Result<()> {
    sqlx::query(
        "UPDATE technicians SET name = $1, language = $2, disabled_at = $3, password_hash = $4, temporary_password = $5 \
         WHERE id = $6",
    )
    .bind(&technician.name)
    .bind(technician.language.map(language_code))
    .bind(technician.disabled_at.map(time))
    .bind(&technician.password_hash)
    .bind(i64::from(technician.temporary_password))
    .bind(technician.id.to_string())
    .execute(db)
    .await?;
    Ok(())
}

/// Ends a technician's logins, but one.
async fn end_all(
    db: &mut SqliteConnection,
    technician: TechnicianId,
    keep: Option<LoginId>,
    now: Millis,
) -> Result<Vec<LoginId>> {
    let rows = sqlx::query("DELETE FROM logins WHERE technician = $1 AND id <> $2 RETURNING id, expires_at")
        .bind(technician.to_string())
        .bind(keep.map(|id| id.to_string()).unwrap_or_default())
        .fetch_all(db)
        .await?;
    let mut ended = Vec::new();
    for row in &rows {
        let key = key(row);
        let place = Place { table: "logins", key: &key };
        // One that was dead already did not end now.
        if place.millis(row, "expires_at")? > now {
            ended.push(place.parse(row, "id")?);
        }
    }
    Ok(ended)
}

/// The caller's entry, with what only the store knows.
fn complete(audit: &Audit, company: CompanyId, fields: Vec<(&str, Value)>) -> Audit {
    let mut audit = audit.clone();
    audit.company = Some(company);
    if !audit.detail.is_object() {
        audit.detail = json!({});
    }
    if let Some(detail) = audit.detail.as_object_mut() {
        detail.extend(fields.into_iter().map(|(name, value)| (name.to_owned(), value)));
    }
    audit
}

#[async_trait::async_trait]
impl Accounts for SqliteStore {
    async fn technicians(&self, company: CompanyId) -> Result<Vec<Technician>> {
        sqlx::query(concat!(
            "SELECT ",
            technician_columns!(),
            " FROM technicians WHERE company = $1 ORDER BY name, email_folded"
        ))
        .bind(company.to_string())
        .fetch_all(&self.readers)
        .await?
        .iter()
        .map(technician)
        .collect()
    }

    async fn add_colleague(&self, technician: &Technician, audit: &Audit) -> Result<()> {
        self.insert_technician(technician, audit).await
    }

    async fn change_account(
        &self,
        company: CompanyId,
        id: TechnicianId,
        change: &AccountChange,
        now: Millis,
        audit: &Audit,
    ) -> Result<Changed> {
        let mut tx = self.write().await?;
        let mut head = audit::lock(&mut tx, Some(company)).await?;
        let before = find(&mut tx, company, id).await?;
        let (after, said) = changed(&before, change, now)?;
        if said.is_empty() {
            return Ok(Changed { technician: before, ended: Vec::new() });
        }
        let disabled = after.disabled_at.is_some() && before.disabled_at.is_none();
        if disabled && before.role == Role::Owner && !has_other_owner(&mut tx, &before).await? {
            return Err(StoreError::LastOwner);
        }
        write(&mut tx, &after).await?;
        let ended = match &change.password {
            Some(password) => end_all(&mut tx, id, password.keep, now).await?,
            None if disabled => end_all(&mut tx, id, None, now).await?,
            None => Vec::new(),
        };
        let mut fields = vec![("technician", json!(id)), ("changed", Value::Object(said))];
        if !ended.is_empty() {
            fields.push(("ended_logins", json!(ended)));
        }
        head.append(&mut tx, &complete(audit, company, fields), now).await?;
        tx.commit().await?;
        Ok(Changed { technician: after, ended })
    }

    /// Also forgets logins that died before this one was made: they are worth nothing, and tables must not only grow.
    async fn log_in(&self, login: &Login, password_hash: &str, audit: &Audit) -> Result<()> {
        let mut tx = self.write().await?;
        let mut head = audit::lock(&mut tx, audit.company).await?;
        let may = sqlx::query(
            "UPDATE technicians SET last_login_at = $1 WHERE id = $2 AND password_hash = $3 AND disabled_at IS NULL",
        )
        .bind(time(login.created_at))
        .bind(login.technician.to_string())
        .bind(password_hash)
        .execute(&mut *tx)
        .await?;
        if may.rows_affected() == 0 {
            return Err(StoreError::NotFound);
        }
        sqlx::query("DELETE FROM logins WHERE expires_at <= $1").bind(time(login.created_at)).execute(&mut *tx).await?;
        sqlx::query(
            "INSERT INTO logins (id, technician, token_hash, created_at, expires_at, last_used_at, address, agent) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(login.id.to_string())
        .bind(login.technician.to_string())
        .bind(hex(&login.token_hash))
        .bind(time(login.created_at))
        .bind(time(login.expires_at))
        .bind(login.last_used_at.map(time))
        .bind(&login.address)
        .bind(&login.agent)
        .execute(&mut *tx)
        .await
        .map_err(|error| adding(error, "the login"))?;
        head.append(&mut tx, audit, login.created_at).await?;
        Ok(tx.commit().await?)
    }

    async fn logins(&self, technician: TechnicianId, now: Millis) -> Result<Vec<Login>> {
        sqlx::query(concat!(
            "SELECT ",
            login_columns!(),
            " FROM logins WHERE technician = $1 AND expires_at > $2 ORDER BY logins.created_at DESC, logins.id DESC"
        ))
        .bind(technician.to_string())
        .bind(time(now))
        .fetch_all(&self.readers)
        .await?
        .iter()
        .map(login)
        .collect()
    }

    async fn living_logins(&self, now: Millis) -> Result<HashSet<LoginId>> {
        sqlx::query("SELECT id FROM logins WHERE expires_at > $1")
            .bind(time(now))
            .fetch_all(&self.readers)
            .await?
            .iter()
            .map(|row| {
                let key = key(row);
                Place { table: "logins", key: &key }.parse(row, "id")
            })
            .collect()
    }

    async fn login_used(&self, id: LoginId, now: Millis) -> Result<()> {
        sqlx::query(
            "UPDATE logins SET last_used_at = $1 WHERE id = $2 AND (last_used_at IS NULL OR last_used_at < $1)",
        )
        .bind(time(now))
        .bind(id.to_string())
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    async fn end_logins(
        &self,
        technician: TechnicianId,
        which: Which,
        now: Millis,
        audit: &Audit,
    ) -> Result<Vec<LoginId>> {
        let mut tx = self.write().await?;
        let row = sqlx::query("SELECT id, company FROM technicians WHERE id = $1")
            .bind(technician.to_string())
            .fetch_one(&mut *tx)
            .await?;
        let key = key(&row);
        let company: CompanyId = Place { table: "technicians", key: &key }.parse(&row, "company")?;
        let mut head = audit::lock(&mut tx, Some(company)).await?;
        let ended = match which {
            Which::All => end_all(&mut tx, technician, None, now).await?,
            Which::One(id) => {
                let gone = sqlx::query("DELETE FROM logins WHERE technician = $1 AND id = $2 AND expires_at > $3")
                    .bind(technician.to_string())
                    .bind(id.to_string())
                    .bind(time(now))
                    .execute(&mut *tx)
                    .await?;
                if gone.rows_affected() > 0 { vec![id] } else { Vec::new() }
            }
        };
        if !ended.is_empty() {
            let fields = vec![("technician", json!(technician)), ("ended_logins", json!(ended))];
            head.append(&mut tx, &complete(audit, company, fields), now).await?;
        }
        tx.commit().await?;
        Ok(ended)
    }
}
