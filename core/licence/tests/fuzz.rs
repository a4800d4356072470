//! Fuzz targets: what is signed, by friend or foe. The signature is made after the edits, since whoever holds a key may
//! sign what they like: what is then accepted still keeps every bound.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use hospes_fuzz::Corpus;
use hospes_licence::grant::{CLOCK_SKEW, Expected, Grant, LIFETIME, Limits, Mode, SignedGrant, check, sign};
use hospes_licence::interface::consent_of;
use hospes_licence::key::{Context, KeyPair, PublicKey};
use hospes_licence::licence::{Licence, SignedLicence, issue, verify};
use hospes_licence::manifest::{MAX_MEMORY, Manifest};
use hospes_licence::plugin_file::{self, MAX_PAGES, Pages, pack};
use wasm_encoder::ComponentSection;

const TESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");
const NOW: u64 = 1_800_000_000_000;
const LEASE: u64 = NOW + 3_600_000;
const HOST: PublicKey = PublicKey([1; 32]);
/// The smallest component there is.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

const MANIFEST: &str = r#"id = "file-manager"
version = "0.1.0"
kind = "capability"
publisher = "hospes"
min-host = "0.1"
title = { en = "File manager", fr = "Gestionnaire de fichiers", es = "Gestor de archivos" }
[tiers]
"file-manager" = ["hospes:files/read", "hospes:files/write"]
[limits]
memory = "64 MiB"
[ui]
entry = "ui/index.html"
"#;
const NOTIFIER: &str = r#"id = "notify-email"
version = "1.2.3-beta.1"
kind = "notifier"
publisher = "hospes"
min-host = "0.1"
title.en = "E-mail"
tiers."notify-email" = ["hospes:notify/mail"]
"#;

fn key() -> KeyPair {
    KeyPair::from_secret(&[9; 32])
}

fn target(name: &str, seeds: &[(&str, Vec<u8>)], check: impl Fn(&[u8]) + std::panic::RefUnwindSafe) {
    let corpus = Corpus::of(TESTS, name, seeds);
    bolero::check!(name = name).for_each(|input: &[u8]| {
        check(input);
        check(&corpus.edited(input));
    });
}

fn grant() -> Grant {
    Grant {
        session: "session-1".into(),
        channel: "channel-1".into(),
        host_key: HOST,
        technician: "technician-1".into(),
        technician_name: "Ana".into(),
        login: "login-1".into(),
        capability: "file-manager".into(),
        component: "ab".repeat(32),
        interfaces: ["hospes:files/read".to_owned(), "hospes:desk/input".to_owned()].into(),
        mode: Mode::Full,
        limits: Limits::default(),
        generation: 4,
        issued_at: NOW - 1000,
        not_after: NOW - 1000 + LIFETIME,
    }
}

/// Invariant 1: whatever the grant key signs, the host's own session, key and lease bound it (R5).
#[test]
fn fuzz_grant() {
    let json = |grant: &Grant| serde_json::to_vec(grant).unwrap();
    let view_only = Grant { mode: Mode::ViewOnly, interfaces: ["hospes:desk/screen".to_owned()].into(), ..grant() };
    let seeds = [
        ("full", json(&grant())),
        ("view-only", json(&view_only)),
        ("expired", json(&Grant { issued_at: 0, not_after: LIFETIME, ..grant() })),
        ("long", json(&Grant { not_after: u64::MAX, ..grant() })),
        ("foreign", json(&Grant { session: "session-2".into(), ..grant() })),
    ];
    let (key, stranger) = (key(), KeyPair::from_secret(&[8; 32]));
    target("grant", &seeds, |bytes| {
        let grant_key = key.public();
        let expected = |last_generation| Expected {
            grant_key: &grant_key,
            session: "session-1",
            host_key: &HOST,
            lease_ends: LEASE,
            now: NOW,
            last_generation,
        };
        let forged = SignedGrant { bytes: bytes.to_vec(), signature: stranger.sign(Context::Grant, bytes) };
        assert!(check(&forged, expected(None)).is_err());
        let signed = SignedGrant { bytes: bytes.to_vec(), signature: key.sign(Context::Grant, bytes) };
        let Ok(grant) = check(&signed, expected(None)) else { return };
        assert!(grant.session == "session-1" && grant.host_key == HOST);
        assert!(grant.not_after <= LEASE && grant.not_after <= grant.issued_at + LIFETIME);
        assert!(grant.not_after + CLOCK_SKEW > NOW && grant.issued_at <= NOW + CLOCK_SKEW);
        assert!(grant.interfaces.iter().all(|name| consent_of(name).is_some()));
        assert!(check(&signed, expected(Some(grant.generation))).is_err());
        assert_eq!(check(&sign(&grant, &key).unwrap(), expected(None)), Ok(grant));
    });
}

#[test]
fn fuzz_licence() {
    let licence = Licence {
        id: "licence-1".into(),
        company: "company-1".into(),
        plan: "base".into(),
        modules: vec!["insight".into()],
        seats: 5,
        issued_at: NOW,
        from: NOW - 1,
        until: Some(NOW + 86_400_000),
    };
    let key = key();
    let file = |licence: &Licence| serde_json::to_vec(&issue(licence, &key).unwrap()).unwrap();
    let seeds = [
        ("document", serde_json::to_vec(&licence).unwrap()),
        ("endless", serde_json::to_vec(&Licence { until: None, modules: vec![], ..licence.clone() }).unwrap()),
        ("file", file(&licence)),
        ("file-over", file(&Licence { until: Some(NOW - 1), ..licence.clone() })),
    ];
    target("licence", &seeds, |bytes| {
        let trusted = [key.public()];
        let signature = key.sign(Context::Licence, bytes);
        let signed = SignedLicence { bytes: bytes.to_vec(), key: key.public(), signature };
        let files = serde_json::from_slice::<SignedLicence>(bytes).ok();
        for signed in files.into_iter().chain([signed]) {
            assert!(verify(&signed, &[], "company-1", NOW).is_err());
            let Ok(licence) = verify(&signed, &trusted, "company-1", NOW) else { continue };
            assert!(licence.company == "company-1" && licence.from <= NOW);
            assert!(licence.until.is_none_or(|until| until >= NOW));
            assert_eq!(verify(&issue(&licence, &key).unwrap(), &trusted, "company-1", NOW), Ok(licence));
        }
    });
}

/// What any accepted manifest keeps.
fn sound(manifest: &Manifest) {
    let relative = |path: &str| !path.starts_with('/') && path.split('/').all(|part| !["", ".", ".."].contains(&part));
    assert!(manifest.memory() <= MAX_MEMORY);
    assert!(!manifest.title("en").trim().is_empty() && !manifest.title("en").chars().any(char::is_control));
    assert!(manifest.interfaces().iter().all(|name| consent_of(name).is_some()));
    assert!(manifest.ui.as_ref().is_none_or(|ui| relative(&ui.entry)));
    // It becomes a file's name.
    assert!(!manifest.id.is_empty() && relative(&manifest.id) && !manifest.version.contains(['/', '\\', '\0']));
}

#[test]
fn fuzz_manifest() {
    let seeds = [("capability", MANIFEST.as_bytes().to_vec()), ("notifier", NOTIFIER.as_bytes().to_vec())];
    target("manifest", &seeds, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        match Manifest::parse(&text) {
            Ok(manifest) => {
                sound(&manifest);
                let written = toml::to_string(&manifest).unwrap();
                assert_eq!(Manifest::parse(&written), Ok(manifest), "{written}");
            }
            Err(error) => assert!(error.to_string().lines().count() == 1, "{error}"),
        }
    });
}

/// The packed file before it is signed; the edits are signed by a publisher, as a hostile one would.
#[test]
fn fuzz_plugin_file() {
    let key = key();
    let pages: Pages = [("ui/index.html", &b"<p>hi"[..]), ("ui/app.js", b"1")]
        .map(|(name, bytes)| (name.into(), bytes.to_vec()))
        .into();
    let bare = MANIFEST.split("[ui]").next().unwrap();
    let packed = pack(COMPONENT, MANIFEST, &pages).unwrap();
    let mut nested = wasm_encoder::Component::new();
    nested.section(&wasm_encoder::ModuleSection(&wasm_encoder::Module::new()));
    let seeds = [
        ("page", packed.clone()),
        ("bare", pack(COMPONENT, bare, &Pages::new()).unwrap()),
        ("notifier", pack(&nested.finish(), NOTIFIER, &Pages::new()).unwrap()),
        ("signed", plugin_file::sign(&packed, &key).unwrap()),
        ("component", COMPONENT.to_vec()),
    ];
    let genuine = seeds[3].1.clone();
    target("plugin_file", &seeds, |bytes| {
        let _either = plugin_file::claimed(bytes);
        if let Ok(file) = plugin_file::verify(bytes.to_vec()) {
            assert_eq!(file.bytes, genuine, "a file passes that nobody signed");
        }
        let mut signed = bytes.to_vec();
        let signature = key.sign(Context::Plugin, blake3::hash(bytes).as_bytes());
        let data = [&key.public().0[..], &signature].concat();
        wasm_encoder::CustomSection { name: "hospes:signature".into(), data: data.into() }
            .append_to_component(&mut signed);
        let Ok(file) = plugin_file::verify(signed.clone()) else { return };
        sound(&file.manifest);
        assert!(file.ui.len() <= MAX_PAGES && file.publisher_key == key.public());
        assert!(file.manifest.ui.as_ref().is_none_or(|ui| file.ui.contains_key(&ui.entry)));
        assert_eq!(file.hash, plugin_file::hash(&signed));
        assert_eq!(plugin_file::claimed(&signed), Ok((file.manifest, file.ui)));
    });
}
