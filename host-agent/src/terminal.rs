//! After a reboot the host is started by the desktop, without a terminal. The customer must see how the session stands
//! and be able to end it (R17), so it looks for a terminal to live in. Without one it serves all the same (R11): what was
//! allowed works, what would have to be asked is not answered.

use crate::local::{self, Running};
use crate::place::Place;
use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Set for the host inside the terminal, so that it does not look for another one.
const INSIDE: &str = "HOSPES_IN_TERMINAL";
/// How long a terminal is given until the host inside it holds the lock.
const STARTS: Duration = Duration::from_secs(10);

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

/// True when the host now runs inside a terminal of its own, and this process has nothing more to do.
pub(crate) async fn moved_into_one(place: &Place, headless: bool) -> bool {
    let desktop =
        ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some_and(|v| !v.is_empty()));
    if headless || !desktop || std::env::var_os(INSIDE).is_some() || std::io::stdin().is_terminal() {
        return false;
    }
    let Ok(program) = std::env::current_exe() else { return false };
    let mut arguments = vec![OsString::from(program), OsString::from("resume")];
    if place.scoped() {
        arguments.extend([OsString::from("--state"), place.dir().as_os_str().to_owned()]);
    }
    for (terminal, option) in TERMINALS {
        let started = Command::new(terminal)
            .arg(option)
            .args(&arguments)
            .env(INSIDE, "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut child) = started else { continue };
        let until = Instant::now() + STARTS;
        while Instant::now() < until {
            if matches!(local::find(place), Ok(Running::Own(_))) {
                return true;
            }
            if child.try_wait().is_ok_and(|ended| ended.is_some_and(|status| !status.success())) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let _ = child.kill();
        let _ = child.wait();
    }
    false
}
