//! What a well-behaved plugin sees: the gate's answers call by call, what is not lent, its session, its end.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests, and what helps them")]

mod common;

use common::{Open, denied, load, open, open_with, runtime, soon};
use hospes_runtime::gate::{Denial, Verdict};
use hospes_runtime::provider::desk::{Button, Capture, CursorImage, Display, Frame, Input, InputSession, Rect, Screen};
use hospes_runtime::provider::{Error, Providers, Result};
use hospes_runtime::{Budgets, RuntimeError};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

const PROBE: &[&str] = &["hospes:files/read", "hospes:desk/screen", "hospes:desk/input", "hospes:system/power"];

async fn probe(providers: Providers) -> Open {
    let runtime = runtime();
    let plugin = load(&runtime, "probe", PROBE).await.unwrap();
    open_with(&runtime, &plugin, Budgets::default(), providers)
}

#[tokio::test]
async fn the_gate_is_asked_before_every_call() {
    let mut channel = probe(Providers::default()).await;
    let gate = Arc::clone(&channel.gate);
    let not_lent = "unavailable: no files are shared on this computer";
    assert_eq!(channel.ask("files").await, not_lent);
    let denials = [
        (Denial::NotLicensed, "not-licensed"),
        (Denial::LocalUserDenied, "local-user-denied"),
        (Denial::LocalUserRevoked, "local-user-revoked"),
        (Denial::NoAnswer, "no-answer"),
        (Denial::LeaseExpired, "lease-expired"),
        (Denial::Other("asleep".into()), "asleep"),
    ];
    for (denial, expect) in denials {
        gate.set("hospes:files/read", denied(denial));
        assert_eq!(channel.ask("files").await, format!("denied: {expect}"));
    }
    // A yes to one interface is no yes to another, and a yes that comes back counts from the next call on.
    assert!(channel.ask("screen").await.starts_with("unavailable: "));
    gate.set("hospes:files/read", Verdict::Allow);
    assert_eq!(channel.ask("files").await, not_lent);
    let outcome = channel.close().await;
    assert_eq!((outcome.result, outcome.metrics.denied), (Ok(()), 6));
}

#[tokio::test]
async fn the_customer_is_asked_and_the_call_waits() {
    let mut channel = probe(Providers::default()).await;
    let gate = Arc::clone(&channel.gate);
    gate.set("hospes:desk/input", Verdict::Ask);
    let answers = [
        (Some(Verdict::Allow), "unavailable: there is no desktop to control on this computer"),
        (Some(denied(Denial::LocalUserDenied)), "denied: local-user-denied"),
        (Some(Verdict::Ask), "denied: no-answer"),
    ];
    for (answer, expect) in answers {
        *gate.answer.lock().unwrap() = answer;
        assert_eq!(channel.ask("input").await, expect);
    }
    assert_eq!(*gate.asked.lock().unwrap(), vec!["hospes:desk/input"; 3]);
    // An answer that never comes does not keep the channel open.
    *gate.answer.lock().unwrap() = None;
    channel.send("input").await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    channel.cancel.cancel();
    assert_eq!(soon(channel.done).await.unwrap().result, Ok(()));
}

#[tokio::test]
async fn a_plugin_learns_its_session_and_what_is_unlocked() {
    let mut channel = probe(Providers::default()).await;
    assert_eq!(channel.ask("request").await, "{\"path\":\"x\"}");
    let session = channel.ask("session").await;
    assert!(session.contains("session-1") && session.contains("Tess") && session.contains("86400000"), "{session}");
    // The gate also unlocks `files/write`; this manifest does not state it.
    assert_eq!(channel.ask("unlocked").await, "hospes:files/read");
    assert_eq!(channel.ask("power").await, "unavailable: this computer lends no figures of itself");
    assert_eq!(channel.ask("charge").await, "charged");
    assert_eq!(channel.ask("charge").await, "charged");
    let outcome = channel.close().await;
    assert_eq!(outcome.metrics.charges.get("probes"), Some(&4));
    assert_eq!((outcome.metrics.messages_in, outcome.metrics.messages_out), (6, 6));
}

#[tokio::test]
async fn a_plugins_own_error_keeps_its_code() {
    let channel = probe(Providers::default()).await;
    channel.send("fail").await;
    let outcome = soon(channel.done).await.unwrap();
    let (plugin, code, message) = ("probe".into(), "probe-failed".into(), "as it was told to".into());
    assert_eq!(outcome.result, Err(RuntimeError::Failed { plugin, code, message }));
}

#[tokio::test]
async fn closing_wakes_a_plugin_that_waits() {
    let channel = probe(Providers::default()).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    channel.cancel.cancel();
    let outcome = soon(channel.done).await.unwrap();
    assert_eq!(outcome.result, Ok(()));
    assert!(outcome.metrics.open < Duration::from_secs(2), "{:?}", outcome.metrics);
}

#[tokio::test]
async fn a_slow_page_slows_the_plugin_down() {
    let runtime = runtime();
    let echo = load(&runtime, "echo", &[]).await.unwrap();
    let mut channel = open(&runtime, &echo);
    let to = channel.to.clone().unwrap();
    let flood = async {
        for _ in 0..100 {
            to.send(bytes::Bytes::from_static(b"x")).await.unwrap();
        }
    };
    assert!(tokio::time::timeout(Duration::from_millis(300), flood).await.is_err(), "something buffers without bound");
    let mut got = 0;
    while let Ok(Some(_)) = tokio::time::timeout(Duration::from_millis(200), channel.from.recv()).await {
        got += 1;
    }
    assert!((8..30).contains(&got), "{got}");
    drop(to);
    assert_eq!(channel.close().await.result, Ok(()));
}

/// A screen whose changes the test makes. It stands in for X11, which the runtime must not know.
struct TestScreen(watch::Sender<u64>);

struct TestCapture {
    changes: watch::Receiver<u64>,
    taken: Option<u64>,
    sequence: u64,
}

impl Screen for TestScreen {
    fn displays(&self) -> Result<Vec<Display>> {
        Ok(Vec::new())
    }
    fn open(&self, _: u32) -> Result<Box<dyn Capture>> {
        Ok(Box::new(TestCapture { changes: self.0.subscribe(), taken: None, sequence: 0 }))
    }
    fn cursor_position(&self, _: u32) -> Result<Option<(i32, i32)>> {
        Err(Error::NotFound)
    }
    fn cursor_shape(&self, _: u64) -> Result<Option<CursorImage>> {
        Err(Error::NotFound)
    }
}

impl Capture for TestCapture {
    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.clone()
    }
    fn next(&mut self) -> Result<Option<Frame>> {
        let now = *self.changes.borrow();
        if self.taken.replace(now) == Some(now) {
            return Ok(None);
        }
        self.sequence += 1;
        Ok(Some(Frame { sequence: self.sequence, width: 1, height: 1, changed: Vec::new(), at: 0 }))
    }
    fn read(&self, _: Rect) -> Result<Vec<u8>> {
        Ok(vec![0; 4])
    }
}

#[tokio::test]
async fn a_plugin_waits_for_the_screen_and_the_page_at_once() {
    let (change, _) = watch::channel(0);
    let screen = Arc::new(TestScreen(change.clone()));
    let mut channel = probe(Providers { screen: Some(screen), ..Providers::default() }).await;
    assert_eq!(channel.ask("screen").await, "0 displays");
    channel.send("watch").await;
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        change.send_modify(|n| *n += 1);
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    // The first frame, then one for each change; an unchanged screen gives none, and costs no computing.
    assert_eq!(channel.ask("stop").await, "frames 1 2 3 4");
    let outcome = channel.close().await;
    assert!(outcome.metrics.computed < Duration::from_millis(100), "{:?}", outcome.metrics);
}

/// Counts what is held down.
#[derive(Clone, Default)]
struct TestInput(Arc<Mutex<Vec<&'static str>>>);

impl Input for TestInput {
    fn open(&self) -> Result<Box<dyn InputSession>> {
        Ok(Box::new(self.clone()))
    }
}

impl InputSession for TestInput {
    fn move_to(&mut self, _: u32, _: i32, _: i32) -> Result<()> {
        Ok(())
    }
    fn press(&mut self, _: Button, _: bool) -> Result<()> {
        self.0.lock().unwrap().push("pressed");
        Ok(())
    }
    fn wheel(&mut self, _: i32, _: i32) -> Result<()> {
        Ok(())
    }
    fn key(&mut self, _: &str, _: bool) -> Result<()> {
        Ok(())
    }
    fn text(&mut self, _: &str) -> Result<()> {
        Ok(())
    }
    fn release_all(&mut self) {
        self.0.lock().unwrap().push("released");
    }
}

#[tokio::test]
async fn what_is_held_down_is_let_go_when_the_yes_is_taken_back() {
    let input = TestInput::default();
    let mut channel = probe(Providers { input: Some(Arc::new(input.clone())), ..Providers::default() }).await;
    let gate = Arc::clone(&channel.gate);
    assert_eq!(channel.ask("input").await, "pressed");
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(*input.0.lock().unwrap(), ["pressed"]);
    // Without another call of the plugin, and within a second.
    gate.set("hospes:desk/input", denied(Denial::LocalUserRevoked));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(*input.0.lock().unwrap(), ["pressed", "released"]);
    assert_eq!(channel.ask("input").await, "denied: local-user-revoked");
    gate.set("hospes:desk/input", Verdict::Allow);
    assert_eq!(channel.ask("input").await, "pressed");
    gate.set("hospes:desk/input", denied(Denial::LeaseExpired));
    assert_eq!(channel.ask("input").await, "denied: lease-expired");
    assert_eq!(*input.0.lock().unwrap(), ["pressed", "released", "pressed", "released"]);
}

#[tokio::test]
async fn a_provider_that_hangs_ends_the_channel_by_its_time_budget() {
    struct Hangs;
    impl hospes_runtime::provider::files::Files for Hangs {
        fn roots(&self) -> Result<Vec<hospes_runtime::provider::files::Root>> {
            std::thread::sleep(Duration::from_secs(3));
            Ok(Vec::new())
        }
        fn open_root(&self, _: &str) -> Result<Box<dyn hospes_runtime::provider::files::Directory>> {
            Err(Error::NotFound)
        }
    }
    let runtime = runtime();
    let plugin = load(&runtime, "probe", PROBE).await.unwrap();
    let budgets = Budgets { host_call_time: Duration::from_millis(200), ..Budgets::default() };
    let providers = Providers { files: Some(Arc::new(Hangs)), ..Providers::default() };
    let channel = open_with(&runtime, &plugin, budgets, providers);
    channel.send("files").await;
    let outcome = soon(channel.done).await.unwrap();
    assert_eq!(outcome.result.unwrap_err().to_string(), "plugin probe was ended: its host-call-time budget is used up");
}
