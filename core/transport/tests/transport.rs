//! Two real endpoints over the loopback interface.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests are tests

use bytes::Bytes;
use hospes_transport::{
    Address, Connection, LISTENER_STREAMS, Listener, Redial, STREAM_WINDOW, ServerIdentity, Transport, TransportError,
    Ways, dial,
};
use hospes_wire::frame::MAX_MESSAGE;
use hospes_wire::link::KeyPin;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

fn identity(seed: u8) -> ServerIdentity {
    ServerIdentity::from_secret([seed; 32]).unwrap()
}

fn loopback(port: u16) -> Vec<SocketAddr> {
    vec![(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()]
}

fn address(port: u16) -> Address {
    Address { host: "127.0.0.1".to_owned(), port, secure: false, pin: identity(1).pin() }
}

fn udp() -> Ways {
    Ways { transport: Transport::Udp, ..Ways::default() }
}

fn listen(port: u16, seed: u8) -> (Listener, u16) {
    let listener = Listener::bind(&loopback(port), &identity(seed)).unwrap();
    let port = listener.local_addresses()[0].port();
    (listener, port)
}

async fn pair(listener: &Listener, port: u16) -> (Connection, Connection) {
    let dialled = async { dial("127.0.0.1", port, identity(1).pin()).await.unwrap() };
    let (client, server) = tokio::join!(dialled, listener.accept());
    (client, server.unwrap())
}

/// Answers every message with itself, on every stream of every connection.
async fn serve_echo(listener: Listener) {
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

async fn within<T>(seconds: u64, what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(seconds), what).await.expect("took too long")
}

#[test]
fn pin_follows_from_the_secret_alone() {
    assert_eq!(identity(1).pin(), identity(1).pin());
    assert_ne!(identity(1).pin(), identity(2).pin());
    assert!(!format!("{:?}", identity(1)).contains("0101"), "a secret must not be printed");
}

#[tokio::test]
async fn only_the_pinned_key_is_accepted() {
    let (listener, port) = listen(0, 1);
    tokio::spawn(serve_echo(listener));
    for host in ["127.0.0.1", "::1", "localhost"] {
        within(5, dial(host, port, identity(1).pin())).await.unwrap();
        for wrong in [identity(2).pin(), KeyPin([0; 32])] {
            let error = within(5, dial(host, port, wrong)).await.unwrap_err();
            assert_eq!(error, TransportError::WrongKey);
            assert_eq!(error.to_string(), "the server's key is not the one in the link");
        }
    }
}

#[tokio::test]
async fn nobody_listening_is_said_with_the_address() {
    let unused = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = unused.local_addr().unwrap().port();
    let error = within(6, dial("127.0.0.1", port, identity(1).pin())).await.unwrap_err();
    assert!(error.to_string().starts_with(&format!("no answer from 127.0.0.1 port {port}")), "{error}");
    let error = within(20, dial("no.such.host.invalid", port, identity(1).pin())).await.unwrap_err();
    assert!(error.to_string().contains("no.such.host.invalid"), "{error}");
}

#[tokio::test]
async fn messages_keep_borders_order_and_content_at_every_length() {
    let (listener, port) = listen(0, 1);
    tokio::spawn(serve_echo(listener));
    let connection = dial("127.0.0.1", port, identity(1).pin()).await.unwrap();
    let messages: Vec<Bytes> = [0, 1, 3, 4, 5, 1200, 65_536, 0, MAX_MESSAGE - 1, MAX_MESSAGE]
        .iter()
        .enumerate()
        .map(|(seed, length)| (0..*length).map(|i| (i * 31 + seed) as u8).collect())
        .collect();
    let (mut sender, mut receiver) = connection.open_stream().await.unwrap().split();
    let expected = messages.clone();
    let sending = tokio::spawn(async move {
        for message in messages {
            sender.send(message).await.unwrap();
        }
        sender.finish().await.unwrap();
        sender.delivered().await.unwrap();
    });
    for message in expected {
        assert_eq!(within(10, receiver.recv()).await.unwrap().unwrap(), message);
    }
    assert_eq!(within(10, receiver.recv()).await.unwrap(), None);
    within(10, sending).await.unwrap();
}

#[tokio::test]
async fn raw_bytes_follow_a_message() {
    let (listener, port) = listen(0, 1);
    let (client, server) = pair(&listener, port).await;
    let body: Bytes = (0..300_000u32).map(|i| i as u8).collect();
    let (mut sender, _receiver) = client.open_stream().await.unwrap().split();
    sender.send("length").await.unwrap();
    let sent = body.clone();
    let sending = tokio::spawn(async move {
        sender.send_raw(sent).await.unwrap();
        sender.finish().await.unwrap();
        sender.delivered().await.unwrap();
    });
    let (_, mut receiver) = server.accept_stream().await.unwrap().split();
    assert_eq!(receiver.recv().await.unwrap().unwrap(), "length");
    let mut received = Vec::new();
    while let Some(part) = within(10, receiver.recv_raw(70_000)).await.unwrap() {
        assert!(!part.is_empty() && part.len() <= 70_000);
        received.extend_from_slice(&part);
    }
    assert_eq!(received, body);
    sending.await.unwrap();
}

#[tokio::test]
async fn too_long_and_cut_messages_are_named_errors() {
    let (listener, port) = listen(0, 1);
    let (client, server) = pair(&listener, port).await;

    let mut stream = client.open_stream().await.unwrap();
    let refused = stream.send(vec![0; MAX_MESSAGE + 1]).await.unwrap_err();
    assert_eq!(refused, TransportError::TooLong(MAX_MESSAGE as u64 + 1));
    stream.send("still fine").await.unwrap();
    let mut accepted = server.accept_stream().await.unwrap();
    assert_eq!(accepted.recv().await.unwrap().unwrap(), "still fine");

    // A hostile peer claims 4 GiB: refused from the header alone.
    let (mut sender, _receiver) = client.open_stream().await.unwrap().split();
    sender.send_raw(vec![0xff; 4]).await.unwrap();
    let mut accepted = server.accept_stream().await.unwrap();
    assert_eq!(within(5, accepted.recv()).await.unwrap_err(), TransportError::TooLong(u64::from(u32::MAX)));

    let (mut sender, _receiver) = client.open_stream().await.unwrap().split();
    sender.send_raw(vec![0, 0, 0, 9, 1, 2]).await.unwrap();
    sender.finish().await.unwrap();
    let mut accepted = server.accept_stream().await.unwrap();
    assert_eq!(within(5, accepted.recv()).await.unwrap_err(), TransportError::Truncated);

    let (mut sender, _receiver) = client.open_stream().await.unwrap().split();
    sender.send("one").await.unwrap();
    let mut accepted = server.accept_stream().await.unwrap();
    assert_eq!(within(5, accepted.recv()).await.unwrap().unwrap(), "one");
    sender.reset(7);
    assert_eq!(within(5, accepted.recv()).await.unwrap_err(), TransportError::StreamReset(7));
}

#[tokio::test]
async fn a_stalled_reader_stops_the_writer_and_nobody_else() {
    let (listener, port) = listen(0, 1);
    let (client, server) = pair(&listener, port).await;
    let message = Bytes::from(vec![5u8; 64 * 1024]);

    // As many stalled streams as a host may have, and still the conversation goes on.
    let mut stalled = futures_util::future::join_all((0..LISTENER_STREAMS).map(|_| async {
        let (mut sender, receiver) = server.open_stream().await.unwrap().split();
        let mut accepted = 0usize;
        while let Ok(sent) = tokio::time::timeout(Duration::from_secs(1), sender.send(message.clone())).await {
            sent.unwrap();
            accepted += message.len();
        }
        assert!(accepted <= STREAM_WINDOW as usize, "the connection took {accepted} bytes that nobody reads");
        assert!(accepted >= STREAM_WINDOW as usize / 2, "the window is used: {accepted}");
        (sender, receiver, accepted / message.len())
    }))
    .await;
    assert_eq!(within(7, server.open_stream()).await.unwrap_err(), TransportError::TooManyStreams);
    let mut talk = client.open_stream().await.unwrap();
    talk.send("hello").await.unwrap();
    let mut answer = within(2, server.accept_stream()).await.unwrap();
    assert_eq!(within(2, answer.recv()).await.unwrap().unwrap(), "hello");
    answer.send(message.clone()).await.unwrap();
    assert_eq!(within(2, talk.recv()).await.unwrap().unwrap(), message);

    // Reading again wakes the writer; the message whose sending was cancelled above arrives whole.
    let (mut sender, _receiver, whole) = stalled.swap_remove(0);
    let reader = tokio::spawn(async move {
        let (_, mut receiver) = client.accept_stream().await.unwrap().split();
        let mut count = 0;
        while let Some(got) = receiver.recv().await.unwrap() {
            assert_eq!(got.len(), 64 * 1024);
            count += 1;
        }
        count
    });
    within(5, sender.finish()).await.unwrap();
    assert_eq!(within(5, reader).await.unwrap(), whole + 1);
}

#[tokio::test]
async fn exporter_is_equal_on_both_sides_and_on_no_other_connection() {
    let (listener, port) = listen(0, 1);
    let (client, server) = pair(&listener, port).await;
    let (other, _other_server) = pair(&listener, port).await;
    let proof = client.exporter(b"EXPORTER-hospes-host-proof").unwrap();
    assert_eq!(proof, server.exporter(b"EXPORTER-hospes-host-proof").unwrap());
    assert_ne!(proof, other.exporter(b"EXPORTER-hospes-host-proof").unwrap());
    assert_ne!(proof, client.exporter(b"EXPORTER-another").unwrap());
}

#[tokio::test]
async fn closing_tells_the_peer_why() {
    let (listener, port) = listen(0, 1);
    let (client, server) = pair(&listener, port).await;
    client.shut("the session has ended").await;
    assert_eq!(within(3, server.closed()).await, TransportError::Closed("the session has ended".to_owned()));
    assert_eq!(client.closed().await, TransportError::ClosedHere);

    let (client, _server) = pair(&listener, port).await;
    listener.shut("the server stops").await;
    let error = within(3, client.accept_stream()).await.unwrap_err();
    assert_eq!(error, TransportError::Closed("the server stops".to_owned()));
    assert!(error.is_disconnect());
}

#[tokio::test]
async fn datagrams_of_garbage_do_no_harm() {
    let (listener, port) = listen(0, 1);
    let (client, server) = pair(&listener, port).await;
    let socket = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut state = 1u64;
    for turn in 0..2000usize {
        let garbage: Vec<u8> = (0..turn % 1400)
            .map(|at| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                // Every other one looks like the start of a handshake.
                if at == 0 && turn % 2 == 0 { 0xc3 } else { (state >> 56) as u8 }
            })
            .collect();
        let _ = socket.send_to(&garbage, ("127.0.0.1", port));
    }
    let mut stream = client.open_stream().await.unwrap();
    stream.send("alive").await.unwrap();
    let mut accepted = within(5, server.accept_stream()).await.unwrap();
    assert_eq!(within(5, accepted.recv()).await.unwrap().unwrap(), "alive");
    within(5, pair(&listener, port)).await;
}

/// A server on a runtime of its own, which ends as `kill -9` would end it: no farewell is sent.
struct Killable(Option<tokio::runtime::Runtime>);

impl Drop for Killable {
    fn drop(&mut self) {
        self.0.take().unwrap().shutdown_background();
    }
}

fn server_process(port: u16, seed: u8) -> (Killable, u16) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let port = {
        let _inside = runtime.enter();
        let mut tries = 0;
        let (listener, port) = loop {
            match Listener::bind(&loopback(port)[..1], &identity(seed)) {
                Ok(listener) => {
                    let port = listener.local_addresses()[0].port();
                    break (listener, port);
                }
                Err(error) => {
                    tries += 1;
                    assert!(tries < 50, "{error}");
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
        };
        runtime.spawn(serve_echo(listener));
        port
    };
    (Killable(Some(runtime)), port)
}

async fn echoes(connection: &Connection) {
    let mut stream = connection.open_stream().await.unwrap();
    stream.send("ping").await.unwrap();
    assert_eq!(within(3, stream.recv()).await.unwrap().unwrap(), "ping");
}

#[tokio::test]
async fn a_killed_and_restarted_server_is_noticed_at_once_and_dialled_again() {
    let (runtime, port) = server_process(0, 1);
    let mut redial = Redial::new(address(port), udp());
    let connection = within(5, redial.connect(|_, _| {})).await;
    echoes(&connection).await;

    drop(runtime);
    let (_runtime, _) = server_process(port, 1);
    let restarted = Instant::now();
    assert_eq!(within(8, connection.closed()).await, TransportError::Restarted, "not by idle timeout");
    let again = within(10, redial.connect(|_, _| {})).await;
    echoes(&again).await;
    assert!(restarted.elapsed() < Duration::from_secs(10), "{:?}", restarted.elapsed());
}

#[tokio::test]
async fn a_server_that_is_away_for_a_while_is_found_again() {
    let (runtime, port) = server_process(0, 1);
    let mut redial = Redial::new(address(port), udp());
    let connection = within(5, redial.connect(|_, _| {})).await;
    echoes(&connection).await;
    drop(runtime);
    assert_eq!(within(12, connection.closed()).await, TransportError::Silent);

    let mut troubles = Vec::new();
    let mut on_trouble = |error: &TransportError, pause: Duration| troubles.push((error.clone(), pause));
    let connecting = redial.connect(&mut on_trouble);
    let returning = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        (server_process(port, 1), Instant::now())
    };
    let (again, (_server, returned)) = within(20, async { tokio::join!(connecting, returning) }).await;
    echoes(&again).await;
    assert!(returned.elapsed() < Duration::from_secs(10), "{:?}", returned.elapsed());
    assert_eq!(troubles[0].0, TransportError::Silent);
    assert!(troubles.iter().all(|(_, pause)| *pause <= Duration::from_secs(4)), "{troubles:?}");
}

#[tokio::test]
async fn an_impostor_on_the_port_is_never_accepted_by_redial() {
    let (_runtime, port) = server_process(0, 2);
    let mut redial = Redial::new(address(port), udp());
    let mut errors = Vec::new();
    let connecting = redial.connect(|error, _| errors.push(error.clone()));
    assert!(tokio::time::timeout(Duration::from_secs(2), connecting).await.is_err());
    assert!(errors.len() >= 2 && errors.iter().all(|error| *error == TransportError::WrongKey), "{errors:?}");
}
