//! Builds in the order that the parts need each other: browser crates, pages, plugins, then the two executables, which
//! embed what came before.

use crate::house::{BROWSER_CRATES, House, PLUGINS};
use crate::run::run;
use crate::{keys, setup};
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Settings that every cargo call of a task shares, so that nothing is built twice.
pub(crate) type Settings = Vec<(&'static str, OsString)>;

/// What the executables embed, and where it lies.
pub(crate) fn settings(house: &House) -> Result<Settings> {
    let key = keys::publisher(house)?.public().to_string();
    Ok(vec![
        ("HOSPES_PUBLISHER_KEY", key.into()),
        ("HOSPES_PLUGINS_DIR", house.plugins().into()),
        ("HOSPES_CONSOLE_DIR", house.console().into()),
    ])
}

/// A cargo call with the shared settings.
pub(crate) fn cargo(house: &House, settings: &Settings) -> Command {
    let mut command = Command::new("cargo");
    // `cargo xtask` leaves its own package's variables to its children; build scripts (ring's) compare them with the last
    // build's, so that changing between `cargo xtask` and plain cargo would compile half of the tree anew each time.
    let own = |key: &str| key.starts_with("CARGO_PKG_") || key.starts_with("CARGO_MANIFEST_");
    for (key, _) in std::env::vars_os().filter(|(key, _)| key.to_str().is_some_and(own)) {
        command.env_remove(key);
    }
    command.current_dir(&house.root).envs(settings.iter().map(|(key, value)| (key, value)));
    command
}

/// Everything; answers the shared settings.
pub(crate) fn everything(house: &House, release: bool) -> Result<Settings> {
    let settings = parts(house)?;
    // With `--workspace` dependencies get the same features here as in checks and tests, and are built once.
    let mut command = cargo(house, &settings);
    command.args(["build", "--workspace", "--bin", "hospes", "--bin", "hospes-agent"]);
    if release {
        command.arg("--release");
    }
    run(&mut command)?;
    Ok(settings)
}

/// The mail server of demo and walks, which keeps what it gets.
pub(crate) fn mail_catcher(house: &House) -> Result<()> {
    run(cargo(house, &settings(house)?).args(["build", "--workspace", "--bin", "mail-catcher"]))
}

/// What the executables embed: console and signed plugins with their pages.
pub(crate) fn parts(house: &House) -> Result<Settings> {
    let settings = settings(house)?;
    browser_crates(house, &settings)?;
    run(Command::new("npm").args(["run", "--silent", "build"]).current_dir(&house.root))?;
    plugins(house, &settings)?;
    Ok(settings)
}

fn browser_crates(house: &House, settings: &Settings) -> Result<()> {
    const TARGET: &str = "wasm32-unknown-unknown";
    let mut command = cargo(house, settings);
    command.args(["build", "--target", TARGET, "--profile", "plugin"]);
    run(command.args(BROWSER_CRATES.iter().flat_map(|(package, ..)| ["-p", package])))?;
    for (_, file, place) in BROWSER_CRATES {
        let place = house.root.join(place);
        std::fs::create_dir_all(place.parent().unwrap_or(&house.root))?;
        let made = house.target.join(TARGET).join("plugin").join(file);
        std::fs::copy(&made, &place).with_context(|| format!("{} cannot be copied", made.display()))?;
    }
    Ok(())
}

fn plugins(house: &House, settings: &Settings) -> Result<()> {
    const TARGET: &str = "wasm32-wasip2";
    let packages: Vec<String> = PLUGINS.iter().map(|(name, _)| format!("hospes-plugin-{name}")).collect();
    let mut command = cargo(house, settings);
    command.args(["build", "--target", TARGET, "--profile", "plugin"]);
    run(command.args(packages.iter().flat_map(|package| ["-p", package])))?;

    let key = keys::publisher(house)?;
    let out = house.plugins();
    if out.exists() {
        std::fs::remove_dir_all(&out)?;
    }
    std::fs::create_dir_all(&out)?;
    for (name, file) in PLUGINS {
        let folder = house.root.join("plugins").join(name);
        let component = std::fs::read(house.target.join(TARGET).join("plugin").join(file))?;
        let manifest = std::fs::read_to_string(folder.join("plugin.toml"))?;
        let stated = hospes_licence::manifest::Manifest::parse(&manifest)?;
        let version = stated.version;
        // Notifiers have no page.
        let files = stated.ui.map(|_| page(&folder.join("ui/dist"))).transpose()?.unwrap_or_default();
        let packed = hospes_licence::plugin_file::pack(&component, &manifest, &files)?;
        let signed = hospes_licence::plugin_file::sign(&packed, &key)?;
        std::fs::write(out.join(format!("{name}-{version}.hospes.wasm")), signed)?;
    }
    Ok(())
}

/// The built page's files by their path below `ui/`.
fn page(dist: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![dist.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| format!("{} is not built", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(dist)?.to_string_lossy().replace('\\', "/");
                files.insert(format!("ui/{name}"), std::fs::read(&path)?);
            }
        }
    }
    Ok(files)
}

/// Release executables, copied with their SHA-256 sums.
pub(crate) fn package(house: &House) -> Result<()> {
    setup::for_building(house)?;
    everything(house, true)?;
    let out = house.target.join("package");
    std::fs::create_dir_all(&out)?;
    let names = ["hospes", "hospes-agent"];
    for name in names {
        std::fs::copy(house.executable(name, true), out.join(name))?;
    }
    let sums = crate::run::output(Command::new("sha256sum").args(names).current_dir(&out))?;
    std::fs::write(out.join("SHA256SUMS"), sums + "\n")?;
    println!("{}", display(&out));
    Ok(())
}

fn display(path: &Path) -> String {
    PathBuf::from(path).display().to_string()
}
