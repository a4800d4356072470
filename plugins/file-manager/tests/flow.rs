//! Bad messages, ids, windows, turns, and what a client says about its content.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use hospes_plugin_file_manager::message::{CHUNK, data, data_message};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::{
    Incoming, Memory, and_time, answers, code, converse, data_json, hash, incoming, json_of, long, received, talk,
};

#[test]
fn a_message_that_is_too_long_is_named_and_the_channel_goes_on() {
    let memory = Memory::with(&[]);
    let messages = vec![Incoming::TooLong, incoming(&json!({"id": 1, "op": "roots"}))];
    let said = json_of(&converse(&memory, messages, &|_| Vec::new())).split_off(1);
    assert_eq!((said[0]["event"].as_str(), code(&said[0])), (Some("error"), "invalid"));
    assert_eq!((&said[1]["id"], code(&said[1])), (&json!(1), "ok"));
}

#[test]
fn an_answer_is_never_too_long() {
    let memory = Memory::with(&[]);
    let name = "\u{1}".repeat(200_000);
    for wild in [json!({"id": 1, "op": name}), json!({"id": 1, "op": "read", "path": name})] {
        let said = answers(&memory, &[wild, json!({"id": 2, "op": "roots"})]);
        assert_ne!(code(&said[0]), "ok");
        assert!(said[0]["error"]["message"].as_str().unwrap().len() < 5000);
        assert_eq!(code(&said[1]), "ok");
    }
    for n in 0..3 {
        memory.put(&format!("Home/{n}{name}"), b"");
    }
    let said = answers(&memory, &[json!({"id": 1, "op": "list", "path": ["Home"]})]);
    assert_eq!((&said[0]["id"], code(&said[0])), (&json!(1), "too-long"));
}

#[test]
fn a_request_without_an_id_is_refused_and_not_done() {
    let memory = Memory::with(&[("Home/a", b"1")]);
    for request in [
        json!({"op": "remove", "path": ["Home", "a"]}),
        json!({"op": "remove", "path": ["Home", "a"], "recursive": true}),
        json!({"op": "rename", "path": ["Home", "a"], "to": ["Home", "b"]}),
        json!({"op": "list", "path": []}),
        json!({"id": null, "op": "roots"}),
        json!({"id": "one", "op": "roots"}),
    ] {
        let said = answers(&memory, &and_time(std::slice::from_ref(&request), 3));
        assert_eq!(said.len(), 1, "{request}");
        assert_eq!((said[0]["event"].as_str(), code(&said[0])), (Some("error"), "invalid"), "{request}");
    }
    assert!(memory.things.borrow().contains_key("Home/a"));
    assert!(answers(&memory, &[json!({"op": "credit", "transfer": 1, "bytes": 1})]).is_empty());
}

#[test]
fn an_id_that_is_in_use_is_refused_without_ending_what_uses_it() {
    let memory = Memory::with(&[("Home/t/a", b""), ("Home/b", b"")]);
    let remove = json!({"id": 1, "op": "remove", "path": ["Home", "t"], "recursive": true});
    for second in [json!({"id": 1, "op": "roots"}), json!({"id": 1, "op": "fly"}), remove.clone()] {
        memory.put("Home/t/a", b"");
        let said = answers(&memory, &and_time(&[remove.clone(), second.clone()], 5));
        assert_eq!((said[0]["event"].as_str(), code(&said[0])), (Some("error"), "invalid"), "{second}");
        assert_eq!((&said[1]["id"], said[1]["ok"]["removed"].as_u64(), said.len()), (&json!(1), Some(1), 2));
    }
    assert_eq!(code(&answers(&memory, &[json!({"id": 1, "op": "roots"}), json!({"id": 1, "op": "roots"})])[1]), "ok");
}

#[test]
fn a_time_before_1970_counts_as_1970() {
    let memory = Memory::with(&[]);
    for (id, (modified, kept)) in [(json!(-5), Some(0)), (json!(5), Some(5)), (json!(null), None)].iter().enumerate() {
        let said = answers(
            &memory,
            &[
                json!({"id": 1, "op": "write", "path": ["Home", id.to_string()], "key": "k"}),
                json!({"id": 2, "op": "commit", "transfer": 1, "blake3": hash(b""), "modified": modified}),
            ],
        );
        assert_eq!(code(&said[1]), "ok", "{modified}");
        assert_eq!(memory.committed.borrow().last(), Some(kept));
    }
}

#[test]
fn a_partial_file_that_is_longer_than_the_content_starts_anew() {
    let begin = |size: Value| json!({"id": 1, "op": "write", "path": ["Home", "n"], "key": "k", "size": size});
    for (size, offset) in [(json!(4), 0), (json!(0), 0), (json!(5), 5), (json!(9), 5), (json!(null), 5)] {
        let memory = Memory::with(&[]);
        answers(&memory, &[begin(json!(null)), data_json(1, 0, b"12345")]);
        let said = answers(&memory, &[begin(size.clone()), data_json(1, offset, b"x")]);
        assert_eq!(said, [json!({"id": 1, "ok": {"transfer": 1, "offset": offset}})], "{size}");
        assert_eq!(memory.partial.borrow().values().next().unwrap().len() as u64, offset + 1);
    }
}

fn read(id: u32, window: u64) -> Value {
    json!({"id": id, "op": "read", "path": ["Home", "a"], "window": window})
}

fn credit(bytes: u64) -> Value {
    json!({"op": "credit", "transfer": 1, "bytes": bytes})
}

#[test]
fn a_window_of_nothing_is_refused() {
    let said = answers(&Memory::with(&[("Home/a", b"1")]), &and_time(&[read(1, 0)], 3));
    assert_eq!((said.len(), code(&said[0])), (1, "invalid"));
}

#[test]
fn small_credits_are_gathered() {
    let memory = Memory::with(&[("Home/a", &long())]);
    let window = CHUNK as u64;
    let mut messages = and_time(&[read(1, window)], 3);
    for _ in 0..(64 << 10) - 1 {
        messages.extend([credit(1), Value::Null]);
    }
    let sent = talk(&memory, &messages);
    assert_eq!(sent.iter().filter_map(|m| data(m)).count(), 1, "not worth a message yet");
    messages.extend([credit(1), Value::Null]);
    let sizes: Vec<_> =
        talk(&memory, &messages).iter().filter_map(|m| data(m).map(|(_, _, bytes)| bytes.len())).collect();
    assert_eq!(sizes, [CHUNK, 64 << 10]);
}

#[test]
fn every_window_reaches_the_end() {
    let content = &long()[..3000];
    let memory = Memory::with(&[("Home/a", content)]);
    for window in [1, 2, 3, 100, 999, 2999, 3000, 3001] {
        let sent = converse(&memory, [read(1, window), Value::Null].iter().map(incoming).collect(), &|message| {
            match data(message) {
                // Consumed at once and given back in two parts.
                Some((_, _, bytes)) => {
                    let first = bytes.len() as u64 / 2;
                    [credit(first), credit(bytes.len() as u64 - first), Value::Null, Value::Null]
                        .iter()
                        .map(incoming)
                        .collect()
                }
                None => Vec::new(),
            }
        });
        assert_eq!(received(&sent, 1).1, content, "window {window}");
        assert_eq!(json_of(&sent).last().unwrap()["blake3"], hash(content), "window {window}");
    }
}

#[test]
fn uploads_and_downloads_take_turns_and_a_listing_is_answered_at_once() {
    let memory = Memory::with(&[("Home/a", &long().repeat(8))]);
    let mut messages = vec![
        json!({"id": 1, "op": "read", "path": ["Home", "a"]}),
        json!({"id": 2, "op": "write", "path": ["Home", "n"], "key": "k"}),
    ];
    for n in 0..10 {
        messages.push(data_json(2, n * 1000, &[7; 1000]));
        messages.push(json!({"id": 100 + n, "op": "list", "path": ["Home"]}));
    }
    let uploaded = std::cell::RefCell::new(Vec::new());
    let sent = converse(&memory, messages.iter().map(incoming).collect(), &|message| {
        if data(message).is_some() {
            uploaded.borrow_mut().push(memory.partial.borrow().values().map(Vec::len).sum::<usize>());
        }
        Vec::new()
    });
    let steps = uploaded.borrow();
    assert_eq!(steps[..10], [1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10000], "{steps:?}");
    let listings = sent.iter().position(|m| m.starts_with(b"{\"id\":100")).unwrap();
    assert_eq!(sent[..listings].iter().filter_map(|m| data(m)).count(), 1, "one data message before the first listing");
    assert_eq!(json_of(&sent).iter().filter(|m| m["ok"]["entries"].is_array()).count(), 10);
}

#[test]
fn a_file_that_changes_during_its_download_is_named() {
    // New content and time, and what the client is told.
    let (same, longer) = (long(), [long(), b"more".to_vec()].concat());
    let cases: [(&[u8], u64, &str); 5] = [
        (&same, 7, "ok"),
        (&same, 8, "changed"),
        (&same[..CHUNK], 7, "changed"),
        (b"", 8, "changed"),
        // As a log does: whole up to the size that was told.
        (&longer, 8, "ok"),
    ];
    for (content, modified, expected) in cases {
        let memory = Memory::with(&[("Home/a", &long())]);
        let (new, reads) = (content.to_vec(), std::cell::Cell::new(0));
        *memory.meddler.borrow_mut() = Some(Box::new(move |memory, what, at| {
            reads.set(reads.get() + usize::from(what == "read"));
            if reads.get() == 2 {
                memory.put(at, &new);
                memory.modified.set(modified);
            }
        }));
        let messages = and_time(&[json!({"id": 1, "op": "read", "path": ["Home", "a"]})], 6);
        let end = answers(&memory, &messages).remove(1);
        assert_eq!((end["event"].as_str(), code(&end)), (Some("end"), expected), "{} bytes", content.len());
        if expected == "ok" {
            assert_eq!((&end["blake3"], &end["size"]), (&json!(hash(&long())), &json!(long().len())));
        }
    }
}

/// What the client does next in the property below.
#[derive(Clone, Copy, Debug)]
enum Move {
    Wait,
    Upload(usize),
    Credit(bool, u16),
    List,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        Just(Move::Wait),
        (1..5000usize).prop_map(Move::Upload),
        (any::<bool>(), any::<u16>()).prop_map(|(which, bytes)| Move::Credit(which, bytes)),
        Just(Move::List),
    ];
    proptest::collection::vec(one, 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_interleaving_yields_the_right_bytes(
        moves in moves(),
        sizes in (0..600_000usize, 0..600_000usize),
        upload in 0..60_000usize,
        window in 1..300_000u64,
        offset in 0.0..=1.0f64,
    ) {
        let content = long().repeat(2);
        let (first, second, up) = (&content[..sizes.0], &content[7..7 + sizes.1], &content[99..99 + upload]);
        let offset = (second.len() as f64 * offset) as u64;
        let memory = Memory::with(&[("Home/a", first), ("Home/b", second)]);
        let mut messages = vec![
            incoming(&read(1, window)),
            incoming(&json!({"id": 2, "op": "read", "path": ["Home", "b"], "offset": offset})),
            incoming(&json!({"id": 3, "op": "write", "path": ["Home", "up"], "key": "k", "size": upload})),
        ];
        let mut at = 0;
        let mut send = |messages: &mut Vec<Incoming>, most: usize| {
            let end = (at + most).min(up.len());
            if at < end {
                messages.push(Incoming::Message(data_message(3, at as u64, &up[at..end])));
            }
            at = end;
            at < up.len()
        };
        let mut given = 0;
        for one in moves {
            match one {
                Move::Wait => messages.push(Incoming::Nothing),
                Move::Upload(most) => {
                    send(&mut messages, most);
                }
                Move::Credit(windowed, bytes) => {
                    given += if windowed { u64::from(bytes) } else { 0 };
                    let transfer = if windowed { 1 } else { 2 };
                    messages.push(incoming(&json!({"op": "credit", "transfer": transfer, "bytes": bytes})));
                }
                Move::List => messages.push(incoming(&json!({"id": 9, "op": "list", "path": ["Home"]}))),
            }
        }
        while send(&mut messages, 50_000) {}
        messages.push(incoming(&json!({"id": 4, "op": "commit", "transfer": 3, "blake3": hash(up)})));
        prop_assert!(given <= 60 * u64::from(u16::MAX));
        messages.push(incoming(&credit(1 << 40)));
        messages.extend(std::iter::repeat_n(Incoming::Nothing, 2000));
        let sent = converse(&memory, messages, &|_| Vec::new());
        prop_assert_eq!(received(&sent, 1).1, first);
        prop_assert_eq!(received(&sent, 2).1, &second[offset as usize..]);
        prop_assert_eq!(&memory.things.borrow()["Home/up"], &up);
        let said = json_of(&sent);
        prop_assert!(said.iter().all(|m| m.get("error").is_none()));
        for (transfer, content) in [(1, first), (2, second)] {
            let end = said.iter().find(|m| m["event"] == "end" && m["transfer"] == transfer).unwrap();
            prop_assert_eq!(&end["blake3"], &json!(hash(content)));
        }
    }
}
