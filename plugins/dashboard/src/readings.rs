//! What is shown, read and put into one message.

use crate::computer::Computer;
use crate::message::{Failure, PROCESSES, Part};
use hospes_sdk::system::insight::{Disk, Drive, Load, Network};
use hospes_sdk::system::processes::Process;
use hospes_sdk::{Error, Result};
use serde::Serialize;
use std::time::Duration;

/// Disks change slowly, and looking at one may wake it up: never more often than this.
const DISKS: Duration = Duration::from_secs(10);

/// What the page wants to see.
#[derive(Debug, Default)]
pub struct Shown {
    parts: Vec<Part>,
    every: Duration,
    /// When it is read next.
    due: Duration,
    disks_due: Duration,
}

impl Shown {
    /// From now on.
    #[must_use]
    pub fn new(parts: Vec<Part>, every: Duration, now: Duration) -> Self {
        Self { parts, every, due: now, disks_due: now }
    }

    /// How long until something is to be read; none when nothing is shown.
    #[must_use]
    pub fn wait(&self, now: Duration) -> Option<Duration> {
        (!self.parts.is_empty()).then(|| self.due.saturating_sub(now))
    }

    /// Reads what is shown, and nothing else. Readings that were missed meanwhile are not caught up on.
    ///
    /// # Errors
    /// `cancelled` when the channel is closing; every other failure stands in the place of its part.
    pub fn read(&mut self, computer: &impl Computer, now: Duration) -> Result<Figures> {
        self.due += self.every;
        if self.due <= now {
            self.due = now + self.every;
        }
        let mut figures = Figures { event: "figures", end: computer.may_end(), ..Figures::default() };
        for part in &self.parts {
            match part {
                Part::Load => {
                    let load = computer.load();
                    figures.at = load.as_ref().ok().map(|load| load.at);
                    figures.load = Some(Reading::of(load.map(LoadInfo::from))?);
                }
                Part::Drives => figures.drives = Some(Reading::list(computer.drives())?),
                Part::Networks => figures.networks = Some(Reading::list(computer.networks())?),
                Part::Disks if self.disks_due <= now => {
                    self.disks_due = now + DISKS;
                    figures.disks = Some(Reading::list(computer.disks())?);
                }
                Part::Disks => {}
                Part::Processes => figures.processes = Some(Reading::of(computer.processes().map(ProcessList::from))?),
            }
        }
        Ok(figures)
    }
}

/// One message of figures.
#[derive(Debug, Default, Serialize)]
#[allow(missing_docs, reason = "the fields are those of PROTOCOL.md")]
pub struct Figures {
    event: &'static str,
    end: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    load: Option<Reading<LoadInfo>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    drives: Option<Reading<Vec<DriveInfo>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    networks: Option<Reading<Vec<NetworkInfo>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disks: Option<Reading<Vec<DiskInfo>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    processes: Option<Reading<ProcessList>>,
}

impl Figures {
    /// What made the message longer than one may be: names can be made of characters that JSON writes with six.
    pub fn leave_out_processes(&mut self, error: Failure) {
        self.processes = Some(Reading::Failed { error });
    }
}

/// A part, or why it could not be read.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Reading<T> {
    Read(T),
    Failed { error: Failure },
}

impl<T> Reading<T> {
    fn of(answer: Result<T>) -> Result<Self> {
        match answer {
            Ok(read) => Ok(Self::Read(read)),
            Err(Error::Cancelled) => Err(Error::Cancelled),
            Err(error) => Ok(Self::Failed { error: error.into() }),
        }
    }
}

impl<T> Reading<Vec<T>> {
    fn list<F: Into<T>>(answer: Result<Vec<F>>) -> Result<Self> {
        Self::of(answer.map(|list| list.into_iter().map(Into::into).collect()))
    }
}

/// To a thousandth: more digits say nothing and cost on the way.
fn share(share: f32) -> f64 {
    (f64::from(share) * 1000.0).round() / 1000.0
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct LoadInfo {
    cpu: Vec<f64>,
    memory_used: u64,
    memory_total: u64,
    swap_used: u64,
    swap_total: u64,
}

impl From<Load> for LoadInfo {
    fn from(Load { cpu, memory_used, memory_total, swap_used, swap_total, .. }: Load) -> Self {
        Self { cpu: cpu.into_iter().map(share).collect(), memory_used, memory_total, swap_used, swap_total }
    }
}

#[derive(Debug, Serialize)]
struct DriveInfo {
    name: String,
    read: u64,
    written: u64,
}

impl From<Drive> for DriveInfo {
    fn from(Drive { name, read, written }: Drive) -> Self {
        Self { name, read, written }
    }
}

#[derive(Debug, Serialize)]
struct NetworkInfo {
    name: String,
    addresses: Vec<String>,
    received: u64,
    sent: u64,
}

impl From<Network> for NetworkInfo {
    fn from(Network { name, addresses, received, sent }: Network) -> Self {
        Self { name, addresses, received, sent }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DiskInfo {
    name: String,
    mount: String,
    file_system: String,
    total: u64,
    available: u64,
}

impl From<Disk> for DiskInfo {
    fn from(Disk { name, mount, file_system, total, available }: Disk) -> Self {
        Self { name, mount, file_system, total, available }
    }
}

#[derive(Debug, Serialize)]
struct ProcessInfo {
    id: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<u32>,
    name: String,
    user: String,
    cpu: f64,
    memory: u64,
    started: u64,
}

#[derive(Debug, Serialize)]
struct ProcessList {
    list: Vec<ProcessInfo>,
    more: usize,
}

impl From<Vec<Process>> for ProcessList {
    fn from(mut all: Vec<Process>) -> Self {
        let more = all.len().saturating_sub(PROCESSES);
        if more > 0 {
            all.sort_by(|a, b| b.cpu.total_cmp(&a.cpu).then(b.memory.cmp(&a.memory)));
            all.truncate(PROCESSES);
        }
        let info = |process: Process| {
            let Process { id, parent, mut name, user, cpu, memory, started } = process;
            // A message has room for all of them only when each is short.
            name.truncate(name.floor_char_boundary(NAME));
            ProcessInfo { id, parent, name, user, cpu: share(cpu), memory, started }
        };
        Self { list: all.into_iter().map(info).collect(), more }
    }
}

/// Longest name of a process, in bytes.
const NAME: usize = 80;
