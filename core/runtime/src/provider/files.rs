//! Files below shared folders. Meanings are those of `wit/files`; a name is always one path component.

use super::Result;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    File,
    Directory,
    Link,
    Other,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// As text.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Bytes.
    pub size: u64,
    /// Milliseconds since 1970.
    pub modified: Option<u64>,
    /// False when the name cannot be given back.
    pub addressable: bool,
}

/// A shared folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// Its name.
    pub name: String,
    /// False when files can be read only.
    pub writable: bool,
}

/// The shared folders.
pub trait Files: Send + Sync {
    /// All of them.
    fn roots(&self) -> Result<Vec<Root>>;
    /// Opens one.
    fn open_root(&self, name: &str) -> Result<Box<dyn Directory>>;
}

/// A directory inside a root. Its methods never leave the root.
pub trait Directory: Send + Sync {
    /// At most 1000 entries after `from`, sorted by name, and where to go on.
    fn entries(&self, from: Option<&str>) -> Result<(Vec<Entry>, Option<String>)>;
    /// Facts about one name.
    fn stat(&self, name: &str) -> Result<Entry>;
    /// A directory in it.
    fn open_directory(&self, name: &str) -> Result<Box<dyn Directory>>;
    /// A file in it.
    fn open_file(&self, name: &str) -> Result<Box<dyn File>>;
    /// Makes a directory.
    fn create_directory(&self, name: &str) -> Result<()>;
    /// Deletes a file, a link or an empty directory.
    fn remove(&self, name: &str) -> Result<()>;
    /// Renames or moves; `to` is a directory of the same provider (see [`Directory::as_any`]).
    fn rename(&self, name: &str, to: &dyn Directory, new_name: &str, replace: bool) -> Result<()>;
    /// Starts or resumes an upload.
    fn begin_upload(&self, name: &str, key: &str) -> Result<Box<dyn Upload>>;
    /// So that `rename` can reach the other directory's own fields.
    fn as_any(&self) -> &dyn std::any::Any;
}

/// An open file.
pub trait File: Send + Sync {
    /// Facts, read afresh.
    fn stat(&self) -> Result<Entry>;
    /// At most `len` bytes from `offset`; empty at the end.
    fn read(&self, offset: u64, len: u32) -> Result<Vec<u8>>;
}

/// A file being written beside its place. Dropping keeps it for a resume.
pub trait Upload: Send + Sync {
    /// Bytes held already.
    fn offset(&self) -> u64;
    /// Appends.
    fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<()>;
    /// Checks the hash and puts the file in its place.
    fn commit(&mut self, blake3: [u8; 32], modified: Option<u64>, replace: bool) -> Result<()>;
    /// Gives up.
    fn discard(&mut self);
}
