//! Plugin files: every plugin is signed, and everything that was done to a file after it was signed is found.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use hospes_licence::key::{Context, KeyPair, PublicKey};
use hospes_licence::plugin_file::{MAX_FILE, MAX_PAGES, Pages, Reason, hash, pack, sign, trusted, verify};
use proptest::prelude::*;

/// The smallest component there is.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
const MANIFEST: &str = r#"id = "echo"
version = "1.2.3"
kind = "capability"
publisher = "example"
min-host = "0.1"
title = { en = "Echo" }
[tiers]
"echo" = []
"#;

fn publisher() -> KeyPair {
    KeyPair::from_secret(&[7; 32])
}

fn pages() -> Pages {
    [("ui/index.html", &b"<p>hi"[..]), ("ui/app.js", b"1")].map(|(name, bytes)| (name.into(), bytes.to_vec())).into()
}

fn packed() -> Vec<u8> {
    pack(COMPONENT, &format!("{MANIFEST}[ui]\nentry = \"ui/index.html\"\n"), &pages()).unwrap()
}

fn signed() -> Vec<u8> {
    sign(&packed(), &publisher()).unwrap()
}

/// A custom section of the outermost component.
fn section(name: &str, data: &[u8]) -> Vec<u8> {
    use wasm_encoder::ComponentSection;
    let mut bytes = Vec::new();
    wasm_encoder::CustomSection { name: name.into(), data: data.into() }.append_to_component(&mut bytes);
    bytes
}

fn reason(bytes: Vec<u8>) -> Reason {
    verify(bytes).map(|file| file.file_name()).unwrap_err().reason
}

/// As a hostile publisher would: sections of one's own choice, rightly signed.
fn signed_by_hand(sections: &[(&str, &[u8])]) -> Vec<u8> {
    let mut file = COMPONENT.to_vec();
    sections.iter().for_each(|(name, data)| file.extend(section(name, data)));
    let signature = publisher().sign(Context::Plugin, blake3::hash(&file).as_bytes());
    file.extend(section("hospes:signature", &[&publisher().public().0[..], &signature].concat()));
    file
}

#[test]
fn a_plugin_is_one_signed_content_addressed_file() {
    let bytes = signed();
    let file = verify(bytes.clone()).unwrap();
    assert_eq!((file.manifest.id.as_str(), file.file_name().as_str()), ("echo", "echo-1.2.3.hospes.wasm"));
    assert_eq!(file.publisher_key, publisher().public());
    assert_eq!(file.hash, blake3::hash(&bytes).to_hex().to_string());
    assert_eq!((file.ui, hash(&file.bytes)), (pages(), file.hash));
    let plain = verify(sign(&pack(COMPONENT, MANIFEST, &Pages::new()).unwrap(), &publisher()).unwrap()).unwrap();
    assert!(plain.ui.is_empty());
}

#[test]
fn every_changed_byte_is_found() {
    let bytes = signed();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert!(verify(changed).is_err(), "byte {at} of {}", bytes.len());
    }
}

#[test]
fn every_truncated_file_is_refused() {
    let bytes = signed();
    for length in 0..bytes.len() {
        let refused = verify(bytes[..length].to_vec()).unwrap_err();
        let expected = match length {
            0..4 => matches!(refused.reason, Reason::NotAComponent(_)),
            _ => matches!(refused.reason, Reason::Damaged(_) | Reason::Unsigned),
        };
        assert!(expected, "{length} bytes: {refused}");
    }
}

#[test]
fn an_unsigned_plugin_is_refused_by_name() {
    assert_eq!(
        verify(packed()).unwrap_err().to_string(),
        "plugin \"echo\": the file is not signed: sign it with `hospes plugin sign`"
    );
    assert_eq!(reason(COMPONENT.to_vec()), Reason::Unsigned);
}

#[test]
fn nothing_stands_behind_the_signature() {
    assert_eq!(reason([signed(), section("name", b"x")].concat()), Reason::Trailing);
    assert!(matches!(reason([signed(), vec![0]].concat()), Reason::Damaged(_)));
    assert!(matches!(reason([signed(), b"junk".to_vec()].concat()), Reason::Damaged(_)));
    // The same bytes as a section of another name's content are no signature.
    let tail = signed().split_off(packed().len());
    assert_eq!(reason([packed(), section("note", &tail)].concat()), Reason::Unsigned);
    let longer = [&publisher().public().0[..], &[0; 65]].concat();
    assert_eq!(reason([packed(), section("hospes:signature", &longer)].concat()), Reason::Trailing);
}

/// A valid signature hidden in the content of another section, behind a signature section that proves nothing.
#[test]
fn a_signature_inside_another_section_does_not_count() {
    let mut file = [packed(), section("hospes:signature", &[0; 96]), section("note", &[0; 115])].concat();
    file.truncate(file.len() - 115);
    let signature = publisher().sign(Context::Plugin, blake3::hash(&file).as_bytes());
    file.extend(section("hospes:signature", &[&publisher().public().0[..], &signature].concat()));
    assert_eq!(reason(file), Reason::Trailing);
}

#[test]
fn somebody_elses_signature_is_found() {
    let stranger = KeyPair::from_secret(&[8; 32]);
    let with = |key: PublicKey, signature: [u8; 64]| {
        reason([packed(), section("hospes:signature", &[&key.0[..], &signature].concat())].concat())
    };
    let digest = blake3::hash(&packed());
    assert_eq!(with(publisher().public(), stranger.sign(Context::Plugin, digest.as_bytes())), Reason::Forged);
    assert_eq!(with(publisher().public(), publisher().sign(Context::Licence, digest.as_bytes())), Reason::Forged);
    assert_eq!(with(PublicKey([0; 32]), [0; 64]), Reason::Forged);
    let file = verify(sign(&packed(), &stranger).unwrap()).unwrap();
    let refused = trusted(&file, &[publisher().public()]).unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!("plugin \"echo\": its publisher {} is not trusted here", stranger.public())
    );
    assert_eq!(trusted(&file, &[publisher().public(), stranger.public()]), Ok(()));
}

#[test]
fn sections_are_checked_even_when_signed() {
    let manifest = MANIFEST.as_bytes();
    let check = |sections: &[(&str, &[u8])], expect: &str| {
        let refused = verify(signed_by_hand(sections)).unwrap_err().to_string();
        assert!(refused.contains(expect), "{refused}");
    };
    assert!(verify(signed_by_hand(&[("hospes:manifest", manifest)])).is_ok());
    check(&[], "plugin: the file has no manifest");
    check(
        &[("hospes:manifest", manifest), ("hospes:manifest", manifest)],
        "section hospes:manifest stands in the file twice",
    );
    check(&[("hospes:manifest", manifest), ("hospes:policy", b"")], "section hospes:policy is unknown");
    check(&[("hospes:manifest", b"\xff")], "not UTF-8");
    check(&[("hospes:manifest", b"id = 1")], "line 1 (id = 1)");
    check(&[("hospes:signature", b""), ("hospes:manifest", manifest)], "hospes:signature stands in the file twice");
    let ui = |bytes: &[u8], expect: &str| {
        let manifest = format!("{MANIFEST}[ui]\nentry = \"a\"\n");
        check(&[("hospes:manifest", manifest.as_bytes()), ("hospes:ui", bytes)], expect);
    };
    let page = |name: &[u8], data: &[u8]| {
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap().to_le_bytes();
        [&length(name)[..], name, &length(data), data].concat()
    };
    ui(b"", "the section is cut");
    ui(&[1, 0, 0, 0], "the section is cut");
    ui(&[255; 4], "the section is cut");
    ui(&[&[1, 0, 0, 0][..], &[255; 8]].concat(), "the section is cut");
    ui(&[0, 0, 0, 0], "there is no such file");
    ui(&[&[1, 0, 0, 0][..], &page(b"a", b""), b"x"].concat(), "behind the last file");
    ui(&[&[1, 0, 0, 0][..], &page(b"\xff", b"")].concat(), "not UTF-8");
    ui(&[&[2, 0, 0, 0][..], &page(b"a", b""), &page(b"a", b"")].concat(), "twice or out of order");
    ui(&[&[2, 0, 0, 0][..], &page(b"b", b""), &page(b"a", b"")].concat(), "twice or out of order");
    ui(&[&[2, 0, 0, 0][..], &page(b"../x", b""), &page(b"a", b"")].concat(), "a file's name is \"../x\"");
    check(
        &[("hospes:manifest", manifest), ("hospes:ui", &[&[1, 0, 0, 0][..], &page(b"a", b"")].concat())],
        "no [ui] entry",
    );
}

#[test]
fn only_what_a_compiler_made_is_packed() {
    let check = |component: &[u8], manifest: &str, ui: &Pages, expect: &str| {
        let refused = pack(component, manifest, ui).unwrap_err().to_string();
        assert!(refused.contains(expect), "{refused}");
    };
    let none = Pages::new();
    check(b"", MANIFEST, &none, "plugin \"echo\": the file is not a WebAssembly component");
    check(b"\x7fELF....", MANIFEST, &none, "is not a WebAssembly component");
    check(b"\0asm\x01\0\0\0", MANIFEST, &none, "it is a core module; build it for wasm32-wasip2");
    check(b"\0asm\x0d\0\x01", MANIFEST, &none, "damaged or cut");
    check(&packed(), MANIFEST, &none, "already has a section hospes:manifest");
    check(COMPONENT, "id = ", &none, "plugin.toml: line 1");
    check(COMPONENT, MANIFEST, &pages(), "the manifest has no [ui] entry");
    let with_ui = format!("{MANIFEST}[ui]\nentry = \"ui/main.html\"\n");
    check(COMPONENT, &with_ui, &pages(), "ui.entry is \"ui/main.html\", but there is no such file");
    let many = (0..=MAX_PAGES).map(|at| (format!("f{at}"), Vec::new())).collect();
    check(COMPONENT, &with_ui, &many, "513 files are more than the 512");
    let big = Pages::from([("ui/main.html".to_owned(), vec![0; MAX_FILE])]);
    check(COMPONENT, &with_ui, &big, "at most 16777216 are allowed");
    assert_eq!(reason(vec![0; MAX_FILE + 1]), Reason::TooLong(MAX_FILE + 1));
}

#[test]
fn a_file_is_signed_once() {
    let again = sign(&signed(), &publisher()).unwrap_err();
    assert_eq!(again.to_string(), format!("plugin \"echo\": the file is already signed, by {}", publisher().public()));
    assert_eq!(sign(COMPONENT, &publisher()).unwrap_err().reason, Reason::NoManifest);
}

#[test]
fn sections_of_nested_modules_do_not_count() {
    let mut module = wasm_encoder::Module::new();
    module.section(&wasm_encoder::CustomSection { name: "hospes:manifest".into(), data: b"id = 1".into() });
    let mut component = wasm_encoder::Component::new();
    component.section(&wasm_encoder::ModuleSection(&module));
    let file = pack(&component.finish(), MANIFEST, &Pages::new()).unwrap();
    assert_eq!(verify(sign(&file, &publisher()).unwrap()).unwrap().manifest.id, "echo");
}

proptest! {
    #[test]
    fn any_bytes_are_a_plugin_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(verify(bytes.clone()).is_err());
        prop_assert!(verify([COMPONENT, &bytes].concat()).is_err());
        prop_assert!(verify([packed(), bytes].concat()).is_err());
    }

    #[test]
    fn any_page_survives(files in prop::collection::btree_map("[a-z]{1,8}(/[a-z.]{1,3}[a-z])?", prop::collection::vec(any::<u8>(), 0..50), 0..10)) {
        let mut ui: Pages = files;
        ui.insert("index.html".into(), b"x".to_vec());
        let manifest = format!("{MANIFEST}[ui]\nentry = \"index.html\"\n");
        let file = verify(sign(&pack(COMPONENT, &manifest, &ui).unwrap(), &publisher()).unwrap()).unwrap();
        prop_assert_eq!(file.ui, ui);
    }
}
