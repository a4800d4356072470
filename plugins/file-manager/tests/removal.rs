//! Recursive removal: bounded in handles, patient with what others do meanwhile, and never in the way of a listing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use serde_json::{Value, json};
use std::rc::Rc;
use support::{Incoming, Memory, and_time, answers, code, converse, incoming};

fn remove(id: u32, name: &str) -> Value {
    json!({"id": id, "op": "remove", "path": ["Home", name], "recursive": true})
}

fn left(memory: &Rc<Memory>) -> Vec<String> {
    memory.things.borrow().keys().cloned().collect()
}

/// One directory in another, a file in each.
fn put_deep(memory: &Memory, name: &str, levels: usize) {
    let mut path = format!("Home/{name}");
    for _ in 0..levels {
        memory.put(&format!("{path}/"), b"");
        memory.put(&format!("{path}/file"), b"");
        path.push_str("/d");
    }
}

fn put_wide(memory: &Memory) {
    memory.put("Home/t/", b"");
    for n in 0..250 {
        memory.put(&format!("Home/t/s{}/", n % 3), b"");
        memory.put(&format!("Home/t/s{}/f{n}", n % 3), b"");
    }
}

#[test]
fn a_tree_is_deleted_in_steps_that_can_be_cancelled() {
    let memory = Memory::with(&[("Home/", b""), ("Home/stays", b"")]);
    put_wide(&memory);
    let mut messages = and_time(&[remove(1, "t")], 15);
    messages.push(json!({"id": 2, "op": "cancel", "target": 1}));
    let said = answers(&memory, &messages);
    let progress: Vec<_> = said.iter().filter(|m| m["event"] == "progress").collect();
    assert_eq!(progress.len(), 1, "told every hundred entries: {said:?}");
    assert!((100..130).contains(&progress[0]["removed"].as_u64().unwrap()));
    assert!(said.iter().any(|m| m["id"] == 1 && code(m) == "cancelled"));
    assert!(said.iter().any(|m| m["id"] == 2 && code(m) == "ok"));
    assert!(left(&memory).len() > 50);
    let said = answers(&memory, &and_time(&[remove(1, "t")], 40));
    assert!(said.last().unwrap()["ok"]["removed"].as_u64().unwrap() > 50, "{said:?}");
    assert_eq!(left(&memory), ["Home/", "Home/stays"]);
}

#[test]
fn deep_trees_at_the_same_time_hold_few_handles() {
    let memory = Memory::with(&[("Home/", b"")]);
    let names = ["a", "b", "c", "d"];
    for name in names {
        put_deep(&memory, name, 200);
    }
    let requests: Vec<_> = (1..).zip(names).map(|(id, name)| remove(id, name)).collect();
    let said = answers(&memory, &and_time(&requests, 2000));
    for id in 1..=4 {
        let reply = said.iter().find(|m| m["id"] == id && m["event"].is_null()).unwrap();
        assert_eq!(reply["ok"]["removed"], 400, "{reply}");
    }
    assert_eq!(left(&memory), ["Home/"]);
    assert!(memory.most_open.get() <= 100, "{} of 512 handles", memory.most_open.get());
}

#[test]
fn one_removal_too_many_is_busy() {
    let memory = Memory::with(&[("Home/", b"")]);
    let requests: Vec<_> = (1..=5).map(|id| remove(id, &format!("t{id}"))).collect();
    for id in 1..=5 {
        memory.put(&format!("Home/t{id}/f"), b"");
    }
    let said = answers(&memory, &requests);
    assert_eq!(said.iter().filter(|m| code(m) == "busy").map(|m| m["id"].clone()).collect::<Vec<_>>(), [5]);
}

#[test]
fn what_vanishes_meanwhile_is_no_error() {
    // The call before which somebody deletes something, and what.
    let cases = [
        ("open", "Home/t/s1", "Home/t/s1"),
        ("list", "Home/t/s1", "Home/t/s1"),
        ("remove", "Home/t/s1", "Home/t/s1"),
        ("remove", "Home/t/s1/f1", "Home/t/s1"),
        ("remove", "Home/t/s1/f1", "Home/t"),
        ("remove", "Home/t", "Home/t"),
        ("open", "Home/t", "Home/t"),
    ];
    for (call, path, lost) in cases {
        let memory = Memory::with(&[("Home/", b"")]);
        put_wide(&memory);
        *memory.meddler.borrow_mut() = Some(Box::new(move |memory, what, at| {
            if (what, at) == (call, path) {
                memory.lose(lost)
            }
        }));
        let said = answers(&memory, &and_time(&[remove(1, "t")], 60));
        assert_eq!(code(said.last().unwrap()), "ok", "{call} {path} without {lost}: {said:?}");
        assert_eq!(left(&memory), ["Home/"], "{call} {path} without {lost}");
    }
}

#[test]
fn a_deep_tree_whose_upper_part_vanishes_ends_well() {
    let memory = Memory::with(&[("Home/", b"")]);
    put_deep(&memory, "t", 100);
    let deepest = format!("Home/t{}", "/d".repeat(99));
    *memory.meddler.borrow_mut() = Some(Box::new(move |memory, what, at| {
        if what == "remove" && at == deepest {
            memory.lose("Home/t/d/d")
        }
    }));
    let said = answers(&memory, &and_time(&[remove(1, "t")], 300));
    assert_eq!(code(said.last().unwrap()), "ok", "{said:?}");
    assert_eq!(left(&memory), ["Home/"]);
}

#[test]
fn a_failure_names_the_place() {
    let memory = Memory::with(&[("Home/", b"")]);
    put_wide(&memory);
    *memory.meddler.borrow_mut() = Some(Box::new(|memory, what, at| {
        if (what, at) == ("remove", "Home/t/s1") {
            memory.put("Home/t/s1/new", b"");
        }
    }));
    let said = answers(&memory, &and_time(&[remove(1, "t")], 60));
    let error = said.last().unwrap();
    assert_eq!((&error["id"], code(error)), (&json!(1), "not-empty"));
    assert!(error["error"]["message"].as_str().unwrap().starts_with("Home/t/s1: "), "{error}");
}

#[test]
fn a_listing_does_not_wait_for_a_removal() {
    let memory = Memory::with(&[("Home/", b"")]);
    put_wide(&memory);
    let list = incoming(&json!({"id": 9, "op": "stat", "path": ["Home"]}));
    let mut messages = vec![incoming(&remove(1, "t"))];
    for _ in 0..10 {
        messages.extend([Incoming::Nothing, list.clone()]);
    }
    let at = std::cell::RefCell::new(Vec::new());
    converse(&memory, messages, &|message| {
        if message.windows(6).any(|part| part == b"\"id\":9") {
            at.borrow_mut().push(memory.calls.get());
        }
        Vec::new()
    });
    let waits: Vec<_> = at.borrow().windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(waits.iter().all(|calls| *calls <= 32), "host calls between two answers: {waits:?}");
}
