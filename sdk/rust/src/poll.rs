//! Waiting for one of several things.

pub use crate::bindings::wasi::io::poll::Pollable;
use std::time::Duration;

/// Waits until at least one is ready; answers which, by index, in order. Empty when nothing was given.
///
/// ```ignore
/// let [incoming, changed] = [channel.subscribe(), capture.subscribe()];
/// for ready in hospes_sdk::wait(&[&incoming, &changed]) { ... }
/// ```
#[must_use]
pub fn wait(pollables: &[&Pollable]) -> Vec<usize> {
    if pollables.is_empty() {
        return Vec::new();
    }
    crate::bindings::wasi::io::poll::poll(pollables).into_iter().map(|index| index as usize).collect()
}

/// Ready after that time: a timeout, or the beat of a loop, to give to [`wait`].
#[must_use]
pub fn after(duration: Duration) -> Pollable {
    let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    crate::bindings::wasi::clocks::monotonic_clock::subscribe_duration(nanoseconds)
}
