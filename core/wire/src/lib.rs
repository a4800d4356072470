//! What console, server and host say to each other. Sans-IO: values and bytes, no sockets.
//!
//! Three conversations:
//! - [`control`]: host and server, JSON messages on the first stream of a connection;
//! - [`channel`]: how a channel is opened on a stream of its own, between server and host, before plugin bytes flow;
//! - [`socket`]: what a browser or command line says on the channel's WebSocket before plugin bytes flow.
//!
//! [`link`] is the deployment link, [`frame`] the length-delimited framing of streams, [`message`] JSON in a frame.

// What arrives here was written by others: an index that is out of range must not end a process.
#![deny(clippy::indexing_slicing)]

pub mod channel;
pub mod control;
pub mod frame;
pub mod link;
pub mod message;
pub mod problem;
pub mod socket;

/// Version of the conversation. A peer that speaks none of ours is told so and disconnected.
pub const VERSION: u16 = 1;
