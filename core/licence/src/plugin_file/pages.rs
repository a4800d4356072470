//! The page's files in one section: a count, then for each file, sorted by path, its path and its bytes, every length as
//! four bytes (little endian). There is one way to write the same files, and no room for anything else.

use crate::manifest::{Ui, path};
use std::collections::BTreeMap;

/// A page's files by path.
pub type Pages = BTreeMap<String, Vec<u8>>;

/// Most files of a page.
pub const MAX_PAGES: usize = 512;

/// Whether page and manifest belong together.
pub(super) fn fit(ui: Option<&Ui>, pages: &Pages) -> Result<(), String> {
    if pages.len() > MAX_PAGES {
        return Err(format!("{} files are more than the {MAX_PAGES} that are allowed", pages.len()));
    }
    pages.keys().try_for_each(|name| path("a file's name", name))?;
    match ui {
        None if pages.is_empty() => Ok(()),
        None => Err("there are files, but the manifest has no [ui] entry".to_owned()),
        Some(ui) if pages.contains_key(&ui.entry) => Ok(()),
        Some(ui) => Err(format!("ui.entry is {:?}, but there is no such file; is the page built?", ui.entry)),
    }
}

pub(super) fn encode(pages: &Pages) -> Vec<u8> {
    let mut out = Vec::new();
    // Longer ones than u32 can say make a file that `pack` refuses.
    let length = |out: &mut Vec<u8>, length: usize| out.extend(u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
    length(&mut out, pages.len());
    for (name, bytes) in pages {
        length(&mut out, name.len());
        out.extend(name.as_bytes());
        length(&mut out, bytes.len());
        out.extend(bytes);
    }
    out
}

pub(super) fn decode(mut data: &[u8]) -> Result<Pages, String> {
    let cut = || "the section is cut".to_owned();
    let length = |data: &mut &[u8]| -> Option<usize> {
        let (head, rest) = data.split_first_chunk::<4>()?;
        *data = rest;
        usize::try_from(u32::from_le_bytes(*head)).ok()
    };
    let piece = |data: &mut &[u8]| -> Option<Vec<u8>> {
        let wanted = length(data)?;
        let (head, rest) = data.split_at_checked(wanted)?;
        *data = rest;
        Some(head.to_vec())
    };
    let (head, rest) = data.split_first_chunk::<4>().ok_or_else(cut)?;
    data = rest;
    let mut pages = Pages::new();
    for _ in 0..u32::from_le_bytes(*head) {
        let name = piece(&mut data).ok_or_else(cut)?;
        let name = String::from_utf8(name).map_err(|_| "a file's name is not UTF-8 text".to_owned())?;
        if pages.last_key_value().is_some_and(|(last, _)| *last >= name) {
            return Err(format!("the file {name:?} stands twice or out of order"));
        }
        let bytes = piece(&mut data).ok_or_else(cut)?;
        pages.insert(name, bytes);
        if pages.len() > MAX_PAGES {
            return Err(format!("there are more than the {MAX_PAGES} files that are allowed"));
        }
    }
    if data.is_empty() { Ok(pages) } else { Err("something stands behind the last file".to_owned()) }
}
