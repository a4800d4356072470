//! The files provider on a real file system: nothing outside a shared folder is reached, and an upload is whole or not
//! there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use hospes_agent::provider::SharedFolder;
use hospes_agent::provider::linux::{Options, providers};
use hospes_runtime::provider::Error;
use hospes_runtime::provider::files::{Directory, Files, Kind};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

struct Shared {
    dir: TempDir,
    files: Arc<dyn Files>,
    journal: Arc<Mutex<Vec<PathBuf>>>,
}

/// A folder `inside` that is shared as "Home" and, for reading only, as "Look"; beside it lies `outside/secret`.
fn shared() -> Shared {
    let dir = TempDir::new().unwrap();
    let inside = dir.path().join("inside");
    fs::create_dir(&inside).unwrap();
    fs::create_dir(dir.path().join("outside")).unwrap();
    fs::write(dir.path().join("outside/secret"), "secret").unwrap();
    let journal: Arc<Mutex<Vec<PathBuf>>> = Arc::default();
    let noted = journal.clone();
    let folder = |name: &str, writable| SharedFolder { name: name.into(), path: inside.clone(), writable };
    let lent = providers(Options {
        display: Some(":4242".into()),
        folders: vec![folder("Home", true), folder("Look", false)],
        before_making: Arc::new(move |path: &Path| {
            noted.lock().unwrap().push(path.to_owned());
            Ok(())
        }),
    });
    Shared { dir, files: lent.providers.files.unwrap(), journal }
}

impl Shared {
    fn home(&self) -> Box<dyn Directory> {
        self.files.open_root("Home").unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("inside").join(name)
    }

    fn names(&self) -> Vec<String> {
        self.home().entries(None).unwrap().0.into_iter().map(|entry| entry.name).collect()
    }
}

fn code<T>(result: Result<T, Error>) -> String {
    match result {
        Ok(_) => "ok".into(),
        Err(Error::NotFound) => "not-found".into(),
        Err(Error::AlreadyExists) => "already-exists".into(),
        Err(Error::Invalid(_)) => "invalid".into(),
        Err(Error::Unavailable(_)) => "unavailable".into(),
        Err(Error::Other(code, _)) => code.into(),
    }
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    blake3::hash(bytes).into()
}

#[test]
fn names_that_are_paths_are_refused_everywhere() {
    let shared = shared();
    let home = shared.home();
    fs::write(shared.path("file"), "x").unwrap();
    let long = "x".repeat(256);
    let bad = ["", ".", "..", "/", "/etc", "../outside", "a/b", "a\0b", "../", &long, ".hospes-00.part"];
    for name in bad {
        let outcomes = [
            code(home.stat(name)),
            code(home.open_directory(name)),
            code(home.open_file(name)),
            code(home.create_directory(name)),
            code(home.remove(name)),
            code(home.rename(name, &*shared.home(), "new", true)),
            code(home.rename("file", &*shared.home(), name, true)),
            code(home.begin_upload(name, "key")),
        ];
        assert!(outcomes.iter().all(|outcome| outcome == "invalid"), "{name:?}: {outcomes:?}");
    }
    for name in ["", "Nope", "..", "Home/..", "/"] {
        assert_eq!(code(shared.files.open_root(name)), "not-found", "{name:?}");
    }
    assert_eq!(shared.names(), ["file"]);
}

#[test]
fn odd_names_that_exist_are_reachable_and_new_ones_are_plain() {
    let shared = shared();
    let home = shared.home();
    let long = "x".repeat(255);
    let odd = ["with\nnewline", "emoji 🦀", "-rf", " ", "...", "~", "C:\\x", "a\tb", "%2e%2e", &long];
    for name in odd {
        fs::write(shared.path(name), name).unwrap();
        assert_eq!(home.stat(name).unwrap().kind, Kind::File, "{name:?}");
        assert_eq!(home.open_file(name).unwrap().read(0, 1000).unwrap(), name.as_bytes(), "{name:?}");
    }
    fs::write(shared.path("").join(std::ffi::OsStr::from_bytes(b"caf\xe9")), "").unwrap();
    let (entries, next) = home.entries(None).unwrap();
    assert_eq!((entries.len(), next), (odd.len() + 1, None));
    let strange: Vec<_> = entries.iter().filter(|entry| !entry.addressable).collect();
    assert_eq!(strange.len(), 1);
    assert_eq!(strange[0].name, "caf\u{fffd}");
    for name in ["new\nline", "bell\u{7}"] {
        assert_eq!(code(home.create_directory(name)), "invalid");
        assert_eq!(code(home.begin_upload(name, "k")), "invalid");
        assert_eq!(code(home.rename("~", &*home, name, false)), "invalid");
    }
    assert_eq!(code(home.remove("with\nnewline")), "ok");
}

#[test]
fn links_are_listed_and_never_followed() {
    let shared = shared();
    let home = shared.home();
    fs::create_dir(shared.path("real")).unwrap();
    fs::write(shared.path("real/file"), "mine").unwrap();
    let outside = shared.dir.path().join("outside");
    let links = [
        ("to-secret", outside.join("secret")),
        ("to-outside", outside),
        ("up", "..".into()),
        ("relative", "../outside/secret".into()),
        ("inside", "real".into()),
        ("etc", "/etc".into()),
        ("dangling", "nowhere".into()),
        ("self", "self".into()),
    ];
    for (name, target) in &links {
        symlink(target, shared.path(name)).unwrap();
        assert_eq!(home.stat(name).unwrap().kind, Kind::Link, "{name}");
        assert_eq!(code(home.open_file(name)), "is-link", "{name}");
        assert_eq!(code(home.open_directory(name)), "is-link", "{name}");
    }
    // An upload onto a link replaces the link, not what it leads to; deleting deletes the link.
    let mut upload = home.begin_upload("to-secret", "k").unwrap();
    upload.write(0, b"new").unwrap();
    upload.commit(hash(b"new"), None, true).unwrap();
    assert_eq!(fs::read(shared.dir.path().join("outside/secret")).unwrap(), b"secret");
    assert_eq!(fs::read(shared.path("to-secret")).unwrap(), b"new");
    home.remove("to-outside").unwrap();
    assert!(shared.dir.path().join("outside/secret").exists());
    // A partial file that somebody else put there as a link is not written through.
    let begun = home.begin_upload("later", "k").unwrap();
    drop(begun);
    let partial = shared.journal.lock().unwrap().last().unwrap().clone();
    fs::remove_file(&partial).unwrap();
    symlink(shared.dir.path().join("outside/secret"), &partial).unwrap();
    assert_ne!(code(home.begin_upload("later", "k")), "ok");
    assert_eq!(fs::read(shared.dir.path().join("outside/secret")).unwrap(), b"secret");
}

#[test]
fn what_is_neither_file_nor_directory_does_not_hang() {
    let shared = shared();
    let made = std::process::Command::new("mkfifo").arg(shared.path("pipe")).status().unwrap();
    assert!(made.success());
    assert_eq!(shared.home().stat("pipe").unwrap().kind, Kind::Other);
    assert_eq!(code(shared.home().open_file("pipe")), "invalid");
}

#[test]
fn an_upload_resumes_and_appears_in_one_step() {
    let shared = shared();
    let home = shared.home();
    let content: Vec<u8> = (0..3_000_000_u32).map(|n| (n * 7 + n / 251) as u8).collect();
    let mut upload = home.begin_upload("big", "key").unwrap();
    assert_eq!(upload.offset(), 0);
    upload.write(0, &content[..1_000_000]).unwrap();
    assert_eq!(code(home.begin_upload("big", "key")), "busy", "one channel at a time");
    assert_eq!(code(upload.write(5, b"x")), "invalid", "no gaps, no going back");
    drop(upload);
    assert_eq!(shared.names(), [""; 0], "nothing is to be seen before the commit");
    let partial = shared.journal.lock().unwrap()[0].clone();
    assert!(partial.starts_with(shared.dir.path()) && partial.exists(), "journalled by its absolute path");

    let mut upload = home.begin_upload("big", "key").unwrap();
    assert_eq!(upload.offset(), 1_000_000, "a cut loses nothing");
    upload.write(1_000_000, &content[1_000_000..]).unwrap();
    upload.commit(hash(&content), Some(1_600_000_000_123), false).unwrap();
    assert_eq!(code(upload.write(3_000_000, b"x")), "invalid");
    assert!(fs::read(shared.path("big")).unwrap() == content);
    let entry = home.stat("big").unwrap();
    assert_eq!((entry.size, entry.modified), (3_000_000, Some(1_600_000_000_123)));
    assert!(!partial.exists());
    assert_eq!(shared.journal.lock().unwrap().len(), 1, "made once, journalled once");
    assert_eq!(home.begin_upload("big", "other").unwrap().offset(), 0, "another key starts anew");
}

#[test]
fn a_wrong_hash_and_a_taken_name_are_refused() {
    let shared = shared();
    let home = shared.home();
    fs::write(shared.path("taken"), "old").unwrap();
    fs::set_permissions(shared.path("taken"), fs::Permissions::from_mode(0o640)).unwrap();
    let mut upload = home.begin_upload("taken", "k").unwrap();
    upload.write(0, b"new").unwrap();
    assert_eq!(code(upload.commit(hash(b"new"), None, false)), "already-exists");
    assert_eq!(fs::read(shared.path("taken")).unwrap(), b"old");
    upload.commit(hash(b"new"), None, true).unwrap();
    assert_eq!(fs::read(shared.path("taken")).unwrap(), b"new");
    assert_eq!(fs::metadata(shared.path("taken")).unwrap().mode() & 0o777, 0o640, "rights stay");

    let mut upload = home.begin_upload("other", "k").unwrap();
    upload.write(0, b"damaged").unwrap();
    assert_eq!(code(upload.commit(hash(b"whole"), None, false)), "invalid");
    drop(upload);
    assert_eq!(home.begin_upload("other", "k").unwrap().offset(), 0, "the partial file is gone");
    home.begin_upload("other", "k").unwrap().discard();
    let left: Vec<_> = fs::read_dir(shared.path("")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["taken"]);
}

#[test]
fn renaming_replaces_only_when_asked_and_moves_between_directories() {
    let shared = shared();
    let home = shared.home();
    home.create_directory("dir").unwrap();
    let dir = home.open_directory("dir").unwrap();
    fs::write(shared.path("a"), "a").unwrap();
    fs::write(shared.path("b"), "b").unwrap();
    assert_eq!(code(home.rename("a", &*home, "b", false)), "already-exists");
    assert_eq!(fs::read(shared.path("b")).unwrap(), b"b");
    home.rename("a", &*home, "b", true).unwrap();
    assert_eq!(fs::read(shared.path("b")).unwrap(), b"a");
    home.rename("b", &*dir, "moved", false).unwrap();
    assert_eq!(fs::read(shared.path("dir/moved")).unwrap(), b"a");
    assert_eq!(code(home.rename("dir", &*dir, "in-itself", false)), "invalid");
    assert_eq!(code(home.rename("nothing", &*dir, "x", false)), "not-found");
    assert_eq!(code(home.remove("dir")), "not-empty");
    assert_eq!(code(home.create_directory("dir")), "already-exists");
    assert_eq!(code(home.open_file("dir")), "is-directory");
    assert_eq!(code(dir.open_directory("moved")), "not-directory");
    dir.remove("moved").unwrap();
    home.remove("dir").unwrap();
    assert_eq!(code(home.remove("dir")), "not-found");
}

#[test]
fn a_folder_that_is_shared_for_reading_is_only_read() {
    let shared = shared();
    fs::write(shared.path("file"), "x").unwrap();
    fs::create_dir(shared.path("dir")).unwrap();
    let look = shared.files.open_root("Look").unwrap();
    let below = look.open_directory("dir").unwrap();
    for outcome in [
        code(look.create_directory("new")),
        code(below.create_directory("new")),
        code(look.remove("file")),
        code(look.rename("file", &*look, "new", false)),
        code(look.rename("file", &*shared.home(), "new", false)),
        code(shared.home().rename("file", &*look, "new", false)),
        code(look.begin_upload("new", "k")),
    ] {
        assert_eq!(outcome, "read-only");
    }
    assert_eq!(look.open_file("file").unwrap().read(0, 10).unwrap(), b"x");
    let writable: Vec<_> = shared.files.roots().unwrap().into_iter().map(|root| (root.name, root.writable)).collect();
    assert_eq!(writable, [("Home".into(), true), ("Look".into(), false)]);
}

#[test]
fn listings_are_sorted_and_paged() {
    let shared = shared();
    for n in 0..2500 {
        fs::write(shared.path(&format!("f{n:05}")), "").unwrap();
    }
    let home = shared.home();
    let (mut names, mut from, mut pages) = (Vec::new(), None::<String>, 0);
    loop {
        let (entries, next) = home.entries(from.as_deref()).unwrap();
        assert!(entries.len() <= 1000);
        names.extend(entries.into_iter().map(|entry| entry.name));
        pages += 1;
        match next {
            Some(next) => from = Some(next),
            None => break,
        }
    }
    assert_eq!((names.len(), pages), (2500, 3));
    assert!(names.is_sorted());
    assert_eq!(code(home.entries(Some("not hex!"))), "invalid");
}

#[test]
fn reading_starts_anywhere_and_ends_at_the_end() {
    let shared = shared();
    fs::write(shared.path("file"), "0123456789").unwrap();
    let file = shared.home().open_file("file").unwrap();
    for (offset, len, expected) in [(0, 4, "0123"), (8, 100, "89"), (10, 5, ""), (u64::MAX, 5, ""), (3, 0, "")] {
        let read = file.read(offset, len);
        assert_eq!(read.unwrap_or_default(), expected.as_bytes(), "{offset} {len}");
    }
    assert_eq!(file.stat().unwrap().size, 10);
}

#[test]
fn invariant_7_nothing_is_made_that_the_journal_does_not_know() {
    let dir = TempDir::new().unwrap();
    let lent = providers(Options {
        display: Some(":4242".into()),
        folders: vec![SharedFolder { name: "Home".into(), path: dir.path().into(), writable: true }],
        before_making: Arc::new(|_: &Path| Err(std::io::Error::other("the journal cannot be written"))),
    });
    let home = lent.providers.files.unwrap().open_root("Home").unwrap();
    assert_eq!(code(home.begin_upload("file", "k")), "io");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}
