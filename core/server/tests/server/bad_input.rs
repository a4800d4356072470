use crate::support::{Site, code, read};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn bad_requests_are_named_and_change_nothing() {
    /// Method, path, content type, body; status, code, and a part of the detail.
    type Case<'a> = (Method, &'a str, Option<&'a str>, &'a str, u16, &'a str, &'a str);
    let site = Site::start().await;
    let long = "x".repeat(70_000);
    let ada = site.demo().await;
    let cases: &[Case<'_>] = &[
        (
            Method::POST,
            "/sessions",
            Some("application/json"),
            "{\"customer_email\":\"c@x.org\",\"colour\":1}",
            400,
            "unknown-field",
            "colour",
        ),
        (Method::POST, "/sessions", Some("application/json"), "{}", 400, "missing-field", "customer_email"),
        (Method::POST, "/sessions", Some("application/json"), "{\"customer_email\":7}", 400, "bad-field", "string"),
        (
            Method::POST,
            "/sessions",
            Some("application/json"),
            "{\"customer_email\":\"c@x.org\",\"language\":\"de\"}",
            400,
            "bad-field",
            "language",
        ),
        (
            Method::POST,
            "/sessions",
            Some("application/json"),
            "{\"customer_email\":\"nobody\"}",
            400,
            "bad-field",
            "customer_email",
        ),
        (
            Method::POST,
            "/sessions",
            Some("application/json"),
            "{\"customer_email\":\"c@x.org\",\"password\":\"short\"}",
            400,
            "bad-field",
            "password",
        ),
        (
            Method::POST,
            "/sessions",
            Some("application/json"),
            "{\"customer_email\":\"c@x.org\",\"capabilities\":[]}",
            400,
            "bad-field",
            "capabilities",
        ),
        (Method::POST, "/sessions", Some("application/json"), "{\"customer_email\":", 400, "bad-json", "column"),
        (Method::POST, "/sessions", Some("application/json"), "", 400, "bad-json", "line 1"),
        (Method::POST, "/sessions", Some("application/json"), "[]", 400, "bad-field", "struct"),
        (
            Method::POST,
            "/sessions",
            Some("text/plain"),
            "{\"customer_email\":\"c@x.org\"}",
            415,
            "content-type",
            "application/json",
        ),
        (Method::POST, "/sessions", None, "{\"customer_email\":\"c@x.org\"}", 415, "content-type", "application/json"),
        (Method::POST, "/sessions", Some("application/json"), &long, 413, "body-too-large", "65536"),
        (
            Method::POST,
            "/auth/login",
            Some("application/json"),
            "{\"email\":\"a\",\"password\":\"b\",\"remember\":true}",
            400,
            "unknown-field",
            "remember",
        ),
        (Method::GET, "/sessions?state=open", None, "", 400, "bad-parameter", "prepared, active or ended"),
        (Method::GET, "/sessions?colour=red", None, "", 400, "bad-parameter", "colour"),
        (Method::GET, "/audit?from=yesterday", None, "", 400, "bad-parameter", "from"),
        (Method::GET, "/sessions/not-an-id", None, "", 404, "not-found", ""),
        (Method::GET, "/nowhere", None, "", 404, "not-found", "openapi.json"),
        (Method::DELETE, "/sessions", None, "", 405, "method-not-allowed", ""),
    ];
    for (method, path, content_type, body, status, expected, detail) in cases {
        let mut request =
            site.http.request(method.clone(), format!("{}/api/v1{path}", site.url)).bearer_auth(&ada.token);
        if let Some(content_type) = content_type {
            request = request.header("content-type", *content_type);
        }
        let answer = request.body((*body).to_owned()).send().await.unwrap();
        assert_eq!(answer.headers()["content-type"], "application/problem+json", "{method} {path} {body:.80}");
        let (found, problem) = read(answer).await;
        assert_eq!((found, code(&problem)), (*status, *expected), "{method} {path} {body:.80}: {problem}");
        assert_eq!(problem["status"], *status);
        assert!(problem["detail"].as_str().unwrap_or_default().contains(detail), "{path} {body:.80}: {problem}");
    }
    let (_, listed) = ada.get("/sessions").await;
    assert_eq!(listed["sessions"], json!([]), "a refused request made a session");
}

#[tokio::test]
async fn without_a_valid_token_nothing_is_said() {
    let site = Site::start().await;
    let ada = site.demo().await;
    let id = ada.prepare().await["id"].as_str().unwrap().to_owned();
    for token in [None, Some("nonsense"), Some("")] {
        for path in [
            "/me",
            "/sessions",
            "/audit",
            "/events",
            &format!("/sessions/{id}"),
            &format!("/sessions/{id}/capabilities"),
        ] {
            let mut request = site.http.get(format!("{}/api/v1{path}", site.url));
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            let (status, problem): (u16, Value) = read(request.send().await.unwrap()).await;
            assert_eq!((status, code(&problem)), (401, "unauthenticated"), "{path}");
        }
    }
}
