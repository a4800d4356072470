//! The install journal: each thing is written down, and on the disk, before it is made; removal undoes from here.
//!
//! One JSON line for each step, appended and synced. A line that a crash cut short stands for a thing that was never
//! made, so it is skipped. Undoing goes backwards, may be interrupted anywhere and repeated: what is gone already counts
//! as undone. The journal is the last file to go, so a `kill -9` in the middle of a removal leaves enough to finish it.
//!
//! A plain list of paths was preferred to "delete the whole state directory": with `--state DIR` the directory may hold
//! what is not ours, and the autostart entry and partial uploads lie elsewhere.

use crate::disk;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Something that the host makes on the customer's computer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "thing", rename_all = "kebab-case")]
pub enum Thing {
    /// A directory; removed when nothing foreign lies in it.
    Directory {
        /// Where.
        #[serde(with = "path_text")]
        path: PathBuf,
    },
    /// A file (and the unfinished one beside it).
    File {
        /// Where.
        #[serde(with = "path_text")]
        path: PathBuf,
    },
    /// A directory with everything in it, all of it the host's own.
    Tree {
        /// Where.
        #[serde(with = "path_text")]
        path: PathBuf,
    },
    /// A file of an upload that is not finished, inside a folder that the customer shared.
    Partial {
        /// Where.
        #[serde(with = "path_text")]
        path: PathBuf,
    },
    /// The downloaded executable whose name carries a token: not made by the host, but its to remove.
    Download {
        /// Where.
        #[serde(with = "path_text")]
        path: PathBuf,
    },
}

impl Thing {
    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Directory { path }
            | Self::File { path }
            | Self::Tree { path }
            | Self::Partial { path }
            | Self::Download { path } => path,
        }
    }

    /// Undoes it: a line for the receipt, or none when there was nothing to do.
    fn undo(&self) -> io::Result<Option<String>> {
        let path = self.path();
        let undone = match self {
            Self::Directory { .. } => match fs::remove_dir(path) {
                Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {
                    return Ok(Some(format!("kept {}: it holds other files", path.display())));
                }
                other => other,
            },
            Self::File { .. } => {
                gone(fs::remove_file(disk::unfinished(path)))?;
                fs::remove_file(path)
            }
            Self::Tree { .. } => fs::remove_dir_all(path),
            Self::Partial { .. } | Self::Download { .. } => fs::remove_file(path),
        };
        Ok(gone(undone)?.then(|| format!("removed {}", path.display())))
    }
}

/// True when something was removed, false when it was gone already.
fn gone(result: io::Result<()>) -> io::Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(false),
        Err(error) => Err(error),
    }
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
enum Step {
    /// About to be made.
    Make(Thing),
    /// Came to its regular end (an upload was finished): nothing is left to undo.
    Settle(Thing),
}

/// How the receipt's line of what is still there begins.
const LEFT: &str = "could not remove";

/// The lines of a receipt that say what is still there.
pub(crate) fn left(lines: &[String]) -> impl Iterator<Item = &str> {
    lines.iter().map(String::as_str).filter(|line| line.starts_with(LEFT))
}

/// How each line of a journal begins.
const STEP: &str = "{\"step\":\"";

/// The journal, open for more.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    noted: Mutex<Vec<Thing>>,
}

impl Journal {
    /// Opens the journal at `path`, which need not exist yet.
    ///
    /// # Errors
    /// When it is there and cannot be read, or is somebody else's file of that name (which undoing would remove).
    pub fn open(path: &Path) -> io::Result<Self> {
        let text = String::from_utf8(disk::read_own(path)?.unwrap_or_default())
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display())))?;
        let mut noted = Vec::new();
        let (mut own, mut foreign) = (false, false);
        for line in text.lines().map(|line| line.trim_matches('\0')).filter(|line| !line.is_empty()) {
            match serde_json::from_str(line) {
                Ok(Step::Make(thing)) => noted.push(thing),
                Ok(Step::Settle(thing)) => noted.retain(|other| *other != thing),
                Err(error) => {
                    foreign |= !line.starts_with(STEP) && !STEP.starts_with(line);
                    tracing::debug!(%error, "journal line cut short by a crash");
                    continue;
                }
            }
            own = true;
        }
        if foreign && !own {
            let why = format!("{} is no journal of a host; name another directory with --state", path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        Ok(Self { path: path.to_owned(), noted: Mutex::new(noted) })
    }

    /// Writes down that `thing` is about to be made; returns once that is on the disk.
    ///
    /// # Errors
    /// When it cannot be written: do not make the thing then.
    pub fn note(&self, thing: Thing) -> io::Result<()> {
        let mut noted = lock(&self.noted);
        if !noted.contains(&thing) {
            self.append(&Step::Make(thing.clone()))?;
            noted.push(thing);
        }
        Ok(())
    }

    /// Writes down that nothing of `thing` is left to undo.
    ///
    /// # Errors
    /// When it cannot be written; undoing it later does no harm.
    pub fn settle(&self, thing: &Thing) -> io::Result<()> {
        let mut noted = lock(&self.noted);
        if noted.contains(thing) {
            self.append(&Step::Settle(thing.clone()))?;
            noted.retain(|other| other != thing);
        }
        Ok(())
    }

    fn append(&self, step: &Step) -> io::Result<()> {
        let new = !self.path.exists();
        let nofollow = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
        let mut options = OpenOptions::new();
        let mut file = options.append(true).create(true).mode(0o600).custom_flags(nofollow).open(&self.path)?;
        // The leading line break ends a line that a crash may have cut short.
        let mut line = vec![b'\n'];
        serde_json::to_writer(&mut line, step)?;
        line.push(b'\n');
        file.write_all(&line)?;
        file.sync_data()?;
        if new { disk::sync_parent(&self.path) } else { Ok(()) }
    }

    /// What is noted and not settled, oldest first: what is shown to the customer at install.
    #[must_use]
    pub fn things(&self) -> Vec<Thing> {
        lock(&self.noted).clone()
    }

    /// Undoes everything, newest first; then the journal itself and the directories around it. One line for each thing
    /// that was undone or could not be. Safe to repeat.
    #[must_use]
    pub fn undo(&self) -> Vec<String> {
        let things = self.things();
        let above: BTreeSet<&Path> = self.path.ancestors().skip(1).collect();
        let (around, rest): (Vec<_>, Vec<_>) =
            things.iter().rev().partition(|t| matches!(t, Thing::Directory { path } if above.contains(path.as_path())));
        let mut lines: Vec<String> = rest.into_iter().filter_map(line_of).collect();
        if let Err(error) = gone(fs::remove_file(&self.path)) {
            lines.push(format!("{LEFT} {}: {error}", self.path.display()));
        }
        lines.extend(around.into_iter().filter_map(line_of));
        lines
    }
}

fn line_of(thing: &Thing) -> Option<String> {
    thing.undo().unwrap_or_else(|error| Some(format!("{LEFT} {}: {error}", thing.path().display())))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Paths as text where they are text, as bytes where they are not: a shared folder may have any name.
mod path_text {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
    use std::path::{Path, PathBuf};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Text {
        Utf8(String),
        Bytes(Vec<u8>),
    }

    pub(super) fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
        match path.to_str() {
            Some(text) => Text::Utf8(text.to_owned()),
            None => Text::Bytes(path.as_os_str().as_bytes().to_vec()),
        }
        .serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
        Ok(match Text::deserialize(deserializer)? {
            Text::Utf8(text) => PathBuf::from(text),
            Text::Bytes(bytes) => PathBuf::from(std::ffi::OsString::from_vec(bytes)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStrExt as _;

    fn file(path: &Path) -> Thing {
        Thing::File { path: path.to_owned() }
    }

    #[test]
    fn everything_noted_is_undone_and_undoing_twice_is_no_error() {
        let home = tempfile::tempdir().unwrap();
        let state = home.path().join("state");
        fs::create_dir(&state).unwrap();
        let journal = Journal::open(&state.join("journal")).unwrap();
        journal.note(Thing::Directory { path: state.clone() }).unwrap();
        let odd = home.path().join(std::ffi::OsStr::from_bytes(b"odd \xff\n name"));
        journal.note(Thing::Partial { path: odd.clone() }).unwrap();
        fs::write(&odd, "x").unwrap();
        let cache = state.join("cache");
        journal.note(Thing::Tree { path: cache.clone() }).unwrap();
        fs::create_dir_all(cache.join("deep/er")).unwrap();
        journal.note(file(&state.join("never made"))).unwrap();

        let again = Journal::open(&state.join("journal")).unwrap();
        assert_eq!(again.things(), journal.things());
        assert_eq!(again.undo().len(), 3, "odd file, cache, state");
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
        assert_eq!(journal.undo(), Vec::<String>::new());
    }

    #[test]
    fn a_cut_line_is_skipped_and_the_next_one_counts() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        let journal = Journal::open(&path).unwrap();
        journal.note(file(Path::new("/a"))).unwrap();
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"step\":\"ma").unwrap();
        Journal::open(&path).unwrap().note(file(Path::new("/b"))).unwrap();
        assert_eq!(Journal::open(&path).unwrap().things(), [file(Path::new("/a")), file(Path::new("/b"))]);
    }

    #[test]
    fn a_finished_upload_is_not_undone_and_a_foreign_file_keeps_its_directory() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::open(&dir.path().join("journal")).unwrap();
        let partial = Thing::Partial { path: dir.path().join("up") };
        fs::write(dir.path().join("up"), "now the customer's").unwrap();
        let shared = Thing::Directory { path: dir.path().join("d") };
        journal.note(partial.clone()).unwrap();
        journal.note(shared).unwrap();
        fs::create_dir(dir.path().join("d")).unwrap();
        fs::write(dir.path().join("d/theirs"), "").unwrap();
        journal.settle(&partial).unwrap();
        let lines = Journal::open(&dir.path().join("journal")).unwrap().undo();
        assert!(lines.len() == 1 && lines[0].starts_with("kept "), "{lines:?}");
        assert!(dir.path().join("up").exists() && dir.path().join("d/theirs").exists());
    }
}
