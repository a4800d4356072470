//! A file on its way to the client.

use crate::message::{CHUNK, Event, Failure, data_message};
use crate::path;
use crate::store::Store;
use hospes_sdk::files::Entry;
use hospes_sdk::{Error, Result};

/// Bytes that are hashed in one step when a download goes on in the middle.
const HASHED: u64 = 1 << 20;

/// A message of less is not worth sending unless the file ends or the window is small.
const USEFUL: u64 = 64 << 10;

/// One download.
pub struct Download<S: Store> {
    transfer: u32,
    file: S::File,
    start: Entry,
    /// The next byte to read.
    at: u64,
    /// Where the client wants to go on; before it the bytes are only hashed.
    offset: u64,
    /// Bytes that may still be sent; none for no limit.
    credit: Option<u64>,
    /// Credit below this is gathered until a message is worth sending.
    useful: u64,
    hasher: blake3::Hasher,
}

/// What a step led to.
pub enum Step {
    /// Send this; more follows.
    Data(Vec<u8>),
    /// Nothing to send yet; more follows.
    Hashed,
    /// Send this; it is over.
    End(Event),
}

impl<S: Store> Download<S> {
    /// Opens the file.
    ///
    /// # Errors
    /// The host's; `invalid` when `offset` is behind the end or the window is 0.
    pub fn open(store: &S, transfer: u32, names: &[String], offset: u64, window: Option<u64>) -> Result<Self> {
        if window == Some(0) {
            return Err(Error::Invalid("`window` is at least 1; leave it out for none".into()));
        }
        let (parent, name) = path::parent(store, names)?;
        let file = store.open_file(&parent, name)?;
        let start = store.stat_file(&file)?;
        if offset > start.size {
            return Err(Error::Invalid(format!("the file has {} bytes, it cannot go on at {offset}", start.size)));
        }
        // Half of a window: a client that gives back what it consumed in parts of up to a half never waits for ever.
        let useful = window.map_or(0, |window| USEFUL.min(window.div_ceil(2)));
        Ok(Self { transfer, file, start, at: 0, offset, credit: window, useful, hasher: blake3::Hasher::new() })
    }

    /// Its number.
    #[must_use]
    pub fn transfer(&self) -> u32 {
        self.transfer
    }

    /// The file as it was when it was opened.
    #[must_use]
    pub fn start(&self) -> &Entry {
        &self.start
    }

    /// The client consumed that many bytes.
    pub fn credit(&mut self, bytes: u64) {
        self.credit = self.credit.map(|credit| credit.saturating_add(bytes));
    }

    /// False while the client has no room for a message worth sending.
    #[must_use]
    pub fn can_go_on(&self) -> bool {
        let left = self.start.size.saturating_sub(self.at);
        self.at < self.offset || self.credit.is_none_or(|credit| credit >= self.useful.min(left))
    }

    /// One step of work.
    ///
    /// # Errors
    /// `cancelled` when the channel is closing.
    pub fn step(&mut self, store: &S) -> Result<Step> {
        match self.try_step(store) {
            Err(Error::Cancelled) => Err(Error::Cancelled),
            Err(error) => Ok(self.failed(error.into())),
            Ok(step) => Ok(step),
        }
    }

    fn try_step(&mut self, store: &S) -> Result<Step> {
        if self.at >= self.start.size {
            return self.finish(store);
        }
        let hashing = self.at < self.offset;
        let most = if hashing { HASHED.min(self.offset - self.at) } else { CHUNK as u64 };
        let most =
            most.min(self.start.size - self.at).min(if hashing { u64::MAX } else { self.credit.unwrap_or(u64::MAX) });
        let bytes = store.read(&self.file, self.at, u32::try_from(most).unwrap_or(u32::MAX))?;
        if bytes.is_empty() {
            return Ok(self.failed(Failure::new("changed", "the file became shorter while it was read")));
        }
        self.hasher.update(&bytes);
        let at = self.at;
        self.at += bytes.len() as u64;
        if hashing {
            return Ok(Step::Hashed);
        }
        self.credit = self.credit.map(|credit| credit.saturating_sub(bytes.len() as u64));
        Ok(Step::Data(data_message(self.transfer, at, &bytes)))
    }

    /// A file that only grew, as a log does, is whole up to the size that was told.
    fn finish(&mut self, store: &S) -> Result<Step> {
        let now = store.stat_file(&self.file)?;
        let rewritten = now.size == self.start.size && now.modified != self.start.modified;
        if rewritten || now.size < self.start.size {
            return Ok(self.failed(Failure::new("changed", "the file changed while it was read")));
        }
        let blake3 = Some(self.hasher.finalize().to_hex().to_string());
        Ok(Step::End(Event::End { transfer: self.transfer, size: Some(self.start.size), blake3, error: None }))
    }

    fn failed(&self, failure: Failure) -> Step {
        Step::End(Event::End { transfer: self.transfer, size: None, blake3: None, error: Some(failure) })
    }
}
