//! Operating system errors as the codes that `plugins/file-manager/PROTOCOL.md` promises.

use hospes_runtime::provider::Error;
use rustix::io::Errno;

/// The provider's error for a failed system call.
pub(super) fn of(error: &std::io::Error) -> Error {
    let code = match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::NOENT) => return Error::NotFound,
        Some(Errno::EXIST) => return Error::AlreadyExists,
        Some(Errno::INVAL | Errno::NAMETOOLONG) => return Error::Invalid(error.to_string()),
        Some(Errno::NOTEMPTY) => "not-empty",
        Some(Errno::ISDIR) => "is-directory",
        Some(Errno::NOTDIR) => "not-directory",
        Some(Errno::LOOP) => "is-link",
        Some(Errno::ACCESS | Errno::PERM) => "permission",
        Some(Errno::ROFS) => "read-only",
        Some(Errno::NOSPC | Errno::DQUOT) => "no-space",
        Some(Errno::XDEV) => "other-filesystem",
        Some(Errno::BUSY | Errno::TXTBSY) => "busy",
        _ => "io",
    };
    Error::Other(code, error.to_string())
}

/// The same for calls made through rustix.
pub(super) fn sys(error: Errno) -> Error {
    of(&error.into())
}

/// A change in a folder that is shared for reading only.
pub(super) fn read_only() -> Error {
    Error::Other("read-only", "this folder is shared for reading only".into())
}
