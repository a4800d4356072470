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
    Login(login::LoginArgs),
    /// Prepare, list, show, change and end support sessions
    #[command(subcommand)]
    Session(session::SessionCommand),
    /// List files on a customer's computer
    Ls(list::LsArgs),
    /// Copy files or folders from or to a customer's computer
    Cp(copy::CpArgs),
}

/// Does it. `data` is the directory of `--data`, when it was given. 0 done, 1 refused (the reason is on standard
/// error), 2 wrong usage.
pub(crate) async fn run(command: Command, data: Option<&Path>) -> ExitCode {
    let done = match command {
        Command::Login(args) => login::run(args, data).await,
        Command::Session(command) => session::run(command, data).await,
        Command::Ls(args) => list::run(args, data).await,
        Command::Cp(args) => copy::run(args, data).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hospes: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
