//! `cargo xtask`: everything that a checkout can do. Each task sets up what the machine lacks before it starts.

mod build;
mod demo;
mod house;
mod keys;
mod run;
mod setup;
mod suite;
#[cfg(test)]
mod tidy;

use anyhow::Result;
use clap::{Parser, Subcommand};
use house::House;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Builds, shows and checks Hospes")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Starts a server, a company, a technician and a customer's host, and prints what to open
    Demo {
        /// Where the server listens on 127.0.0.1
        #[arg(long, default_value_t = 8443)]
        port: u16,
        /// Stops before the session, so that you can walk the whole way yourself
        #[arg(long)]
        no_session: bool,
    },
    /// Runs every check and test
    Test {
        /// Runs one step only: fmt, clippy, rust, web or walk
        #[arg(long)]
        only: Option<String>,
    },
    /// Builds plugins, pages, console, `hospes` and `hospes-agent`
    Build {
        /// Optimized, under `release/` of the target directory
        #[arg(long)]
        release: bool,
    },
    /// First figures: start, latency, throughput, memory, each beside a peer where there is one
    Bench {
        /// Copies a file of 1 GiB instead of 256 MiB
        #[arg(long)]
        full: bool,
    },
    /// Release executables with their checksums, under `package/` of the target directory
    Package,
    /// Formats everything
    Fmt,
}

fn main() -> std::process::ExitCode {
    match task() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            // The chain of causes in one line; a backtrace of this program helps nobody.
            eprintln!("\x1b[31merror:\x1b[0m {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn task() -> Result<()> {
    let house = House::find()?;
    match Cli::parse().task {
        Task::Demo { port, no_session } => demo::demo(&house, port, no_session),
        Task::Test { only } => suite::test(&house, only.as_deref()),
        Task::Build { release } => {
            setup::for_building(&house)?;
            build::everything(&house, release).map(|_| ())
        }
        Task::Bench { full } => suite::bench(&house, full),
        Task::Package => build::package(&house),
        Task::Fmt => suite::fmt(&house),
    }
}
