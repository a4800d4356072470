//! One file to a customer's computer, resumed after a cut; it appears there in one step once the hashes agree.

use super::conversation::{Files, UploadState, at};
use super::link::Link;
use super::local;
use super::protocol::{self, MAX_CHUNK, Writing};
use crate::client::error::{ClientError, FileError};
use serde_json::{Value, json};
use std::fs::{File, Metadata};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Message;

/// Most bytes that the other side has not confirmed, so that its other work does not wait behind them.
const UNANSWERED: u64 = 8 << 20;

/// Copies the file `from` to `path`, replacing what is there. `progress` is given the number of bytes that are written
/// there, those of an earlier try included.
pub(crate) async fn upload(
    link: &Link,
    from: &Path,
    path: &[String],
    progress: impl Fn(u64) + Send + Sync + 'static,
) -> Result<(), ClientError> {
    let progress: Arc<dyn Fn(u64) + Send + Sync> = Arc::new(progress);
    link.again(async |files: Arc<Files>| one_try(link, files, from, path, &progress).await).await
}

async fn one_try(
    link: &Link,
    files: Arc<Files>,
    from: &Path,
    path: &[String],
    progress: &Arc<dyn Fn(u64) + Send + Sync>,
) -> Result<(), ClientError> {
    let failed = |e: std::io::Error| ClientError::local(from.display(), e);
    let file = File::open(from).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    let (writing, state) = files.write(path, &local::key(from, &metadata), metadata.len()).await?;
    let transfer = writing.transfer;
    let sending = Sending { files: files.clone(), state, transfer, progress: progress.clone() };
    let (offset, size) = (writing.offset, metadata.len());
    let task = tokio::task::spawn_blocking(move || sending.all(file, &metadata, &writing));
    let outcome = task.await.map_err(|e| ClientError::local("copying", e))?;
    match outcome {
        Ok(hash) => {
            link.advanced(size - offset);
            let fields = json!({
                "transfer": transfer, "blake3": hash.to_hex().as_str(), "replace": true,
                "modified": std::fs::metadata(from).ok().and_then(|metadata| local::modified(&metadata)),
            });
            files.call::<Value>("commit", path, fields).await.map(|_| progress(size))
        }
        Err(Failure::Refused(error)) => Err(at(path, error)),
        Err(Failure::Cut { sent }) => {
            link.advanced(sent);
            Err(files.why())
        }
        Err(Failure::Local(error)) => {
            files.give_up("discard", transfer).await;
            Err(ClientError::local(from.display(), error))
        }
    }
}

enum Failure {
    Refused(FileError),
    Cut { sent: u64 },
    Local(String),
}

struct Sending {
    files: Arc<Files>,
    state: watch::Receiver<UploadState>,
    transfer: u32,
    progress: Arc<dyn Fn(u64) + Send + Sync>,
}

impl Sending {
    /// Reads and hashes everything, sends what is not there yet.
    fn all(mut self, mut file: File, before: &Metadata, writing: &Writing) -> Result<blake3::Hash, Failure> {
        let runtime = tokio::runtime::Handle::current();
        let local = |e: std::io::Error| Failure::Local(e.to_string());
        let mut hasher = blake3::Hasher::new();
        let mut buffer = vec![0; MAX_CHUNK];
        let mut done = 0u64;
        (self.progress)(writing.offset);
        loop {
            let got = file.read(&mut buffer).map_err(local)?;
            let Some(bytes) = buffer.get(..got).filter(|bytes| !bytes.is_empty()) else { break };
            hasher.update(bytes);
            let end = done + got as u64;
            let skip = usize::try_from(writing.offset.saturating_sub(done)).unwrap_or(usize::MAX).min(got);
            if let Some(bytes) = bytes.get(skip..).filter(|bytes| !bytes.is_empty()) {
                let start = done + skip as u64;
                runtime.block_on(self.room(end, writing.offset))?;
                let message = Message::Binary(protocol::data(self.transfer, start, bytes));
                let sent = start - writing.offset;
                runtime.block_on(self.files.send(message)).map_err(|_| Failure::Cut { sent })?;
            }
            done = end;
        }
        let after = file.metadata().map_err(local)?;
        if done != before.len() || after.modified().ok() != before.modified().ok() {
            return Err(Failure::Local("the file changed while it was read".to_owned()));
        }
        if done < writing.offset {
            return Err(Failure::Local("the other side has more of it than there is".to_owned()));
        }
        Ok(hasher.finalize())
    }

    /// Waits until `end` is close enough to what is confirmed.
    async fn room(&mut self, end: u64, offset: u64) -> Result<(), Failure> {
        loop {
            let state = self.state.borrow_and_update().clone();
            if let Some(error) = state.failed {
                return Err(Failure::Refused(error));
            }
            if state.written > 0 {
                (self.progress)(state.written);
            }
            if end.saturating_sub(state.written) <= UNANSWERED {
                return Ok(());
            }
            // The sender is gone: the channel ended.
            self.state.changed().await.map_err(|_| Failure::Cut { sent: state.written.saturating_sub(offset) })?;
        }
    }
}
