//! The host as this plugin needs it: traits over `hospes:system` and the channel, and their implementation by the SDK.

use hospes_sdk::system::event_log::{self, Page};
use hospes_sdk::system::insight::{self, Disk, Drive, Facts, Load, Network};
use hospes_sdk::system::process_control;
use hospes_sdk::system::processes::{self, Process};
use hospes_sdk::system::services::{self, Service};
use hospes_sdk::{Channel, Pollable, Result, after, session, wait};
use std::time::{Duration, Instant};

/// The customer's computer.
pub trait Computer {
    /// Ending processes is unlocked by plan and customer.
    fn may_end(&self) -> bool;
    /// What it is.
    fn about(&self) -> Result<Facts>;
    /// Load now.
    fn load(&self) -> Result<Load>;
    /// Drives and what passed over them.
    fn drives(&self) -> Result<Vec<Drive>>;
    /// Network interfaces.
    fn networks(&self) -> Result<Vec<Network>>;
    /// Mounted disks.
    fn disks(&self) -> Result<Vec<Disk>>;
    /// All processes.
    fn processes(&self) -> Result<Vec<Process>>;
    /// Ends one.
    fn end(&self, id: u32, started: u64, force: bool) -> Result<()>;
    /// All services.
    fn services(&self) -> Result<Vec<Service>>;
    /// Entries of the log.
    fn events(&self, next: Option<&str>, count: u32) -> Result<Page>;
}

/// The way to the page, and time.
pub trait Pipe {
    /// Waits for a message, at most for that long; without a limit when there is none.
    fn wait(&self, most: Option<Duration>);
    /// Takes a message that is there already.
    fn take(&self) -> Result<Taken>;
    /// Sends; waits while the page is slow.
    fn send(&self, message: &[u8]) -> Result<()>;
    /// Time since some moment; never goes back.
    fn now(&self) -> Duration;
}

/// What [`Pipe::take`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// A message.
    Message(Vec<u8>),
    /// None at the moment.
    Nothing,
    /// The page is done.
    Gone,
}

/// The real computer.
pub struct Host;

impl Computer for Host {
    fn may_end(&self) -> bool {
        session::unlocked("hospes:system/process-control")
    }

    fn about(&self) -> Result<Facts> {
        insight::about()
    }

    fn load(&self) -> Result<Load> {
        insight::sample()
    }

    fn drives(&self) -> Result<Vec<Drive>> {
        insight::drives()
    }

    fn networks(&self) -> Result<Vec<Network>> {
        insight::networks()
    }

    fn disks(&self) -> Result<Vec<Disk>> {
        insight::disks()
    }

    fn processes(&self) -> Result<Vec<Process>> {
        processes::snapshot()
    }

    fn end(&self, id: u32, started: u64, force: bool) -> Result<()> {
        process_control::end(id, started, force)
    }

    fn services(&self) -> Result<Vec<Service>> {
        services::snapshot()
    }

    fn events(&self, next: Option<&str>, count: u32) -> Result<Page> {
        event_log::recent(next, count)
    }
}

/// The real channel.
pub struct HostPipe<'a> {
    incoming: Pollable,
    channel: &'a Channel,
    opened: Instant,
}

impl<'a> HostPipe<'a> {
    /// Over that channel.
    #[must_use]
    pub fn new(channel: &'a Channel) -> Self {
        Self { incoming: channel.subscribe(), channel, opened: Instant::now() }
    }
}

impl Pipe for HostPipe<'_> {
    fn wait(&self, most: Option<Duration>) {
        match most {
            Some(most) => drop(wait(&[&self.incoming, &after(most)])),
            None => self.incoming.block(),
        }
    }

    fn take(&self) -> Result<Taken> {
        if !self.incoming.ready() {
            return Ok(Taken::Nothing);
        }
        Ok(self.channel.recv()?.map_or(Taken::Gone, Taken::Message))
    }

    fn send(&self, message: &[u8]) -> Result<()> {
        self.channel.send(message)
    }

    fn now(&self) -> Duration {
        self.opened.elapsed()
    }
}
