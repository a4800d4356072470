//! The computer as a plugin reaches it: a session of its own for each channel, spaced calls, and control apart from
//! reading.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests, and what helps them")]

mod common;

use common::{Open, denied, load, open_with, runtime};
use hospes_runtime::Budgets;
use hospes_runtime::gate::{Denial, Verdict};
use hospes_runtime::provider::system::{
    Disk, Drive, Event, Facts, Load, Network, Process, Service, System, SystemSession,
};
use hospes_runtime::provider::{Error, Providers, Result};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const SYSTEM: &[&str] = &["hospes:system/insight", "hospes:system/processes", "hospes:system/process-control"];

/// Notes what is asked of it. It stands in for the operating system, which the runtime must not know.
#[derive(Clone, Default)]
struct TestSystem(Arc<Mutex<Vec<String>>>);

impl TestSystem {
    fn note(&self, call: impl Into<String>) {
        self.0.lock().unwrap().push(call.into());
    }

    fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl System for TestSystem {
    fn open(&self) -> Result<Box<dyn SystemSession>> {
        self.note("open");
        Ok(Box::new(self.clone()))
    }
}

impl SystemSession for TestSystem {
    fn about(&mut self) -> Result<Facts> {
        Err(Error::NotFound)
    }
    fn sample(&mut self) -> Result<Load> {
        self.note("sample");
        let cpu = vec![0.5; 3];
        Ok(Load { at: 1, cpu, memory_used: 1, memory_total: 2, swap_used: 0, swap_total: 0 })
    }
    fn disks(&mut self) -> Result<Vec<Disk>> {
        Err(Error::NotFound)
    }
    fn drives(&mut self) -> Result<Vec<Drive>> {
        Err(Error::NotFound)
    }
    fn networks(&mut self) -> Result<Vec<Network>> {
        Err(Error::NotFound)
    }
    fn processes(&mut self) -> Result<Vec<Process>> {
        self.note("processes");
        Ok(Vec::new())
    }
    fn end(&mut self, id: u32, started: u64, force: bool) -> Result<()> {
        self.note(format!("end {id} {started} {force}"));
        Ok(())
    }
    fn services(&mut self) -> Result<Vec<Service>> {
        Err(Error::NotFound)
    }
    fn events(&mut self, _: Option<&str>, _: u32) -> Result<(Vec<Event>, Option<String>)> {
        Err(Error::NotFound)
    }
    fn restart(&mut self) -> Result<()> {
        Err(Error::NotFound)
    }
    fn log_off(&mut self) -> Result<()> {
        Err(Error::NotFound)
    }
}

async fn channel() -> (Open, TestSystem) {
    let runtime = runtime();
    let plugin = load(&runtime, "system", SYSTEM).await.unwrap();
    let system = TestSystem::default();
    let providers = Providers { system: Some(Arc::new(system.clone())), ..Providers::default() };
    (open_with(&runtime, &plugin, Budgets::default(), providers), system)
}

#[tokio::test]
async fn nothing_is_read_before_it_is_asked_for_and_a_no_reads_nothing() {
    let (mut channel, system) = channel().await;
    let gate = Arc::clone(&channel.gate);
    gate.set("hospes:system/insight", denied(Denial::LocalUserDenied));
    assert_eq!(channel.ask("load").await, "denied: local-user-denied");
    assert_eq!(system.calls(), Vec::<String>::new());
    gate.set("hospes:system/insight", Verdict::Allow);
    assert_eq!(channel.ask("load").await, "3 processors");
    assert_eq!(channel.ask("load").await, "3 processors");
    assert_eq!(system.calls(), ["open", "sample", "sample"], "one session for the channel, and no scan of processes");
    assert_eq!(channel.ask("processes").await, "0 processes");
    assert_eq!(system.calls(), ["processes"]);
    assert_eq!(channel.close().await.result, Ok(()));
}

#[tokio::test]
async fn a_yes_to_reading_is_no_yes_to_ending() {
    let (mut channel, system) = channel().await;
    let gate = Arc::clone(&channel.gate);
    gate.set("hospes:system/process-control", Verdict::Ask);
    let answers = [
        (denied(Denial::LocalUserDenied), "denied: local-user-denied"),
        (denied(Denial::NoAnswer), "denied: no-answer"),
        (Verdict::Allow, "ended"),
    ];
    for (answer, expect) in answers {
        *gate.answer.lock().unwrap() = Some(answer);
        assert_eq!(channel.ask("end").await, expect);
    }
    assert_eq!(channel.ask("processes").await, "0 processes");
    assert_eq!(*gate.asked.lock().unwrap(), vec!["hospes:system/process-control"; 3], "reading asked nobody");
    assert_eq!(system.calls(), ["open", "end 7 1000 false", "processes"]);
}

#[tokio::test]
async fn a_plugin_that_hammers_is_answered_in_its_time() {
    let (mut channel, system) = channel().await;
    let start = Instant::now();
    assert_eq!(channel.ask("hammer").await, "hammered");
    // Twelve calls are eleven spaces of a tenth of a second.
    assert!(start.elapsed() >= Duration::from_millis(1099), "{:?}", start.elapsed());
    assert_eq!(system.calls().len(), 13);
    // A channel that closes does not wait for its turn.
    channel.send("hammer").await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    channel.cancel.cancel();
    assert_eq!(common::soon(channel.done).await.unwrap().result, Ok(()));
    assert!(system.calls().len() < 6);
}
