//! Limits of every connection, and the reasons for their values.

use crate::datagrams::MAX_DATAGRAM;
use crate::pace::PaceFactory;
use quinn::{IdleTimeout, TransportConfig, VarInt};
use std::sync::Arc;
use std::time::Duration;

/// Application protocol of hosts and command-line clients.
pub const ALPN: &[u8] = b"hospes/1";

/// A peer that is silent for so long is gone. Several keep-alives may be lost before it passes.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(9);

/// Who dialled sends something at least this often. It is also the longest time until a host notices that the server
/// was killed and started again (the answer to an old connection's packet is a reset).
pub const KEEP_ALIVE: Duration = Duration::from_secs(2);

/// Bytes that one stream holds for a reader that does not read (1 MiB). At 50 ms round trip this is 20 MiB/s, at 1 ms
/// more than the machine can encrypt.
pub const STREAM_WINDOW: u32 = 1 << 20;

/// Streams that the listening side may have open to the dialler at a time: the channels of one host.
pub const LISTENER_STREAMS: u32 = 56;

/// Streams that the dialling side may have open at a time: the conversation and files it fetches. It bounds what a
/// hostile host can make the server hold: this many [`STREAM_WINDOW`]s.
pub const DIALLER_STREAMS: u32 = 8;

/// All streams together: as much as every one of them stalled at once, so that a stalled channel never takes the credit
/// of another, or of the conversation. It costs nothing by itself: memory is bound by the windows of open streams.
const CONNECTION_WINDOW: u32 = (LISTENER_STREAMS + DIALLER_STREAMS) * STREAM_WINDOW;

/// Bytes sent and not yet confirmed, of all streams together. Writers wait above it.
const SEND_WINDOW: u64 = 4 << 20;

/// Asked of the system for each UDP socket, in bytes; the system may give less.
pub(crate) const SOCKET_BUFFER: usize = 4 << 20;

/// First retransmission of a handshake after three of these, so that a host that dials while the server starts is not
/// seconds late.
const INITIAL_RTT: Duration = Duration::from_millis(100);

fn common() -> TransportConfig {
    let mut config = TransportConfig::default();
    config
        .max_idle_timeout(IdleTimeout::try_from(IDLE_TIMEOUT).ok())
        .stream_receive_window(VarInt::from_u32(STREAM_WINDOW))
        .receive_window(VarInt::from_u32(CONNECTION_WINDOW))
        .send_window(SEND_WINDOW)
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .datagram_receive_buffer_size(None)
        .initial_rtt(INITIAL_RTT);
    config
}

/// Of who listens.
pub(crate) fn listening() -> TransportConfig {
    let mut config = common();
    config.max_concurrent_bidi_streams(VarInt::from_u32(DIALLER_STREAMS));
    config
}

/// Of who dials.
pub(crate) fn dialling() -> TransportConfig {
    let mut config = common();
    config.max_concurrent_bidi_streams(VarInt::from_u32(LISTENER_STREAMS)).keep_alive_interval(Some(KEEP_ALIVE));
    config
}

/// The same, through a WebSocket: packets have the one size that is known to pass, and delay says how many.
pub(crate) fn carried(mut config: TransportConfig) -> TransportConfig {
    config
        .initial_mtu(MAX_DATAGRAM)
        // Late packets are not a sign that long ones are lost.
        .min_mtu(MAX_DATAGRAM)
        .mtu_discovery_config(None)
        .enable_segmentation_offload(false)
        .congestion_controller_factory(Arc::new(PaceFactory));
    config
}
