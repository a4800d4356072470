//! Streams of messages between a server and those who dial it, over QUIC (ALPN [`ALPN`]); where UDP is blocked the same
//! QUIC travels through a WebSocket on the HTTPS port, also through an HTTP proxy.
//!
//! Knows nothing of sessions or plugins. No public type shows that QUIC is below.
//!
//! ```no_run
//! # async fn example() -> Result<(), hospes_transport::TransportError> {
//! use hospes_transport::{Address, Listener, Redial, ServerIdentity, Ways};
//! // Server: the secret is 32 random bytes, kept in its data directory.
//! let identity = ServerIdentity::from_secret([7; 32])?;
//! let listener = Listener::bind(&["127.0.0.1:8443".parse().unwrap(), "[::1]:8443".parse().unwrap()], &identity)?;
//! tokio::spawn(async move {
//!     while let Some(connection) = listener.accept().await {
//!         tokio::spawn(async move {
//!             let mut control = connection.accept_stream().await?; // the first stream that the host opened
//!             while let Some(message) = control.recv().await? {
//!                 control.send(message).await?;
//!             }
//!             control.finish().await
//!         });
//!     }
//! });
//! // Host: connects, and connects again whenever the connection is lost.
//! let address = Address { host: "localhost".to_owned(), port: 8443, secure: false, pin: identity.pin() };
//! let mut redial = Redial::new(address, Ways::default());
//! loop {
//!     let connection = redial.connect(|error, retry_in| eprintln!("{error}; trying again in {retry_in:?}")).await;
//!     let mut control = connection.open_stream().await?;
//!     control.send("hello").await?; // the peer learns of a stream by its first bytes
//!     let reason = connection.closed().await;
//! #   let _ = reason; return Ok(());
//! }
//! # }
//! ```
//!
//! - *Ways:* [`reach`] tries UDP, and after [`UDP_HEAD_START`] the WebSocket beside it; the handshake inside is the same.
//! - *Trust:* who dials accepts exactly the key whose [`hospes_wire::link::KeyPin`] it was given; there is no other
//!   verifier. Who was dialled learns nothing about the peer: that is the conversation's business, with
//!   [`Connection::exporter`] to bind a proof to this connection.
//! - *Memory:* flow control reaches from reader to writer. A reader that stalls stops the writer after
//!   [`STREAM_WINDOW`] bytes, and never another stream of the same connection.
//! - *Loss:* a silent peer is noticed within [`IDLE_TIMEOUT`]; a server that was killed and started again with the same
//!   identity answers the next packet of an old connection with a reset, so that the host dials again at once. A
//!   WebSocket that ends tells it by itself.

mod backoff;
mod connection;
mod datagrams;
mod dial;
mod error;
mod identity;
mod listen;
mod pace;
mod places;
mod proxy;
mod reach;
mod redial;
mod settings;
mod stream;
mod verify;
mod way;
mod websocket;

pub use backoff::Backoff;
pub use connection::Connection;
pub use datagrams::MAX_DATAGRAM;
pub use dial::{DIAL_TIMEOUT, dial};
pub use error::TransportError;
pub use identity::ServerIdentity;
pub use listen::Listener;
pub use places::{Place, Places, network};
pub use proxy::{BadProxy, Proxy};
pub use reach::{UDP_HEAD_START, reach};
pub use redial::Redial;
pub use settings::{ALPN, DIALLER_STREAMS, IDLE_TIMEOUT, KEEP_ALIVE, LISTENER_STREAMS, STREAM_WINDOW};
pub use stream::{MessageStream, Receiver, Sender};
pub use way::{Address, Authorities, Transport, Ways};
pub use websocket::{SOCKET_BUFFER, SOCKET_PATH};
