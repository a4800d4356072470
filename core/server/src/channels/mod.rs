//! Channels: from the technician's WebSocket to a stream of the host, blindly.

pub(crate) mod registry;
