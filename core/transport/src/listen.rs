//! The listening side: one UDP port, on as many addresses as asked, and WebSockets that somebody else accepted.

use crate::connection::Connection;
use crate::datagrams::{Datagrams, MAX_DATAGRAM, carry};
use crate::dial::udp_socket;
use crate::error::TransportError;
use crate::identity::ServerIdentity;
use crate::places::{Places, network};
use crate::settings::{ALPN, carried, listening};
use bytes::Bytes;
use futures_util::{Sink, Stream};
use quinn::crypto::rustls::QuicServerConfig;
use quinn::crypto::{CryptoError, HmacKey};
use quinn::{Endpoint, EndpointConfig, ServerConfig, TokioRuntime, VarInt};
use quinn_proto::HashedConnectionIdGenerator;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tokio::sync::{Mutex, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

/// Handshakes that run at a time on one address; more wait in quinn's own bounded queue and are refused beyond it.
const HANDSHAKES: usize = 256;
/// From so many running handshakes on, an address must prove that it receives what is sent to it.
const BUSY_HANDSHAKES: usize = 32;
/// WebSockets of one address (one /64 of IPv6) whose handshake runs: an address that says nothing leaves the places of
/// all others. A host that finds none dials again.
const HANDSHAKES_EACH: usize = 16;
/// Longest time for one handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// Shortest time between two resets of connections from before a restart. The usual 20 ms would keep a thousand hosts
/// waiting for 20 s.
const RESET_INTERVAL: Duration = Duration::from_millis(1);
/// Longest time that [`Listener::shut`] waits for the farewells to leave.
const SHUT_TIMEOUT: Duration = Duration::from_secs(1);

/// Accepts connections. Dropping it accepts no more; connections that it gave live on.
#[derive(Debug)]
pub struct Listener {
    endpoints: Vec<Endpoint>,
    accepted: Mutex<mpsc::Receiver<Connection>>,
    /// For connections through WebSockets.
    carried: Carried,
    _tasks: Vec<AbortOnDropHandle<()>>,
}

impl Listener {
    /// Listens on UDP at `addresses` (port 0: any, the same on all of them). An address that cannot be had is logged
    /// and left out, as long as one is left: many machines have no IPv6.
    ///
    /// With no address at all it serves what is given to [`Self::carry`] only. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`TransportError::Bind`] when none of the addresses can be had, [`TransportError::Identity`].
    pub fn bind(addresses: &[SocketAddr], identity: &ServerIdentity) -> Result<Self, TransportError> {
        let config = server_config(identity)?;
        let mut endpoints: Vec<Endpoint> = Vec::new();
        let mut failure = None;
        for address in addresses {
            let mut address = *address;
            if let (0, Some(first)) = (address.port(), endpoints.first()) {
                address.set_port(first.local_addr().map_or(0, |first| first.port()));
            }
            match bind_one(address, &config, identity) {
                Ok(endpoint) => endpoints.push(endpoint),
                Err(error) => {
                    tracing::warn!(%error, "not listening there");
                    failure = Some(error);
                }
            }
        }
        if let (true, Some(failure)) = (endpoints.is_empty(), failure) {
            return Err(failure);
        }
        let (sender, accepted) = mpsc::channel(HANDSHAKES);
        let tasks = endpoints
            .iter()
            .map(|endpoint| AbortOnDropHandle::new(tokio::spawn(accept_on(endpoint.clone(), sender.clone()))))
            .collect();
        let carried = Carried::new(identity, sender)?;
        Ok(Self { endpoints, accepted: Mutex::new(accepted), carried, _tasks: tasks })
    }

    /// Serves one WebSocket, which the caller accepted from `from`: until its connection is over or the socket ends.
    /// [`Self::accept`] gives the connection once its handshake is complete; a socket without one is dropped after 5 s,
    /// and at once when 16 others of its address (one /64 of IPv6) have not completed theirs yet.
    ///
    /// `sink` takes the binary messages that go out (at most [`MAX_DATAGRAM`] bytes each). `stream` gives those that
    /// come in, an empty one for any other message, and none at the socket's end.
    pub async fn carry<E>(
        &self,
        sink: impl Sink<Bytes, Error = E>,
        stream: impl Stream<Item = Option<Bytes>>,
        from: SocketAddr,
    ) {
        self.carried.serve(sink, stream, from).await;
    }

    /// The next connection whose handshake is complete; none after [`Self::shut`]. Cancel safe.
    pub async fn accept(&self) -> Option<Connection> {
        let mut accepted = self.accepted.lock().await;
        tokio::select! {
            connection = accepted.recv() => connection,
            () = self.carried.stop.cancelled() => None,
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn local_addresses(&self) -> Vec<SocketAddr> {
        self.endpoints.iter().filter_map(|endpoint| endpoint.local_addr().ok()).collect()
    }

    /// Closes all connections, telling each peer the reason.
    pub async fn shut(&self, reason: &str) {
        let _ = self.carried.reason.set(reason.to_owned());
        self.carried.stop.cancel();
        for endpoint in &self.endpoints {
            endpoint.close(VarInt::from_u32(0), reason.as_bytes());
        }
        for endpoint in &self.endpoints {
            let _ = tokio::time::timeout(SHUT_TIMEOUT, endpoint.wait_idle()).await;
        }
        self.carried.tasks.close();
        let _ = tokio::time::timeout(SHUT_TIMEOUT, self.carried.tasks.wait()).await;
    }
}

/// What connections through WebSockets share. Each has an endpoint of its own, so none waits for another's socket.
#[derive(Debug)]
struct Carried {
    config: ServerConfig,
    endpoint: EndpointConfig,
    accepted: mpsc::Sender<Connection>,
    running: Semaphore,
    running_each: Arc<Places<IpAddr>>,
    stop: CancellationToken,
    reason: OnceLock<String>,
    tasks: TaskTracker,
}

impl Carried {
    fn new(identity: &ServerIdentity, accepted: mpsc::Sender<Connection>) -> Result<Self, TransportError> {
        let mut config = server_config(identity)?;
        config.transport_config(Arc::new(carried(listening())));
        let mut endpoint = endpoint_config(identity);
        endpoint.max_udp_payload_size(MAX_DATAGRAM).map_err(|e| TransportError::Identity(e.to_string()))?;
        Ok(Self {
            config,
            endpoint,
            accepted,
            running: Semaphore::new(HANDSHAKES),
            running_each: Places::new(HANDSHAKES_EACH),
            stop: CancellationToken::new(),
            reason: OnceLock::new(),
            tasks: TaskTracker::new(),
        })
    }

    async fn serve<E>(
        &self,
        sink: impl Sink<Bytes, Error = E>,
        stream: impl Stream<Item = Option<Bytes>>,
        from: SocketAddr,
    ) {
        let Some(place) = self.running_each.take(network(from.ip())) else {
            tracing::debug!(%from, "too many handshakes of this address at a time");
            return;
        };
        let Ok(permit) = self.running.try_acquire() else {
            tracing::debug!(%from, "too many handshakes at a time");
            return;
        };
        let _running = self.tasks.token();
        let (datagrams, ends) = Datagrams::new(from);
        let opened = Endpoint::new_with_abstract_socket(
            self.endpoint.clone(),
            Some(self.config.clone()),
            datagrams,
            Arc::new(TokioRuntime),
        );
        let endpoint = match opened {
            Ok(endpoint) => endpoint,
            Err(error) => {
                tracing::warn!(%from, %error, "a WebSocket cannot be served");
                return;
            }
        };
        let (connected, cut) = (CancellationToken::new(), Arc::new(AtomicBool::new(false)));
        let accepting = async {
            let connection = async {
                let incoming = endpoint.accept().await?;
                // One connection for each socket.
                endpoint.set_server_config(None);
                incoming.await.inspect_err(|error| tracing::debug!(%from, %error, "handshake failed")).ok()
            };
            match tokio::time::timeout(HANDSHAKE_TIMEOUT, connection).await {
                Ok(Some(connection)) => {
                    drop((permit, place));
                    let _ = self.accepted.send(Connection::carried(connection, None, cut.clone())).await;
                }
                Ok(None) => {}
                Err(_) => tracing::debug!(%from, "handshake took too long"),
            }
            // Also without a connection: then the socket is of no use and ends.
            connected.cancel();
            self.stop.cancelled().await;
            let reason = self.reason.get().map_or("", String::as_str);
            endpoint.close(VarInt::from_u32(0), reason.as_bytes());
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = carry(sink, stream, ends, endpoint.clone(), connected.clone(), cut.clone()) => {}
            () = accepting => {}
        }
    }
}

async fn accept_on(endpoint: Endpoint, accepted: mpsc::Sender<Connection>) {
    let running = Arc::new(Semaphore::new(HANDSHAKES));
    while let Ok(permit) = running.clone().acquire_owned().await {
        let Some(incoming) = endpoint.accept().await else { return };
        if HANDSHAKES - running.available_permits() > BUSY_HANDSHAKES && incoming.may_retry() {
            // An error says that it cannot be asked: it was asked already.
            let _ = incoming.retry();
            continue;
        }
        let accepted = accepted.clone();
        tokio::spawn(async move {
            let from = incoming.remote_address();
            match tokio::time::timeout(HANDSHAKE_TIMEOUT, incoming).await {
                Ok(Ok(connection)) => {
                    // An error says that the listener is gone: dropping the connection closes it.
                    let _ = accepted.send(Connection::new(connection, None)).await;
                }
                Ok(Err(error)) => tracing::debug!(%from, %error, "handshake failed"),
                Err(_) => tracing::debug!(%from, "handshake took too long"),
            }
            drop(permit);
        });
    }
}

fn server_config(identity: &ServerIdentity) -> Result<ServerConfig, TransportError> {
    let failed = |e: &dyn std::fmt::Display| TransportError::Identity(e.to_string());
    let (chain, key) = identity.chain();
    let mut tls = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|e| failed(&e))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|e| failed(&e))?;
    tls.alpn_protocols = vec![ALPN.to_vec()];
    // No resumption: every connection proves the key anew.
    tls.send_tls13_tickets = 0;
    let crypto = QuicServerConfig::try_from(tls).map_err(|e| failed(&e))?;
    let mut config = ServerConfig::with_crypto(Arc::new(crypto));
    config.transport_config(Arc::new(listening()));
    Ok(config)
}

fn bind_one(address: SocketAddr, config: &ServerConfig, identity: &ServerIdentity) -> Result<Endpoint, TransportError> {
    Endpoint::new(endpoint_config(identity), Some(config.clone()), udp_socket(address)?, Arc::new(TokioRuntime))
        .map_err(|e| TransportError::Bind { address, reason: e.to_string() })
}

/// Both keys follow from the identity, so that a restarted server still knows its connection ids and can reset the
/// connections that it lost.
fn endpoint_config(identity: &ServerIdentity) -> EndpointConfig {
    let cid_key = identity.cid_key;
    let mut endpoint = EndpointConfig::new(Arc::new(ResetKey(identity.reset_key)));
    endpoint
        .cid_generator(move || Box::new(HashedConnectionIdGenerator::from_key(cid_key)))
        .min_reset_interval(RESET_INTERVAL);
    endpoint
}

/// Keyed BLAKE3 as the message authentication code of stateless resets.
struct ResetKey([u8; 32]);

impl HmacKey for ResetKey {
    fn sign(&self, data: &[u8], signature_out: &mut [u8]) {
        let signature = blake3::keyed_hash(&self.0, data);
        for (out, byte) in signature_out.iter_mut().zip(signature.as_bytes()) {
            *out = *byte;
        }
    }

    fn signature_len(&self) -> usize {
        blake3::OUT_LEN
    }

    fn verify(&self, data: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
        let expected = blake3::keyed_hash(&self.0, data);
        // Comparing hashes takes constant time.
        match <[u8; blake3::OUT_LEN]>::try_from(signature) {
            Ok(signature) if expected == signature => Ok(()),
            _ => Err(CryptoError),
        }
    }
}
