//! One file from a customer's computer, resumed after a cut, checked against the hash that its computer computed.

use super::conversation::{DownloadEvent, Files, at};
use super::link::Link;
use super::local::{Origin, Partial};
use super::protocol::Reading;
use super::settle::Proved;
use crate::client::error::{ClientError, FileError};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Copies the file at `path` beside `target` and proves its content; what comes back is to take the target's place.
/// `progress` is given the number of bytes that are there, kept ones included.
pub(crate) async fn download(
    link: &Link,
    path: &[String],
    target: &Path,
    progress: impl Fn(u64) + Send + Sync + 'static,
) -> Result<Proved, ClientError> {
    let partial = Arc::new(Partial::of(target)?);
    let progress: Arc<dyn Fn(u64) + Send + Sync> = Arc::new(progress);
    let source = format!("{}:{}", link.session(), path.join("/"));
    let once = async |files: Arc<Files>| one_try(link, &files, path, &source, &partial, &progress).await;
    match link.again(once).await? {
        Outcome::Done(proved) => Ok(proved),
        // What was kept from an earlier try does not belong to it: once more, from the beginning.
        Outcome::KeptIsWrong => match link.again(once).await? {
            Outcome::Done(proved) => Ok(proved),
            Outcome::KeptIsWrong => Err(wrong_hash(path)),
        },
    }
}

enum Outcome {
    Done(Proved),
    KeptIsWrong,
}

fn wrong_hash(path: &[String]) -> ClientError {
    at(path, FileError { code: "wrong-hash".to_owned(), message: String::new(), reason: None })
}

async fn one_try(
    link: &Link,
    files: &Files,
    path: &[String],
    source: &str,
    partial: &Arc<Partial>,
    progress: &Arc<dyn Fn(u64) + Send + Sync>,
) -> Result<Outcome, ClientError> {
    let kept = partial.kept(source);
    let mut offset = kept.as_ref().map_or(0, |(_, length)| *length);
    let (mut reading, mut events) = match files.read(path, offset).await {
        Ok(started) => started,
        // It may have become shorter than what is kept of it.
        Err(ClientError::File { error, .. }) if offset > 0 && error.code == "invalid" => {
            offset = 0;
            files.read(path, 0).await?
        }
        Err(error) => return Err(error),
    };
    let same = |origin: &Origin, reading: &Reading| (origin.size, origin.modified) == (reading.size, reading.modified);
    if offset > 0 && !kept.is_some_and(|(origin, _)| same(&origin, &reading)) {
        files.give_up("cancel", reading.transfer).await;
        offset = 0;
        (reading, events) = files.read(path, 0).await?;
    }
    let transfer = reading.transfer;
    let origin = Origin { source: source.to_owned(), size: reading.size, modified: reading.modified };
    let (storing, progress) = (partial.clone(), progress.clone());
    let storing = tokio::task::spawn_blocking(move || store(&storing, offset, &origin, events, &*progress));
    let (ending, received) = storing.await.map_err(|e| ClientError::local("copying", e))?;
    link.advanced(received);
    match ending {
        Ending::Done(file) => Ok(Outcome::Done(Proved { partial: partial.clone(), file, modified: reading.modified })),
        Ending::WrongHash if offset > 0 => Ok(Outcome::KeptIsWrong),
        Ending::WrongHash => Err(wrong_hash(path)),
        Ending::Refused(error) => Err(at(path, error)),
        Ending::Cut => Err(files.why()),
        Ending::Local(error) => {
            files.give_up("cancel", transfer).await;
            Err(error)
        }
    }
}

enum Ending {
    Done(File),
    WrongHash,
    /// The other side could not go on.
    Refused(FileError),
    /// The channel ended.
    Cut,
    /// This computer cannot write it, or the other sends nonsense.
    Local(ClientError),
}

/// Hashes what is kept, then writes and hashes what comes. Also says how many bytes came.
fn store(
    partial: &Partial,
    offset: u64,
    origin: &Origin,
    mut events: mpsc::Receiver<DownloadEvent>,
    progress: &dyn Fn(u64),
) -> (Ending, u64) {
    let mut at = offset;
    let result = (|| {
        let mut file = partial.open(offset > 0, origin)?;
        let failed = |e: std::io::Error| ClientError::local("writing the copy", e);
        let mut hasher = blake3::Hasher::new();
        hash_start(&mut file, offset, &mut hasher).map_err(failed)?;
        progress(at);
        loop {
            match events.blocking_recv() {
                None => return Ok(Ending::Cut),
                Some(DownloadEvent::End(Err(error))) => {
                    if error.code == "changed" {
                        partial.remove();
                    }
                    return Ok(Ending::Refused(error));
                }
                Some(DownloadEvent::End(Ok(done))) => {
                    if (done.size, done.hash) != (at, hasher.finalize()) {
                        partial.remove();
                        return Ok(Ending::WrongHash);
                    }
                    return Ok(Ending::Done(file));
                }
                Some(DownloadEvent::Data { offset: claimed, bytes }) => {
                    if claimed != at || at + bytes.len() as u64 > origin.size {
                        partial.remove();
                        return Err(ClientError::Failed("the file manager sent data out of order".to_owned()));
                    }
                    file.write_all(&bytes).map_err(failed)?;
                    hasher.update(&bytes);
                    at += bytes.len() as u64;
                    progress(at);
                }
            }
        }
    })();
    (result.unwrap_or_else(Ending::Local), at - offset)
}

/// Hashes the first `length` bytes and leaves the file ready to go on after them.
fn hash_start(file: &mut File, length: u64, hasher: &mut blake3::Hasher) -> std::io::Result<()> {
    let mut left = length;
    let mut buffer = vec![0; 64 << 10];
    while left > 0 {
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let got = file.read(buffer.get_mut(..wanted).unwrap_or_default())?;
        if got == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        hasher.update(buffer.get(..got).unwrap_or_default());
        left -= got as u64;
    }
    file.seek(SeekFrom::Start(length))?;
    Ok(())
}
