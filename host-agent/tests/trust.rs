//! A hostile relay, a guesser, a customer who says no: what the host itself refuses. The server is played by the test.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod peer;

use hospes_licence::grant::{Grant, LIFETIME, Mode, SignedGrant};
use hospes_licence::key::{KeyPair, PublicKey};
use hospes_licence::plugin_file;
use hospes_transport::MessageStream;
use hospes_wire::channel::{FromHost, Tag, ToHost};
use hospes_wire::control::ServerMessage;
use hospes_wire::message::to_frame;
use hospes_wire::problem::Problem;
use peer::{CODE, Computer, PASSWORD, SOON, Server, now, prove, refusal, signed, word};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const HOUR: Duration = Duration::from_secs(3600);

async fn scene() -> (Server, Computer, peer::Agent) {
    let (server, computer) = (Server::start(HOUR).await, Computer::default());
    let agent = computer.headless(&server.link);
    server.active().await;
    (server, computer, agent)
}

/// Unlocks the login of [`Server::grant`].
async fn unlock(server: &Server) {
    let mut stream = server.open(signed(&server.grant("unlock"))).await;
    // The plugin does not exist: that is found out only after the password.
    match prove(&mut stream, PASSWORD).await {
        FromHost::Refused { problem } => assert_eq!(problem.code(), "plugin-fetch"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_relay_opens_nothing() {
    let (server, _computer, _agent) = scene().await;
    unlock(&server).await;
    let forged = |grant: &Grant| hospes_licence::grant::sign(grant, &KeyPair::from_secret(&[4; 32])).unwrap();
    let changed = |mut grant: SignedGrant| {
        let text = String::from_utf8(grant.bytes).unwrap().replace("file-manager", "file-grabber");
        grant.bytes = text.into_bytes();
        grant
    };
    type Case<'a> = (&'a str, &'a str, Box<dyn Fn(Grant) -> SignedGrant>);
    let with = |change: fn(&mut Grant)| -> Box<dyn Fn(Grant) -> SignedGrant> {
        Box::new(move |mut grant| {
            change(&mut grant);
            signed(&grant)
        })
    };
    let cases: Vec<Case<'_>> = vec![
        ("signed with another key", "grant-forged", Box::new(move |grant| forged(&grant))),
        ("changed after signing", "grant-forged", Box::new(move |grant| changed(signed(&grant)))),
        ("another session's", "grant-foreign", with(|grant| grant.session = "another".to_owned())),
        ("another host's", "grant-foreign", with(|grant| grant.host_key = PublicKey([7; 32]))),
        (
            "stale",
            "grant-stale",
            with(|grant| {
                grant.issued_at -= 120_000;
                grant.not_after -= 120_000;
            }),
        ),
        (
            "from the future",
            "grant-stale",
            with(|grant| {
                grant.issued_at += 120_000;
                grant.not_after += 120_000;
            }),
        ),
        ("too long", "grant-too-long", with(|grant| grant.not_after = grant.issued_at + LIFETIME + 1)),
        (
            "an unknown interface",
            "grant-unknown-interface",
            with(|grant| {
                grant.interfaces.insert("hospes:files/everything".to_owned());
            }),
        ),
        ("used before", "grant-replayed", with(|grant| grant.channel = "unlock".to_owned())),
        ("no hash", "plugin-fetch", with(|grant| grant.component = "../../etc/passwd".to_owned())),
    ];
    for (number, (what, expect, make)) in cases.into_iter().enumerate() {
        let mut stream = server.open(make(server.grant(&format!("channel-{number}")))).await;
        assert_eq!(refusal(&mut stream).await, expect, "{what}");
    }
    // No grant at all.
    let connection = server.world.lock().unwrap().connection.clone().unwrap();
    for (message, expect) in [
        (to_frame(&ToHost::Pake { message: vec![1] }).unwrap(), "no-grant"),
        (b"{\"type\":\"open-sesame\"}".to_vec(), "unsupported"),
        (b"garbage".to_vec(), "bad-message"),
    ] {
        let mut stream = connection.open_stream().await.unwrap();
        stream.send(message).await.unwrap();
        assert_eq!(refusal(&mut stream).await, expect);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_opens_once_also_after_a_restart_of_the_host() {
    let (server, computer, mut agent) = scene().await;
    let grant = signed(&server.grant("once"));
    let mut stream = server.open(grant.clone()).await;
    assert!(matches!(word(&mut stream).await, FromHost::NeedPassword { retry_after: 0 }));
    agent.signal("KILL");
    agent.ends().await;
    server.forget();
    let _agent = computer.run(computer.autostart());
    server.active().await;
    assert_eq!(refusal(&mut server.open(grant).await).await, "grant-replayed");
}

#[tokio::test(flavor = "multi_thread")]
async fn r2_a_guesser_is_slowed_down_and_one_login_opens_nothing_for_another() {
    let (server, _computer, _agent) = scene().await;
    for number in 0..4 {
        let mut stream = server.open(signed(&server.grant(&format!("guess-{number}")))).await;
        match prove(&mut stream, "wrong password").await {
            FromHost::Refused { problem } => assert_eq!(problem.code(), "session-password-wrong"),
            other => panic!("{other:?}"),
        }
    }
    // The fifth guess waits, and so does every other login.
    let mut other = server.grant("guess-5");
    other.login = "login-2".to_owned();
    let mut stream = server.open(signed(&other)).await;
    let FromHost::NeedPassword { retry_after } = word(&mut stream).await else { panic!() };
    assert!(retry_after >= 1, "{retry_after}");
    let start = Instant::now();
    let (_, first) = hospes_pake::ClientLogin::start("x", [1; 32]).unwrap();
    stream.send(to_frame(&ToHost::Pake { message: first }).unwrap()).await.unwrap();
    assert!(matches!(word(&mut stream).await, FromHost::Pake { .. }));
    assert!(start.elapsed() >= Duration::from_millis(500), "answered after {:?}", start.elapsed());

    tokio::time::sleep(Duration::from_secs(2)).await;
    unlock(&server).await;
    let mut stream = server.open(signed(&server.grant("again"))).await;
    assert_eq!(refusal(&mut stream).await, "plugin-fetch", "the password is asked for once for each login");
    let mut other = server.grant("other");
    other.login = "login-2".to_owned();
    let mut stream = server.open(signed(&other)).await;
    assert!(matches!(word(&mut stream).await, FromHost::NeedPassword { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customers_no_is_the_last_word() {
    let (server, computer) = (Server::start(HOUR).await, Computer::default());
    let mut agent = computer.join(&server.link, &["--code", CODE]);
    for answer in ["n", "a"] {
        agent.say(answer);
    }
    server.active().await;
    unlock_denied(&server, "denied-1", "local-user-denied").await;

    // Asked each time: a yes passes, a no does not.
    for (number, (answer, expect)) in [("n", "local-user-denied"), ("y", "plugin-fetch")].into_iter().enumerate() {
        let mut grant = server.grant(&format!("ask-{number}"));
        grant.interfaces.insert("hospes:files/write".to_owned());
        let before = agent.log().matches("Allow it now").count();
        let mut stream = server.open(signed(&grant)).await;
        while agent.log().matches("Allow it now").count() == before {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        agent.say(answer);
        assert_eq!(refusal(&mut stream).await, expect, "{answer}");
    }
    // A view-only channel has nothing of it.
    let mut grant = server.grant("view");
    grant.interfaces.insert("hospes:files/write".to_owned());
    grant.mode = Mode::ViewOnly;
    assert_eq!(refusal(&mut server.open(signed(&grant)).await).await, "local-user-denied");
    // Nor does a capability for which there is no screen.
    let mut grant = server.grant("screen");
    grant.interfaces = ["hospes:desk/screen".to_owned()].into();
    assert_eq!(refusal(&mut server.open(signed(&grant)).await).await, "unavailable");
}

async fn unlock_denied(server: &Server, channel: &str, expect: &str) {
    let mut stream = server.open(signed(&server.grant(channel))).await;
    match prove(&mut stream, PASSWORD).await {
        FromHost::Refused { problem } => assert_eq!(problem.code(), expect),
        other => panic!("{other:?}"),
    }
}

/// Puts a plugin on the server; gives its hash.
fn publish(server: &Server, name: &str, id: &str, interfaces: &str, key: &KeyPair) -> String {
    let component = hospes_hostile::component(name).unwrap();
    let manifest = format!(
        "id = \"{id}\"\nversion = \"0.1.0\"\nkind = \"capability\"\npublisher = \"test\"\nmin-host = \"0.1\"\n\
         title = {{ en = \"{id}\" }}\n[tiers]\n\"{id}\" = [{interfaces}]\n"
    );
    let packed = plugin_file::pack(&component, &manifest, &BTreeMap::new()).unwrap();
    let file = plugin_file::sign(&packed, key).unwrap();
    let hash = plugin_file::hash(&file);
    server.world.lock().unwrap().files.insert(hash.clone(), file);
    hash
}

async fn frame(stream: &mut MessageStream) -> (u8, Vec<u8>) {
    let frame = tokio::time::timeout(SOON, stream.recv()).await.unwrap().unwrap().expect("a frame");
    (frame[0], frame[1..].to_vec())
}

async fn open_echo(server: &Server, channel: &str, hash: &str) -> MessageStream {
    let mut grant = server.grant(channel);
    grant.component = hash.to_owned();
    let mut stream = server.open(signed(&grant)).await;
    match word(&mut stream).await {
        FromHost::Opened { .. } => stream,
        other => panic!("{other:?}"),
    }
}

fn message(text: &str) -> Vec<u8> {
    [&[Tag::Message as u8], text.as_bytes()].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_lives_as_long_as_its_grant_and_not_a_second_longer() {
    let (server, _computer, agent) = scene().await;
    let echo = publish(&server, "echo", "file-manager", "", &peer::publisher());
    unlock(&server).await;
    let mut stream = open_echo(&server, "one", &echo).await;
    stream.send(message("hello")).await.unwrap();
    assert_eq!(frame(&mut stream).await, (0, b"hello".to_vec()));
    agent.shows("CONNECTED: Tina Tech with File manager").await;

    // Revoked: closed within a second, with the reason; another channel goes on.
    let mut other = open_echo(&server, "two", &echo).await;
    let start = Instant::now();
    let problem = Problem::new("not-licensed", 403, "The plan does not include it");
    server.tell(ServerMessage::Revoke { channel: "one".to_owned(), problem }).await;
    let (tag, body) = frame(&mut stream).await;
    assert!(tag == Tag::Problem as u8 && String::from_utf8_lossy(&body).contains("not-licensed"));
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    other.send(message("still here")).await.unwrap();
    assert_eq!(frame(&mut other).await.1, b"still here");

    // A grant that runs out closes its channel; a renewal that is no renewal changes nothing, a good one does.
    let open_short = async |channel: &str| {
        let mut grant = server.grant(channel);
        grant.component.clone_from(&echo);
        grant.not_after = now() + 3000;
        let mut stream = server.open(signed(&grant)).await;
        assert!(matches!(word(&mut stream).await, FromHost::Opened { .. }));
        (grant, stream)
    };
    let (kept, mut kept_stream) = open_short("kept").await;
    let (lost, mut lost_stream) = open_short("lost").await;
    let renew = |grant: &Grant, generation, login: &str| {
        let (issued_at, not_after) = (now(), now() + LIFETIME);
        let login = login.to_owned();
        ServerMessage::Renew { grant: signed(&Grant { generation, issued_at, not_after, login, ..grant.clone() }) }
    };
    server.tell(renew(&kept, 1, "login-1")).await;
    server.tell(renew(&lost, 0, "login-1")).await;
    server.tell(renew(&lost, 1, "login-2")).await;
    let (tag, body) = frame(&mut lost_stream).await;
    assert!(tag == Tag::Problem as u8 && String::from_utf8_lossy(&body).contains("grant-expired"));
    assert!(now() >= lost.not_after && now() < lost.not_after + 1000);
    kept_stream.send(message("renewed")).await.unwrap();
    assert_eq!(frame(&mut kept_stream).await.1, b"renewed");
    // Closing a connection does not end the session (R14).
    drop((kept_stream, other));
    agent.shows("Nobody is connected").await;
    server.active().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_is_not_what_it_should_be_never_runs_and_a_crash_ends_one_channel() {
    let (server, _computer, _agent) = scene().await;
    unlock(&server).await;
    let good = peer::publisher();
    let stranger = KeyPair::from_secret(&[0x43; 32]);
    let echo = publish(&server, "echo", "file-manager", "", &good);
    let mut neighbour = open_echo(&server, "neighbour", &echo).await;
    for (number, (hash, expect)) in [
        (publish(&server, "echo", "file-manager", "", &stranger), "plugin-untrusted"),
        (publish(&server, "echo", "something-else", "", &good), "plugin-untrusted"),
        (publish(&server, "undeclared", "file-manager", "", &good), "plugin-imports"),
        ("cd".repeat(32), "plugin-fetch"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut grant = server.grant(&format!("bad-{number}"));
        grant.component = hash;
        assert_eq!(refusal(&mut server.open(signed(&grant)).await).await, expect, "case {number}");
    }
    // The server sends another file than the one that the grant names.
    let wrong = "ef".repeat(32);
    let file = server.world.lock().unwrap().files[&echo].clone();
    server.world.lock().unwrap().files.insert(wrong.clone(), file);
    let mut grant = server.grant("swapped");
    grant.component = wrong;
    assert_eq!(refusal(&mut server.open(signed(&grant)).await).await, "plugin-fetch");

    let trap = publish(&server, "trap", "file-manager", "", &good);
    let mut crashing = open_echo(&server, "crashing", &trap).await;
    loop {
        let (tag, body) = frame(&mut crashing).await;
        if tag == Tag::Problem as u8 {
            let text = String::from_utf8_lossy(&body).into_owned();
            assert!(text.contains("plugin-crashed") && text.contains("file-manager"), "{text}");
            break;
        }
    }
    neighbour.send(message("unmoved")).await.unwrap();
    assert_eq!(frame(&mut neighbour).await.1, b"unmoved");
}
