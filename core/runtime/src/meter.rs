//! Measures and bounds the time that a guest computes. The guest's future is polled through [`Metered`], so that all
//! of its time, and only its time, is counted: while it waits for the host nothing runs.

use crate::ticker::Ticker;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// How much computing may be saved up, as time at the full share.
const SAVED: Duration = Duration::from_millis(500);

/// Times of one channel, shared with the engine's interruption callback.
#[derive(Debug)]
pub(crate) struct Clock {
    origin: Instant,
    /// Nanoseconds computed in all, up to the last pause.
    total: AtomicU64,
    /// Nanoseconds computed since the last host call, up to the last pause.
    burst: AtomicU64,
    /// When the guest was last resumed, or last called the host, in nanoseconds since `origin`.
    resumed: AtomicU64,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { origin: Instant::now(), total: AtomicU64::new(0), burst: AtomicU64::new(0), resumed: AtomicU64::new(0) }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// The guest asks the host for something: its time in a row starts anew.
    pub(crate) fn host_call(&self) {
        self.burst.store(0, Ordering::Relaxed);
        self.resumed.store(self.now(), Ordering::Relaxed);
    }

    /// Computing time in a row until now. Only right while the guest runs.
    pub(crate) fn burst(&self) -> Duration {
        let running = self.now().saturating_sub(self.resumed.load(Ordering::Relaxed));
        Duration::from_nanos(self.burst.load(Ordering::Relaxed).saturating_add(running))
    }

    /// Computing time in all.
    pub(crate) fn total(&self) -> Duration {
        Duration::from_nanos(self.total.load(Ordering::Relaxed))
    }
}

/// A guest's future, measured, slowed down to its share of one processor, and beating the ticker while it runs.
pub(crate) struct Metered<'a, F> {
    inner: Pin<Box<F>>,
    clock: Arc<Clock>,
    ticker: &'a Ticker,
    share: f64,
    /// Seconds of computing that are left; below zero the guest pauses.
    left: f64,
    seen: Instant,
    pause: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl<'a, F: Future> Metered<'a, F> {
    pub(crate) fn new(inner: F, clock: Arc<Clock>, ticker: &'a Ticker, share: f64) -> Self {
        let share = share.clamp(0.01, 1.0);
        let left = SAVED.as_secs_f64() * share;
        Self { inner: Box::pin(inner), clock, ticker, share, left, seen: Instant::now(), pause: None }
    }
}

impl<F: Future> Future for Metered<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        if let Some(pause) = &mut this.pause {
            if pause.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            this.pause = None;
        }
        let started = Instant::now();
        let earned = started.saturating_duration_since(this.seen).as_secs_f64() * this.share;
        this.left = (this.left + earned).min(SAVED.as_secs_f64() * this.share);
        let from = this.clock.now();
        this.clock.resumed.store(from, Ordering::Relaxed);
        let answer = {
            let _running = this.ticker.run();
            this.inner.as_mut().poll(context)
        };
        let now = this.clock.now();
        this.clock.total.fetch_add(now.saturating_sub(from), Ordering::Relaxed);
        let in_a_row = now.saturating_sub(this.clock.resumed.load(Ordering::Relaxed));
        this.clock.burst.fetch_add(in_a_row, Ordering::Relaxed);
        this.seen = Instant::now();
        let computed = this.seen.saturating_duration_since(started).as_secs_f64();
        this.left += computed * this.share - computed;
        if answer.is_pending() && this.left < 0.0 {
            let mut pause = Box::pin(tokio::time::sleep(Duration::from_secs_f64(-this.left / this.share)));
            // Registers the waker; the guest's own wake-ups meanwhile find the pause and wait for it.
            if pause.as_mut().poll(context).is_pending() {
                this.pause = Some(pause);
            } else {
                context.waker().wake_by_ref();
            }
        }
        answer
    }
}
