//! `wit/` against what the rest of the house says of it.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use hospes_licence::interface::{Consent, ConsentClass, INTERFACES};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn wit() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit")
}

/// The `.wit` files of one package, by name.
fn files(package: &Path) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(package).unwrap().map(|entry| entry.unwrap().path());
    let wit = entries.filter(|path| path.extension().is_some_and(|extension| extension == "wit"));
    wit.map(|path| {
        // A checkout on Windows may have other line ends; the text is the same.
        let text = std::fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
        (path.file_name().unwrap().to_string_lossy().into_owned(), text)
    })
    .collect()
}

/// The directories below `wit/`, sorted.
fn packages() -> Vec<PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir(wit()).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.is_dir());
    found.sort();
    found
}

/// `hospes:files@0.1.0` of a package's text.
fn package_line(text: &str) -> Option<&str> {
    text.lines().find_map(|line| line.strip_prefix("package ")?.strip_suffix(';'))
}

/// Interface and consent of everything under `hospes:`, as the documentation comments say it.
fn documented() -> BTreeMap<String, Option<String>> {
    let mut found = BTreeMap::new();
    for text in packages().iter().flat_map(|package| files(package).into_values()) {
        let Some(package) = package_line(&text).filter(|package| package.starts_with("hospes:")) else { continue };
        let package = package.split('@').next().unwrap();
        let mut consent = None;
        for line in text.lines() {
            if let Some(class) = line.strip_prefix("/// consent: ") {
                consent = Some(class.to_owned());
            } else if let Some(name) = line.strip_prefix("interface ").and_then(|rest| rest.strip_suffix(" {")) {
                found.insert(format!("{package}/{name}"), consent.take());
            } else if !line.starts_with("///") {
                consent = None;
            }
        }
    }
    found
}

/// What plugins give; nobody imports it.
const EXPORTS: [&str; 2] = ["hospes:notify/sink", "hospes:plugin/serve"];

#[test]
fn every_interface_states_its_consent_class() {
    let mut documented = documented();
    for export in EXPORTS {
        assert_eq!(documented.remove(export), Some(None), "{export}");
    }
    let stated = INTERFACES.iter().map(|(name, consent)| {
        let class = match consent {
            Consent::Inert => None,
            Consent::Operator => Some("operator".to_owned()),
            Consent::Customer(class) => Some(serde_json::to_value(class).unwrap().as_str().unwrap().to_owned()),
        };
        ((*name).to_owned(), class)
    });
    assert_eq!(documented, stated.collect());
}

#[test]
fn every_consent_class_is_asked_and_has_an_interface() {
    for class in ConsentClass::ALL {
        assert!(INTERFACES.iter().any(|(_, consent)| *consent == Consent::Customer(class)), "{class:?}");
    }
    for (name, consent) in INTERFACES {
        if let Consent::Customer(class) = consent {
            assert!(ConsentClass::ALL.contains(class), "{name}: nobody asks for {class:?}");
        }
    }
}

/// Reading and acting are never one interface: whatever a class allows, its interfaces belong to that class only.
#[test]
fn read_and_control_are_never_one_interface() {
    let names: std::collections::BTreeSet<_> = INTERFACES.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), INTERFACES.len(), "an interface is listed twice");
}

#[test]
fn wit_changes_are_in_the_changelog() {
    let changelog = std::fs::read_to_string(wit().join("CHANGELOG.md")).unwrap();
    let mut rows = String::new();
    for package in packages() {
        let files = files(&package);
        let mut hasher = blake3::Hasher::new();
        for (name, text) in &files {
            // Lengths keep two files apart that could be cut differently.
            hasher.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes());
            hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
        }
        let id = files.values().find_map(|text| package_line(text)).expect("a package line");
        let (name, version) = id.split_once('@').expect("a version");
        let digest: String = hasher.finalize().to_hex().chars().take(32).collect();
        rows.push_str(&format!("| {name} | {version} | {digest} |\n"));
        if name.starts_with("hospes:") {
            assert!(changelog.contains(&format!("## {version}\n")), "wit/CHANGELOG.md has no section for {id}");
        }
    }
    let table: String = changelog
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains(':'))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(
        table, rows,
        "wit/ changed: say in wit/CHANGELOG.md what did, and put this table at its end:\n\n| package | version | digest |\n|---|---|---|\n{rows}"
    );
}
