//! The house's rules as tests: arrows between rooms, reasons for dependencies, sizes, and that every named invariant
//! has its test.

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn toml(path: &str) -> toml::Table {
    std::fs::read_to_string(root().join(path)).unwrap().parse().unwrap()
}

/// Files that git knows or would know, with one of these endings.
fn files(endings: &[&str]) -> Vec<String> {
    let listed = std::process::Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .unwrap();
    String::from_utf8(listed.stdout)
        .unwrap()
        .lines()
        .filter(|path| endings.iter().any(|ending| path.ends_with(ending)) && root().join(path).is_file())
        .map(str::to_owned)
        .collect()
}

/// Room -> the other rooms that it may use. What is not here may not be used: arrows go one way.
const ARROWS: &[(&str, &[&str])] = &[
    ("core/session", &[]),
    ("core/licence", &[]),
    ("core/pake", &[]),
    ("core/pake/web", &["hospes-pake"]),
    ("core/wire", &["hospes-session", "hospes-licence"]),
    ("core/transport", &["hospes-wire"]),
    ("core/runtime", &["hospes-licence"]),
    ("core/store", &["hospes-session", "hospes-licence"]),
    (
        "core/server",
        &[
            "hospes-session",
            "hospes-licence",
            "hospes-wire",
            "hospes-pake",
            "hospes-transport",
            "hospes-store",
            "hospes-runtime",
        ],
    ),
    (
        "core/cli",
        &[
            "hospes-session",
            "hospes-licence",
            "hospes-wire",
            "hospes-pake",
            "hospes-transport",
            "hospes-store",
            "hospes-runtime",
            "hospes-server",
        ],
    ),
    (
        "host-agent",
        &["hospes-session", "hospes-licence", "hospes-wire", "hospes-pake", "hospes-transport", "hospes-runtime"],
    ),
    ("sdk/rust", &[]),
    ("plugins/dashboard", &["hospes-sdk"]),
    ("plugins/file-manager", &["hospes-sdk"]),
    ("plugins/notify-email", &["hospes-sdk"]),
    ("plugins/notify-webhook", &["hospes-sdk"]),
    ("plugins/remote-control", &["hospes-sdk", "hospes-tiles"]),
    ("plugins/remote-control/codec", &[]),
    ("plugins/remote-control/codec/web", &["hospes-tiles"]),
    ("xtask", &["hospes-licence"]),
];

#[test]
fn arrows_between_rooms_go_one_way() {
    let mut wrong = Vec::new();
    for (room, allowed) in ARROWS {
        let manifest = toml(&format!("{room}/Cargo.toml"));
        let used = manifest.get("dependencies").and_then(|table| table.as_table()).cloned().unwrap_or_default();
        for name in used.keys().filter(|name| name.starts_with("hospes")) {
            if !allowed.contains(&name.as_str()) {
                wrong.push(format!("{room} must not use {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_room_has_its_arrows_written_down() {
    let members = toml("Cargo.toml")["workspace"]["members"].as_array().unwrap().clone();
    for member in members {
        let member = member.as_str().unwrap();
        let free = member.starts_with("tests");
        assert!(free || ARROWS.iter().any(|(room, _)| *room == member), "{member} has no line in ARROWS");
    }
}

/// Room -> outside crates that it must not know, by the beginning of their names.
const MUST_NOT_KNOW: &[(&str, &[&str])] = &[
    ("core/session", &["tokio", "sqlx", "wasmtime", "async", "quinn", "axum", "getrandom", "jiff", "time"]),
    ("core/licence", &["tokio", "sqlx", "wasmtime", "quinn", "axum", "reqwest"]),
    ("core/pake", &["tokio", "getrandom", "sqlx"]),
    ("core/wire", &["tokio", "quinn", "axum", "sqlx"]),
    ("core/store", &["axum", "wasmtime", "quinn"]),
    ("core/runtime", &["quinn", "axum", "sqlx", "x11rb", "cap-std"]),
    ("core/server", &["x11rb", "cap-std", "sysinfo"]),
    ("host-agent", &["sqlx", "axum"]),
];

#[test]
fn rooms_do_not_know_what_they_must_not() {
    for (room, banned) in MUST_NOT_KNOW {
        let manifest = toml(&format!("{room}/Cargo.toml"));
        for name in manifest.get("dependencies").and_then(|table| table.as_table()).into_iter().flat_map(|t| t.keys()) {
            assert!(!banned.iter().any(|start| name.starts_with(start)), "{room} must not know {name}");
        }
    }
}

#[test]
fn only_the_runtime_uses_wasmtime() {
    for path in files(&["Cargo.toml"]) {
        let manifest = toml(&path);
        let uses = manifest
            .get("dependencies")
            .and_then(|table| table.as_table())
            .is_some_and(|dependencies| dependencies.keys().any(|name| name.starts_with("wasmtime")));
        assert!(!uses || path == "core/runtime/Cargo.toml", "{path} uses wasmtime");
    }
}

#[test]
fn every_dependency_has_its_reason() {
    let text = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let table = text.split("[workspace.dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    for line in table.lines().filter(|line| line.contains(" = ") && !line.starts_with("hospes-")) {
        assert!(line.contains("# "), "no reason beside this dependency: {line}");
    }
}

#[test]
fn every_crate_follows_the_lints() {
    for path in files(&["Cargo.toml"]).into_iter().filter(|path| path != "Cargo.toml") {
        assert!(toml(&path).contains_key("lints"), "{path} has no [lints]");
    }
}

#[test]
fn files_stay_small() {
    const LIMIT: usize = 500;
    let long: Vec<String> = files(&[".rs", ".ts", ".svelte"])
        .into_iter()
        .filter_map(|path| {
            let lines = std::fs::read_to_string(root().join(&path)).unwrap().lines().count();
            (lines > LIMIT).then(|| format!("{path}: {lines} lines"))
        })
        .collect();
    assert!(long.is_empty(), "cut these into subjects:\n{}", long.join("\n"));
}

#[test]
fn no_test_is_switched_off() {
    for path in files(&[".rs", ".ts", ".mjs"]).into_iter().filter(|path| !path.ends_with("tidy.rs")) {
        // A child that another test starts must not run by itself.
        let text = std::fs::read_to_string(root().join(&path)).unwrap().replace("#[ignore = \"runs as a child of", "");
        for off in ["#[ignore", "test.skip(", "test.fixme(", "it.skip("] {
            assert!(!text.contains(off), "{path} has {off}");
        }
    }
}

/// Each paragraph that begins with an invariant names its tests: held by `path`: `name`.
#[test]
fn every_invariant_is_held_by_a_test_that_exists() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let mut count = 0;
    for paragraph in text.split("\n\n").filter(|paragraph| paragraph.starts_with("**Architecture invariant: ")) {
        let paragraph = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
        let held: Vec<&str> = paragraph.split("held by `").skip(1).collect();
        assert!(!held.is_empty(), "no test holds: {paragraph}");
        for named in held {
            let mut quoted = named.split('`');
            let (path, name) = (quoted.next().unwrap(), quoted.nth(1).unwrap());
            let source = std::fs::read_to_string(root().join(path)).unwrap_or_else(|_| panic!("{path} does not exist"));
            assert!(source.contains(name), "{path} has no test {name} ({paragraph})");
        }
        count += 1;
    }
    let named = text.matches("**Architecture invariant: ").count();
    assert_eq!(count, named, "an invariant that does not begin its paragraph is not looked at");
    assert!(count >= 9, "{count} invariants");
}
