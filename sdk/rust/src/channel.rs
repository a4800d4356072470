//! The pipe to the plugin's page or command-line client.

use crate::bindings::hospes::base::channel::Channel as Raw;
use crate::{Error, Pollable, Result};
use serde::{Serialize, de::DeserializeOwned};

/// Longest message, in bytes (1 MiB).
pub const MAX_MESSAGE: u32 = 1 << 20;

/// One open channel. Messages keep their borders and their order.
#[derive(Debug)]
pub struct Channel(Raw);

impl Channel {
    #[doc(hidden)]
    #[must_use]
    pub fn from_raw(raw: Raw) -> Self {
        Self(raw)
    }

    /// Waits for the next message of at most [`MAX_MESSAGE`] bytes; none when the other side is done.
    ///
    /// # Errors
    /// `cancelled` when the channel is closing.
    pub fn recv(&self) -> Result<Option<Vec<u8>>> {
        self.0.recv(MAX_MESSAGE)
    }

    /// Waits for the next message and reads it as JSON; none when the other side is done.
    ///
    /// # Errors
    /// `invalid` when it is not what `T` expects (the message is consumed), `cancelled` when the channel is closing.
    pub fn recv_json<T: DeserializeOwned>(&self) -> Result<Option<T>> {
        match self.recv()? {
            Some(message) => Ok(Some(serde_json::from_slice(&message)?)),
            None => Ok(None),
        }
    }

    /// Sends one message of at most [`MAX_MESSAGE`] bytes; waits while the other side is slow.
    ///
    /// # Errors
    /// `invalid` when it is longer, `cancelled` when the channel is closing.
    pub fn send(&self, message: &[u8]) -> Result<()> {
        self.0.send(message)
    }

    /// Sends a value as JSON.
    ///
    /// # Errors
    /// Like [`Channel::send`].
    pub fn send_json<T: Serialize + ?Sized>(&self, value: &T) -> Result<()> {
        self.send(&serde_json::to_vec(value).map_err(|error| Error::failure("not-json", error.to_string()))?)
    }

    /// Ready when [`Channel::recv`] would answer at once.
    #[must_use]
    pub fn subscribe(&self) -> Pollable {
        self.0.subscribe()
    }

    /// Says that no more messages follow.
    pub fn finish(&self) {
        self.0.finish();
    }
}
