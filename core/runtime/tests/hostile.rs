//! Invariant 4: a trap, a loop, a flood ends one channel, never the process. Each hostile plugin runs beside a channel
//! of the same engine that must go on echoing, also after it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests, and what helps them")]

mod common;

use common::{Open, load, open, open_with, runtime, soon};
use hospes_runtime::provider::Providers;
use hospes_runtime::{Budget, Budgets, Outcome, RuntimeError};
use std::time::{Duration, Instant};

fn budgets() -> Budgets {
    Budgets { burst: Duration::from_millis(500), log_dropped: 500, messages: 1000, ..Budgets::default() }
}

/// Runs a plugin to its end; whatever it sends is read and thrown away; an echo must answer all the while.
async fn beside_an_echo(name: &str, cancel_after: Option<Duration>) -> Outcome {
    let runtime = runtime();
    let echo = load(&runtime, "echo", &[]).await.unwrap();
    let hostile = load(&runtime, name, &[]).await.unwrap();
    let mut good = open(&runtime, &echo);
    assert_eq!(good.ask("before").await, "before");
    let Open { to, mut from, cancel, mut done, .. } = open_with(&runtime, &hostile, budgets(), Providers::default());
    if let Some(after) = cancel_after {
        let cancel = cancel.clone();
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            cancel.cancel();
        });
    }
    tokio::spawn(async move { while from.recv().await.is_some() {} });
    let mut round = 0;
    let outcome = soon(async {
        loop {
            tokio::select! {
                outcome = &mut done => break outcome.unwrap(),
                () = tokio::time::sleep(Duration::from_millis(20)) => {
                    let asked = Instant::now();
                    assert_eq!(good.ask(&format!("during {round}")).await, format!("during {round}"));
                    assert!(asked.elapsed() < Duration::from_secs(5), "the echo starves");
                    round += 1;
                }
            }
        }
    })
    .await;
    drop(to);
    assert_eq!(good.ask("after").await, "after");
    assert_eq!(good.close().await.result, Ok(()));
    outcome
}

async fn ends_by_budget(name: &str, budget: Budget) {
    let outcome = beside_an_echo(name, None).await;
    assert_eq!(outcome.result, Err(RuntimeError::Budget { plugin: name.into(), budget }), "{:?}", outcome.metrics);
    let text = outcome.result.unwrap_err().to_string();
    assert_eq!(text, format!("plugin {name} was ended: its {budget} budget is used up"));
}

async fn crashes(name: &str, expect: &str) {
    match beside_an_echo(name, None).await.result {
        Err(RuntimeError::Trapped { plugin, message }) => {
            assert_eq!(plugin, name);
            assert!(message.contains(expect), "{message}");
        }
        other => panic!("{other:?}"),
    }
}

macro_rules! hostile {
    ($($test:ident: $run:expr;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            $run.await;
        }
    )*};
}

hostile! {
    invariant4_a_loop_ends_one_channel: ends_by_budget("spin", Budget::Cpu);
    invariant4_eating_memory_ends_one_channel: ends_by_budget("memory", Budget::Memory);
    invariant4_a_log_flood_ends_one_channel: ends_by_budget("log-flood", Budget::Log);
    invariant4_a_flood_on_standard_error_ends_one_channel: ends_by_budget("stderr-flood", Budget::Log);
    invariant4_a_message_flood_ends_one_channel: ends_by_budget("message-flood", Budget::Messages);
    invariant4_hoarding_handles_ends_one_channel: ends_by_budget("handles", Budget::Handles);
    invariant4_a_huge_call_ends_one_channel: ends_by_budget("big-call", Budget::HostCallBytes);
    invariant4_a_trap_ends_one_channel: crashes("trap", "the cupboard is bare");
    invariant4_an_exit_ends_one_channel: crashes("exit", "it exited with status");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_that_does_not_return_when_told_is_stopped_after_two_seconds() {
    let outcome = beside_an_echo("deaf", Some(Duration::from_millis(100))).await;
    assert_eq!(outcome.result, Err(RuntimeError::Stopped { plugin: "deaf".into() }));
    assert!(outcome.metrics.open >= Duration::from_secs(2), "{:?}", outcome.metrics);
    assert!(outcome.metrics.open < Duration::from_secs(10), "{:?}", outcome.metrics);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spinning_plugin_is_stopped_when_told_to_close() {
    let runtime = runtime();
    let spin = load(&runtime, "spin", &[]).await.unwrap();
    let channel = open_with(&runtime, &spin, Budgets { burst: Duration::MAX, ..budgets() }, Providers::default());
    tokio::time::sleep(Duration::from_millis(200)).await;
    channel.cancel.cancel();
    let outcome = soon(channel.done).await.unwrap();
    assert_eq!(outcome.result, Err(RuntimeError::Stopped { plugin: "spin".into() }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_gets_no_more_than_its_share_of_a_processor() {
    let runtime = runtime();
    let spin = load(&runtime, "spin", &[]).await.unwrap();
    let budgets = Budgets { burst: Duration::MAX, share: 0.2, grace: Duration::from_millis(10), ..budgets() };
    let channel = open_with(&runtime, &spin, budgets, Providers::default());
    tokio::time::sleep(Duration::from_secs(2)).await;
    channel.cancel.cancel();
    let metrics = soon(channel.done).await.unwrap().metrics;
    let share = metrics.computed.as_secs_f64() / metrics.open.as_secs_f64();
    assert!((0.05..0.35).contains(&share), "{share}: {metrics:?}");
}
