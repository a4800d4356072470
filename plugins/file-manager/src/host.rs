//! The host as this plugin needs it: traits over `hospes:files` and the channel, and their implementation by the SDK.

use hospes_sdk::files::{Directory, Entry, File, Page, Root, open_root, roots, write};
use hospes_sdk::{Channel, Error, Pollable, Result, Timestamp, session};

/// The shared folders. Meanings are those of `hospes:files`; a name is always one component.
pub trait Files {
    /// A directory's handle.
    type Directory;
    /// A file's handle.
    type File;
    /// A file that is being written beside its place; dropping it keeps what it holds for a resume.
    type Upload;

    /// All shared folders.
    fn roots(&self) -> Result<Vec<Root>>;
    /// Plan and customer let files be changed at this moment.
    fn write_unlocked(&self) -> bool;
    /// Opens a shared folder.
    fn open_root(&self, name: &str) -> Result<Self::Directory>;
    /// At most 1000 entries, from the start or a page's `next`.
    fn entries(&self, directory: &Self::Directory, from: Option<&str>) -> Result<Page>;
    /// Facts about one name.
    fn stat(&self, directory: &Self::Directory, name: &str) -> Result<Entry>;
    /// Opens a directory in it.
    fn open_directory(&self, directory: &Self::Directory, name: &str) -> Result<Self::Directory>;
    /// Opens a file in it.
    fn open_file(&self, directory: &Self::Directory, name: &str) -> Result<Self::File>;
    /// Facts about an open file, read afresh.
    fn facts(&self, file: &Self::File) -> Result<Entry>;
    /// At most `len` bytes, at most 1 MiB; empty at the end.
    fn read(&self, file: &Self::File, offset: u64, len: u32) -> Result<Vec<u8>>;
    /// Makes a directory.
    fn create_directory(&self, parent: &Self::Directory, name: &str) -> Result<()>;
    /// Deletes a file, a link or an empty directory.
    fn remove(&self, parent: &Self::Directory, name: &str) -> Result<()>;
    /// Renames or moves.
    fn rename(
        &self,
        parent: &Self::Directory,
        name: &str,
        to: &Self::Directory,
        new: &str,
        replace: bool,
    ) -> Result<()>;
    /// Starts an upload or goes on with it.
    fn begin(&self, parent: &Self::Directory, name: &str, key: &str) -> Result<Self::Upload>;
    /// Bytes that an upload holds.
    fn offset(&self, upload: &Self::Upload) -> u64;
    /// Appends at most 1 MiB.
    fn write(&self, upload: &Self::Upload, offset: u64, bytes: &[u8]) -> Result<()>;
    /// Compares the hash and puts the file in its place. On `invalid` the partial file is gone.
    fn commit(
        &self,
        upload: &Self::Upload,
        blake3: &[u8; 32],
        modified: Option<Timestamp>,
        replace: bool,
    ) -> Result<()>;
    /// Deletes what an upload holds.
    fn discard(&self, upload: &Self::Upload);
}

/// The way to the client.
pub trait Pipe {
    /// Takes a message; when none is there, waits for one if `wait`.
    ///
    /// # Errors
    /// `cancelled` when the channel is closing.
    fn take(&self, wait: bool) -> Result<Taken>;
    /// Sends; waits while the other side is slow.
    ///
    /// # Errors
    /// `cancelled` when the channel is closing.
    fn send(&self, message: &[u8]) -> Result<()>;
}

/// What [`Pipe::take`] found.
#[derive(Clone, Debug)]
pub enum Taken {
    /// A message.
    Message(Vec<u8>),
    /// One that the channel does not carry (too long), and why.
    Refused(Error),
    /// None at the moment.
    Nothing,
    /// The client is done.
    Gone,
}

/// The customer's computer.
#[derive(Debug)]
pub struct Host;

impl Files for Host {
    type Directory = Directory;
    type File = File;
    type Upload = write::Upload;

    fn roots(&self) -> Result<Vec<Root>> {
        roots()
    }

    fn write_unlocked(&self) -> bool {
        session::unlocked("hospes:files/write")
    }

    fn open_root(&self, name: &str) -> Result<Directory> {
        open_root(name)
    }

    fn entries(&self, directory: &Directory, from: Option<&str>) -> Result<Page> {
        directory.entries(from)
    }

    fn stat(&self, directory: &Directory, name: &str) -> Result<Entry> {
        directory.stat(name)
    }

    fn open_directory(&self, directory: &Directory, name: &str) -> Result<Directory> {
        directory.open_directory(name)
    }

    fn open_file(&self, directory: &Directory, name: &str) -> Result<File> {
        directory.open_file(name)
    }

    fn facts(&self, file: &File) -> Result<Entry> {
        file.stat()
    }

    fn read(&self, file: &File, offset: u64, len: u32) -> Result<Vec<u8>> {
        file.read(offset, len)
    }

    fn create_directory(&self, parent: &Directory, name: &str) -> Result<()> {
        write::create_directory(parent, name)
    }

    fn remove(&self, parent: &Directory, name: &str) -> Result<()> {
        write::remove(parent, name)
    }

    fn rename(&self, parent: &Directory, name: &str, to: &Directory, new: &str, replace: bool) -> Result<()> {
        write::rename(parent, name, to, new, replace)
    }

    fn begin(&self, parent: &Directory, name: &str, key: &str) -> Result<write::Upload> {
        write::Upload::begin(parent, name, key)
    }

    fn offset(&self, upload: &write::Upload) -> u64 {
        upload.offset()
    }

    fn write(&self, upload: &write::Upload, offset: u64, bytes: &[u8]) -> Result<()> {
        upload.write(offset, bytes)
    }

    fn commit(
        &self,
        upload: &write::Upload,
        blake3: &[u8; 32],
        modified: Option<Timestamp>,
        replace: bool,
    ) -> Result<()> {
        upload.commit(blake3, modified, replace)
    }

    fn discard(&self, upload: &write::Upload) {
        upload.discard();
    }
}

/// The real channel.
#[derive(Debug)]
pub struct HostPipe<'a> {
    incoming: Pollable,
    channel: &'a Channel,
}

impl<'a> HostPipe<'a> {
    /// Over that channel.
    #[must_use]
    pub fn new(channel: &'a Channel) -> Self {
        Self { incoming: channel.subscribe(), channel }
    }
}

impl Pipe for HostPipe<'_> {
    fn take(&self, wait: bool) -> Result<Taken> {
        if !wait && !self.incoming.ready() {
            return Ok(Taken::Nothing);
        }
        match self.channel.recv() {
            Ok(message) => Ok(message.map_or(Taken::Gone, Taken::Message)),
            Err(error @ Error::Invalid(_)) => Ok(Taken::Refused(error)),
            Err(error) => Err(error),
        }
    }

    fn send(&self, message: &[u8]) -> Result<()> {
        self.channel.send(message)
    }
}
