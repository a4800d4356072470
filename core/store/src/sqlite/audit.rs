//! The audit log.

use super::SqliteStore;
use super::row::{Place, json_text, limit, time};
use crate::model::{Audit, AuditEntry, AuditFilter};
use crate::{Result, StoreError, chain};
use hospes_session::id::CompanyId;
use hospes_session::model::Millis;
use sqlx::sqlite::SqliteRow;
use sqlx::{Sqlite, SqliteConnection, Transaction};

/// How the column names a company; the server's own chain is that of ''.
fn chain_key(company: Option<CompanyId>) -> String {
    company.map(|id| id.to_string()).unwrap_or_default()
}

/// Takes the company's chain for this transaction. The first statement of every transaction that changes something of
/// a company (see the module's documentation); gives the next entry's sequence and the hash before it.
pub(super) async fn lock(db: &mut SqliteConnection, company: Option<CompanyId>) -> Result<Head> {
    let key = chain_key(company);
    let row = sqlx::query(
        "UPDATE audit_chains SET sequence = sequence + 0 WHERE company = $1 RETURNING company AS id, sequence, hash",
    )
    .bind(&key)
    .fetch_optional(db)
    .await?
    .ok_or(StoreError::NotFound)?;
    let place = Place { table: "audit_chains", key: &key };
    Ok(Head { company, sequence: place.get(&row, "sequence")?, hash: place.get(&row, "hash")? })
}

/// The end of a company's chain, held by this transaction.
pub(super) struct Head {
    company: Option<CompanyId>,
    sequence: i64,
    hash: String,
}

impl Head {
    /// Appends an entry.
    pub(super) async fn append(&mut self, db: &mut SqliteConnection, audit: &Audit, at: Millis) -> Result<()> {
        let mut entry = AuditEntry {
            sequence: self.sequence + 1,
            at,
            session: audit.session,
            actor: audit.actor.clone(),
            action: audit.action.clone(),
            detail: audit.detail.clone(),
            hash: String::new(),
        };
        entry.hash = chain::entry_hash(&self.hash, self.company, &entry);
        sqlx::query(
            "INSERT INTO audit (company, sequence, at, session, actor, action, detail, hash) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(chain_key(self.company))
        .bind(entry.sequence)
        .bind(time(at))
        .bind(entry.session.map(|id| id.to_string()))
        .bind(&entry.actor)
        .bind(&entry.action)
        .bind(json_text(&entry.detail)?)
        .bind(&entry.hash)
        .execute(&mut *db)
        .await?;
        sqlx::query("UPDATE audit_chains SET sequence = $1, hash = $2 WHERE company = $3")
            .bind(entry.sequence)
            .bind(&entry.hash)
            .bind(chain_key(self.company))
            .execute(db)
            .await?;
        self.sequence = entry.sequence;
        self.hash = entry.hash;
        Ok(())
    }
}

/// Starts the chain of a company that is being added.
pub(super) async fn begin_chain(tx: &mut Transaction<'_, Sqlite>, company: CompanyId) -> Result<Head> {
    sqlx::query("INSERT INTO audit_chains (company, sequence, hash) VALUES ($1, 0, $2)")
        .bind(company.to_string())
        .bind(chain::START)
        .execute(&mut **tx)
        .await?;
    Ok(Head { company: Some(company), sequence: 0, hash: chain::START.to_owned() })
}

fn entry(row: &SqliteRow, company: &str) -> Result<AuditEntry> {
    let sequence: i64 = Place { table: "audit", key: company }.get(row, "sequence")?;
    let key = format!("{company}/{sequence}");
    let place = Place { table: "audit", key: &key };
    let session: Option<&str> = place.get(row, "session")?;
    Ok(AuditEntry {
        sequence,
        at: place.millis(row, "at")?,
        session: session.map(str::parse).transpose().map_err(|error: uuid::Error| place.corrupt("session", error))?,
        actor: place.get(row, "actor")?,
        action: place.get(row, "action")?,
        detail: place.json(row, "detail")?,
        hash: place.get(row, "hash")?,
    })
}

/// Entries of a company that follow one in some order. A kind is what stands before the colon of an actor or the dot of an
/// action; compared as text, not as a pattern.
macro_rules! entries {
    ($follow:literal, $order:literal) => {
        concat!(
            "SELECT sequence, at, session, actor, action, detail, hash FROM audit WHERE company = $1 AND ",
            $follow,
            " AND at >= $3 AND at <= $4 AND ($5 = '' OR session = $5) \
             AND ($6 = '' OR actor = $6 OR substr(actor, 1, length($6) + 1) = $6 || ':') \
             AND ($7 = '' OR action = $7 OR substr(action, 1, length($7) + 1) = $7 || '.') ORDER BY sequence ",
            $order,
            " LIMIT $8"
        )
    };
}

impl SqliteStore {
    pub(super) async fn write_audit(&self, audit: &Audit, now: Millis) -> Result<()> {
        let mut tx = self.write().await?;
        let mut head = lock(&mut tx, audit.company).await?;
        head.append(&mut tx, audit, now).await?;
        Ok(tx.commit().await?)
    }

    pub(super) async fn read_audit(&self, company: CompanyId, filter: &AuditFilter) -> Result<Vec<AuditEntry>> {
        let company = company.to_string();
        let query = if filter.newest_first {
            sqlx::query(entries!("sequence < $2", "DESC"))
        } else {
            sqlx::query(entries!("sequence > $2", "ASC"))
        };
        let start = if filter.newest_first && filter.after == 0 { i64::MAX } else { filter.after };
        query
            .bind(&company)
            .bind(start)
            .bind(time(filter.from.unwrap_or(0)))
            .bind(time(filter.to.unwrap_or(Millis::MAX)))
            .bind(filter.session.map(|id| id.to_string()).unwrap_or_default())
            .bind(filter.actor.as_deref().unwrap_or_default())
            .bind(filter.action.as_deref().unwrap_or_default())
            .bind(limit(filter.limit))
            .fetch_all(&self.readers)
            .await?
            .iter()
            .map(|row| entry(row, &company))
            .collect()
    }

    pub(super) async fn check_audit(&self, company: Option<CompanyId>) -> Result<u64> {
        let key = chain_key(company);
        // One read transaction, so that the head belongs to the entries.
        let mut tx = self.readers.begin().await?;
        let head = sqlx::query("SELECT sequence, hash FROM audit_chains WHERE company = $1")
            .bind(&key)
            .fetch_optional(&mut *tx)
            .await?
            .ok_or(StoreError::NotFound)?;
        let mut last = (0, chain::START.to_owned());
        loop {
            let rows = sqlx::query(
                "SELECT sequence, at, session, actor, action, detail, hash FROM audit \
                 WHERE company = $1 AND sequence > $2 ORDER BY sequence LIMIT 1000",
            )
            .bind(&key)
            .bind(last.0)
            .fetch_all(&mut *tx)
            .await?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                let entry = entry(row, &key)?;
                let number = format!("{key}/{}", entry.sequence);
                let place = Place { table: "audit", key: &number };
                if entry.sequence != last.0 + 1 {
                    return Err(place.corrupt("sequence", format!("entry {} is missing", last.0 + 1)));
                }
                if entry.hash != chain::entry_hash(&last.1, company, &entry) {
                    return Err(place.corrupt("hash", "the entry or the one before it was changed"));
                }
                last = (entry.sequence, entry.hash);
            }
        }
        let place = Place { table: "audit_chains", key: &key };
        if (place.get::<i64>(&head, "sequence")?, place.get::<String>(&head, "hash")?) != last {
            return Err(place.corrupt("hash", format!("the log ends at entry {}, not where it should", last.0)));
        }
        u64::try_from(last.0).map_err(|error| place.corrupt("sequence", error))
    }
}
