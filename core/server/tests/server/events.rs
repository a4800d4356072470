use crate::support::{Host, Site};
use std::time::Duration;

#[tokio::test]
async fn events_tell_a_company_its_own_story_in_order() {
    let site = Site::start().await;
    let ada = site.demo().await;
    site.company("Other", "base", &[], 5).await;
    let other = site.technician("Other", "o@other.test").await;
    let listen = |token: &str| site.http.get(format!("{}/api/v1/events", site.url)).bearer_auth(token).send();
    let mut mine = listen(&ada.token).await.unwrap();
    let mut theirs = listen(&other.token).await.unwrap();
    assert_eq!(mine.headers()["content-type"], "text/event-stream");

    let prepared = ada.prepare().await;
    let id = prepared["id"].as_str().unwrap().to_owned();
    let mut host = Host::dial(&prepared, [3; 32]).await;
    host.join(prepared["security_code"].as_str().unwrap()).await;
    drop(host);
    let expected =
        ["session.prepared", "session.claimed", "session.activated", "host.online", "host.offline", "session.ended"];
    let mut text = String::new();
    let mut ended = false;
    while !text.contains("session.ended") {
        if text.contains("host.offline") && !ended {
            ended = true;
            ada.post(&format!("/sessions/{id}/end"), &serde_json::json!({})).await;
        }
        let chunk = tokio::time::timeout(Duration::from_secs(20), mine.chunk()).await.expect(&text).unwrap().unwrap();
        text.push_str(&String::from_utf8_lossy(&chunk));
    }
    let names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    assert_eq!(names, expected);
    assert!(text.contains(&id));

    other.prepare().await;
    let mut text = String::new();
    while !text.contains("session.prepared") {
        let chunk = tokio::time::timeout(Duration::from_secs(5), theirs.chunk()).await.unwrap().unwrap().unwrap();
        text.push_str(&String::from_utf8_lossy(&chunk));
    }
    assert!(!text.contains(&id), "another company's event was told: {text}");
}

#[tokio::test]
async fn r9_a_changed_licence_is_told_to_a_company_that_only_listens() {
    let site = Site::start().await;
    let ada = site.demo().await;
    site.company("Other", "base", &[], 5).await;
    let other = site.technician("Other", "o@other.test").await;
    let listen = |token: &str| site.http.get(format!("{}/api/v1/events", site.url)).bearer_auth(token).send();
    let mut mine = listen(&ada.token).await.unwrap();
    let mut theirs = listen(&other.token).await.unwrap();
    // The server looks once a second: let it see the licences as they were.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    site.install_plan("Demo", "essential").await;
    let mut text = String::new();
    while !text.contains("\"essential\"") {
        let chunk = tokio::time::timeout(Duration::from_secs(5), mine.chunk()).await.expect(&text).unwrap().unwrap();
        text.push_str(&String::from_utf8_lossy(&chunk));
    }
    assert_eq!(text.matches("event: licence.changed").count(), 1, "{text}");
    let told = tokio::time::timeout(Duration::from_millis(300), async {
        let mut text = String::new();
        while let Ok(Some(chunk)) = theirs.chunk().await {
            text.push_str(&String::from_utf8_lossy(&chunk));
            assert!(!text.contains("licence"), "another company's licence was told: {text}");
        }
    });
    assert!(told.await.is_err(), "the stream goes on");
}
