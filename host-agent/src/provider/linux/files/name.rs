//! What may be a name. The last line of defence: everything below takes a checked name or none.

use hospes_runtime::provider::{Error, Result};

/// Longest name that Linux file systems take, in bytes.
const LONGEST: usize = 255;
const PARTIAL_START: &str = ".hospes-";
const PARTIAL_END: &str = ".part";

/// One component and nothing else. Control characters are refused only when something new would get such a name
/// ([`fresh`]): what has one already must stay reachable, to be renamed or deleted.
pub(super) fn existing(name: &str) -> Result<&str> {
    let wrong = |why: &str| Err(Error::Invalid(format!("the name {name:?} {why}")));
    match name {
        "" => wrong("is empty"),
        "." | ".." => wrong("is not the name of an entry"),
        _ if name.contains('/') => wrong("contains a slash"),
        _ if name.contains('\0') => wrong("contains a NUL"),
        _ if name.len() > LONGEST => wrong("is longer than 255 bytes"),
        _ if is_partial(name) => wrong("is kept for uploads that are under way"),
        _ => Ok(name),
    }
}

/// A name for something new.
pub(super) fn fresh(name: &str) -> Result<&str> {
    if name.contains(char::is_control) {
        return Err(Error::Invalid(format!("the name {name:?} contains a control character")));
    }
    existing(name)
}

/// True for the name of an upload that is under way: not listed and not reachable by name.
pub(crate) fn is_partial(name: &str) -> bool {
    name.starts_with(PARTIAL_START) && name.ends_with(PARTIAL_END)
}

/// Where the content `key` for `name` is gathered. A hash, so that it is short whatever the two are.
pub(super) fn partial(name: &str, key: &str) -> Result<String> {
    if key.is_empty() || key.chars().count() > 128 {
        return Err(Error::Invalid("an upload's key has 1 to 128 characters".into()));
    }
    let mut hasher = blake3::Hasher::new();
    hasher.update(name.as_bytes()).update(&[0]).update(key.as_bytes());
    let hash = hasher.finalize().to_hex();
    Ok(format!("{PARTIAL_START}{}{PARTIAL_END}", hash.get(..32).unwrap_or(&hash)))
}
