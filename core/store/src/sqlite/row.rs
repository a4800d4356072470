//! Columns as values, and what to say of a column that is none.

use crate::{Result, StoreError};
use data_encoding::HEXLOWER;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::sqlite::SqliteRow;
use sqlx::{ColumnIndex, Decode, Row, Sqlite, Type};
use std::fmt::Display;
use std::str::FromStr;

/// Names table and key of a row that cannot be read.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub table: &'static str,
    pub key: &'a str,
}

impl Place<'_> {
    pub(super) fn corrupt(self, column: &str, problem: impl Display) -> StoreError {
        StoreError::Corrupt(format!("table {}, key {}, column {column}: {problem}", self.table, self.key))
    }

    /// A column by name.
    pub(super) fn get<'r, T>(self, row: &'r SqliteRow, column: &'static str) -> Result<T>
    where
        T: Decode<'r, Sqlite> + Type<Sqlite>,
        &'static str: ColumnIndex<SqliteRow>,
    {
        row.try_get(column).map_err(|error| self.corrupt(column, error))
    }

    /// A column that holds an id or another text that is parsed.
    pub(super) fn parse<T>(self, row: &SqliteRow, column: &'static str) -> Result<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        let text: &str = self.get(row, column)?;
        text.parse().map_err(|error| self.corrupt(column, error))
    }

    /// A column that holds JSON.
    pub(super) fn json<T: DeserializeOwned>(self, row: &SqliteRow, column: &'static str) -> Result<T> {
        let text: &str = self.get(row, column)?;
        serde_json::from_str(text).map_err(|error| self.corrupt(column, error))
    }

    /// A column that holds JSON or nothing.
    pub(super) fn optional_json<T: DeserializeOwned>(self, row: &SqliteRow, column: &'static str) -> Result<Option<T>> {
        let text: Option<&str> = self.get(row, column)?;
        text.map(serde_json::from_str).transpose().map_err(|error| self.corrupt(column, error))
    }

    /// A column that holds a time.
    pub(super) fn millis(self, row: &SqliteRow, column: &'static str) -> Result<u64> {
        let value: i64 = self.get(row, column)?;
        u64::try_from(value).map_err(|_| self.corrupt(column, format!("{value} is before 1970")))
    }

    /// A column that may hold a time.
    pub(super) fn maybe_millis(self, row: &SqliteRow, column: &'static str) -> Result<Option<u64>> {
        match self.get::<Option<i64>>(row, column)? {
            None => Ok(None),
            Some(_) => self.millis(row, column).map(Some),
        }
    }

    /// A column that holds bytes as hex.
    pub(super) fn bytes(self, column: &'static str, text: &str) -> Result<Vec<u8>> {
        HEXLOWER.decode(text.as_bytes()).map_err(|error| self.corrupt(column, error))
    }
}

/// The key of a row, also when it is nothing that this version would have written.
pub(super) fn key(row: &SqliteRow) -> String {
    row.try_get::<String, _>("id").unwrap_or_else(|_| "(unreadable)".to_owned())
}

/// Bytes as a column holds them.
pub(super) fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

/// A time as a column holds it; times past the year 292 million are all the same to us.
pub(super) fn time(at: u64) -> i64 {
    i64::try_from(at).unwrap_or(i64::MAX)
}

/// For `LIMIT`; 0 stands for all.
pub(super) fn limit(at_most: u32) -> i64 {
    if at_most == 0 { i64::MAX } else { i64::from(at_most) }
}

/// What is equal whatever its case.
pub(super) fn fold(text: &str) -> String {
    text.trim().to_lowercase()
}

/// A value as JSON for a column.
pub(super) fn json_text(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Database(format!("a value cannot be written: {error}")))
}
