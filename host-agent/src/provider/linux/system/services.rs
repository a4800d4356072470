//! Services as systemd has them, from `systemctl show`: its `KEY=VALUE` lines are the same in every version, and one call
//! says all; D-Bus would be a library more for the same answer.

use super::command;
use hospes_runtime::provider::system::{Service, ServiceState};
use hospes_runtime::provider::{Error, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The service manager's command, or why there is none.
pub(super) fn manager() -> Result<PathBuf, String> {
    // As sd_booted(3) has it: the command may be there on a computer that something else runs.
    if !Path::new("/run/systemd/system").is_dir() {
        return Err("systemd does not run this computer".to_owned());
    }
    command::find("systemctl").ok_or_else(|| "there is no systemctl on this computer".to_owned())
}

/// All services: those that are loaded, and those that could be.
pub(super) fn read() -> Result<Vec<Service>> {
    let systemctl = manager().map_err(Error::Unavailable)?;
    let properties = "--property=Id,Description,LoadState,ActiveState,UnitFileState";
    let shown = command::run(&systemctl, &["show", "*.service", properties, "--no-pager"])?;
    let arguments = ["list-unit-files", "--type=service", "--no-legend", "--plain", "--no-pager"];
    let files = command::run(&systemctl, &arguments)?;
    Ok(parse(&String::from_utf8_lossy(&shown), &String::from_utf8_lossy(&files)))
}

fn automatic(state: &str) -> bool {
    matches!(state, "enabled" | "enabled-runtime")
}

fn parse(shown: &str, files: &str) -> Vec<Service> {
    let mut found = BTreeMap::new();
    for line in files.lines() {
        let mut words = line.split_ascii_whitespace();
        let (Some(name), Some(state)) = (words.next(), words.next()) else { continue };
        // Templates and other names of a service are none of their own.
        if name.contains("@.") || matches!(state, "alias" | "masked") {
            continue;
        }
        let stopped = ServiceState::Stopped;
        let service =
            Service { name: name.to_owned(), title: String::new(), state: stopped, automatic: automatic(state) };
        found.insert(name.to_owned(), service);
    }
    for unit in shown.split("\n\n") {
        let values: BTreeMap<&str, &str> = unit.lines().filter_map(|line| line.split_once('=')).collect();
        let value = |key: &str| values.get(key).copied().unwrap_or_default();
        // Named by another unit, and not there.
        if value("Id").is_empty() || value("LoadState") == "not-found" || value("LoadState") == "masked" {
            continue;
        }
        let service = Service {
            name: value("Id").to_owned(),
            title: value("Description").to_owned(),
            state: match value("ActiveState") {
                "active" | "reloading" => ServiceState::Running,
                "inactive" => ServiceState::Stopped,
                "activating" => ServiceState::Starting,
                "deactivating" => ServiceState::Stopping,
                "failed" => ServiceState::Failed,
                _ => ServiceState::Unknown,
            },
            automatic: automatic(value("UnitFileState")),
        };
        found.insert(service.name.clone(), service);
    }
    found.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loaded_services_and_those_that_could_be() {
        let shown = "Id=cron.service\nDescription=Regular = background\nLoadState=loaded\nActiveState=active\n\
                     UnitFileState=enabled\n\nId=gone.service\nDescription=gone.service\nLoadState=not-found\n\
                     ActiveState=inactive\nUnitFileState=\n\nId=bad.service\nDescription=Bad\nLoadState=loaded\n\
                     ActiveState=failed\nUnitFileState=static\n\nnonsense\n";
        let files = "cron.service enabled enabled\nidle.service disabled enabled\ngetty@.service enabled enabled\n\
                     dbus-x.service alias -\n\n";
        let list: Vec<_> = parse(shown, files)
            .into_iter()
            .map(|service| (service.name, service.title, service.state, service.automatic))
            .collect();
        let expect = [
            ("bad.service", "Bad", ServiceState::Failed, false),
            ("cron.service", "Regular = background", ServiceState::Running, true),
            ("idle.service", "", ServiceState::Stopped, false),
        ];
        assert_eq!(list, expect.map(|(name, title, state, auto)| (name.to_owned(), title.to_owned(), state, auto)));
    }

    #[test]
    fn without_a_service_manager_the_reason_is_told() {
        match (manager(), read()) {
            (Ok(_), Ok(list)) => assert!(list.iter().any(|service| service.state == ServiceState::Running)),
            (Err(reason), Err(error)) => assert_eq!(error, Error::Unavailable(reason)),
            (manager, list) => panic!("{manager:?} {list:?}"),
        }
    }
}
