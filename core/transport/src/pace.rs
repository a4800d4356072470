//! How much may be under way on a WebSocket: a congestion controller by delay.
//!
//! Below the WebSocket is TCP, which controls congestion and loses nothing, so loss (what QUIC's usual controllers look
//! for) says nothing here: they would fill every buffer on the way, and a click would wait behind seconds of picture.
//! So the window follows the delay, as LEDBAT (RFC 6817) and TCP Vegas do: it grows while packets come back nearly as
//! fast as the fastest one did, and shrinks while they wait somewhere.

use quinn::congestion::{Controller, ControllerFactory};
use quinn_proto::RttEstimator;
use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Waiting that is taken: less is noise (of a busy processor, too), and the price of a full line.
const TARGET: Duration = Duration::from_millis(100);
/// Window at the start, bytes.
const FIRST: u64 = 256 << 10;
/// Smallest window, bytes: a few packets, so that it can always be measured.
const LEAST: u64 = 64 << 10;
/// Largest window, bytes: what the connection holds unconfirmed.
const MOST: u64 = 4 << 20;

/// The window, as a pure value: the caller passes times.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    window: u64,
    /// The fastest round trip so far. QUIC's own estimate begins with a guess, which a long line never undercuts.
    least: Duration,
    /// What was sent before this moment was sent under the last cut.
    cut: Option<Instant>,
}

impl Pace {
    fn new() -> Self {
        Self { window: FIRST, least: Duration::MAX, cut: None }
    }

    /// `bytes` that were sent at `sent` are confirmed at `now`; `idle` says that there was nothing more to send.
    fn confirmed(&mut self, now: Instant, sent: Instant, bytes: u64, idle: bool) {
        let trip = now.saturating_duration_since(sent);
        self.least = self.least.min(trip);
        if trip - self.least > TARGET {
            // Once for each round trip: what was on its way then says nothing of the window now.
            if self.cut.is_none_or(|cut| sent > cut) {
                self.window = (self.window - self.window / 8).max(LEAST);
                self.cut = Some(now);
            }
        } else if !idle {
            // Doubles each round trip, as slow start does, until the line was full once; then carefully.
            let more = if self.cut.is_none() { bytes } else { bytes / 4 };
            self.window = self.window.saturating_add(more).min(MOST);
        }
    }
}

impl Controller for Pace {
    fn on_ack(&mut self, now: Instant, sent: Instant, bytes: u64, app_limited: bool, _rtt: &RttEstimator) {
        self.confirmed(now, sent, bytes, app_limited);
    }

    fn on_congestion_event(&mut self, _now: Instant, _sent: Instant, _persistent: bool, _lost_bytes: u64) {
        // TCP loses nothing: what QUIC takes for lost is late, and lateness is what `on_ack` measures.
    }

    fn on_mtu_update(&mut self, _new_mtu: u16) {}

    fn window(&self) -> u64 {
        self.window
    }

    fn clone_box(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }

    fn initial_window(&self) -> u64 {
        FIRST
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

/// Makes a [`Pace`] for each connection.
#[derive(Debug)]
pub(crate) struct PaceFactory;

impl ControllerFactory for PaceFactory {
    fn build(self: Arc<Self>, _now: Instant, _current_mtu: u16) -> Box<dyn Controller> {
        Box::new(Pace::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    /// A line of `rate` bytes a second and `trip` there and back, with a buffer that never ends, in simulated time: the
    /// bytes that went through in `seconds`, and the longest wait of the second half.
    fn line(rate: u64, trip: Duration, seconds: u64) -> (u64, Duration) {
        const PACKET: u64 = 16_000;
        let start = Instant::now();
        let (mut pace, mut now, mut free) = (Pace::new(), start, start);
        let mut under_way: VecDeque<(Instant, Instant)> = VecDeque::new();
        let (mut through, mut longest) = (0, Duration::ZERO);
        let end = start + Duration::from_secs(seconds);
        while now < end {
            while (under_way.len() as u64 + 1) * PACKET <= pace.window() {
                free = free.max(now) + Duration::from_nanos(PACKET * 1_000_000_000 / rate);
                under_way.push_back((now, free + trip));
            }
            let (sent, back) = under_way.pop_front().expect("the window holds a packet");
            now = back;
            pace.confirmed(now, sent, PACKET, false);
            through += PACKET;
            if now > start + Duration::from_secs(seconds / 2) {
                longest = longest.max(now - sent - trip);
            }
        }
        (through, longest)
    }

    #[test]
    fn a_line_is_used_and_nothing_waits_long_in_it() {
        for (rate, trip) in [(125_000u64, 20), (1_250_000, 20), (1_250_000, 80), (12_500_000, 5), (12_500_000, 80)] {
            let (through, wait) = line(rate, Duration::from_millis(trip), 20);
            let used = through as f64 / (rate * 20) as f64;
            assert!(used > 0.8, "{rate} B/s, {trip} ms: only {used:.2} of the line is used");
            // The smallest window alone takes this long on a slow line.
            let floor = Duration::from_millis(2 * LEAST * 1000 / rate);
            assert!(wait < Duration::from_millis(300) + floor, "{rate} B/s, {trip} ms: {wait:?} of waiting");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_line_is_too_slow_or_too_long(rate in 60_000u64..20_000_000, trip in 1u64..300) {
            let (through, wait) = line(rate, Duration::from_millis(trip), 30);
            // A window of MOST bytes is all that a long fat line can have.
            let most = (MOST as f64 / (trip as f64 / 1000.0)).min(rate as f64);
            proptest::prop_assert!(through as f64 / (most * 30.0) > 0.6, "{through}");
            let floor = Duration::from_millis(2 * LEAST * 1000 / rate);
            proptest::prop_assert!(wait < Duration::from_millis(300 + 2 * trip) + floor, "{wait:?}");
        }
    }

    #[test]
    fn an_idle_sender_does_not_widen_the_window_and_loss_does_not_narrow_it() {
        let now = Instant::now();
        let mut pace = Pace::new();
        for _ in 0..1000 {
            pace.confirmed(now, now, 16_000, true);
            pace.on_congestion_event(now, now, true, 16_000);
        }
        assert_eq!(pace.window(), FIRST);
    }
}
