//! What can go wrong, as sentences for people.

use std::net::SocketAddr;
use std::time::Duration;

/// Why a connection or stream could not be had, or ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// Somebody else answers at that address, or the server was set up anew.
    #[error("the server's key is not the one in the link")]
    WrongKey,
    /// The name has no address.
    #[error("cannot find the address of {host}: {reason}")]
    Resolve {
        /// As given.
        host: String,
        /// What the resolver said.
        reason: String,
    },
    /// A socket cannot be had.
    #[error("cannot use UDP address {address}: {reason}")]
    Bind {
        /// Which.
        address: SocketAddr,
        /// What the system said.
        reason: String,
    },
    /// The identity's secret makes no key or certificate.
    #[error("the server identity cannot be used: {0}")]
    Identity(String),
    /// TCP cannot be had there.
    #[error("cannot connect to {host} port {port}: {reason}")]
    Unreachable {
        /// As given.
        host: String,
        /// TCP port.
        port: u16,
        /// What the system said.
        reason: String,
    },
    /// An HTTP proxy stands between and does not work.
    #[error("the proxy {proxy} cannot be used: {reason}")]
    Proxy {
        /// Where it is; never with name and password.
        proxy: String,
        /// What is wrong.
        reason: String,
    },
    /// An HTTP proxy stands between and said no.
    #[error("the proxy {proxy} refuses the connection (status {status}{})", if *.status == 407 { ": it wants a name and password" } else { "" })]
    ProxyRefused {
        /// Where it is; never with name and password.
        proxy: String,
        /// Its HTTP status: 407 asks for name and password.
        status: u16,
    },
    /// The outer TLS: the certificate is of nobody whom this computer believes.
    #[error("the certificate of {host} is not accepted: {reason}")]
    Certificate {
        /// Whose.
        host: String,
        /// What the verifier said.
        reason: String,
    },
    /// The certificates that were named cannot be used.
    #[error("the certificate authorities cannot be used: {0}")]
    Authorities(String),
    /// Something answers on the HTTPS port that opens no WebSocket.
    #[error("no WebSocket can be opened to {host}: {reason}")]
    WebSocket {
        /// As given.
        host: String,
        /// What it said.
        reason: String,
    },
    /// Neither way.
    #[error("by UDP: {udp}; by WebSocket: {websocket}")]
    NoWay {
        /// What UDP said.
        udp: Box<TransportError>,
        /// What the WebSocket said.
        websocket: Box<TransportError>,
    },
    /// The WebSocket that a connection ran through ended.
    #[error("the connection was cut")]
    Cut,
    /// No answer to dialling.
    #[error("no answer from {host} port {port} within {} s", .within.as_secs())]
    NoAnswer {
        /// As given.
        host: String,
        /// UDP or TCP.
        port: u16,
        /// How long was waited.
        within: Duration,
    },
    /// Something answers there that does not speak this protocol.
    #[error("what answers at that address does not speak Hospes: {0}")]
    Protocol(String),
    /// The peer has been silent for [`crate::IDLE_TIMEOUT`].
    #[error("the other side does not answer any more")]
    Silent,
    /// The peer has lost this connection's state: it was started anew.
    #[error("the other side was restarted")]
    Restarted,
    /// The peer closed the connection on purpose.
    #[error("the other side closed the connection: {0}")]
    Closed(String),
    /// This side closed the connection.
    #[error("the connection was closed here")]
    ClosedHere,
    /// The peer gave up this stream, or this side closed it before.
    #[error("the stream was given up (code {0})")]
    StreamReset(u32),
    /// This side has finished the stream already.
    #[error("the stream is finished")]
    StreamFinished,
    /// As many streams are open as the peer allows.
    #[error("the other side allows no more streams at a time")]
    TooManyStreams,
    /// A message is longer than [`hospes_wire::frame::MAX_MESSAGE`].
    #[error("a message of {0} bytes is longer than the {max} bytes allowed", max = hospes_wire::frame::MAX_MESSAGE)]
    TooLong(u64),
    /// The stream ended within a message.
    #[error("the stream ended in the middle of a message")]
    Truncated,
}

impl TransportError {
    /// True for what somebody at this computer or its network has to put right: trying again changes nothing.
    #[must_use]
    pub fn is_local_matter(&self) -> bool {
        matches!(self, Self::Proxy { .. } | Self::ProxyRefused { .. } | Self::Certificate { .. } | Self::Authorities(_))
    }

    /// True when the connection is gone, false when only this stream or call failed.
    #[must_use]
    pub fn is_disconnect(&self) -> bool {
        matches!(
            self,
            Self::Silent | Self::Restarted | Self::Cut | Self::Closed(_) | Self::ClosedHere | Self::Protocol(_)
        )
    }
}

impl From<quinn::ConnectionError> for TransportError {
    fn from(error: quinn::ConnectionError) -> Self {
        use quinn::ConnectionError as E;
        match error {
            E::TimedOut => Self::Silent,
            E::Reset => Self::Restarted,
            E::LocallyClosed => Self::ClosedHere,
            E::ApplicationClosed(close) => Self::Closed(match String::from_utf8_lossy(&close.reason) {
                reason if reason.is_empty() => format!("code {}", close.error_code),
                reason => reason.into_owned(),
            }),
            other @ (E::VersionMismatch | E::TransportError(_) | E::ConnectionClosed(_) | E::CidsExhausted) => {
                Self::Protocol(other.to_string())
            }
        }
    }
}

/// QUIC codes are 62 bits; ours are 32.
pub(crate) fn code_of(code: quinn::VarInt) -> u32 {
    u32::try_from(code.into_inner()).unwrap_or(u32::MAX)
}

impl From<quinn::ReadError> for TransportError {
    fn from(error: quinn::ReadError) -> Self {
        use quinn::ReadError as E;
        match error {
            E::Reset(code) => Self::StreamReset(code_of(code)),
            E::ConnectionLost(error) => error.into(),
            E::ClosedStream | E::IllegalOrderedRead | E::ZeroRttRejected => Self::StreamFinished,
        }
    }
}

impl From<quinn::WriteError> for TransportError {
    fn from(error: quinn::WriteError) -> Self {
        use quinn::WriteError as E;
        match error {
            E::Stopped(code) => Self::StreamReset(code_of(code)),
            E::ConnectionLost(error) => error.into(),
            E::ClosedStream | E::ZeroRttRejected => Self::StreamFinished,
        }
    }
}
