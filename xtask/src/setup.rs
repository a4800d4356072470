//! Installs what a fresh machine lacks, or says exactly what to install.

use crate::house::House;
use crate::run::{has, output, run};
use anyhow::{Context, Result, bail};
use std::process::Command;

/// A program that must be there, and the Debian package that brings it.
type Need = (&'static str, &'static str);

const BUILD: &[Need] = &[("cc", "gcc"), ("git", "git")];
const DESKTOP: &[Need] = &[("Xvfb", "xvfb"), ("xterm", "xterm"), ("xclock", "x11-apps"), ("openbox", "openbox")];
const TEST: &[Need] = &[("chromium", "chromium"), ("xdotool", "xdotool"), ("xwd", "x11-apps"), ("ps", "procps")];

/// Compilers, Node.js, the WebAssembly targets, the pages' packages.
pub(crate) fn for_building(house: &House) -> Result<()> {
    packages(&[BUILD])?;
    node()?;
    rust_targets(house)?;
    npm_packages(house)
}

/// What the demo shows on its own display.
pub(crate) fn for_demo(house: &House, own_display: bool) -> Result<()> {
    if own_display {
        packages(&[BUILD, DESKTOP])?;
    }
    for_building(house)
}

/// A browser and a display as well.
pub(crate) fn for_testing(house: &House) -> Result<()> {
    packages(&[BUILD, DESKTOP, TEST])?;
    for_building(house)
}

fn packages(needs: &[&[Need]]) -> Result<()> {
    let mut missing: Vec<&str> =
        needs.iter().copied().flatten().filter(|(program, _)| !has(program)).map(|(_, package)| *package).collect();
    missing.sort_unstable();
    missing.dedup();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    if !has("apt-get") {
        bail!("this machine lacks some programs; install what Debian calls: {list}");
    }
    let root = output(Command::new("id").arg("-u"))? == "0";
    if !root && !has("sudo") {
        bail!("this machine lacks some programs; as root: apt-get install {list}");
    }
    eprintln!("Installing system packages: {list}");
    let apt = || {
        let mut command = if root { Command::new("apt-get") } else { Command::new("sudo") };
        if !root {
            command.arg("apt-get");
        }
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    run(apt().args(["update", "-q"]))?;
    run(apt().args(["install", "-q", "-y", "--no-install-recommends"]).args(missing))
}

fn node() -> Result<()> {
    let version = output(Command::new("node").arg("--version"))
        .context("Node.js 20 or newer is needed for the console and the plugin pages: https://nodejs.org")?;
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < 20) {
        bail!("Node.js 20 or newer is needed for the console and the plugin pages; this machine has {version}");
    }
    Ok(())
}

/// rustup reads the targets from `rust-toolchain.toml`; where another tool manages Rust, or automatic installation is
/// switched off, they are added here.
fn rust_targets(house: &House) -> Result<()> {
    const TARGETS: [&str; 2] = ["wasm32-wasip2", "wasm32-unknown-unknown"];
    let sysroot = output(Command::new("rustc").args(["--print", "sysroot"]).current_dir(&house.root))?;
    let missing: Vec<&str> = TARGETS
        .into_iter()
        .filter(|target| !std::path::Path::new(&sysroot).join("lib/rustlib").join(target).is_dir())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    run(Command::new("rustup").args(["target", "add"]).args(missing).current_dir(&house.root))
        .context("the WebAssembly targets are missing and rustup could not add them")
}

/// `npm ci` when the lock file is newer than what was installed from it.
fn npm_packages(house: &House) -> Result<()> {
    let lock = std::fs::read(house.root.join("package-lock.json")).context("package-lock.json cannot be read")?;
    let stamp = house.root.join("node_modules/.hospes-lock");
    if std::fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    run(Command::new("npm").args(["ci", "--no-fund", "--no-audit"]).current_dir(&house.root))?;
    std::fs::write(stamp, lock).context("node_modules cannot be written")
}
