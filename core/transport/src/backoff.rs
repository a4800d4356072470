//! How long to wait before dialling again. Pure: the caller passes time and randomness.

use std::time::Duration;

/// Delay after the first failure.
const FIRST: Duration = Duration::from_millis(250);
/// Longest delay while the connection was there not long ago: with a dial's own time it keeps hosts back within 10 s.
const MAX: Duration = Duration::from_secs(4);
/// After so long without a connection there is no hurry any more ...
const PATIENT_AFTER: Duration = Duration::from_secs(15 * 60);
/// ... and this is the longest delay.
const PATIENT_MAX: Duration = Duration::from_secs(30);

/// Doubling delays, each shortened at random by up to half, so that the hosts of a restarted server do not come back
/// in step.
#[derive(Clone, Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Nothing has failed yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The delay after one more failure. `offline` is the time since there was a connection, `random` any random bits.
    pub fn next(&mut self, offline: Duration, random: u32) -> Duration {
        let max = if offline >= PATIENT_AFTER { PATIENT_MAX } else { MAX };
        let full = FIRST.saturating_mul(1u32.checked_shl(self.failures.min(16)).unwrap_or(u32::MAX)).min(max);
        self.failures = self.failures.saturating_add(1);
        full - full / 2 * (random >> 16) / (1 << 16)
    }

    /// It went well: the next failure starts from the beginning.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_four_seconds_and_jitter_takes_at_most_half() {
        let mut longest = Backoff::new();
        let mut shortest = Backoff::new();
        for full in [250, 500, 1000, 2000, 4000, 4000, 4000] {
            let full = Duration::from_millis(full);
            assert_eq!(longest.next(Duration::ZERO, 0), full);
            let short = shortest.next(Duration::ZERO, u32::MAX);
            assert!(short >= full / 2 && short < full * 51 / 100, "{short:?} of {full:?}");
        }
    }

    #[test]
    fn hours_offline_make_it_patient_and_a_connection_makes_it_quick_again() {
        let mut backoff = Backoff::new();
        for _ in 0..100 {
            assert!(backoff.next(Duration::from_secs(60), 0) <= MAX);
        }
        assert_eq!(backoff.next(Duration::from_secs(3600), 0), PATIENT_MAX);
        backoff.reset();
        assert_eq!(backoff.next(Duration::ZERO, 0), FIRST);
    }
}
