//! `hospes:system`: asks the gate like everything else, then says that today's hosts lend nothing here.

use super::{HostError, HostResult, State, unavailable};
use crate::bindings::hospes::system::{event_log, insight, power, process_control, processes, services};

impl State {
    async fn system<T>(&mut self, interface: &'static str) -> HostResult<T> {
        self.allow(interface).await?;
        Err::<T, HostError>(unavailable("this host does not lend its system yet"))
    }
}

impl insight::Host for State {
    async fn about(&mut self) -> HostResult<insight::Facts> {
        self.system("hospes:system/insight").await
    }

    async fn sample(&mut self) -> HostResult<insight::Load> {
        self.system("hospes:system/insight").await
    }

    async fn disks(&mut self) -> HostResult<Vec<insight::Disk>> {
        self.system("hospes:system/insight").await
    }

    async fn networks(&mut self) -> HostResult<Vec<insight::Network>> {
        self.system("hospes:system/insight").await
    }
}

impl processes::Host for State {
    async fn snapshot(&mut self) -> HostResult<Vec<processes::Process>> {
        self.system("hospes:system/processes").await
    }
}

impl process_control::Host for State {
    async fn end(&mut self, _: u32, _: u64, _: bool) -> HostResult<()> {
        self.system("hospes:system/process-control").await
    }
}

impl services::Host for State {
    async fn snapshot(&mut self) -> HostResult<Vec<services::Service>> {
        self.system("hospes:system/services").await
    }
}

impl event_log::Host for State {
    async fn recent(&mut self, _: Option<u64>, _: u32) -> HostResult<Vec<event_log::Event>> {
        self.system("hospes:system/event-log").await
    }
}

impl power::Host for State {
    async fn restart(&mut self) -> HostResult<()> {
        self.system("hospes:system/power").await
    }

    async fn log_off(&mut self) -> HostResult<()> {
        self.system("hospes:system/power").await
    }
}
