//! Deleting a directory with everything in it, in steps, so that it can be watched and cancelled.

use crate::path;
use crate::store::Store;
use hospes_sdk::files::{Entry, Kind};
use hospes_sdk::{Error, Result};

/// Entries that are deleted in one step.
const STEP: usize = 100;
/// Deepest tree: each level holds a handle of the host.
const DEEPEST: usize = 256;

/// One removal.
pub struct Removal<S: Store> {
    id: u64,
    /// Holds what is to be deleted.
    top: S::Directory,
    name: String,
    /// From the outermost directory to the one that is being emptied.
    levels: Vec<Level<S>>,
    removed: u64,
}

struct Level<S: Store> {
    directory: S::Directory,
    name: String,
    /// Of the page that was read last, in reverse.
    entries: Vec<Entry>,
}

/// What a step led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// More is left.
    Going,
    /// All gone.
    Done,
}

impl<S: Store> Removal<S> {
    /// Looks at what is to be deleted; deletes nothing yet.
    ///
    /// # Errors
    /// The host's.
    pub fn start(store: &S, id: u64, names: &[String]) -> Result<Self> {
        let (top, name) = path::parent(store, names)?;
        let is_directory = store.stat(&top, name)?.kind == Kind::Directory;
        let mut removal = Self { id, top, name: name.to_owned(), levels: Vec::new(), removed: 0 };
        if is_directory {
            removal.descend(store, name.to_owned())?;
        }
        Ok(removal)
    }

    /// The request's id.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// How many entries are gone.
    #[must_use]
    pub fn removed(&self) -> u64 {
        self.removed
    }

    /// Deletes up to a hundred entries.
    ///
    /// # Errors
    /// The host's; what was deleted is gone.
    pub fn step(&mut self, store: &S) -> Result<Step> {
        for _ in 0..STEP {
            let Some(level) = self.levels.last_mut() else {
                store.remove(&self.top, &self.name)?;
                self.removed += 1;
                return Ok(Step::Done);
            };
            if level.entries.is_empty() {
                level.entries = store.entries(&level.directory, None)?.entries;
                level.entries.reverse();
            }
            match level.entries.pop() {
                Some(entry) if !entry.addressable => {
                    let message = format!("{:?} is not a Unicode name and cannot be deleted from here", entry.name);
                    return Err(Error::failure("not-empty", message));
                }
                Some(entry) if entry.kind == Kind::Directory => self.descend(store, entry.name)?,
                Some(entry) => {
                    match store.remove(&level.directory, &entry.name) {
                        // Somebody else was faster.
                        Ok(()) | Err(Error::NotFound) => {}
                        Err(error) => return Err(error),
                    }
                    self.removed += 1;
                }
                None => self.ascend(store)?,
            }
        }
        Ok(Step::Going)
    }

    fn descend(&mut self, store: &S, name: String) -> Result<()> {
        if self.levels.len() >= DEEPEST {
            return Err(Error::Invalid(format!("a tree of more than {DEEPEST} levels")));
        }
        let parent = self.levels.last().map_or(&self.top, |level| &level.directory);
        let directory = store.open_directory(parent, &name)?;
        self.levels.push(Level { directory, name, entries: Vec::new() });
        Ok(())
    }

    /// The innermost directory is empty: it goes, unless it is the outermost, which the last step deletes.
    fn ascend(&mut self, store: &S) -> Result<()> {
        let Some(level) = self.levels.pop() else { return Ok(()) };
        if let Some(parent) = self.levels.last() {
            store.remove(&parent.directory, &level.name)?;
            self.removed += 1;
        }
        Ok(())
    }
}
