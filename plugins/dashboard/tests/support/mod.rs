//! A computer of figures that the test sets, and a page, in simulated time.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use hospes_plugin_dashboard::computer::{Computer, Pipe, Taken};
use hospes_plugin_dashboard::serve::Session;
use hospes_sdk::system::event_log::{Event, Page, Severity};
use hospes_sdk::system::insight::{Disk, Drive, Facts, Load, Network};
use hospes_sdk::system::processes::Process;
use hospes_sdk::system::services::{Service, State};
use hospes_sdk::{Denial, Error, Result};
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// Counts what is read of it.
#[derive(Default)]
pub struct Fake {
    pub calls: RefCell<BTreeMap<&'static str, usize>>,
    pub ended: RefCell<Vec<(u32, u64, bool)>>,
    pub processes: RefCell<Vec<Process>>,
    /// Answers of `end`; without one it is done.
    pub refusal: RefCell<Option<Error>>,
    /// What reading answers instead of figures.
    pub broken: RefCell<Option<Error>>,
    pub locked: Cell<bool>,
}

impl Fake {
    fn call<T>(&self, what: &'static str, answer: T) -> Result<T> {
        *self.calls.borrow_mut().entry(what).or_default() += 1;
        self.broken.borrow().clone().map_or(Ok(answer), Err)
    }

    pub fn counted(&self) -> Vec<(&'static str, usize)> {
        std::mem::take(&mut *self.calls.borrow_mut()).into_iter().collect()
    }
}

pub fn process(id: u32, cpu: f32, memory: u64, name: &str) -> Process {
    Process { id, parent: Some(1), name: name.into(), user: "u".into(), cpu, memory, started: u64::from(id) * 10 }
}

impl Computer for &Fake {
    fn may_end(&self) -> bool {
        !self.locked.get()
    }
    fn about(&self) -> Result<Facts> {
        let text = |text: &str| text.to_owned();
        self.call(
            "about",
            Facts {
                hostname: text("h"),
                os: text("o"),
                kernel: text("k"),
                architecture: text("a"),
                cpu: text("c"),
                cores: 2,
                memory: 7,
                booted: 5,
            },
        )
    }
    fn load(&self) -> Result<Load> {
        let cpu = vec![0.123_456, 1.0];
        self.call("load", Load { at: 9, cpu, memory_used: 1, memory_total: 2, swap_used: 3, swap_total: 4 })
    }
    fn drives(&self) -> Result<Vec<Drive>> {
        self.call("drives", vec![Drive { name: "sda".into(), read: 1, written: 2 }])
    }
    fn networks(&self) -> Result<Vec<Network>> {
        self.call("networks", vec![Network { name: "lo".into(), addresses: vec!["::1".into()], received: 1, sent: 2 }])
    }
    fn disks(&self) -> Result<Vec<Disk>> {
        let (name, mount, file_system) = ("sda1".into(), "/".into(), "ext4".into());
        self.call("disks", vec![Disk { name, mount, file_system, total: 9, available: 3 }])
    }
    fn processes(&self) -> Result<Vec<Process>> {
        self.call("processes", self.processes.borrow().clone())
    }
    fn end(&self, id: u32, started: u64, force: bool) -> Result<()> {
        self.ended.borrow_mut().push((id, started, force));
        self.refusal.borrow().clone().map_or(Ok(()), Err)
    }
    fn services(&self) -> Result<Vec<Service>> {
        let (name, title) = ("cron".into(), "Cron".into());
        self.call("services", vec![Service { name, title, state: State::Running, automatic: true }])
    }
    fn events(&self, next: Option<&str>, count: u32) -> Result<Page> {
        if count == 0 {
            return Err(Error::Invalid("0 entries".into()));
        }
        let message = next.unwrap_or("newest").to_owned();
        let event = Event { at: 1, source: "s".into(), severity: Severity::Warning, message };
        self.call("events", Page { events: vec![event], next: Some("older".into()) })
    }
}

/// What the page does, one after the other.
#[derive(Clone, Debug)]
pub enum Doing {
    Says(Value),
    Bytes(Vec<u8>),
    /// Does nothing for so many milliseconds.
    Waits(u64),
}

pub struct PageSide<'a> {
    doing: RefCell<VecDeque<Doing>>,
    now: Cell<Duration>,
    /// How long each message takes to leave, in milliseconds.
    slow: u64,
    pub sent: &'a RefCell<Vec<(u64, Value)>>,
    /// Waits without a limit: nothing at all would run meanwhile.
    pub asleep: Cell<usize>,
}

impl Pipe for &PageSide<'_> {
    fn wait(&self, most: Option<Duration>) {
        let mut doing = self.doing.borrow_mut();
        let Some(Doing::Waits(left)) = doing.front_mut() else { return };
        let left_time = Duration::from_millis(*left);
        self.asleep.set(self.asleep.get() + usize::from(most.is_none()));
        match most {
            Some(most) if most < left_time => {
                *left -= u64::try_from(most.as_millis()).unwrap();
                self.now.set(self.now.get() + most);
            }
            _ => {
                self.now.set(self.now.get() + left_time);
                doing.pop_front();
            }
        }
    }
    fn take(&self) -> Result<Taken> {
        let mut doing = self.doing.borrow_mut();
        match doing.front() {
            None => Ok(Taken::Gone),
            Some(Doing::Waits(_)) => Ok(Taken::Nothing),
            Some(_) => Ok(Taken::Message(match doing.pop_front() {
                Some(Doing::Says(value)) => serde_json::to_vec(&value).unwrap(),
                Some(Doing::Bytes(bytes)) => bytes,
                _ => Vec::new(),
            })),
        }
    }
    fn send(&self, message: &[u8]) -> Result<()> {
        assert!(message.len() <= 1 << 20, "a message of {} bytes", message.len());
        let now = u64::try_from(self.now.get().as_millis()).unwrap();
        self.sent.borrow_mut().push((now, serde_json::from_slice(message).unwrap()));
        self.now.set(self.now.get() + Duration::from_millis(self.slow));
        // The page's own time goes on meanwhile.
        let mut doing = self.doing.borrow_mut();
        if let Some(Doing::Waits(left)) = doing.front_mut() {
            *left = left.saturating_sub(self.slow);
            if *left == 0 {
                doing.pop_front();
            }
        }
        Ok(())
    }
    fn now(&self) -> Duration {
        self.now.get()
    }
}

/// A whole channel: when each message came, and what it said; and how often the component slept without a timer.
pub fn converse_slowly(fake: &Fake, doing: Vec<Doing>, slow: u64) -> (Vec<(u64, Value)>, usize) {
    let sent = RefCell::default();
    let page = PageSide {
        doing: RefCell::new(doing.into()),
        now: Cell::default(),
        slow,
        sent: &sent,
        asleep: Cell::default(),
    };
    Session::new(fake, &page).run().unwrap();
    let asleep = page.asleep.get();
    (sent.into_inner(), asleep)
}

pub fn converse(fake: &Fake, doing: Vec<Doing>) -> Vec<(u64, Value)> {
    converse_slowly(fake, doing, 0).0
}

/// The answers to requests, after `hello`.
pub fn answers(fake: &Fake, requests: &[Value]) -> Vec<Value> {
    let said = requests.iter().cloned().map(Doing::Says).collect();
    converse(fake, said).into_iter().skip(1).map(|(_, message)| message).collect()
}

pub fn revoked() -> Error {
    Error::Denied(Denial::LocalUserRevoked)
}
