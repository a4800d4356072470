//! Messages as they travel.

use crate::client::error::{ClientError, FileError};
use bytes::{BufMut, Bytes, BytesMut};
use serde::Deserialize;
use serde_json::Value;

/// The version that is spoken here.
pub(crate) const VERSION: u64 = 1;
/// The capability whose plugin speaks it.
pub(crate) const CAPABILITY: &str = "file-manager";
/// Bytes of a data message before its data.
pub(crate) const DATA_HEADER: usize = 16;
/// First byte of a data message.
const DATA: u8 = 1;
/// Most bytes in one data message.
pub(crate) const MAX_CHUNK: usize = 256 << 10;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// Content.
    File,
    /// A folder.
    Directory,
    /// Points elsewhere; never followed.
    Link,
    /// A device, a pipe, or what a later version knows.
    #[serde(other)]
    Other,
}

/// One entry of a folder.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    #[serde(default)]
    pub(crate) size: u64,
    /// Milliseconds since 1970.
    #[serde(default)]
    pub(crate) modified: Option<i64>,
    #[serde(default = "yes")]
    pub(crate) addressable: bool,
}

fn yes() -> bool {
    true
}

/// A shared root.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Root {
    pub(crate) name: String,
}

/// The component's first message.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Hello {
    pub(crate) v: u64,
    #[serde(default)]
    pub(crate) roots: Vec<Root>,
    #[serde(default)]
    pub(crate) error: Option<FileError>,
    #[serde(default = "one_transfer")]
    pub(crate) transfers: usize,
}

fn one_transfer() -> usize {
    1
}

/// Answer to `list`.
#[derive(Debug, Deserialize)]
pub(crate) struct Page {
    pub(crate) entries: Vec<Entry>,
    #[serde(default)]
    pub(crate) next: Option<String>,
}

/// Answer to `read`.
#[derive(Debug, Deserialize)]
pub(crate) struct Reading {
    pub(crate) transfer: u32,
    pub(crate) size: u64,
    #[serde(default)]
    pub(crate) modified: Option<i64>,
}

/// Answer to `write`.
#[derive(Debug, Deserialize)]
pub(crate) struct Writing {
    pub(crate) transfer: u32,
    pub(crate) offset: u64,
}

/// What the component sends.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// Answer to a request.
    Reply { id: u64, outcome: Result<Value, FileError> },
    /// Bytes of a download.
    Data { transfer: u32, offset: u64, bytes: Bytes },
    /// A transfer is over.
    End { transfer: u32, outcome: Result<Done, FileError> },
    /// So much of an upload is written.
    Written { transfer: u32, offset: u64 },
    /// First message.
    Hello(Hello),
    /// Something said to the log.
    Complaint(FileError),
    /// An event that this version does not know.
    Unknown,
}

/// A download's own summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) size: u64,
    /// Of the whole file.
    pub(crate) hash: blake3::Hash,
}

/// All JSON that may come; which fields are there says what it is.
#[derive(Deserialize)]
struct Loose {
    #[serde(default)]
    event: Option<String>,
    #[serde(default)]
    id: Option<u64>,
    #[serde(default)]
    ok: Option<Value>,
    #[serde(default)]
    error: Option<FileError>,
    #[serde(default)]
    transfer: Option<u32>,
    #[serde(default)]
    offset: Option<u64>,
    #[serde(default)]
    size: Option<u64>,
    #[serde(default)]
    blake3: Option<String>,
}

/// Reads one message.
pub(crate) fn read(message: &Bytes) -> Result<Incoming, ClientError> {
    match message.first() {
        Some(b'{') => read_json(message),
        Some(&DATA) => read_data(message),
        _ => Err(strange("a message of no known kind")),
    }
}

fn read_json(message: &[u8]) -> Result<Incoming, ClientError> {
    let loose: Loose = serde_json::from_slice(message).map_err(|e| strange(&e.to_string()))?;
    let missing = |what: &str| strange(&format!("a message without {what}"));
    let transfer = || loose.transfer.ok_or_else(|| missing("transfer"));
    match (loose.event.as_deref(), loose.id) {
        (None, Some(id)) => {
            let outcome = match (loose.error, loose.ok) {
                (Some(error), _) => Err(error),
                (None, Some(ok)) => Ok(ok),
                (None, None) => return Err(missing("ok or error")),
            };
            Ok(Incoming::Reply { id, outcome })
        }
        (Some("hello"), _) => serde_json::from_slice(message).map(Incoming::Hello).map_err(|e| strange(&e.to_string())),
        (Some("end"), _) => {
            let transfer = transfer()?;
            if let Some(error) = loose.error {
                return Ok(Incoming::End { transfer, outcome: Err(error) });
            }
            let size = loose.size.ok_or_else(|| missing("size"))?;
            let hash = loose.blake3.as_deref().and_then(|hex| blake3::Hash::from_hex(hex).ok());
            let hash = hash.ok_or_else(|| missing("blake3"))?;
            Ok(Incoming::End { transfer, outcome: Ok(Done { size, hash }) })
        }
        (Some("written"), _) => {
            Ok(Incoming::Written { transfer: transfer()?, offset: loose.offset.ok_or_else(|| missing("offset"))? })
        }
        (Some("error"), _) => loose.error.map(Incoming::Complaint).ok_or_else(|| missing("error")),
        _ => Ok(Incoming::Unknown),
    }
}

fn read_data(message: &Bytes) -> Result<Incoming, ClientError> {
    let short = || strange("data without its header");
    let header = message.first_chunk::<DATA_HEADER>().ok_or_else(short)?;
    let [_kind, _, _, _, t0, t1, t2, t3, o @ ..] = *header;
    Ok(Incoming::Data {
        transfer: u32::from_le_bytes([t0, t1, t2, t3]),
        offset: u64::from_le_bytes(o),
        bytes: message.slice(DATA_HEADER..),
    })
}

/// A data message.
pub(crate) fn data(transfer: u32, offset: u64, bytes: &[u8]) -> Bytes {
    let mut message = BytesMut::with_capacity(DATA_HEADER + bytes.len());
    message.put_u8(DATA);
    message.put_bytes(0, 3);
    message.put_u32_le(transfer);
    message.put_u64_le(offset);
    message.put_slice(bytes);
    message.freeze()
}

fn strange(what: &str) -> ClientError {
    ClientError::Failed(format!("the file manager sent {what}; its version may not fit this one"))
}
