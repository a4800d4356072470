//! The technician's commands against a real server, as the programs that people run.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

const PASSWORD: &str = "correct horse battery";

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hospes"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("HOSPES_")) {
        command.env_remove(name);
    }
    command
}

/// Exit code, standard output, standard error. The log-in is kept in `config`.
fn hospes(config: &Path, arguments: &[&str], input: &str) -> (i32, String, String) {
    let mut child = program()
        .args(arguments)
        .env("XDG_CONFIG_HOME", config)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn done(config: &Path, arguments: &[&str], input: &str) -> String {
    let (code, out, errors) = hospes(config, arguments, input);
    assert_eq!((code, errors.as_str()), (0, ""), "{arguments:?}: {out}");
    out
}

fn refused(config: &Path, arguments: &[&str], input: &str, code: i32, expect: &str) {
    let (got, out, errors) = hospes(config, arguments, input);
    assert_eq!((got, out.as_str()), (code, ""), "{arguments:?}: {errors}");
    assert!(errors.contains(expect), "{arguments:?}: {errors:?} lacks {expect:?}");
}

struct Server {
    child: Child,
    url: String,
}

impl Server {
    /// Starts one on a free port; its log says where.
    fn start(data: &Path) -> Self {
        let mut child = program()
            .args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json", "--data"])
            .arg(data)
            .current_dir(data)
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let url = loop {
            let line = log.next().expect("the server ended before it served").unwrap();
            let line: Value = serde_json::from_str(&line).unwrap_or_default();
            if let Some(url) = line["fields"]["url"].as_str().filter(|_| line["fields"]["message"] == "serving") {
                break url.to_owned();
            }
        };
        std::thread::spawn(move || log.for_each(drop));
        Self { child, url }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_technician_logs_in_and_prepares_lists_shows_and_ends_a_session() {
    let dir = tempfile::tempdir().unwrap();
    let (data, config) = (dir.path().join("server"), dir.path().join("config"));
    std::fs::create_dir(&data).unwrap();
    let at = data.to_str().unwrap();
    done(&config, &["--data", at, "admin", "company", "add", "--name", "Acme", "--plan", "base", "--seats", "3"], "");
    let add = ["admin", "technician", "add", "--company", "Acme", "--email", "ana@acme.test", "--name", "Ana"];
    done(&config, &[&["--data", at][..], &add].concat(), PASSWORD);
    let server = Server::start(&data);
    let login = ["login", "--server", &server.url, "--email", "ana@acme.test"];

    refused(&config, &["session", "list"], "", 1, "hospes login");
    refused(&config, &login, "wrong\n", 1, "hospes: ");
    refused(&config, &login, "", 2, "standard input");
    refused(&config, &["login", "--server", "http://192.0.2.1", "--email", "a"], "x\n", 2, "use https");
    assert!(done(&config, &login, &format!("{PASSWORD}\n")).starts_with("Logged in to http://127.0.0.1"));
    assert!(config.join("hospes/login.json").exists());
    assert_eq!(done(&config, &["session", "list"], ""), "No sessions.\n");

    let prepare = ["session", "prepare", "--customer-email", "c@d.test", "--customer-name", "Carl", "--language", "fr"];
    let prepared: Value = serde_json::from_str(&done(&config, &[&prepare[..], &["--json"]].concat(), "")).unwrap();
    let id = prepared["id"].as_str().unwrap();
    assert_eq!(prepared["state"], "prepared");
    assert!(prepared["security_code"].as_str().unwrap().chars().filter(char::is_ascii_digit).count() == 6);
    assert!(prepared["deployment_link"].as_str().unwrap().starts_with(&server.url));
    // R7: one open session per technician.
    refused(&config, &prepare, "", 1, "open");

    let list: Value = serde_json::from_str(&done(&config, &["session", "list", "--json"], "")).unwrap();
    assert_eq!(list["sessions"][0]["id"], id);
    assert!(done(&config, &["session", "list", "--state", "prepared"], "").contains("c@d.test"));
    assert_eq!(done(&config, &["session", "list", "--state", "ended"], ""), "No sessions.\n");
    let shown = done(&config, &["session", "show", id], "");
    assert!(shown.contains("Carl") && !shown.contains(prepared["password"].as_str().unwrap()), "{shown}");
    let mut unread = program();
    unread.args(["session", "show", id]).env("XDG_CONFIG_HOME", &config).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut unread = unread.spawn().unwrap();
    drop(unread.stdout.take());
    let unread = unread.wait_with_output().unwrap();
    assert!(unread.status.success() && unread.stderr.is_empty(), "as with `| head`: {unread:?}");
    refused(&config, &["ls", &format!("{id}:")], "", 1, "not active");
    refused(&config, &["session", "show", "0199c5a0-0000-7000-8000-000000000001"], "", 1, "hospes: ");
    refused(&config, &["session", "show", "../me"], "", 2, "not a session's id");

    let set = |id, more: &[&'static str]| [&["session", "set", id][..], more].concat();
    let changed = done(&config, &set(id, &["--capability", "remote-control", "--json"]), "");
    let changed: Value = serde_json::from_str(&changed).unwrap();
    assert_eq!(changed["capabilities"], serde_json::json!(["remote-control"]), "R20");
    refused(&config, &set(id, &["--capability", "dashboard"]), "", 1, "dashboard needs the feature 'dashboard'");
    refused(&config, &set(id, &[]), "", 2, "--capability");
    let found = done(&config, &["session", "list", "--all", "--search", "CARL", "--json"], "");
    assert_eq!(serde_json::from_str::<Value>(&found).unwrap()["sessions"].as_array().unwrap().len(), 1);
    assert_eq!(done(&config, &["session", "list", "--all", "--search", "Carla"], ""), "No sessions.\n");
    refused(&config, &["session", "list", "--from", "yesterday"], "", 1, "expected a moment");

    assert!(done(&config, &["session", "end", id], "").contains("has ended"));
    done(&config, &["session", "end", id], "");
    // R15, and room for another.
    let plain = done(&config, &prepare, "");
    assert!(plain.contains("code de sécurité") && plain.contains("/s/"), "{plain}");

    drop(server);
    refused(&config, &["session", "list"], "", 1, "cannot reach");
}
