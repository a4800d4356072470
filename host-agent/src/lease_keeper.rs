//! Keeps the lease (R5): reads this computer's clocks, writes what is used to the disk every few seconds.

use crate::disk;
use crate::place::Place;
use hospes_session::lease::{LeaseClock, Left, Reading};
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// How often the lease is looked at: it ends this late at most.
pub(crate) const LOOK: Duration = Duration::from_millis(500);
/// How often it is written: what a loss of power can take back at most.
pub(crate) const PERSIST: Duration = Duration::from_secs(3);

/// Wall clock, milliseconds since 1970.
pub(crate) fn wall() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Time since boot, sleep included, in milliseconds.
fn since_boot() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let millis = i128::from(time.tv_sec) * 1000 + i128::from(time.tv_nsec) / 1_000_000;
    u64::try_from(millis).unwrap_or_default()
}

/// Which boot this is. Without the kernel's id (no `/proc`) every start counts as a new boot, which errs to the short
/// side.
fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map_or_else(|_| format!("process {}", std::process::id()), |id| id.trim().to_owned())
}

/// The lease and where it is written.
#[derive(Debug)]
pub(crate) struct LeaseKeeper {
    path: PathBuf,
    boot: String,
    clock: Mutex<LeaseClock>,
    length: u64,
}

impl LeaseKeeper {
    /// A lease of `length` milliseconds starts now; on the disk when this returns.
    pub(crate) fn start(place: &Place, length: u64) -> io::Result<Self> {
        let boot = boot_id();
        let clock = LeaseClock::start(length, Reading { wall: wall(), monotonic: since_boot(), boot: &boot });
        let keeper = Self { path: place.lease(), boot, clock: Mutex::new(clock), length };
        keeper.write(&Kept { length, clock: keeper.clock().clone() })?;
        Ok(keeper)
    }

    /// Goes on with the lease on the disk; none when there is none.
    pub(crate) fn load(place: &Place) -> io::Result<Option<Self>> {
        let path = place.lease();
        let kept: Option<Kept> = disk::read_json(&path)?;
        Ok(kept.map(|kept| Self { path, boot: boot_id(), clock: Mutex::new(kept.clock), length: kept.length }))
    }

    fn clock(&self) -> MutexGuard<'_, LeaseClock> {
        self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, kept: &Kept) -> io::Result<()> {
        disk::write_json(&self.path, kept)
    }

    /// What is left now.
    pub(crate) fn left(&self) -> Left {
        self.clock().observe(Reading { wall: wall(), monotonic: since_boot(), boot: &self.boot })
    }

    /// The server says how much is left at most, in milliseconds.
    pub(crate) fn narrow(&self, left: u64) -> Left {
        self.left();
        self.clock().narrow(left)
    }

    /// Writes what is used.
    pub(crate) fn persist(&self) -> io::Result<()> {
        let clock = self.clock().clone();
        self.write(&Kept { length: self.length, clock })
    }

    /// Milliseconds of the lease that are used: a clock that never goes back, whatever is done to the computer's.
    pub(crate) fn elapsed(&self) -> u64 {
        match self.left() {
            Left::Running(left) | Left::Unsure(left) => self.length.saturating_sub(left),
            Left::Over => self.length,
        }
    }

    /// When it ends by this computer's own clock, milliseconds since 1970: for people to read.
    pub(crate) fn ends_at(&self) -> u64 {
        self.clock().ends_at()
    }
}

/// On the disk.
#[derive(serde::Serialize, serde::Deserialize)]
struct Kept {
    length: u64,
    clock: LeaseClock,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r5_what_is_used_survives_a_restart_and_only_grows() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::new(Some(dir.path())).unwrap();
        let keeper = LeaseKeeper::start(&place, 60_000).unwrap();
        assert!(matches!(keeper.narrow(10_000), Left::Running(9_000..=10_000)));
        keeper.persist().unwrap();
        let keeper = LeaseKeeper::load(&place).unwrap().unwrap();
        assert!(keeper.elapsed() >= 50_000);
        assert!(matches!(keeper.narrow(40_000), Left::Running(..=10_000)), "a server cannot lengthen it");
        assert_eq!(keeper.narrow(0), Left::Over);
    }
}
