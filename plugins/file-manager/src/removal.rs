//! Deleting a directory with everything in it, in steps, so that it can be watched and cancelled.
//!
//! However deep the tree, at most [`KEPT`] of its directories are held open, each with a page of names: what is further
//! up is let go and opened again on the way back, so that neither the channel's handles nor its memory run out. Holding
//! all levels would be simpler, but a few deep trees would use up what the host grants and end the channel.

use crate::message::{Failure, Refused};
use crate::path;
use crate::store::Store;
use hospes_sdk::files::{Kind, Page};
use hospes_sdk::{Error, Result};

/// Most removals at the same time.
pub const REMOVALS: usize = 4;
/// Host calls of one step: what a listing waits for at most.
const STEP: usize = 16;
/// Most directories of one tree that are held open.
const KEPT: usize = 16;
/// Deepest tree: each level costs memory.
const DEEPEST: usize = 4096;

/// One removal.
pub struct Removal<S: Store> {
    id: u64,
    /// What was asked for, for messages.
    path: String,
    /// Holds what is to be deleted.
    top: S::Directory,
    name: String,
    /// From the outermost directory to the one that is being emptied.
    levels: Vec<Level<S>>,
    /// An empty directory in the last level: it goes next.
    emptied: Option<String>,
    /// While the last level is opened again: how many levels were, and the last of them unless its level holds it.
    way: Option<(usize, Option<S::Directory>)>,
    removed: u64,
}

struct Level<S: Store> {
    name: String,
    kept: Option<Kept<S>>,
}

struct Kept<S: Store> {
    directory: S::Directory,
    /// Still to be deleted, in reverse.
    names: Vec<(String, Kind)>,
    next: Next,
}

/// Which page of a directory comes next.
enum Next {
    First,
    From(String),
    None,
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
        let levels = if is_directory { vec![Level { name: name.to_owned(), kept: None }] } else { Vec::new() };
        let (name, path) = (name.to_owned(), names.join("/"));
        Ok(Self { id, path, top, name, levels, emptied: None, way: None, removed: 0 })
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

    /// Does a little; what somebody else deletes meanwhile is no error.
    ///
    /// # Errors
    /// The host's, with the place in the message; what was deleted is gone.
    pub fn step(&mut self, store: &S) -> Result<Step, Refused> {
        for _ in 0..STEP {
            if self.once(store)? == Step::Done {
                return Ok(Step::Done);
            }
        }
        Ok(Step::Going)
    }

    /// One host call.
    fn once(&mut self, store: &S) -> Result<Step, Refused> {
        let depth = self.levels.len();
        let Some(level) = self.levels.last_mut() else {
            let removed = store.remove(&self.top, &self.name);
            self.count(removed, 0, None)?;
            return Ok(Step::Done);
        };
        let Some(kept) = &mut level.kept else {
            self.open_again(store)?;
            return Ok(Step::Going);
        };
        if let Some(name) = self.emptied.take() {
            let removed = store.remove(&kept.directory, &name);
            self.count(removed, depth, Some(&name))?;
            return Ok(Step::Going);
        }
        match kept.names.pop() {
            Some((name, Kind::Directory)) => match store.open_directory(&kept.directory, &name) {
                Ok(directory) => self.descend(name, directory)?,
                Err(Error::NotFound) => {}
                Err(error) => return Err(self.failed(depth, Some(&name), error)),
            },
            Some((name, _)) => {
                let removed = store.remove(&kept.directory, &name);
                self.count(removed, depth, Some(&name))?;
            }
            None => match kept.read(store) {
                Ok(true) => {}
                Ok(false) => self.ascend(),
                Err(error) => return Err(self.failed(depth, None, error)),
            },
        }
        Ok(Step::Going)
    }

    fn count(&mut self, removed: Result<()>, depth: usize, name: Option<&str>) -> Result<(), Refused> {
        match removed {
            Ok(()) => self.removed += 1,
            // Somebody else was faster.
            Err(Error::NotFound) => {}
            Err(error) => return Err(self.failed(depth, name, error)),
        }
        Ok(())
    }

    fn descend(&mut self, name: String, directory: S::Directory) -> Result<(), Refused> {
        let depth = self.levels.len();
        if depth >= DEEPEST {
            let error = Error::Invalid(format!("a tree of more than {DEEPEST} levels"));
            return Err(self.failed(depth, Some(&name), error));
        }
        self.levels.push(Level { name, kept: Some(Kept::new(directory)) });
        let far = self.levels.len().checked_sub(KEPT + 1).and_then(|far| self.levels.get_mut(far));
        if let Some(level) = far {
            level.kept = None;
        }
        Ok(())
    }

    /// The last level is empty: it goes too, the outermost one in the last step.
    fn ascend(&mut self) {
        let level = self.levels.pop();
        self.emptied = level.map(|level| level.name).filter(|_| !self.levels.is_empty());
    }

    /// One step on the way back to the last level, which was let go. Those around it that may be held are held again, and
    /// list anew: what was deleted is not in it.
    fn open_again(&mut self, store: &S) -> Result<(), Refused> {
        let (at, far) = self.way.take().unwrap_or((0, None));
        let above = at.checked_sub(1).and_then(|above| self.levels.get(above)?.kept.as_ref());
        let parent = far.as_ref().or(above.map(|kept| &kept.directory)).unwrap_or(&self.top);
        let depth = self.levels.len();
        let Some(level) = self.levels.get(at) else { return Ok(()) };
        match store.open_directory(parent, &level.name) {
            Ok(directory) if at + KEPT < depth => self.way = Some((at + 1, Some(directory))),
            Ok(directory) => {
                if let Some(level) = self.levels.get_mut(at) {
                    level.kept = Some(Kept::new(directory));
                }
                self.way = (at + 1 < depth).then_some((at + 1, None));
            }
            // Gone with all that was in it.
            Err(Error::NotFound) => {
                self.levels.truncate(at);
                self.emptied = None;
            }
            Err(error) => return Err(self.failed(at + 1, None, error)),
        }
        Ok(())
    }

    /// Names the place: that of the first `depth` levels, or `name` in it.
    fn failed(&self, depth: usize, name: Option<&str>, error: Error) -> Refused {
        let mut place = self.path.clone();
        let levels = self.levels.iter().take(depth).skip(1).map(|level| level.name.as_str());
        for name in levels.chain(name) {
            place.push('/');
            place.push_str(name);
        }
        match error {
            Error::Cancelled => Refused::Cancelled,
            error => Refused::Failure(Failure::from(error).at(&place)),
        }
    }
}

impl<S: Store> Kept<S> {
    fn new(directory: S::Directory) -> Self {
        Self { directory, names: Vec::new(), next: Next::First }
    }

    /// Takes the next page; false when there is none.
    fn read(&mut self, store: &S) -> Result<bool> {
        let from = match &self.next {
            Next::First => None,
            Next::From(token) => Some(token.as_str()),
            Next::None => return Ok(false),
        };
        let Page { entries, next } = match store.entries(&self.directory, from) {
            Err(Error::NotFound) => return Ok(false),
            page => page?,
        };
        if let Some(entry) = entries.iter().find(|entry| !entry.addressable) {
            let message = format!("`{}` is not a Unicode name and cannot be deleted from here", entry.name);
            return Err(Error::failure("not-empty", message));
        }
        self.names = entries.into_iter().rev().map(|entry| (entry.name, entry.kind)).collect();
        self.next = next.map_or(Next::None, Next::From);
        Ok(true)
    }
}
