//! From an array of names to a handle. The host refuses names that are more than one component; this module never joins
//! any.

use crate::store::Store;
use hospes_sdk::{Error, Result};

/// Deepest path, in names: bounds what one request can make the host open.
const DEEPEST: usize = 256;

/// The directory that all of `path` names.
///
/// # Errors
/// `invalid` for an empty or too deep path, else the host's.
pub fn directory<S: Store>(store: &S, path: &[String]) -> Result<S::Directory> {
    let Some((root, names)) = path.split_first() else {
        return Err(Error::Invalid("a path starts with the name of a shared folder".into()));
    };
    if names.len() > DEEPEST {
        return Err(Error::Invalid(format!("a path of more than {DEEPEST} names")));
    }
    names.iter().try_fold(store.open_root(root)?, |directory, name| store.open_directory(&directory, name))
}

/// The directory that holds the last name of `path`, and that name.
///
/// # Errors
/// `invalid` when `path` names a shared folder itself, else as [`directory`].
pub fn parent<'a, S: Store>(store: &S, path: &'a [String]) -> Result<(S::Directory, &'a str)> {
    match path.split_last() {
        Some((name, parents)) if !parents.is_empty() => Ok((directory(store, parents)?, name)),
        _ => Err(Error::Invalid("this needs a name inside a shared folder".into())),
    }
}

/// Makes the directory, with those above it if need be.
///
/// # Errors
/// As [`parent`]; `already-exists` only without `parents`.
pub fn make_directory<S: Store>(store: &S, path: &[String], parents: bool) -> Result<()> {
    if !parents {
        let (parent, name) = parent(store, path)?;
        return store.create_directory(&parent, name);
    }
    let (Some((root, names)), true) = (path.split_first(), path.len() <= DEEPEST) else {
        return Err(Error::Invalid("this needs a name inside a shared folder".into()));
    };
    let mut at = store.open_root(root)?;
    for name in names {
        match store.create_directory(&at, name) {
            Ok(()) | Err(Error::AlreadyExists) => {}
            Err(error) => return Err(error),
        }
        at = store.open_directory(&at, name)?;
    }
    Ok(())
}
