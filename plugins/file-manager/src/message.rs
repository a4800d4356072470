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

/// A request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Request {
    /// Comes back in the reply; none for `credit`.
    #[serde(default)]
    pub id: Option<u64>,
    /// What to do.
    #[serde(flatten)]
    pub op: Op,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "op", rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the fields are those of PROTOCOL.md")]
pub enum Op {
    Roots,
    List {
        path: Vec<String>,
        #[serde(default)]
        from: Option<String>,
    },
    Stat {
        path: Vec<String>,
    },
    Mkdir {
        path: Vec<String>,
        #[serde(default)]
        parents: bool,
    },
    Remove {
        path: Vec<String>,
        #[serde(default)]
        recursive: bool,
    },
    Rename {
        path: Vec<String>,
        to: Vec<String>,
        #[serde(default)]
        replace: bool,
    },
    Read {
        path: Vec<String>,
        #[serde(default)]
        offset: u64,
        #[serde(default)]
        window: Option<u64>,
    },
    Write {
        path: Vec<String>,
        key: String,
    },
    Commit {
        transfer: u32,
        blake3: String,
        #[serde(default)]
        modified: Option<u64>,
        #[serde(default)]
        replace: bool,
    },
    Discard {
        transfer: u32,
    },
    Cancel {
        #[serde(default)]
        target: Option<u64>,
        #[serde(default)]
        transfer: Option<u32>,
    },
    Credit {
        transfer: u32,
        bytes: u64,
    },
}

/// The operations there are.
const OPS: &[&str] =
    &["roots", "list", "stat", "mkdir", "remove", "rename", "read", "write", "commit", "discard", "cancel", "credit"];

/// Reads a request.
///
/// # Errors
/// The id, if there is one, and the failure to answer with.
pub fn parse(message: &[u8]) -> Result<Request, (Option<u64>, Failure)> {
    #[derive(Deserialize)]
    struct Rough {
        #[serde(default)]
        id: Option<u64>,
        #[serde(default)]
        op: Option<String>,
    }
    serde_json::from_slice(message).map_err(|error| {
        let rough = serde_json::from_slice(message).unwrap_or(Rough { id: None, op: None });
        let failure = match rough.op {
            Some(op) if !OPS.contains(&op.as_str()) => {
                Failure::new("unknown-op", format!("there is no operation {op:?}"))
            }
            _ => Failure::new("invalid", format!("not a request: {error}")),
        };
        (rough.id, failure)
    })
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
        Self { code: code.into(), reason: None, message: message.into() }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { code: error.code().into(), reason: error.denial().map(Into::into), message: error.message() }
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
