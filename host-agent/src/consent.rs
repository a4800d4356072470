//! What the customer allows, per class: kept on the disk, changed on this computer only.

use crate::disk;
use crate::kept::ConsentMode;
use crate::place::Place;
use hospes_licence::interface::ConsentClass;
use hospes_wire::control::ConsentState;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// True for classes that only look: they are asked for first, and a view-only channel has no others.
pub(crate) const fn looks_only(class: ConsentClass) -> bool {
    match class {
        ConsentClass::SeeScreen | ConsentClass::ReadClipboard | ConsentClass::ReadFiles | ConsentClass::ReadSystem => {
            true
        }
        ConsentClass::Control
        | ConsentClass::WriteClipboard
        | ConsentClass::WriteFiles
        | ConsentClass::ControlSystem => false,
    }
}

/// The name of a class for commands, as in `revoke see-screen`.
pub(crate) fn name(class: ConsentClass) -> String {
    serde_json::to_value(class).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The class with that name.
pub(crate) fn by_name(text: &str) -> Option<ConsentClass> {
    ConsentClass::ALL.into_iter().find(|class| name(*class) == text)
}

/// What is kept on the disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Said {
    classes: BTreeMap<ConsentClass, ConsentState>,
    /// Classes whose yes was taken back: told apart from a first no.
    revoked: BTreeSet<ConsentClass>,
}

/// What the customer allows.
#[derive(Debug)]
pub(crate) struct ConsentBook {
    path: PathBuf,
    said: Mutex<Said>,
}

impl ConsentBook {
    /// What holds without any question: for classes that were not asked for, and for `allow` and `view-only`. Where
    /// nobody could answer, *ask each time* would only delay the no.
    pub(crate) fn unasked(mode: ConsentMode, headless: bool, class: ConsentClass) -> ConsentState {
        match mode {
            ConsentMode::Allow => ConsentState::Granted,
            ConsentMode::ViewOnly if looks_only(class) => ConsentState::Granted,
            ConsentMode::ViewOnly => ConsentState::Denied,
            ConsentMode::Ask if headless => ConsentState::Denied,
            ConsentMode::Ask => ConsentState::Ask,
        }
    }

    /// The book with what was said at activation.
    pub(crate) fn write_new(place: &Place, classes: BTreeMap<ConsentClass, ConsentState>) -> io::Result<()> {
        disk::write_json(&place.consent(), &Said { classes, revoked: BTreeSet::new() })
    }

    /// Reads the book; none when nothing was said yet.
    pub(crate) fn load(place: &Place) -> io::Result<Option<Self>> {
        let path = place.consent();
        let said = disk::read_json(&path)?;
        Ok(said.map(|said| Self { path, said: Mutex::new(said) }))
    }

    fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All classes.
    pub(crate) fn classes(&self) -> BTreeMap<ConsentClass, ConsentState> {
        self.said().classes.clone()
    }

    /// One class; what is not in the book is denied.
    pub(crate) fn state(&self, class: ConsentClass) -> ConsentState {
        self.said().classes.get(&class).copied().unwrap_or(ConsentState::Denied)
    }

    /// True when a yes was taken back.
    pub(crate) fn was_revoked(&self, class: ConsentClass) -> bool {
        self.said().revoked.contains(&class)
    }

    /// The customer changes a class. A no holds at once, also when the disk does not take it; a yes only once it is on
    /// the disk.
    pub(crate) fn set(&self, class: ConsentClass, state: ConsentState) -> io::Result<()> {
        let mut said = self.said();
        let mut next = said.clone();
        let before = next.classes.insert(class, state);
        if state == ConsentState::Denied {
            if before.is_some_and(|before| before != ConsentState::Denied) {
                next.revoked.insert(class);
            }
            *said = next.clone();
        } else {
            next.revoked.remove(&class);
        }
        let written = disk::write_json(&self.path, &next);
        if written.is_ok() {
            *said = next;
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ConsentClass::{Control, ReadFiles, SeeScreen};
    use ConsentState::{Ask, Denied, Granted};

    #[test]
    fn what_holds_without_a_question() {
        for (mode, headless, class, expect) in [
            (ConsentMode::Ask, false, SeeScreen, Ask),
            (ConsentMode::Ask, true, SeeScreen, Denied),
            (ConsentMode::Allow, true, Control, Granted),
            (ConsentMode::ViewOnly, true, SeeScreen, Granted),
            (ConsentMode::ViewOnly, false, Control, Denied),
        ] {
            assert_eq!(ConsentBook::unasked(mode, headless, class), expect, "{mode:?} {headless} {class:?}");
        }
    }

    #[test]
    fn a_yes_taken_back_is_known_as_such_after_a_restart_too() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::new(Some(dir.path())).unwrap();
        assert!(ConsentBook::load(&place).unwrap().is_none());
        ConsentBook::write_new(&place, [(SeeScreen, Granted), (Control, Denied)].into()).unwrap();
        let book = ConsentBook::load(&place).unwrap().unwrap();
        assert_eq!((book.state(SeeScreen), book.state(ReadFiles)), (Granted, Denied), "what is not there is a no");
        book.set(SeeScreen, Denied).unwrap();
        book.set(Control, Denied).unwrap();
        let book = ConsentBook::load(&place).unwrap().unwrap();
        assert!(book.was_revoked(SeeScreen) && !book.was_revoked(Control));
        book.set(SeeScreen, Granted).unwrap();
        assert!(!book.was_revoked(SeeScreen));
    }

    #[test]
    fn every_class_can_be_named_in_a_command() {
        for class in ConsentClass::ALL {
            assert_eq!(by_name(&name(class)), Some(class));
        }
        assert_eq!(by_name("everything"), None);
    }
}
