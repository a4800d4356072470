//! The computer itself on Linux: figures by sysinfo, the rest from `/proc` and systemd's own commands.

mod command;
mod drives;
mod end;
mod journal;
mod power;
mod processes;
mod services;
mod stat;

use crate::provider::figures::Figures;
use hospes_runtime::provider::Result;
use hospes_runtime::provider::system::{
    Disk, Drive, Event, Facts, Load, Network, Process, Service, System, SystemSession,
};
use std::collections::BTreeMap;

/// This computer.
pub(super) struct ThisComputer;

impl System for ThisComputer {
    fn open(&self) -> Result<Box<dyn SystemSession>> {
        Ok(Box::new(Session::default()))
    }
}

/// This computer for one channel.
#[derive(Default)]
struct Session {
    figures: Figures,
    processes: processes::Processes,
}

impl SystemSession for Session {
    fn about(&mut self) -> Result<Facts> {
        self.figures.about()
    }

    fn sample(&mut self) -> Result<Load> {
        self.figures.sample()
    }

    fn disks(&mut self) -> Result<Vec<Disk>> {
        self.figures.disks()
    }

    fn drives(&mut self) -> Result<Vec<Drive>> {
        drives::read()
    }

    fn networks(&mut self) -> Result<Vec<Network>> {
        self.figures.networks()
    }

    fn processes(&mut self) -> Result<Vec<Process>> {
        self.processes.read()
    }

    fn end(&mut self, id: u32, started: u64, force: bool) -> Result<()> {
        end::end(id, started, force)
    }

    fn services(&mut self) -> Result<Vec<Service>> {
        services::read()
    }

    fn events(&mut self, next: Option<&str>, count: u32) -> Result<(Vec<Event>, Option<String>)> {
        journal::read(next, count)
    }

    fn restart(&mut self) -> Result<()> {
        power::restart()
    }

    fn log_off(&mut self) -> Result<()> {
        power::log_off()
    }
}

/// What cannot be had on this computer, by interface: known without asking anybody for long.
pub(super) fn unavailable() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    if let Err(reason) = services::manager() {
        found.insert("hospes:system/services".to_owned(), reason.clone());
        found.insert("hospes:system/power".to_owned(), reason);
    }
    if let Err(reason) = journal::journal() {
        found.insert("hospes:system/event-log".to_owned(), reason);
    }
    found
}
