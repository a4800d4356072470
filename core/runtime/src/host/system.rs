//! `hospes:system`: figures, lists and a few acts. A provider's work is not the guest's computing time, so what would keep
//! the customer's processor busy is spaced here: a call that comes too soon waits.

use super::{HostError, HostResult, Shared, State, blocking, invalid, lock, unavailable};
use crate::bindings::hospes::base::types::Error;
use crate::bindings::hospes::system::{event_log, insight, power, process_control, processes, services};
use crate::provider::{Result, system};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

const INSIGHT: &str = "hospes:system/insight";
const PROCESSES: &str = "hospes:system/processes";
const PROCESS_CONTROL: &str = "hospes:system/process-control";
const SERVICES: &str = "hospes:system/services";
const EVENT_LOG: &str = "hospes:system/event-log";
const POWER: &str = "hospes:system/power";

/// Between two calls of a function that reads what the kernel keeps at hand.
const FIGURES: Duration = Duration::from_millis(100);
/// Between two looks at all processes.
const SCANS: Duration = Duration::from_millis(500);
/// Between two calls of a function that another program answers.
const LISTS: Duration = Duration::from_secs(1);
/// Most entries of the log in one answer.
const MAX_EVENTS: u32 = 500;
/// Longest place in the log, in bytes: more than any that was handed out.
const MAX_PLACE: usize = 1024;

/// The computer as one channel has it: opened by the first call that is allowed.
#[derive(Default)]
pub(crate) struct Opened {
    session: Option<Shared<dyn system::SystemSession>>,
    /// When each function answers next.
    due: BTreeMap<&'static str, Instant>,
}

impl State {
    fn system(&mut self) -> HostResult<Shared<dyn system::SystemSession>> {
        if let Some(session) = &self.system.session {
            return Ok(Arc::clone(session));
        }
        let lent =
            self.providers.system.as_ref().ok_or_else(|| unavailable("this computer lends no figures of itself"))?;
        let session = Arc::new(Mutex::new(lent.open()?));
        self.system.session = Some(Arc::clone(&session));
        Ok(session)
    }

    /// Waits until `function` may answer again.
    async fn space(&mut self, function: &'static str, apart: Duration) -> HostResult<()> {
        self.clock.host_call();
        let now = Instant::now();
        let due = self.system.due.get(function).copied().filter(|due| *due > now).unwrap_or(now);
        self.system.due.insert(function, due + apart);
        let cancel = self.cancel.clone();
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(HostError::Guest(Error::Cancelled)),
            () = tokio::time::sleep_until(due) => {
                self.clock.host_call();
                Ok(())
            }
        }
    }

    /// Waits for the function's turn, asks the gate, and calls the provider.
    async fn read<T: Send + 'static>(
        &mut self,
        (interface, function, apart): (&'static str, &'static str, Duration),
        call: impl FnOnce(&mut dyn system::SystemSession) -> Result<T> + Send + 'static,
    ) -> HostResult<T> {
        self.space(function, apart).await?;
        self.allow(interface).await?;
        self.act(call).await
    }

    async fn act<T: Send + 'static>(
        &mut self,
        call: impl FnOnce(&mut dyn system::SystemSession) -> Result<T> + Send + 'static,
    ) -> HostResult<T> {
        let session = self.system()?;
        blocking(self.budgets.host_call_time, move || call(lock(&session).as_mut())).await
    }
}

impl insight::Host for State {
    async fn about(&mut self) -> HostResult<insight::Facts> {
        let facts = self.read((INSIGHT, "about", FIGURES), |session| session.about()).await?;
        let system::Facts { hostname, os, kernel, architecture, cpu, cores, memory, booted } = facts;
        Ok(insight::Facts { hostname, os, kernel, architecture, cpu, cores, memory, booted })
    }

    async fn sample(&mut self) -> HostResult<insight::Load> {
        let load = self.read((INSIGHT, "sample", FIGURES), |session| session.sample()).await?;
        let system::Load { at, cpu, memory_used, memory_total, swap_used, swap_total } = load;
        Ok(insight::Load { at, cpu, memory_used, memory_total, swap_used, swap_total })
    }

    async fn disks(&mut self) -> HostResult<Vec<insight::Disk>> {
        let disks = self.read((INSIGHT, "disks", FIGURES), |session| session.disks()).await?;
        let disk = |system::Disk { name, mount, file_system, total, available }| insight::Disk {
            name,
            mount,
            file_system,
            total,
            available,
        };
        Ok(disks.into_iter().map(disk).collect())
    }

    async fn drives(&mut self) -> HostResult<Vec<insight::Drive>> {
        let drives = self.read((INSIGHT, "drives", FIGURES), |session| session.drives()).await?;
        let drive = |system::Drive { name, read, written }| insight::Drive { name, read, written };
        Ok(drives.into_iter().map(drive).collect())
    }

    async fn networks(&mut self) -> HostResult<Vec<insight::Network>> {
        let networks = self.read((INSIGHT, "networks", FIGURES), |session| session.networks()).await?;
        let network =
            |system::Network { name, addresses, received, sent }| insight::Network { name, addresses, received, sent };
        Ok(networks.into_iter().map(network).collect())
    }
}

impl processes::Host for State {
    async fn snapshot(&mut self) -> HostResult<Vec<processes::Process>> {
        let all = self.read((PROCESSES, "processes", SCANS), |session| session.processes()).await?;
        let process = |system::Process { id, parent, name, user, cpu, memory, started }| processes::Process {
            id,
            parent,
            name,
            user,
            cpu,
            memory,
            started,
        };
        Ok(all.into_iter().map(process).collect())
    }
}

impl process_control::Host for State {
    async fn end(&mut self, id: u32, started: u64, force: bool) -> HostResult<()> {
        self.allow(PROCESS_CONTROL).await?;
        self.act(move |session| session.end(id, started, force)).await
    }
}

impl services::Host for State {
    async fn snapshot(&mut self) -> HostResult<Vec<services::Service>> {
        let all = self.read((SERVICES, "services", LISTS), |session| session.services()).await?;
        let service = |service: system::Service| services::Service {
            name: service.name,
            title: service.title,
            state: match service.state {
                system::ServiceState::Running => services::State::Running,
                system::ServiceState::Stopped => services::State::Stopped,
                system::ServiceState::Starting => services::State::Starting,
                system::ServiceState::Stopping => services::State::Stopping,
                system::ServiceState::Failed => services::State::Failed,
                system::ServiceState::Unknown => services::State::Unknown,
            },
            automatic: service.automatic,
        };
        Ok(all.into_iter().map(service).collect())
    }
}

impl event_log::Host for State {
    async fn recent(&mut self, next: Option<String>, count: u32) -> HostResult<event_log::Page> {
        if !(1..=MAX_EVENTS).contains(&count) {
            return invalid(format!("{count} entries at once; 1 to {MAX_EVENTS}"));
        }
        if next.as_ref().is_some_and(|next| next.len() > MAX_PLACE) {
            return invalid(format!("a place in the log of more than {MAX_PLACE} bytes"));
        }
        let call = move |session: &mut dyn system::SystemSession| session.events(next.as_deref(), count);
        let (events, next) = self.read((EVENT_LOG, "events", LISTS), call).await?;
        let event = |event: system::Event| event_log::Event {
            at: event.at,
            source: event.source,
            severity: match event.severity {
                system::Severity::Critical => event_log::Severity::Critical,
                system::Severity::Error => event_log::Severity::Error,
                system::Severity::Warning => event_log::Severity::Warning,
                system::Severity::Info => event_log::Severity::Info,
                system::Severity::Debug => event_log::Severity::Debug,
            },
            message: event.message,
        };
        Ok(event_log::Page { events: events.into_iter().map(event).collect(), next })
    }
}

impl power::Host for State {
    async fn restart(&mut self) -> HostResult<()> {
        self.allow(POWER).await?;
        self.act(|session| session.restart()).await
    }

    async fn log_off(&mut self) -> HostResult<()> {
        self.allow(POWER).await?;
        self.act(|session| session.log_off()).await
    }
}
