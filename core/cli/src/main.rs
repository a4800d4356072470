//! `hospes`: server, operator, technician and plugin author in one program.
//!
//! One module per subcommand; [`client`] is the technician's side. Exit codes: 0 done, 1 refused (the reason, with its
//! causes, on standard error), 2 wrong usage.

mod admin;
mod audit;
mod backup;
mod client;
mod input;
mod keyfile;
mod licence;
mod operator;
mod output;
mod plugin;
mod serve;
mod technician;
mod telemetry;

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// One-time remote support: the server, and everything that is done from a command line.
#[derive(Debug, Parser)]
#[command(name = "hospes", version, arg_required_else_help = true, infer_subcommands = false)]
struct Line {
    /// Directory of database, keys and log-ins [default: the account's own data directory]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Everywhere")]
    data: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server until it is told to stop (Ctrl-C or SIGTERM)
    Serve(serve::ServeArgs),
    /// Add companies and technicians; only this machine's command line can
    #[command(subcommand)]
    Admin(admin::AdminCommand),
    /// Prove that the audit logs are whole
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Make keys, issue, install and show licences
    #[command(subcommand)]
    Licence(licence::LicenceCommand),
    /// Keep a server's data in one file, while it runs
    Backup(backup::BackupArgs),
    /// Make a data directory out of a backup
    Restore(backup::RestoreArgs),
    /// Sign, inspect, check and install plugins
    #[command(subcommand)]
    Plugin(plugin::PluginCommand),
    #[command(flatten)]
    Client(client::Command),
}

fn main() -> ExitCode {
    let line = Line::parse();
    // An error says that a provider is installed already, which is what is wanted.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return output::refused(&anyhow::Error::new(error).context("the program cannot start")),
    };
    let data = line.data.as_deref();
    let done = runtime.block_on(async {
        match line.command {
            Command::Serve(args) => serve::run(args, data).await,
            Command::Admin(command) => admin::run(command, data).await,
            Command::Audit(command) => audit::run(command, data).await,
            Command::Licence(command) => licence::run(command, data).await,
            Command::Backup(args) => backup::make(&args, data).await,
            Command::Restore(args) => backup::restore(&args, data).await,
            Command::Plugin(command) => plugin::run(command, data),
            Command::Client(command) => return client::run(command, data).await,
        }
        .map_or_else(|error| output::refused(&error), |()| ExitCode::SUCCESS)
    });
    // A blocked read of standard input must not hold the program back.
    runtime.shutdown_background();
    done
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Line::command().debug_assert();
    }
}
