//! The session password (R2): which logins have proved it, and how fast it can be guessed.
//!
//! A guess counts when the host has answered the first message, because the guesser can tell a wrong password from that
//! answer alone. It is on the disk before the answer leaves, so neither cutting the stream nor restarting the host gives
//! free guesses. Only one guess is under way at a time. Logins are named by the server, so the delay is one for all.

use crate::disk;
use crate::place::Place;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Wrong guesses that cost no delay: people mistype.
const FREE: u32 = 3;
/// Longest delay, in milliseconds.
const MAX_DELAY: u64 = 5 * 60 * 1000;
/// Most logins that are remembered; beyond it a login proves the password again.
const MAX_LOGINS: usize = 256;

/// The delay after so many wrong guesses in a row, in milliseconds: 0, 0, 0, 1 s, 2 s, 4 s ... 5 min.
fn delay(wrong: u32) -> u64 {
    match wrong.checked_sub(FREE) {
        None => 0,
        Some(over) => 1000u64.checked_shl(over.min(20)).map_or(MAX_DELAY, |delay| delay.min(MAX_DELAY)),
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    logins: BTreeSet<String>,
    /// Guesses since the last right one.
    wrong: u32,
    /// When the last one was answered, milliseconds of the host's own clock (which never goes back).
    last: u64,
}

/// Unlocked logins and the guesses so far.
#[derive(Debug)]
pub(crate) struct Unlocks {
    path: PathBuf,
    kept: Mutex<Kept>,
    /// One guess at a time.
    pub guessing: tokio::sync::Mutex<()>,
}

impl Unlocks {
    /// Reads what is kept.
    pub(crate) fn load(place: &Place) -> io::Result<Self> {
        let path = place.unlocks();
        let kept = disk::read_json(&path)?.unwrap_or_default();
        Ok(Self { path, kept: Mutex::new(kept), guessing: tokio::sync::Mutex::new(()) })
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// True when this login has proved the password.
    pub(crate) fn is_unlocked(&self, login: &str) -> bool {
        self.kept().logins.contains(login)
    }

    /// Milliseconds until the next guess is answered.
    pub(crate) fn wait(&self, now: u64) -> u64 {
        let kept = self.kept();
        kept.last.saturating_add(delay(kept.wrong)).saturating_sub(now)
    }

    /// Counts a guess, on the disk. Call before the answer leaves.
    pub(crate) fn count_guess(&self, now: u64) -> io::Result<()> {
        self.change(|kept| {
            kept.wrong = kept.wrong.saturating_add(1);
            kept.last = kept.last.max(now);
        })
    }

    /// The login has proved the password.
    pub(crate) fn unlock(&self, login: &str) -> io::Result<()> {
        self.change(|kept| {
            kept.wrong = 0;
            while kept.logins.len() >= MAX_LOGINS && kept.logins.pop_first().is_some() {}
            kept.logins.insert(login.to_owned());
        })
    }

    fn change(&self, change: impl FnOnce(&mut Kept)) -> io::Result<()> {
        let mut kept = self.kept();
        let mut next = kept.clone();
        change(&mut next);
        disk::write_json(&self.path, &next)?;
        *kept = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r2_guesses_get_slower_and_a_restart_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::new(Some(dir.path())).unwrap();
        for expect in [0, 0, 0, 1000, 2000, 4000, 8000] {
            let unlocks = Unlocks::load(&place).unwrap();
            assert_eq!(unlocks.wait(10_000), expect);
            unlocks.count_guess(10_000).unwrap();
        }
        let unlocks = Unlocks::load(&place).unwrap();
        assert_eq!(unlocks.wait(12_000), 14_000);
        assert_eq!(unlocks.wait(60_000), 0);
        for _ in 0..100 {
            unlocks.count_guess(60_000).unwrap();
        }
        assert_eq!(unlocks.wait(60_000), MAX_DELAY);
        assert!(!unlocks.is_unlocked("a"));
        unlocks.unlock("a").unwrap();
        let unlocks = Unlocks::load(&place).unwrap();
        assert!(unlocks.is_unlocked("a") && !unlocks.is_unlocked("b"));
        assert_eq!(unlocks.wait(60_000), 0);
    }
}
