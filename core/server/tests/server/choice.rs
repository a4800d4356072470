use crate::channels::{answer, asked, open};
use crate::support::{Site, Technician, code};
use hospes_licence::interface::ConsentClass;
use hospes_wire::channel::FromHost;
use hospes_wire::control::{ConsentState, HostMessage, ServerMessage};
use serde_json::{Value, json};

async fn choose(who: &Technician, id: &str, capabilities: &[&str]) -> (u16, Value) {
    who.call("PATCH", &format!("/sessions/{id}"), &json!({ "capabilities": capabilities })).await
}

async fn capability(who: &Technician, id: &str, name: &str) -> Value {
    let (_, all) = who.get(&format!("/sessions/{id}/capabilities?lang=en")).await;
    all["capabilities"].as_array().unwrap().iter().find(|one| one["id"] == name).unwrap().clone()
}

#[tokio::test]
async fn r20_a_choice_is_checked_against_the_plan_and_the_sessions_state() {
    let site = Site::start().await;
    site.company("Small", "essential", &[], 5).await;
    site.company("Demo", "base", &[], 5).await;
    let small = site.technician("Small", "s@small.test").await;
    let ada = site.technician("Demo", "ada@demo.test").await;
    let (one, two) = (small.prepare().await, ada.prepare().await);
    let (one, two) = (one["id"].as_str().unwrap(), two["id"].as_str().unwrap());
    for (who, id, wanted, expect) in [
        (&ada, two, &["remote-control"][..], (200, "")),
        (&ada, two, &["remote-control", "file-manager"], (200, "")),
        (&ada, two, &["dashboard"], (402, "not-licensed")),
        (&ada, two, &["remote-control", "nonsense"], (400, "bad-field")),
        (&ada, two, &["../x"], (400, "bad-field")),
        (&ada, two, &[], (400, "bad-field")),
        (&small, one, &["file-manager"], (402, "not-licensed")),
        (&ada, one, &["file-manager"], (404, "not-found")),
        (&ada, "x", &["file-manager"], (404, "not-found")),
    ] {
        let (status, body) = choose(who, id, wanted).await;
        assert_eq!((status, code(&body)), expect, "{wanted:?}: {body}");
    }
    let (_, shown) = ada.get(&format!("/sessions/{two}")).await;
    assert_eq!(shown["capabilities"], json!(["file-manager", "remote-control"]), "the last that was taken");
    // What the plan has lost meanwhile may stay chosen, and opens nothing.
    site.install_plan("Demo", "essential").await;
    assert_eq!(choose(&ada, two, &["file-manager"]).await.0, 200);
    assert_eq!(capability(&ada, two, "file-manager").await["reason"], "not-licensed");
    ada.post(&format!("/sessions/{two}/end"), &json!({})).await;
    let (status, problem) = choose(&ada, two, &["remote-control"]).await;
    assert_eq!((status, code(&problem)), (410, "session-ended"), "R15");
    let (_, audit) = ada.get(&format!("/audit?session={two}&action=session.choose")).await;
    let events: Vec<_> =
        audit["entries"].as_array().unwrap().iter().map(|e| e["detail"]["decided"]["events"][0].clone()).collect();
    let gone = |added: &[&str], removed: &[&str]| json!({ "event": "chosen", "added": added, "removed": removed });
    let expect = [gone(&[], &["file-manager"]), gone(&["file-manager"], &[]), gone(&[], &["remote-control"])];
    assert_eq!(events, expect, "{audit}");
}

#[tokio::test]
async fn r20_what_is_taken_away_closes_its_channels_and_what_is_added_opens_at_once() {
    let site = Site::start().await;
    let ada = site.demo().await;
    let (id, mut host) = ada.active().await;
    let (mut socket, _stream, _) = open(&ada, &id, &host).await;
    let (mut desk, mut desk_stream) = desk(&ada, &id, &host).await;
    assert_eq!(choose(&ada, &id, &["remote-control"]).await.0, 200);
    let closed = socket.hear().await;
    assert_eq!(code(&closed["problem"]), "not-chosen", "{closed}");
    // The host hears it from the server, and not of the other channel.
    let told = loop {
        match host.hear().await {
            ServerMessage::Revoke { problem, .. } => break problem,
            ServerMessage::Renew { .. } => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(told.code(), "not-chosen");
    desk.send(vec![5]).await;
    assert_eq!(desk_stream.recv().await.unwrap().unwrap()[..], [0, 5], "the other channel goes on");
    let gone = capability(&ada, &id, "file-manager").await;
    assert_eq!(
        (&gone["enabled"], &gone["available"], &gone["reason"]),
        (&json!(false), &json!(false), &json!("not-chosen"))
    );
    assert!(gone["explain"].as_str().unwrap().contains("not chosen"), "{gone}");

    assert_eq!(choose(&ada, &id, &["remote-control", "file-manager"]).await.0, 200);
    let back = capability(&ada, &id, "file-manager").await;
    assert_eq!((&back["available"], back.get("reason"), back.get("explain")), (&json!(true), None, None));
    open(&ada, &id, &host).await;
}

async fn desk(
    ada: &Technician,
    id: &str,
    host: &crate::support::Host,
) -> (crate::support::Socket, hospes_transport::MessageStream) {
    let mut socket = ada.socket(id, "remote-control").await;
    socket.say(&json!({ "v": 1, "token": ada.token })).await;
    let (mut stream, _, _) = asked(host).await;
    answer(&mut stream, FromHost::Opened { interfaces: vec![] }).await;
    assert_eq!(socket.hear().await["type"], "opened");
    (socket, stream)
}

#[tokio::test]
async fn r20_why_one_is_not_there_is_said_in_the_order_in_which_it_can_be_mended() {
    let site = Site::start().await;
    site.company("Demo", "base", &["insight"], 5).await;
    let ada = site.technician("Demo", "ada@demo.test").await;
    let prepared = ada.prepare().await;
    let id = prepared["id"].as_str().unwrap();
    let (_, shown) = ada.get(&format!("/sessions/{id}")).await;
    assert_eq!(shown["capabilities"], json!(["dashboard", "file-manager", "remote-control"]), "all that is licensed");
    let why = async |name: &str| {
        let found = capability(&ada, id, name).await;
        assert_eq!(found["available"], json!(found.get("reason").is_none()), "{found}");
        assert_eq!(found.get("explain").is_some(), found.get("reason").is_some(), "{found}");
        found["reason"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(why("file-manager").await, "session-not-active");
    let mut host = crate::support::Host::dial(&prepared, [9; 32]).await;
    host.join(prepared["security_code"].as_str().unwrap()).await;
    assert_eq!(why("file-manager").await, "");
    let classes = [ConsentClass::ReadFiles, ConsentClass::WriteFiles].map(|class| (class, ConsentState::Denied)).into();
    let unavailable = [("hospes:desk/screen".to_owned(), "there is no display".to_owned())].into();
    host.tell(HostMessage::Consent { classes, unavailable }).await;
    crate::support::eventually("the report", || async { why("file-manager").await == "local-user-denied" }).await;
    assert_eq!(why("remote-control").await, "there is no display");
    drop(host);
    crate::support::eventually("the host's end", || async { why("file-manager").await == "host-offline" }).await;
    site.install_plan("Demo", "essential").await;
    assert_eq!(why("file-manager").await, "not-licensed");
    assert_eq!(why("remote-control").await, "host-offline");
}
