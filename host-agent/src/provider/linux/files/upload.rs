//! A file that is being written beside its place.

use super::directory::move_to;
use super::error;
use cap_std::fs::Dir;
use hospes_runtime::provider::files::Upload;
use hospes_runtime::provider::{Error, Result};
use rustix::fs::{AtFlags, FileType, FlockOperation, Mode, OFlags, Timespec, Timestamps};
use rustix::io::Errno;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// Bytes hashed at once when an upload is resumed.
const PIECE: usize = 1 << 20;

/// The partial file, locked for as long as this lives so that two channels cannot write the same one.
pub(super) struct PartialUpload {
    dir: Arc<Dir>,
    partial: String,
    name: String,
    file: File,
    offset: u64,
    hasher: blake3::Hasher,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Writing,
    Over,
}

impl PartialUpload {
    /// Opens or makes the partial file; `journal` is called before one is made.
    pub(super) fn begin(
        dir: Arc<Dir>,
        partial: &str,
        name: &str,
        journal: impl FnOnce() -> Result<()>,
    ) -> Result<Self> {
        let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let open = |flags, mode| rustix::fs::openat(&*dir, partial, flags, mode);
        let handle = match open(flags, Mode::empty()) {
            Err(Errno::NOENT) => {
                journal()?;
                // As any program would make it: the process's umask has its say.
                open(flags | OFlags::CREATE | OFlags::EXCL, Mode::from_raw_mode(0o666))
            }
            other => other,
        };
        let file = File::from(handle.map_err(error::sys)?);
        let stat = rustix::fs::fstat(&file).map_err(error::sys)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile || stat.st_nlink != 1 {
            return Err(Error::Other("io", format!("{partial} is not a partial upload of this host")));
        }
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => {
                return Err(Error::Other("busy", format!("{name:?} is being uploaded over another channel")));
            }
            other => other.map_err(error::sys)?,
        }
        let mut upload = Self {
            dir,
            partial: partial.to_owned(),
            name: name.to_owned(),
            file,
            offset: 0,
            hasher: blake3::Hasher::new(),
            state: State::Writing,
        };
        upload.hash_what_is_there()?;
        Ok(upload)
    }

    fn hash_what_is_there(&mut self) -> Result<()> {
        let mut piece = vec![0; PIECE];
        loop {
            let read = self.file.read_at(&mut piece, self.offset).map_err(|e| error::of(&e))?;
            if read == 0 {
                return Ok(());
            }
            self.hasher.update(piece.get(..read).unwrap_or_default());
            self.offset += read as u64;
        }
    }

    fn must_be_writing(&self) -> Result<()> {
        match self.state {
            State::Writing => Ok(()),
            State::Over => Err(Error::Invalid("this upload is over".into())),
        }
    }

    fn remove_partial(&mut self) {
        self.state = State::Over;
        // Whatever hinders this, the journal removes the file at the end of the session.
        let _ = rustix::fs::unlinkat(&*self.dir, self.partial.as_str(), AtFlags::empty());
    }

    /// The rights of the file that is replaced go over to the new one.
    fn keep_rights(&self) -> Result<()> {
        match rustix::fs::statat(&*self.dir, self.name.as_str(), AtFlags::SYMLINK_NOFOLLOW) {
            Ok(old) if FileType::from_raw_mode(old.st_mode) == FileType::RegularFile => {
                let rights = Mode::from_raw_mode(old.st_mode & 0o777);
                rustix::fs::fchmod(&self.file, rights).map_err(error::sys)
            }
            _ => Ok(()),
        }
    }
}

impl Upload for PartialUpload {
    fn offset(&self) -> u64 {
        self.offset
    }

    fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.must_be_writing()?;
        if offset != self.offset {
            return Err(Error::Invalid(format!("the next write starts at {}, not at {offset}", self.offset)));
        }
        self.file.write_all_at(bytes, offset).map_err(|e| error::of(&e))?;
        self.hasher.update(bytes);
        self.offset += bytes.len() as u64;
        Ok(())
    }

    fn commit(&mut self, blake3: [u8; 32], modified: Option<u64>, replace: bool) -> Result<()> {
        self.must_be_writing()?;
        let hash = self.hasher.finalize();
        if hash != blake3::Hash::from_bytes(blake3) {
            self.remove_partial();
            let expected = blake3::Hash::from_bytes(blake3);
            return Err(Error::Invalid(format!("the content's BLAKE3 hash is {hash}, not {expected}")));
        }
        // A write that failed half-way may have left bytes behind the ones that were counted.
        self.file.set_len(self.offset).map_err(|e| error::of(&e))?;
        if replace {
            self.keep_rights()?;
        }
        if let Some(modified) = modified {
            let time = Timespec {
                tv_sec: i64::try_from(modified / 1000).unwrap_or(i64::MAX),
                tv_nsec: (modified % 1000 * 1_000_000) as _,
            };
            let times = Timestamps { last_access: time, last_modification: time };
            rustix::fs::futimens(&self.file, &times).map_err(error::sys)?;
        }
        self.file.sync_all().map_err(|e| error::of(&e))?;
        move_to(&*self.dir, &self.partial, &*self.dir, &self.name, replace)?;
        self.state = State::Over;
        // The name is on disk once the directory is; some file systems refuse to sync one, and then it is soon enough.
        let _ =
            rustix::fs::openat(&*self.dir, ".", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
                .and_then(rustix::fs::fsync);
        Ok(())
    }

    fn discard(&mut self) {
        if self.state == State::Writing {
            self.remove_partial();
        }
    }
}
