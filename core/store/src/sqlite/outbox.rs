//! Events that notifiers still have to hear of.

use super::SqliteStore;
use super::row::{Place, json_text, time};
use crate::model::OutboxEntry;
use crate::{Result, StoreError};
use hospes_session::model::{Millis, Session};
use hospes_session::rules::Event;
use serde_json::{Value, json};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

/// Writes one event of a session.
pub(super) async fn push(
    db: &mut SqliteConnection,
    session: &Session,
    event: &Event,
    notice: &Value,
    at: Millis,
) -> Result<()> {
    let payload = json!({
        "event": event,
        "session": session.id,
        "state": session.state_name(),
        "technician": session.technician,
        "customer": session.customer,
        "lease_length": session.lease_length,
    });
    let notice = if notice.is_null() { None } else { Some(json_text(notice)?) };
    sqlx::query("INSERT INTO outbox (company, session, event, payload, notice, at) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(session.company.to_string())
        .bind(session.id.to_string())
        .bind(event.name())
        .bind(json_text(&payload)?)
        .bind(notice)
        .bind(time(at))
        .execute(db)
        .await?;
    Ok(())
}

/// Forgets the notices of a session whose link is dead: nobody must be invited to it any more.
pub(super) async fn forget_notices(db: &mut SqliteConnection, session: &Session) -> Result<()> {
    sqlx::query("UPDATE outbox SET notice = NULL WHERE session = $1").bind(session.id.to_string()).execute(db).await?;
    Ok(())
}

fn entry(row: &SqliteRow) -> Result<OutboxEntry> {
    let id: i64 = Place { table: "outbox", key: "(unreadable)" }.get(row, "id")?;
    let key = id.to_string();
    let place = Place { table: "outbox", key: &key };
    let mut payload: Value = place.json(row, "payload")?;
    if place.get::<Option<&str>>(row, "notice")?.is_some()
        && let Value::Object(fields) = &mut payload
    {
        fields.insert("notice".to_owned(), place.json(row, "notice")?);
    }
    Ok(OutboxEntry {
        id,
        company: place.parse(row, "company")?,
        session: place.parse(row, "session")?,
        event: place.get(row, "event")?,
        payload,
        at: place.millis(row, "at")?,
    })
}

impl SqliteStore {
    pub(super) async fn waiting(&self, limit: u32) -> Result<Vec<OutboxEntry>> {
        sqlx::query(
            "SELECT id, company, session, event, payload, notice, at FROM outbox WHERE done_at IS NULL \
             ORDER BY id LIMIT $1",
        )
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?
        .iter()
        .map(entry)
        .collect()
    }

    /// Delivering twice keeps the first time.
    pub(super) async fn delivered(&self, id: i64, now: Millis) -> Result<()> {
        let done =
            sqlx::query("UPDATE outbox SET done_at = COALESCE(done_at, $1), notice = NULL WHERE id = $2 RETURNING id")
                .bind(time(now))
                .bind(id)
                .fetch_optional(&self.writer)
                .await?;
        if done.is_some() { Ok(()) } else { Err(StoreError::NotFound) }
    }
}
