//! Restart and log-off by systemd's commands, as the account that the host runs for: what that may not do is refused by
//! the system, and no password is asked for.

use super::{command, services};
use hospes_runtime::provider::{Error, Result};

/// Restarts the computer; the host comes back with it (R11).
pub(super) fn restart() -> Result<()> {
    let systemctl = services::manager().map_err(Error::Unavailable)?;
    command::run(&systemctl, &["reboot", "--no-ask-password"]).map(drop)
}

/// Ends the desktop's session that the host belongs to.
pub(super) fn log_off() -> Result<()> {
    let _ = services::manager().map_err(Error::Unavailable)?;
    let none = |what: &str| Error::Unavailable(what.to_owned());
    let loginctl = command::find("loginctl").ok_or_else(|| none("there is no loginctl on this computer"))?;
    let session = std::env::var("XDG_SESSION_ID").map_err(|_| none("the host runs outside a desktop's session"))?;
    command::run(&loginctl, &["--no-ask-password", "terminate-session", "--", &session]).map(drop)
}
