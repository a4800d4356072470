//! Ending a process, and no other: its id may be another's by now.

use super::stat::Stat;
use hospes_runtime::provider::{Error, Result};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal};

/// Asks the process of that id that started then to end, or ends it.
pub(super) fn end(id: u32, started: u64, force: bool) -> Result<()> {
    if id == std::process::id() {
        let why = "this is the host itself: end the session instead".to_owned();
        return Err(Error::Other("protected", why));
    }
    let pid = i32::try_from(id).ok().and_then(Pid::from_raw).ok_or(Error::NotFound)?;
    if id == 1 {
        // In a container the kernel would let this through.
        return Err(Error::Other("protected", "the first process keeps all others running".to_owned()));
    }
    let signal = if force { Signal::KILL } else { Signal::TERM };
    let sent = match pidfd_open(pid, PidfdFlags::empty()) {
        // Opened before the start is compared: what the descriptor names cannot become another process any more.
        Ok(process) => {
            same(id, started)?;
            match pidfd_send_signal(&process, signal) {
                Err(Errno::NOSYS) => kill_process(pid, signal),
                sent => sent,
            }
        }
        // Kernels before 5.3: the id could be used again between the two calls, within microseconds.
        Err(Errno::NOSYS) => {
            same(id, started)?;
            kill_process(pid, signal)
        }
        Err(error) => Err(error),
    };
    sent.map_err(|error| match error {
        Errno::SRCH => Error::NotFound,
        Errno::PERM => {
            Error::Other("permission", "the account that the host runs for may not end this process".to_owned())
        }
        other => Error::Other("io", other.to_string()),
    })
}

fn same(id: u32, started: u64) -> Result<()> {
    match Stat::read(id) {
        Some(stat) if stat.started_at() == started && !stat.zombie => Ok(()),
        _ => Err(Error::NotFound),
    }
}
