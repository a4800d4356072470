//! How often one delivery is asked for again: once a minute. A receiver that takes no keys gets it as often as somebody asks.

use crate::refusal::{Answer, Refusal};
use axum::http::StatusCode;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use hospes_session::id::DeliveryId;
use std::num::NonZeroU32;

/// What was asked for in the last minute.
pub(crate) struct Again(DefaultKeyedRateLimiter<DeliveryId>);

impl Default for Again {
    fn default() -> Self {
        Self(RateLimiter::keyed(Quota::per_minute(NonZeroU32::MIN)))
    }
}

impl Again {
    /// Counts one time more.
    ///
    /// # Errors
    /// `too-many-tries` within a minute after the last time.
    pub(crate) fn ask(&self, id: DeliveryId) -> Answer<()> {
        self.0.check_key(&id).map_err(|until| {
            let seconds = until.wait_time_from(DefaultClock::default().now()).as_secs() + 1;
            Refusal::new("too-many-tries", StatusCode::TOO_MANY_REQUESTS, "This was sent again a moment ago.")
                .detail(format!("Try again in {seconds} s."))
                .retry_after(seconds)
        })
    }

    /// Forgets those of more than a minute ago.
    pub(crate) fn sweep(&self) {
        self.0.retain_recent();
    }
}
