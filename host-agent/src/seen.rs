//! Channels whose grants were used: a grant opens one channel once, also across a restart of the host.

use crate::disk;
use crate::place::Place;
use hospes_licence::grant::CLOCK_SKEW;
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// Channel ids with the moment from which a replay would be stale anyway.
#[derive(Debug)]
pub(crate) struct SeenChannels {
    path: PathBuf,
    ids: Mutex<BTreeMap<String, u64>>,
}

impl SeenChannels {
    /// Reads what is kept.
    pub(crate) fn load(place: &Place) -> io::Result<Self> {
        let path = place.channels();
        let ids = disk::read_json(&path)?.unwrap_or_default();
        Ok(Self { path, ids: Mutex::new(ids) })
    }

    /// Notes a channel, on the disk; false when it was seen before. `now` never goes back.
    pub(crate) fn note(&self, channel: &str, not_after: u64, now: u64) -> io::Result<bool> {
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        if ids.contains_key(channel) {
            return Ok(false);
        }
        let mut next = ids.clone();
        next.retain(|_, until| *until > now);
        // Twice the skew: a little more than `grant::check` itself allows.
        next.insert(channel.to_owned(), not_after.saturating_add(2 * CLOCK_SKEW));
        disk::write_json(&self.path, &next)?;
        *ids = next;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_new_once_also_after_a_restart_and_old_ones_are_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::new(Some(dir.path())).unwrap();
        let seen = SeenChannels::load(&place).unwrap();
        assert!(seen.note("a", 60_000, 0).unwrap());
        assert!(!seen.note("a", 60_000, 0).unwrap());
        let seen = SeenChannels::load(&place).unwrap();
        assert!(!seen.note("a", 60_000, 90_000).unwrap());
        assert!(seen.note("b", 260_000, 200_000).unwrap());
        assert_eq!(SeenChannels::load(&place).unwrap().ids.lock().unwrap().len(), 1, "a is forgotten");
    }
}
