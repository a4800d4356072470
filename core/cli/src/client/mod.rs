//! The technician's command line: `hospes login|session|ls|cp`.
//!
//! Talks to a server as the console does: the HTTP API for sessions, and a channel's WebSocket for files. The file
//! manager's plugin on the customer's computer does the work; `plugins/file-manager/PROTOCOL.md` is its language.
//!
//! - [`api`]: requests, with the token of the last log-in ([`keep`]);
//! - [`channel`]: opens a channel and proves the session password;
//! - [`place`]: what `SRC` and `DST` mean;
//! - [`files`]: the conversation with the file manager, and copies that survive a cut.

mod api;
mod channel;
mod copy;
mod error;
mod files;
mod history;
mod keep;
mod list;
mod login;
mod network;
mod password;
mod place;
mod progress;
mod session;
pub(crate) mod text;

use std::path::Path;
use std::process::ExitCode;

/// What a technician does from a command line.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Log in to a server; the password is read from standard input
    Login(By<login::LoginArgs>),
    /// Prepare, list, show, change and end support sessions
    Session(Sessions),
    /// List files on a customer's computer
    Ls(By<list::LsArgs>),
    /// Copy files or folders from or to a customer's computer
    Cp(By<copy::CpArgs>),
}

/// A command's own arguments, and by which way the server is reached.
#[derive(Debug, clap::Args)]
pub(crate) struct By<T: clap::Args> {
    #[command(flatten)]
    own: T,
    #[command(flatten)]
    network: network::NetworkArgs,
}

/// The same for a command that has commands of its own.
#[derive(Debug, clap::Args)]
pub(crate) struct Sessions {
    #[command(subcommand)]
    own: session::SessionCommand,
    #[command(flatten)]
    network: network::NetworkArgs,
}

/// Does it. `data` is the directory of `--data`, when it was given. 0 done, 1 refused (the reason is on standard
/// error), 2 wrong usage.
pub(crate) async fn run(command: Command, data: Option<&Path>) -> ExitCode {
    let done = match command {
        Command::Login(By { own, network }) => login::run(own, &network, data).await,
        Command::Session(Sessions { own, network }) => session::run(own, &network, data).await,
        Command::Ls(By { own, network }) => list::run(own, &network, data).await,
        Command::Cp(By { own, network }) => copy::run(own, &network, data).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hospes: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
