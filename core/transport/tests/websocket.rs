//! The same streams through a WebSocket on the HTTPS port, with and without TLS and a proxy, over the loopback interface.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests are tests

mod site;

use bytes::Bytes;
use futures_util::SinkExt;
use hospes_transport::{
    Authorities, Connection, LISTENER_STREAMS, Redial, STREAM_WINDOW, Transport, TransportError, Ways, reach,
};
use hospes_wire::frame::MAX_MESSAGE;
use hospes_wire::link::KeyPin;
use site::{Site, Tls, identity, proxy};
use std::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::Message;

async fn within<T>(seconds: u64, what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(seconds), what).await.expect("took too long")
}

fn websocket() -> Ways {
    Ways { transport: Transport::WebSocket, ..Ways::default() }
}

async fn pair(site: &Site) -> (Connection, Connection) {
    let address = site.address();
    let ways = websocket();
    let dialled = async { reach(&address, &ways).await.unwrap() };
    let (client, server) = within(10, async { tokio::join!(dialled, site.listener.accept()) }).await;
    (client, server.unwrap())
}

async fn echoes(connection: &Connection) {
    let mut stream = connection.open_stream().await.unwrap();
    stream.send("ping").await.unwrap();
    assert_eq!(within(3, stream.recv()).await.unwrap().unwrap(), "ping");
}

#[tokio::test]
async fn the_conversation_is_the_same_and_only_the_pinned_key_is_accepted() {
    let site = Site::start(0, None, false).await;
    let (client, server) = pair(&site).await;
    assert!(client.is_websocket() && server.is_websocket());
    assert!(server.remote_address().ip().is_loopback());
    let proof = client.exporter(b"EXPORTER-hospes-host-proof").unwrap();
    assert_eq!(proof, server.exporter(b"EXPORTER-hospes-host-proof").unwrap());

    let lengths = [0, 1, 5, 1200, 15_999, 16_000, 16_001, 65_536, MAX_MESSAGE - 1, MAX_MESSAGE];
    let messages: Vec<Bytes> =
        lengths.iter().map(|length| (0..*length).map(|i| (i * 31 + length) as u8).collect()).collect();
    let (mut sender, _receiver) = client.open_stream().await.unwrap().split();
    let sent = messages.clone();
    let sending = tokio::spawn(async move {
        for message in sent {
            sender.send(message).await.unwrap();
        }
        sender.finish().await.unwrap();
        sender.delivered().await.unwrap();
    });
    let (_, mut receiver) = within(3, server.accept_stream()).await.unwrap().split();
    for message in messages {
        assert!(within(10, receiver.recv()).await.unwrap().unwrap() == message);
    }
    assert_eq!(within(3, receiver.recv()).await.unwrap(), None);
    sending.await.unwrap();

    // Whoever ends the WebSocket, a proxy for one, has another key: it gets nowhere.
    for wrong in [identity(2).pin(), KeyPin([0; 32])] {
        let mut address = site.address();
        address.pin = wrong;
        assert_eq!(within(8, reach(&address, &websocket())).await.unwrap_err(), TransportError::WrongKey);
    }
    client.shut("the session has ended").await;
    assert_eq!(within(3, server.closed()).await, TransportError::Closed("the session has ended".to_owned()));
    let (client, _server) = pair(&site).await;
    site.listener.shut("the server stops").await;
    assert_eq!(within(3, client.closed()).await, TransportError::Closed("the server stops".to_owned()));
}

#[tokio::test]
async fn udp_is_taken_where_it_works_and_the_websocket_where_it_is_blocked() {
    for udp in [true, false] {
        let site = Site::start(0, None, udp).await;
        let (listener, address) = (site.listener.clone(), site.address());
        tokio::spawn(site::serve_echo(listener));
        for (transport, expect) in
            [(Transport::Auto, Some(!udp)), (Transport::WebSocket, Some(true)), (Transport::Udp, udp.then_some(false))]
        {
            let ways = Ways { transport, ..Ways::default() };
            let got = within(8, reach(&address, &ways)).await;
            assert_eq!(got.as_ref().ok().map(Connection::is_websocket), expect, "{udp} {transport:?}: {got:?}");
            if let Ok(connection) = got {
                echoes(&connection).await;
            }
        }
    }
}

#[tokio::test]
async fn a_stalled_reader_stops_the_writer_and_nobody_else() {
    let site = Site::start(0, None, false).await;
    let (client, server) = pair(&site).await;
    let message = Bytes::from(vec![5u8; 64 * 1024]);
    let stalled = futures_util::future::join_all((0..LISTENER_STREAMS).map(|_| async {
        let (mut sender, receiver) = server.open_stream().await.unwrap().split();
        let mut accepted = 0usize;
        while let Ok(sent) = tokio::time::timeout(Duration::from_secs(4), sender.send(message.clone())).await {
            sent.unwrap();
            accepted += message.len();
        }
        assert!(accepted <= STREAM_WINDOW as usize, "the connection took {accepted} bytes that nobody reads");
        assert!(accepted >= STREAM_WINDOW as usize / 2, "the window is used: {accepted}");
        (sender, receiver)
    }))
    .await;
    let mut talk = client.open_stream().await.unwrap();
    talk.send("hello").await.unwrap();
    let mut answer = within(2, server.accept_stream()).await.unwrap();
    assert_eq!(within(2, answer.recv()).await.unwrap().unwrap(), "hello");
    answer.send(message.clone()).await.unwrap();
    assert_eq!(within(2, talk.recv()).await.unwrap().unwrap(), message);
    drop(stalled);
}

#[tokio::test]
async fn the_outer_certificate_must_be_of_somebody_who_is_believed() {
    let tls = Tls::new(&["localhost"]);
    let site = Site::start(0, Some(&tls), false).await;
    tokio::spawn(site::serve_echo(site.listener.clone()));
    let mut address = site.address();
    address.host = "localhost".to_owned();
    let believing = |pem: &str| Ways { authorities: Authorities::from_pem(pem.as_bytes()).unwrap(), ..websocket() };
    echoes(&within(8, reach(&address, &believing(&tls.authority))).await.unwrap()).await;

    let refused = |error: TransportError, part: &str| {
        assert!(matches!(error, TransportError::Certificate { .. }), "{error:?}");
        assert!(error.is_local_matter() && error.to_string().contains(part), "{error}");
    };
    refused(within(8, reach(&address, &websocket())).await.unwrap_err(), "localhost");
    refused(within(8, reach(&address, &believing(&Tls::new(&["x"]).authority))).await.unwrap_err(), "localhost");
    // A name that the certificate does not have.
    address.host = "127.0.0.1".to_owned();
    refused(within(8, reach(&address, &believing(&tls.authority))).await.unwrap_err(), "127.0.0.1");

    for bad in ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        assert!(matches!(Authorities::from_pem(bad.as_bytes()), Err(TransportError::Authorities(_))), "{bad:?}");
    }
}

#[tokio::test]
async fn a_proxy_is_gone_through_and_its_refusal_is_told() {
    let tls = Tls::new(&["support.example"]);
    for secure in [false, true] {
        let site = Site::start(0, secure.then_some(&tls), false).await;
        tokio::spawn(site::serve_echo(site.listener.clone()));
        let authorities = Authorities::from_pem(tls.authority.as_bytes()).unwrap();
        let mut address = site.address();
        if secure {
            // Only the proxy knows where that is.
            address.host = "support.example".to_owned();
        }
        let ways = |proxy: String| Ways {
            transport: Transport::WebSocket,
            proxy: Some(proxy.parse().unwrap()),
            authorities: authorities.clone(),
        };
        let open = proxy(None, site.port).await;
        echoes(&within(8, reach(&address, &ways(format!("http://127.0.0.1:{open}")))).await.unwrap()).await;

        // Basic of "carla:secret".
        let guarded = proxy(Some("Basic Y2FybGE6c2VjcmV0"), site.port).await;
        let good = ways(format!("http://carla:secret@127.0.0.1:{guarded}"));
        echoes(&within(8, reach(&address, &good)).await.unwrap()).await;
        for transport in [Transport::WebSocket, Transport::Auto] {
            let bad = Ways { transport, ..ways(format!("http://carla:wrong@127.0.0.1:{guarded}")) };
            let error = within(8, reach(&address, &bad)).await.unwrap_err();
            assert!(matches!(error, TransportError::ProxyRefused { status: 407, .. }), "{error:?}");
            assert!(error.to_string().contains("name and password") && !error.to_string().contains("wrong"), "{error}");
        }
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let error = within(8, reach(&address, &ways(format!("http://127.0.0.1:{nobody}")))).await.unwrap_err();
        assert!(matches!(error, TransportError::Proxy { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn what_is_no_hospes_server_is_named() {
    let web = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = web.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = web.accept().await {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let mut request = [0; 2048];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await;
        }
    });
    let mut address = site::address(port, false, &identity(1));
    let error = within(8, reach(&address, &websocket())).await.unwrap_err().to_string();
    assert!(error.contains("404"), "{error}");
    address.port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = within(8, reach(&address, &websocket())).await.unwrap_err().to_string();
    assert!(error.contains("cannot connect to 127.0.0.1"), "{error}");
    let error = within(8, reach(&address, &Ways::default())).await.unwrap_err().to_string();
    assert!(error.contains("by UDP: no answer") && error.contains("by WebSocket: cannot connect"), "{error}");
}

#[tokio::test]
async fn garbage_in_a_websocket_harms_nobody_and_silence_costs_the_place() {
    let site = Site::start(0, None, false).await;
    let (client, server) = pair(&site).await;
    let url = format!("ws://127.0.0.1:{}/host", site.port);
    let garbage = [
        Message::text("hello"),
        Message::binary(vec![]),
        Message::binary(vec![0xc3; 1]),
        Message::binary(vec![0xc3; 16_000]),
        Message::binary(vec![0x40; 1200]),
        // Longer than a datagram may be: the socket ends.
        Message::binary(vec![0xc3; 16_001]),
    ];
    let all = garbage.map(async |garbage| {
        let (mut socket, _) = tokio_tungstenite::connect_async(&url).await.unwrap();
        for _ in 0..50 {
            if socket.send(garbage.clone()).await.is_err() {
                break;
            }
        }
        // No handshake: the server ends it.
        let ended = async { while futures_util::StreamExt::next(&mut socket).await.is_some_and(|m| m.is_ok()) {} };
        within(8, ended).await;
    });
    futures_util::future::join_all(all).await;
    let mut stream = client.open_stream().await.unwrap();
    stream.send("alive").await.unwrap();
    let mut accepted = within(5, server.accept_stream()).await.unwrap();
    assert_eq!(within(5, accepted.recv()).await.unwrap().unwrap(), "alive");
}

#[tokio::test]
async fn silent_sockets_of_one_address_leave_the_places_of_others() {
    let site = Site::start(0, None, false).await;
    let silent = |from: String| {
        let (listener, from) = (site.listener.clone(), from.parse().unwrap());
        tokio::spawn(async move {
            let sink = futures_util::sink::drain();
            listener.carry(sink, futures_util::stream::pending::<Option<Bytes>>(), from).await;
        })
    };
    let flood: Vec<_> = (0..600)
        .map(|n| match n % 2 {
            0 => format!("192.0.2.1:{}", 1000 + n),
            _ => format!("[2001:db8::{n:x}]:1000"),
        })
        .map(silent)
        .collect();
    // Those that find no place are told so at once, in both networks; the others wait for their handshake.
    let ended = async {
        while flood.iter().filter(|socket| socket.is_finished()).count() < 600 - 2 * 16 {
            tokio::task::yield_now().await;
        }
    };
    within(3, ended).await;
    let (client, server) = pair(&site).await;
    assert!(client.is_websocket() && server.is_websocket());
    // A handshake that is complete holds no place any more: many hosts share an address.
    let mut others = Vec::new();
    for _ in 0..20 {
        others.push(pair(&site).await);
    }
    // Nor does one that never came.
    within(15, futures_util::future::join_all(flood)).await;
    let again: Vec<_> = (0..17).map(|n| silent(format!("192.0.2.1:{}", 1000 + n))).collect();
    let refused = async {
        while !again.iter().any(|socket| socket.is_finished()) {
            tokio::task::yield_now().await;
        }
    };
    within(3, refused).await;
    assert_eq!(again.iter().filter(|socket| socket.is_finished()).count(), 1);
}

/// A server on a runtime of its own, which ends as `kill -9` would end it: no farewell is sent.
async fn server_process(port: u16) -> (Killable, u16) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let site = runtime.spawn(Site::start(port, None, false)).await.unwrap();
    let port = site.port;
    runtime.spawn(site::serve_echo(site.listener.clone()));
    (Killable(Some(runtime)), port)
}

struct Killable(Option<tokio::runtime::Runtime>);

impl Drop for Killable {
    fn drop(&mut self) {
        self.0.take().unwrap().shutdown_background();
    }
}

#[tokio::test]
async fn a_killed_server_is_noticed_at_once_and_dialled_again() {
    let (server, port) = server_process(0).await;
    let mut redial = Redial::new(site::address(port, false, &identity(1)), websocket());
    let connection = within(5, redial.connect(|_, _| {})).await;
    echoes(&connection).await;
    drop(server);
    assert_eq!(within(3, connection.closed()).await, TransportError::Cut);
    let connecting = redial.connect(|_, _| {});
    let returning = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        (server_process(port).await, Instant::now())
    };
    let (again, (_server, returned)) = within(20, async { tokio::join!(connecting, returning) }).await;
    echoes(&again).await;
    assert!(returned.elapsed() < Duration::from_secs(10), "{:?}", returned.elapsed());
}

/// What the way costs: printed with `--no-capture`, for `tests/bench/FIGURES.md`; only that it moves is asserted.
#[tokio::test(flavor = "multi_thread")]
async fn bulk_goes_through_both_ways() {
    let tls = Tls::new(&["localhost"]);
    for (name, tls, transport) in [
        ("udp", None, Transport::Udp),
        ("websocket", None, Transport::WebSocket),
        ("websocket in TLS", Some(&tls), Transport::WebSocket),
    ] {
        let site = Site::start(0, tls, true).await;
        let mut address = site.address();
        address.host = "localhost".to_owned();
        let believed = tls.map(|tls| Authorities::from_pem(tls.authority.as_bytes()).unwrap());
        let authorities = believed.unwrap_or_default();
        let ways = Ways { transport, authorities, ..Ways::default() };
        let dialled = async { reach(&address, &ways).await.unwrap() };
        let (client, server) = within(10, async { tokio::join!(dialled, site.listener.accept()) }).await;
        let server = server.unwrap();
        for (way, from, to) in [("up", &client, &server), ("down", &server, &client)] {
            let (mut sender, _receiver) = from.open_stream().await.unwrap().split();
            let start = Instant::now();
            let sending = tokio::spawn(async move {
                let message = Bytes::from(vec![7; 256 << 10]);
                for _ in 0..128 {
                    sender.send(message.clone()).await.unwrap();
                }
                sender.finish().await.unwrap();
                sender.delivered().await.unwrap();
            });
            let (_, mut receiver) = within(3, to.accept_stream()).await.unwrap().split();
            let mut received = 0;
            while let Some(message) = within(20, receiver.recv()).await.unwrap() {
                received += message.len();
            }
            within(5, sending).await.unwrap();
            assert_eq!(received, 32 << 20);
            println!("{name} {way}: {:.0} MiB/s, round trip {:?}", 32.0 / start.elapsed().as_secs_f64(), from.rtt());
        }
    }
}
