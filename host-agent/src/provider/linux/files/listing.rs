//! A directory's entries, sorted, page by page.

use super::{error, is_partial};
use cap_std::fs::Dir;
use data_encoding::HEXLOWER;
use hospes_runtime::provider::files::{Entry, Kind};
use hospes_runtime::provider::{Error, Result};
use rustix::fs::{AtFlags, FileType, Stat};
use std::collections::BinaryHeap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// Entries of a page.
const PAGE: usize = 1000;

/// Facts about one open or named thing.
pub(super) fn entry(name: &OsStr, stat: &Stat) -> Entry {
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Directory,
        FileType::Symlink => Kind::Link,
        _ => Kind::Other,
    };
    let text = name.to_str();
    let size = if kind == Kind::File { u64::try_from(stat.st_size).unwrap_or(0) } else { 0 };
    let modified = stat.st_mtime.checked_mul(1000).and_then(|ms| u64::try_from(ms).ok());
    Entry {
        name: text.map_or_else(|| name.to_string_lossy().into_owned(), ToOwned::to_owned),
        kind,
        size,
        modified: modified.map(|ms| ms + stat.st_mtime_nsec / 1_000_000),
        addressable: text.is_some(),
    }
}

/// The page after `from`. Names are compared as bytes. Only the page's own entries are asked for their facts, and no more
/// than a page's names are held, so that a directory of a million entries costs little memory.
pub(super) fn page(dir: &Dir, from: Option<&str>) -> Result<(Vec<Entry>, Option<String>)> {
    let from = from.map(|token| HEXLOWER.decode(token.as_bytes()).map(OsString::from_vec)).transpose();
    let from = from.map_err(|_| Error::Invalid("`from` must be the `next` of a page".into()))?;
    let mut names = BinaryHeap::with_capacity(PAGE + 2);
    for found in dir.entries().map_err(|e| error::of(&e))? {
        let name = found.map_err(|e| error::of(&e))?.file_name();
        if name.to_str().is_some_and(is_partial) || from.as_ref().is_some_and(|from| name <= *from) {
            continue;
        }
        names.push(name);
        if names.len() > PAGE + 1 {
            names.pop();
        }
    }
    let mut names = names.into_sorted_vec();
    let more = names.len() > PAGE;
    names.truncate(PAGE);
    let next = names.last().filter(|_| more).map(|name| HEXLOWER.encode(name.as_bytes()));
    // What vanished between reading the directory and asking for its facts is not an error.
    let facts = |name: &OsString| {
        rustix::fs::statat(dir, name.as_os_str(), AtFlags::SYMLINK_NOFOLLOW).ok().map(|stat| entry(name, &stat))
    };
    Ok((names.iter().filter_map(facts).collect(), next))
}
