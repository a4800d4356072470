//! The operator's and the plugin author's commands, as the program that people run.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Exit code, standard output, standard error.
type Done = (i32, String, String);

fn hospes(data: &Path, arguments: &[&str], input: &str) -> Done {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hospes"));
    command.current_dir(data).arg("--data").arg(data.join("server")).args(arguments);
    run(command, input)
}

fn run(mut command: Command, input: &str) -> Done {
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("HOSPES_")) {
        command.env_remove(name);
    }
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("hospes starts");
    // A command that does not read its input closes it early.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (output.status.code().expect("an exit code"), text(output.stdout), text(output.stderr))
}

fn json(done: Done) -> Value {
    assert_eq!((done.0, done.2.as_str()), (0, ""), "{}", done.1);
    serde_json::from_str(&done.1).unwrap_or_else(|error| panic!("one JSON document, not {:?}: {error}", done.1))
}

/// Runs a command that must be refused, with the reason on standard error and nothing on standard output.
fn refused(data: &Path, arguments: &[&str], input: &str, expect: &str) {
    let (code, out, errors) = hospes(data, arguments, input);
    assert_eq!((code, out.as_str()), (1, ""), "{arguments:?}: {errors}");
    assert!(errors.starts_with("hospes: ") && errors.contains(expect), "{arguments:?}: {errors}\nlacks {expect}");
}

#[test]
fn wrong_usage_exits_2_and_help_explains() {
    let dir = tempfile::tempdir().unwrap();
    let check = |arguments: &[&str], code: i32, expect: &str| {
        let done = hospes(dir.path(), arguments, "");
        assert_eq!(done.0, code, "{arguments:?}: {done:?}");
        assert!(format!("{}{}", done.1, done.2).contains(expect), "{arguments:?}: {done:?}\nlacks {expect}");
    };
    check(&["frobnicate"], 2, "unrecognized subcommand 'frobnicate'");
    check(&["admin", "company", "add"], 2, "--name <NAME>");
    check(&["admin", "company", "add", "--name", "A", "--plan", "base", "--seats", "0"], 2, "0 is not in 1..");
    check(
        &["admin", "technician", "add", "--company", "A", "--email", "a@b", "--name", "A", "--role", "root"],
        2,
        "owner",
    );
    check(&["serve", "--tls-cert", "x"], 2, "--tls-key");
    check(&["licence", "issue", "--company", "A", "--plan", "base", "--until", "tomorrow"], 2, "--until");
    for command in ["serve", "admin", "audit", "licence", "plugin", "login", "session", "ls", "cp"] {
        check(&["help"], 0, command);
        check(&["help", command], 0, "Usage: hospes");
    }
    check(&["--version"], 0, env!("CARGO_PKG_VERSION"));
    assert!(!dir.path().join("server").exists(), "asking for help makes nothing");
}

#[test]
fn the_first_company_and_technician_are_made_on_the_command_line() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path();
    let add = ["admin", "company", "add", "--name", "Acme", "--plan", "base", "--module", "insight", "--seats", "3"];
    let company = json(hospes(data, &[&add[..], &["--json"]].concat(), ""));
    assert_eq!((company["name"].as_str(), company["seats"].as_u64()), (Some("Acme"), Some(3)));
    let technician = ["admin", "technician", "add", "--company", "Acme", "--email", "Ana@acme.test", "--name", "Ana"];
    let (code, out, errors) = hospes(data, &technician, "correct horse\n");
    assert_eq!((code, errors.as_str()), (0, ""), "{out}");

    let list = json(hospes(data, &["admin", "company", "list", "--json"], ""));
    let licence = &list["licences"][0];
    assert_eq!((licence["company"].as_str(), licence["valid"].as_bool()), (Some("Acme"), Some(true)), "{list}");
    assert_eq!(licence["modules"], serde_json::json!(["insight"]));

    refused(data, &add, "", "the company \"Acme\" already exists");
    refused(data, &["admin", "company", "add", "--name", " ", "--plan", "base"], "", "1 to 200 characters");
    refused(data, &["admin", "company", "add", "--name", "B", "--plan", "gold"], "", "there is no plan 'gold'");
    let module = ["admin", "company", "add", "--name", "B", "--plan", "essential", "--module", "insight"];
    refused(data, &module, "", "plan 'essential' has no module 'insight'");
    refused(data, &technician, "correct horse\n", "already exists");
    refused(data, &technician, "", "there is no password on standard input");
    refused(data, &technician, "short\n", "8 to 1024 are needed");
    let mut other = technician;
    other[4] = "Nobody";
    refused(data, &other, "correct horse\n", "there is no company 'Nobody'");

    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(data.join("server/operator.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn data_is_accepted_anywhere_on_the_line() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("d");
    let keygen = |before: &[&str], after: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hospes"));
        command.current_dir(dir.path()).args(before).args(["licence", "keygen", "--json"]).args(after);
        json(run(command, ""))["public_key"].clone()
    };
    let place = place.to_str().unwrap();
    assert_eq!(keygen(&["--data", place], &[]), keygen(&[], &["--data", place]));
    // The settings of the server say where its data lies, too: a file here, and stronger, the environment.
    std::fs::write(dir.path().join("hospes.toml"), "data = \"d\"\n").unwrap();
    assert_eq!(keygen(&[], &[]), keygen(&["--data", place], &[]));
    let mut command = Command::new(env!("CARGO_BIN_EXE_hospes"));
    command.current_dir("/").env("XDG_DATA_HOME", dir.path()).args(["licence", "keygen", "--json"]);
    let made = json(run(command, ""));
    assert_eq!(made["file"].as_str(), dir.path().join("hospes/operator.key").to_str());
}

#[test]
fn a_licence_is_issued_installed_and_shown() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path();
    json(hospes(data, &["admin", "company", "add", "--name", "Acme", "--plan", "essential", "--json"], ""));
    let issue = ["licence", "issue", "--company", "Acme", "--plan", "base", "--module", "insight", "--seats", "9"];
    let (code, document, errors) = hospes(data, &issue, "");
    assert_eq!((code, errors.as_str()), (0, ""));
    let installed = json(hospes(data, &["licence", "install", "-", "--json"], &document));
    assert_eq!((installed["plan"].as_str(), installed["seats"].as_u64()), (Some("base"), Some(9)));
    let shown = json(hospes(data, &["licence", "show", "--company", "Acme", "--json"], ""));
    assert_eq!(shown["licences"][0], installed);

    let (_, forged, _) = hospes(data, &issue, "");
    let mut forged: Value = serde_json::from_str(&forged).unwrap();
    forged["bytes"] = "e30=".into();
    refused(data, &["licence", "install", "-"], &forged.to_string(), "was changed after it was signed");
    refused(data, &["licence", "install", "-"], "not a licence", "expected what `hospes licence issue` prints");
    refused(data, &["licence", "install", "absent.json"], "", "absent.json cannot be read");
    refused(data, &["licence", "show", "--company", "Nobody"], "", "there is no company");
    refused(
        data,
        &["licence", "issue", "--company", "Acme", "--plan", "gold"],
        "",
        "the catalogue has: essential, base",
    );

    let key = hospes(data, &["licence", "keygen", "--out", "other.key"], "");
    assert_eq!(key.0, 0, "{key:?}");
    refused(data, &["licence", "keygen", "--out", "other.key"], "", "cannot be made");
    let (_, foreign, _) = hospes(data, &[&issue[..], &["--key", "other.key"]].concat(), "");
    refused(data, &["licence", "install", "-"], &foreign, "a key that this server does not trust");
    let (_, old, _) = hospes(
        data,
        &[&issue[..], &["--from", "2020-01-01T00:00:00Z", "--until", "2021-01-01T00:00:00Z"]].concat(),
        "",
    );
    refused(data, &["licence", "install", "-"], &old, "the licence ended at 2021-01-01T00:00:00Z");
    let backwards = [&issue[..], &["--until", "2021-01-01T00:00:00Z"]].concat();
    refused(data, &backwards, "", "before it begins");

    let shown = json(hospes(data, &["licence", "show", "--json", "-"], &foreign));
    assert_eq!(shown["licences"][0]["valid"], Value::Bool(false), "{shown}");
    let (_, text, _) = hospes(data, &["licence", "show"], "");
    assert!(text.contains("plan base + insight, 9 seats") && text.contains("valid"), "{text}");
}

const MANIFEST: &str = r#"id = "peek"
version = "1.2.3"
kind = "capability"
publisher = "example"
min-host = "0.1"
title = { en = "Peek" }
[tiers]
"peek" = ["hospes:files/read"]
[ui]
entry = "ui/index.html"
"#;

/// A component with these imports, and the export of a capability.
fn component(imports: &[&str]) -> Vec<u8> {
    use wasm_encoder::{Component, ComponentExportKind, ComponentExportSection, ComponentImportSection};
    use wasm_encoder::{ComponentTypeRef, ComponentTypeSection, InstanceType};
    let mut types = ComponentTypeSection::new();
    types.instance(&InstanceType::new());
    let mut section = ComponentImportSection::new();
    for name in imports {
        section.import(*name, ComponentTypeRef::Instance(0));
    }
    let mut exports = ComponentExportSection::new();
    exports.export("hospes:plugin/serve@0.1.0", ComponentExportKind::Instance, 0, None);
    let mut component = Component::new();
    component.section(&types).section(&section).section(&exports);
    component.finish()
}

#[test]
fn a_plugin_is_signed_inspected_checked_and_installed() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path();
    let write = |name: &str, bytes: &[u8]| std::fs::write(data.join(name), bytes).unwrap();
    std::fs::create_dir_all(data.join("dist/assets")).unwrap();
    write("dist/index.html", b"<p>peek");
    write("dist/assets/app.js", b"1");
    write("plugin.toml", MANIFEST.as_bytes());
    write("peek.wasm", &component(&["hospes:base/log@0.1.0", "hospes:files/read@0.1.0"]));
    write("greedy.wasm", &component(&["hospes:files/read@0.1.0", "hospes:files/write@0.1.0"]));
    write("module.wasm", b"\0asm\x01\0\0\0");
    write("bad.key", b"42");
    let key = json(hospes(data, &["licence", "keygen", "--out", "publisher.key", "--json"], ""));
    let sign = ["plugin", "sign", "peek.wasm", "--key", "publisher.key", "--manifest", "plugin.toml", "--ui", "dist"];
    let signed = json(hospes(data, &[&sign[..], &["--json"]].concat(), ""));
    assert_eq!(signed["file"].as_str(), Some("peek-1.2.3.hospes.wasm"));
    assert_eq!(signed["publisher_key"], key["public_key"]);

    let shown = json(hospes(data, &["plugin", "inspect", "peek-1.2.3.hospes.wasm", "--json"], ""));
    assert_eq!(shown["hash"], signed["hash"]);
    assert_eq!(shown["imports"], serde_json::json!(["hospes:base/log", "hospes:files/read"]));
    assert_eq!(shown["ui"], serde_json::json!([["ui/assets/app.js", 1], ["ui/index.html", 7]]));
    assert_eq!((&shown["signature_problem"], &shown["imports_problem"]), (&Value::Null, &Value::Null));
    let (code, text, _) = hospes(data, &["plugin", "check", "peek-1.2.3.hospes.wasm"], "");
    assert_eq!((code, text.as_str()), (0, "peek-1.2.3.hospes.wasm is in order\n"));

    let (code, text, _) = hospes(data, &["plugin", "inspect", "peek.wasm"], "");
    assert!(code == 0 && text.contains("signed by   nobody") && text.contains("is not signed"), "{text}");
    refused(data, &["plugin", "check", "peek.wasm"], "", "is not signed: sign it with");
    refused(data, &["plugin", "inspect", "module.wasm"], "", "build it for wasm32-wasip2");
    refused(data, &["plugin", "inspect", "absent.wasm"], "", "absent.wasm cannot be read");
    let with = |at: usize, value: &'static str| {
        let mut arguments = sign;
        arguments[at] = value;
        arguments
    };
    refused(data, &with(2, "greedy.wasm"), "", "hospes:files/write is imported, but the manifest does not state it");
    refused(data, &with(2, "module.wasm"), "", "it is a core module");
    refused(data, &with(4, "bad.key"), "", "expected 64 hexadecimal digits");
    refused(data, &with(8, "dist/assets"), "", "there is no such file; is the page built?");
    refused(data, &sign[..5], "", "give its manifest with --manifest plugin.toml");
    refused(data, &["plugin", "sign", "peek-1.2.3.hospes.wasm", "--key", "publisher.key"], "", "is already signed");

    let install = ["plugin", "install", "peek-1.2.3.hospes.wasm"];
    refused(data, &install, "", "add its key to the setting `publishers`");
    assert!(!data.join("server/plugins").exists(), "a refusal leaves nothing");
    write("hospes.toml", format!("publishers = [{}]\n", key["public_key"]).as_bytes());
    let installed = json(hospes(data, &[&install[..], &["--json"]].concat(), ""));
    let place = data.join("server/plugins/peek-1.2.3.hospes.wasm");
    assert_eq!(installed["file"].as_str(), place.to_str());
    let bytes = std::fs::read(&place).unwrap();
    assert_eq!(bytes, std::fs::read(data.join("peek-1.2.3.hospes.wasm")).unwrap());

    write("plugin.toml", MANIFEST.replace("1.2.3", "1.3.0").as_bytes());
    json(hospes(data, &[&sign[..], &["--json"]].concat(), ""));
    let newer = json(hospes(data, &["plugin", "install", "peek-1.3.0.hospes.wasm", "--json"], ""));
    assert_eq!(newer["replaced"], serde_json::json!([place]));
    assert!(!place.exists());

    write("cut.wasm", &bytes[..bytes.len() - 1]);
    refused(data, &["plugin", "check", "cut.wasm"], "", "unexpected end-of-file");
    let mut changed = bytes.clone();
    let at = changed.windows(4).position(|window| window == b"peek").unwrap();
    changed[at] = b'P';
    write("changed.wasm", &changed);
    refused(data, &["plugin", "install", "changed.wasm"], "", "the file was changed after it was signed");
}

#[test]
fn the_server_takes_installed_plugins_and_ends_when_told() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path();
    let write = |name: &str, bytes: &[u8]| std::fs::write(data.join(name), bytes).unwrap();
    write("plugin.toml", MANIFEST.split("[ui]").next().unwrap().as_bytes());
    write("peek.wasm", &component(&["hospes:files/read@0.1.0"]));
    let key = json(hospes(data, &["licence", "keygen", "--out", "publisher.key", "--json"], ""));
    write("hospes.toml", format!("publishers = [{}]\n", key["public_key"]).as_bytes());
    let sign = ["plugin", "sign", "peek.wasm", "--key", "publisher.key", "--manifest", "plugin.toml", "--json"];
    json(hospes(data, &sign, ""));
    json(hospes(data, &["plugin", "install", "peek-1.2.3.hospes.wasm", "--json"], ""));

    let log = std::fs::File::create(data.join("log")).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut server = Command::new(env!("CARGO_BIN_EXE_hospes"))
        .current_dir(data)
        .args(["serve", "--data", "server", "--listen", &format!("127.0.0.1:{port}"), "--log-format", "json"])
        .stderr(log)
        .spawn()
        .unwrap();
    let start = std::time::Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(start.elapsed().as_secs() < 20 && server.try_wait().unwrap().is_none(), "the server is not up");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(Command::new("kill").args(["-TERM", &server.id().to_string()]).status().unwrap().success());
    assert_eq!(server.wait().unwrap().code(), Some(0));
    let log = std::fs::read_to_string(data.join("log")).unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    let taken = |line: &Value| line["fields"]["message"] == "plugin installed" && line["fields"]["id"] == "peek";
    assert!(lines.iter().any(taken), "{log}");
}

#[test]
fn a_server_that_cannot_start_says_what_to_change() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path();
    refused(data, &["serve", "--listen", "0.0.0.0:0"], "", "give tls.cert and tls.key");
    refused(data, &["serve", "--listen", "nonsense"], "", "expected an IP address and a port");
    refused(data, &["serve", "--config", "absent.toml"], "", "absent.toml");
    std::fs::write(data.join("hospes.toml"), "lissten = \"127.0.0.1:1\"\n").unwrap();
    refused(data, &["serve"], "", "there is no setting 'lissten'");
    refused(data, &["admin", "company", "list"], "", "there is no setting 'lissten'");
}

#[test]
fn the_operator_disables_and_resets_technicians() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path();
    json(hospes(data, &["admin", "company", "add", "--name", "Acme", "--plan", "base", "--json"], ""));
    for (email, role) in [("olga@acme.test", "owner"), ("tom@acme.test", "technician")] {
        let add = ["admin", "technician", "add", "--company", "Acme", "--email", email, "--name", "N", "--role", role];
        hospes(data, &add, "correct horse\n");
    }
    let on = |what: &str, email: &str| hospes(data, &["admin", "technician", what, "--email", email, "--json"], "");
    assert_eq!(json(on("disable", "TOM@acme.test"))["disabled"], true);
    let list = json(hospes(data, &["admin", "technician", "list", "--company", "Acme", "--json"], ""));
    let states: Vec<_> = list["technicians"].as_array().unwrap().iter().map(|t| (&t["role"], &t["disabled"])).collect();
    let expect = [(Value::from("owner"), Value::from(false)), (Value::from("technician"), Value::from(true))];
    assert_eq!(states, expect.iter().map(|(role, disabled)| (role, disabled)).collect::<Vec<_>>());
    assert!(hospes(data, &["admin", "technician", "list"], "").1.contains("disabled"));
    assert_eq!(json(on("enable", "tom@acme.test"))["disabled"], false);
    let (one, two) = (json(on("reset", "tom@acme.test")), json(on("reset", "tom@acme.test")));
    assert!(one["password"].as_str().unwrap().len() >= 12 && one["password"] != two["password"]);
    let named = |what: &'static str, email: &'static str| ["admin", "technician", what, "--email", email];
    refused(data, &named("disable", "olga@acme.test"), "", "the company's last owner; add another owner first");
    refused(data, &named("disable", "nobody@acme.test"), "", "there is no technician 'nobody@acme.test'");
    refused(data, &["admin", "technician", "list", "--company", "B"], "", "there is no company 'B'");
}

#[tokio::test]
async fn the_audit_log_is_verified_and_a_changed_entry_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path();
    let verify = |more: &[&str]| hospes(data, &[&["audit", "verify"], more].concat(), "");
    refused(data, &["audit", "verify"], "", "there is no database in");
    assert!(!data.join("server").exists(), "proving makes nothing");
    for name in ["Acme", "Beta"] {
        json(hospes(data, &["admin", "company", "add", "--name", name, "--plan", "base", "--json"], ""));
    }
    let add = ["admin", "technician", "add", "--company", "Acme", "--email", "a@acme.test", "--name", "A"];
    hospes(data, &add, "correct horse\n");
    let whole = json(verify(&["--json"]));
    assert_eq!((&whole["whole"], &whole["entries"]), (&Value::from(true), &Value::from(3)), "{whole}");
    assert_eq!(json(verify(&["--company", "Acme", "--json"]))["logs"][0]["entries"], 2);
    assert!(verify(&[]).1.contains("Acme: 2 entries"));
    refused(data, &["audit", "verify", "--company", "Gamma"], "", "there is no company 'Gamma'");

    // Somebody writes into the database's file.
    let path = data.join("server/hospes.db");
    hospes_store::sqlite::SqliteStore::open(&path).await.unwrap().close().await;
    let mut bytes = std::fs::read(&path).unwrap();
    let place = bytes.windows(14).position(|window| window == b"technician.add").unwrap();
    bytes[place..place + 14].copy_from_slice(b"technician.odd");
    std::fs::write(&path, bytes).unwrap();
    let (code, out, errors) = verify(&["--json"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(errors.contains("'Acme'") && errors.contains("/2, column hash: the entry"), "{errors}");
    assert!(verify(&["--company", "Beta"]).0 == 0, "the other company's log is whole");
}
