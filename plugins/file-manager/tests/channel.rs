//! The whole channel against folders in memory: what the client sends, what it gets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use hospes_plugin_file_manager::message::{CHUNK, TRANSFERS, data};
use serde_json::{Value, json};
use support::{Memory, answers, code, data_json, json_of, long, received, talk};

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
