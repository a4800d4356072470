//! Files of the host: written whole or not at all, and only for their owner.

use rustix::fs::OFlags;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Ending of a file that is being written; the journal's undo removes these too.
const UNFINISHED: &str = ".new";

/// The name under which `path` is written before it takes its place.
pub(crate) fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(UNFINISHED);
    PathBuf::from(name)
}

/// Replaces `path` by `bytes` in one step that survives a loss of power: write beside, sync, rename, sync the directory.
pub(crate) fn write(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let beside = unfinished(path);
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    sync_parent(path)
}

/// [`write()`] for a value, as JSON, readable by its owner only.
pub(crate) fn write_json<T: Serialize>(path: &Path, value: &T) -> io::Result<()> {
    write(path, &serde_json::to_vec_pretty(value)?, 0o600)
}

/// Reads what [`write_json`] wrote; none when there is no such file.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    read_own(path)?
        .map(|bytes| {
            serde_json::from_slice(&bytes)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display())))
        })
        .transpose()
}

/// The content of a file that this account made; none when there is no such file. What another account planted, or a
/// link, is refused: the journal says what to delete, and the rest says whom to trust.
pub(crate) fn read_own(path: &Path) -> io::Result<Option<Vec<u8>>> {
    // Opening a pipe must not wait for its other end.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let mut file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if fs::symlink_metadata(path).is_ok_and(|is| is.is_symlink()) => {
            return Err(foreign(path, &format!("is a link ({error})")));
        }
        other => other?,
    };
    check_own(path, &file.metadata()?, fs::Metadata::is_file)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// That what is at `path` is of the expected kind and this account's.
fn check_own(path: &Path, is: &fs::Metadata, kind: fn(&fs::Metadata) -> bool) -> io::Result<()> {
    match (kind(is), is.uid() == rustix::process::getuid().as_raw()) {
        (true, true) => Ok(()),
        (false, _) => Err(foreign(path, "is not what this host makes there")),
        (_, false) => Err(foreign(path, &format!("belongs to another account (user id {})", is.uid()))),
    }
}

fn foreign(path: &Path, why: &str) -> io::Error {
    let text =
        format!("{} {why}, so it is not used; remove it, or name another directory with --state", path.display());
    io::Error::new(io::ErrorKind::PermissionDenied, text)
}

/// That no other account can put its own files in the place of this host's: the directory is this account's or root's,
/// and whoever may write to it cannot touch what others made. A directory that does not exist yet is fine.
pub(crate) fn check_directory(path: &Path) -> io::Result<()> {
    let Ok(is) = fs::metadata(path) else { return Ok(()) };
    if !is.is_dir() {
        return Err(foreign(path, "is not a directory"));
    }
    if ![0, rustix::process::getuid().as_raw()].contains(&is.uid()) {
        return Err(foreign(path, &format!("belongs to another account (user id {})", is.uid())));
    }
    let (everybody, sticky) = (is.mode() & 0o002 != 0, is.mode() & 0o1000 != 0);
    if everybody && !sticky { Err(foreign(path, "can be changed by every account")) } else { Ok(()) }
}

/// Makes a directory of this host's own, unless it is there already.
pub(crate) fn own_directory(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(is) => check_own(path, &is, fs::Metadata::is_dir),
        Err(_) => create_directory(path),
    }
}

/// Copies an executable to `to`, which is made anew: what lies there, a link for instance, is not written through.
pub(crate) fn copy_program(from: &Path, to: &Path) -> io::Result<()> {
    match fs::remove_file(to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut copy = OpenOptions::new().write(true).create_new(true).mode(0o700).open(to)?;
    io::copy(&mut File::open(from)?, &mut copy).map(|_| ())
}

/// Makes the entry of `path` in its directory survive a loss of power.
pub(crate) fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

/// Makes one directory that only its owner can enter.
pub(crate) fn create_directory(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create(path)?;
    sync_parent(path)
}

/// The ancestors of `path` (and itself) that do not exist yet, outermost first.
pub(crate) fn missing_directories(path: &Path) -> Vec<PathBuf> {
    let mut missing: Vec<_> =
        path.ancestors().filter(|p| !p.as_os_str().is_empty() && !p.exists()).map(Path::to_owned).collect();
    missing.reverse();
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_kept_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.json");
        fs::write(unfinished(&path), "left by a crash").unwrap();
        write_json(&path, &vec![1, 2]).unwrap();
        write_json(&path, &vec![3]).unwrap();
        assert_eq!(read_json::<Vec<u8>>(&path).unwrap(), Some(vec![3]));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!unfinished(&path).exists());
        assert_eq!(read_json::<Vec<u8>>(&dir.path().join("none")).unwrap(), None);
        fs::write(&path, "[").unwrap();
        assert!(read_json::<Vec<u8>>(&path).unwrap_err().to_string().contains("x.json"));
    }

    #[test]
    fn what_another_account_or_a_link_put_there_is_not_believed() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let refused = |path: &Path| read_own(path).expect_err("believed").to_string();
        fs::write(at("own"), "1").unwrap();
        assert_eq!(read_own(&at("own")).unwrap().as_deref(), Some(b"1".as_slice()));
        symlink(at("own"), at("link")).unwrap();
        assert!(refused(&at("link")).contains("is a link"));
        assert!(refused(dir.path()).contains("not what this host makes"));
        // Root's, for every account but root; root tries the other way round.
        let root = rustix::process::getuid().is_root();
        if root {
            std::os::unix::fs::chown(at("own"), Some(65534), None).unwrap();
            assert!(refused(&at("own")).contains("another account"));
        } else {
            assert!(refused(Path::new("/etc/passwd")).contains("another account"));
        }

        assert!(check_directory(&at("none yet")).is_ok() && check_directory(dir.path()).is_ok());
        for (mode, good) in [(0o755, true), (0o775, true), (0o777, false), (0o1777, true)] {
            fs::set_permissions(dir.path(), fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(check_directory(dir.path()).is_ok(), good, "{mode:o}");
        }
        assert!(check_directory(&at("own")).unwrap_err().to_string().contains("not a directory"));
        symlink(dir.path(), at("cache")).unwrap();
        assert!(own_directory(&at("cache")).is_err());
        own_directory(&at("made")).unwrap();
        own_directory(&at("made")).unwrap();
    }
}
