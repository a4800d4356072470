//! All processes: one file of each is read each time, two more when it is seen first.

use super::stat::{Stat, TICKS};
use crate::provider::figures::FIRST;
use hospes_runtime::provider::system::Process;
use hospes_runtime::provider::{Error, Result};
use std::collections::BTreeMap;
use std::time::Instant;
use sysinfo::Users;

/// Bytes at which the kernel cuts a name.
const CUT: usize = 15;
/// Most of a command line that is looked at for the whole name.
const LONGEST: usize = 128;

/// What is kept of a process between two looks.
struct Seen {
    /// With the id it names the process.
    started: u64,
    name: String,
    user: String,
    busy: u64,
}

/// The processes for one channel.
#[derive(Default)]
pub(super) struct Processes {
    seen: BTreeMap<u32, Seen>,
    at: Option<Instant>,
    /// Names of users by their number, read once.
    users: Option<BTreeMap<u32, String>>,
}

impl Processes {
    /// All of them, by id.
    pub(super) fn read(&mut self) -> Result<Vec<Process>> {
        if self.at.is_none() {
            // A share needs two looks.
            self.look()?;
            std::thread::sleep(FIRST);
        }
        self.look()
    }

    fn look(&mut self) -> Result<Vec<Process>> {
        let folder = std::fs::read_dir("/proc")
            .map_err(|error| Error::Unavailable(format!("the list of processes cannot be read: {error}")))?;
        let now = Instant::now();
        let passed = self.at.replace(now).map_or(0.0, |before| now.duration_since(before).as_secs_f64());
        let mut before = std::mem::take(&mut self.seen);
        let mut found = Vec::with_capacity(before.len() + 16);
        for entry in folder.flatten() {
            let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
            // One that ends meanwhile is not there any more.
            let Some(stat) = Stat::read(id).filter(|stat| !stat.zombie) else { continue };
            let (seen, share) = match before.remove(&id).filter(|seen| seen.started == stat.started) {
                Some(seen) => {
                    let ticks = stat.busy.saturating_sub(seen.busy);
                    let share = if passed > 0.0 { ticks as f64 / TICKS as f64 / passed } else { 0.0 };
                    (Seen { busy: stat.busy, ..seen }, share)
                }
                None => (self.meet(id, &stat), 0.0),
            };
            let mut process = stat.process(id, seen.name.clone());
            process.user.clone_from(&seen.user);
            process.cpu = share as f32;
            self.seen.insert(id, seen);
            found.push(process);
        }
        found.sort_by_key(|process| process.id);
        Ok(found)
    }

    /// What does not change while a process lives.
    fn meet(&mut self, id: u32, stat: &Stat) -> Seen {
        let name = match &stat.name {
            name if stat.kernel => format!("[{name}]"),
            name if name.len() >= CUT => whole_name(id, name).unwrap_or_else(|| name.clone()),
            name => name.clone(),
        };
        let user = user_of(id)
            .map_or_else(String::new, |user| self.users().get(&user).cloned().unwrap_or_else(|| user.to_string()));
        Seen { started: stat.started, name, user, busy: stat.busy }
    }

    fn users(&mut self) -> &BTreeMap<u32, String> {
        self.users.get_or_insert_with(|| {
            let all = Users::new_with_refreshed_list().ok();
            all.iter().flat_map(|users| users.iter()).map(|user| (**user.id(), user.name().to_owned())).collect()
        })
    }
}

/// The name that the kernel cut, from the program's first argument; none when that is another.
fn whole_name(id: u32, cut: &str) -> Option<String> {
    use std::io::Read as _;
    let mut line = Vec::with_capacity(LONGEST);
    std::fs::File::open(format!("/proc/{id}/cmdline")).ok()?.take(4096).read_to_end(&mut line).ok()?;
    let first = line.split(|byte| *byte == 0).next()?;
    let name = first.rsplit(|byte| *byte == b'/').next()?;
    let name = String::from_utf8_lossy(name.get(..name.len().min(LONGEST))?).into_owned();
    name.starts_with(cut).then_some(name)
}

/// The number of the user that it runs for.
fn user_of(id: u32) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    // Real, then effective.
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}
