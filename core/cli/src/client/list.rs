//! `hospes ls`.

use super::api::Api;
use super::error::ClientError;
use super::files::{Entry, Files, Kind, Link};
use super::network::NetworkArgs;
use super::password::SessionPassword;
use super::place::{self, RemotePlace};
use super::text::{columns, print, shown};
use serde_json::{Value, json};
use std::path::Path;

/// Arguments of `hospes ls`.
#[derive(Debug, clap::Args)]
pub(crate) struct LsArgs {
    /// ID:ROOT/PATH; ID: alone lists the shared folders
    #[arg(value_name = "ID:ROOT/PATH")]
    place: String,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: LsArgs, network: &NetworkArgs, data: Option<&Path>) -> Result<(), ClientError> {
    let place = place::parse_remote(&args.place)?;
    let api = Api::logged_in(data, network)?;
    let tell = Box::new(|line: &str| eprintln!("hospes: {line}"));
    let link = Link::new(api, place.session, SessionPassword::default(), tell);
    let entries = link.again(async |files| entries(&files, &place).await).await?;
    link.close().await;
    if args.json {
        let entries: Vec<Value> = entries.iter().map(as_json).collect();
        print(&json!({ "path": place.path(), "entries": entries }).to_string())
    } else {
        print(&columns(&entries.iter().map(row).collect::<Vec<_>>()))
    }
}

/// What is to be listed: the roots, a folder's entries, or the one file.
async fn entries(files: &Files, place: &RemotePlace) -> Result<Vec<Entry>, ClientError> {
    if place.names.is_empty() {
        return roots(files);
    }
    let mut found = Vec::new();
    let mut from: Option<String> = None;
    loop {
        match files.page(&place.names, from.as_deref()).await {
            Ok(page) => {
                found.extend(page.entries);
                if page.next.is_none() || page.next == from {
                    return Ok(found);
                }
                from = page.next;
            }
            Err(ClientError::File { error, .. }) if error.code == "not-directory" && !place.folder => {
                return Ok(vec![files.stat(&place.names).await?]);
            }
            Err(error) => return Err(error),
        }
    }
}

/// The shared folders, or why there are none.
pub(super) fn roots(files: &Files) -> Result<Vec<Entry>, ClientError> {
    let hello = files.hello();
    if let Some(error) = &hello.error {
        return Err(ClientError::File { path: "the shared folders".to_owned(), error: error.clone() });
    }
    let entry =
        |name: &str| Entry { name: name.to_owned(), kind: Kind::Directory, size: 0, modified: None, addressable: true };
    Ok(hello.roots.iter().map(|root| entry(&root.name)).collect())
}

fn kind(entry: &Entry) -> (&'static str, &'static str) {
    match entry.kind {
        Kind::File => ("file", "-"),
        Kind::Directory => ("directory", "d"),
        Kind::Link => ("link", "l"),
        Kind::Other => ("other", "?"),
    }
}

fn as_json(entry: &Entry) -> Value {
    json!({
        "name": entry.name, "kind": kind(entry).0, "size": entry.size, "modified": entry.modified,
        "addressable": entry.addressable,
    })
}

fn row(entry: &Entry) -> Vec<String> {
    let modified = entry.modified.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    let modified = modified.map_or_else(|| "-".to_owned(), |at| at.strftime("%Y-%m-%d %H:%M:%SZ").to_string());
    let (size, slash) = match entry.kind {
        Kind::Directory => ("-".to_owned(), "/"),
        _ => (entry.size.to_string(), ""),
    };
    let unreachable = if entry.addressable { "" } else { "  (its name is not text: it cannot be asked for)" };
    vec![kind(entry).1.to_owned(), size, modified, format!("{}{slash}{unreachable}", shown(&entry.name))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_shows_kind_size_time_and_a_harmless_name() {
        let entry =
            |name: &str, kind, size, modified| Entry { name: name.into(), kind, size, modified, addressable: true };
        let rows = [
            entry("Documents", Kind::Directory, 0, None),
            entry("a\u{1b}]0;x\u{7}.txt", Kind::File, 1234, Some(1_700_000_000_000)),
        ];
        let text = columns(&rows.iter().map(row).collect::<Vec<_>>());
        assert_eq!(
            text,
            "d  -     -                     Documents/\n-  1234  2023-11-14 22:13:20Z  a\\u{1b}]0;x\\u{7}.txt\n"
        );
    }
}
