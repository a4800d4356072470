use crate::support::{PASSWORD, Site, code, read};
use reqwest::header;
use serde_json::json;

#[tokio::test]
async fn a_login_gives_a_token_and_a_strict_cookie_and_a_logout_ends_both() {
    let site = Site::start().await;
    let ada = site.demo().await;
    let (status, me) = ada.get("/me").await;
    assert_eq!(status, 200);
    assert_eq!(me["technician"]["email"], "ada@demo.test");
    assert_eq!(me["company"]["name"], "Demo");
    assert_eq!(me["plan"], "base");
    assert_eq!(me["features"], json!(["file-manager", "notify-email", "notify-webhook", "remote-control"]));
    assert_eq!(me["limits"]["per_technician"], 1);
    assert_eq!(me["limits"]["seats"], 5);
    assert_eq!(me["usage"]["company"], 0);

    let body = json!({ "email": "ADA@demo.test", "password": PASSWORD });
    let answer = site.http.post(format!("{}/api/v1/auth/login", site.url)).json(&body).send().await.unwrap();
    let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    for attribute in ["hospes_session=", "HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "plain http on loopback: {cookie}");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let me = site.http.get(format!("{}/api/v1/me", site.url)).header(header::COOKIE, &cookie).send().await.unwrap();
    assert_eq!(me.status(), 200);

    let (status, _) = ada.post("/auth/logout", &json!({})).await;
    assert_eq!(status, 204);
    assert_eq!(ada.get("/me").await.0, 401);
    let me = site.http.get(format!("{}/api/v1/me", site.url)).header(header::COOKIE, &cookie).send().await.unwrap();
    assert_eq!(me.status(), 200, "another login's logout ended this one");
}

#[tokio::test]
async fn wrong_passwords_and_unknown_addresses_look_the_same() {
    let site = Site::start().await;
    site.demo().await;
    let mut answers = Vec::new();
    for (email, password) in [("ada@demo.test", "wrong password"), ("nobody@demo.test", PASSWORD), ("", "")] {
        let body = json!({ "email": email, "password": password });
        let request = site.http.post(format!("{}/api/v1/auth/login", site.url)).json(&body);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/problem+json");
        answers.push(read(answer).await);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(answers[0].0, 401);
    assert_eq!(code(&answers[0].1), "wrong-credentials");
}

#[tokio::test]
async fn failed_logins_of_an_address_end_in_429_after_thirty_and_not_before() {
    let site = Site::start_with(|settings| settings.rate_limits.logins_per_minute = 30).await;
    site.demo().await;
    let url = format!("{}/api/v1/auth/login", site.url);
    let try_once = |password: &'static str| {
        let body = json!({ "email": "ada@demo.test", "password": password });
        site.http.post(&url).json(&body).send()
    };
    for n in 0..30 {
        assert_eq!(try_once("wrong").await.unwrap().status(), 401, "try {n}");
    }
    let mut blocked = None;
    for _ in 0..12 {
        let answer = try_once("wrong").await.unwrap();
        if answer.status() == 429 {
            blocked = Some(answer);
            break;
        }
    }
    let blocked = blocked.expect("never blocked");
    assert!(blocked.headers().contains_key(header::RETRY_AFTER));
    assert_eq!(code(&read(blocked).await.1), "too-many-tries");
}

#[tokio::test]
async fn every_answer_carries_a_request_id_of_the_servers_own() {
    let site = Site::start().await;
    for path in ["/healthz", "/api/v1/me", "/nowhere.js", "/api/v1/nowhere"] {
        let request = site.http.get(format!("{}{path}", site.url)).header("x-request-id", "forged");
        let answer = request.send().await.unwrap();
        let id = answer.headers()["x-request-id"].to_str().unwrap();
        assert_ne!(id, "forged");
        assert_eq!(id.len(), 32, "{path}: {id}");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
        assert!(answer.headers().contains_key("content-security-policy"), "{path}");
    }
}

#[tokio::test]
async fn a_crowd_of_guesses_that_comes_at_once_is_limited_like_a_queue() {
    let site = Site::start_with(|settings| settings.rate_limits.logins_per_minute = 30).await;
    site.demo().await;
    let mut crowd = tokio::task::JoinSet::new();
    for _ in 0..90 {
        let body = json!({ "email": "ada@demo.test", "password": "wrong" });
        let request = site.http.post(format!("{}/api/v1/auth/login", site.url)).json(&body).send();
        crowd.spawn(async move { request.await.unwrap().status().as_u16() });
    }
    let answers = crowd.join_all().await;
    let tried = answers.iter().filter(|status| **status == 401).count();
    // Beside the 30, one every other second is free again.
    assert!((30..50).contains(&tried), "{tried} guesses were looked at: {answers:?}");
    assert!(answers.iter().all(|status| matches!(status, 401 | 429)), "{answers:?}");
}
