//! Messages of `PROTOCOL.md`.

use hospes_sdk::Error;
use hospes_sdk::files::{Entry, Kind, Root};
use serde::{Deserialize, Serialize};

/// First byte of a data message.
pub const KIND_DATA: u8 = 1;
/// Bytes before the data.
pub const HEADER: usize = 16;
/// Most bytes of data in a message.
pub const CHUNK: usize = 256 << 10;
/// Most transfers at the same time.
pub const TRANSFERS: usize = 32;

/// Longest English message, in bytes: it may quote what the client sent.
const LONGEST: usize = 1000;

/// What a request may hold, all operations together. One plain structure and [`Op::new`] instead of a tagged enum: that
/// one would need serde's buffering and three times the code in the component.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Fields {
    id: Option<u64>,
    op: Option<String>,
    path: Option<Vec<String>>,
    to: Option<Vec<String>>,
    from: Option<String>,
    key: Option<String>,
    blake3: Option<String>,
    parents: bool,
    recursive: bool,
    replace: bool,
    offset: u64,
    window: Option<u64>,
    size: Option<u64>,
    bytes: Option<u64>,
    target: Option<u64>,
    transfer: Option<u32>,
    modified: Option<i64>,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of PROTOCOL.md")]
pub enum Op {
    Roots,
    List { path: Vec<String>, from: Option<String> },
    Stat { path: Vec<String> },
    Mkdir { path: Vec<String>, parents: bool },
    Remove { path: Vec<String>, recursive: bool },
    Rename { path: Vec<String>, to: Vec<String>, replace: bool },
    Read { path: Vec<String>, offset: u64, window: Option<u64> },
    Write { path: Vec<String>, key: String, size: Option<u64> },
    Commit { transfer: u32, blake3: String, modified: Option<u64>, replace: bool },
    Discard { transfer: u32 },
    Cancel { target: Option<u64>, transfer: Option<u32> },
    Credit { transfer: u32, bytes: u64 },
}

impl Op {
    fn new(fields: Fields) -> Result<Self, Failure> {
        fn need<T>(field: Option<T>, name: &str) -> Result<T, Failure> {
            field.ok_or_else(|| Failure::new("invalid", format!("not a request: `{name}` is missing")))
        }
        let op = need(fields.op, "op")?;
        let path = || need(fields.path, "path");
        let transfer = || need(fields.transfer, "transfer");
        Ok(match &*op {
            "roots" => Self::Roots,
            "list" => Self::List { path: path()?, from: fields.from },
            "stat" => Self::Stat { path: path()? },
            "mkdir" => Self::Mkdir { path: path()?, parents: fields.parents },
            "remove" => Self::Remove { path: path()?, recursive: fields.recursive },
            "rename" => Self::Rename { path: path()?, to: need(fields.to, "to")?, replace: fields.replace },
            "read" => Self::Read { path: path()?, offset: fields.offset, window: fields.window },
            "write" => Self::Write { path: path()?, key: need(fields.key, "key")?, size: fields.size },
            "commit" => Self::Commit {
                transfer: transfer()?,
                blake3: need(fields.blake3, "blake3")?,
                // Before 1970 counts as 1970: the host's times start there.
                modified: fields.modified.map(|modified| u64::try_from(modified).unwrap_or(0)),
                replace: fields.replace,
            },
            "discard" => Self::Discard { transfer: transfer()? },
            "cancel" => Self::Cancel { target: fields.target, transfer: fields.transfer },
            "credit" => Self::Credit { transfer: transfer()?, bytes: need(fields.bytes, "bytes")? },
            _ => return Err(Failure::new("unknown-op", format!("there is no operation `{op}`"))),
        })
    }
}

/// Reads a request: its id, if there is one, and what to do or the failure to answer with.
pub fn parse(message: &[u8]) -> (Option<u64>, Result<Op, Failure>) {
    #[derive(Deserialize)]
    struct Id {
        id: Option<u64>,
    }
    match serde_json::from_slice::<Fields>(message) {
        Ok(fields) => (fields.id, Op::new(fields)),
        Err(error) => {
            let id = serde_json::from_slice(message).map_or(None, |Id { id }| id);
            (id, Err(Failure::new("invalid", format!("not a request: {error}"))))
        }
    }
}

/// A data message's transfer, offset and bytes; none when it is none.
#[must_use]
pub fn data(message: &[u8]) -> Option<(u32, u64, &[u8])> {
    let (head, bytes) = message.split_first_chunk::<HEADER>()?;
    let (kind, head) = head.split_first_chunk::<4>()?;
    let (transfer, offset) = head.split_first_chunk::<4>()?;
    let offset = u64::from_le_bytes(*offset.first_chunk::<8>()?);
    (kind.first() == Some(&KIND_DATA) && !bytes.is_empty() && bytes.len() <= CHUNK).then_some((
        u32::from_le_bytes(*transfer),
        offset,
        bytes,
    ))
}

/// A data message.
#[must_use]
pub fn data_message(transfer: u32, offset: u64, bytes: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(HEADER + bytes.len());
    message.extend_from_slice(&[KIND_DATA, 0, 0, 0]);
    message.extend_from_slice(&transfer.to_le_bytes());
    message.extend_from_slice(&offset.to_le_bytes());
    message.extend_from_slice(bytes);
    message
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// Stable, kebab-case.
    pub code: String,
    /// Who denied it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// English.
    pub message: String,
}

impl Failure {
    /// A failure of this plugin's own.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.into(), reason: None, message: clip(message.into()) }
    }

    /// The same, about that place.
    #[must_use]
    pub fn at(mut self, place: &str) -> Self {
        // The end of a long place says more than its start.
        let start = place.ceil_char_boundary(place.len().saturating_sub(LONGEST));
        let place = place.get(start..).unwrap_or_default();
        self.message = format!("{}{place}: {}", if start == 0 { "" } else { "…" }, self.message);
        self
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { code: error.code().into(), reason: error.denial().map(Into::into), message: clip(error.message()) }
    }
}

fn clip(mut message: String) -> String {
    if message.len() > LONGEST {
        message.truncate(message.floor_char_boundary(LONGEST));
        message.push('…');
    }
    message
}

/// Why a request was not done.
#[derive(Debug)]
pub enum Refused {
    /// The client is told.
    Failure(Failure),
    /// The channel is closing.
    Cancelled,
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        match error {
            Error::Cancelled => Self::Cancelled,
            error => Self::Failure(error.into()),
        }
    }
}

/// A reply.
#[derive(Debug, Serialize)]
pub struct Reply {
    /// The request's.
    pub id: u64,
    /// Done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ok: Option<Answer>,
    /// Not done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
}

/// What a reply says.
#[derive(Debug, Serialize)]
#[serde(untagged)]
#[allow(missing_docs, reason = "the fields are those of PROTOCOL.md")]
pub enum Answer {
    Roots {
        roots: Vec<RootInfo>,
        write: bool,
    },
    List {
        entries: Vec<EntryInfo>,
        #[serde(skip_serializing_if = "Option::is_none")]
        next: Option<String>,
    },
    Stat {
        entry: EntryInfo,
    },
    Removed {
        removed: u64,
    },
    Read {
        transfer: u32,
        size: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        modified: Option<u64>,
    },
    Write {
        transfer: u32,
        offset: u64,
    },
    Done {},
}

/// A message that answers nothing.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the fields are those of PROTOCOL.md")]
pub enum Event {
    Hello {
        v: u32,
        roots: Vec<RootInfo>,
        write: bool,
        chunk: usize,
        transfers: usize,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<Failure>,
    },
    Progress {
        id: u64,
        removed: u64,
    },
    Written {
        transfer: u32,
        offset: u64,
    },
    End {
        transfer: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        size: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        blake3: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<Failure>,
    },
    Error {
        error: Failure,
    },
}

/// A shared folder as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "as in wit/files")]
pub struct RootInfo {
    pub name: String,
    pub writable: bool,
}

impl From<Root> for RootInfo {
    fn from(Root { name, writable }: Root) -> Self {
        Self { name, writable }
    }
}

/// An entry as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "as in wit/files")]
pub struct EntryInfo {
    pub name: String,
    pub kind: &'static str,
    pub size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modified: Option<u64>,
    pub addressable: bool,
}

impl From<Entry> for EntryInfo {
    fn from(entry: Entry) -> Self {
        let kind = match entry.kind {
            Kind::File => "file",
            Kind::Directory => "directory",
            Kind::Link => "link",
            Kind::Other => "other",
        };
        let Entry { name, size, modified, addressable, .. } = entry;
        Self { name, kind, size, modified, addressable }
    }
}

impl EntryInfo {
    /// A shared folder, which is a directory to the client.
    #[must_use]
    pub fn root(name: String) -> Self {
        Self { name, kind: "directory", size: 0, modified: None, addressable: true }
    }
}
