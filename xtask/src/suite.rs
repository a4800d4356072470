//! `cargo xtask test`, `bench` and `fmt`.

use crate::build::{self, Settings, cargo};
use crate::house::House;
use crate::run::{has, run};
use crate::setup;
use anyhow::{Result, bail};
use std::process::Command;
use std::time::Instant;

type Step = (&'static str, fn(&House, &Settings) -> Result<()>);

/// Cheap steps first: a formatting mistake is told in seconds.
const STEPS: &[Step] = &[("fmt", check_format), ("clippy", clippy), ("rust", rust_tests), ("web", web), ("walk", walk)];

pub(crate) fn test(house: &House, only: Option<&str>) -> Result<()> {
    if let Some(name) = only
        && !STEPS.iter().any(|(step, _)| *step == name)
    {
        bail!("there is no step {name:?}; there are: {}", STEPS.map_names());
    }
    setup::for_testing(house)?;
    let settings = build::parts(house)?;
    for (name, step) in STEPS.iter().filter(|(name, _)| only.is_none_or(|only| only == *name)) {
        let start = Instant::now();
        step(house, &settings)?;
        eprintln!("\x1b[1m{name}: good, {} s\x1b[0m", start.elapsed().as_secs());
    }
    Ok(())
}

trait Names {
    fn map_names(&self) -> String;
}

impl Names for [Step] {
    fn map_names(&self) -> String {
        self.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }
}

fn check_format(house: &House, settings: &Settings) -> Result<()> {
    run(cargo(house, settings).args(["fmt", "--all", "--check"]))
}

fn clippy(house: &House, settings: &Settings) -> Result<()> {
    run(cargo(house, settings).args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    if has("cargo-deny") {
        run(cargo(house, settings).args(["deny", "check", "bans", "licenses", "sources"]))?;
    } else {
        eprintln!("cargo-deny is not on this machine: deny.toml was not checked");
    }
    Ok(())
}

/// Everything in Rust, the end-to-end tests of `tests/` too: they start the executables that are built here.
fn rust_tests(house: &House, settings: &Settings) -> Result<()> {
    run(cargo(house, settings).args(["build", "--workspace", "--bin", "hospes", "--bin", "hospes-agent"]))?;
    // Hostile components, built once here rather than by the first test that wants one.
    let hostile = ["build", "-p", "hospes-hostile", "--examples", "--target", "wasm32-wasip2", "--profile", "plugin"];
    run(cargo(house, settings).args(hostile))?;
    let mut command = cargo(house, settings);
    command.env("HOSPES_TEST_PLUGINS", house.target.join("wasm32-wasip2/plugin/examples"));
    // Each fuzz target plays its corpus and then this long inputs of its own.
    command.env("BOLERO_RANDOM_TEST_TIME_MS", "3000");
    // Tests that play a server sign with the key that the host was built to trust.
    command.env("HOSPES_TEST_PUBLISHER_SECRET_FILE", crate::keys::file(house));
    if has("cargo-nextest") {
        command.args(["nextest", "run", "--workspace", "--no-fail-fast"]);
    } else {
        command.args(["test", "--workspace", "--no-fail-fast"]);
    }
    run(command.env("REQUIRE_X", "1"))
}

fn web(house: &House, _: &Settings) -> Result<()> {
    run(Command::new("npm").args(["run", "--silent", "check"]).current_dir(&house.root))?;
    run(Command::new("npm").args(["test", "--silent"]).current_dir(&house.root))
}

/// A real browser against a real server and a real host.
fn walk(house: &House, settings: &Settings) -> Result<()> {
    run(cargo(house, settings).args(["build", "--workspace", "--bin", "hospes", "--bin", "hospes-agent"]))?;
    build::mail_catcher(house)?;
    let node = |what: &str| {
        let mut command = Command::new("node");
        command.args(["--test", "--test-concurrency=1", what]).current_dir(&house.root);
        command.env("TEST_HOSPES", house.executable("hospes", false));
        command.env("TEST_HOSPES_AGENT", house.executable("hospes-agent", false));
        command.env("TEST_MAIL_CATCHER", house.executable("mail-catcher", false));
        command
    };
    run(&mut node("tests/walk/"))?;
    // All of it once more where UDP is blocked and everything goes through a proxy.
    run(node("tests/walk/").env("WALK_NETWORK", "proxy"))
}

/// Optimized executables: a debug build says nothing about speed.
pub(crate) fn bench(house: &House, full: bool) -> Result<()> {
    setup::for_testing(house)?;
    let settings = build::everything(house, true)?;
    let programs = ["build", "--workspace", "--release", "--bin", "hospes-bench", "--example", "figures"];
    run(cargo(house, &settings).args(programs))?;
    run(&mut Command::new(house.executable("examples/figures", true)))?;
    run(Command::new(house.executable("hospes-bench", true))
        .args(full.then_some("--full"))
        .env("TEST_HOSPES", house.executable("hospes", true))
        .env("TEST_HOSPES_AGENT", house.executable("hospes-agent", true)))
}

pub(crate) fn fmt(house: &House) -> Result<()> {
    run(Command::new("cargo").args(["fmt", "--all"]).current_dir(&house.root))
}
