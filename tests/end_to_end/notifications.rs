//! R2, R19: invitations and webhooks that really arrive, also after outages.

use anyhow::{Context, Result, ensure};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use data_encoding::BASE64;
use hospes_tests::mail_catcher::{Catcher, Fault, Options};
use hospes_tests::server::PASSWORD;
use hospes_tests::{Api, Host, Server};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

const PATIENCE: Duration = Duration::from_secs(120);

/// What the server is told of the mail server.
fn mail_settings(catcher: &Catcher, more: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut settings = vec![
        ("HOSPES_MAIL__HOST".to_owned(), "127.0.0.1".to_owned()),
        ("HOSPES_MAIL__PORT".to_owned(), catcher.smtp.port().to_string()),
        ("HOSPES_MAIL__FROM".to_owned(), "Acme Support <support@acme.test>".to_owned()),
    ];
    settings.extend(more.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    settings
}

fn start(folder: &Path, settings: &[(String, String)]) -> Result<Server> {
    let settings: Vec<_> = settings.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    Server::start(folder, &["base"], &settings)
}

async fn log_in(server: &Server) -> Result<Api> {
    Api::log_in(&server.url(), "tech@acme.test", PASSWORD).await
}

/// Waits until the session's deliveries look as wanted.
async fn deliveries(api: &Api, session: &str, wanted: impl Fn(&[Value]) -> bool) -> Result<Vec<Value>> {
    let until = std::time::Instant::now() + PATIENCE;
    loop {
        let (_, answer) = api.call("GET", &format!("/sessions/{session}/notifications"), None).await?;
        let found = answer["deliveries"].as_array().cloned().unwrap_or_default();
        if wanted(&found) {
            return Ok(found);
        }
        ensure!(std::time::Instant::now() < until, "not within {PATIENCE:?}: {answer}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A certificate authority of the test's own, and a mail server's certificate from it.
fn authority(folder: &Path) -> Result<(Arc<rustls::ServerConfig>, String)> {
    let _installed_before = rustls::crypto::ring::default_provider().install_default();
    let key = rcgen::KeyPair::generate()?;
    let certificate = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()])?.self_signed(&key)?;
    let path = folder.join("ca.pem");
    std::fs::write(&path, certificate.pem())?;
    let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).map_err(anyhow::Error::msg)?;
    let config =
        rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key)?;
    Ok((Arc::new(config), path.display().to_string()))
}

#[tokio::test(flavor = "multi_thread")]
async fn r2_the_customer_gets_the_invitation_over_tls_with_a_login_and_no_secret_in_it() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (tls, ca) = authority(folder.path())?;
    let login = Some(("hospes".to_owned(), "mail secret".to_owned()));
    let catcher = Catcher::start(Options { tls: Some(tls), login, ..Options::default() }).await?;
    let password = folder.path().join("mail-password");
    std::fs::write(&password, "mail secret\n")?;
    let password = password.display().to_string();
    let more = [
        ("HOSPES_MAIL__CA", ca.as_str()),
        ("HOSPES_MAIL__USER", "hospes"),
        ("HOSPES_MAIL__PASSWORD_FILE", password.as_str()),
    ];
    let server = start(folder.path(), &mail_settings(&catcher, &more))?;
    let api = log_in(&server).await?;
    let body = json!({
        "customer_email": "clara@customer.test", "customer_name": "Clara", "language": "fr", "note": "a private note",
    });
    let (status, prepared) = api.call("POST", "/sessions", Some(body)).await?;
    ensure!(status == 201, "{prepared}");
    let text = |key: &str| prepared[key].as_str().map(str::to_owned).with_context(|| format!("no {key}"));
    let (id, link, code) = (text("id")?, text("deployment_link")?, text("security_code")?);

    let mail = catcher.wait_for(PATIENCE, |mail| mail.to == ["clara@customer.test"]).await?;
    assert!(mail.tls, "it came in clear");
    assert_eq!(mail.user.as_deref(), Some("hospes"));
    assert_eq!(mail.from, "Acme Support <support@acme.test>");
    assert_eq!(mail.link("http"), Some(link.as_str()), "{}", mail.text);
    assert!(mail.text.contains("Tara Technician") && mail.text.contains("Acme"), "who invites: {}", mail.text);
    assert!(mail.text.contains("code de sécurité"), "in the customer's language: {}", mail.text);
    let html = mail.html.as_deref().context("there is no HTML")?;
    for shown in [&mail.text, html, &mail.subject] {
        for secret in [code.as_str(), &text("password")?, "private note"] {
            assert!(!shown.contains(secret), "{secret} was mailed: {shown}");
        }
    }
    let done = deliveries(&api, &id, |all| all.iter().any(|one| one["state"] == "delivered")).await?;
    assert_eq!(done.len(), 1, "{done:?}");
    assert_eq!(mail.message_id, format!("{}@acme.test", done[0]["id"].as_str().context("no id")?));
    assert_eq!(done[0]["attempts"], 1);

    // The link is forgotten now: it cannot be sent again, and stands nowhere in the database.
    let again = format!("/notifications/deliveries/{}/retry", done[0]["id"].as_str().context("no id")?);
    let (status, refused) = api.call("POST", &again, Some(json!({}))).await?;
    assert_eq!(
        (status, refused["type"].as_str().unwrap_or_default().ends_with("/link-dead")),
        (409, true),
        "{refused}"
    );

    // The technician is told of the rest, with what it was used for.
    let mut host = Host::new(folder.path(), "customer")?;
    host.join(&hospes_tests::api::PreparedSession {
        id: id.clone(),
        link,
        code,
        password: text("password")?,
        network: Vec::new(),
    })?;
    catcher.wait_for(PATIENCE, |mail| mail.to == ["tech@acme.test"]).await.context("activated")?;
    api.end(&id).await?;
    catcher.wait_for(PATIENCE, |mail| mail.to == ["clara@customer.test"] && mail.id > 2).await.context("ended")?;
    deliveries(&api, &id, |all| all.len() == 4 && all.iter().all(|one| one["state"] == "delivered")).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn r19_mail_arrives_after_an_outage_and_a_kill_and_once_for_whoever_honours_its_key() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut catcher = Catcher::start(Options::default()).await?;
    let mut server = start(folder.path(), &mail_settings(&catcher, &[("HOSPES_MAIL__TLS", "none")]))?;
    for number in 0..3 {
        server.technician("Acme", &format!("tech{number}@acme.test"), "Tess")?;
    }
    catcher.close().await;
    let mut sessions = Vec::new();
    for number in 0..3 {
        let api = Api::log_in(&server.url(), &format!("tech{number}@acme.test"), PASSWORD).await?;
        sessions.push((api.prepare().await?, api));
    }
    for (session, api) in &sessions {
        let tried = deliveries(api, &session.id, |all| all.iter().any(|one| !one["error"].is_null())).await?;
        assert_eq!((&tried[0]["state"], &tried[0]["error"]["code"]), (&json!("waiting"), &json!("unavailable")));
    }
    server.kill_9()?;
    // The first message is taken, and the sender never hears of it; the second is put off once.
    catcher.fail_next(&[Fault::Silent, Fault::Later]);
    catcher.open().await?;
    server.up()?;
    let mut keys = BTreeSet::new();
    for (session, api) in &sessions {
        let done = deliveries(api, &session.id, |all| all.iter().all(|one| one["state"] == "delivered")).await?;
        assert_eq!(done.len(), 1, "{done:?}");
        keys.insert(format!("{}@acme.test", done[0]["id"].as_str().context("no id")?));
    }
    let mails = catcher.mails();
    let came: BTreeSet<String> = mails.iter().map(|mail| mail.message_id.clone()).collect();
    assert_eq!(came, keys, "each of them, and nothing else");
    assert_eq!(mails.len(), 4, "the one whose answer was lost came twice, with one key");
    let links: BTreeSet<_> = mails.iter().filter_map(|mail| mail.link("http")).collect();
    assert_eq!(links, sessions.iter().map(|(session, _)| session.link.as_str()).collect());
    Ok(())
}

/// A webhook's receiver: answers so many failures first, and keeps what came.
#[derive(Default)]
struct Receiver {
    failures: Mutex<usize>,
    came: Mutex<Vec<(HeaderMap, Bytes)>>,
}

async fn receive(State(receiver): State<Arc<Receiver>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    receiver.came.lock().await.push((headers, body));
    let mut failures = receiver.failures.lock().await;
    if *failures == 0 {
        return StatusCode::NO_CONTENT;
    }
    *failures -= 1;
    StatusCode::SERVICE_UNAVAILABLE
}

async fn owner(server: &Server) -> Result<Api> {
    server.owner("Acme", "olga@acme.test", "Olga Owner")?;
    Api::log_in(&server.url(), "olga@acme.test", PASSWORD).await
}

fn webhook(url: &str, secret: &str) -> Value {
    json!({
        "notifier": "notify-webhook",
        "title": "Ticket system",
        "enabled": true,
        "events": ["session.prepared", "session.ended"],
        "config": { "url": url, "secret": secret },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn r19_a_webhook_that_fails_twice_gets_the_same_key_and_a_signature_that_holds() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let receiver = Arc::new(Receiver { failures: Mutex::new(2), ..Receiver::default() });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/hook", listener.local_addr()?);
    let router = axum::Router::new().route("/hook", post(receive)).with_state(receiver.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let settings = [("HOSPES_WEBHOOKS__ALLOW", "[\"127.0.0.1\"]"), ("HOSPES_WEBHOOKS__PRIVATE", "true")];
    let server = Server::start(folder.path(), &["base"], &settings)?;
    let olga = owner(&server).await?;
    let key = [7_u8; 32];
    let secret = format!("whsec_{}", BASE64.encode(&key));
    let (status, channel) = olga.call("POST", "/notifications/channels", Some(webhook(&url, &secret))).await?;
    ensure!(status == 201, "{status} {channel}");
    assert_eq!(channel["config"]["secret"], "set", "a secret is not shown again");
    // A change without the secret keeps it.
    let path = format!("/notifications/channels/{}", channel["id"].as_str().context("no id")?);
    let mut changed = webhook(&url, "set");
    changed["title"] = json!("Tickets");
    let (status, changed) = olga.call("PUT", &path, Some(changed)).await?;
    ensure!(status == 200, "{changed}");
    assert_eq!(changed["problems"], json!([]), "{changed}");

    let prepared = olga.prepare().await?;
    let done = deliveries(&olga, &prepared.id, |all| all.iter().any(|one| one["state"] == "delivered")).await?;
    assert_eq!((done.len(), &done[0]["attempts"]), (1, &json!(3)), "{done:?}");
    let came = receiver.came.lock().await.clone();
    assert_eq!(came.len(), 3);
    for (headers, body) in &came {
        let header =
            |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        assert_eq!(header("webhook-id"), done[0]["id"].as_str().context("no id")?, "one key for every try");
        assert_eq!(*body, came[0].1, "one text for every try");
        let signed =
            [header("webhook-id").as_bytes(), b".", header("webhook-timestamp").as_bytes(), b".", body].concat();
        let expect = format!("v1,{}", BASE64.encode(&hmac_sha256(&key, &signed)));
        assert_eq!(header("webhook-signature"), expect);
    }
    let told: Value = serde_json::from_slice(&came[0].1)?;
    assert_eq!((&told["event"], &told["session"]["id"]), (&json!("session.prepared"), &json!(prepared.id)));
    assert_eq!(told["company"]["name"], "Acme");
    assert!(!String::from_utf8_lossy(&came[0].1).contains(&prepared.code), "the code was told");

    let (status, tested) = olga.call("POST", &format!("{path}/test"), Some(json!({}))).await?;
    assert_eq!((status, &tested["state"], &tested["event"]), (200, &json!("delivered"), &json!("test")), "{tested}");
    let (_, log) = olga.call("GET", "/audit", None).await?;
    assert!(!log.to_string().contains(&secret), "the secret stands in the audit log");
    Ok(())
}

/// HMAC-SHA256 from its definition: the plugin uses a library, the receiver of this test does not.
fn hmac_sha256(key: &[u8; 32], message: &[u8]) -> Vec<u8> {
    use sha2::{Digest, Sha256};
    let pad = |with: u8| (0..64).map(|place| key.get(place).copied().unwrap_or(0) ^ with).collect::<Vec<u8>>();
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn r19_webhooks_reach_no_host_that_the_operator_does_not_allow_and_nothing_inside() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let inside = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let port = inside.local_addr()?.port();
    let server = Server::start(folder.path(), &["base"], &[("HOSPES_WEBHOOKS__ALLOW", "[\"*\"]")])?;
    let olga = owner(&server).await?;
    let secret = format!("whsec_{}", BASE64.encode(&[7; 32]));
    for (url, why) in [
        (format!("https://127.0.0.1:{port}/"), "loopback"),
        (format!("http://127.0.0.1:{port}/"), "https://"),
        (format!("https://[::ffff:127.0.0.1]:{port}/"), "loopback"),
        ("https://169.254.169.254/latest/meta-data".to_owned(), "link-local"),
        ("https://10.1.2.3/".to_owned(), "private"),
    ] {
        let (status, problem) = olga.call("POST", "/notifications/channels", Some(webhook(&url, &secret))).await?;
        assert_eq!((status, &problem["problems"][0]["field"]), (422, &json!("url")), "{url}: {problem}");
        assert!(problem["problems"][0]["message"].as_str().unwrap_or_default().contains(why), "{url}: {problem}");
    }
    // A name says nothing of where it leads: that is looked at when it is called.
    let named = webhook(&format!("https://localhost:{port}/"), &secret);
    let (status, channel) = olga.call("POST", "/notifications/channels", Some(named)).await?;
    ensure!(status == 201, "{channel}");
    let path = format!("/notifications/channels/{}/test", channel["id"].as_str().context("no id")?);
    let (_, tested) = olga.call("POST", &path, Some(json!({}))).await?;
    assert_eq!(
        (&tested["state"], &tested["error"]["code"]),
        (&json!("dead"), &json!("address-not-allowed")),
        "{tested}"
    );
    let called = tokio::time::timeout(Duration::from_millis(200), inside.accept()).await;
    assert!(called.is_err(), "somebody connected");

    // What the plan does not have is refused, and what the operator does not list too.
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), &["essential"], &[])?;
    let olga = owner(&server).await?;
    let unlisted = webhook("https://hooks.example.org/", &secret);
    let (status, problem) = olga.call("POST", "/notifications/channels", Some(unlisted.clone())).await?;
    assert_eq!(
        (status, problem["type"].as_str().unwrap_or_default().ends_with("/not-licensed")),
        (402, true),
        "{problem}"
    );
    server.company("Bigger", &["base"])?;
    server.owner("Bigger", "boss@bigger.test", "Bea")?;
    let boss = Api::log_in(&server.url(), "boss@bigger.test", PASSWORD).await?;
    let (status, problem) = boss.call("POST", "/notifications/channels", Some(unlisted)).await?;
    assert_eq!((status, &problem["problems"][0]["field"]), (422, &json!("url")), "{problem}");
    Ok(())
}
