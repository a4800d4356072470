//! The last step of downloads, many at once: content to the disk, then the name, then the folders.
//!
//! One file after the other waits for the disk each time; together their waits become few, because the file system
//! writes its journal once for all that ask meanwhile. What is promised stays: a name stands for the old content or the
//! whole new one at every moment, and the command says done when all of it would survive a loss of power.

use super::local::Partial;
use crate::client::error::ClientError;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::task::JoinHandle;

/// Files that wait for the disk at a time.
const AT_ONCE: usize = 64;

/// A download whose content is there and proved.
pub(crate) struct Proved {
    pub(super) partial: Arc<Partial>,
    pub(super) file: File,
    pub(super) modified: Option<i64>,
}

/// A file that waits: its name and size for the summary.
type Waiting = (String, u64, JoinHandle<Result<(), ClientError>>);
/// How it ended.
type Settled = (String, Result<u64, ClientError>);

/// Downloads on their way to the disk.
#[derive(Default)]
pub(crate) struct Settling {
    running: FuturesUnordered<futures_util::future::LocalBoxFuture<'static, Settled>>,
    folders: BTreeSet<PathBuf>,
}

impl Settling {
    /// Lets one more begin.
    pub(crate) fn begin(&mut self, name: String, size: u64, proved: Proved) {
        self.folders.insert(proved.partial.folder());
        let Proved { partial, file, modified } = proved;
        let task = tokio::task::spawn_blocking(move || partial.complete(file, modified));
        let waiting: Waiting = (name, size, task);
        self.running.push(Box::pin(async move {
            let (name, size, task) = waiting;
            let done = task.await.unwrap_or_else(|error| Err(ClientError::local("copying", error)));
            (name, done.map(|()| size))
        }));
    }

    /// One that has ended, when so many wait that nothing more should begin; none otherwise.
    pub(crate) async fn relieve(&mut self) -> Option<Settled> {
        if self.running.len() < AT_ONCE { None } else { self.running.next().await }
    }

    /// The next that ends; none when all have.
    pub(crate) async fn next(&mut self) -> Option<Settled> {
        self.running.next().await
    }

    /// Makes the names survive a loss of power: once for each folder, after all.
    pub(crate) async fn folders(&mut self) {
        let folders = std::mem::take(&mut self.folders);
        // Not every system or folder can do it; the content is there all the same.
        let synced = tokio::task::spawn_blocking(move || {
            for folder in folders {
                if let Err(error) = sync(&folder) {
                    tracing::debug!(%error, "the folder {} could not be synced", folder.display());
                }
            }
        });
        let _ = synced.await;
    }
}

fn sync(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}
