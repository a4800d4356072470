//! R12 across accounts: while this account's lease lasts, a small file says so where every account can see it, also when
//! the host is not running (after a reboot, before the account logs in again). [`crate::local::Lock`] covers the time in
//! which it runs.
//!
//! The file lies in `/var/tmp`: it is the one place that every account can write to and that a reboot does not empty. It
//! holds a time and no secret. Another account can plant a file of its own there and so keep the computer from being
//! helped, as it could with the lock; it cannot speak for somebody else, because a file counts only for the account that
//! owns it, and never for longer than it says itself. With `--state` there is none: R12 is about that directory then.

use crate::disk;
use crate::place::Place;
use rustix::fs::OFlags;
use std::fs::{self, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

const START: &str = "hospes-agent-";
const END: &str = ".session";

/// The longest text that is a time.
const LENGTH: u64 = 20;

/// The file of one account.
fn file(dir: &Path, account: u32) -> PathBuf {
    dir.join(format!("{START}{account}{END}"))
}

/// This account's mark; none with `--state`.
pub(crate) fn own(place: &Place) -> Option<PathBuf> {
    place.marks().map(|dir| file(dir, rustix::process::getuid().as_raw()))
}

/// Says until when, in milliseconds since 1970, this account has a session. The journal has noted the file before.
pub(crate) fn write(place: &Place, until: u64) -> io::Result<()> {
    let Some(path) = own(place) else { return Ok(()) };
    disk::write(&path, until.to_string().as_bytes(), 0o644)?;
    // Whatever this account's umask is, the others must be able to read it.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644))
}

/// Whether another account has a session at `now`.
pub(crate) fn of_another_account(place: &Place, now: u64) -> bool {
    let own = rustix::process::getuid().as_raw();
    let Some(entries) = place.marks().and_then(|dir| fs::read_dir(dir).ok()) else { return false };
    entries.filter_map(Result::ok).any(|entry| {
        let name = entry.file_name();
        let account = name.to_str().and_then(|name| name.strip_prefix(START)?.strip_suffix(END)?.parse().ok());
        account.is_some_and(|account: u32| {
            account != own && until(&entry.path(), account).is_some_and(|until| until > now)
        })
    })
}

/// What the file says, when it is a plain file of that account.
fn until(path: &Path, account: u32) -> Option<u64> {
    // Opening a pipe must not wait for its other end.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).ok()?;
    let is = file.metadata().ok()?;
    let mut text = String::new();
    file.take(LENGTH).read_to_string(&mut text).ok()?;
    if is.is_file() && is.uid() == account { text.trim().parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r12_another_accounts_session_is_seen_while_its_lease_lasts_and_nobody_speaks_for_others() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::with_marks(dir.path());
        let uid = rustix::process::getuid().as_raw();
        write(&place, 5_000).unwrap();
        assert_eq!(fs::metadata(file(dir.path(), uid)).unwrap().permissions().mode() & 0o777, 0o644);
        assert!(!of_another_account(&place, 1_000), "its own is no obstacle: the same command goes on");

        let other = uid + 1;
        fs::write(file(dir.path(), other), "5000").unwrap();
        assert!(!of_another_account(&place, 1_000), "this account's file under another account's name");
        // Only root can make a file of another account.
        if uid == 0 {
            std::os::unix::fs::chown(file(dir.path(), other), Some(other), None).unwrap();
            assert!(of_another_account(&place, 1_000));
            assert!(!of_another_account(&place, 5_000), "the lease is over");
        }
    }

    #[test]
    fn what_is_no_mark_is_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::with_marks(dir.path());
        let uid = rustix::process::getuid().as_raw();
        fs::write(dir.path().join("hospes-agent-x.session"), "9").unwrap();
        fs::write(dir.path().join("hospes-agent-.session"), "9").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", file(dir.path(), uid + 1)).unwrap();
        fs::create_dir(file(dir.path(), uid + 2)).unwrap();
        assert!(!of_another_account(&place, 0));
        assert!(until(&file(dir.path(), uid + 3), uid + 3).is_none());
        for text in ["", "soon", "-5", "99999999999999999999999999"] {
            fs::write(file(dir.path(), uid + 4), text).unwrap();
            assert_eq!(until(&file(dir.path(), uid + 4), uid), None, "{text:?}");
        }
        let scoped = Place::new(Some(dir.path())).unwrap();
        assert!(own(&scoped).is_none());
    }
}
