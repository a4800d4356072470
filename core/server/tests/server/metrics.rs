use crate::channels;
use crate::support::{Host, Site, code, read};
use hospes_server::settings::Settings;
use hospes_wire::channel::FromHost;
use hospes_wire::problem::Problem;
use serde_json::json;

async fn metrics(site: &Site, headers: &[(&str, &str)]) -> (u16, String) {
    let mut request = site.http.get(format!("{}/metrics", site.url));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    let status = answer.status().as_u16();
    assert!(status != 200 || kind.starts_with("application/openmetrics-text; version=1.0.0"), "{kind}");
    (status, answer.text().await.unwrap())
}

#[tokio::test]
async fn metrics_count_what_happens() {
    let site = Site::start().await;
    let ada = site.demo().await;
    let (_, mut host) = ada.active().await;
    let (status, problem) = ada.post("/sessions", &json!({ "customer_email": "c@example.com" })).await;
    assert_eq!((status, code(&problem)), (409, "quota-technician"));
    let login = site.http.post(format!("{}/api/v1/auth/login", site.url));
    let wrong = login.json(&json!({ "email": "ada@demo.test", "password": "wrong" })).send().await.unwrap();
    assert_eq!(read(wrong).await.0, 401);
    host.pair("000000").await;
    let (status, text) = metrics(&site, &[]).await;
    assert_eq!(status, 200);
    for line in [
        "hospes_sessions{state=\"prepared\"} 0",
        "hospes_sessions{state=\"active\"} 1",
        "hospes_sessions_prepared_total 1",
        "hospes_sessions_activated_total 1",
        "hospes_hosts_online 1",
        "hospes_logins_failed_total 1",
        "hospes_refusals_total{via=\"http\",reason=\"quota-technician\"} 1",
        "hospes_refusals_total{via=\"http\",reason=\"wrong-credentials\"} 1",
        "hospes_http_requests_total{method=\"POST\",route=\"/api/v1/sessions\",status=\"201\"} 1",
        "hospes_http_requests_total{method=\"POST\",route=\"/api/v1/sessions\",status=\"409\"} 1",
    ] {
        assert!(text.lines().any(|served| served == line), "{text}\nlacks {line}");
    }
    // Ids of sessions are no labels.
    ada.get("/sessions/0190163d-8694-739b-aea5-966c26f8ad91").await;
    assert!(!metrics(&site, &[]).await.1.contains("0190163d"));
    drop(host);
}

#[tokio::test]
async fn metrics_are_the_operators_only() {
    let token = "a-token-of-the-operators";
    let site = Site::start_with(|settings| settings.metrics.token = Some(token.to_owned())).await;
    let bearer = format!("Bearer {token}");
    let proxied = ("x-forwarded-for", "203.0.113.7");
    for (headers, expect) in [
        (vec![], 403),
        (vec![("authorization", &*bearer)], 200),
        (vec![proxied], 403),
        (vec![("forwarded", "for=203.0.113.7")], 403),
        (vec![("via", "1.1 proxy")], 403),
        (vec![proxied, ("authorization", "Bearer a-token-of-somebody")], 403),
        (vec![proxied, ("authorization", token)], 403),
        (vec![proxied, ("authorization", &bearer)], 200),
    ] {
        let (status, text) = metrics(&site, &headers).await;
        assert_eq!(status, expect, "{headers:?}: {text}");
    }
    let closed = Site::start().await;
    assert_eq!(metrics(&closed, &[]).await.0, 200, "nothing says that others than this machine come");
    let elsewhere: [fn(&mut Settings); 2] = [
        |settings| settings.public_url = Some("https://support.example.org".to_owned()),
        |settings| settings.trusted_proxies = vec!["192.0.2.7".parse().unwrap()],
    ];
    for change in elsewhere {
        let (status, text) = metrics(&Site::start_with(change).await, &[]).await;
        assert_eq!(status, 403, "{text}");
    }
    let (status, text) = metrics(&closed, &[proxied, ("authorization", "Bearer ")]).await;
    assert_eq!(status, 403);
    assert!(text.contains("metrics-closed") && text.contains("metrics.token"), "{text}");
}

#[tokio::test]
async fn a_refused_channel_is_counted() {
    let site = Site::start().await;
    let ada = site.demo().await;
    let prepared = ada.prepare().await;
    let mut socket = ada.socket(prepared["id"].as_str().unwrap(), "file-manager").await;
    socket.say(&json!({ "v": 1, "token": ada.token })).await;
    assert_eq!(code(&socket.hear().await["refused"]), "session-not-active");
    let (_, text) = metrics(&site, &[]).await;
    assert!(text.contains("hospes_refusals_total{via=\"channel\",reason=\"session-not-active\"} 1"), "{text}");
    let _host = Host::dial(&prepared, [1; 32]).await;
}

#[tokio::test]
async fn channels_bytes_and_budgets_are_counted_by_capability() {
    let site = Site::start().await;
    let ada = site.demo().await;
    let (id, host) = ada.active().await;
    let (mut socket, mut stream, _) = channels::open(&ada, &id, &host).await;
    socket.send(vec![7; 1000]).await;
    stream.recv().await.unwrap().unwrap();
    stream.send([&[0][..], &[8; 500]].concat()).await.unwrap();
    socket.recv().await;
    let (_, text) = metrics(&site, &[]).await;
    for line in [
        "hospes_channels_open{capability=\"file-manager\"} 1",
        "hospes_channels_opened_total{capability=\"file-manager\"} 1",
        "hospes_relayed_bytes_total{direction=\"to-host\"} 1000",
        "hospes_relayed_bytes_total{direction=\"from-host\"} 500",
    ] {
        assert!(text.lines().any(|served| served == line), "{text}\nlacks {line}");
    }
    let title = "plugin file-manager was ended: its memory budget is used up";
    let problem = json!({ "type": "https://hospes.dev/problems/plugin-budget", "title": title, "status": 500 });
    stream.send([&[2][..], problem.to_string().as_bytes()].concat()).await.unwrap();
    assert_eq!(code(&socket.hear().await["problem"]), "plugin-budget");
    // What a host makes up is one word.
    let mut socket = ada.socket(&id, "file-manager").await;
    socket.say(&json!({ "v": 1, "token": ada.token })).await;
    let (mut stream, ..) = channels::asked(&host).await;
    channels::answer(&mut stream, FromHost::Refused { problem: Problem::new("made-up", 403, "No") }).await;
    assert_eq!(code(&socket.hear().await["refused"]), "made-up");
    let (_, text) = metrics(&site, &[]).await;
    for line in [
        "hospes_plugin_budgets_exceeded_total{plugin=\"file-manager\",budget=\"memory\"} 1",
        "hospes_refusals_total{via=\"channel\",reason=\"other\"} 1",
    ] {
        assert!(text.lines().any(|served| served == line), "{text}\nlacks {line}");
    }
    assert!(!text.contains("hospes_channels_open{"), "{text}");
}
