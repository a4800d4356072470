//! Traces reach a collector that takes OTLP over HTTP, with the spans of what was done and nothing secret.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

type Received = Arc<Mutex<Vec<u8>>>;

/// A collector that keeps what it gets.
async fn collector() -> (String, Received) {
    async fn take(State(received): State<Received>, body: Bytes) {
        received.lock().unwrap().extend(body);
    }
    let received = Received::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().route("/v1/traces", axum::routing::post(take)).with_state(received.clone());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, received)
}

fn hospes(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hospes"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("HOSPES_") || name == "RUST_LOG") {
        command.env_remove(name);
    }
    command.current_dir(data).arg("--data").arg(data.join("server"));
    command
}

fn run(command: &mut Command, input: &str) {
    use std::io::Write;
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "{command:?}");
}

/// Starts a server and waits until it answers.
async fn serve(data: &Path, endpoint: Option<&str>) -> (Child, String) {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = hospes(data);
    command.args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--log-level", "warn"]);
    if let Some(endpoint) = endpoint {
        command.env("HOSPES_TELEMETRY__OTLP_ENDPOINT", endpoint);
    }
    let mut child = command.spawn().unwrap();
    let url = format!("http://127.0.0.1:{port}");
    for _ in 0..600 {
        if reqwest::get(format!("{url}/healthz")).await.is_ok() {
            return (child, url);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    panic!("the server does not answer");
}

async fn post(url: &str, path: &str, token: &str, body: &Value) -> Value {
    let request = reqwest::Client::new().post(format!("{url}/api/v1{path}")).bearer_auth(token);
    let request = request.header("content-type", "application/json").body(body.to_string());
    serde_json::from_str(&request.send().await.unwrap().text().await.unwrap()).unwrap()
}

fn stop(mut child: Child) {
    // The way an operator's service manager stops it; what is left of the traces is sent then.
    let status = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(status.success());
    assert!(child.wait().unwrap().success());
}

fn company(data: &Path) {
    run(hospes(data).args(["admin", "company", "add", "--name", "Acme", "--plan", "base"]), "");
    let technician = ["admin", "technician", "add", "--company", "Acme", "--email", "ada@acme.test", "--name", "Ada"];
    run(hospes(data).args(technician), "correct horse battery\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_reach_a_collector_without_secrets() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (endpoint, received) = collector().await;
    let dir = tempfile::tempdir().unwrap();
    company(dir.path());
    let (child, url) = serve(dir.path(), Some(&endpoint)).await;
    let login = json!({ "email": "ada@acme.test", "password": "correct horse battery" });
    let token = post(&url, "/auth/login", "", &login).await["token"].as_str().unwrap().to_owned();
    let body = json!({ "customer_email": "carla@customer.test", "note": "the printer" });
    let prepared = post(&url, "/sessions", &token, &body).await;
    let link = prepared["deployment_link"].as_str().unwrap().to_owned();
    assert_eq!(reqwest::get(&link).await.unwrap().status(), 200);
    stop(child);
    let received = received.lock().unwrap().clone();
    let holds = |text: &str| received.windows(text.len()).any(|window| window == text.as_bytes());
    for text in ["hospes", "request", "prepare", "/api/v1/sessions", "/s/..."] {
        assert!(holds(text), "no span has {text}");
    }
    let text = |key: &str| prepared[key].as_str().unwrap().to_owned();
    let ticket = link.rsplit('/').next().unwrap().to_owned();
    for secret in [
        "correct horse battery".to_owned(),
        token,
        text("security_code"),
        text("password"),
        ticket,
        "carla@customer.test".to_owned(),
        "ada@acme.test".to_owned(),
        "printer".to_owned(),
    ] {
        assert!(!holds(&secret), "a span has {secret}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_costs_nothing_but_the_spans() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let dir = tempfile::tempdir().unwrap();
    company(dir.path());
    let (child, url) = serve(dir.path(), Some("http://127.0.0.1:9")).await;
    assert_eq!(reqwest::get(format!("{url}/readyz")).await.unwrap().status(), 200);
    stop(child);
}
