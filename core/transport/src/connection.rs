//! A connection: streams of messages, both sides may open them.

use crate::error::TransportError;
use crate::stream::MessageStream;
use quinn::VarInt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long [`Connection::open_stream`] waits for a free place among the streams that the peer allows.
const OPEN_TIMEOUT: Duration = Duration::from_secs(5);
/// How long [`Connection::shut`] waits for the farewell to leave.
const SHUT_TIMEOUT: Duration = Duration::from_secs(1);

/// A connection to a peer; clones are the same connection. It closes when the last clone and stream are dropped.
#[derive(Clone, Debug)]
pub struct Connection {
    inner: quinn::Connection,
    /// Set on the dialling side, where each connection has a socket of its own.
    endpoint: Option<quinn::Endpoint>,
    /// Of a connection through a WebSocket: becomes true when that ended first.
    cut: Option<Arc<AtomicBool>>,
}

impl Connection {
    pub(crate) fn new(inner: quinn::Connection, endpoint: Option<quinn::Endpoint>) -> Self {
        Self { inner, endpoint, cut: None }
    }

    /// A connection through a WebSocket.
    pub(crate) fn carried(inner: quinn::Connection, endpoint: Option<quinn::Endpoint>, cut: Arc<AtomicBool>) -> Self {
        Self { inner, endpoint, cut: Some(cut) }
    }

    /// Whether it runs through a WebSocket rather than over UDP.
    #[must_use]
    pub fn is_websocket(&self) -> bool {
        self.cut.is_some()
    }

    /// A connection that this side closed because its WebSocket had ended was cut.
    fn ended(&self, error: impl Into<TransportError>) -> TransportError {
        match error.into() {
            TransportError::ClosedHere if self.cut.as_ref().is_some_and(|cut| cut.load(Ordering::Acquire)) => {
                TransportError::Cut
            }
            other => other,
        }
    }

    /// Opens a stream. The peer learns of it with the first bytes that are sent on it, so who opens speaks first.
    ///
    /// # Errors
    /// [`TransportError::TooManyStreams`] when none of the open ones ends within 5 s, or the connection's end.
    pub async fn open_stream(&self) -> Result<MessageStream, TransportError> {
        match tokio::time::timeout(OPEN_TIMEOUT, self.inner.open_bi()).await {
            Ok(opened) => opened.map(|(send, recv)| MessageStream::new(send, recv)).map_err(|error| self.ended(error)),
            Err(_) => Err(TransportError::TooManyStreams),
        }
    }

    /// The next stream that the peer opened, in the order it opened them. Cancel safe.
    ///
    /// # Errors
    /// The connection's end.
    pub async fn accept_stream(&self) -> Result<MessageStream, TransportError> {
        let (send, recv) = self.inner.accept_bi().await.map_err(|error| self.ended(error))?;
        Ok(MessageStream::new(send, recv))
    }

    /// 32 bytes that both sides of this connection, and nobody else, can compute (RFC 5705): a signature over them is
    /// worth nothing on another connection.
    ///
    /// # Errors
    /// [`TransportError::Protocol`], which 32 bytes are too few for.
    pub fn exporter(&self, label: &[u8]) -> Result<[u8; 32], TransportError> {
        let mut out = [0; 32];
        match self.inner.export_keying_material(&mut out, label, &[]) {
            Ok(()) => Ok(out),
            Err(_) => Err(TransportError::Protocol("no keying material".to_owned())),
        }
    }

    /// Where the peer is, now: it may move to another network.
    #[must_use]
    pub fn remote_address(&self) -> SocketAddr {
        self.inner.remote_address()
    }

    /// Round-trip time, as last measured.
    #[must_use]
    pub fn rtt(&self) -> Duration {
        self.inner.rtt()
    }

    /// Closes at once; the peer reads `reason`. What is not delivered is dropped: see [`crate::Sender::delivered`].
    pub fn close(&self, reason: &str) {
        self.inner.close(VarInt::from_u32(0), reason.as_bytes());
    }

    /// [`Self::close`], and waits until the peer was told: before a process exits.
    pub async fn shut(&self, reason: &str) {
        self.close(reason);
        if let Some(endpoint) = &self.endpoint {
            let _ = tokio::time::timeout(SHUT_TIMEOUT, endpoint.wait_idle()).await;
        }
    }

    /// Waits for the connection's end and says why it ended.
    pub async fn closed(&self) -> TransportError {
        self.ended(self.inner.closed().await)
    }

    /// Why it ended, if it has.
    #[must_use]
    pub fn close_reason(&self) -> Option<TransportError> {
        self.inner.close_reason().map(|error| self.ended(error))
    }
}
