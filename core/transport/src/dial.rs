//! Dialling a server whose key is known.

use crate::connection::Connection;
use crate::error::TransportError;
use crate::settings::{ALPN, SOCKET_BUFFER, dialling};
use crate::verify::PinVerifier;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use hospes_wire::link::KeyPin;
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Endpoint, EndpointConfig, TokioRuntime};
use socket2::{Domain, Protocol, Socket, Type};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The name that every server has in the handshake: the key says who it is, so the real name need not be shown.
pub(crate) const SERVER_NAME: &str = "hospes";

/// Longest time that one [`dial`] takes.
pub const DIAL_TIMEOUT: Duration = Duration::from_secs(4);
/// Head start of each of a name's addresses before the next is tried beside it.
const HEAD_START: Duration = Duration::from_millis(250);

/// Connects over UDP to `host` (a name, or an address without brackets) and accepts only the key with that `pin`.
///
/// All addresses of a name are tried, one starting shortly after the other; the first that answers wins.
///
/// # Errors
/// [`TransportError::WrongKey`] when something with another key answers, [`TransportError::Resolve`],
/// [`TransportError::NoAnswer`] after [`DIAL_TIMEOUT`], [`TransportError::Protocol`] when something else answers, or
/// [`TransportError::Bind`] when this computer gives no socket.
pub async fn dial(host: &str, port: u16, pin: KeyPin) -> Result<Connection, TransportError> {
    let no_answer = || TransportError::NoAnswer { host: host.to_owned(), port, within: DIAL_TIMEOUT };
    tokio::time::timeout(DIAL_TIMEOUT, dial_any(host, port, pin)).await.unwrap_or_else(|_| Err(no_answer()))
}

async fn dial_any(host: &str, port: u16, pin: KeyPin) -> Result<Connection, TransportError> {
    staggered(host, port, |address| dial_one(address, pin)).await
}

/// Tries all addresses of a name, one starting shortly after the other; the first that goes wins.
pub(crate) async fn staggered<T, F>(
    host: &str,
    port: u16,
    attempt: impl Fn(SocketAddr) -> F,
) -> Result<T, TransportError>
where
    F: Future<Output = Result<T, TransportError>>,
{
    let resolve = |reason: String| TransportError::Resolve { host: host.to_owned(), reason };
    let addresses: Vec<SocketAddr> =
        tokio::net::lookup_host((host, port)).await.map_err(|e| resolve(e.to_string()))?.collect();
    let mut attempts = FuturesUnordered::new();
    for (turn, address) in (0u32..).zip(addresses) {
        let attempt = &attempt;
        attempts.push(async move {
            tokio::time::sleep(HEAD_START * turn).await;
            attempt(address).await
        });
    }
    let mut worst = None;
    while let Some(outcome) = attempts.next().await {
        match outcome {
            Ok(connection) => return Ok(connection),
            // A wrong key is what the person must hear of, whatever the other addresses say.
            Err(_) if matches!(worst, Some(TransportError::WrongKey)) => {}
            Err(error) => worst = Some(error),
        }
    }
    Err(worst.unwrap_or_else(|| resolve("the name has no address".to_owned())))
}

async fn dial_one(address: SocketAddr, pin: KeyPin) -> Result<Connection, TransportError> {
    let wrong_key = Arc::new(AtomicBool::new(false));
    let config = client_config(pin, wrong_key.clone())?;
    let local: SocketAddr = match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = udp_socket(local)?;
    let endpoint = Endpoint::new(EndpointConfig::default(), None, socket, Arc::new(TokioRuntime))
        .map_err(|e| TransportError::Bind { address: local, reason: e.to_string() })?;
    let connecting =
        endpoint.connect_with(config, address, SERVER_NAME).map_err(|e| TransportError::Protocol(e.to_string()))?;
    match connecting.await {
        Ok(connection) => Ok(Connection::new(connection, Some(endpoint))),
        Err(_) if wrong_key.load(Ordering::Acquire) => Err(TransportError::WrongKey),
        Err(error) => Err(error.into()),
    }
}

pub(crate) fn client_config(pin: KeyPin, wrong_key: Arc<AtomicBool>) -> Result<ClientConfig, TransportError> {
    let failed = |e: &dyn std::fmt::Display| TransportError::Protocol(e.to_string());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|e| failed(&e))?
        .dangerous() // the name of the method; the verifier is stricter than the usual one
        .with_custom_certificate_verifier(Arc::new(PinVerifier::new(pin, provider, wrong_key)))
        .with_no_client_auth();
    tls.alpn_protocols = vec![ALPN.to_vec()];
    // Every connection proves the key anew.
    tls.resumption = rustls::client::Resumption::disabled();
    let mut config = ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).map_err(|e| failed(&e))?));
    config.transport_config(Arc::new(dialling()));
    Ok(config)
}

/// A UDP socket with large buffers; one of IPv6 takes IPv6 only, so that both families can be had on one port.
pub(crate) fn udp_socket(address: SocketAddr) -> Result<std::net::UdpSocket, TransportError> {
    let open = || -> std::io::Result<std::net::UdpSocket> {
        let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        // The system may refuse or cut these: then it is slower, not broken.
        let _ = socket.set_recv_buffer_size(SOCKET_BUFFER);
        let _ = socket.set_send_buffer_size(SOCKET_BUFFER);
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        Ok(socket.into())
    };
    open().map_err(|e| TransportError::Bind { address, reason: e.to_string() })
}
