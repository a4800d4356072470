//! The embedded store: one SQLite file.
//!
//! *Durable.* WAL with `synchronous=FULL`: what a call has acknowledged survives `kill -9` and the loss of power.
//!
//! *One writer.* All writes of this process go through one connection, each in a `BEGIN IMMEDIATE` transaction: they
//! queue here, fairly, instead of colliding in the file. Another process (`hospes admin`) waits by the busy timeout.
//! Readers have connections of their own and never wait for the writer.
//!
//! *Portable.* Every statement is in the common subset of SQLite and PostgreSQL: `$1` placeholders (both take them),
//! `RETURNING`, no functions of one database; text and 64-bit integers as types. What differs stands in
//! `migrations/sqlite`. SQLite runs writing transactions one after another anyway; where a database runs them side by
//! side, the row of the company in `audit_chains`, which every writing transaction updates first, does the same per
//! company, and the statements after it see what the one before committed. So `prepare`'s counts are exact on both.

mod accounts;
mod audit;
mod deliveries;
mod directory;
mod notifications;
mod operation;
mod outbox;
mod row;
mod sessions;
mod store;

pub use operation::copy;

use crate::{Result, StoreError};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{SqlSafeStr, Sqlite, SqlitePool, Transaction};
use std::path::Path;
use std::time::Duration;

/// The embedded store. Cheap to clone; all clones share the connections.
#[derive(Clone)]
pub struct SqliteStore {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl SqliteStore {
    /// Opens the database file, makes it when it is not there, and brings it to this version's shape.
    ///
    /// # Errors
    /// When the file cannot be opened or made, is no database, or was written by a newer version; the text names it.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let failed = |what: &str, error: &dyn std::fmt::Display| {
            StoreError::Database(format!("{what} {}: {error}", path.display()))
        };
        private(path).map_err(|error| failed("cannot open", &error))?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            // What is forgotten (links, verifiers) is overwritten, not left in a free page of the file.
            .pragma("secure_delete", "ON")
            .busy_timeout(Duration::from_secs(10));
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(Duration::from_secs(60))
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options.clone())
            .await
            .map_err(|error| failed("cannot open", &error))?;
        migrator().run(&writer).await.map_err(|error| failed("cannot bring up to date", &error))?;
        let readers = SqlitePoolOptions::new()
            .max_connections(4)
            .connect_with(options)
            .await
            .map_err(|error| failed("cannot open", &error))?;
        let store = Self { writer, readers };
        store.fill_search().await?;
        Ok(store)
    }

    /// Closes every connection; calls that still run finish first.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// A transaction that holds the write lock from its first statement: it never reads what another is about to
    /// change, and never fails half way for want of the lock.
    async fn write(&self) -> Result<Transaction<'static, Sqlite>> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }
}

/// Makes the file readable for its owner only, before anything is in it: there are password hashes, and links that still
/// wait to be sent. SQLite gives the files beside it the same rights.
fn private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn migrator() -> Migrator {
    let steps = [
        (1, "start", include_str!("../../migrations/sqlite/0001_start.sql")),
        (2, "notifications", include_str!("../../migrations/sqlite/0002_notifications.sql")),
        (3, "accounts", include_str!("../../migrations/sqlite/0003_accounts.sql")),
    ];
    Migrator::with_migrations(
        steps
            .into_iter()
            .map(|(version, name, sql)| {
                Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
            })
            .collect(),
    )
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::RowNotFound => Self::NotFound,
            other => Self::Database(other.to_string()),
        }
    }
}
