//! Dialling over the HTTPS port: TCP, an HTTP proxy where there is one, TLS, a WebSocket, and QUIC inside it.
//!
//! The outer TLS is verified as a browser would (the system's certificate authorities, and those that the person named):
//! it keeps what is on the wire ordinary. It is not what trust rests on: inside, the handshake of QUIC proves the pinned
//! key, as it does over UDP. A proxy that ends the outer TLS sees ciphertext and can change nothing but the weather.

use crate::connection::Connection;
use crate::datagrams::{Datagrams, MAX_DATAGRAM, carry};
use crate::dial::{SERVER_NAME, client_config, staggered};
use crate::error::TransportError;
use crate::proxy::{Proxy, authority};
use crate::settings::{carried, dialling};
use crate::way::{Address, Authorities, Ways};
use futures_util::future::ready;
use futures_util::{SinkExt, StreamExt};
use quinn::{Endpoint, EndpointConfig, TokioRuntime};
use rustls::pki_types::ServerName;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as WebSocketError, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Where servers take the hosts' WebSockets.
pub const SOCKET_PATH: &str = "/host";

/// Longest time for all of it: a proxy and its TLS are several round trips more than UDP needs.
const TIMEOUT: Duration = Duration::from_secs(6);
/// Read buffer of a socket, in bytes; it is allocated as long as the socket lives.
pub const SOCKET_BUFFER: usize = 32 << 10;

/// What all of it runs on.
trait Pipe: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Pipe for T {}
type Stream = Box<dyn Pipe>;

pub(crate) async fn dial(to: &Address, ways: &Ways) -> Result<Connection, TransportError> {
    let no_answer = || TransportError::NoAnswer { host: to.host.clone(), port: to.port, within: TIMEOUT };
    tokio::time::timeout(TIMEOUT, attempt(to, ways)).await.unwrap_or_else(|_| Err(no_answer()))
}

async fn attempt(to: &Address, ways: &Ways) -> Result<Connection, TransportError> {
    let proxy = match &ways.proxy {
        Some(proxy) => Some(proxy.clone()),
        None => Proxy::of_environment(to)?,
    };
    let (stream, peer) = match &proxy {
        None => {
            let tcp = connect(&to.host, to.port).await?;
            let peer = tcp.peer_addr().map_err(|error| unreachable(to, &error))?;
            (Box::new(tcp) as Stream, peer)
        }
        Some(proxy) => through(proxy, to, &ways.authorities).await?,
    };
    let stream = if to.secure { tls(&to.host, stream, &ways.authorities).await? } else { stream };
    let socket = open(to, stream).await?;
    handshake(to, socket, peer).await
}

/// TCP to the fastest of a name's addresses.
async fn connect(host: &str, port: u16) -> Result<TcpStream, TransportError> {
    staggered(host, port, |address: SocketAddr| async move {
        let stream = TcpStream::connect(address).await.map_err(|error| TransportError::Unreachable {
            host: host.to_owned(),
            port,
            reason: error.to_string(),
        })?;
        // A click must not wait for the answer to the one before it.
        let _ = stream.set_nodelay(true);
        Ok(stream)
    })
    .await
}

async fn through(
    proxy: &Proxy,
    to: &Address,
    authorities: &Authorities,
) -> Result<(Stream, SocketAddr), TransportError> {
    let unusable =
        |error: &TransportError| TransportError::Proxy { proxy: proxy.to_string(), reason: error.to_string() };
    let tcp = connect(&proxy.host, proxy.port).await.map_err(|error| unusable(&error))?;
    let peer = tcp.peer_addr().map_err(|error| unreachable(to, &error))?;
    let mut stream: Stream = Box::new(tcp);
    if proxy.secure {
        stream = tls(&proxy.host, stream, authorities).await.map_err(|error| unusable(&error))?;
    }
    proxy.tunnel(&mut stream, to).await?;
    Ok((stream, peer))
}

fn unreachable(to: &Address, reason: &dyn std::fmt::Display) -> TransportError {
    TransportError::Unreachable { host: to.host.clone(), port: to.port, reason: reason.to_string() }
}

/// TLS as browsers have it.
async fn tls(host: &str, stream: Stream, authorities: &Authorities) -> Result<Stream, TransportError> {
    let refused = |reason: String| TransportError::Certificate { host: host.to_owned(), reason };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier =
        rustls_platform_verifier::Verifier::new_with_extra_roots(authorities.certificates(), provider.clone())
            .map_err(|error| refused(format!("{error}; install ca-certificates, or name a file with --ca")))?;
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| refused(error.to_string()))?
        .dangerous() // the name of the method; the verifier is the system's own
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let name = ServerName::try_from(host.to_owned()).map_err(|error| refused(error.to_string()))?;
    match TlsConnector::from(Arc::new(config)).connect(name, stream).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => Err(match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(rustls::Error::InvalidCertificate(why)) => refused(why.to_string()),
            _ => TransportError::WebSocket { host: host.to_owned(), reason: error.to_string() },
        }),
    }
}

async fn open(to: &Address, stream: Stream) -> Result<WebSocketStream<Stream>, TransportError> {
    let max = usize::from(MAX_DATAGRAM);
    let config = WebSocketConfig::default()
        .read_buffer_size(SOCKET_BUFFER)
        .write_buffer_size(4 * max)
        .max_write_buffer_size(16 * max)
        .max_message_size(Some(max))
        .max_frame_size(Some(max));
    let url = format!("{}://{}{SOCKET_PATH}", if to.secure { "wss" } else { "ws" }, authority(to));
    let failed = |reason: String| TransportError::WebSocket { host: to.host.clone(), reason };
    match client_async_with_config(url, stream, Some(config)).await {
        Ok((socket, _)) => Ok(socket),
        Err(WebSocketError::Http(answer)) => Err(failed(format!("it answered {}", answer.status()))),
        Err(error) => Err(failed(error.to_string())),
    }
}

/// QUIC inside the WebSocket.
async fn handshake(
    to: &Address,
    socket: WebSocketStream<Stream>,
    peer: SocketAddr,
) -> Result<Connection, TransportError> {
    let failed = |error: &dyn std::fmt::Display| TransportError::Protocol(error.to_string());
    let wrong_key = Arc::new(AtomicBool::new(false));
    let mut config = client_config(to.pin, wrong_key.clone())?;
    config.transport_config(Arc::new(carried(dialling())));
    let mut endpoint = EndpointConfig::default();
    endpoint.max_udp_payload_size(MAX_DATAGRAM).map_err(|error| failed(&error))?;
    let (datagrams, ends) = Datagrams::new(peer);
    let endpoint = Endpoint::new_with_abstract_socket(endpoint, None, datagrams, Arc::new(TokioRuntime))
        .map_err(|error| failed(&error))?;
    let (sink, stream) = socket.split();
    let sink = sink.with(|datagram| ready(Ok::<_, WebSocketError>(Message::Binary(datagram))));
    let stream = stream.map(|message| match message {
        Ok(Message::Binary(datagram)) => Some(datagram),
        Ok(Message::Close(_)) | Err(_) => None,
        Ok(_) => Some(bytes::Bytes::new()),
    });
    let (connected, cut) = (CancellationToken::new(), Arc::new(AtomicBool::new(false)));
    // Cancelled also when the attempt is given up: then there is no connection, and the task ends.
    let guard: DropGuard = connected.clone().drop_guard();
    let connecting = endpoint.connect_with(config, peer, SERVER_NAME).map_err(|error| failed(&error))?;
    tokio::spawn(carry(sink, stream, ends, endpoint.clone(), connected, cut.clone()));
    match connecting.await {
        Ok(connection) => {
            drop(guard);
            Ok(Connection::carried(connection, Some(endpoint), cut))
        }
        Err(_) if wrong_key.load(Ordering::Acquire) => Err(TransportError::WrongKey),
        Err(_) if cut.load(Ordering::Acquire) => {
            Err(TransportError::WebSocket { host: to.host.clone(), reason: "it was closed".to_owned() })
        }
        Err(error) => Err(error.into()),
    }
}
