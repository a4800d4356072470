//! First figures of the sandbox: `cargo run --release -p hospes-runtime --example figures`. Prints one line for each.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measuring program, like a test")]

#[path = "../tests/common/mod.rs"]
mod common;

use common::{Open, load, open_with, publishers, runtime, signed};
use hospes_runtime::provider::{Error, Providers, Result, files};
use hospes_runtime::{Budgets, Runtime, Settings};
use std::sync::Arc;
use std::time::{Duration, Instant};

struct NoRoots;

impl files::Files for NoRoots {
    fn roots(&self) -> Result<Vec<files::Root>> {
        Ok(Vec::new())
    }
    fn open_root(&self, _: &str) -> Result<Box<dyn files::Directory>> {
        Err(Error::NotFound)
    }
}

fn line(what: &str, value: impl std::fmt::Display) {
    println!("{what:<58} {value:>14}");
}

fn micros(duration: Duration) -> String {
    format!("{:.1} µs", duration.as_secs_f64() * 1e6)
}

#[tokio::main]
async fn main() {
    let file = signed("measure", &["hospes:files/read"]);
    line("plugin file", format!("{} KiB", file.len() >> 10));
    let directory = tempfile::tempdir().unwrap();
    for what in ["verify, inspect, compile, link", "verify, inspect, load from the cache, link"] {
        let settings = Settings { cache: Some(directory.path().join("plugins")), ..Settings::default() };
        let cached = Arc::new(Runtime::new(&settings).unwrap());
        let started = Instant::now();
        cached.load(file.clone(), &publishers()).await.unwrap();
        line(what, format!("{:.1} ms", started.elapsed().as_secs_f64() * 1e3));
    }

    let runtime = runtime();
    let echo = load(&runtime, "echo", &[]).await.unwrap();
    let open = |plugin| {
        let providers = Providers { files: Some(Arc::new(NoRoots)), ..Providers::default() };
        open_with(&runtime, plugin, Budgets { share: 1.0, messages: u32::MAX, ..Budgets::default() }, providers)
    };
    let (mut start, mut first) = (Vec::new(), Vec::new());
    for _ in 0..200 {
        let opened = Instant::now();
        let mut channel = open(&echo);
        channel.ask("x").await;
        first.push(opened.elapsed());
        start.push(channel.close().await.metrics.start);
    }
    line("open a channel: to the plugin's first instruction (median)", micros(median(start)));
    line("open a channel: to the first message echoed (median)", micros(median(first)));

    let mut channel = open(&echo);
    let times = 20_000;
    let started = Instant::now();
    for _ in 0..times {
        channel.ask("x").await;
    }
    line("one message to the plugin and back", micros(started.elapsed() / times));
    line("echo of 1 MiB messages", format!("{:.0} MiB/s", throughput(&mut channel).await));
    channel.close().await;

    let measure = load(&runtime, "measure", &["hospes:files/read"]).await.unwrap();
    let mut channel = open(&measure);
    let calls = [
        ("inert 1000000", "guest to host: a call that answers at once"),
        ("list 100000", "guest to host: a call that answers with a list"),
        ("provider 20000", "guest to host: gate, provider on a blocking thread"),
    ];
    for (call, what) in calls {
        let each: u64 = channel.ask(call).await.parse().unwrap();
        line(what, micros(Duration::from_nanos(each)));
    }
    let metrics = channel.close().await.metrics;
    line("linear memory of the measuring plugin", format!("{} KiB", metrics.memory >> 10));
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

async fn throughput(channel: &mut Open) -> f64 {
    let (count, block) = (512_u32, bytes::Bytes::from(vec![7_u8; 1 << 20]));
    let to = channel.to.clone().unwrap();
    let started = Instant::now();
    let sender = tokio::spawn(async move {
        for _ in 0..count {
            to.send(block.clone()).await.unwrap();
        }
    });
    for _ in 0..count {
        assert_eq!(channel.from.recv().await.unwrap().len(), 1 << 20);
    }
    sender.await.unwrap();
    f64::from(count) / started.elapsed().as_secs_f64()
}
