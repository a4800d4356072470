use crate::channels::{answer, asked, open};
use crate::support::{Site, Technician, code, eventually};
use hospes_wire::channel::FromHost;
use serde_json::{Value, json};

#[tokio::test]
async fn a_technician_holds_a_bounded_number_of_channels_and_colleagues_get_theirs() {
    let site = Site::start().await;
    let ada = site.demo().await;
    let again = site.login("ada@demo.test").await;
    let colleague = site.technician("Demo", "bob@demo.test").await;
    let (id, host) = ada.active().await;
    let ask = async |who: &Technician| {
        let mut socket = who.socket(&id, "file-manager").await;
        socket.say(&json!({ "v": 1, "token": who.token })).await;
        socket
    };
    let too_many = |heard: &Value| {
        assert_eq!(
            (code(&heard["refused"]), &heard["refused"]["status"]),
            ("too-many-channels", &json!(429)),
            "{heard}"
        );
    };
    let mut waiting = Vec::new();
    for _ in 0..8 {
        let socket = ask(&ada).await;
        waiting.push((socket, asked(&host).await.0));
    }
    // By another login it is the same technician; a colleague is not bound by it.
    for who in [&ada, &again] {
        too_many(&ask(who).await.hear().await);
    }
    let _of_the_colleague = open(&colleague, &id, &host).await;

    // What opens or goes away makes room.
    let mut held = Vec::new();
    for (mut socket, mut stream) in waiting {
        answer(&mut stream, FromHost::Opened { interfaces: vec![] }).await;
        assert_eq!(socket.hear().await["type"], "opened");
        held.push((socket, stream));
    }
    for _ in 8..32 {
        let (socket, stream, _) = open(&ada, &id, &host).await;
        held.push((socket, stream));
    }
    too_many(&ask(&again).await.hear().await);
    held.pop().unwrap().0.close().await;
    eventually("room", || async {
        ada.get(&format!("/sessions/{id}")).await.1["channels"].as_array().unwrap().len() == 32
    })
    .await;
    let _one_more = open(&again, &id, &host).await;
}
