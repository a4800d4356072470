//! What operators need: figures for monitoring, and an end of all logins.

use crate::Result;
use hospes_session::model::Millis;

/// What the store counts for `/metrics`, of all companies together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Sessions whose link waits for its customer.
    pub prepared: i64,
    /// Sessions whose lease runs.
    pub active: i64,
    /// Notifications that still have to arrive.
    pub waiting: i64,
    /// When the oldest of those happened.
    pub oldest: Option<Millis>,
}

/// The operator's part of the store.
#[async_trait::async_trait]
pub trait Operation: Send + Sync {
    /// Counts.
    async fn figures(&self) -> Result<Figures>;
    /// Ends every login of every company; gives how many could still be used at `now`. It writes no audit entry: the
    /// caller says why, to each company.
    async fn end_every_login(&self, now: Millis) -> Result<u64>;
}
