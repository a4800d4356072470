//! What one channel, or one delivery of a notifier, may use. Exceeding a budget ends that one with the budget's name,
//! never the process.

use crate::error::{Budget, Exceeded};
use std::time::Duration;
use wasmtime::ResourceLimiter;

/// Budgets of one channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Budgets {
    /// Bytes of linear memory, all memories together (64 MiB).
    pub memory: u64,
    /// Elements of tables, all tables together (100 000).
    pub table_elements: usize,
    /// Core instances, memories and tables, of each at most so many (64).
    pub instances: usize,
    /// Handles held at once (512).
    pub handles: usize,
    /// Computing time in a row without asking the host for anything (10 s).
    pub burst: Duration,
    /// Share of one processor over time, above 0 and at most 1 (0.9). A channel that wants more is slowed down, not
    /// ended.
    pub share: f64,
    /// Bytes handed to the host in one call (4 MiB).
    pub host_call_bytes: usize,
    /// Wall-clock time of one host call (30 s); committing an upload, which may have to read all of it again, has
    /// twenty times as long. Waiting for the page, for the customer's answer or for a pollable is not limited.
    pub host_call_time: Duration,
    /// Log lines per second, standard output and error included; what is over is dropped and counted (200).
    pub log_lines: u32,
    /// Log lines dropped in all before the channel is ended (10 000).
    pub log_dropped: u64,
    /// Messages to the page per second, after a first second's worth at once (20 000). A slow page slows the plugin down
    /// long before this.
    pub messages: u32,
    /// Web requests and messages of one delivery, refused ones too (8).
    pub outside_calls: u32,
    /// Wall-clock time of one delivery, all that it waits for included (60 s).
    pub delivery_time: Duration,
    /// Time to return after the channel was told to close (2 s).
    pub grace: Duration,
}

impl Default for Budgets {
    fn default() -> Self {
        Self {
            memory: 64 << 20,
            table_elements: 100_000,
            instances: 64,
            handles: 512,
            burst: Duration::from_secs(10),
            share: 0.9,
            host_call_bytes: 4 << 20,
            host_call_time: Duration::from_secs(30),
            log_lines: 200,
            log_dropped: 10_000,
            messages: 20_000,
            outside_calls: 8,
            delivery_time: Duration::from_secs(60),
            grace: Duration::from_secs(2),
        }
    }
}

/// Counts memories and tables of one store.
#[derive(Debug)]
pub(crate) struct Limiter {
    memory_limit: usize,
    table_limit: usize,
    instances: usize,
    memory: usize,
    tables: usize,
}

impl Limiter {
    pub(crate) fn new(budgets: &Budgets) -> Self {
        Self {
            memory_limit: usize::try_from(budgets.memory).unwrap_or(usize::MAX),
            table_limit: budgets.table_elements,
            instances: budgets.instances,
            memory: 0,
            tables: 0,
        }
    }

    /// Bytes of linear memory now; memories never shrink.
    pub(crate) fn memory(&self) -> usize {
        self.memory
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.memory.saturating_add(desired.saturating_sub(current));
        if total > self.memory_limit {
            return Err(Exceeded(Budget::Memory).into());
        }
        self.memory = total;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.tables.saturating_add(desired.saturating_sub(current));
        if total > self.table_limit {
            return Err(Exceeded(Budget::Tables).into());
        }
        self.tables = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        self.instances
    }

    #[allow(clippy::misnamed_getters, reason = "one number bounds instances, memories and tables, of each")]
    fn tables(&self) -> usize {
        self.instances
    }

    fn memories(&self) -> usize {
        self.instances
    }
}

/// So many a second, and one second's worth at once.
#[derive(Debug)]
pub(crate) struct Rate {
    per_second: f64,
    left: f64,
    at: std::time::Instant,
}

impl Rate {
    pub(crate) fn new(per_second: u32, now: std::time::Instant) -> Self {
        Self { per_second: f64::from(per_second), left: f64::from(per_second), at: now }
    }

    /// Takes one; false when there is none.
    pub(crate) fn take(&mut self, now: std::time::Instant) -> bool {
        let elapsed = now.saturating_duration_since(self.at).as_secs_f64();
        self.at = now;
        self.left = (self.left + elapsed * self.per_second).min(self.per_second);
        let enough = self.left >= 1.0;
        if enough {
            self.left -= 1.0;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn a_rate_gives_one_seconds_worth_and_then_what_time_brings() {
        let start = Instant::now();
        let mut rate = Rate::new(10, start);
        assert_eq!((0..20).filter(|_| rate.take(start)).count(), 10);
        assert_eq!((0..20).filter(|_| rate.take(start + Duration::from_millis(510))).count(), 5);
        assert_eq!((0..20).filter(|_| rate.take(start + Duration::from_secs(60))).count(), 10);
    }

    #[test]
    fn memories_are_counted_together() {
        let mut limiter = Limiter::new(&Budgets { memory: 1000, ..Budgets::default() });
        assert!(limiter.memory_growing(0, 600, None).is_ok_and(|yes| yes));
        assert!(limiter.memory_growing(0, 400, None).is_ok_and(|yes| yes));
        let error = limiter.memory_growing(600, 601, None).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Exceeded(Budget::Memory)));
    }
}
