//! `hospes:files`: reading and writing below the shared folders, by handle and single name.

use super::{HostError, HostResult, Shared, State, blocking, invalid, lock, unavailable};
use crate::bindings::hospes::files::{read, write};
use crate::provider::files::{self, Directory, File, Upload};
use std::sync::{Arc, Mutex};
use wasmtime::component::Resource;

const READ: &str = "hospes:files/read";
const WRITE: &str = "hospes:files/write";

/// Most bytes read or written by one call.
const MAX_BLOCK: usize = 1 << 20;
/// Longest name, in bytes: more than any file system takes, so that a wild one costs nothing.
const MAX_NAME: usize = 4096;
/// Longest key of an upload, in characters.
const MAX_KEY: usize = 128;
/// How many times longer a commit may take than another call: it may have to read all of the file again.
const COMMIT: u32 = 20;

/// A directory.
#[allow(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct DirectoryHandle(Arc<dyn Directory>);
/// An open file.
#[allow(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct FileHandle(Arc<dyn File>);
/// A file being written.
#[allow(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct UploadHandle(Shared<dyn Upload>);

impl State {
    fn files(&self) -> HostResult<Arc<dyn files::Files>> {
        self.providers.files.clone().ok_or_else(|| unavailable("no files are shared on this computer"))
    }

    fn directory(&self, handle: &Resource<DirectoryHandle>) -> HostResult<Arc<dyn Directory>> {
        Ok(Arc::clone(&self.table.get(handle)?.0))
    }
}

/// Names are checked by the provider; this only keeps absurd ones away from it.
fn check_name(name: &str) -> HostResult<()> {
    if name.len() > MAX_NAME { invalid(format!("a name of more than {MAX_NAME} bytes")) } else { Ok(()) }
}

fn entry(entry: files::Entry) -> read::Entry {
    let kind = match entry.kind {
        files::Kind::File => read::Kind::File,
        files::Kind::Directory => read::Kind::Directory,
        files::Kind::Link => read::Kind::Link,
        files::Kind::Other => read::Kind::Other,
    };
    read::Entry { name: entry.name, kind, size: entry.size, modified: entry.modified, addressable: entry.addressable }
}

impl read::Host for State {
    async fn roots(&mut self) -> HostResult<Vec<read::Root>> {
        self.allow(READ).await?;
        let files = self.files()?;
        let roots = blocking(self.budgets.host_call_time, move || files.roots()).await?;
        Ok(roots.into_iter().map(|root| read::Root { name: root.name, writable: root.writable }).collect())
    }

    async fn open_root(&mut self, name: String) -> HostResult<Resource<DirectoryHandle>> {
        check_name(&name)?;
        self.allow(READ).await?;
        let files = self.files()?;
        let root = blocking(self.budgets.host_call_time, move || files.open_root(&name)).await?;
        Ok(self.table.push(DirectoryHandle(root.into()))?)
    }
}

impl read::HostDirectory for State {
    async fn entries(&mut self, handle: Resource<DirectoryHandle>, from: Option<String>) -> HostResult<read::Page> {
        self.allow(READ).await?;
        let directory = self.directory(&handle)?;
        let (entries, next) = blocking(self.budgets.host_call_time, move || directory.entries(from.as_deref())).await?;
        Ok(read::Page { entries: entries.into_iter().map(entry).collect(), next })
    }

    async fn stat(&mut self, handle: Resource<DirectoryHandle>, name: String) -> HostResult<read::Entry> {
        check_name(&name)?;
        self.allow(READ).await?;
        let directory = self.directory(&handle)?;
        Ok(entry(blocking(self.budgets.host_call_time, move || directory.stat(&name)).await?))
    }

    async fn open_directory(
        &mut self,
        handle: Resource<DirectoryHandle>,
        name: String,
    ) -> HostResult<Resource<DirectoryHandle>> {
        check_name(&name)?;
        self.allow(READ).await?;
        let directory = self.directory(&handle)?;
        let opened = blocking(self.budgets.host_call_time, move || directory.open_directory(&name)).await?;
        Ok(self.table.push(DirectoryHandle(opened.into()))?)
    }

    async fn open_file(&mut self, handle: Resource<DirectoryHandle>, name: String) -> HostResult<Resource<FileHandle>> {
        check_name(&name)?;
        self.allow(READ).await?;
        let directory = self.directory(&handle)?;
        let opened = blocking(self.budgets.host_call_time, move || directory.open_file(&name)).await?;
        Ok(self.table.push(FileHandle(opened.into()))?)
    }

    async fn drop(&mut self, handle: Resource<DirectoryHandle>) -> wasmtime::Result<()> {
        self.table.delete(handle)?;
        Ok(())
    }
}

impl read::HostFile for State {
    async fn stat(&mut self, handle: Resource<FileHandle>) -> HostResult<read::Entry> {
        self.allow(READ).await?;
        let file = Arc::clone(&self.table.get(&handle)?.0);
        Ok(entry(blocking(self.budgets.host_call_time, move || file.stat()).await?))
    }

    async fn read(&mut self, handle: Resource<FileHandle>, offset: u64, len: u32) -> HostResult<Vec<u8>> {
        self.allow(READ).await?;
        let file = Arc::clone(&self.table.get(&handle)?.0);
        let len = len.min(MAX_BLOCK as u32);
        let bytes = blocking(self.budgets.host_call_time, move || file.read(offset, len)).await?;
        self.metrics.provider_bytes += bytes.len() as u64;
        Ok(bytes)
    }

    async fn drop(&mut self, handle: Resource<FileHandle>) -> wasmtime::Result<()> {
        self.table.delete(handle)?;
        Ok(())
    }
}

impl write::Host for State {
    async fn create_directory(&mut self, parent: Resource<DirectoryHandle>, name: String) -> HostResult<()> {
        check_name(&name)?;
        self.allow(WRITE).await?;
        let parent = self.directory(&parent)?;
        blocking(self.budgets.host_call_time, move || parent.create_directory(&name)).await
    }

    async fn remove(&mut self, parent: Resource<DirectoryHandle>, name: String) -> HostResult<()> {
        check_name(&name)?;
        self.allow(WRITE).await?;
        let parent = self.directory(&parent)?;
        blocking(self.budgets.host_call_time, move || parent.remove(&name)).await
    }

    async fn rename(
        &mut self,
        parent: Resource<DirectoryHandle>,
        name: String,
        to: Resource<DirectoryHandle>,
        new_name: String,
        replace: bool,
    ) -> HostResult<()> {
        check_name(&name)?;
        check_name(&new_name)?;
        self.allow(WRITE).await?;
        let (parent, to) = (self.directory(&parent)?, self.directory(&to)?);
        blocking(self.budgets.host_call_time, move || parent.rename(&name, &*to, &new_name, replace)).await
    }
}

impl write::HostUpload for State {
    async fn begin(
        &mut self,
        parent: Resource<DirectoryHandle>,
        name: String,
        key: String,
    ) -> HostResult<Resource<UploadHandle>> {
        check_name(&name)?;
        if key.is_empty() || key.chars().count() > MAX_KEY {
            return invalid(format!("a key has 1 to {MAX_KEY} characters"));
        }
        self.allow(WRITE).await?;
        let parent = self.directory(&parent)?;
        let upload = blocking(self.budgets.host_call_time, move || parent.begin_upload(&name, &key)).await?;
        Ok(self.table.push(UploadHandle(Arc::new(Mutex::new(upload))))?)
    }

    async fn offset(&mut self, handle: Resource<UploadHandle>) -> wasmtime::Result<u64> {
        self.enter();
        Ok(lock(&self.table.get(&handle)?.0).offset())
    }

    async fn write(&mut self, handle: Resource<UploadHandle>, offset: u64, bytes: Vec<u8>) -> HostResult<()> {
        if bytes.len() > MAX_BLOCK {
            return invalid(format!("{} bytes in one write; at most {MAX_BLOCK}", bytes.len()));
        }
        self.allow(WRITE).await?;
        let upload = Arc::clone(&self.table.get(&handle)?.0);
        self.metrics.provider_bytes += bytes.len() as u64;
        blocking(self.budgets.host_call_time, move || lock(&upload).write(offset, &bytes)).await
    }

    async fn commit(
        &mut self,
        handle: Resource<UploadHandle>,
        blake3: Vec<u8>,
        modified: Option<u64>,
        replace: bool,
    ) -> HostResult<()> {
        let Ok(hash) = <[u8; 32]>::try_from(blake3) else { return invalid("a BLAKE3 hash has 32 bytes") };
        self.allow(WRITE).await?;
        let upload = Arc::clone(&self.table.get(&handle)?.0);
        let limit = self.budgets.host_call_time.saturating_mul(COMMIT);
        blocking(limit, move || lock(&upload).commit(hash, modified, replace)).await
    }

    async fn discard(&mut self, handle: Resource<UploadHandle>) -> wasmtime::Result<()> {
        // Deletes only what this channel wrote itself, so it needs nobody's yes.
        self.enter();
        let upload = Arc::clone(&self.table.get(&handle)?.0);
        let discarded = blocking(self.budgets.host_call_time, move || {
            lock(&upload).discard();
            Ok(())
        })
        .await;
        match discarded {
            Err(HostError::Trap(error)) => Err(error),
            _ => Ok(()),
        }
    }

    async fn drop(&mut self, handle: Resource<UploadHandle>) -> wasmtime::Result<()> {
        self.table.delete(handle)?;
        Ok(())
    }
}
