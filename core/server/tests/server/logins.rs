use crate::channels::open;
use crate::support::{PASSWORD, Site, Technician, code};
use serde_json::json;
use std::time::{Duration, Instant};

#[tokio::test]
async fn ones_logins_are_listed_and_ended_one_by_one() {
    let site = Site::start().await;
    let ada = site.demo().await;
    site.technician("Demo", "ben@demo.test").await;
    let elsewhere = site.login("ada@demo.test").await;
    let (_, listed) = ada.get("/me/logins").await;
    let logins = listed["logins"].as_array().unwrap();
    assert_eq!(logins.iter().map(|login| &login["current"]).collect::<Vec<_>>(), [&json!(false), &json!(true)]);
    assert_eq!(logins[0]["address"], "127.0.0.1");
    assert!(logins[0]["expires_at"].is_string() && logins[0]["last_used_at"].is_string());
    assert_eq!(ada.get("/me").await.1["logins"], 2);
    let other = format!("/me/logins/{}", logins[0]["id"].as_str().unwrap());
    assert_eq!(ada.call("DELETE", &other, &json!({})).await.0, 204);
    assert_eq!(ada.call("DELETE", &other, &json!({})).await.0, 404, "it is gone");
    assert_eq!((elsewhere.get("/me").await.0, ada.get("/me").await.0), (401, 200));

    let again = site.login("ada@demo.test").await;
    let change = json!({ "current_password": PASSWORD, "new_password": "another horse battery" });
    assert_eq!(ada.post("/me/password", &change).await.0, 204);
    assert_eq!((again.get("/me").await.0, ada.get("/me").await.0), (401, 200), "the one that changed it goes on");
    let third = site.login_with("ada@demo.test", "another horse battery").await.unwrap();
    assert_eq!(ada.post("/me/logout-everywhere", &json!({})).await.0, 204);
    assert_eq!((third.get("/me").await.0, ada.get("/me").await.0), (401, 401));
    assert_eq!(site.login("ben@demo.test").await.get("/me").await.1["logins"], 2, "a colleague's go on");
}

/// Everything that ends a login, and whether it is the server itself that does it.
#[tokio::test]
async fn the_end_of_a_login_closes_its_events_and_channels() {
    let site = Site::start().await;
    site.company("Demo", "base", &[], 9).await;
    let owner = site.owner("Demo", "olga@demo.test").await;
    let tom = site.technician("Demo", "tom@demo.test").await;
    let (session, mut host) = tom.active().await;
    let id = tom.id().await;
    for how in ["logout", "everywhere", "one", "disabled", "reset", "command line"] {
        let tom = match how {
            "command line" => {
                owner.call("PATCH", &format!("/technicians/{id}"), &json!({ "disabled": false })).await;
                let reset = owner.post(&format!("/technicians/{id}/reset"), &json!({ "own_password": PASSWORD })).await;
                settled(&site, reset.1["password"].as_str().unwrap()).await
            }
            "reset" => {
                owner.call("PATCH", &format!("/technicians/{id}"), &json!({ "disabled": false })).await;
                site.login("tom@demo.test").await
            }
            _ => site.login("tom@demo.test").await,
        };
        let mut events =
            site.http.get(format!("{}/api/v1/events", site.url)).bearer_auth(&tom.token).send().await.unwrap();
        let mut colleague =
            site.http.get(format!("{}/api/v1/events", site.url)).bearer_auth(&owner.token).send().await.unwrap();
        let (mut socket, _stream, _) = open(&tom, &session, &host).await;
        let login = tom.get("/me/logins").await.1["logins"][0]["id"].as_str().unwrap().to_owned();
        let start = Instant::now();
        match how {
            "logout" => tom.post("/auth/logout", &json!({})).await,
            "everywhere" => tom.post("/me/logout-everywhere", &json!({})).await,
            "one" => tom.call("DELETE", &format!("/me/logins/{login}"), &json!({})).await,
            "disabled" => owner.call("PATCH", &format!("/technicians/{id}"), &json!({ "disabled": true })).await,
            "reset" => owner.post(&format!("/technicians/{id}/reset"), &json!({ "own_password": PASSWORD })).await,
            _ => {
                site.admin.disable("tom@demo.test", true).await.unwrap();
                (0, json!({}))
            }
        };
        let closed = socket.hear().await;
        assert_eq!(code(&closed["problem"]), "unauthenticated", "{how}: {closed}");
        let mut text = String::new();
        while let Some(chunk) = tokio::time::timeout(Duration::from_secs(5), events.chunk()).await.expect(how).unwrap()
        {
            text.push_str(&String::from_utf8_lossy(&chunk));
        }
        assert!(text.trim_end().ends_with("event: login.ended\ndata: {}"), "{how}: {text}");
        eprintln!("{how}: closed after {:?}", start.elapsed());
        let more = tokio::time::timeout(Duration::from_millis(50), async {
            while let Some(chunk) = colleague.chunk().await.unwrap() {
                assert!(!String::from_utf8_lossy(&chunk).contains("login.ended"));
            }
        });
        assert!(more.await.is_err(), "{how}: a colleague's stream ended");
        // The host is told as well, each time.
        while !matches!(host.hear().await, hospes_wire::control::ServerMessage::Revoke { .. }) {}
    }
    assert_eq!(owner.get(&format!("/sessions/{session}")).await.1["state"], "active", "R14 the session goes on");
}

/// Tom with a password of his own again.
async fn settled(site: &Site, temporary: &str) -> Technician {
    let tom = site.login_with("tom@demo.test", temporary).await.unwrap();
    let change = json!({ "current_password": temporary, "new_password": PASSWORD });
    assert_eq!(tom.post("/me/password", &change).await.0, 204);
    tom
}
