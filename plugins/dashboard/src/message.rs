//! Messages of `PROTOCOL.md`.

use hospes_sdk::Error;
use hospes_sdk::system::event_log::{Event as LogEntry, Severity};
use hospes_sdk::system::insight::Facts;
use hospes_sdk::system::services::{Service, State};
use serde::{Deserialize, Serialize};

/// Shortest and longest time between two readings, in milliseconds.
pub const EVERY: (u64, u64) = (500, 60_000);
/// Most entries of the log in one answer.
pub const EVENTS: u32 = 500;
/// Most processes in one message.
pub const PROCESSES: usize = 4000;

/// Longest English message, in bytes: it may quote what the page sent.
const LONGEST: usize = 1000;

/// A part of what is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names are those of PROTOCOL.md")]
pub enum Part {
    Load,
    Drives,
    Networks,
    Disks,
    Processes,
}

/// What a request may hold, all operations together: a tagged enum would need serde's buffering and three times the code in
/// the component.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Fields {
    id: Option<u64>,
    op: Option<String>,
    show: Option<Vec<Part>>,
    every: Option<u64>,
    count: Option<u32>,
    next: Option<String>,
    process: Option<u32>,
    started: Option<u64>,
    force: bool,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of PROTOCOL.md")]
pub enum Op {
    Watch { show: Vec<Part>, every: u64 },
    About,
    Services,
    Events { next: Option<String>, count: u32 },
    End { process: u32, started: u64, force: bool },
}

impl Op {
    fn new(fields: Fields) -> Result<Self, Failure> {
        fn need<T>(field: Option<T>, name: &str) -> Result<T, Failure> {
            field.ok_or_else(|| Failure::new("invalid", format!("not a request: `{name}` is missing")))
        }
        let op = need(fields.op, "op")?;
        Ok(match &*op {
            "watch" => {
                let (show, every) = (need(fields.show, "show")?, need(fields.every, "every")?);
                let (min, max) = EVERY;
                if !(min..=max).contains(&every) {
                    return Err(Failure::new("invalid", format!("`every` is {every}; {min} to {max} milliseconds")));
                }
                Self::Watch { show, every }
            }
            "about" => Self::About,
            "services" => Self::Services,
            "events" => Self::Events { next: fields.next, count: need(fields.count, "count")? },
            "end" => Self::End {
                process: need(fields.process, "process")?,
                started: need(fields.started, "started")?,
                force: fields.force,
            },
            _ => return Err(Failure::new("unknown-op", format!("there is no operation `{op}`"))),
        })
    }
}

/// Reads a request: its id, if there is one, and what to do or the failure to answer with.
pub fn parse(message: &[u8]) -> (Option<u64>, Result<Op, Failure>) {
    #[derive(Deserialize)]
    struct Id {
        id: Option<u64>,
    }
    match serde_json::from_slice::<Fields>(message) {
        Ok(fields) => (fields.id, Op::new(fields)),
        Err(error) => {
            let id = serde_json::from_slice(message).map_or(None, |Id { id }| id);
            (id, Err(Failure::new("invalid", format!("not a request: {error}"))))
        }
    }
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// Stable, kebab-case.
    pub code: String,
    /// Who denied it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// English.
    pub message: String,
}

impl Failure {
    /// A failure of this plugin's own.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.into(), reason: None, message: clip(message.into()) }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { code: error.code().into(), reason: error.denial().map(Into::into), message: clip(error.message()) }
    }
}

fn clip(mut message: String) -> String {
    if message.len() > LONGEST {
        message.truncate(message.floor_char_boundary(LONGEST));
        message.push('…');
    }
    message
}

/// A reply.
#[derive(Debug, Serialize)]
pub struct Reply {
    /// The request's.
    pub id: u64,
    /// Done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ok: Option<Answer>,
    /// Not done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
}

/// What a reply says.
#[derive(Debug, Serialize)]
#[serde(untagged)]
#[allow(missing_docs, reason = "the fields are those of PROTOCOL.md")]
pub enum Answer {
    About(FactsInfo),
    Services {
        services: Vec<ServiceInfo>,
    },
    Events {
        events: Vec<EventInfo>,
        #[serde(skip_serializing_if = "Option::is_none")]
        next: Option<String>,
    },
    Done {},
}

/// A message that answers nothing, but for figures.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the fields are those of PROTOCOL.md")]
pub enum Event {
    Hello { v: u32, end: bool, every: Every, events: u32, processes: usize },
    Error { error: Failure },
}

/// Bounds of the time between two readings.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "the fields are those of PROTOCOL.md")]
pub struct Every {
    pub min: u64,
    pub max: u64,
}

/// Facts as JSON.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "as in wit/system")]
pub struct FactsInfo {
    pub hostname: String,
    pub os: String,
    pub kernel: String,
    pub architecture: String,
    pub cpu: String,
    pub cores: u32,
    pub memory: u64,
    pub booted: u64,
}

impl From<Facts> for FactsInfo {
    fn from(Facts { hostname, os, kernel, architecture, cpu, cores, memory, booted }: Facts) -> Self {
        Self { hostname, os, kernel, architecture, cpu, cores, memory, booted }
    }
}

/// A service as JSON.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "as in wit/system")]
pub struct ServiceInfo {
    pub name: String,
    pub title: String,
    pub state: &'static str,
    pub automatic: bool,
}

impl From<Service> for ServiceInfo {
    fn from(Service { name, title, state, automatic }: Service) -> Self {
        let state = match state {
            State::Running => "running",
            State::Stopped => "stopped",
            State::Starting => "starting",
            State::Stopping => "stopping",
            State::Failed => "failed",
            State::Unknown => "unknown",
        };
        Self { name, title, state, automatic }
    }
}

/// An entry of the log as JSON.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "as in wit/system")]
pub struct EventInfo {
    pub at: u64,
    pub source: String,
    pub severity: &'static str,
    pub message: String,
}

impl From<LogEntry> for EventInfo {
    fn from(LogEntry { at, source, severity, message }: LogEntry) -> Self {
        let severity = match severity {
            Severity::Critical => "critical",
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
            Severity::Debug => "debug",
        };
        Self { at, source, severity, message }
    }
}
