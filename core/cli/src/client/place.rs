//! What `SRC` and `DST` of `hospes cp` mean: a place on this computer, or `ID:ROOT/PATH` on a customer's.

use super::error::ClientError;
use hospes_session::id::SessionId;
use std::path::PathBuf;

/// A place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// On this computer.
    Local(PathBuf),
    /// On a customer's.
    Remote(RemotePlace),
}

/// A place on a customer's computer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RemotePlace {
    /// Whose.
    pub(super) session: SessionId,
    /// Names from the shared root on; empty for the list of roots.
    pub(super) names: Vec<String>,
    /// Written with a slash at the end: it must be a folder.
    pub(super) folder: bool,
}

impl RemotePlace {
    /// As it is written.
    pub(super) fn path(&self) -> String {
        self.names.join("/")
    }
}

/// Reads one. What has a `:` is remote when a session's id stands before it, and local when a drive letter or a path
/// does; anything else is a mistake rather than a guess.
pub(super) fn parse(text: &str) -> Result<Place, ClientError> {
    let Some((before, after)) = text.split_once(':') else { return local(text) };
    if before.contains(['/', '\\']) || (before.len() == 1 && before.chars().all(|c| c.is_ascii_alphabetic())) {
        return local(text);
    }
    let Ok(session) = before.parse::<SessionId>() else {
        return Err(ClientError::Usage(format!(
            "{before:?} before the ':' is not a session's id (hospes session list shows them); \
             a file of this computer with such a name is written ./{text}"
        )));
    };
    remote(session, after).map(Place::Remote)
}

/// Reads one that must be on a customer's computer.
pub(super) fn parse_remote(text: &str) -> Result<RemotePlace, ClientError> {
    match parse(text)? {
        Place::Remote(place) => Ok(place),
        Place::Local(_) => Err(ClientError::Usage(format!("{text:?} is not of the form ID:ROOT/PATH"))),
    }
}

fn local(text: &str) -> Result<Place, ClientError> {
    if text.is_empty() {
        return Err(ClientError::Usage("an empty path names nothing; . is the current folder".to_owned()));
    }
    Ok(Place::Local(PathBuf::from(text)))
}

fn remote(session: SessionId, path: &str) -> Result<RemotePlace, ClientError> {
    let names: Vec<String> = path.split('/').filter(|name| !matches!(*name, "" | ".")).map(str::to_owned).collect();
    if let Some(bad) = names.iter().find(|name| *name == ".." || name.contains('\0')) {
        return Err(ClientError::Usage(format!("{bad:?} cannot stand in a path on a customer's computer")));
    }
    let folder = path.ends_with('/') || path.ends_with("/.") || names.is_empty();
    Ok(RemotePlace { session, names, folder })
}

/// True when a name that the customer's computer gave may become a file of this computer in the folder it is meant for.
pub(super) fn is_safe_name(name: &str) -> bool {
    let anywhere = !matches!(name, "" | "." | "..") && !name.contains(['/', '\0']);
    // Windows reads more into a name: drives, streams, devices and other separators.
    let windows = || {
        let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
        let numbered = |prefix: &str| stem.strip_prefix(prefix).is_some_and(|n| n.len() == 1 && n != "0");
        let device = matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL") || numbered("COM") || numbered("LPT");
        !device && !name.contains(['\\', ':', '<', '>', '"', '|', '?', '*']) && !name.ends_with(['.', ' '])
    };
    anywhere && (!cfg!(windows) || windows())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0199c5a0-0000-7000-8000-000000000001";

    #[test]
    fn places_are_remote_only_behind_a_session_id() {
        let local = |path: &str| Some(Place::Local(PathBuf::from(path)));
        let remote = |names: &[&str], folder| {
            Some(Place::Remote(RemotePlace {
                session: ID.parse().unwrap(),
                names: names.iter().map(|n| (*n).to_owned()).collect(),
                folder,
            }))
        };
        let id = |rest: &str| format!("{ID}:{rest}");
        let check = |text: &str, expect: Option<Place>| assert_eq!(parse(text).ok(), expect, "{text:?}");
        check("notes.txt", local("notes.txt"));
        check("/tmp/x", local("/tmp/x"));
        check(".", local("."));
        check("C:\\Users\\x", local("C:\\Users\\x"));
        check("c:/Users/x", local("c:/Users/x"));
        check("./a:b", local("./a:b"));
        check("/tmp/a:b", local("/tmp/a:b"));
        check("dir\\a:b", local("dir\\a:b"));
        check("", None);
        check("foo:bar", None);
        check(":bar", None);
        check(&id("Home/a/b.txt"), remote(&["Home", "a", "b.txt"], false));
        check(&id("Home/a/"), remote(&["Home", "a"], true));
        check(&id("/Home//a/./b"), remote(&["Home", "a", "b"], false));
        check(&id("Home/with:colon"), remote(&["Home", "with:colon"], false));
        check(&id("Home/back\\slash"), remote(&["Home", "back\\slash"], false));
        check(&id(""), remote(&[], true));
        check(&id("/"), remote(&[], true));
        check(&id("Home/../etc"), None);
        check(&id("Home/a\0b"), None);
    }

    #[test]
    fn names_from_the_customers_computer_cannot_leave_their_folder() {
        for name in ["", ".", "..", "/etc", "a/b", "../x", "a\0b"] {
            assert!(!is_safe_name(name), "{name:?}");
        }
        for name in ["a", "..a", "a..", "été", " ", "-rf"] {
            assert!(is_safe_name(name) || cfg!(windows), "{name:?}");
        }
    }
}
