//! Limits per address for log-ins and security codes (R4): what fails too often is answered 429 for a while.
//!
//! Only failures count, so a company behind one address is not locked out by its own success.

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
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
        match blocked.get(&key(address)) {
            Some(until) if *until > now => Err((*until - now).as_secs() + 1),
            Some(_) => {
                blocked.remove(&key(address));
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Counts a failure.
    pub(crate) fn failed(&self, address: IpAddr) {
        if let Err(until) = self.failures.check_key(&key(address)) {
            let wait = until.wait_time_from(DefaultClock::default().now());
            let mut blocked = self.blocked.lock().unwrap_or_else(PoisonError::into_inner);
            blocked.insert(key(address), Instant::now() + wait);
        }
    }

    /// Forgets addresses that have been quiet.
    pub(crate) fn sweep(&self) {
        self.failures.retain_recent();
        let now = Instant::now();
        self.blocked.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, until| *until > now);
    }
}

/// An IPv6 customer holds a /64: addresses within one count as one.
fn key(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 => v4,
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

    #[test]
    fn addresses_of_one_ipv6_network_count_together() {
        assert_eq!(key("2001:db8::1".parse().unwrap()), key("2001:db8::ffff".parse().unwrap()));
        assert_ne!(key("2001:db8::1".parse().unwrap()), key("2001:db8:0:1::1".parse().unwrap()));
        assert_eq!(key("::ffff:192.0.2.1".parse().unwrap()), key("192.0.2.1".parse().unwrap()));
    }
}
