//! Technicians' passwords, and a choice of capabilities, as tables.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use hospes_session::account::{RANDOM, new_password, temporary_password};
use hospes_session::capability::CapabilityId;
use hospes_session::choice::choose;
use std::collections::BTreeSet;

#[test]
fn a_new_password_is_long_enough_typable_and_new() {
    let long = "x".repeat(129);
    for (new, wrong) in [
        ("twelve chars", None),
        ("\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}", None),
        (&long[..128], None),
        ("eleven char", Some("11 characters; 12 to 128")),
        ("", Some("0 characters")),
        (&long, Some("129 characters")),
        ("a bell rings\u{7}", Some("control character")),
        ("the one of today", Some("the one that you have")),
    ] {
        let found = new_password("the one of today", new).err();
        assert_eq!(found.is_some(), wrong.is_some(), "{new:?}: {found:?}");
        if let (Some(found), Some(wrong)) = (found, wrong) {
            assert_eq!(found.field, "new_password");
            assert!(found.problem.contains(wrong), "{new:?}: {found}");
            assert!(new.is_empty() || !found.to_string().contains(new), "the password is in the message");
        }
    }
    let temporary = temporary_password([200; RANDOM]);
    new_password("", temporary.reveal()).unwrap();
    assert_ne!(temporary, temporary_password([7; RANDOM]));
}

#[test]
fn r20_a_choice_keeps_what_it_has_and_adds_what_is_licensed() {
    let ids = |names: &[&str]| names.iter().map(|name| CapabilityId::new(*name).unwrap()).collect::<Vec<_>>();
    let licensed: BTreeSet<_> = ids(&["file-manager", "remote-control"]).into_iter().collect();
    let has = ids(&["dashboard", "remote-control"]);
    for (wanted, expect) in [
        (&["remote-control"][..], Ok(&["remote-control"][..])),
        (&["remote-control", "file-manager"], Ok(&["file-manager", "remote-control"])),
        (&["dashboard", "file-manager"], Ok(&["dashboard", "file-manager"])),
        (
            &["terminal"],
            Err("names terminal, which the plan does not license; it licenses: file-manager, remote-control"),
        ),
        (&[], Err("choose at least one of: file-manager")),
        (&["Remote Control"], Err("has a wrong name")),
    ] {
        let wanted: Vec<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
        match (choose(Some(&wanted), &licensed, &has), expect) {
            (Ok(chosen), Ok(expect)) => assert_eq!(chosen, ids(expect)),
            (Err(wrong), Err(expect)) => assert!(wrong.to_string().contains(expect), "{wanted:?}: {wrong}"),
            (found, expect) => panic!("{wanted:?}: {found:?}, expected {expect:?}"),
        }
    }
}
