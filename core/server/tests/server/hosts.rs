use crate::support::{Host, Site, eventually, link_of};
use hospes_licence::interface::ConsentClass;
use hospes_session::model::EndReason;
use hospes_wire::channel::{Fetch, FetchAnswer};
use hospes_wire::control::{ConsentState, HostMessage, ServerMessage};
use hospes_wire::message::{from_frame, to_frame};
use serde_json::json;
use std::collections::BTreeMap;

fn refused(answer: &ServerMessage) -> &str {
    match answer {
        ServerMessage::Refused { problem } => problem.code(),
        _ => "",
    }
}

#[tokio::test]
async fn r4_a_customer_reads_who_invites_and_the_right_code_activates() {
    let site = Site::start().await;
    let ada = site.demo().await;
    let prepared = ada.prepare().await;
    let id = prepared["id"].as_str().unwrap();
    let mut host = Host::dial(&prepared, [1; 32]).await;
    let token = host.link.token.0;
    match host.ask(HostMessage::LookUp { token }).await {
        ServerMessage::Invitation(invitation) => {
            assert_eq!((invitation.company.as_str(), invitation.technician.as_str()), ("Demo", "Ada Tech"));
            assert!(!invitation.confirmed);
            assert_eq!(invitation.lease, 24 * 3600 * 1000);
            assert_eq!(invitation.classes[0], ConsentClass::SeeScreen, "seeing is asked before controlling");
            assert_eq!(invitation.publishers.len(), 1, "the publisher of the plugins that may run");
        }
        other => panic!("{other:?}"),
    }
    let pairing = host.join(&format!(" {} ", prepared["security_code"].as_str().unwrap())).await;
    assert_eq!(pairing.session, id);
    assert!(!pairing.password_verifier.is_empty());
    let (_, shown) = ada.get(&format!("/sessions/{id}")).await;
    assert_eq!((shown["state"].as_str(), &shown["online"]), (Some("active"), &json!(true)));
    assert_eq!(shown["host"], json!({ "os": "linux", "hostname": "pc", "agent": "0.1.0" }));

    // R11: offline changes nothing, and the key alone brings it back.
    let link = host.link.clone();
    host.connection.shut("test").await;
    eventually("offline", || async { ada.get(&format!("/sessions/{id}")).await.1["online"] == false }).await;
    let mut back = Host::dial_link(link, [1; 32]).await;
    assert!(matches!(back.resume(id).await, ServerMessage::Resumed { .. }));
    assert_eq!(ada.get(&format!("/sessions/{id}")).await.1["online"], true);

    // R13: ended by the technician, told at once, gone for good.
    ada.post(&format!("/sessions/{id}/end"), &json!({})).await;
    assert!(matches!(back.hear().await, ServerMessage::Ended { reason: EndReason::Technician }));
    assert_eq!(ada.get(&format!("/sessions/{id}")).await.1["removal"], "pending");
    back.tell(HostMessage::Removed { undone: vec!["file\u{1b}[31m".to_owned()] }).await;
    eventually("removal", || async { ada.get(&format!("/sessions/{id}")).await.1["removal"] == "done" }).await;
    let (_, audit) = ada.get(&format!("/audit?session={id}")).await;
    let removed = audit["entries"].as_array().unwrap().iter().find(|e| e["action"] == "host.removed").unwrap();
    assert!(!removed.to_string().contains("u001b"), "terminal codes of a host are kept: {removed}");
}

#[tokio::test]
async fn r13_an_end_while_the_host_is_away_is_told_on_its_return_and_the_customer_can_end() {
    let site = Site::start().await;
    let ada = site.demo().await;
    let (id, host) = ada.active().await;
    let link = host.link.clone();
    host.connection.shut("test").await;
    ada.post(&format!("/sessions/{id}/end"), &json!({})).await;
    let mut back = Host::dial_link(link, [9; 32]).await;
    assert!(matches!(back.resume(&id).await, ServerMessage::Ended { reason: EndReason::Technician }));

    let (id, mut host) = ada.active().await;
    assert!(matches!(host.ask(HostMessage::End {}).await, ServerMessage::Ended { reason: EndReason::Customer }));
    let (_, shown) = ada.get(&format!("/sessions/{id}")).await;
    assert_eq!((shown["state"].as_str(), shown["end_reason"].as_str()), (Some("ended"), Some("customer")));
}

#[tokio::test]
async fn r4_five_wrong_codes_of_any_shape_end_the_session() {
    let site = Site::start().await;
    let ada = site.demo().await;
    let prepared = ada.prepare().await;
    let right = prepared["security_code"].as_str().unwrap();
    let wrong = if right == "000000" { "111111" } else { "000000" };
    let mut host = Host::dial(&prepared, [1; 32]).await;
    for (left, code) in [(4, wrong), (3, "12"), (2, ""), (1, "abcdef"), (0, wrong)] {
        match host.pair(code).await {
            ServerMessage::CodeWrong { tries_left } => assert_eq!(tries_left, left, "{code:?}"),
            other => panic!("{code:?}: {other:?}"),
        }
    }
    assert!(matches!(host.pair(right).await, ServerMessage::Ended { reason: EndReason::CodeBurned }));
    let (_, shown) = ada.get(&format!("/sessions/{}", prepared["id"].as_str().unwrap())).await;
    assert_eq!(shown["end_reason"], "code-burned");
}

#[tokio::test]
async fn a_hostile_host_gets_nowhere() {
    let site = Site::start().await;
    let ada = site.demo().await;
    let prepared = ada.prepare().await;
    let id = prepared["id"].as_str().unwrap();
    let code = prepared["security_code"].as_str().unwrap();
    let token = link_of(&prepared).token.0;

    // A proof of another connection, or another key's.
    let first = Host::dial(&prepared, [1; 32]).await;
    let (host_key, stolen) = first.proof();
    let mut thief = Host::dial(&prepared, [2; 32]).await;
    for (host_key, proof) in [(host_key, stolen), (host_key, thief.proof().1), (thief.key.public(), [0; 64])] {
        let answer = thief.ask(HostMessage::Pair { token, code: code.to_owned(), host_key, proof }).await;
        assert_eq!(refused(&answer), "wrong-proof", "{answer:?}");
    }
    assert_eq!(ada.get(&format!("/sessions/{id}")).await.1["wrong_codes"], 0, "an unproved try was heard");

    // Things out of order.
    assert_eq!(refused(&thief.ask(HostMessage::Installed {}).await), "not-paired");
    assert_eq!(refused(&thief.ask(HostMessage::End {}).await), "not-paired");
    assert_eq!(refused(&thief.ask(HostMessage::Removed { undone: vec![] }).await), "not-paired");
    assert_eq!(refused(&thief.ask(HostMessage::LookUp { token: [0; 16] }).await), "link-unknown");
    assert_eq!(refused(&thief.resume("nonsense").await), "not-found");

    let mut host = Host::dial(&prepared, [1; 32]).await;
    host.join(code).await;
    // The code is used up, also for who knows it; the session is another's.
    assert_eq!(refused(&thief.pair(code).await), "link-used");
    assert_eq!(refused(&thief.resume(id).await), "not-this-host");
    assert_eq!(refused(&thief.ask(HostMessage::LookUp { token }).await), "link-used");

    // What is no message at all is named, and the conversation goes on.
    host.sender.send("{\"type\":\"dance\"}").await.unwrap();
    assert_eq!(refused(&host.hear().await), "unsupported");
    host.sender.send("not json").await.unwrap();
    assert_eq!(refused(&host.hear().await), "bad-message");
    assert_eq!(ada.get(&format!("/sessions/{id}")).await.1["online"], true);
}

#[tokio::test]
async fn r4_a_half_finished_set_up_is_retried_by_the_same_host() {
    let site = Site::start().await;
    let ada = site.demo().await;
    let prepared = ada.prepare().await;
    let code = prepared["security_code"].as_str().unwrap();
    let mut host = Host::dial(&prepared, [1; 32]).await;
    assert!(matches!(host.pair(code).await, ServerMessage::Paired(_)));
    host.connection.shut("crash").await;
    let mut again = Host::dial(&prepared, [1; 32]).await;
    again.join(code).await;
    // The activation's answer was lost: pairing again leads to the same place.
    let mut third = Host::dial(&prepared, [1; 32]).await;
    assert!(matches!(third.pair(code).await, ServerMessage::Paired(_)));
    assert!(matches!(third.ask(HostMessage::Installed {}).await, ServerMessage::Activated { .. }));
}

#[tokio::test]
async fn r12_a_computer_that_already_runs_a_host_is_refused_on_both_sides() {
    let site = Site::start().await;
    let ada = site.demo().await;
    let prepared = ada.prepare().await;
    let mut host = Host::dial(&prepared, [1; 32]).await;
    let token = host.link.token.0;
    assert_eq!(refused(&host.ask(HostMessage::AlreadyHosting { token }).await), "already-hosting");
    let (_, shown) = ada.get(&format!("/sessions/{}", prepared["id"].as_str().unwrap())).await;
    assert_eq!(shown["last_refusal"]["reason"], "already-hosting");
    assert_eq!(shown["state"], "prepared", "another computer may still join");
}

#[tokio::test]
async fn consent_is_shown_to_the_technician() {
    let site = Site::start().await;
    let ada = site.demo().await;
    let (id, mut host) = ada.active().await;
    let capability = async |name: &str| {
        let (_, answer) = ada.get(&format!("/sessions/{id}/capabilities")).await;
        answer["capabilities"].as_array().unwrap().iter().find(|c| c["id"] == name).cloned().unwrap()
    };
    assert_eq!(capability("file-manager").await["consent"], "ask");
    assert_eq!(capability("file-manager").await["available"], true);
    let classes = BTreeMap::from([
        (ConsentClass::SeeScreen, ConsentState::Denied),
        (ConsentClass::Control, ConsentState::Denied),
        (ConsentClass::ReadFiles, ConsentState::Granted),
        (ConsentClass::WriteFiles, ConsentState::Granted),
    ]);
    let unavailable = BTreeMap::from([("hospes:desk/screen".to_owned(), "there is no display".to_owned())]);
    host.tell(HostMessage::Consent { classes, unavailable }).await;
    eventually("consent", || async { capability("file-manager").await["consent"] == "granted" }).await;
    let control = capability("remote-control").await;
    assert_eq!((control["consent"].as_str(), &control["available"]), (Some("denied"), &json!(false)));
    assert_eq!(control["reason"], "there is no display");
}

#[tokio::test]
async fn plugins_go_only_to_hosts_whose_session_uses_them() {
    let site = Site::start().await;
    let ada = site.demo().await;
    let body = json!({ "customer_email": "c@x.org", "capabilities": ["file-manager"] });
    let (_, prepared) = ada.post("/sessions", &body).await;
    let mut host = Host::dial(&prepared, [1; 32]).await;
    let (_, answer) = ada.get(&format!("/sessions/{}/capabilities", prepared["id"].as_str().unwrap())).await;
    let hash = |name: &str| {
        let all = answer["capabilities"].as_array().unwrap();
        all.iter().find(|c| c["id"] == name).unwrap()["page"]["component"].as_str().unwrap().to_owned()
    };
    let fetch = async |host: &Host, hash: String| {
        let mut stream = host.connection.open_stream().await.unwrap();
        stream.send(to_frame(&Fetch::Component { hash }).unwrap()).await.unwrap();
        match from_frame(&stream.recv().await.unwrap().unwrap()).unwrap() {
            FetchAnswer::NotFound {} => None,
            FetchAnswer::Found { length } => {
                let mut bytes = Vec::new();
                let (_, receiver) = stream.halves();
                while let Some(piece) = receiver.recv_raw(1 << 16).await.unwrap() {
                    bytes.extend_from_slice(&piece);
                }
                assert_eq!(bytes.len() as u64, length);
                Some(bytes)
            }
        }
    };
    assert!(fetch(&host, hash("file-manager")).await.is_none(), "before the code was right");
    host.join(prepared["security_code"].as_str().unwrap()).await;
    let bytes = fetch(&host, hash("file-manager")).await.unwrap();
    assert_eq!(blake3::hash(&bytes).to_hex().to_string(), hash("file-manager"));
    assert!(fetch(&host, hash("remote-control")).await.is_none(), "not chosen for this session");
    assert!(fetch(&host, "00".to_owned()).await.is_none());
}

#[tokio::test]
async fn only_capabilities_that_can_be_opened_are_announced_to_the_customer() {
    let site = Site::start().await;
    site.company("Large", "base", &["insight"], 5).await;
    let ada = site.technician("Large", "a@large.test").await;
    let prepared = ada.prepare().await;
    let (_, shown) = ada.get(&format!("/sessions/{}", prepared["id"].as_str().unwrap())).await;
    assert_eq!(shown["capabilities"], json!(["dashboard", "file-manager", "remote-control"]), "all that are licensed");
    let mut host = Host::dial(&prepared, [1; 32]).await;
    let token = host.link.token.0;
    let ServerMessage::Invitation(invitation) = host.ask(HostMessage::LookUp { token }).await else {
        panic!("refused")
    };
    let ids: Vec<_> = invitation.capabilities.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["file-manager", "remote-control"], "no plugin serves the dashboard here");
}
