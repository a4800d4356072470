//! A server's two ways on one port: UDP, and WebSockets that a small HTTP server accepts; and a proxy in front of it.

use futures_util::future::ready;
use futures_util::{SinkExt, StreamExt};
use hospes_transport::{Address, Listener, MAX_DATAGRAM, ServerIdentity};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

pub(crate) fn identity(seed: u8) -> ServerIdentity {
    ServerIdentity::from_secret([seed; 32]).unwrap()
}

pub(crate) fn address(port: u16, secure: bool, identity: &ServerIdentity) -> Address {
    Address { host: "127.0.0.1".to_owned(), port, secure, pin: identity.pin() }
}

/// A certificate of an authority that only this test knows.
pub(crate) struct Tls {
    pub(crate) authority: String,
    config: Arc<rustls::ServerConfig>,
}

impl Tls {
    pub(crate) fn new(names: &[&str]) -> Self {
        use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
        let mut root = CertificateParams::default();
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root_key = KeyPair::generate().unwrap();
        let authority = root.self_signed(&root_key).unwrap().pem();
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let own = CertificateParams::new(names).unwrap().signed_by(&key, &Issuer::new(root, root_key)).unwrap();
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![own.der().clone()], key.serialize_der().try_into().unwrap())
            .unwrap();
        Self { authority, config: Arc::new(config) }
    }
}

pub(crate) struct Site {
    pub(crate) listener: Arc<Listener>,
    pub(crate) port: u16,
    secure: bool,
}

impl Site {
    /// Port 0: any. Without `udp` that way is as good as blocked: nobody answers.
    pub(crate) async fn start(port: u16, tls: Option<&Tls>, udp: bool) -> Self {
        let mut tries = 0;
        let tcp = loop {
            match TcpListener::bind(("127.0.0.1", port)).await {
                Ok(tcp) => break tcp,
                Err(error) => {
                    tries += 1;
                    assert!(tries < 100, "{error}");
                    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                }
            }
        };
        let at = tcp.local_addr().unwrap();
        let addresses: &[SocketAddr] = if udp { &[at] } else { &[] };
        let listener = Arc::new(Listener::bind(addresses, &identity(1)).unwrap());
        let acceptor = tls.map(|tls| tokio_rustls::TlsAcceptor::from(tls.config.clone()));
        let carrying = listener.clone();
        tokio::spawn(async move {
            while let Ok((stream, from)) = tcp.accept().await {
                let (listener, acceptor) = (carrying.clone(), acceptor.clone());
                stream.set_nodelay(true).unwrap();
                tokio::spawn(async move {
                    match acceptor {
                        None => take(&listener, stream, from).await,
                        Some(acceptor) => {
                            let Ok(stream) = acceptor.accept(stream).await else { return };
                            take(&listener, stream, from).await;
                        }
                    }
                });
            }
        });
        Self { listener, port: at.port(), secure: tls.is_some() }
    }

    pub(crate) fn address(&self) -> Address {
        address(self.port, self.secure, &identity(1))
    }
}

async fn take<S: AsyncRead + AsyncWrite + Unpin>(listener: &Listener, stream: S, from: SocketAddr) {
    let max = usize::from(MAX_DATAGRAM);
    let config = WebSocketConfig::default().max_message_size(Some(max)).max_frame_size(Some(max));
    let Ok(socket) = tokio_tungstenite::accept_async_with_config(stream, Some(config)).await else { return };
    let (sink, stream) = socket.split();
    let sink = sink.with(|datagram| ready(Ok::<_, Error>(Message::Binary(datagram))));
    let stream = stream.map(|message| match message {
        Ok(Message::Binary(datagram)) => Some(datagram),
        Ok(Message::Close(_)) | Err(_) => None,
        Ok(_) => Some(bytes::Bytes::new()),
    });
    listener.carry(sink, stream, from).await;
}

/// Answers every message with itself, on every stream of every connection.
pub(crate) async fn serve_echo(listener: Arc<Listener>) {
    while let Some(connection) = listener.accept().await {
        tokio::spawn(async move {
            while let Ok(mut stream) = connection.accept_stream().await {
                tokio::spawn(async move {
                    while let Some(message) = stream.recv().await? {
                        stream.send(message).await?;
                    }
                    stream.finish().await
                });
            }
        });
    }
}

/// A CONNECT proxy that leads every name to `target` on this computer, and wants this authorization.
pub(crate) async fn proxy(wants: Option<&'static str>, target: u16) -> u16 {
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = tcp.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = tcp.accept().await {
            tokio::spawn(async move {
                let mut stream = BufReader::new(stream);
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") {
                    if stream.read_line(&mut head).await.unwrap_or(0) == 0 {
                        return;
                    }
                }
                let allowed = wants.is_none_or(|wants| head.contains(&format!("Proxy-Authorization: {wants}\r\n")));
                if !head.starts_with("CONNECT ") || !allowed {
                    let _ = stream.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await;
                    return;
                }
                let mut there = TcpStream::connect(("127.0.0.1", target)).await.unwrap();
                stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut there).await;
            });
        }
    });
    port
}
