//! The lease as the host enforces it (R5): by wall clock and by a monotonic clock, surviving reboots, sleep and a clock
//! that is set back. Pure; the host keeps the value on disk and asks it often (every few seconds, and before it opens
//! anything).
//!
//! What counts is how much of the lease is *used*, and it only grows:
//! - Within one boot, time passes as fast as the faster of the two clocks says, measured from the boot's first reading
//!   (step by step, the jitter of two clocks would add up). A clock set back changes nothing; one set forward, be it by
//!   a year, uses the lease up; a sleep that the monotonic clock does not count, the wall clock does.
//! - Over a reboot, the wall clock says how long the computer was off, and never less than the time since boot.
//! - When the wall clock then stands *before* the last time seen, nobody knows how long the computer was off. Ending the
//!   lease would throw out every computer whose clock is only set right by the network after it has started (R11);
//!   counting nothing would lengthen the lease. So the lease is [`Left::Unsure`]: nothing may be opened, until the clock
//!   has passed the last time seen, or the server has said how much is left ([`LeaseClock::narrow`]). The time that the
//!   computer is on is counted all the while, so it never runs longer than the lease in all.
//!
//! Durations come from the server, never moments: two computers' clocks need not agree.

use crate::model::Millis;
use serde::{Deserialize, Serialize};

/// What the host's clocks say, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading<'a> {
    /// Wall clock, since 1970.
    pub wall: Millis,
    /// Monotonic clock since boot; best one that goes on during sleep (`CLOCK_BOOTTIME`).
    pub monotonic: Millis,
    /// Which boot this is (`/proc/sys/kernel/random/boot_id`, or the time of boot where there is no such thing).
    pub boot: &'a str,
}

/// What is left of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// It runs for that many milliseconds more.
    Running(Millis),
    /// At most that many milliseconds are left; until it is sure, nothing may be opened.
    Unsure(Millis),
    /// It is over, for good: remove everything.
    Over,
}

/// How much of a lease is used. Serialized as it stands on the host's disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeaseClock {
    length: Millis,
    used: Millis,
    boot: String,
    start: Start,
    last_wall: Millis,
    last_monotonic: Millis,
    gap: Option<Gap>,
}

/// The reading that this boot's time is measured from, and what was used then: its first, or that at which something
/// else than its clocks said that more was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Start {
    used: Millis,
    wall: Millis,
    monotonic: Millis,
}

/// An unknown time off: the last wall time that was seen before it, and what was used then. It lasts until the wall
/// clock has passed that time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Gap {
    used: Millis,
    wall: Millis,
    /// The server has said since how much is left.
    told: bool,
}

impl LeaseClock {
    /// A lease of `length` milliseconds that starts at this reading.
    #[must_use]
    pub fn start(length: Millis, now: Reading<'_>) -> Self {
        Self {
            length,
            used: 0,
            boot: now.boot.to_owned(),
            start: Start { used: 0, wall: now.wall, monotonic: now.monotonic },
            last_wall: now.wall,
            last_monotonic: now.monotonic,
            gap: None,
        }
    }

    /// Takes note of what the clocks say, and tells what is left. Once over, a lease stays over.
    pub fn observe(&mut self, now: Reading<'_>) -> Left {
        if now.boot != self.boot {
            self.reboot(now);
        }
        // Behind a gap the wall clock is waited for, so its jump to the right time is no time that passed.
        let by_wall = if self.gap.is_some() { 0 } else { now.wall.saturating_sub(self.start.wall) };
        let by_monotonic = now.monotonic.saturating_sub(self.start.monotonic);
        self.used = self.used.max(self.start.used.saturating_add(by_wall.max(by_monotonic)));
        self.last_wall = now.wall;
        self.last_monotonic = now.monotonic;
        if let Some(gap) = self.gap
            && now.wall >= gap.wall
        {
            self.gap = None;
            self.use_up_to(gap.used.saturating_add(now.wall - gap.wall));
        }
        self.left()
    }

    /// The server says that no more than `left` milliseconds are left: the host keeps the shorter. Never lengthens, and
    /// makes an unsure lease sure. Call it after [`Self::observe`] with the reading of the same moment.
    pub fn narrow(&mut self, left: Millis) -> Left {
        self.use_up_to(self.length.saturating_sub(left));
        if let Some(gap) = &mut self.gap {
            gap.told = true;
        }
        self.left()
    }

    /// What was left at the last reading.
    #[must_use]
    pub fn left(&self) -> Left {
        match (self.length.saturating_sub(self.used), self.gap) {
            (0, _) => Left::Over,
            (left, Some(Gap { told: false, .. })) => Left::Unsure(left),
            (left, _) => Left::Running(left),
        }
    }

    /// When it ends by this computer's own wall clock, as of the last reading: for people to read.
    #[must_use]
    pub fn ends_at(&self) -> Millis {
        self.last_wall.saturating_add(self.length.saturating_sub(self.used))
    }

    /// At least that much was used, whatever this boot's clocks said: from here on they are measured anew.
    fn use_up_to(&mut self, used: Millis) {
        self.used = self.used.max(used);
        self.start = Start { used: self.used, wall: self.last_wall, monotonic: self.last_monotonic };
    }

    /// A new boot began since the last reading, which was taken in the one before.
    fn reboot(&mut self, now: Reading<'_>) {
        let before = self.used;
        match now.wall.checked_sub(self.last_wall) {
            Some(off) if self.gap.is_none() => self.used = before.saturating_add(off.max(now.monotonic)),
            _ => {
                self.used = before.saturating_add(now.monotonic);
                // A gap that is still open began earlier and used less: it stays the one to be filled.
                let gap = self.gap.get_or_insert(Gap { used: before, wall: self.last_wall, told: false });
                gap.told = false;
            }
        }
        self.boot = now.boot.to_owned();
        self.start = Start { used: self.used, wall: now.wall, monotonic: now.monotonic };
    }
}
