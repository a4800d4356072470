//! Copies against a peer that cuts, lies and names files badly.

use super::fake::{self, Shared, World};
use crate::client::copy::{CpArgs, copy_with};
use crate::client::error::ClientError;
use crate::client::network::NetworkArgs;
use crate::client::password::SessionPassword;
use serde_json::json;
use std::path::Path;
use std::sync::{Arc, Mutex};

const ID: &str = "0199c5a0-0000-7000-8000-000000000001";

fn names(path: &str) -> Vec<String> {
    path.split('/').map(str::to_owned).collect()
}

fn content(length: usize, seed: u8) -> Vec<u8> {
    (0..length).map(|i| (i * 7 / 3) as u8 ^ seed).collect()
}

struct Bench {
    world: Shared,
    server: String,
    here: tempfile::TempDir,
}

impl Bench {
    async fn new(world: World) -> Self {
        let world = Arc::new(Mutex::new(world));
        let server = fake::start(world.clone()).await;
        Self { world, server, here: tempfile::tempdir().unwrap() }
    }

    fn local(&self, name: &str) -> String {
        self.here.path().join(name).display().to_string()
    }

    /// `hospes cp`, with the session password known.
    async fn cp(&self, source: &str, target: &str) -> Result<(), ClientError> {
        let data = self.here.path().join("data");
        let login = json!({"server": self.server, "email": "e", "token": "t", "expires_at": "later"});
        std::fs::create_dir_all(&data).unwrap();
        std::fs::write(data.join("login.json"), login.to_string()).unwrap();
        let args = CpArgs { source: source.to_owned(), target: target.to_owned() };
        let network = NetworkArgs::default();
        let copying = copy_with(args, &network, Some(&data), SessionPassword::known("right password"));
        tokio::time::timeout(std::time::Duration::from_secs(60), copying).await.expect("it hangs")
    }

    /// Files below a folder of this computer, with their content; hidden ones too.
    fn found(&self, name: &str) -> Vec<(String, Vec<u8>)> {
        fn walk(folder: &Path, prefix: &str, found: &mut Vec<(String, Vec<u8>)>) {
            for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
                let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
                if entry.path().is_dir() {
                    walk(&entry.path(), &format!("{name}/"), found);
                } else {
                    found.push((name, std::fs::read(entry.path()).unwrap()));
                }
            }
        }
        let mut found = Vec::new();
        walk(&self.here.path().join(name), "", &mut found);
        found.sort();
        found
    }
}

#[tokio::test]
async fn a_file_comes_down_and_goes_up_unchanged() {
    for length in [0, 1, 262_144, 3_000_001] {
        let bench = Bench::new(World::from("right password")).await;
        let bytes = content(length, 5);
        bench.world.lock().unwrap().files.insert(names("Home/a.bin"), bytes.clone());
        std::fs::create_dir(bench.local("in")).unwrap();
        bench.cp(&format!("{ID}:Home/a.bin"), &bench.local("in")).await.unwrap();
        assert_eq!(bench.found("in"), [("a.bin".to_owned(), bytes.clone())], "and no partial file is left");
        bench.cp(&bench.local("in/a.bin"), &format!("{ID}:Home/b.bin")).await.unwrap();
        assert_eq!(bench.world.lock().unwrap().files[&names("Home/b.bin")], bytes);
        bench.cp(&bench.local("in/a.bin"), &format!("{ID}:Home/new/")).await.unwrap();
        assert_eq!(bench.world.lock().unwrap().files[&names("Home/new/a.bin")], bytes);
    }
}

#[tokio::test]
async fn r2_a_wrong_session_password_opens_nothing() {
    let bench = Bench::new(World::from("another password")).await;
    bench.world.lock().unwrap().files.insert(names("Home/a"), vec![1]);
    let error = bench.cp(&format!("{ID}:Home/a"), &bench.local("a")).await.unwrap_err();
    assert_eq!(error.to_string(), "the session password is wrong");
    assert_eq!(bench.world.lock().unwrap().opened, 0);
}

#[tokio::test]
async fn a_cut_copy_goes_on_where_it_was() {
    let bytes = content(5_000_000, 9);
    let bench = Bench::new(World { cuts: vec![2_000_000, 1_500_000], ..World::from("right password") }).await;
    bench.world.lock().unwrap().files.insert(names("Home/big"), bytes.clone());
    bench.cp(&format!("{ID}:Home/big"), &bench.local("big")).await.unwrap();
    assert_eq!(std::fs::read(bench.local("big")).unwrap(), bytes);
    let (offsets, opened) = {
        let mut world = bench.world.lock().unwrap();
        (std::mem::take(&mut world.offsets), std::mem::take(&mut world.opened))
    };
    assert_eq!((offsets[0], opened), (0, 3));
    assert!(offsets.windows(2).all(|pair| pair[0] < pair[1]), "each went on further: {offsets:?}");

    bench.world.lock().unwrap().cuts = vec![1_000_000];
    bench.world.lock().unwrap().offline = 2;
    bench.cp(&bench.local("big"), &format!("{ID}:Home/up")).await.unwrap_err();
    bench.world.lock().unwrap().offline = 0;
    bench.cp(&bench.local("big"), &format!("{ID}:Home/up")).await.unwrap();
    assert_eq!(bench.world.lock().unwrap().files[&names("Home/up")], bytes);
    let offsets = bench.world.lock().unwrap().offsets.clone();
    assert!(offsets.len() == 2 && offsets[0] == 0 && offsets[1] > 500_000, "{offsets:?}");
}

#[tokio::test]
async fn a_host_that_is_away_after_a_cut_is_waited_for() {
    let bytes = content(1_000_000, 2);
    let bench = Bench::new(World { cuts: vec![500_000], ..World::default() }).await;
    bench.world.lock().unwrap().files.insert(names("Home/f"), bytes.clone());
    let world = bench.world.clone();
    tokio::spawn(async move {
        while world.lock().unwrap().opened == 0 {
            tokio::task::yield_now().await;
        }
        world.lock().unwrap().offline = 2;
    });
    bench.cp(&format!("{ID}:Home/f"), &bench.local("f")).await.unwrap();
    assert_eq!(std::fs::read(bench.local("f")).unwrap(), bytes);
    assert_eq!(bench.world.lock().unwrap().offline, 0, "it was refused twice in between");
}

#[tokio::test]
async fn an_interrupted_command_resumes_and_a_changed_file_starts_over() {
    let bytes = content(2_000_000, 1);
    let bench = Bench::new(World::default()).await;
    bench.world.lock().unwrap().files.insert(names("Home/f"), bytes.clone());
    let keep = |size: usize, kept: &[u8]| {
        std::fs::write(bench.local(".f.hospes-part"), kept).unwrap();
        let origin = json!({"source": format!("{ID}:Home/f"), "size": size, "modified": size});
        std::fs::write(bench.local(".f.hospes-part.json"), origin.to_string()).unwrap();
    };
    let cases: [(&str, usize, &[u8], &[u64]); 3] = [
        ("the same file", bytes.len(), &bytes[..700_000], &[700_000]),
        ("it has changed since", bytes.len() + 1, &bytes[..700_000], &[700_000, 0]),
        ("what is kept is damaged", bytes.len(), &[7; 700_000], &[700_000, 0]),
    ];
    for (case, size, kept, offsets) in cases {
        keep(size, kept);
        bench.cp(&format!("{ID}:Home/f"), &bench.local("f")).await.unwrap();
        assert_eq!(std::fs::read(bench.local("f")).unwrap(), bytes, "{case}");
        assert_eq!(std::mem::take(&mut bench.world.lock().unwrap().offsets), offsets, "{case}");
        assert!(!Path::new(&bench.local(".f.hospes-part")).exists(), "{case}");
    }
}

#[tokio::test]
async fn content_that_is_not_what_was_promised_is_not_kept() {
    let bench = Bench::new(World { lie: true, ..World::default() }).await;
    bench.world.lock().unwrap().files.insert(names("Home/f"), content(300_000, 1));
    std::fs::create_dir(bench.local("in")).unwrap();
    let error = bench.cp(&format!("{ID}:Home/f"), &bench.local("in/")).await.unwrap_err();
    assert!(error.to_string().contains("damaged"), "{error}");
    assert_eq!(bench.found("in"), []);
}

#[tokio::test]
async fn folders_are_copied_whole_both_ways_and_odd_names_stay_out() {
    let bench = Bench::new(World::default()).await;
    {
        let mut world = bench.world.lock().unwrap();
        for at in 0..25u8 {
            world.files.insert(names(&format!("Home/d/{at:02}.bin")), content(usize::from(at) * 9000, at));
        }
        world.files.insert(names("Home/d/sub/deep/x"), vec![1, 2, 3]);
        let odd = |name: &str, kind: &str| {
            (names("Home/d"), json!({"name": name, "kind": kind, "size": 1, "addressable": true}))
        };
        world.odd = vec![odd("../escape", "file"), odd("..", "directory"), odd("link", "link")];
    }
    let error = bench.cp(&format!("{ID}:Home/d"), &bench.local("copy")).await.unwrap_err();
    assert!(error.to_string().starts_with("2 of 28 could not be copied"), "{error}");
    let copied = bench.found("copy");
    assert_eq!(copied.len(), 26);
    assert!(!Path::new(&bench.local("escape")).exists());
    assert_eq!(copied.last().unwrap(), &("sub/deep/x".to_owned(), vec![1, 2, 3]));

    bench.cp(&bench.local("copy"), &format!("{ID}:Home/back")).await.unwrap();
    let world = bench.world.lock().unwrap();
    for (name, bytes) in copied {
        assert_eq!(world.files[&names(&format!("Home/back/{name}"))], bytes, "{name}");
    }
    assert!(world.folders.contains(&names("Home/back/sub/deep")));
}

#[tokio::test]
async fn what_cannot_be_copied_is_said_before_anything_is_asked() {
    let bench = Bench::new(World::default()).await;
    let check = async |source: &str, target: &str, code: u8, says: &str| {
        let error = bench.cp(source, target).await.unwrap_err();
        assert!(error.to_string().contains(says), "{source} {target}: {error}");
        assert_eq!(error.exit_code(), code, "{source} {target}");
    };
    check("a", "b", 2, "neither").await;
    check(&format!("{ID}:Home/a"), &format!("{ID}:Home/b"), 2, "one of both").await;
    check(&format!("{ID}:"), ".", 2, "name a shared folder").await;
    check("foo:bar", ".", 2, "not a session's id").await;
    check(&bench.local("nothing"), &format!("{ID}:Home/"), 1, "nothing").await;
    assert_eq!(bench.world.lock().unwrap().opened, 0);
    check(&format!("{ID}:Home/none"), ".", 1, "there is no such file").await;
    check(&format!("{ID}:Other/x"), ".", 1, "no such file").await;
    check(&format!("{ID}:Other"), ".", 1, "no folder called Other is shared").await;
}

#[tokio::test]
async fn of_many_files_each_is_under_its_name_before_the_command_says_done_and_one_that_cannot_be_is_told() {
    let bench = Bench::new(World::from("right password")).await;
    for number in 0..150u8 {
        let path = names(&format!("Home/many/{number:03}"));
        bench.world.lock().unwrap().files.insert(path, content(usize::from(number), number));
    }
    std::fs::create_dir(bench.local("in")).unwrap();
    // A folder lies where a file is to be, so the last step of that one fails.
    std::fs::create_dir_all(bench.local("in/many/077/mine")).unwrap();
    let error = bench.cp(&format!("{ID}:Home/many"), &bench.local("in")).await.unwrap_err();
    assert!(error.to_string().starts_with("1 of 150 could not be copied"), "{error}");
    let mut found = bench.found("in/many");
    // What was proved of it waits for the next try.
    found.retain(|(name, _)| !name.contains("hospes-part"));
    let expected = (0..150u8).filter(|number| *number != 77);
    let expected = expected.map(|number| (format!("{number:03}"), content(usize::from(number), number)));
    assert!(found == expected.collect::<Vec<_>>(), "{:?}", found.iter().map(|(name, _)| name).collect::<Vec<_>>());
    std::fs::remove_dir_all(bench.local("in/many/077")).unwrap();
    bench.cp(&format!("{ID}:Home/many"), &bench.local("in")).await.unwrap();
    assert_eq!(bench.found("in/many").len(), 150, "and no partial file is left");
}
