//! Limits per address for log-ins and security codes (R4): what fails too often is answered 429 for a while.
//!
//! Only failures count, so a company behind one address is not locked out by its own success.

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use hospes_transport::network;
use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Counts failures per address.
pub(crate) struct Throttle {
    failures: DefaultKeyedRateLimiter<IpAddr>,
    blocked: Mutex<HashMap<IpAddr, Instant>>,
}

impl Throttle {
    /// `per_minute` failures of one address are free.
    pub(crate) fn new(per_minute: u32) -> Self {
        let quota = Quota::per_minute(NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN));
        Self { failures: RateLimiter::keyed(quota), blocked: Mutex::default() }
    }

    /// Whether the address may try; otherwise the seconds until it may.
    pub(crate) fn check(&self, address: IpAddr) -> Result<(), u64> {
        let mut blocked = self.blocked.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        match blocked.get(&network(address)) {
            Some(until) if *until > now => Err((*until - now).as_secs() + 1),
            Some(_) => {
                blocked.remove(&network(address));
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Counts a failure.
    pub(crate) fn failed(&self, address: IpAddr) {
        if let Err(until) = self.failures.check_key(&network(address)) {
            let wait = until.wait_time_from(DefaultClock::default().now());
            let mut blocked = self.blocked.lock().unwrap_or_else(PoisonError::into_inner);
            blocked.insert(network(address), Instant::now() + wait);
        }
    }

    /// Forgets addresses that have been quiet.
    pub(crate) fn sweep(&self) {
        self.failures.retain_recent();
        let now = Instant::now();
        self.blocked.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, until| *until > now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_failures_are_free_and_then_the_address_waits_alone() {
        let throttle = Throttle::new(30);
        let bad: IpAddr = "192.0.2.1".parse().unwrap();
        for n in 0..30 {
            assert!(throttle.check(bad).is_ok(), "failure {n} was not free");
            throttle.failed(bad);
        }
        throttle.failed(bad);
        assert!(throttle.check(bad).is_err());
        assert!(throttle.check("192.0.2.2".parse().unwrap()).is_ok());
    }
}
