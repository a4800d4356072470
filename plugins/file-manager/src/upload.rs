//! A file on its way from the client. The host gathers it beside its place; this module keeps order and tells progress.

use crate::message::{Event, Failure};
use crate::path;
use crate::store::Store;
use hospes_sdk::{Error, Result};

/// Progress is told each time that many bytes were written.
const TOLD: u64 = 1 << 20;

/// One upload.
pub struct Receiving<S: Store> {
    transfer: u32,
    upload: S::Upload,
    at: u64,
    told: u64,
}

/// What a commit led to.
pub enum Committed {
    /// The file is in its place.
    Done,
    /// It is not, and the upload is over.
    Over(Failure),
    /// It is not; the client may try again.
    Kept(Failure),
}

impl<S: Store> Receiving<S> {
    /// Starts or resumes. A partial file that is longer than the content's `size` cannot be its start and goes.
    ///
    /// # Errors
    /// The host's.
    pub fn begin(store: &S, transfer: u32, names: &[String], key: &str, size: Option<u64>) -> Result<Self> {
        let (parent, name) = path::parent(store, names)?;
        let mut upload = store.begin(&parent, name, key)?;
        if size.is_some_and(|size| store.offset(&upload) > size) {
            store.discard(&upload);
            drop(upload);
            upload = store.begin(&parent, name, key)?;
        }
        let at = store.offset(&upload);
        Ok(Self { transfer, upload, at, told: at })
    }

    /// Its number.
    #[must_use]
    pub fn transfer(&self) -> u32 {
        self.transfer
    }

    /// Where the next byte goes.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.at
    }

    /// Writes; says how far it is from time to time.
    ///
    /// # Errors
    /// The host's; the upload is then over, its partial file kept.
    pub fn write(&mut self, store: &S, offset: u64, bytes: &[u8]) -> Result<Option<Event>> {
        if offset != self.at {
            return Err(Error::Invalid(format!("the next byte is {}, not {offset}", self.at)));
        }
        store.write(&self.upload, offset, bytes)?;
        self.at += bytes.len() as u64;
        if self.at - self.told < TOLD {
            return Ok(None);
        }
        self.told = self.at;
        Ok(Some(Event::Written { transfer: self.transfer, offset: self.at }))
    }

    /// Checks and puts in place.
    ///
    /// # Errors
    /// `cancelled` when the channel is closing.
    pub fn commit(&self, store: &S, hash: &str, modified: Option<u64>, replace: bool) -> Result<Committed> {
        let Ok(hash) = blake3::Hash::from_hex(hash) else {
            return Ok(Committed::Kept(Failure::new("invalid", "`blake3` is 64 hexadecimal digits")));
        };
        match store.commit(&self.upload, hash.as_bytes(), modified, replace) {
            Ok(()) => Ok(Committed::Done),
            Err(Error::Cancelled) => Err(Error::Cancelled),
            // `hospes:files/write`: on `invalid` the partial file is gone.
            Err(Error::Invalid(why)) => Ok(Committed::Over(Failure::new("wrong-hash", why))),
            Err(error) => Ok(Committed::Kept(error.into())),
        }
    }

    /// Gives up; the partial file goes.
    pub fn discard(self, store: &S) {
        store.discard(&self.upload);
    }
}
