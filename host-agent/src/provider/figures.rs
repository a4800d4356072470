//! Figures that every operating system has, read by sysinfo: facts, load, disks, network interfaces.
//!
//! Processes are read by the platform itself: sysinfo knows a process's start to the second only, too coarse to tell a
//! process from the next one with its id, and on Linux it reads several files of each where one is enough.

use hospes_runtime::provider::Error;
use hospes_runtime::provider::Result;
use hospes_runtime::provider::system::{Disk, Facts, Load, Network};
use std::ffi::OsStr;
use std::time::{Duration, Instant};
use sysinfo::{CpuRefreshKind, DiskRefreshKind, Disks, Networks, System};

/// How long the first measurement of a share lasts.
pub(crate) const FIRST: Duration = sysinfo::MINIMUM_CPU_UPDATE_INTERVAL;

/// Figures for one channel. Empty until something is asked.
#[derive(Default)]
pub(crate) struct Figures {
    system: Option<System>,
    measured: Option<Instant>,
    disks: Option<Disks>,
    networks: Option<Networks>,
}

fn failed(error: &sysinfo::Error) -> Error {
    Error::Unavailable(format!("this computer does not tell: {error}"))
}

fn text(text: &OsStr) -> String {
    text.to_string_lossy().into_owned()
}

impl Figures {
    fn system(&mut self) -> Result<&mut System> {
        match &mut self.system {
            Some(system) => Ok(system),
            empty => Ok(empty.insert(System::new().map_err(|error| failed(&error))?)),
        }
    }

    /// What the computer is.
    pub(crate) fn about(&mut self) -> Result<Facts> {
        let system = self.system()?;
        system.refresh_memory();
        if system.cpus().is_empty() {
            system.refresh_cpu_list(CpuRefreshKind::nothing());
        }
        let unknown = |name: Result<String, sysinfo::Error>| name.unwrap_or_default();
        Ok(Facts {
            hostname: unknown(System::host_name()),
            os: unknown(System::long_os_version()),
            kernel: unknown(System::kernel_version()),
            architecture: System::cpu_arch(),
            cpu: system.cpus().first().map(|cpu| cpu.brand().trim().to_owned()).unwrap_or_default(),
            cores: u32::try_from(system.cpus().len()).unwrap_or(u32::MAX),
            memory: system.total_memory(),
            booted: super::booted(),
        })
    }

    /// Load now.
    pub(crate) fn sample(&mut self) -> Result<Load> {
        let measured = self.measured;
        let system = self.system()?;
        // A share needs two readings, and sysinfo takes none that is too close to the one before.
        let early = match measured {
            Some(at) => FIRST.saturating_sub(at.elapsed()),
            None => {
                system.refresh_cpu_specifics(CpuRefreshKind::nothing().with_usage());
                FIRST
            }
        };
        std::thread::sleep(early);
        system.refresh_cpu_specifics(CpuRefreshKind::nothing().with_usage());
        system.refresh_memory();
        let load = Load {
            at: crate::lease_keeper::wall(),
            cpu: system.cpus().iter().map(|cpu| (cpu.usage() / 100.0).clamp(0.0, 1.0)).collect(),
            memory_used: system.used_memory(),
            memory_total: system.total_memory(),
            swap_used: system.used_swap(),
            swap_total: system.total_swap(),
        };
        self.measured = Some(Instant::now());
        Ok(load)
    }

    /// Mounted disks, those of a size only, each once.
    pub(crate) fn disks(&mut self) -> Result<Vec<Disk>> {
        let disks = match &mut self.disks {
            Some(disks) => disks,
            empty => empty.insert(Disks::new().map_err(|error| failed(&error))?),
        };
        disks.refresh_specifics(true, DiskRefreshKind::nothing().with_storage());
        let mut found: Vec<_> = disks
            .iter()
            .filter(|disk| disk.total_space() > 0)
            .map(|disk| Disk {
                name: text(disk.name()),
                mount: disk.mount_point().to_string_lossy().into_owned(),
                file_system: text(disk.file_system()),
                total: disk.total_space(),
                available: disk.available_space(),
            })
            .collect();
        found.sort_by(|a, b| a.mount.cmp(&b.mount));
        found.dedup_by(|a, b| a.mount == b.mount);
        Ok(found)
    }

    /// Network interfaces, by name.
    pub(crate) fn networks(&mut self) -> Result<Vec<Network>> {
        let networks = match &mut self.networks {
            Some(networks) => networks,
            empty => empty.insert(Networks::new().map_err(|error| failed(&error))?),
        };
        networks.refresh(true);
        let mut found: Vec<_> = networks
            .iter()
            .map(|(name, network)| Network {
                name: text(name.as_ref()),
                addresses: network.ip_networks().iter().map(ToString::to_string).collect(),
                received: network.total_received(),
                sent: network.total_transmitted(),
            })
            .collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }
}
