//! Manifests: what a typo, a wrong value or a wish too far is answered.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use hospes_licence::manifest::{Hosts, Kind, Manifest};
use proptest::prelude::*;
use std::collections::BTreeSet;

const GOOD: &str = r#"id = "file-manager"
version = "0.1.0"
kind = "capability"
publisher = "hospes"
min-host = "0.1"
title = { en = "File manager", fr = "Gestionnaire de fichiers", es = "Gestor de archivos" }
[tiers]
"file-manager" = ["hospes:files/read", "hospes:files/write"]
"file-viewer" = ["hospes:files/read"]
[limits]
memory = "64 MiB"
[ui]
entry = "ui/index.html"
"#;

#[test]
fn a_manifest_is_read() {
    let manifest = Manifest::parse(GOOD).unwrap();
    assert_eq!((manifest.id.as_str(), manifest.kind, manifest.memory()), ("file-manager", Kind::Capability, 64 << 20));
    assert_eq!((manifest.title("fr"), manifest.title("de")), ("Gestionnaire de fichiers", "File manager"));
    let plain = GOOD.split("[limits]").next().unwrap();
    let manifest = Manifest::parse(plain).unwrap();
    assert_eq!((manifest.memory(), manifest.ui), (64 << 20, None));
}

#[test]
fn r9_a_plans_features_unlock_the_interfaces_of_their_tiers() {
    let manifest = Manifest::parse(GOOD).unwrap();
    let check = |features: &[&str], expect: &[&str]| {
        let features: BTreeSet<String> = features.iter().map(|name| (*name).to_owned()).collect();
        let unlocked = manifest.unlocked(&features);
        let beyond: Vec<&str> =
            unlocked.iter().map(String::as_str).filter(|name| name.starts_with("hospes:files")).collect();
        assert_eq!(beyond, expect, "{features:?}");
        assert_eq!(manifest.licensed(&features), !expect.is_empty());
        for inert in ["hospes:base/session", "hospes:base/log", "hospes:base/channel", "hospes:base/types"] {
            assert!(unlocked.contains(inert), "{inert} is always there");
        }
    };
    check(&[], &[]);
    check(&["remote-control"], &[]);
    check(&["file-viewer"], &["hospes:files/read"]);
    check(&["file-manager"], &["hospes:files/read", "hospes:files/write"]);
    check(&["file-viewer", "file-manager", "notify-email"], &["hospes:files/read", "hospes:files/write"]);
}

#[test]
fn bad_manifests_are_refused_with_key_and_expectation() {
    let check = |from: &str, to: &str, expect: &str| {
        let text = GOOD.replacen(from, to, 1);
        assert_ne!(text, GOOD, "{from} is not in the sample");
        let error = Manifest::parse(&text).unwrap_err().to_string();
        assert!(error.starts_with("plugin.toml: "), "{error}");
        assert!(error.contains(expect), "{error}\nlacks {expect}");
    };
    check("id = \"file-manager\"\n", "", "missing field `id`");
    check(
        "id = \"file-manager\"",
        "id = \"File Manager\"",
        "id is \"File Manager\", expected 1 to 64 lower-case letters",
    );
    check("id = \"file-manager\"", "id = \"../etc\"", "id is \"../etc\"");
    check("id = \"file-manager\"", "id = \"\"", "id is \"\"");
    check("version = \"0.1.0\"", "version = \"0.1\"", "version is \"0.1\", expected a semantic version");
    check("version = \"0.1.0\"", "version = 1", "line 2 (version = 1): invalid type: integer `1`, expected a string");
    check("kind = \"capability\"", "kind = \"driver\"", "line 3 (kind = \"driver\"): unknown variant `driver`");
    check("publisher = \"hospes\"", "publisher = \"Hospes Inc.\"", "publisher is");
    check("min-host = \"0.1\"", "min-host = \"0.1.0\"", "min-host is \"0.1.0\", expected major.minor");
    check("min-host = \"0.1\"", "min-host = \"1\"", "expected major.minor");
    check("min-host", "min_host", "line 5 (min_host = \"0.1\"): unknown field `min_host`");
    check("en = \"File manager\", ", "", "title.en is missing");
    check("es = \"Gestor de archivos\"", "de = \"Dateien\"", "title.de is unknown, expected one of en, fr, es");
    check("\"File manager\"", "\"  \"", "title.en is \"  \", expected 1 to 60 characters");
    check("\"File manager\"", "\"File\\u001b[31m\"", "title.en is");
    check(
        "\"hospes:files/read\"",
        "\"hospes:files/raed\"",
        "tiers.file-manager is \"hospes:files/raed\", expected an interface of wit/",
    );
    check("\"hospes:files/read\"", "\"hospes:files/read@0.1.0\"", "expected an interface of wit/");
    check("\"hospes:files/read\"", "\"wasi:sockets/tcp\"", "tiers.file-manager is \"wasi:sockets/tcp\"");
    check("\"hospes:files/read\"", "\"hospes:base/log\"", "which every plugin has");
    check("\"hospes:files/read\"", "\"hospes:notify/http\"", "which only a notifier can have");
    check("kind = \"capability\"", "kind = \"notifier\"", "which only a capability can have");
    check("\"file-manager\" = [", "\"File_Manager\" = [", "tiers is \"File_Manager\"");
    check("64 MiB", "64MB", "limits.memory is \"64MB\", expected a whole number and KiB, MiB or GiB");
    check("64 MiB", "513 MiB", "limits.memory is \"513 MiB\", expected 64 KiB to 512 MiB");
    check("64 MiB", "0 KiB", "expected 64 KiB to 512 MiB");
    check("64 MiB", "-1 MiB", "expected a whole number");
    check("64 MiB", "99999999999999 GiB", "expected a whole number");
    check("memory", "memroy", "line 11 (memroy = \"64 MiB\"): unknown field `memroy`, expected `memory`");
    for escape in [
        "../x.html",
        "/etc/passwd",
        "ui//index.html",
        "ui/./index.html",
        "C:/x.html",
        "",
        "ui\\\\index.html",
        "ui/\u{e9}.html",
    ] {
        check("ui/index.html", escape, "ui.entry is");
    }
    check("[ui]", "[ui", "line 12 ([ui)");
    check("[ui]", "[icon]\nfile = \"x\"\n[ui]", "unknown field `icon`");
    check(
        "[tiers]",
        "[limits]
[tiers]",
        "line 11 ([limits]): duplicate key",
    );
    let empty = format!("{}[tiers]\n", GOOD.split("[tiers]").next().unwrap());
    assert!(Manifest::parse(&empty).unwrap_err().to_string().contains("tiers is empty"));
    let long = format!("{GOOD}# {}", "x".repeat(64 << 10));
    assert!(Manifest::parse(&long).unwrap_err().to_string().contains("at most 65536 are allowed"));
}

#[test]
fn r19_a_notifier_says_where_its_web_requests_go() {
    let text = |interfaces: &str, network: &str| {
        format!(
            "id = \"notify-x\"\nversion = \"0.1.0\"\nkind = \"notifier\"\npublisher = \"x\"\nmin-host = \"0.1\"\n\
             title = {{ en = \"X\" }}\n{network}\n[tiers]\n\"notify-x\" = [{interfaces}]\n"
        )
    };
    const HTTP: &str = "\"hospes:notify/http\"";
    let hosts = |network: &str| Manifest::parse(&text(HTTP, network)).unwrap().network.unwrap().hosts;
    let operator = hosts("[network]\nhosts = \"operator\"");
    let named = hosts("[network]\nhosts = [\"api.example.org\", \"*.example.net\"]");
    let check = |hosts: &Hosts, host: &str, port: u16, https: bool, expect: bool| {
        assert_eq!(hosts.allow(host, port, https), expect, "{hosts:?} {host}:{port} {https}");
    };
    check(&operator, "anything.example.com", 8443, false, true);
    check(&named, "api.example.org", 443, true, true);
    check(&named, "api.example.org", 443, false, false);
    check(&named, "api.example.org", 8443, true, false);
    check(&named, "a.example.net", 443, true, true);
    check(&named, "a.b.example.net", 443, true, true);
    for foreign in ["example.net", ".example.net", "evilexample.net", "example.org", "api.example.org.evil.com", ""] {
        check(&named, foreign, 443, true, false);
    }
    let refused = |interfaces: &str, network: &str, expect: &str| {
        let error = Manifest::parse(&text(interfaces, network)).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}\nlacks {expect}");
    };
    refused(HTTP, "", "network.hosts is missing");
    refused("\"hospes:notify/mail\"", "[network]\nhosts = \"operator\"", "leave it out");
    refused(HTTP, "[network]\nhosts = \"anything\"", "expected \"operator\" or a list of hosts' names");
    refused(HTTP, "[network]\nhosts = []", "network.hosts has 0 names, expected 1 to 32");
    for bad in
        ["", "*", "*.", "*.com", "localhost", "127.0.0.1", "API.example.org", "a..b", "-a.org", "a.org:443", "a.org/x"]
    {
        refused(HTTP, &format!("[network]\nhosts = [\"{bad}\"]"), "network.hosts is");
    }
}

proptest! {
    #[test]
    fn any_text_is_a_manifest_or_an_error(at in 0..GOOD.len(), junk in "\\PC{0,12}", length in 0..GOOD.len()) {
        let mut text: String = GOOD.chars().take(length).collect();
        text.insert_str(at.min(text.len()), &junk);
        let _either = Manifest::parse(&text);
    }
}
