//! The loop of one channel: requests first, at most one data message of an upload, then one of a download and a few
//! entries of a removal. So a listing waits for one data message at most, and no transfer starves another. Without work
//! the loop sleeps until a message comes.

use crate::download::{self, Download};
use crate::message::{Answer, CHUNK, EntryInfo, Event, Failure, Op, Refused, Reply, RootInfo, TRANSFERS, data, parse};
use crate::path;
use crate::removal::{self, REMOVALS, Removal};
use crate::store::{Pipe, Store, Taken};
use crate::upload::{Committed, Receiving};
use hospes_sdk::{Error, MAX_MESSAGE, Result};
use serde::Serialize;

/// Most requests of the client that are answered before work gets its turn.
const MOST_AT_ONCE: usize = 64;
/// Progress of a removal is told each time that many entries are gone.
const TOLD: u64 = 100;

/// One channel.
pub struct Session<S: Store, P: Pipe> {
    store: S,
    pipe: P,
    // In the order in which they get their turn. There are few: lists are enough, and maps would be more code to send to
    // each host.
    downloads: Vec<Download<S>>,
    uploads: Vec<Receiving<S>>,
    removals: Vec<Removal<S>>,
    last_transfer: u32,
    gone: bool,
}

/// A reply now, or one that comes when the work is done.
enum Outcome {
    Reply(Answer),
    Later,
}

impl<S: Store, P: Pipe> Session<S, P> {
    /// Nothing was asked for yet.
    pub fn new(store: S, pipe: P) -> Self {
        Self {
            store,
            pipe,
            downloads: Vec::new(),
            uploads: Vec::new(),
            removals: Vec::new(),
            last_transfer: 0,
            gone: false,
        }
    }

    /// Serves until the client is done or the channel closes.
    ///
    /// # Errors
    /// What ends a channel for another reason than its closing.
    pub fn run(mut self) -> Result<()> {
        match self.serve() {
            Err(Error::Cancelled) => Ok(()),
            other => other,
        }
    }

    fn serve(&mut self) -> Result<()> {
        let (roots, error) = match self.store.roots() {
            Ok(roots) => (roots.into_iter().map(RootInfo::from).collect(), None),
            Err(Error::Cancelled) => return Err(Error::Cancelled),
            Err(error) => (Vec::new(), Some(error.into())),
        };
        let write = self.store.may_write();
        self.send(&Event::Hello { v: 1, roots, write, chunk: CHUNK, transfers: TRANSFERS, error })?;
        while !self.gone {
            if self.removals.is_empty() && !self.downloads.iter().any(Download::can_go_on) {
                self.pipe.wait();
            }
            self.work_off_messages()?;
            self.step_download()?;
            self.step_removal()?;
        }
        Ok(())
    }

    /// Answers requests until there are none, or until a data message: downloads are next then.
    fn work_off_messages(&mut self) -> Result<()> {
        for _ in 0..MOST_AT_ONCE {
            match self.pipe.take() {
                Ok(Taken::Message(message)) if message.first() == Some(&b'{') => self.request(&message)?,
                Ok(Taken::Message(message)) => return self.data(&message),
                Ok(Taken::Nothing) => break,
                Ok(Taken::Gone) => {
                    self.gone = true;
                    break;
                }
                // Too long; it is consumed.
                Err(error @ Error::Invalid(_)) => self.send(&Event::Error { error: error.into() })?,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn request(&mut self, message: &[u8]) -> Result<()> {
        let (id, op) = match parse(message) {
            // Never answered.
            (id, Ok(op @ Op::Credit { .. })) => (id.unwrap_or(0), Ok(op)),
            (Some(id), _) if self.removals.iter().any(|removal| removal.id() == id) => {
                return self.complain(&format!("the id {id} is still in use"));
            }
            (Some(id), op) => (id, op),
            (None, Ok(_)) => return self.complain("a request needs an `id`, a number from 0 to 2^53"),
            (None, Err(error)) => return self.send(&Event::Error { error }),
        };
        let (ok, error) = match op.map_err(Refused::from).and_then(|op| self.perform(id, op)) {
            Ok(Outcome::Later) => return Ok(()),
            Ok(Outcome::Reply(answer)) => (Some(answer), None),
            Err(Refused::Cancelled) => return Err(Error::Cancelled),
            Err(Refused::Failure(failure)) => (None, Some(failure)),
        };
        let reply = json(&Reply { id, ok, error })?;
        if reply.len() > MAX_MESSAGE as usize {
            let message = format!("the answer of {} bytes is longer than a message may be", reply.len());
            return self.send(&Reply { id, ok: None, error: Some(Failure::new("too-long", message)) });
        }
        self.pipe.send(&reply)
    }

    fn complain(&self, message: &str) -> Result<()> {
        self.send(&Event::Error { error: Failure::new("invalid", message) })
    }

    fn perform(&mut self, id: u64, op: Op) -> Result<Outcome, Refused> {
        let store = &self.store;
        let answer = match op {
            Op::Roots => {
                let roots = store.roots()?.into_iter().map(RootInfo::from).collect();
                Answer::Roots { roots, write: store.may_write() }
            }
            Op::List { path, .. } if path.is_empty() => {
                let entries = store.roots()?.into_iter().map(|root| EntryInfo::root(root.name)).collect();
                Answer::List { entries, next: None }
            }
            Op::List { path, from } => {
                let page = store.entries(&path::directory(store, &path)?, from.as_deref())?;
                Answer::List { entries: page.entries.into_iter().map(EntryInfo::from).collect(), next: page.next }
            }
            Op::Stat { path } => match &*path {
                [root] => {
                    store.open_root(root)?;
                    Answer::Stat { entry: EntryInfo::root(root.clone()) }
                }
                _ => {
                    let (parent, name) = path::parent(store, &path)?;
                    Answer::Stat { entry: store.stat(&parent, name)?.into() }
                }
            },
            Op::Mkdir { path, parents } => {
                path::make_directory(store, &path, parents)?;
                Answer::Done {}
            }
            Op::Remove { path, recursive: false } => {
                let (parent, name) = path::parent(store, &path)?;
                store.remove(&parent, name)?;
                Answer::Removed { removed: 1 }
            }
            Op::Remove { path, recursive: true } => {
                if self.removals.len() >= REMOVALS {
                    return Err(Failure::new("busy", format!("{REMOVALS} removals are running already")).into());
                }
                let removal = Removal::start(store, id, &path)?;
                self.removals.push(removal);
                return Ok(Outcome::Later);
            }
            Op::Rename { path, to, replace } => {
                let (from, name) = path::parent(store, &path)?;
                let (to, new_name) = path::parent(store, &to)?;
                store.rename((&from, name), (&to, new_name), replace)?;
                Answer::Done {}
            }
            Op::Read { path, offset, window } => {
                let transfer = self.next_transfer()?;
                let download = Download::open(&self.store, transfer, &path, offset, window)?;
                let (size, modified) = (download.start().size, download.start().modified);
                self.downloads.push(download);
                Answer::Read { transfer, size, modified }
            }
            Op::Write { path, key, size } => {
                let transfer = self.next_transfer()?;
                let upload = Receiving::begin(&self.store, transfer, &path, &key, size)?;
                let offset = upload.offset();
                self.uploads.push(upload);
                Answer::Write { transfer, offset }
            }
            Op::Commit { transfer, blake3, modified, replace } => {
                let upload = self.take_upload(transfer).ok_or_else(no_upload)?;
                match upload.commit(&self.store, &blake3, modified, replace)? {
                    Committed::Done => Answer::Done {},
                    Committed::Over(failure) => return Err(failure.into()),
                    Committed::Kept(failure) => {
                        self.uploads.push(upload);
                        return Err(failure.into());
                    }
                }
            }
            Op::Discard { transfer } => {
                self.take_upload(transfer).ok_or_else(no_upload)?.discard(&self.store);
                Answer::Done {}
            }
            Op::Cancel { target, transfer } => {
                self.cancel(target, transfer)?;
                Answer::Done {}
            }
            Op::Credit { transfer, bytes } => {
                // One for a transfer that is over is ignored.
                if let Some(download) = self.downloads.iter_mut().find(|download| download.transfer() == transfer) {
                    download.credit(bytes);
                }
                return Ok(Outcome::Later);
            }
        };
        Ok(Outcome::Reply(answer))
    }

    fn next_transfer(&mut self) -> Result<u32, Failure> {
        if self.downloads.len() + self.uploads.len() >= TRANSFERS {
            return Err(Failure::new("busy", format!("{TRANSFERS} transfers are running already")));
        }
        let over = || Failure::new("busy", "this channel has run out of transfer numbers; open another");
        self.last_transfer = self.last_transfer.checked_add(1).ok_or_else(over)?;
        Ok(self.last_transfer)
    }

    fn take_upload(&mut self, transfer: u32) -> Option<Receiving<S>> {
        let at = self.uploads.iter().position(|upload| upload.transfer() == transfer)?;
        Some(self.uploads.remove(at))
    }

    fn cancel(&mut self, target: Option<u64>, transfer: Option<u32>) -> Result<(), Refused> {
        let before = (self.downloads.len(), self.uploads.len());
        self.downloads.retain(|download| Some(download.transfer()) != transfer);
        self.uploads.retain(|upload| Some(upload.transfer()) != transfer);
        if before != (self.downloads.len(), self.uploads.len()) {
            return Ok(());
        }
        let running = self.removals.iter().position(|removal| Some(removal.id()) == target);
        let Some(removal) = running.map(|at| self.removals.remove(at)) else {
            return Err(Failure::new("not-found", "nothing of that number is running").into());
        };
        let message = format!("cancelled after {} entries", removal.removed());
        let error = Some(Failure::new("cancelled", message));
        Ok(self.send(&Reply { id: removal.id(), ok: None, error })?)
    }

    fn data(&mut self, message: &[u8]) -> Result<()> {
        let Some((transfer, offset, bytes)) = data(message) else {
            return self.send(&Event::Error { error: Failure::new("invalid", "neither a request nor data") });
        };
        // What still arrives for a transfer that is over is ignored.
        let Some(upload) = self.uploads.iter_mut().find(|upload| upload.transfer() == transfer) else { return Ok(()) };
        match upload.write(&self.store, offset, bytes) {
            Ok(Some(event)) => self.send(&event),
            Ok(None) => Ok(()),
            Err(Error::Cancelled) => Err(Error::Cancelled),
            Err(error) => {
                self.take_upload(transfer);
                self.send(&Event::End { transfer, size: None, blake3: None, error: Some(error.into()) })
            }
        }
    }

    fn step_download(&mut self) -> Result<()> {
        let Some(at) = self.downloads.iter().position(Download::can_go_on) else { return Ok(()) };
        let mut download = self.downloads.remove(at);
        match download.step(&self.store)? {
            download::Step::Data(message) => {
                self.downloads.push(download);
                self.pipe.send(&message)
            }
            download::Step::Hashed => {
                self.downloads.push(download);
                Ok(())
            }
            download::Step::End(event) => self.send(&event),
        }
    }

    fn step_removal(&mut self) -> Result<()> {
        if self.removals.is_empty() {
            return Ok(());
        }
        let mut removal = self.removals.remove(0);
        let (id, before, step) = (removal.id(), removal.removed(), removal.step(&self.store));
        let removed = removal.removed();
        match step {
            Ok(removal::Step::Going) => {
                self.removals.push(removal);
                if before / TOLD == removed / TOLD {
                    return Ok(());
                }
                self.send(&Event::Progress { id, removed })
            }
            Ok(removal::Step::Done) => self.send(&Reply { id, ok: Some(Answer::Removed { removed }), error: None }),
            Err(Refused::Cancelled) => Err(Error::Cancelled),
            Err(Refused::Failure(failure)) => self.send(&Reply { id, ok: None, error: Some(failure) }),
        }
    }

    fn send(&self, message: &impl Serialize) -> Result<()> {
        self.pipe.send(&json(message)?)
    }
}

fn json(message: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(message).map_err(|e| Error::failure("not-json", e.to_string()))
}

fn no_upload() -> Failure {
    Failure::new("not-found", "there is no upload of that number")
}
