//! A plugin file by its hash: from the cache, else from the server on a stream of its own. Nothing is believed: the hash
//! is computed again each time.

use crate::disk;
use crate::place::Place;
use hospes_licence::plugin_file::{self, MAX_FILE};
use hospes_transport::{Connection, TransportError};
use hospes_wire::channel::{Fetch, FetchAnswer};
use hospes_wire::message::{MessageError, from_frame, to_frame};
use std::path::PathBuf;

/// Why there is no plugin.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    /// A grant names no hash.
    #[error("the grant names no plugin file: {0:?} is no hash")]
    NoHash(String),
    /// The server has none.
    #[error("the server has no plugin file {0} for this session")]
    NotFound(String),
    /// Longer than a plugin may be.
    #[error("the plugin file has {0} bytes; at most {MAX_FILE} are allowed")]
    TooLong(u64),
    /// Fewer bytes than were promised, or more.
    #[error("the plugin file was cut: {received} of {promised} bytes")]
    Cut {
        /// Bytes that came.
        received: usize,
        /// Bytes that should have come.
        promised: u64,
    },
    /// Something else.
    #[error("the plugin file that came is not the one that the grant names")]
    WrongFile,
    /// No answer at all.
    #[error("the server ended the transfer before it began")]
    NoAnswer,
    /// The stream.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// A message.
    #[error(transparent)]
    Message(#[from] MessageError),
}

fn cached(place: &Place, hash: &str) -> Result<PathBuf, FetchError> {
    // The name becomes a file name: exactly 64 lower-case hex digits.
    let good = hash.len() == 64 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if good { Ok(place.cache().join(format!("{hash}.wasm"))) } else { Err(FetchError::NoHash(hash.to_owned())) }
}

/// The file from the cache, if it is there and what it should be.
pub(super) async fn from_cache(place: &Place, hash: &str) -> Result<Option<Vec<u8>>, FetchError> {
    let path = cached(place, hash)?;
    let hash = hash.to_owned();
    let read =
        tokio::task::spawn_blocking(move || std::fs::read(path).ok().filter(|bytes| plugin_file::hash(bytes) == hash));
    Ok(read.await.ok().flatten())
}

/// The file from the server; kept in the cache.
pub(super) async fn from_server(place: &Place, connection: &Connection, hash: &str) -> Result<Vec<u8>, FetchError> {
    let path = cached(place, hash)?;
    let mut stream = connection.open_stream().await?;
    stream.send(to_frame(&Fetch::Component { hash: hash.to_owned() })?).await?;
    stream.finish().await?;
    let (_sender, mut receiver) = stream.split();
    let answer = receiver.recv().await?.ok_or(FetchError::NoAnswer)?;
    let promised = match from_frame(&answer)? {
        FetchAnswer::Found { length } => length,
        FetchAnswer::NotFound {} => return Err(FetchError::NotFound(hash.to_owned())),
    };
    let length = usize::try_from(promised).ok().filter(|length| *length <= MAX_FILE);
    let length = length.ok_or(FetchError::TooLong(promised))?;
    // Memory follows what arrives, not what was promised.
    let mut bytes = Vec::new();
    while let Some(part) = receiver.recv_raw(64 << 10).await? {
        bytes.extend_from_slice(&part);
        if bytes.len() > length {
            break;
        }
    }
    if bytes.len() != length {
        return Err(FetchError::Cut { received: bytes.len(), promised });
    }
    if plugin_file::hash(&bytes) != hash {
        return Err(FetchError::WrongFile);
    }
    let kept = tokio::task::spawn_blocking(move || {
        if let Err(error) = disk::write(&path, &bytes, 0o600) {
            tracing::warn!(%error, "a plugin file could not be kept in the cache");
        }
        bytes
    });
    kept.await.map_err(|_| FetchError::NoAnswer)
}
