//! The cache of compiled plugins: believed only with its keyed hash, and never more than a shortcut.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests, and what helps them")]

mod common;

use common::{open, publishers, signed};
use hospes_runtime::{Plugin, Runtime, Settings};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn runtime(directory: &Path) -> Arc<Runtime> {
    Arc::new(Runtime::new(&Settings { cache: Some(directory.to_owned()), ..Settings::default() }).unwrap())
}

async fn works(runtime: &Arc<Runtime>, plugin: Plugin) {
    let mut channel = open(runtime, &Arc::new(plugin));
    assert_eq!(channel.ask("hello").await, "hello");
    assert_eq!(channel.close().await.result, Ok(()));
}

fn compiled(directory: &Path) -> PathBuf {
    let mut files = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    files.find(|path| path.extension().is_some_and(|extension| extension == "cwasm")).unwrap()
}

#[tokio::test]
async fn a_second_load_is_compiled_already_and_damage_is_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let cache = directory.path().join("plugins");
    let file = signed("echo", &[]);
    let load = async |expect_cached: bool| {
        let runtime = runtime(&cache);
        let plugin = runtime.load(file.clone(), &publishers()).await.unwrap();
        assert_eq!(plugin.from_cache, expect_cached);
        works(&runtime, plugin).await;
    };
    load(false).await;
    load(true).await;

    let path = compiled(&cache);
    let good = fs::read(&path).unwrap();
    let mut damaged = good.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    let cases: [&[u8]; 4] = [&damaged, &good[..good.len() - 1], &good[..10], b""];
    for bytes in cases {
        fs::write(&path, bytes).unwrap();
        load(false).await;
        load(true).await;
    }

    // Code that another key vouches for is foreign code.
    fs::write(cache.join("cache.key"), [1; 32]).unwrap();
    load(false).await;
    load(true).await;
    // A key that was cut short is made anew.
    fs::write(cache.join("cache.key"), [1; 5]).unwrap();
    load(false).await;
    load(true).await;
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_hosts_account_can_read_or_write_it() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let cache = directory.path().join("state/plugins");
    runtime(&cache).load(signed("echo", &[]), &publishers()).await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&cache), 0o700);
    assert_eq!(mode(&cache.join("cache.key")), 0o600);
    assert_eq!(mode(&compiled(&cache)), 0o600);
}
