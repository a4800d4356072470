//! After a reboot, and after a double click on the download, the host is started by the desktop, without a terminal. The
//! customer must see how the session stands and be able to end it (R17), so the host looks for a terminal to live in.
//! Without one a session that runs is served all the same (R11): what was allowed works, what would have to be asked is
//! not answered. A join that has questions is refused.
//!
//! Terminals differ in when they return and in whose environment they use, so the process inside says itself that it is
//! there: on a socket whose name only it was given. A shell around it keeps the window open when it was refused, or
//! nobody could read why.

use crate::texts::{self, Text};
use std::ffi::OsString;
use std::io::{self, IsTerminal as _};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Set for the host inside the terminal: where it says that it is there. It does not look for another terminal.
const INSIDE: &str = "HOSPES_IN_TERMINAL";
/// How long a terminal is given until the host inside it runs.
const STARTS: Duration = Duration::from_secs(10);

/// Runs its arguments from the third on. An interrupt is for the host: the shell waits for it.
const WRAPPER: &str = r#"HOSPES_IN_TERMINAL=$1; export HOSPES_IN_TERMINAL; close=$2; shift 2; trap : INT
"$@" || { printf '\n%s' "$close"; read -r enter; }"#;

/// Terminals of the usual desktops, with the option behind which the command stands.
const TERMINALS: &[(&str, &str)] = &[
    ("x-terminal-emulator", "-e"),
    ("gnome-terminal", "--"),
    ("konsole", "-e"),
    ("xfce4-terminal", "-x"),
    ("mate-terminal", "-x"),
    ("lxterminal", "-e"),
    ("xterm", "-e"),
];

/// True when this program now runs with `arguments` inside a terminal of its own, and this process has nothing more to
/// do. False where it has a terminal already, or where none can be had.
pub(crate) async fn moved_into_one(arguments: &[OsString]) -> bool {
    let desktop =
        ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some_and(|v| !v.is_empty()));
    if !desktop || std::env::var_os(INSIDE).is_some() || io::stdin().is_terminal() {
        return false;
    }
    let (Ok(program), Ok((name, listener))) = (std::env::current_exe(), listen()) else { return false };
    for (terminal, option) in TERMINALS {
        let started = Command::new(terminal)
            .arg(option)
            .args(["/bin/sh", "-c", WRAPPER, "sh", &name, Text::CloseWindow.get(texts::of_environment())])
            .arg(&program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut child) = started else { continue };
        let until = Instant::now() + STARTS;
        while Instant::now() < until {
            if listener.accept().is_ok() {
                return true;
            }
            if child.try_wait().is_ok_and(|ended| ended.is_some_and(|status| !status.success())) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let _ = child.kill();
        let _ = child.wait();
    }
    false
}

/// Where the process inside the terminal says that it is there, and the name of that.
fn listen() -> io::Result<(String, UnixListener)> {
    let name = format!("hospes-agent-terminal-{:016x}", getrandom::u64()?);
    let listener = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name)?)?;
    listener.set_nonblocking(true)?;
    Ok((name, listener))
}

/// Says that this process is there, when it was started for a terminal.
pub(crate) fn arrived() {
    let Some(name) = std::env::var_os(INSIDE) else { return };
    let told = SocketAddr::from_abstract_name(name.as_encoded_bytes()).and_then(|name| UnixStream::connect_addr(&name));
    if let Err(error) = told {
        tracing::debug!(%error, "nobody waits for this terminal any more");
    }
}

/// This process's command line, for a person to repeat.
pub(crate) fn command() -> String {
    let program = std::env::current_exe().map(OsString::from).ok();
    let words = program.into_iter().chain(std::env::args_os().skip(1));
    let words = words.map(|word| match word.to_string_lossy() {
        plain if plain.chars().all(|c| c.is_alphanumeric() || "/._-:=,@%+#".contains(c)) => plain.into_owned(),
        odd => format!("'{}'", odd.replace('\'', "'\\''")),
    });
    words.collect::<Vec<_>>().join(" ")
}
