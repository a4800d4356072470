//! Exactness under load and crashes.

use anyhow::{Context, Result, ensure};
use futures_util::{SinkExt, StreamExt};
use hospes_tests::{Api, Host, Network, Server};
use serde_json::json;
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

#[tokio::test(flavor = "multi_thread")]
async fn r7_80_concurrent_prepares_leave_exactly_the_quota() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), &["base"], &[])?;
    let mut technicians = Vec::new();
    for number in 0..8 {
        let email = format!("tech{number}@acme.test");
        server.technician("Acme", &email, "Tess")?;
        technicians.push(Api::log_in(&server.url(), &email, hospes_tests::server::PASSWORD).await?);
    }
    let calls = (0..80).map(|number| {
        let api = technicians[number % technicians.len()].clone();
        tokio::spawn(async move { api.call("POST", "/sessions", Some(json!({"customer_email": "c@acme.test"}))).await })
    });
    let mut prepared = 0;
    for call in calls.collect::<Vec<_>>() {
        let (status, answer) = call.await??;
        match status {
            201 => prepared += 1,
            409 | 402 => ensure!(answer["type"].is_string(), "{answer}"),
            other => anyhow::bail!("{other}: {answer}"),
        }
    }
    assert_eq!(prepared, 5, "the company's quota");
    let (_, open) = technicians[0].call("GET", "/sessions?state=prepared", None).await?;
    let mut owners: Vec<String> = open["sessions"]
        .as_array()
        .context("no list")?
        .iter()
        .map(|session| session["technician"].to_string())
        .collect();
    assert_eq!(owners.len(), 5);
    owners.sort();
    owners.dedup();
    assert_eq!(owners.len(), 5, "one per technician");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_in_50_random_places_loses_nothing_it_acknowledged() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut server = Server::start(folder.path(), &["base"], &[])?;
    let api = Api::log_in(&server.url(), "tech@acme.test", hospes_tests::server::PASSWORD).await?;
    let mut ended: Vec<String> = Vec::new();
    for round in 0..50 {
        let work = tokio::spawn({
            let api = api.clone();
            async move {
                let mut ended = Vec::new();
                loop {
                    // The one that was under way when the server died is in doubt; what was answered is not.
                    let Ok(session) = api.prepare().await else { break (None, ended) };
                    if api.end(&session.id).await.is_err() {
                        break (Some(session.id), ended);
                    }
                    ended.push(session.id);
                }
            }
        });
        let mut random = [0u8; 1];
        getrandom::fill(&mut random)?;
        tokio::time::sleep(Duration::from_millis(20 + u64::from(random[0]))).await;
        server.kill_9()?;
        let (open, more) = work.await?;
        ended.extend(more);
        server.up()?;

        // Acknowledged sessions are there, ended ones stay ended; the one in doubt is in one of its two states.
        if let Some(id) = &open {
            let session =
                api.session(id).await.with_context(|| format!("round {round}: a prepared session is lost"))?;
            ensure!(session["state"] != "active", "{session}");
        }
        for id in ended.iter().rev().take(20) {
            let session = api.session(id).await.with_context(|| format!("round {round}: an ended session is lost"))?;
            assert_eq!(session["state"], "ended", "round {round}");
        }
        // The quota is exact: whatever is open is what `me` counts, and ending it frees the seat (R7, R18).
        let (_, listed) = api.call("GET", "/sessions?state=prepared", None).await?;
        for session in listed["sessions"].as_array().context("no list")? {
            let id = session["id"].as_str().context("no id")?;
            api.end(id).await?;
            ended.push(id.to_owned());
        }
    }
    ensure!(ended.len() >= 50, "too little was done: {}", ended.len());
    let session = api.prepare().await.context("a seat is free in the end")?;
    api.end(&session.id).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_reader_of_1_gib_costs_less_than_32_mib() -> Result<()> {
    a_stalled_reader(Network::Open).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_reader_costs_no_more_where_udp_is_blocked() -> Result<()> {
    a_stalled_reader(Network::NoUdp).await
}

async fn a_stalled_reader(network: Network) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start_in(network, folder.path(), &["base"], &[])?;
    let technician = server.log_in("tech@acme.test").await?;
    let session = technician.api.prepare().await?;
    let mut host = Host::new(folder.path(), "customer")?;
    host.join(&session)?;
    technician.api.wait_for(&session.id, Duration::from_secs(20), |session| session["online"] == true).await?;
    std::fs::File::create(host.docs.join("gib.bin"))?.set_len(1 << 30)?;
    // Proves the password for this login; the plain socket below shares it.
    let mut list = technician.hospes()?;
    list.args(["ls", &format!("{}:Docs/", session.id)]).env("HOSPES_SESSION_PASSWORD", &session.password);
    let (code, _, errors) = hospes_tests::process::finish(&mut list, None)?;
    ensure!(code == 0, "{errors}");

    let url = format!("ws://127.0.0.1:{}/api/v1/sessions/{}/channels/file-manager", server.port, session.id);
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await?;
    socket.send(Message::text(json!({"v": 1, "token": technician.token()?}).to_string())).await?;
    loop {
        let message = socket.next().await.context("closed")??;
        if let Message::Binary(bytes) = &message {
            ensure!(bytes.first() == Some(&b'{'), "hello first");
            break;
        }
        ensure!(!message.to_text()?.contains("refused"), "{message}");
    }
    let memory = |server: &Server, host: &Host| -> Result<[u64; 2]> {
        Ok([server.process.as_ref().context("down")?.resident()?, host.process.as_ref().context("gone")?.resident()?])
    };
    let before = memory(&server, &host)?;
    socket
        .send(Message::binary(json!({"id": 1, "op": "read", "path": ["Docs", "gib.bin"]}).to_string().into_bytes()))
        .await?;
    let mut received = 0;
    while received < 8 << 20 {
        received += socket.next().await.context("closed")??.len();
    }
    // Now nobody reads.
    for _ in 0..6 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let now = memory(&server, &host)?;
        for (who, (before, now)) in ["server", "host"].iter().zip(before.iter().zip(now)) {
            let grown = now.saturating_sub(*before);
            assert!(grown < 32 << 20, "the {who} grew by {} MiB", grown >> 20);
        }
    }
    Ok(())
}
