//! QUIC's datagrams as binary messages of a WebSocket, one for one.
//!
//! Why QUIC inside TCP rather than a multiplexer (yamux, HTTP/2) over an inner TLS: streams, flow control for each,
//! priorities, the pinned key and the exporter that the host's proof is bound to are then the same code that runs over
//! UDP, with one set of rules to get right; a multiplexer would be a second implementation of all of them, and yamux
//! has neither priorities nor half-closed resets with a code. What is feared of such a tunnel, two loss recoveries
//! above each other, is taken care of in [`crate::pace`] (TCP loses nothing, so QUIC is not told of loss) and by large
//! packets. What it costs is noted in `tests/bench/FIGURES.md`.
//!
//! Nothing buffers without bound: [`QUEUE`] datagrams wait for the socket, then QUIC itself has to wait.

use bytes::Bytes;
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, Endpoint, UdpPoller, VarInt};
use std::fmt;
use std::io::{self, IoSliceMut};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, PollSender};

/// Longest datagram, in bytes: one fits a TLS record with its WebSocket header.
pub const MAX_DATAGRAM: u16 = 16_000;
/// Datagrams that wait in each direction.
const QUEUE: usize = 16;
/// How long the last datagrams may take to leave once the connection is over.
const LAST: Duration = Duration::from_millis(500);

/// The socket that an endpoint has when its datagrams travel through a WebSocket: there is one peer, and order.
pub(crate) struct Datagrams {
    out: mpsc::Sender<Bytes>,
    arrived: Mutex<mpsc::Receiver<Bytes>>,
    peer: SocketAddr,
}

/// The other side of [`Datagrams`].
pub(crate) struct Ends {
    leaving: mpsc::Receiver<Bytes>,
    arriving: mpsc::Sender<Bytes>,
}

impl Datagrams {
    /// `peer` is where the other side is, as far as it is known.
    pub(crate) fn new(peer: SocketAddr) -> (Arc<Self>, Ends) {
        let (out, leaving) = mpsc::channel(QUEUE);
        let (arriving, arrived) = mpsc::channel(QUEUE);
        (Arc::new(Self { out, arrived: Mutex::new(arrived), peer }), Ends { leaving, arriving })
    }
}

impl fmt::Debug for Datagrams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Datagrams").field("peer", &self.peer).finish_non_exhaustive()
    }
}

impl AsyncUdpSocket for Datagrams {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(Room(PollSender::new(self.out.clone())))
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        match self.out.try_send(Bytes::copy_from_slice(transmit.contents)) {
            Err(mpsc::error::TrySendError::Full(_)) => Err(io::ErrorKind::WouldBlock.into()),
            // A socket that is gone ends the connection by itself (`carry`); until then datagrams are lost, as on UDP.
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => Ok(()),
        }
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        // One at a time: quinn's receive buffer is as long as several, and only what is touched costs memory.
        let (Some(buffer), Some(meta)) = (bufs.first_mut(), meta.first_mut()) else { return Poll::Ready(Ok(0)) };
        let mut arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let Some(datagram) = ready!(arrived.poll_recv(cx)) else { return Poll::Pending };
            // Longer than anybody may send: dropped, as a UDP socket would cut it.
            let Some(place) = buffer.get_mut(..datagram.len()) else { continue };
            place.copy_from_slice(&datagram);
            *meta = RecvMeta { addr: self.peer, len: datagram.len(), stride: datagram.len(), ecn: None, dst_ip: None };
            return Poll::Ready(Ok(1));
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        // Of the peer's family, or quinn would not dial it.
        Ok(match self.peer {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        })
    }
}

/// Waits for room in the queue.
struct Room(PollSender<Bytes>);

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Room")
    }
}

impl UdpPoller for Room {
    fn poll_writable(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Whether there is room or nobody takes anything any more: the next `try_send` knows.
        let _ = ready!(self.0.poll_reserve(cx));
        self.0.abort_send();
        Poll::Ready(Ok(()))
    }
}

/// Moves datagrams between `ends` and a socket until the socket ends, or `over` and everything has left. Of `stream`,
/// none says that the socket ended, and an empty message that there was something else than a datagram.
async fn pump<E>(
    sink: impl Sink<Bytes, Error = E>,
    stream: impl Stream<Item = Option<Bytes>>,
    ends: Ends,
    over: &CancellationToken,
) {
    let Ends { mut leaving, arriving } = ends;
    let (mut sink, mut stream) = (std::pin::pin!(sink), std::pin::pin!(stream));
    let sending = async {
        loop {
            let next = tokio::select! {
                biased;
                next = leaving.recv() => next,
                () = over.cancelled() => None,
            };
            let Some(next) = next else { return sink.close().await };
            sink.feed(next).await?;
            // What waits already goes with the same write.
            while let Ok(next) = leaving.try_recv() {
                sink.feed(next).await?;
            }
            sink.flush().await?;
        }
    };
    let receiving = async {
        while let Some(Some(datagram)) = stream.next().await {
            if !datagram.is_empty() && arriving.send(datagram).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        _ = sending => {}
        () = receiving => {}
    }
}

/// Serves an endpoint whose socket are the [`Datagrams`] of these `ends`, from before its handshake until its
/// connection is over. `connected` is cancelled once there is one. A socket that ends takes the connection with it and
/// sets `cut`.
pub(crate) async fn carry<E>(
    sink: impl Sink<Bytes, Error = E>,
    stream: impl Stream<Item = Option<Bytes>>,
    ends: Ends,
    endpoint: Endpoint,
    connected: CancellationToken,
    cut: Arc<AtomicBool>,
) {
    let over = CancellationToken::new();
    let idle = async {
        connected.cancelled().await;
        endpoint.wait_idle().await;
        over.cancel();
        // What was said last still leaves.
        tokio::time::sleep(LAST).await;
    };
    tokio::select! {
        () = pump(sink, stream, ends, &over) => {}
        () = idle => {}
    }
    if !over.is_cancelled() {
        cut.store(true, Ordering::Release);
        endpoint.close(VarInt::from_u32(0), b"the WebSocket ended");
    }
}
