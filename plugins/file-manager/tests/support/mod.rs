//! Folders in memory and a client, for the tests of the whole channel.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use hospes_plugin_file_manager::message::{CHUNK, HEADER, data, data_message};
use hospes_plugin_file_manager::serve::Session;
use hospes_plugin_file_manager::store::{Pipe, Store, Taken};
use hospes_sdk::files::{Entry, Kind, Page, Root};
use hospes_sdk::{Denial, Error, Result};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

/// What somebody else does to the folders right before a host call: its name and the path it is about.
type Meddler = Box<dyn Fn(&Memory, &str, &str)>;

/// Files by their path, `Home/a/b`; directories end with a slash.
#[derive(Default)]
pub struct Memory {
    pub things: RefCell<BTreeMap<String, Vec<u8>>>,
    pub partial: RefCell<BTreeMap<String, Vec<u8>>>,
    pub locked: Cell<bool>,
    pub shrink: Cell<bool>,
    /// Of every file.
    pub modified: Cell<u64>,
    pub meddler: RefCell<Option<Meddler>>,
    /// The `modified` of each commit.
    pub committed: RefCell<Vec<Option<u64>>>,
    /// Directory handles that are open, the most that were, and all host calls.
    pub open: Cell<usize>,
    pub most_open: Cell<usize>,
    pub calls: Cell<usize>,
}

impl Memory {
    pub fn with(things: &[(&str, &[u8])]) -> Rc<Self> {
        let memory = Self::default();
        memory.modified.set(7);
        for (path, content) in things {
            memory.put(path, content);
        }
        Rc::new(memory)
    }

    pub fn put(&self, path: &str, content: &[u8]) {
        self.things.borrow_mut().insert(path.into(), content.to_vec());
    }

    /// Deletes it with all that is in it.
    pub fn lose(&self, path: &str) {
        let inside = format!("{path}/");
        self.things.borrow_mut().retain(|key, _| key != path && !key.starts_with(&inside));
    }

    fn may(&self) -> Result<()> {
        if self.locked.get() { Err(Error::Denied(Denial::LocalUserRevoked)) } else { Ok(()) }
    }

    fn called(&self, what: &str, path: &str) {
        self.calls.set(self.calls.get() + 1);
        if let Some(meddler) = &*self.meddler.borrow() {
            meddler(self, what, path);
        }
    }

    fn is_directory(&self, path: &str) -> bool {
        let inside = format!("{path}/");
        self.things.borrow().range(inside.clone()..).next().is_some_and(|(key, _)| key.starts_with(&inside))
    }

    fn entry(&self, path: &str, name: &str) -> Result<Entry> {
        let kind = if self.is_directory(path) { Kind::Directory } else { Kind::File };
        let things = self.things.borrow();
        let size = things.get(path).map_or(0, |content| content.len() as u64);
        if kind == Kind::File && !things.contains_key(path) {
            return Err(Error::NotFound);
        }
        Ok(Entry { name: name.into(), kind, size, modified: Some(self.modified.get()), addressable: true })
    }
}

/// An open directory; counted.
pub struct Directory {
    path: String,
    memory: Rc<Memory>,
}

impl Directory {
    fn new(path: String, memory: &Rc<Memory>) -> Self {
        memory.open.set(memory.open.get() + 1);
        memory.most_open.set(memory.most_open.get().max(memory.open.get()));
        Self { path, memory: Rc::clone(memory) }
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        self.memory.open.set(self.memory.open.get() - 1);
    }
}

pub struct Folders(pub Rc<Memory>);

pub struct Upload {
    path: String,
    key: String,
}

impl Store for Folders {
    type Directory = Directory;
    type File = String;
    type Upload = Upload;

    fn may_write(&self) -> bool {
        !self.0.locked.get()
    }
    fn roots(&self) -> Result<Vec<Root>> {
        Ok(vec![Root { name: "Home".into(), writable: true }])
    }
    fn open_root(&self, name: &str) -> Result<Directory> {
        if name == "Home" { Ok(Directory::new("Home".into(), &self.0)) } else { Err(Error::NotFound) }
    }
    fn open_directory(&self, parent: &Directory, name: &str) -> Result<Directory> {
        let path = format!("{}/{name}", parent.path);
        self.0.called("open", &path);
        match self.0.entry(&path, name)?.kind {
            Kind::Directory => Ok(Directory::new(path, &self.0)),
            _ => Err(Error::failure("not-directory", "a file")),
        }
    }
    fn entries(&self, directory: &Directory, from: Option<&str>) -> Result<Page> {
        self.0.called("list", &directory.path);
        let prefix = format!("{}/", directory.path);
        let things = self.0.things.borrow();
        let mut names: Vec<_> = things
            .range(prefix.clone()..)
            .map_while(|(key, _)| key.strip_prefix(&prefix)?.split('/').next().map(ToOwned::to_owned))
            .filter(|name| !name.is_empty() && from.is_none_or(|from| name.as_str() > from))
            .collect();
        names.dedup();
        let more = names.len() > 3;
        names.truncate(3);
        let next = names.last().filter(|_| more).cloned();
        drop(things);
        let entries = names.iter().map(|name| self.0.entry(&format!("{prefix}{name}"), name)).collect::<Result<_>>()?;
        Ok(Page { entries, next })
    }
    fn stat(&self, parent: &Directory, name: &str) -> Result<Entry> {
        self.0.entry(&format!("{}/{name}", parent.path), name)
    }
    fn open_file(&self, parent: &Directory, name: &str) -> Result<String> {
        self.stat(parent, name)?;
        Ok(format!("{}/{name}", parent.path))
    }
    fn stat_file(&self, file: &String) -> Result<Entry> {
        self.0.entry(file, "")
    }
    fn read(&self, file: &String, offset: u64, len: u32) -> Result<Vec<u8>> {
        self.0.called("read", file);
        let things = self.0.things.borrow();
        if self.0.shrink.get() {
            return Ok(Vec::new());
        }
        Ok(things[file].iter().skip(offset as usize).take(len as usize).copied().collect())
    }
    fn create_directory(&self, parent: &Directory, name: &str) -> Result<()> {
        self.0.may()?;
        if self.stat(parent, name).is_ok() {
            return Err(Error::AlreadyExists);
        }
        self.0.things.borrow_mut().insert(format!("{}/{name}/", parent.path), Vec::new());
        Ok(())
    }
    fn remove(&self, parent: &Directory, name: &str) -> Result<()> {
        self.0.may()?;
        let path = format!("{}/{name}", parent.path);
        self.0.called("remove", &path);
        let mut things = self.0.things.borrow_mut();
        let inside = format!("{path}/");
        if things.range(inside.clone()..).any(|(key, _)| key.starts_with(&inside) && *key != inside) {
            return Err(Error::failure("not-empty", "full"));
        }
        match things.remove(&path).or_else(|| things.remove(&format!("{path}/"))) {
            Some(_) => Ok(()),
            None => Err(Error::NotFound),
        }
    }
    fn rename(&self, from: (&Directory, &str), to: (&Directory, &str), replace: bool) -> Result<()> {
        if !replace && self.stat(to.0, to.1).is_ok() {
            return Err(Error::AlreadyExists);
        }
        let mut things = self.0.things.borrow_mut();
        let content = things.remove(&format!("{}/{}", from.0.path, from.1)).ok_or(Error::NotFound)?;
        things.insert(format!("{}/{}", to.0.path, to.1), content);
        Ok(())
    }
    fn begin(&self, parent: &Directory, name: &str, key: &str) -> Result<Upload> {
        self.0.may()?;
        Ok(Upload { path: format!("{}/{name}", parent.path), key: key.into() })
    }
    fn offset(&self, upload: &Upload) -> u64 {
        self.0.partial.borrow().get(&format!("{} {}", upload.path, upload.key)).map_or(0, |held| held.len() as u64)
    }
    fn write(&self, upload: &Upload, _offset: u64, bytes: &[u8]) -> Result<()> {
        self.0.may()?;
        let mut partial = self.0.partial.borrow_mut();
        partial.entry(format!("{} {}", upload.path, upload.key)).or_default().extend_from_slice(bytes);
        Ok(())
    }
    fn commit(&self, upload: &Upload, blake3: &[u8], modified: Option<u64>, replace: bool) -> Result<()> {
        let key = format!("{} {}", upload.path, upload.key);
        let content = self.0.partial.borrow().get(&key).cloned().unwrap_or_default();
        if blake3::hash(&content).as_bytes() != blake3 {
            self.0.partial.borrow_mut().remove(&key);
            return Err(Error::Invalid("another hash".into()));
        }
        if !replace && self.0.things.borrow().contains_key(&upload.path) {
            return Err(Error::AlreadyExists);
        }
        self.0.committed.borrow_mut().push(modified);
        self.0.partial.borrow_mut().remove(&key);
        self.0.things.borrow_mut().insert(upload.path.clone(), content);
        Ok(())
    }
    fn discard(&self, upload: &Upload) {
        self.0.partial.borrow_mut().remove(&format!("{} {}", upload.path, upload.key));
    }
}

/// One thing that a pipe hands over when the component looks.
#[derive(Clone, Debug)]
pub enum Incoming {
    /// A message.
    Message(Vec<u8>),
    /// Nothing at the moment: time for work.
    Nothing,
    /// Longer than a message may be.
    TooLong,
}

/// Sends one after the other, then leaves; reacts to what the component says.
struct Client<'a> {
    incoming: RefCell<VecDeque<Incoming>>,
    sent: RefCell<Vec<Vec<u8>>>,
    react: &'a dyn Fn(&[u8]) -> Vec<Incoming>,
}

impl Pipe for &Client<'_> {
    fn wait(&self) {}
    fn take(&self) -> Result<Taken> {
        match self.incoming.borrow_mut().pop_front() {
            Some(Incoming::Message(message)) => Ok(Taken::Message(message)),
            Some(Incoming::Nothing) => Ok(Taken::Nothing),
            Some(Incoming::TooLong) => Err(Error::Invalid("a message of 1048577 bytes is longer than 1048576".into())),
            None => Ok(Taken::Gone),
        }
    }
    fn send(&self, message: &[u8]) -> Result<()> {
        if message.len() > 1 << 20 {
            return Err(Error::Invalid("too long".into()));
        }
        assert!(message[0] == b'{' || message.len() <= HEADER + CHUNK);
        self.incoming.borrow_mut().extend((self.react)(message));
        self.sent.borrow_mut().push(message.to_vec());
        Ok(())
    }
}

/// A whole channel; what the component sent.
pub fn converse(memory: &Rc<Memory>, incoming: Vec<Incoming>, react: &dyn Fn(&[u8]) -> Vec<Incoming>) -> Vec<Vec<u8>> {
    let client = Client { incoming: RefCell::new(incoming.into()), sent: RefCell::default(), react };
    Session::new(Folders(Rc::clone(memory)), &client).run().unwrap();
    assert_eq!(memory.open.get(), 0, "every handle was given back");
    client.sent.into_inner()
}

/// JSON as a message, an array as a binary one, `null` as nothing at the moment.
pub fn incoming(message: &Value) -> Incoming {
    match message {
        Value::Null => Incoming::Nothing,
        Value::Array(bytes) => Incoming::Message(bytes.iter().map(|b| b.as_u64().unwrap() as u8).collect()),
        other => Incoming::Message(serde_json::to_vec(other).unwrap()),
    }
}

pub fn talk(memory: &Rc<Memory>, messages: &[Value]) -> Vec<Vec<u8>> {
    converse(memory, messages.iter().map(incoming).collect(), &|_| Vec::new())
}

pub fn json_of(messages: &[Vec<u8>]) -> Vec<Value> {
    messages.iter().filter(|m| m[0] == b'{').map(|m| serde_json::from_slice(m).unwrap()).collect()
}

/// The answers after `hello`.
pub fn answers(memory: &Rc<Memory>, messages: &[Value]) -> Vec<Value> {
    json_of(&talk(memory, messages)).split_off(1)
}

pub fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or("ok")
}

/// The messages, then plenty of time for work.
pub fn and_time(messages: &[Value], turns: usize) -> Vec<Value> {
    messages.iter().cloned().chain(std::iter::repeat_n(Value::Null, turns)).collect()
}

/// Two and a half data messages' worth.
pub fn long() -> Vec<u8> {
    (0..CHUNK * 2 + 100).map(|n| (n * 31 + n / 999) as u8).collect()
}

/// Where a download started and what came.
pub fn received(sent: &[Vec<u8>], transfer: u32) -> (u64, Vec<u8>) {
    let pieces: Vec<_> = sent.iter().filter_map(|m| data(m)).filter(|(t, ..)| *t == transfer).collect();
    let start = pieces.first().map_or(0, |piece| piece.1);
    let mut at = start;
    for (_, offset, bytes) in &pieces {
        assert_eq!(*offset, at, "in order and without gaps");
        at += bytes.len() as u64;
    }
    (start, pieces.iter().flat_map(|(_, _, bytes)| bytes.to_vec()).collect())
}

pub fn data_json(transfer: u32, offset: u64, bytes: &[u8]) -> Value {
    json!(data_message(transfer, offset, bytes))
}

pub fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}
