//! Figures, and a copy of the database while others use it.

use super::row::{Place, time};
use super::{SqliteStore, private};
use crate::operation::{Figures, Operation};
use crate::{Result, StoreError};
use hospes_session::model::Millis;
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use std::path::Path;
use std::time::Duration;

/// How many, and the oldest.
const WAITING: &str = "SELECT COUNT(*) AS waiting, MIN(at) AS oldest FROM (SELECT at FROM outbox WHERE done_at IS NULL \
                       UNION ALL SELECT at FROM deliveries WHERE state = 'waiting') AS backlog";

#[async_trait::async_trait]
impl Operation for SqliteStore {
    async fn figures(&self) -> Result<Figures> {
        let place = Place { table: "sessions", key: "(counted)" };
        // Whatever is open is due at some time: so the index of due sessions is all that is read.
        let open = "SELECT state, COUNT(*) AS open FROM sessions WHERE due_at > 0 AND state <> 'ended' GROUP BY state";
        let mut figures = Figures::default();
        for row in sqlx::query(open).fetch_all(&self.readers).await? {
            let count = place.get(&row, "open")?;
            match place.get::<&str>(&row, "state")? {
                "prepared" => figures.prepared = count,
                _ => figures.active = count,
            }
        }
        let row = sqlx::query(WAITING).fetch_one(&self.readers).await?;
        figures.waiting = place.get(&row, "waiting")?;
        figures.oldest = place.get::<Option<i64>>(&row, "oldest")?.and_then(|at| u64::try_from(at).ok());
        Ok(figures)
    }

    async fn end_every_login(&self, now: Millis) -> Result<u64> {
        let mut tx = self.write().await?;
        let dead = sqlx::query("DELETE FROM logins WHERE expires_at <= $1").bind(time(now));
        dead.execute(&mut *tx).await?;
        let ended = sqlx::query("DELETE FROM logins").execute(&mut *tx).await?.rows_affected();
        tx.commit().await?;
        Ok(ended)
    }
}

/// Copies a database as it is at one moment, while others may read and write it, into a file that is not there yet.
/// The copy is readable for its owner only, and holds nothing that was deleted. Neither file is brought to another
/// version's shape.
///
/// # Errors
/// When the database cannot be read, or the copy not be written.
pub async fn copy(from: &Path, to: &Path) -> Result<()> {
    let failed = |what: &str, path: &Path, error: &dyn std::fmt::Display| {
        StoreError::Database(format!("{what} {}: {error}", path.display()))
    };
    let options =
        SqliteConnectOptions::new().filename(from).create_if_missing(false).busy_timeout(Duration::from_secs(10));
    let mut database =
        SqliteConnection::connect_with(&options).await.map_err(|error| failed("cannot open", from, &error))?;
    if to.exists() {
        return Err(failed("cannot write", to, &"it is there already"));
    }
    private(to).map_err(|error| failed("cannot write", to, &error))?;
    // Takes an empty file as its own; one transaction of a reader, so that writers go on.
    sqlx::query("VACUUM INTO $1")
        .bind(to.to_string_lossy().into_owned())
        .execute(&mut database)
        .await
        .map_err(|error| failed("cannot copy to", to, &error))?;
    database.close().await?;
    Ok(())
}
