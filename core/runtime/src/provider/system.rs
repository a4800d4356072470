//! The computer itself. Units and meanings are those of `wit/system`.

use super::Result;

/// What the computer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its name in the network.
    pub hostname: String,
    /// For people.
    pub os: String,
    /// Version of the kernel.
    pub kernel: String,
    /// Of the processor.
    pub architecture: String,
    /// Processor model.
    pub cpu: String,
    /// Logical processors.
    pub cores: u32,
    /// Bytes.
    pub memory: u64,
    /// Milliseconds since 1970.
    pub booted: u64,
}

/// Load at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    /// Milliseconds since 1970.
    pub at: u64,
    /// Busy share of each logical processor since the last call, 0 to 1.
    pub cpu: Vec<f32>,
    /// Bytes.
    pub memory_used: u64,
    /// Bytes.
    pub memory_total: u64,
    /// Bytes.
    pub swap_used: u64,
    /// Bytes.
    pub swap_total: u64,
}

/// A mounted disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    /// Of the device.
    pub name: String,
    /// Where it is mounted.
    pub mount: String,
    /// `ext4`, `NTFS`.
    pub file_system: String,
    /// Bytes.
    pub total: u64,
    /// Bytes that the user can still write.
    pub available: u64,
}

/// A drive, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drive {
    /// Of the device.
    pub name: String,
    /// Bytes since the computer started.
    pub read: u64,
    /// Bytes since the computer started.
    pub written: u64,
}

/// A network interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// `eth0`.
    pub name: String,
    /// With the length of the prefix.
    pub addresses: Vec<String>,
    /// Bytes since the computer started.
    pub received: u64,
    /// Bytes since the computer started.
    pub sent: u64,
}

/// A process; `id` and `started` together name it.
#[derive(Clone, Debug, PartialEq)]
pub struct Process {
    /// Used again when it is gone.
    pub id: u32,
    /// Who started it.
    pub parent: Option<u32>,
    /// The program's.
    pub name: String,
    /// Whose it is.
    pub user: String,
    /// Share of one processor since the last call.
    pub cpu: f32,
    /// Resident bytes.
    pub memory: u64,
    /// Milliseconds since 1970.
    pub started: u64,
}

/// What a service does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ServiceState {
    Running,
    Stopped,
    Starting,
    Stopping,
    Failed,
    Unknown,
}

/// A service of the operating system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// For programs.
    pub name: String,
    /// For people.
    pub title: String,
    /// What it does now.
    pub state: ServiceState,
    /// Starts with the computer.
    pub automatic: bool,
}

/// How much an entry of the log matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Severity {
    Critical,
    Error,
    Warning,
    Info,
    Debug,
}

/// An entry of the operating system's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Milliseconds since 1970.
    pub at: u64,
    /// Who wrote it.
    pub source: String,
    /// How much it matters.
    pub severity: Severity,
    /// At most 4 KiB.
    pub message: String,
}

/// The computer.
pub trait System: Send + Sync {
    /// Opens it for one channel, so that "since the last call" is this channel's own. Reads nothing yet.
    fn open(&self) -> Result<Box<dyn SystemSession>>;
}

/// The computer for one channel. Each method reads what it answers and nothing else; between calls nothing runs.
pub trait SystemSession: Send {
    /// What it is.
    fn about(&mut self) -> Result<Facts>;
    /// Load now.
    fn sample(&mut self) -> Result<Load>;
    /// Mounted disks.
    fn disks(&mut self) -> Result<Vec<Disk>>;
    /// Drives.
    fn drives(&mut self) -> Result<Vec<Drive>>;
    /// Network interfaces.
    fn networks(&mut self) -> Result<Vec<Network>>;
    /// All processes.
    fn processes(&mut self) -> Result<Vec<Process>>;
    /// Ends the process of that id if it started then.
    fn end(&mut self, id: u32, started: u64, force: bool) -> Result<()>;
    /// All services.
    fn services(&mut self) -> Result<Vec<Service>>;
    /// At most `count` entries of the log, newest first, from `next` on, and where older ones go on.
    fn events(&mut self, next: Option<&str>, count: u32) -> Result<(Vec<Event>, Option<String>)>;
    /// Restarts the computer.
    fn restart(&mut self) -> Result<()>;
    /// Logs the desktop's user off.
    fn log_off(&mut self) -> Result<()>;
}
