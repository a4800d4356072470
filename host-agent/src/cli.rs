//! The command line (surfaces.md). Exit codes: 0 done, 1 refused (the reason on stderr), 2 wrong usage.

use crate::dialogue::Dialogue;
use crate::disk;
use crate::end;
use crate::join;
use crate::kept::{Choices, ConsentMode};
use crate::network::NetworkArgs;
use crate::place::{self, Place};
use crate::terminal;
use crate::texts;
use clap::{Args, Parser, Subcommand};
use hospes_wire::link::DeploymentLink;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// The temporary host of Hospes: lets a technician help on this computer, with what you allow, until the session ends;
/// then removes itself.
#[derive(Debug, Parser)]
#[command(name = "hospes-agent", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Joins the support session of a deployment link.
    Join(JoinArgs),
    /// Says how the session on this computer stands.
    Status(StateArgs),
    /// Ends the session and removes this host.
    End(StateArgs),
    /// Removes whatever this host left on the computer, also when the server cannot be reached.
    Uninstall(StateArgs),
    /// Goes on with the session that is on this computer, or finishes its removal (what the autostart entry runs).
    #[command(hide = true)]
    Resume(StateArgs),
}

#[derive(Debug, Args)]
struct JoinArgs {
    /// The deployment link from the invitation.
    link: String,
    /// The security code; asked for when absent.
    #[arg(long)]
    code: Option<String>,
    /// Ask nothing: a wrong code exits with 1 and leaves nothing.
    #[arg(long)]
    headless: bool,
    /// Ask for each thing, allow everything, or allow looking only.
    #[arg(long, value_enum, default_value_t)]
    consent: ConsentMode,
    /// A folder to share, by the name that the technician sees. May be repeated; without it your home folder, as `Home`.
    #[arg(long = "root", value_name = "NAME=DIR", value_parser = root)]
    roots: Vec<(String, PathBuf)>,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    state: StateArgs,
}

#[derive(Debug, Args)]
struct StateArgs {
    /// Where this host keeps what it keeps; hosts with different directories do not see each other.
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

/// `NAME=DIR`: one path component for the name, an existing directory.
fn root(text: &str) -> Result<(String, PathBuf), String> {
    let (name, dir) = text.split_once('=').ok_or("write NAME=DIR, e.g. Documents=/home/me/Documents")?;
    if name.is_empty() || name.len() > 64 || name.contains(['/', '\\', ':']) || name.chars().any(char::is_control) {
        return Err(format!("{name:?} is no name for a shared folder: 1 to 64 characters without / \\ or :"));
    }
    if name == "." || name == ".." {
        return Err(format!("{name:?} is no name for a shared folder; choose a word, e.g. Documents={dir}"));
    }
    let path = PathBuf::from(dir).canonicalize().map_err(|error| format!("{dir}: {error}"))?;
    if path.is_dir() { Ok((name.to_owned(), path)) } else { Err(format!("{dir} is not a directory")) }
}

/// Why nothing was done; printed on stderr.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Exit code 1.
    Refused(String),
    /// Exit code 2.
    Usage(String),
}

impl<E: std::fmt::Display> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Refused(error.to_string())
    }
}

/// Says it on stderr, unless the window is closed already.
fn say(reason: &str) {
    let _ = writeln!(std::io::stderr(), "hospes-agent: {reason}");
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    // Usage errors leave here with exit code 2, `--help` and `--version` with 0.
    let cli = Cli::parse();
    // A certificate that is not trusted is told in the customer's own language.
    let quiet = "warn,rustls_platform_verifier=off";
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| quiet.into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let done =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Refusal::from).and_then(|runtime| {
            let done = runtime.block_on(Box::pin(run(cli)));
            // A plugin in the middle of a system call must not hold up the end.
            runtime.shutdown_background();
            done
        });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Refusal::Refused(reason)) => {
            // It may hold the server's words.
            say(&texts::harmless(&reason));
            ExitCode::from(1)
        }
        Err(Refusal::Usage(reason)) => {
            say(&reason);
            ExitCode::from(2)
        }
    }
}

async fn run(cli: Cli) -> Result<(), Refusal> {
    terminal::arrived();
    let at = |args: &StateArgs| {
        let place = Place::new(args.state.as_deref()).map_err(Refusal::Usage)?;
        disk::check_directory(place.dir())?;
        Ok::<_, Refusal>(place)
    };
    match cli.command {
        None => {
            let link = link_of_own_name().ok_or_else(|| {
                Refusal::Usage("say what to do: hospes-agent join LINK (see hospes-agent --help)".to_owned())
            })?;
            // A double click: the customer sees nothing unless there is a window (R17).
            if terminal::moved_into_one(&["join".into(), link.to_string().into()]).await {
                return Ok(());
            }
            join::join(at(&StateArgs { state: None })?, link, None, default_choices(Choices::default())).await
        }
        Some(Command::Join(args)) => {
            let link =
                args.link.parse().map_err(|error: hospes_wire::link::BadLink| Refusal::Usage(error.to_string()))?;
            let network = args.network.read().map_err(Refusal::Usage)?;
            let choices = Choices { consent: args.consent, headless: args.headless, roots: args.roots, network };
            if choices.headless && args.code.is_none() {
                return Err(Refusal::Usage("--headless needs --code: there is nobody to ask for it".to_owned()));
            }
            let mut names = std::collections::BTreeSet::new();
            if let Some((name, _)) = choices.roots.iter().find(|(name, _)| !names.insert(name.as_str())) {
                return Err(Refusal::Usage(format!(
                    "--root names {name:?} twice; give each shared folder its own name"
                )));
            }
            join::join(at(&args.state)?, link, args.code, default_choices(choices)).await
        }
        Some(Command::Status(args)) => end::status(&at(&args)?).await,
        Some(Command::End(args)) => end::end(&at(&args)?).await,
        Some(Command::Uninstall(args)) => end::uninstall(&at(&args)?).await,
        Some(Command::Resume(args)) => join::resume(at(&args)?).await,
    }
}

/// The link in the name of this executable, when it is a download.
fn link_of_own_name() -> Option<DeploymentLink> {
    let own = std::env::current_exe().ok()?;
    let called = std::env::args_os().next().map(PathBuf::from);
    [Some(own), called]
        .into_iter()
        .flatten()
        .find_map(|path| DeploymentLink::from_file_name(path.file_name()?.to_str()?).ok())
}

/// Without `--root` the home folder is shared, under consent like any other.
fn default_choices(mut choices: Choices) -> Choices {
    if choices.roots.is_empty()
        && let Some(home) = place::home()
    {
        choices.roots.push(("Home".to_owned(), home));
    }
    choices
}

/// The dialogue as the choices want it.
pub(crate) fn dialogue(choices: &Choices) -> (Dialogue, tokio::sync::mpsc::Receiver<String>) {
    Dialogue::start(choices.headless, texts::of_environment())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }

    #[test]
    fn a_root_is_a_name_and_a_directory() {
        assert!(root("Temp=/tmp").is_ok());
        for (bad, why) in [
            ("/tmp", "NAME=DIR"),
            ("=/tmp", "no name"),
            ("a/b=/tmp", "no name"),
            ("a:b=/tmp", "no name"),
            ("..=/tmp", "no name"),
            ("x=/does/not/exist", "/does/not/exist"),
            ("x=/etc/passwd", "not a directory"),
        ] {
            let error = root(bad).unwrap_err();
            assert!(error.contains(why), "{bad}: {error}");
        }
    }
}
