//! The whole channel against folders in memory: what the client sends, what it gets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use hospes_plugin_file_manager::message::{CHUNK, HEADER, TRANSFERS, data, data_message};
use hospes_plugin_file_manager::serve::Session;
use hospes_plugin_file_manager::store::{Pipe, Store, Taken};
use hospes_sdk::files::{Entry, Kind, Page, Root};
use hospes_sdk::{Denial, Error, Result};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

/// Files by their path, `Home/a/b`; directories end with a slash.
#[derive(Default)]
struct Memory {
    things: RefCell<BTreeMap<String, Vec<u8>>>,
    partial: RefCell<BTreeMap<String, Vec<u8>>>,
    locked: Cell<bool>,
    shrink: Cell<bool>,
}

impl Memory {
    fn with(things: &[(&str, &[u8])]) -> Rc<Self> {
        let memory = Self::default();
        for (path, content) in things {
            memory.things.borrow_mut().insert((*path).into(), content.to_vec());
        }
        Rc::new(memory)
    }

    fn may(&self) -> Result<()> {
        if self.locked.get() { Err(Error::Denied(Denial::LocalUserRevoked)) } else { Ok(()) }
    }

    fn entry(&self, path: &str, name: &str) -> Result<Entry> {
        let things = self.things.borrow();
        let is_directory = things.keys().any(|key| key.starts_with(&format!("{path}/")));
        let kind = if is_directory { Kind::Directory } else { Kind::File };
        let size = things.get(path).map_or(0, |content| content.len() as u64);
        if !is_directory && !things.contains_key(path) {
            return Err(Error::NotFound);
        }
        Ok(Entry { name: name.into(), kind, size, modified: Some(7), addressable: true })
    }
}

struct Folders(Rc<Memory>);

struct Upload {
    path: String,
    key: String,
}

impl Store for Folders {
    type Directory = String;
    type File = String;
    type Upload = Upload;

    fn may_write(&self) -> bool {
        !self.0.locked.get()
    }
    fn roots(&self) -> Result<Vec<Root>> {
        Ok(vec![Root { name: "Home".into(), writable: true }])
    }
    fn open_root(&self, name: &str) -> Result<String> {
        if name == "Home" { Ok("Home".into()) } else { Err(Error::NotFound) }
    }
    fn open_directory(&self, parent: &String, name: &str) -> Result<String> {
        match self.stat(parent, name)?.kind {
            Kind::Directory => Ok(format!("{parent}/{name}")),
            _ => Err(Error::failure("not-directory", "a file")),
        }
    }
    fn entries(&self, directory: &String, from: Option<&str>) -> Result<Page> {
        let prefix = format!("{directory}/");
        let things = self.0.things.borrow();
        let mut names: Vec<_> = things
            .keys()
            .filter_map(|key| key.strip_prefix(&prefix)?.split('/').next().map(ToOwned::to_owned))
            .filter(|name| !name.is_empty() && from.is_none_or(|from| name.as_str() > from))
            .collect();
        names.dedup();
        let more = names.len() > 3;
        names.truncate(3);
        let next = names.last().filter(|_| more).cloned();
        drop(things);
        let entries = names.iter().map(|name| self.stat(directory, name)).collect::<Result<_>>()?;
        Ok(Page { entries, next })
    }
    fn stat(&self, parent: &String, name: &str) -> Result<Entry> {
        self.0.entry(&format!("{parent}/{name}"), name)
    }
    fn open_file(&self, parent: &String, name: &str) -> Result<String> {
        self.stat(parent, name)?;
        Ok(format!("{parent}/{name}"))
    }
    fn stat_file(&self, file: &String) -> Result<Entry> {
        self.0.entry(file, "")
    }
    fn read(&self, file: &String, offset: u64, len: u32) -> Result<Vec<u8>> {
        let things = self.0.things.borrow();
        if self.0.shrink.get() {
            return Ok(Vec::new());
        }
        Ok(things[file].iter().skip(offset as usize).take(len as usize).copied().collect())
    }
    fn create_directory(&self, parent: &String, name: &str) -> Result<()> {
        self.0.may()?;
        if self.stat(parent, name).is_ok() {
            return Err(Error::AlreadyExists);
        }
        self.0.things.borrow_mut().insert(format!("{parent}/{name}/"), Vec::new());
        Ok(())
    }
    fn remove(&self, parent: &String, name: &str) -> Result<()> {
        self.0.may()?;
        let path = format!("{parent}/{name}");
        let mut things = self.0.things.borrow_mut();
        if things.keys().any(|key| key.starts_with(&format!("{path}/")) && *key != format!("{path}/")) {
            return Err(Error::failure("not-empty", "full"));
        }
        match things.remove(&path).or_else(|| things.remove(&format!("{path}/"))) {
            Some(_) => Ok(()),
            None => Err(Error::NotFound),
        }
    }
    fn rename(&self, from: (&String, &str), to: (&String, &str), replace: bool) -> Result<()> {
        if !replace && self.stat(to.0, to.1).is_ok() {
            return Err(Error::AlreadyExists);
        }
        let mut things = self.0.things.borrow_mut();
        let content = things.remove(&format!("{}/{}", from.0, from.1)).ok_or(Error::NotFound)?;
        things.insert(format!("{}/{}", to.0, to.1), content);
        Ok(())
    }
    fn begin(&self, parent: &String, name: &str, key: &str) -> Result<Upload> {
        self.0.may()?;
        Ok(Upload { path: format!("{parent}/{name}"), key: key.into() })
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
    fn commit(&self, upload: &Upload, blake3: &[u8], _modified: Option<u64>, replace: bool) -> Result<()> {
        let key = format!("{} {}", upload.path, upload.key);
        let content = self.0.partial.borrow().get(&key).cloned().unwrap_or_default();
        if blake3::hash(&content).as_bytes() != blake3 {
            self.0.partial.borrow_mut().remove(&key);
            return Err(Error::Invalid("another hash".into()));
        }
        if !replace && self.0.things.borrow().contains_key(&upload.path) {
            return Err(Error::AlreadyExists);
        }
        self.0.partial.borrow_mut().remove(&key);
        self.0.things.borrow_mut().insert(upload.path.clone(), content);
        Ok(())
    }
    fn discard(&self, upload: &Upload) {
        self.0.partial.borrow_mut().remove(&format!("{} {}", upload.path, upload.key));
    }
}

/// Hands messages over one by one and reacts to answers.
struct Client {
    incoming: RefCell<VecDeque<Vec<u8>>>,
    outgoing: Rc<RefCell<Vec<Vec<u8>>>>,
    react: fn(&Value, &mut VecDeque<Vec<u8>>),
}

impl Pipe for Client {
    fn wait(&self) {}
    fn take(&self) -> Result<Taken> {
        Ok(self.incoming.borrow_mut().pop_front().map_or(Taken::Gone, Taken::Message))
    }
    fn send(&self, message: &[u8]) -> Result<()> {
        assert!(message.len() <= HEADER + CHUNK);
        if message.first() == Some(&b'{') {
            (self.react)(&serde_json::from_slice(message).unwrap(), &mut self.incoming.borrow_mut());
        }
        self.outgoing.borrow_mut().push(message.to_vec());
        Ok(())
    }
}

/// A pipe that says `Nothing` for each `null` among the messages: time for work.
fn talk_and(memory: &Rc<Memory>, messages: &[Value], react: fn(&Value, &mut VecDeque<Vec<u8>>)) -> Vec<Vec<u8>> {
    struct Patient(Client);
    impl Pipe for Patient {
        fn wait(&self) {}
        fn take(&self) -> Result<Taken> {
            Ok(match self.0.take()? {
                Taken::Message(message) if message == b"null" => Taken::Nothing,
                other => other,
            })
        }
        fn send(&self, message: &[u8]) -> Result<()> {
            self.0.send(message)
        }
    }
    let outgoing: Rc<RefCell<Vec<Vec<u8>>>> = Rc::default();
    let incoming = messages.iter().map(|message| match message {
        Value::Array(bytes) => bytes.iter().map(|b| b.as_u64().unwrap() as u8).collect(),
        other => serde_json::to_vec(other).unwrap(),
    });
    let client = Client { incoming: RefCell::new(incoming.collect()), outgoing: Rc::clone(&outgoing), react };
    Session::new(Folders(memory.clone()), Patient(client)).run().unwrap();
    Rc::try_unwrap(outgoing).unwrap().into_inner()
}

fn talk(memory: &Rc<Memory>, messages: &[Value]) -> Vec<Vec<u8>> {
    talk_and(memory, messages, |_, _| {})
}

fn json_of(messages: &[Vec<u8>]) -> Vec<Value> {
    messages.iter().filter(|m| m[0] == b'{').map(|m| serde_json::from_slice(m).unwrap()).collect()
}

/// The answers after `hello`.
fn answers(memory: &Rc<Memory>, messages: &[Value]) -> Vec<Value> {
    json_of(&talk(memory, messages)).split_off(1)
}

fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or("ok")
}

#[test]
fn the_component_speaks_first() {
    let said = json_of(&talk(&Memory::with(&[]), &[]));
    let roots = json!([{"name": "Home", "writable": true}]);
    assert_eq!(
        said,
        [json!({"event": "hello", "v": 1, "roots": roots, "write": true, "chunk": CHUNK, "transfers": TRANSFERS})]
    );
}

#[test]
fn requests_are_answered_and_nonsense_is_named() {
    let memory = Memory::with(&[("Home/a", b"1"), ("Home/b/c", b"22"), ("Home/d", b""), ("Home/e", b"")]);
    let cases = [
        (
            json!({"id": 1, "op": "list", "path": []}),
            json!({"entries": [{"name": "Home", "kind": "directory", "size": 0, "addressable": true}]}),
        ),
        (
            json!({"id": 2, "op": "stat", "path": ["Home", "b", "c"]}),
            json!({"entry": {"name": "c", "kind": "file", "size": 2, "modified": 7, "addressable": true}}),
        ),
        (json!({"id": 3, "op": "mkdir", "path": ["Home", "n", "m"], "parents": true}), json!({})),
        (json!({"id": 4, "op": "rename", "path": ["Home", "a"], "to": ["Home", "b", "a2"]}), json!({})),
        (json!({"id": 5, "op": "remove", "path": ["Home", "d"]}), json!({"removed": 1})),
        (json!({"id": 6, "op": "cancel", "target": 99}), json!("not-found")),
        (json!({"id": 7, "op": "stat", "path": ["Nope"]}), json!("not-found")),
        (json!({"id": 8, "op": "remove", "path": ["Home"]}), json!("invalid")),
        (json!({"id": 9, "op": "mkdir", "path": ["Home", "b"]}), json!("already-exists")),
        (json!({"id": 10, "op": "remove", "path": ["Home", "b"]}), json!("not-empty")),
        (json!({"id": 11, "op": "fly"}), json!("unknown-op")),
        (json!({"id": 12, "op": "list"}), json!("invalid")),
        (json!({"id": 13, "op": "list", "path": "Home/b"}), json!("invalid")),
        (json!({"id": 14, "op": "commit", "transfer": 5, "blake3": "00"}), json!("not-found")),
    ];
    for (request, expected) in cases {
        let answer = answers(&memory, std::slice::from_ref(&request)).remove(0);
        assert_eq!(answer["id"], request["id"]);
        let got = if expected.is_string() { json!(code(&answer)) } else { answer["ok"].clone() };
        assert_eq!(got, expected, "{request}");
    }
    for garbage in [json!([9, 9]), json!([1, 0, 0]), json!([255])] {
        assert_eq!(answers(&memory, &[garbage])[0]["event"], "error");
    }
}

#[test]
fn a_listing_comes_in_pages() {
    let memory = Memory::with(&[("Home/a", b""), ("Home/b", b""), ("Home/c", b""), ("Home/d", b"")]);
    let first = answers(&memory, &[json!({"id": 1, "op": "list", "path": ["Home"]})]).remove(0);
    assert_eq!(first["ok"]["entries"].as_array().unwrap().len(), 3);
    let next = first["ok"]["next"].clone();
    let second = answers(&memory, &[json!({"id": 1, "op": "list", "path": ["Home"], "from": next})]).remove(0);
    assert_eq!(second["ok"]["entries"][0]["name"], "d");
    assert!(second["ok"].get("next").is_none());
}

fn long() -> Vec<u8> {
    (0..CHUNK * 2 + 100).map(|n| (n * 31 + n / 999) as u8).collect()
}

fn received(sent: &[Vec<u8>], transfer: u32) -> (u64, Vec<u8>) {
    let pieces: Vec<_> = sent.iter().filter_map(|m| data(m)).filter(|(t, ..)| *t == transfer).collect();
    let mut at = pieces[0].1;
    for (_, offset, bytes) in &pieces {
        assert_eq!(*offset, at, "in order and without gaps");
        at += bytes.len() as u64;
    }
    (pieces[0].1, pieces.iter().flat_map(|(_, _, bytes)| bytes.to_vec()).collect())
}

#[test]
fn downloads_take_turns_and_their_hash_is_the_whole_files() {
    let content = long();
    let memory = Memory::with(&[("Home/a", &content), ("Home/b", &content), ("Home/empty", b"")]);
    let read =
        |id: u32, name: &str, offset: usize| json!({"id": id, "op": "read", "path": ["Home", name], "offset": offset});
    let mut messages = vec![read(1, "a", 0), read(2, "b", CHUNK), read(3, "empty", 0), read(4, "a", CHUNK * 9)];
    messages.extend(vec![Value::Null; 20]);
    let sent = talk(&memory, &messages);
    assert_eq!(received(&sent, 1), (0, content.clone()));
    assert_eq!(received(&sent, 2), (CHUNK as u64, content[CHUNK..].to_vec()), "it goes on where it was cut");
    let said = json_of(&sent);
    assert_eq!(code(&said[4]), "invalid", "behind the end");
    let hash = |bytes: &[u8]| blake3::hash(bytes).to_hex().to_string();
    for (transfer, expected) in [(1, hash(&content)), (2, hash(&content)), (3, hash(b""))] {
        let end = said.iter().find(|m| m["event"] == "end" && m["transfer"] == transfer).unwrap();
        assert_eq!(end["blake3"], json!(expected));
    }
    let order: Vec<_> = sent.iter().filter_map(|m| data(m)).map(|(transfer, ..)| transfer).collect();
    assert_eq!(
        order,
        [1, 1, 2, 1, 2],
        "no transfer starves another; the second's first turn hashed what the client has"
    );
}

#[test]
fn a_window_is_never_overrun() {
    let memory = Memory::with(&[("Home/a", &long())]);
    let mut messages = vec![json!({"id": 1, "op": "read", "path": ["Home", "a"], "window": 1000})];
    messages.extend(vec![Value::Null; 5]);
    let sent = talk(&memory, &messages);
    assert_eq!(received(&sent, 1).1.len(), 1000);
    messages.push(json!({"op": "credit", "transfer": 1, "bytes": 500}));
    messages.extend(vec![Value::Null; 5]);
    let sent = talk(&memory, &messages);
    assert_eq!(received(&sent, 1).1.len(), 1500);
    assert!(!json_of(&sent).iter().any(|m| m["event"] == "end"));
}

#[test]
fn a_file_that_shrinks_ends_its_download() {
    let memory = Memory::with(&[("Home/a", &long())]);
    memory.shrink.set(true);
    let messages = [json!({"id": 1, "op": "read", "path": ["Home", "a"]}), Value::Null, Value::Null];
    let end = answers(&memory, &messages).remove(1);
    assert_eq!((end["event"].as_str(), code(&end)), (Some("end"), "changed"));
}

fn data_json(transfer: u32, offset: u64, bytes: &[u8]) -> Value {
    json!(data_message(transfer, offset, bytes))
}

#[test]
fn an_upload_resumes_asks_before_it_replaces_and_checks_its_hash() {
    let memory = Memory::with(&[("Home/taken", b"old")]);
    let begin = json!({"id": 1, "op": "write", "path": ["Home", "taken"], "key": "k"});
    answers(&memory, &[begin.clone(), data_json(1, 0, b"ne")]);
    let hash = blake3::hash(b"new").to_hex().to_string();
    let commit = |id, replace| json!({"id": id, "op": "commit", "transfer": 1, "blake3": hash, "replace": replace});
    let said =
        answers(&memory, &[begin.clone(), data_json(1, 2, b"w"), commit(2, false), commit(3, true), commit(4, true)]);
    assert_eq!(said[0]["ok"], json!({"transfer": 1, "offset": 2}));
    assert_eq!([code(&said[1]), code(&said[2]), code(&said[3])], ["already-exists", "ok", "not-found"]);
    assert_eq!(memory.things.borrow()["Home/taken"], b"new");

    let said = answers(&memory, &[begin.clone(), data_json(1, 0, b"damaged"), commit(2, true)]);
    assert_eq!(code(&said[1]), "wrong-hash");
    let said = answers(&memory, &[begin.clone(), data_json(1, 5, b"gap"), data_json(1, 0, b"late"), commit(2, true)]);
    assert_eq!((said[1]["event"].as_str(), code(&said[1])), (Some("end"), "invalid"));
    assert_eq!(code(&said[2]), "not-found");
    answers(&memory, &[begin, data_json(1, 0, b"x"), json!({"id": 2, "op": "discard", "transfer": 1})]);
    assert!(memory.partial.borrow().is_empty());
}

#[test]
fn progress_of_an_upload_is_told() {
    let memory = Memory::with(&[]);
    let mut messages = vec![json!({"id": 1, "op": "write", "path": ["Home", "n"], "key": "k"})];
    messages.extend((0..8).map(|n| data_json(1, n * CHUNK as u64, &vec![7; CHUNK])));
    let told: Vec<_> = answers(&memory, &messages)
        .iter()
        .filter(|m| m["event"] == "written")
        .map(|m| m["offset"].as_u64().unwrap())
        .collect();
    assert_eq!(told, [1 << 20, 2 << 20]);
}

#[test]
fn a_tree_is_deleted_in_steps_that_can_be_cancelled() {
    let tree = |memory: &Rc<Memory>| {
        for n in 0..250 {
            memory.things.borrow_mut().insert(format!("Home/t/s{}/f{n}", n % 3), Vec::new());
        }
    };
    let memory = Memory::with(&[("Home/", b""), ("Home/stays", b"")]);
    tree(&memory);
    for directory in ["Home/t/", "Home/t/s0/", "Home/t/s1/", "Home/t/s2/"] {
        memory.things.borrow_mut().insert(directory.into(), Vec::new());
    }
    let remove = json!({"id": 1, "op": "remove", "path": ["Home", "t"], "recursive": true});
    let said = answers(&memory, &[remove.clone(), Value::Null, json!({"id": 2, "op": "cancel", "target": 1})]);
    assert!(said.iter().any(|m| m["event"] == "progress" && m["removed"].as_u64().unwrap() > 50), "{said:?}");
    assert!(said.iter().any(|m| m["id"] == 1 && code(m) == "cancelled"));
    assert!(memory.things.borrow().len() > 50);
    let mut messages = vec![remove];
    messages.extend(vec![Value::Null; 30]);
    let said = answers(&memory, &messages);
    assert!(said.last().unwrap()["ok"]["removed"].as_u64().unwrap() > 100, "{said:?}");
    assert_eq!(memory.things.borrow().keys().collect::<Vec<_>>(), ["Home/", "Home/stays"]);
}

#[test]
fn what_the_customer_takes_back_is_named_and_the_channel_goes_on() {
    let memory = Memory::with(&[("Home/a", b"1")]);
    memory.locked.set(true);
    let said = answers(
        &memory,
        &[
            json!({"id": 1, "op": "mkdir", "path": ["Home", "n"]}),
            json!({"id": 2, "op": "write", "path": ["Home", "n"], "key": "k"}),
            json!({"id": 3, "op": "stat", "path": ["Home", "a"]}),
        ],
    );
    for refused in &said[..2] {
        assert_eq!((code(refused), &refused["error"]["reason"]), ("denied", &json!("local-user-revoked")));
    }
    assert_eq!(code(&said[2]), "ok");
}

#[test]
fn more_transfers_than_promised_are_busy() {
    let memory = Memory::with(&[]);
    let write = |id: usize| json!({"id": id, "op": "write", "path": ["Home", format!("f{id}")], "key": "k"});
    let said = answers(&memory, &(0..=TRANSFERS).map(write).collect::<Vec<_>>());
    assert!(said[..TRANSFERS].iter().all(|m| code(m) == "ok"));
    assert_eq!(code(&said[TRANSFERS]), "busy");
}
