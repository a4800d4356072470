//! The server's allocator runs the same plugins.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests, and what helps them")]

mod common;

use common::{load, open};
use hospes_runtime::{Allocator, Runtime, Settings};
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_channels_come_from_the_pool_and_go_back() {
    let runtime = Arc::new(Runtime::new(&Settings { allocator: Allocator::Pooling, cache: None }).unwrap());
    let echo = load(&runtime, "echo", &[]).await.unwrap();
    for round in 0..3 {
        let mut channels: Vec<_> = (0..50).map(|_| open(&runtime, &echo)).collect();
        for (number, channel) in channels.iter_mut().enumerate() {
            let text = format!("{round} {number}");
            assert_eq!(channel.ask(&text).await, text);
        }
        for channel in channels {
            assert_eq!(channel.close().await.result, Ok(()));
        }
    }
}
