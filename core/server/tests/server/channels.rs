use crate::support::{Host, Site, Socket, Technician, code, eventually};
use hospes_licence::grant::{Expected, Grant, SignedGrant, check};
use hospes_transport::MessageStream;
use hospes_wire::channel::{FromHost, ToHost};
use hospes_wire::control::{HostMessage, ServerMessage};
use hospes_wire::message::{from_frame, to_frame};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

pub(crate) async fn asked(host: &Host) -> (MessageStream, SignedGrant, String) {
    let mut stream = host.connection.accept_stream().await.unwrap();
    let frame = stream.recv().await.unwrap().unwrap();
    match from_frame::<ToHost>(&frame).unwrap() {
        ToHost::Open { grant, request } => (stream, grant, request),
        ToHost::Pake { .. } => panic!("expected to be asked"),
    }
}

pub(crate) async fn answer(stream: &mut MessageStream, message: FromHost) {
    stream.send(to_frame(&message).unwrap()).await.unwrap();
}

/// An open channel.
pub(crate) async fn open(ada: &Technician, id: &str, host: &Host) -> (Socket, MessageStream, Value) {
    let (_, ticket) = ada.post(&format!("/sessions/{id}/tickets"), &json!({ "capability": "file-manager" })).await;
    let mut socket = ada.socket(id, "file-manager").await;
    socket.say(&json!({ "v": 1, "ticket": ticket["ticket"] })).await;
    let (mut stream, _, _) = asked(host).await;
    answer(&mut stream, FromHost::Opened { interfaces: vec!["hospes:files/read".to_owned()] }).await;
    let opened = socket.hear().await;
    assert_eq!(opened["type"], "opened", "{opened}");
    (socket, stream, opened)
}

#[tokio::test]
async fn r8_r14_channels_open_with_a_grant_and_relay_both_ways_as_often_as_wanted() {
    let site = Site::start().await;
    let ada = site.demo().await;
    let prepared = ada.prepare().await;
    let id = prepared["id"].as_str().unwrap().to_owned();
    let mut host = Host::dial(&prepared, [9; 32]).await;
    let pairing = host.join(prepared["security_code"].as_str().unwrap()).await;

    let mut socket = ada.socket(&id, "file-manager").await;
    socket.say(&json!({ "v": 1, "token": ada.token, "request": { "root": "Home" } })).await;
    let (mut stream, signed, request) = asked(&host).await;
    assert_eq!(request, "{\"root\":\"Home\"}");
    let host_key = host.key.public();
    let expected = Expected {
        grant_key: &pairing.grant_key,
        session: &id,
        host_key: &host_key,
        lease_ends: u64::MAX,
        now: now(),
        last_generation: None,
    };
    let grant: Grant = check(&signed, expected).unwrap();
    assert_eq!((grant.capability.as_str(), grant.technician_name.as_str()), ("file-manager", "Ada Tech"));
    assert!(grant.interfaces.contains("hospes:files/read") && !grant.interfaces.contains("hospes:desk/screen"));

    // The password's proof passes through as it is.
    answer(&mut stream, FromHost::NeedPassword { retry_after: 3 }).await;
    assert_eq!(socket.hear().await, json!({ "type": "need", "need": "session-password", "retry_after": 3 }));
    socket.say(&json!({ "type": "pake", "message": "AQI=" })).await;
    match from_frame::<ToHost>(&stream.recv().await.unwrap().unwrap()).unwrap() {
        ToHost::Pake { message } => assert_eq!(message, [1, 2]),
        ToHost::Open { .. } => panic!("expected the proof"),
    }
    answer(&mut stream, FromHost::Wait { reason: "asking-customer".to_owned() }).await;
    assert_eq!(socket.hear().await["reason"], "asking-customer");
    answer(&mut stream, FromHost::Opened { interfaces: vec!["hospes:files/read".to_owned()] }).await;
    let opened = socket.hear().await;
    assert_eq!(opened["opened"]["interfaces"], json!(["hospes:files/read"]));
    assert_eq!(opened["opened"]["channel"], grant.channel);
    let (_, shown) = ada.get(&format!("/sessions/{id}")).await;
    assert_eq!(shown["channels"][0]["capability"], "file-manager");

    // Bytes both ways, up to the longest message, with their borders.
    for length in [0usize, 1, 5, 70_000, 1 << 20] {
        let payload: Vec<u8> = (0..length).map(|n| u8::try_from(n % 251).unwrap()).collect();
        socket.send(payload.clone()).await;
        let frame = stream.recv().await.unwrap().unwrap();
        assert_eq!((frame[0], &frame[1..]), (0, &payload[..]));
        stream.send(frame).await.unwrap();
        assert_eq!(socket.recv().await, payload);
    }
    socket.say(&json!({ "type": "finish" })).await;
    assert_eq!(stream.recv().await.unwrap().unwrap()[..], [1]);
    stream.send(vec![1]).await.unwrap();
    stream.finish().await.unwrap();
    assert_eq!(socket.hear().await, json!({ "type": "closed" }));
    eventually("the channel's end", || async { ada.get(&format!("/sessions/{id}")).await.1["channels"] == json!([]) })
        .await;

    // Several at once, again and again; the session stays.
    let one = open(&ada, &id, &host).await;
    let two = open(&ada, &id, &host).await;
    assert_ne!(one.2["opened"]["channel"], two.2["opened"]["channel"]);
    drop((one, two));
    let (_, shown) = ada.get(&format!("/sessions/{id}")).await;
    assert_eq!(shown["state"], "active");
    let (_, audit) = ada.get(&format!("/audit?session={id}")).await;
    let opens = audit["entries"].as_array().unwrap().iter().filter(|e| e["action"] == "channel.open").count();
    assert_eq!(opens, 3);
}

#[tokio::test]
async fn a_channel_that_may_not_open_says_why() {
    let site = Site::start().await;
    let ada = site.demo().await;
    let body = json!({ "customer_email": "c@x.org", "capabilities": ["file-manager"] });
    let (_, prepared) = ada.post("/sessions", &body).await;
    let id = prepared["id"].as_str().unwrap().to_owned();
    let refused = async |capability: &str, first: Value| {
        let mut socket = ada.socket(&id, capability).await;
        socket.say(&first).await;
        let answer = socket.hear().await;
        assert_eq!(answer["type"], "refused", "{answer}");
        code(&answer["refused"]).to_owned()
    };
    let me = || json!({ "v": 1, "token": ada.token });
    assert_eq!(refused("file-manager", me()).await, "session-not-active");
    let mut host = Host::dial(&prepared, [9; 32]).await;
    host.join(prepared["security_code"].as_str().unwrap()).await;
    assert_eq!(refused("remote-control", me()).await, "not-chosen");
    assert_eq!(refused("dashboard", me()).await, "not-installed");
    assert_eq!(refused("Not%20An%20Id", me()).await, "not-found");
    assert_eq!(refused("file-manager", json!({ "v": 2, "token": ada.token })).await, "unsupported-version");
    assert_eq!(refused("file-manager", json!({ "v": 1, "token": "nonsense" })).await, "unauthenticated");
    assert_eq!(refused("file-manager", json!({ "v": 1, "ticket": "nonsense" })).await, "bad-ticket");
    assert_eq!(refused("file-manager", json!({ "v": 1, "token": ada.token, "x": 1 })).await, "bad-message");
    assert_eq!(refused("file-manager", json!({ "v": 1, "token": ada.token, "ticket": "y" })).await, "bad-message");

    // A ticket is for one capability, once.
    let ticket = ada.post(&format!("/sessions/{id}/tickets"), &json!({ "capability": "file-manager" })).await.1;
    let with = |ticket: &Value| json!({ "v": 1, "ticket": ticket["ticket"] });
    assert_eq!(refused("remote-control", with(&ticket)).await, "bad-ticket");
    assert_eq!(refused("file-manager", with(&ticket)).await, "bad-ticket", "used up by the wrong use");
    let (status, problem) = ada.post(&format!("/sessions/{id}/tickets"), &json!({ "capability": "nonsense" })).await;
    assert_eq!((status, code(&problem)), (400, "unknown-capability"));

    // The host says no; the host is away; the session is over.
    let ticket = ada.post(&format!("/sessions/{id}/tickets"), &json!({ "capability": "file-manager" })).await.1;
    let deny = async {
        let (mut stream, _, _) = asked(&host).await;
        let problem = hospes_wire::problem::Problem::new("local-user-denied", 403, "no");
        answer(&mut stream, FromHost::Refused { problem }).await;
    };
    let (found, ()) = tokio::join!(refused("file-manager", with(&ticket)), deny);
    assert_eq!(found, "local-user-denied");
    host.connection.shut("test").await;
    eventually("offline", || async { ada.get(&format!("/sessions/{id}")).await.1["online"] == false }).await;
    assert_eq!(refused("file-manager", me()).await, "host-offline");
    ada.post(&format!("/sessions/{id}/end"), &json!({})).await;
    assert_eq!(refused("file-manager", me()).await, "session-ended");
}

#[tokio::test]
async fn r13_the_end_of_the_session_closes_its_channels_within_a_second() {
    let site = Site::start().await;
    let ada = site.demo().await;
    let (id, mut host) = ada.active().await;
    let (mut socket, mut stream, opened) = open(&ada, &id, &host).await;
    let started = std::time::Instant::now();
    ada.post(&format!("/sessions/{id}/end"), &json!({})).await;
    let closed = socket.hear().await;
    assert_eq!((closed["type"].as_str(), code(&closed["problem"])), (Some("closed"), "session-ended"), "{closed}");
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    let mut told = Vec::new();
    for _ in 0..2 {
        told.push(match host.hear().await {
            ServerMessage::Ended { .. } => "ended".to_owned(),
            ServerMessage::Revoke { channel, problem } => {
                assert_eq!(opened["opened"]["channel"], channel);
                problem.code().to_owned()
            }
            other => panic!("{other:?}"),
        });
    }
    told.sort();
    assert_eq!(told, ["ended", "session-ended"]);
    assert!(stream.recv().await.is_err(), "the stream was given up");
}

#[tokio::test]
async fn a_logout_closes_the_channels_of_that_login_within_a_second() {
    let site = Site::start().await;
    let ada = site.demo().await;
    let elsewhere = site.login("ada@demo.test").await;
    let (id, mut host) = ada.active().await;
    let (mut socket, mut stream, opened) = open(&ada, &id, &host).await;
    let (mut stays, mut stays_stream, _) = open(&elsewhere, &id, &host).await;
    // One that the host has not answered yet, and a ticket that is not used yet.
    let mut opening = ada.socket(&id, "file-manager").await;
    opening.say(&json!({ "v": 1, "token": ada.token })).await;
    let (_opening_stream, _, _) = asked(&host).await;
    let (_, ticket) = ada.post(&format!("/sessions/{id}/tickets"), &json!({ "capability": "file-manager" })).await;

    let started = std::time::Instant::now();
    assert_eq!(ada.post("/auth/logout", &json!({})).await.0, 204);
    let closed = socket.hear().await;
    assert_eq!((closed["type"].as_str(), code(&closed["problem"])), (Some("closed"), "unauthenticated"), "{closed}");
    let refused = opening.hear().await;
    assert_eq!(code(&refused["refused"]), "unauthenticated", "{refused}");
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    let mut told = Vec::new();
    for _ in 0..2 {
        match host.hear().await {
            ServerMessage::Revoke { channel, problem } => told.push((channel, problem.code().to_owned())),
            other => panic!("{other:?}"),
        }
    }
    let open_one = opened["opened"]["channel"].as_str().unwrap().to_owned();
    assert!(told.contains(&(open_one, "unauthenticated".to_owned())), "{told:?}");
    assert!(stream.recv().await.is_err(), "the stream was given up");
    let mut late = ada.socket(&id, "file-manager").await;
    late.say(&json!({ "v": 1, "ticket": ticket["ticket"] })).await;
    assert_eq!(code(&late.hear().await["refused"]), "unauthenticated");

    // The other login goes on.
    stays.send(vec![7]).await;
    assert_eq!(stays_stream.recv().await.unwrap().unwrap()[..], [0, 7]);
    let (_, audit) = elsewhere.get("/audit").await;
    let entries = audit["entries"].as_array().unwrap();
    assert_eq!(entries.iter().filter(|entry| entry["action"] == "logout").count(), 1, "{audit}");
}

#[tokio::test]
async fn a_login_that_expires_closes_its_channels_on_time() {
    let site = Site::start().await;
    let ada = site.demo().await;
    let (id, mut host) = ada.active().await;
    // A token that lives shorter than any that the settings allow.
    let store = site.admin.store();
    let (technician, token) = (store.technician_by_email("ada@demo.test").await.unwrap(), "short".to_owned());
    let login = hospes_store::model::Login {
        id: hospes_session::id::LoginId::from_parts(now(), [3; 16]),
        technician: technician.id,
        token_hash: *blake3::hash(token.as_bytes()).as_bytes(),
        created_at: now(),
        expires_at: now() + 3_000,
        last_used_at: None,
        address: None,
        agent: None,
    };
    let audit = hospes_store::model::Audit {
        company: Some(technician.company),
        session: None,
        actor: "test".to_owned(),
        action: "login".to_owned(),
        detail: json!({}),
    };
    store.log_in(&login, &technician.password_hash, &audit).await.unwrap();
    let short = Technician { token, ..ada.clone() };
    let (mut socket, _stream, _) = open(&short, &id, &host).await;
    let closed = socket.hear().await;
    assert_eq!(code(&closed["problem"]), "unauthenticated", "{closed}");
    assert!((login.expires_at..login.expires_at + 1_000).contains(&now()), "{} {}", login.expires_at, now());
    loop {
        match host.hear().await {
            ServerMessage::Renew { .. } => {}
            ServerMessage::Revoke { problem, .. } => break assert_eq!(problem.code(), "unauthenticated"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn r9_a_licence_that_loses_the_feature_revokes_the_open_channel() {
    let site = Site::start().await;
    let ada = site.demo().await;
    let (id, mut host) = ada.active().await;
    let (mut socket, _stream, _) = open(&ada, &id, &host).await;
    // The server looks once a second: let it see the licence as it was.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    site.install_plan("Demo", "essential").await;
    let closed = socket.hear().await;
    assert_eq!(code(&closed["problem"]), "not-licensed", "{closed}");
    assert!(matches!(host.hear().await, ServerMessage::Revoke { .. }));
    assert_eq!(ada.get(&format!("/sessions/{id}")).await.1["state"], "active");
}

#[tokio::test]
async fn a_problem_of_the_host_and_its_disappearance_are_named() {
    let site = Site::start().await;
    let ada = site.demo().await;
    let (id, mut host) = ada.active().await;
    let (mut socket, mut stream, _) = open(&ada, &id, &host).await;
    let problem = json!({ "type": "https://hospes.dev/problems/memory", "title": "too much", "status": 507 });
    stream.send([&[2u8][..], problem.to_string().as_bytes()].concat()).await.unwrap();
    let closed = socket.hear().await;
    assert_eq!(code(&closed["problem"]), "memory", "{closed}");

    let (mut socket, _stream, _) = open(&ada, &id, &host).await;
    host.tell(HostMessage::Consent { classes: [].into(), unavailable: [].into() }).await;
    host.connection.shut("gone").await;
    let closed = socket.hear().await;
    assert_eq!(code(&closed["problem"]), "host-offline", "{closed}");

    let mut back = Host::dial_link(host.link.clone(), [9; 32]).await;
    back.resume(&id).await;
    let (mut socket, _stream, _) = open(&ada, &id, &back).await;
    socket.say(&json!({ "type": "nonsense" })).await;
    assert_eq!(code(&socket.hear().await["problem"]), "bad-message");
    let (mut socket, _stream, _) = open(&ada, &id, &back).await;
    socket.send(vec![0; (1 << 20) + 1]).await;
    assert_eq!(code(&socket.hear().await["problem"]), "message-too-long");
}

#[tokio::test]
async fn what_was_sent_before_the_technician_closed_still_arrives() {
    let site = Site::start().await;
    let ada = site.demo().await;
    let (id, host) = ada.active().await;
    let (mut socket, mut stream, _) = open(&ada, &id, &host).await;
    for n in 0..20u8 {
        socket.send(vec![n; 50_000]).await;
    }
    socket.close().await;
    for n in 0..20u8 {
        let frame = stream.recv().await.unwrap().expect("a message was lost");
        assert_eq!((frame[0], frame[1], frame.len()), (0, n, 50_001));
    }
    assert_eq!(stream.recv().await.unwrap(), None);
}

/// A technician who does not read stalls the host's sender; nothing gathers in the server.
#[tokio::test]
async fn a_stalled_reader_stalls_the_sender() {
    let site = Site::start().await;
    let ada = site.demo().await;
    let (id, host) = ada.active().await;
    let (mut socket, mut stream, _) = open(&ada, &id, &host).await;
    let message = vec![0u8; 1 << 18];
    let mut sent = 0usize;
    while tokio::time::timeout(Duration::from_secs(2), stream.send(message.clone())).await.is_ok() {
        sent += message.len();
        assert!(sent < 64 << 20, "64 MiB were taken for a reader that does not read");
    }
    // It goes on where it stood. The send that was cut off is completed by the next one.
    let reader = tokio::spawn(async move {
        let mut read = 0;
        while read < (8 << 20) {
            read += socket.recv().await.len();
        }
    });
    let mut more = 0;
    while more < (8 << 20) {
        stream.send(message.clone()).await.unwrap();
        more += message.len();
        if reader.is_finished() {
            break;
        }
    }
    reader.await.unwrap();
}
