//! The host as this plugin needs it: traits over `hospes:files` and the channel, and their implementation by the SDK.

use hospes_sdk::files::write::{self, Upload};
use hospes_sdk::files::{Directory, Entry, File, Page, Root, open_root, roots};
use hospes_sdk::{Channel, Pollable, Result, session};

/// The shared folders. Handles are the host's; dropping one ends the work.
pub trait Store {
    /// A directory.
    type Directory;
    /// A file that is read.
    type File;
    /// A file that is written.
    type Upload;
    /// Writing is unlocked by plan and customer.
    fn may_write(&self) -> bool;
    /// The shared folders.
    fn roots(&self) -> Result<Vec<Root>>;
    /// Opens one.
    fn open_root(&self, name: &str) -> Result<Self::Directory>;
    /// Opens a directory in another.
    fn open_directory(&self, parent: &Self::Directory, name: &str) -> Result<Self::Directory>;
    /// A page of a directory.
    fn entries(&self, directory: &Self::Directory, from: Option<&str>) -> Result<Page>;
    /// Facts about one name.
    fn stat(&self, parent: &Self::Directory, name: &str) -> Result<Entry>;
    /// Opens a file.
    fn open_file(&self, parent: &Self::Directory, name: &str) -> Result<Self::File>;
    /// Facts about an open file.
    fn stat_file(&self, file: &Self::File) -> Result<Entry>;
    /// Reads.
    fn read(&self, file: &Self::File, offset: u64, len: u32) -> Result<Vec<u8>>;
    /// Makes a directory.
    fn create_directory(&self, parent: &Self::Directory, name: &str) -> Result<()>;
    /// Deletes a file, a link or an empty directory.
    fn remove(&self, parent: &Self::Directory, name: &str) -> Result<()>;
    /// Renames or moves.
    fn rename(&self, from: (&Self::Directory, &str), to: (&Self::Directory, &str), replace: bool) -> Result<()>;
    /// Starts or resumes an upload.
    fn begin(&self, parent: &Self::Directory, name: &str, key: &str) -> Result<Self::Upload>;
    /// Bytes that are held already.
    fn offset(&self, upload: &Self::Upload) -> u64;
    /// Appends.
    fn write(&self, upload: &Self::Upload, offset: u64, bytes: &[u8]) -> Result<()>;
    /// Checks and puts in place.
    fn commit(&self, upload: &Self::Upload, blake3: &[u8], modified: Option<u64>, replace: bool) -> Result<()>;
    /// Gives up.
    fn discard(&self, upload: &Self::Upload);
}

/// The way to the client.
pub trait Pipe {
    /// Waits for a message.
    fn wait(&self);
    /// Takes a message that is there already.
    fn take(&self) -> Result<Taken>;
    /// Sends.
    fn send(&self, message: &[u8]) -> Result<()>;
}

/// What [`Pipe::take`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// A message.
    Message(Vec<u8>),
    /// None at the moment.
    Nothing,
    /// The client is done.
    Gone,
}

/// The real folders.
pub struct Host;

impl Store for Host {
    type Directory = Directory;
    type File = File;
    type Upload = Upload;

    fn may_write(&self) -> bool {
        session::unlocked("hospes:files/write")
    }

    fn roots(&self) -> Result<Vec<Root>> {
        roots()
    }

    fn open_root(&self, name: &str) -> Result<Directory> {
        open_root(name)
    }

    fn open_directory(&self, parent: &Directory, name: &str) -> Result<Directory> {
        parent.open_directory(name)
    }

    fn entries(&self, directory: &Directory, from: Option<&str>) -> Result<Page> {
        directory.entries(from)
    }

    fn stat(&self, parent: &Directory, name: &str) -> Result<Entry> {
        parent.stat(name)
    }

    fn open_file(&self, parent: &Directory, name: &str) -> Result<File> {
        parent.open_file(name)
    }

    fn stat_file(&self, file: &File) -> Result<Entry> {
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

    fn rename(&self, from: (&Directory, &str), to: (&Directory, &str), replace: bool) -> Result<()> {
        write::rename(from.0, from.1, to.0, to.1, replace)
    }

    fn begin(&self, parent: &Directory, name: &str, key: &str) -> Result<Upload> {
        Upload::begin(parent, name, key)
    }

    fn offset(&self, upload: &Upload) -> u64 {
        upload.offset()
    }

    fn write(&self, upload: &Upload, offset: u64, bytes: &[u8]) -> Result<()> {
        upload.write(offset, bytes)
    }

    fn commit(&self, upload: &Upload, blake3: &[u8], modified: Option<u64>, replace: bool) -> Result<()> {
        upload.commit(blake3, modified, replace)
    }

    fn discard(&self, upload: &Upload) {
        upload.discard();
    }
}

/// The real channel.
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
    fn wait(&self) {
        self.incoming.block();
    }

    fn take(&self) -> Result<Taken> {
        if !self.incoming.ready() {
            return Ok(Taken::Nothing);
        }
        Ok(self.channel.recv()?.map_or(Taken::Gone, Taken::Message))
    }

    fn send(&self, message: &[u8]) -> Result<()> {
        self.channel.send(message)
    }
}
