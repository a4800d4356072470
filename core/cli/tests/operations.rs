//! What an operator keeps and asks: settings, backup, restore, as the program that people run.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use serde_json::Value;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Exit code, standard output, standard error.
type Done = (i32, String, String);

fn hospes(folder: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Done {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hospes"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("HOSPES_") || name == "RUST_LOG") {
        command.env_remove(name);
    }
    command.current_dir(folder).args(arguments).envs(variables.iter().copied());
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("hospes starts");
    // A command that does not read its input closes it early.
    let _ = child.stdin.take().unwrap().write_all(b"correct horse battery\n");
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (output.status.code().expect("an exit code"), text(output.stdout), text(output.stderr))
}

#[test]
fn print_config_says_what_would_be_used_and_why() {
    let dir = tempfile::tempdir().unwrap();
    let file = "code_expiry_minutes = 5\ntoken_hours = 3\n[metrics]\ntoken = \"swordfish-swordfish\"\n";
    std::fs::write(dir.path().join("hospes.toml"), file).unwrap();
    std::fs::create_dir_all(dir.path().join("data/plugins")).unwrap();
    let variables =
        [("HOSPES_TOKEN_HOURS", "4"), ("RUST_LOG", "debug"), ("HOSPES_RATE_LIMITS__CODES_PER_MINUTE", "40")];
    let arguments = ["--data", "data", "serve", "--listen", "127.0.0.1:7", "--print-config"];
    let (code, text, errors) = hospes(dir.path(), &variables, &arguments);
    assert_eq!((code, errors.as_str()), (0, ""), "{text}");
    for line in [
        "data = \"data\" # command line",
        "listen = \"127.0.0.1:7\" # command line",
        "token_hours = 4 # environment variable HOSPES_TOKEN_HOURS",
        "log_level = \"debug\" # environment variable RUST_LOG",
        "log_format = \"text\" # default",
        "plugins = \"data/plugins\" # what `hospes plugin install` put there",
        "codes_per_minute = 40 # environment variable HOSPES_RATE_LIMITS__CODES_PER_MINUTE",
        "logins_per_minute = 60 # default",
        "# public_url is not set",
    ] {
        assert!(text.lines().any(|printed| printed == line), "{text}\nlacks {line}");
    }
    assert!(text.contains("hospes.toml") && text.contains("code_expiry_minutes = 5"), "{text}");
    assert!(text.contains("token = \"***\"") && !text.contains("swordfish"), "{text}");
    // It starts nothing.
    assert!(!dir.path().join("data/hospes.db").exists() && !dir.path().join("data/identity.key").exists());

    let wrong = [("HOSPES_TOKEN_HOURS", "soon"), ("HOSPES_METRICS__TOKEN", "short")];
    let (code, text, errors) = hospes(dir.path(), &wrong, &arguments);
    assert_eq!((code, text.as_str()), (1, ""));
    assert!(errors.contains("HOSPES_TOKEN_HOURS") && errors.contains("soon"), "{errors}");
    // A secret of digits is text, and none is told back.
    let digits = [("HOSPES_METRICS__TOKEN", "0000000000000000")];
    let (code, text, errors) = hospes(dir.path(), &digits, &arguments);
    assert_eq!((code, errors.as_str()), (0, ""));
    assert!(text.contains("token = \"***\" # environment variable HOSPES_METRICS__TOKEN, masked"), "{text}");
    let (code, _, errors) = hospes(dir.path(), &[("HOSPES_METRICS__TOKEN", "80085")], &arguments);
    assert!(code == 1 && errors.contains("metrics.token") && !errors.contains("80085"), "{errors}");
    let (code, _, errors) = hospes(dir.path(), &[], &["serve", "--log-level", "loud", "--print-config"]);
    assert!(
        code == 1 && errors.contains("log_level") && errors.contains("loud") && errors.contains("debug"),
        "{errors}"
    );
}

/// A data directory with a company, a technician and keys, and a backup of it.
fn kept(dir: &Path) -> PathBuf {
    let ok = |arguments: &[&str]| {
        let (code, out, errors) = hospes(dir, &[], arguments);
        assert_eq!(code, 0, "{arguments:?}: {errors}");
        out
    };
    ok(&["--data", "old", "admin", "company", "add", "--name", "Acme", "--plan", "base"]);
    ok(&[
        "--data",
        "old",
        "admin",
        "technician",
        "add",
        "--company",
        "Acme",
        "--email",
        "a@acme.test",
        "--name",
        "Ada",
    ]);
    std::fs::create_dir(dir.join("old/plugins")).unwrap();
    std::fs::write(dir.join("old/plugins/echo-1.0.0.hospes.wasm"), b"a plugin").unwrap();
    std::fs::write(dir.join("old/notes.txt"), "not the server's").unwrap();
    let out: Value = serde_json::from_str(&ok(&["--data", "old", "backup", "--json", "."])).unwrap();
    let names: Vec<&str> =
        out["manifest"]["files"].as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["hospes.db", "operator.key", "plugins/echo-1.0.0.hospes.wasm"]);
    let file = dir.join(out["file"].as_str().unwrap());
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    file
}

#[test]
fn a_backup_is_restored_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let backup = kept(dir.path());
    let arguments = ["--data", "new/deep", "restore", "--json", backup.to_str().unwrap()];
    std::fs::create_dir_all(dir.path().join("new/deep")).unwrap();
    let (code, out, errors) = hospes(dir.path(), &[], &arguments);
    assert_eq!((code, errors.as_str()), (0, ""));
    let restored: Value = serde_json::from_str(&out).unwrap();
    assert!(restored["audit_entries"].as_u64().unwrap() >= 1, "{restored}");
    assert_eq!((&restored["logins_ended"], &restored["sessions_ended"]), (&Value::from(0), &Value::from(0)));
    for name in ["operator.key", "plugins/echo-1.0.0.hospes.wasm"] {
        let read = |folder: &str| std::fs::read(dir.path().join(folder).join(name)).unwrap();
        assert_eq!(read("old"), read("new/deep"));
    }
    let new = dir.path().join("new/deep");
    assert_eq!(std::fs::metadata(&new).unwrap().permissions().mode() & 0o777, 0o700);
    for name in ["hospes.db", "operator.key"] {
        assert_eq!(std::fs::metadata(new.join(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
    let (_, companies, _) = hospes(dir.path(), &[], &["--data", "new/deep", "admin", "company", "list"]);
    assert!(companies.contains("Acme"), "{companies}");
    assert_eq!(std::fs::read_dir(dir.path().join("new")).unwrap().count(), 1, "nothing else is left there");
}

#[test]
fn what_is_no_whole_backup_restores_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let backup = kept(dir.path());
    let good = std::fs::read(&backup).unwrap();
    let refused = |arguments: &[&str], expect: &str| {
        let (code, out, errors) = hospes(dir.path(), &[], arguments);
        assert_eq!((code, out.as_str()), (1, ""), "{errors}");
        assert!(errors.contains(expect), "{errors}\nlacks {expect}");
    };
    let changed = |change: &dyn Fn(&mut Vec<u8>), expect: &str| {
        let mut bytes = good.clone();
        change(&mut bytes);
        std::fs::write(dir.path().join("bad"), bytes).unwrap();
        refused(&["--data", "new", "restore", "bad"], expect);
        assert!(!dir.path().join("new").exists(), "{expect}");
    };
    let head = good.iter().position(|byte| *byte == b'}').unwrap();
    changed(&|bytes| bytes.clear(), "not a backup");
    changed(&|bytes| bytes[14] = b'9', "newer version");
    changed(&|bytes| bytes.truncate(head), "it is cut");
    changed(&|bytes| bytes.truncate(good.len() - 1), "it is cut");
    changed(&|bytes| bytes.push(0), "something stands behind its end");
    changed(&|bytes| *bytes.last_mut().unwrap() ^= 1, "its checksum does not match");
    changed(&|bytes| bytes[good.len() - 40] ^= 1, "plugins/echo-1.0.0.hospes.wasm is not what it was");
    changed(
        &|bytes| {
            let at = bytes.windows(12).position(|window| window == b"operator.key").unwrap();
            bytes[at..at + 12].copy_from_slice(b"../evil1.key");
        },
        "belongs to no server",
    );
    refused(&["--data", "old", "restore", backup.to_str().unwrap()], "is not empty, and a server may run on it");
    refused(&["--data", "new", "restore", "nowhere"], "nowhere");
    refused(&["--data", "nowhere", "backup", "."], "no database of a server here");
    refused(&["--data", "old", "backup", backup.to_str().unwrap()], "it is there already");
    refused(&["--data", "old", "backup", "no/such/place"], "no/such");
    let hidden = std::fs::read_dir(dir.path()).unwrap().flatten();
    let hidden: Vec<_> =
        hidden.map(|entry| entry.file_name()).filter(|name| name.to_string_lossy().starts_with('.')).collect();
    assert!(hidden.is_empty(), "{hidden:?}");
}
