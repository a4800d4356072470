//! `hospes:base`: the session, the log, the channel.

use super::{HostError, HostResult, State, invalid};
use crate::bindings::hospes::base::types::Error;
use crate::bindings::hospes::base::{channel, log, session};
use crate::error::{Budget, Exceeded};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};

/// Longest message, in bytes.
pub(crate) const MAX_MESSAGE: usize = 1 << 20;
/// Different units that a plugin may charge.
const MAX_UNITS: usize = 32;

/// What the guest's channel handle stands for; all that it does is in [`State`].
#[allow(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct ChannelHandle;

/// Messages that wait for the guest. One message is looked at ahead, so that a pollable can tell that one is there.
pub(crate) struct Inbox {
    inner: Mutex<InboxInner>,
}

struct InboxInner {
    receiver: mpsc::Receiver<Bytes>,
    ahead: Option<Bytes>,
    done: bool,
}

impl Inbox {
    pub(crate) fn new(receiver: mpsc::Receiver<Bytes>) -> Self {
        Self { inner: Mutex::new(InboxInner { receiver, ahead: None, done: false }) }
    }

    /// Ready when a message is there, or when none will follow.
    async fn ready(&self) {
        let mut inner = self.inner.lock().await;
        if inner.ahead.is_none() && !inner.done {
            match inner.receiver.recv().await {
                Some(message) => inner.ahead = Some(message),
                None => inner.done = true,
            }
        }
    }

    async fn take(&self) -> Option<Bytes> {
        self.ready().await;
        self.inner.lock().await.ahead.take()
    }
}

/// Ready when `recv` would answer at once, also because the channel closes.
struct Incoming {
    inbox: Arc<Inbox>,
    cancel: CancellationToken,
}

#[async_trait::async_trait]
impl Pollable for Incoming {
    async fn ready(&mut self) {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => {}
            () = self.inbox.ready() => {}
        }
    }
}

impl session::Host for State {
    async fn current(&mut self) -> wasmtime::Result<session::Info> {
        self.enter();
        let info = self.info.clone();
        Ok(session::Info {
            id: info.id,
            company: info.company,
            technician: info.technician,
            capability: info.capability,
            lease_ends: info.lease_ends,
            language: info.language,
        })
    }

    async fn interfaces(&mut self) -> wasmtime::Result<Vec<String>> {
        self.enter();
        let mut unlocked = self.gate.unlocked();
        unlocked.retain(|name| self.stated.contains(name));
        Ok(unlocked)
    }

    async fn licence(&mut self) -> HostResult<Vec<u8>> {
        self.enter();
        self.licence.clone().ok_or_else(|| super::unavailable("the server sent no licence for this session"))
    }

    async fn is_cancelled(&mut self) -> wasmtime::Result<bool> {
        // Does not count as asking the host for something: a guest that only looks whether it should stop still spins.
        Ok(self.cancel.is_cancelled())
    }

    async fn charge(&mut self, unit: String, amount: u64) -> HostResult<()> {
        self.enter();
        let name = unit.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if unit.is_empty() || unit.len() > 64 || !name {
            return invalid("a unit is 1 to 64 lower-case letters, digits and hyphens");
        }
        if self.metrics.charges.len() >= MAX_UNITS && !self.metrics.charges.contains_key(&unit) {
            return Err(HostError::Guest(Error::Budget(format!("units: at most {MAX_UNITS} different ones"))));
        }
        let sum = self.metrics.charges.entry(unit).or_default();
        *sum = sum.saturating_add(amount);
        Ok(())
    }
}

/// The same level in the host's own log.
pub(crate) fn level_of(level: log::Level) -> tracing::Level {
    match level {
        log::Level::Debug => tracing::Level::DEBUG,
        log::Level::Info => tracing::Level::INFO,
        log::Level::Warn => tracing::Level::WARN,
        log::Level::Error => tracing::Level::ERROR,
    }
}

impl log::Host for State {
    async fn write(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        self.enter();
        Ok(self.log.line(level_of(level), &message)?)
    }
}

impl channel::HostChannel for State {
    async fn recv(&mut self, _: Resource<ChannelHandle>, max: u32) -> HostResult<Option<Vec<u8>>> {
        self.enter();
        let (inbox, cancel) = (Arc::clone(&self.inbox), self.cancel.clone());
        let message = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(HostError::Guest(Error::Cancelled)),
            message = inbox.take() => message,
        };
        self.clock.host_call();
        let Some(message) = message else { return Ok(None) };
        self.metrics.messages_in += 1;
        self.metrics.bytes_in += message.len() as u64;
        let max = (max as usize).min(MAX_MESSAGE);
        if message.len() > max {
            return invalid(format!("a message of {} bytes is longer than {max}", message.len()));
        }
        Ok(Some(message.into()))
    }

    async fn send(&mut self, _: Resource<ChannelHandle>, message: Vec<u8>) -> HostResult<()> {
        self.enter();
        if message.len() > MAX_MESSAGE {
            return invalid(format!("a message of {} bytes is longer than {MAX_MESSAGE}", message.len()));
        }
        let Some(outgoing) = self.outgoing.clone() else { return invalid("finish was called before") };
        if !self.message_rate.take(Instant::now()) {
            return Err(Exceeded(Budget::Messages).into());
        }
        let (length, cancel) = (message.len() as u64, self.cancel.clone());
        let sent = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(HostError::Guest(Error::Cancelled)),
            sent = outgoing.send(message.into()) => sent,
        };
        self.clock.host_call();
        // The other side is gone: for the plugin that is the channel closing.
        sent.map_err(|_| HostError::Guest(Error::Cancelled))?;
        self.metrics.messages_out += 1;
        self.metrics.bytes_out += length;
        Ok(())
    }

    async fn subscribe(&mut self, _: Resource<ChannelHandle>) -> wasmtime::Result<Resource<DynPollable>> {
        self.enter();
        let incoming = Incoming { inbox: Arc::clone(&self.inbox), cancel: self.cancel.clone() };
        let incoming = self.table.push(incoming)?;
        subscribe(&mut self.table, incoming)
    }

    async fn finish(&mut self, _: Resource<ChannelHandle>) -> wasmtime::Result<()> {
        self.enter();
        self.outgoing = None;
        Ok(())
    }

    async fn drop(&mut self, handle: Resource<ChannelHandle>) -> wasmtime::Result<()> {
        self.table.delete(handle)?;
        Ok(())
    }
}

impl channel::Host for State {}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waiting_for_a_message_takes_none_away() {
        let (to, receiver) = mpsc::channel(4);
        let inbox = Inbox::new(receiver);
        for message in ["one", "two"] {
            to.send(Bytes::from_static(message.as_bytes())).await.unwrap();
        }
        for expect in ["one", "two"] {
            inbox.ready().await;
            inbox.ready().await;
            assert_eq!(inbox.take().await.as_deref(), Some(expect.as_bytes()));
        }
        drop(to);
        inbox.ready().await;
        assert_eq!(inbox.take().await, None);
        assert_eq!(inbox.take().await, None);
    }
}
