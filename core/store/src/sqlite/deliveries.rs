//! Deliveries: made, claimed, tried, done.

use super::row::{Place, json_text, key, time};
use super::{SqliteStore, audit};
use crate::model::Audit;
use crate::outbox::{Delivery, DeliveryFilter, DeliveryState, Failure, NewDelivery, Tried, gets_notice, invites};
use crate::{Result, StoreError};
use hospes_session::id::{CompanyId, DeliveryId, SessionId};
use hospes_session::model::Millis;
use serde_json::Value;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

macro_rules! columns {
    () => {
        "id, company, session, channel, channel_title, notifier, event, payload, recipient, notice, state, attempts, \
         tries, since, next_at, at, done_at, error_code, error_detail"
    };
}

/// What a delivery has of its event.
pub(super) struct Cause<'a> {
    pub company: CompanyId,
    pub session: Option<SessionId>,
    pub event: &'a str,
    pub notice: Option<&'a Value>,
    pub at: Millis,
}

fn delivery(row: &SqliteRow) -> Result<Delivery> {
    let key = key(row);
    let place = Place { table: "deliveries", key: &key };
    let session: Option<&str> = place.get(row, "session")?;
    let optional_time = |column| -> Result<Option<Millis>> {
        place.get::<Option<i64>>(row, column)?.map(|_| place.millis(row, column)).transpose()
    };
    let number = |column| -> Result<u32> {
        let number: i64 = place.get(row, column)?;
        u32::try_from(number).map_err(|error| place.corrupt(column, error))
    };
    let state: &str = place.get(row, "state")?;
    let code: Option<String> = place.get(row, "error_code")?;
    Ok(Delivery {
        id: place.parse(row, "id")?,
        company: place.parse(row, "company")?,
        session: session.map(str::parse).transpose().map_err(|error: uuid::Error| place.corrupt("session", error))?,
        channel: place.parse(row, "channel")?,
        channel_title: place.get(row, "channel_title")?,
        notifier: place.get(row, "notifier")?,
        event: place.get(row, "event")?,
        payload: place.json(row, "payload")?,
        recipient: place.optional_json(row, "recipient")?,
        notice: place.optional_json(row, "notice")?,
        state: match state {
            "waiting" => DeliveryState::Waiting,
            "delivered" => DeliveryState::Delivered,
            "dead" => DeliveryState::Dead,
            other => return Err(place.corrupt("state", format!("{other:?} is no state"))),
        },
        attempts: number("attempts")?,
        tries: number("tries")?,
        since: place.millis(row, "since")?,
        next_at: optional_time("next_at")?,
        at: place.millis(row, "at")?,
        done_at: optional_time("done_at")?,
        error: match code {
            Some(code) => {
                Some(Failure { code, detail: place.get::<Option<String>>(row, "error_detail")?.unwrap_or_default() })
            }
            None => None,
        },
    })
}

/// Writes a new one; it waits, unless it is an invitation whose link is gone already. None when there is one with its id:
/// one that cannot be written must not keep the others of its event back.
pub(super) async fn insert(
    db: &mut SqliteConnection,
    new: &NewDelivery,
    cause: &Cause<'_>,
    now: Millis,
    claimed_until: Option<Millis>,
) -> Result<Option<Delivery>> {
    let dead = (invites(cause.event, new.recipient.as_ref()) && cause.notice.is_none()).then(Failure::link_dead);
    let state = if dead.is_some() { DeliveryState::Dead } else { DeliveryState::Waiting };
    let tries = i64::from(claimed_until.is_some());
    let row = sqlx::query(concat!(
        "INSERT INTO deliveries (id, company, session, channel, channel_title, notifier, event, payload, recipient, notice, \
         state, attempts, tries, since, next_at, claimed_until, at, done_at, error_code, error_detail) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $13, $14, $15, $16, $17, $18, $19) \
         ON CONFLICT (id) DO NOTHING RETURNING ",
        columns!()
    ))
    .bind(new.id.to_string())
    .bind(cause.company.to_string())
    .bind(cause.session.map(|id| id.to_string()))
    .bind(new.channel.to_string())
    .bind(&new.channel_title)
    .bind(&new.notifier)
    .bind(cause.event)
    .bind(json_text(&new.payload)?)
    .bind(new.recipient.as_ref().map(json_text).transpose()?)
    .bind(cause.notice.filter(|_| gets_notice(new.recipient.as_ref())).map(json_text).transpose()?)
    .bind(state.name())
    .bind(tries)
    .bind(time(now))
    .bind(dead.is_none().then(|| time(now)))
    .bind(claimed_until.map(time))
    .bind(time(cause.at))
    .bind(dead.is_some().then(|| time(now)))
    .bind(dead.as_ref().map(|failure| failure.code.clone()))
    .bind(dead.map(|failure| failure.detail))
    .fetch_optional(db)
    .await?;
    row.as_ref().map(delivery).transpose()
}

impl SqliteStore {
    pub(super) async fn insert_test(
        &self,
        company: CompanyId,
        new: &NewDelivery,
        event: &str,
        now: Millis,
        claimed_until: Millis,
    ) -> Result<Delivery> {
        let mut tx = self.write().await?;
        let cause = Cause { company, session: None, event, notice: None, at: now };
        let made = insert(&mut tx, new, &cause, now, Some(claimed_until)).await?;
        let made = made.ok_or_else(|| StoreError::Exists("the delivery".to_owned()))?;
        tx.commit().await?;
        Ok(made)
    }

    pub(super) async fn find_due_deliveries(
        &self,
        now: Millis,
        per_company: u32,
        limit: u32,
    ) -> Result<Vec<(DeliveryId, CompanyId)>> {
        // A company whose receiver is down must not fill the list with its own.
        sqlx::query(
            "SELECT id, company FROM (SELECT id, company, next_at, \
             ROW_NUMBER() OVER (PARTITION BY company ORDER BY next_at, id) AS place FROM deliveries \
             WHERE state = 'waiting' AND next_at <= $1 AND (claimed_until IS NULL OR claimed_until <= $1)) AS due \
             WHERE place <= $2 ORDER BY next_at, id LIMIT $3",
        )
        .bind(time(now))
        .bind(i64::from(per_company))
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?
        .iter()
        .map(|row| {
            let key = key(row);
            let place = Place { table: "deliveries", key: &key };
            Ok((place.parse(row, "id")?, place.parse(row, "company")?))
        })
        .collect()
    }

    pub(super) async fn claim_delivery(&self, id: DeliveryId, now: Millis, until: Millis) -> Result<Option<Delivery>> {
        sqlx::query(concat!(
            "UPDATE deliveries SET claimed_until = $3, attempts = attempts + 1, tries = tries + 1 \
             WHERE id = $1 AND state = 'waiting' AND next_at <= $2 AND (claimed_until IS NULL OR claimed_until <= $2) \
             RETURNING ",
            columns!()
        ))
        .bind(id.to_string())
        .bind(time(now))
        .bind(time(until))
        .fetch_optional(&self.writer)
        .await?
        .as_ref()
        .map(delivery)
        .transpose()
    }

    /// The number of the attempt is what makes a claim one's own: another claim counts one further.
    pub(super) async fn finish_delivery(
        &self,
        id: DeliveryId,
        attempt: u32,
        tried: &Tried,
        now: Millis,
    ) -> Result<Option<Delivery>> {
        let row = match tried {
            // Also of one that was given up meanwhile: it has arrived.
            Tried::Delivered => {
                sqlx::query(concat!(
                    "UPDATE deliveries SET state = 'delivered', done_at = $3, next_at = NULL, claimed_until = NULL, \
                     notice = NULL, error_code = NULL, error_detail = NULL WHERE id = $1 AND attempts = $2 RETURNING ",
                    columns!()
                ))
                .bind(id.to_string())
                .bind(i64::from(attempt))
                .bind(time(now))
                .fetch_optional(&self.writer)
                .await?
            }
            Tried::Again(at, failure) => {
                // One that was asked for again while it was tried is due at once, with a count that begins anew.
                sqlx::query(concat!(
                    "UPDATE deliveries SET next_at = CASE WHEN tries = 0 THEN next_at ELSE $3 END, claimed_until = NULL, \
                     error_code = $4, error_detail = $5 WHERE id = $1 AND attempts = $2 AND state = 'waiting' RETURNING ",
                    columns!()
                ))
                .bind(id.to_string())
                .bind(i64::from(attempt))
                .bind(time(*at))
                .bind(&failure.code)
                .bind(&failure.detail)
                .fetch_optional(&self.writer)
                .await?
            }
            Tried::Dead(failure) => {
                sqlx::query(concat!(
                    "UPDATE deliveries SET state = 'dead', done_at = $3, next_at = NULL, claimed_until = NULL, \
                     error_code = $4, error_detail = $5 WHERE id = $1 AND attempts = $2 AND state = 'waiting' RETURNING ",
                    columns!()
                ))
                .bind(id.to_string())
                .bind(i64::from(attempt))
                .bind(time(now))
                .bind(&failure.code)
                .bind(&failure.detail)
                .fetch_optional(&self.writer)
                .await?
            }
        };
        row.as_ref().map(delivery).transpose()
    }

    pub(super) async fn forget_claims(&self) -> Result<()> {
        sqlx::query("UPDATE deliveries SET claimed_until = NULL WHERE claimed_until IS NOT NULL")
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    pub(super) async fn list_deliveries(&self, company: CompanyId, filter: &DeliveryFilter) -> Result<Vec<Delivery>> {
        // Where the last page ended; one that was pruned since begins the list anew.
        let after = match filter.before {
            Some(id) => self.find_delivery(company, id).await.ok(),
            None => None,
        };
        sqlx::query(concat!(
            "SELECT ",
            columns!(),
            " FROM deliveries WHERE company = $1 AND ($2 = '' OR state = $2) AND ($3 = '' OR session = $3) \
             AND (at < $4 OR (at = $4 AND id < $5)) ORDER BY at DESC, id DESC LIMIT $6"
        ))
        .bind(company.to_string())
        .bind(filter.state.map(DeliveryState::name).unwrap_or_default())
        .bind(filter.session.map(|id| id.to_string()).unwrap_or_default())
        .bind(after.as_ref().map_or(i64::MAX, |last| time(last.at)))
        .bind(after.map(|last| last.id.to_string()).unwrap_or_default())
        .bind(i64::from(filter.limit))
        .fetch_all(&self.readers)
        .await?
        .iter()
        .map(delivery)
        .collect()
    }

    pub(super) async fn find_delivery(&self, company: CompanyId, id: DeliveryId) -> Result<Delivery> {
        let row = sqlx::query(concat!("SELECT ", columns!(), " FROM deliveries WHERE id = $1 AND company = $2"))
            .bind(id.to_string())
            .bind(company.to_string())
            .fetch_one(&self.readers)
            .await?;
        delivery(&row)
    }

    pub(super) async fn ask_again(
        &self,
        company: CompanyId,
        id: DeliveryId,
        now: Millis,
        entry: &Audit,
    ) -> Result<Delivery> {
        let mut tx = self.write().await?;
        let mut head = audit::lock(&mut tx, Some(company)).await?;
        let row = sqlx::query(concat!(
            "UPDATE deliveries SET state = 'waiting', tries = 0, since = $3, next_at = $3, done_at = NULL \
             WHERE id = $1 AND company = $2 AND NOT (state = 'waiting' AND COALESCE(claimed_until, 0) > $3) RETURNING ",
            columns!()
        ))
        .bind(id.to_string())
        .bind(company.to_string())
        .bind(time(now))
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = row else {
            // Either there is none, which is said, or it is being tried.
            self.find_delivery(company, id).await?;
            return Err(StoreError::Stale);
        };
        head.append(&mut tx, entry, now).await?;
        tx.commit().await?;
        delivery(&row)
    }
}
