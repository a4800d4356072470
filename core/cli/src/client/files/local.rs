//! Files of this computer: the partial file of a download, and what an upload is known by.

use crate::client::error::ClientError;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// What a partial file is part of; kept beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origin {
    /// `ID:ROOT/PATH`.
    pub(crate) source: String,
    /// Size of the whole.
    pub(crate) size: u64,
    /// When it was last changed, milliseconds since 1970.
    pub(crate) modified: Option<i64>,
}

/// The partial file of a download to one place.
pub(crate) struct Partial {
    target: PathBuf,
    file: PathBuf,
    origin: PathBuf,
}

impl Partial {
    /// Beside `target`, so that the last step is a rename.
    pub(crate) fn of(target: &Path) -> Result<Self, ClientError> {
        let name = target.file_name().ok_or_else(|| ClientError::local(target.display(), "it has no file name"))?;
        let beside = |suffix: &str| {
            let mut hidden = std::ffi::OsString::from(".");
            hidden.push(name);
            hidden.push(suffix);
            target.with_file_name(hidden)
        };
        Ok(Self { target: target.to_owned(), file: beside(".hospes-part"), origin: beside(".hospes-part.json") })
    }

    /// What is kept of `source`, if anything: its origin, and how many bytes.
    pub(crate) fn kept(&self, source: &str) -> Option<(Origin, u64)> {
        let origin: Origin = serde_json::from_slice(&std::fs::read(&self.origin).ok()?).ok()?;
        let length = std::fs::metadata(&self.file).ok().filter(std::fs::Metadata::is_file)?.len();
        (origin.source == source && length > 0 && length <= origin.size).then_some((origin, length))
    }

    /// Opens the partial file: to go on, or from the beginning for `origin`.
    pub(crate) fn open(&self, go_on: bool, origin: &Origin) -> Result<File, ClientError> {
        let failed = |e: std::io::Error| ClientError::local(self.file.display(), e);
        if !go_on {
            // First the origin that does not fit, then the content: a kill in between must not mix two files.
            let _ = std::fs::remove_file(&self.origin);
        }
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(!go_on).open(&self.file).map_err(failed)?;
        if !go_on {
            let text = serde_json::to_vec(origin).map_err(|e| failed(e.into()))?;
            std::fs::write(&self.origin, text).map_err(failed)?;
        }
        Ok(file)
    }

    /// Complete and checked: takes the target's place, so that a loss of power leaves the old content or the whole new one.
    /// The new name itself survives one once [`Self::folder`] was synced too.
    pub(crate) fn complete(&self, file: File, modified: Option<i64>) -> Result<(), ClientError> {
        let time = modified.and_then(|ms| u64::try_from(ms).ok()).map(Duration::from_millis);
        if let Some(time) = time.and_then(|time| SystemTime::UNIX_EPOCH.checked_add(time)) {
            // A file system without times loses only that.
            let _ = file.set_modified(time);
        }
        file.sync_all().map_err(|e| ClientError::local(self.file.display(), e))?;
        drop(file);
        std::fs::rename(&self.file, &self.target).map_err(|e| ClientError::local(self.target.display(), e))?;
        let _ = std::fs::remove_file(&self.origin);
        Ok(())
    }

    /// Where it takes its place.
    pub(crate) fn folder(&self) -> PathBuf {
        let folder = self.target.parent().filter(|folder| !folder.as_os_str().is_empty());
        folder.unwrap_or(Path::new(".")).to_owned()
    }

    /// Of no use any more.
    pub(crate) fn remove(&self) {
        let _ = std::fs::remove_file(&self.origin);
        let _ = std::fs::remove_file(&self.file);
    }
}

/// Milliseconds since 1970 of a file's last change.
pub(crate) fn modified(metadata: &std::fs::Metadata) -> Option<i64> {
    let time = metadata.modified().ok()?;
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).ok(),
        Err(before) => i64::try_from(before.duration().as_millis()).ok().map(|ms| -ms),
    }
}

/// Names a content for resuming an upload: another size or time is another content.
pub(crate) fn key(path: &Path, metadata: &std::fs::Metadata) -> String {
    let whole = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let nanos = metadata.modified().ok().and_then(|t| t.duration_since(SystemTime::UNIX_EPOCH).ok());
    let text = format!("{}\n{}\n{:?}", whole.display(), metadata.len(), nanos);
    blake3::hash(text.as_bytes()).to_hex().to_string()
}
