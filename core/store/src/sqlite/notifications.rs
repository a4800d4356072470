//! Notification channels, and what the trait [`Outbox`] asks for, call by call.

use super::row::{Place, json_text, key, time};
use super::{SqliteStore, audit};
use crate::model::{Audit, OutboxEntry};
use crate::outbox::{ChannelUse, Delivery, DeliveryFilter, Failure, NewDelivery, NotificationChannel, Outbox, Tried};
use crate::{Result, StoreError};
use hospes_session::id::{CompanyId, DeliveryId, NotificationChannelId, SessionId};
use hospes_session::model::Millis;
use serde_json::Value;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;
use std::collections::HashMap;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, company, notifier, title, enabled, events, config, created_at FROM notification_channels ",
            $rest
        )
    };
}

fn channel(row: &SqliteRow) -> Result<NotificationChannel> {
    let key = key(row);
    let place = Place { table: "notification_channels", key: &key };
    Ok(NotificationChannel {
        id: place.parse(row, "id")?,
        company: place.parse(row, "company")?,
        notifier: place.get(row, "notifier")?,
        title: place.get(row, "title")?,
        enabled: place.get::<i64>(row, "enabled")? != 0,
        events: place.json(row, "events")?,
        config: place.json(row, "config")?,
        created_at: place.millis(row, "created_at")?,
    })
}

/// Writes a new channel.
pub(super) async fn insert(db: &mut SqliteConnection, channel: &NotificationChannel) -> Result<()> {
    sqlx::query(
        "INSERT INTO notification_channels (id, company, notifier, title, enabled, events, config, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(channel.id.to_string())
    .bind(channel.company.to_string())
    .bind(&channel.notifier)
    .bind(&channel.title)
    .bind(i64::from(channel.enabled))
    .bind(json_text(&channel.events)?)
    .bind(json_text(&channel.config)?)
    .bind(time(channel.created_at))
    .execute(db)
    .await
    .map_err(|error| match error.as_database_error() {
        Some(database) if database.is_unique_violation() => StoreError::Exists("the channel".to_owned()),
        Some(database) if database.is_foreign_key_violation() => StoreError::NotFound,
        _ => error.into(),
    })?;
    Ok(())
}

impl SqliteStore {
    async fn read_uses(&self, company: CompanyId, session: SessionId) -> Result<Vec<ChannelUse>> {
        let rows = sqlx::query(
            "SELECT sequence, at, actor, action, detail FROM audit WHERE company = $1 AND session = $2 \
             AND action IN ('channel.open', 'channel.close') ORDER BY sequence LIMIT 10000",
        )
        .bind(company.to_string())
        .bind(session.to_string())
        .fetch_all(&self.readers)
        .await?;
        let mut uses: Vec<ChannelUse> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        for row in &rows {
            let place = Place { table: "audit", key: "channel.open" };
            let detail: Value = place.json(row, "detail")?;
            let text = |name: &str| detail[name].as_str().unwrap_or_default().to_owned();
            let at = place.millis(row, "at")?;
            if place.get::<&str>(row, "action")? == "channel.open" {
                places.insert(text("channel"), uses.len());
                let actor = place.get(row, "actor")?;
                uses.push(ChannelUse { capability: text("capability"), actor, opened_at: at, closed_at: None });
            } else if let Some(opened) = places.get(&text("channel")).and_then(|place| uses.get_mut(*place)) {
                opened.closed_at = Some(at);
            }
        }
        Ok(uses)
    }
}

#[async_trait::async_trait]
impl Outbox for SqliteStore {
    async fn outbox(&self, after: i64, limit: u32) -> Result<Vec<OutboxEntry>> {
        self.entries(after, limit).await
    }

    async fn fan_out(&self, entry: i64, deliveries: &[NewDelivery], now: Millis) -> Result<Vec<Delivery>> {
        self.entry_to_deliveries(entry, deliveries, now).await
    }

    async fn add_test(
        &self,
        company: CompanyId,
        new: &NewDelivery,
        event: &str,
        now: Millis,
        claimed_until: Millis,
    ) -> Result<Delivery> {
        self.insert_test(company, new, event, now, claimed_until).await
    }

    async fn due_deliveries(&self, now: Millis, per_company: u32, limit: u32) -> Result<Vec<(DeliveryId, CompanyId)>> {
        self.find_due_deliveries(now, per_company, limit).await
    }

    async fn claim(&self, id: DeliveryId, now: Millis, until: Millis) -> Result<Option<Delivery>> {
        self.claim_delivery(id, now, until).await
    }

    async fn finish(&self, id: DeliveryId, attempt: u32, tried: &Tried, now: Millis) -> Result<Option<Delivery>> {
        self.finish_delivery(id, attempt, tried, now).await
    }

    async fn release_claims(&self) -> Result<()> {
        self.forget_claims().await
    }

    async fn deliveries(&self, company: CompanyId, filter: &DeliveryFilter) -> Result<Vec<Delivery>> {
        self.list_deliveries(company, filter).await
    }

    async fn delivery(&self, company: CompanyId, id: DeliveryId) -> Result<Delivery> {
        self.find_delivery(company, id).await
    }

    async fn send_again(&self, company: CompanyId, id: DeliveryId, now: Millis, audit: &Audit) -> Result<Delivery> {
        self.ask_again(company, id, now, audit).await
    }

    async fn prune_outbox(&self, before: Millis) -> Result<u64> {
        self.prune(before).await
    }

    async fn notification_channels(&self, company: CompanyId) -> Result<Vec<NotificationChannel>> {
        sqlx::query(select!("WHERE company = $1 ORDER BY created_at, id"))
            .bind(company.to_string())
            .fetch_all(&self.readers)
            .await?
            .iter()
            .map(channel)
            .collect()
    }

    async fn notification_channel(&self, company: CompanyId, id: NotificationChannelId) -> Result<NotificationChannel> {
        let row = sqlx::query(select!("WHERE id = $1 AND company = $2"))
            .bind(id.to_string())
            .bind(company.to_string())
            .fetch_one(&self.readers)
            .await?;
        channel(&row)
    }

    async fn add_notification_channel(&self, channel: &NotificationChannel, entry: &Audit) -> Result<()> {
        let mut tx = self.write().await?;
        let mut head = audit::lock(&mut tx, Some(channel.company)).await?;
        insert(&mut tx, channel).await?;
        head.append(&mut tx, entry, channel.created_at).await?;
        Ok(tx.commit().await?)
    }

    async fn set_notification_channel(&self, channel: &NotificationChannel, now: Millis, entry: &Audit) -> Result<()> {
        let mut tx = self.write().await?;
        let mut head = audit::lock(&mut tx, Some(channel.company)).await?;
        let set = sqlx::query(
            "UPDATE notification_channels SET notifier = $1, title = $2, enabled = $3, events = $4, config = $5 \
             WHERE id = $6 AND company = $7",
        )
        .bind(&channel.notifier)
        .bind(&channel.title)
        .bind(i64::from(channel.enabled))
        .bind(json_text(&channel.events)?)
        .bind(json_text(&channel.config)?)
        .bind(channel.id.to_string())
        .bind(channel.company.to_string())
        .execute(&mut *tx)
        .await?;
        if set.rows_affected() == 0 {
            return Err(StoreError::NotFound);
        }
        head.append(&mut tx, entry, now).await?;
        Ok(tx.commit().await?)
    }

    async fn remove_notification_channel(
        &self,
        company: CompanyId,
        id: NotificationChannelId,
        now: Millis,
        entry: &Audit,
    ) -> Result<()> {
        let mut tx = self.write().await?;
        let mut head = audit::lock(&mut tx, Some(company)).await?;
        let gone = sqlx::query("DELETE FROM notification_channels WHERE id = $1 AND company = $2")
            .bind(id.to_string())
            .bind(company.to_string())
            .execute(&mut *tx)
            .await?;
        if gone.rows_affected() == 0 {
            return Err(StoreError::NotFound);
        }
        let dead = Failure::channel_removed();
        sqlx::query(
            "UPDATE deliveries SET state = 'dead', done_at = $2, next_at = NULL, error_code = $3, error_detail = $4 \
             WHERE channel = $1 AND state = 'waiting'",
        )
        .bind(id.to_string())
        .bind(time(now))
        .bind(dead.code)
        .bind(dead.detail)
        .execute(&mut *tx)
        .await?;
        sqlx::query("UPDATE deliveries SET notice = NULL WHERE channel = $1")
            .bind(id.to_string())
            .execute(&mut *tx)
            .await?;
        head.append(&mut tx, entry, now).await?;
        Ok(tx.commit().await?)
    }

    async fn active_sessions(&self) -> Result<Vec<(SessionId, CompanyId)>> {
        sqlx::query("SELECT id, company FROM sessions WHERE state = 'active'")
            .fetch_all(&self.readers)
            .await?
            .iter()
            .map(|row| {
                let key = key(row);
                let place = Place { table: "sessions", key: &key };
                Ok((place.parse(row, "id")?, place.parse(row, "company")?))
            })
            .collect()
    }

    async fn channel_uses(&self, company: CompanyId, session: SessionId) -> Result<Vec<ChannelUse>> {
        self.read_uses(company, session).await
    }
}
