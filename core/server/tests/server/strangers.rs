//! Connections that have proved no session: they take little, for a short time, and nothing from hosts.

use crate::support::{Host, Site, eventually, link_of};
use hospes_transport::{TransportError, dial};
use hospes_wire::control::{HostMessage, ServerMessage};
use hospes_wire::message::MAX_JSON;
use serde_json::Value;
use std::time::Duration;

/// Whether one more connection from here is served; if so, it.
async fn served(prepared: &Value) -> Option<Host> {
    let link = link_of(prepared);
    let connection = dial(&link.host, link.port, link.pin).await.unwrap();
    // Whoever is not served is told so at once.
    match tokio::time::timeout(Duration::from_millis(500), connection.closed()).await {
        Ok(TransportError::Closed(why)) if why.contains("address") => None,
        Ok(other) => panic!("{other:?}"),
        Err(_) => Some(Host::greet(connection, link, [5; 32]).await),
    }
}

#[tokio::test]
async fn who_proves_nothing_takes_the_seats_of_its_address_and_no_hosts() {
    let site = Site::start().await;
    let ada = site.demo().await;
    let prepared = ada.prepare().await;
    let id = prepared["id"].as_str().unwrap();
    let mut host = Host::dial(&prepared, [9; 32]).await;
    host.join(prepared["security_code"].as_str().unwrap()).await;
    let other = site.technician("Demo", "bob@demo.test").await.prepare().await;
    let mut strangers = Vec::new();
    for _ in 0..64 {
        strangers.push(Host::dial(&other, [5; 32]).await);
    }
    assert!(served(&other).await.is_none(), "a 65th has a seat");
    assert_eq!(ada.get(&format!("/sessions/{id}")).await.1["online"], true);

    // A customer who reads an invitation, and a host that proved its session, give their seats to others.
    let token = link_of(&other).token.0;
    let answer = strangers[0].ask(HostMessage::LookUp { token }).await;
    assert!(matches!(answer, ServerMessage::Invitation(_)), "{answer:?}");
    strangers[1].join(other["security_code"].as_str().unwrap()).await;
    for _ in 0..2 {
        strangers.push(served(&other).await.expect("a seat is free again"));
    }
    assert!(served(&other).await.is_none(), "a 65th has a seat");
    // As does who goes.
    strangers.pop().unwrap().connection.shut("goodbye").await;
    eventually("a seat is free", async || served(&other).await.is_some()).await;
    assert_eq!(ada.get(&format!("/sessions/{id}")).await.1["online"], true);
}

#[tokio::test]
async fn who_proves_nothing_goes_and_who_reads_the_invitation_stays() {
    let site = Site::start().await;
    let ada = site.demo().await;
    let prepared = ada.prepare().await;
    let idle = Host::dial(&prepared, [5; 32]).await;
    let mut talker = Host::dial(&prepared, [6; 32]).await;
    let mut customer = Host::dial(&prepared, [9; 32]).await;
    let token = link_of(&prepared).token.0;
    customer.ask(HostMessage::LookUp { token }).await;
    // Talk is no proof.
    let talking = async {
        loop {
            talker.sender.send(&b"{}"[..]).await?;
            tokio::time::sleep(Duration::from_secs(1)).await;
            talker.receiver.recv().await?;
        }
    };
    let both = async { tokio::join!(idle.connection.closed(), talking) };
    let (closed, refused): (_, Result<(), TransportError>) =
        tokio::time::timeout(Duration::from_secs(60), both).await.expect("they sit there for ever");
    assert!(matches!(closed, TransportError::Closed(_)), "{closed:?}");
    assert!(refused.is_err());
    assert_eq!(customer.connection.close_reason(), None);
    customer.join(prepared["security_code"].as_str().unwrap()).await;
}

#[tokio::test]
async fn of_a_stranger_no_more_is_held_than_a_message() {
    let site = Site::start().await;
    let ada = site.demo().await;
    let prepared = ada.prepare().await;
    let mut stranger = Host::dial(&prepared, [5; 32]).await;
    // What it sends on other streams is not read, and it is told so.
    let (mut bulk, _answer) = stranger.connection.open_stream().await.unwrap().split();
    let filling = async { while bulk.send(vec![0; 64 << 10]).await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(5), filling).await.expect("the server holds what it does not read");
    assert_eq!(stranger.connection.close_reason(), None);
    // The beginning of a message that is too long is enough.
    let announced = u32::try_from(MAX_JSON + 1).unwrap().to_be_bytes();
    stranger.sender.send_raw(announced.to_vec()).await.unwrap();
    let closed = tokio::time::timeout(Duration::from_secs(5), stranger.connection.closed()).await;
    assert!(matches!(closed, Ok(TransportError::Closed(_))), "{closed:?}");
}
