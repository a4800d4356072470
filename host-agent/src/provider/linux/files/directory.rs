//! Handles to directories and files inside a shared folder.

use super::super::super::BeforeMaking;
use super::upload::PartialUpload;
use super::{error, listing, name};
use cap_std::fs::Dir;
use hospes_runtime::provider::files::{Directory, Entry, File, Upload};
use hospes_runtime::provider::{Error, Result};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, RenameFlags};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

/// Longest piece of a file that is read at once, in bytes.
const LONGEST_READ: u32 = 1 << 20;

/// A directory inside a shared folder.
pub(super) struct SharedDirectory {
    dir: Arc<Dir>,
    /// Where it was when it was opened; only for the journal.
    path: PathBuf,
    writable: bool,
    before_making: BeforeMaking,
}

impl SharedDirectory {
    pub(super) fn new(dir: Dir, path: PathBuf, writable: bool, before_making: BeforeMaking) -> Self {
        Self { dir: Arc::new(dir), path, writable, before_making }
    }

    fn open(&self, name: &str, flags: OFlags) -> Result<std::fs::File> {
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        match rustix::fs::openat(&self.dir, name, flags, Mode::empty()) {
            Ok(handle) => Ok(handle.into()),
            // With O_DIRECTORY the kernel calls a link "not a directory".
            Err(Errno::LOOP | Errno::NOTDIR) if self.is_link(name) => {
                Err(Error::Other("is-link", format!("{name:?} is a link; links are not followed")))
            }
            Err(errno) => Err(error::sys(errno)),
        }
    }

    fn is_link(&self, name: &str) -> bool {
        rustix::fs::statat(&self.dir, name, AtFlags::SYMLINK_NOFOLLOW)
            .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Symlink)
    }

    fn must_be_writable(&self) -> Result<()> {
        if self.writable { Ok(()) } else { Err(error::read_only()) }
    }
}

impl Directory for SharedDirectory {
    fn entries(&self, from: Option<&str>) -> Result<(Vec<Entry>, Option<String>)> {
        listing::page(&self.dir, from)
    }

    fn stat(&self, name: &str) -> Result<Entry> {
        let name = name::existing(name)?;
        let stat = rustix::fs::statat(&self.dir, name, AtFlags::SYMLINK_NOFOLLOW).map_err(error::sys)?;
        Ok(listing::entry(OsStr::new(name), &stat))
    }

    fn open_directory(&self, name: &str) -> Result<Box<dyn Directory>> {
        let name = name::existing(name)?;
        let dir = Dir::from_std_file(self.open(name, OFlags::RDONLY | OFlags::DIRECTORY)?);
        Ok(Box::new(Self::new(dir, self.path.join(name), self.writable, self.before_making.clone())))
    }

    fn open_file(&self, name: &str) -> Result<Box<dyn File>> {
        let name = name::existing(name)?;
        let file = self.open(name, OFlags::RDONLY)?;
        let stat = rustix::fs::fstat(&file).map_err(error::sys)?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Ok(Box::new(SharedFile { file, name: name.to_owned() })),
            FileType::Directory => Err(Error::Other("is-directory", format!("{name:?} is a directory"))),
            _ => Err(Error::Invalid(format!("{name:?} is not a file"))),
        }
    }

    fn create_directory(&self, name: &str) -> Result<()> {
        self.must_be_writable()?;
        let mode = Mode::RWXU | Mode::RWXG | Mode::RWXO;
        rustix::fs::mkdirat(&self.dir, name::fresh(name)?, mode).map_err(error::sys)
    }

    fn remove(&self, name: &str) -> Result<()> {
        self.must_be_writable()?;
        let name = name::existing(name)?;
        match rustix::fs::unlinkat(&self.dir, name, AtFlags::empty()) {
            // POSIX says EPERM for a directory, Linux EISDIR.
            Err(Errno::ISDIR | Errno::PERM) => match rustix::fs::unlinkat(&self.dir, name, AtFlags::REMOVEDIR) {
                Err(Errno::NOTDIR) => Err(error::sys(Errno::PERM)),
                other => other.map_err(error::sys),
            },
            other => other.map_err(error::sys),
        }
    }

    fn rename(&self, name: &str, to: &dyn Directory, new_name: &str, replace: bool) -> Result<()> {
        let name = name::existing(name)?;
        let new_name = name::fresh(new_name)?;
        let to = to.as_any().downcast_ref::<Self>().ok_or_else(|| Error::Invalid("a foreign directory".into()))?;
        self.must_be_writable()?;
        to.must_be_writable()?;
        move_to(&self.dir, name, &to.dir, new_name, replace)
    }

    fn begin_upload(&self, name: &str, key: &str) -> Result<Box<dyn Upload>> {
        let name = name::fresh(name)?;
        let partial = name::partial(name, key)?;
        self.must_be_writable()?;
        let journal = || (self.before_making)(&self.path.join(&partial)).map_err(|e| error::of(&e));
        Ok(Box::new(PartialUpload::begin(self.dir.clone(), &partial, name, journal)?))
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

/// Moves in one step. Without `replace` an existing target is never lost, not even one that appears at this moment.
pub(super) fn move_to(from: impl AsFd, name: &str, to: impl AsFd, new_name: &str, replace: bool) -> Result<()> {
    if replace {
        return rustix::fs::renameat(from, name, to, new_name).map_err(error::sys);
    }
    match rustix::fs::renameat_with(from.as_fd(), name, to.as_fd(), new_name, RenameFlags::NOREPLACE) {
        // A file system that does not know the flag: a second name, then the first one away.
        Err(refused @ (Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP)) => {
            match rustix::fs::linkat(from.as_fd(), name, to.as_fd(), new_name, AtFlags::empty()) {
                Ok(()) => rustix::fs::unlinkat(from, name, AtFlags::empty()).map_err(error::sys),
                // Directories have one name only.
                Err(Errno::PERM) => Err(error::sys(refused)),
                Err(errno) => Err(error::sys(errno)),
            }
        }
        other => other.map_err(error::sys),
    }
}

/// An open file.
struct SharedFile {
    file: std::fs::File,
    name: String,
}

impl File for SharedFile {
    fn stat(&self) -> Result<Entry> {
        let stat = rustix::fs::fstat(&self.file).map_err(error::sys)?;
        Ok(listing::entry(OsStr::new(&self.name), &stat))
    }

    fn read(&self, offset: u64, len: u32) -> Result<Vec<u8>> {
        let mut bytes = vec![0; len.min(LONGEST_READ) as usize];
        let mut filled = 0;
        while let Some(room) = bytes.get_mut(filled..).filter(|room| !room.is_empty()) {
            match self.file.read_at(room, offset.saturating_add(filled as u64)) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(error::of(&e)),
            }
        }
        bytes.truncate(filled);
        Ok(bytes)
    }
}
