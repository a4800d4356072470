//! Events that notifiers still have to hear of, and how they become deliveries.

use super::row::{Place, json_text, time};
use super::{SqliteStore, deliveries};
use crate::model::OutboxEntry;
use crate::outbox::{Delivery, Failure, NewDelivery};
use crate::{Result, StoreError};
use hospes_session::model::{Millis, Session};
use hospes_session::notification::{EVENTS, Snapshot};
use hospes_session::rules::Event;
use serde_json::Value;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

/// Writes one event of a session, when it is one that a channel can choose.
pub(super) async fn push(
    db: &mut SqliteConnection,
    session: &Session,
    event: &Event,
    notice: &Value,
    at: Millis,
) -> Result<()> {
    if !EVENTS.contains(&event.name()) {
        return Ok(());
    }
    let notice = if notice.is_null() { None } else { Some(json_text(notice)?) };
    sqlx::query("INSERT INTO outbox (company, session, event, payload, notice, at) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(session.company.to_string())
        .bind(session.id.to_string())
        .bind(event.name())
        .bind(json_text(&Snapshot::from(session))?)
        .bind(notice)
        .bind(time(at))
        .execute(db)
        .await?;
    Ok(())
}

/// Forgets the notices of a session whose link is dead: nobody must be invited to it any more.
pub(super) async fn forget_notices(db: &mut SqliteConnection, session: &Session, now: Millis) -> Result<()> {
    let id = session.id.to_string();
    sqlx::query("UPDATE outbox SET notice = NULL WHERE session = $1").bind(&id).execute(&mut *db).await?;
    let dead = Failure::link_dead();
    sqlx::query(
        "UPDATE deliveries SET state = 'dead', done_at = $2, next_at = NULL, error_code = $3, error_detail = $4 \
         WHERE session = $1 AND state = 'waiting' AND notice IS NOT NULL AND recipient IS NOT NULL",
    )
    .bind(&id)
    .bind(time(now))
    .bind(dead.code)
    .bind(dead.detail)
    .execute(&mut *db)
    .await?;
    sqlx::query("UPDATE deliveries SET notice = NULL WHERE session = $1").bind(&id).execute(db).await?;
    Ok(())
}

fn entry(row: &SqliteRow) -> Result<OutboxEntry> {
    let id: i64 = Place { table: "outbox", key: "(unreadable)" }.get(row, "id")?;
    let key = id.to_string();
    let place = Place { table: "outbox", key: &key };
    Ok(OutboxEntry {
        id,
        company: place.parse(row, "company")?,
        session: place.parse(row, "session")?,
        event: place.get(row, "event")?,
        snapshot: place.json(row, "payload")?,
        notice: place.optional_json(row, "notice")?,
        at: place.millis(row, "at")?,
    })
}

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT id, company, session, event, payload, notice, at FROM outbox ", $rest)
    };
}

impl SqliteStore {
    pub(super) async fn entries(&self, after: i64, limit: u32) -> Result<Vec<OutboxEntry>> {
        sqlx::query(select!("WHERE done_at IS NULL AND id > $1 ORDER BY id LIMIT $2"))
            .bind(after)
            .bind(i64::from(limit))
            .fetch_all(&self.readers)
            .await?
            .iter()
            .map(entry)
            .collect()
    }

    pub(super) async fn entry_to_deliveries(&self, id: i64, new: &[NewDelivery], now: Millis) -> Result<Vec<Delivery>> {
        let mut tx = self.write().await?;
        // The update first: of two workers that come with the same entry one finds it done.
        let taken = sqlx::query("UPDATE outbox SET done_at = $1 WHERE id = $2 AND done_at IS NULL")
            .bind(time(now))
            .bind(id)
            .execute(&mut *tx)
            .await?;
        let row = sqlx::query(select!("WHERE id = $1")).bind(id).fetch_optional(&mut *tx);
        let entry = entry(&row.await?.ok_or(StoreError::NotFound)?)?;
        let mut made = Vec::with_capacity(new.len());
        if taken.rows_affected() > 0 {
            for new in new {
                let cause = deliveries::Cause {
                    company: entry.company,
                    session: Some(entry.session),
                    event: &entry.event,
                    notice: entry.notice.as_ref(),
                    at: entry.at,
                };
                made.extend(deliveries::insert(&mut tx, new, &cause, now, None).await?);
            }
        }
        sqlx::query("UPDATE outbox SET notice = NULL WHERE id = $1").bind(id).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(made)
    }

    pub(super) async fn prune(&self, before: Millis) -> Result<u64> {
        let mut tx = self.write().await?;
        let mut gone = 0;
        for table in ["DELETE FROM outbox WHERE done_at < $1", "DELETE FROM deliveries WHERE done_at < $1"] {
            gone += sqlx::query(table).bind(time(before)).execute(&mut *tx).await?.rows_affected();
        }
        tx.commit().await?;
        Ok(gone)
    }
}
