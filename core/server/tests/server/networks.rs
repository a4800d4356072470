use crate::support::{Host, Site, Technician, code, link_of, read};
use axum::http::HeaderValue;
use hospes_server::forwarded::{ForwardedHeader, Network};
use hospes_server::keys::Keys;
use hospes_server::settings::{RateLimits, Settings, Tls, Transports};
use hospes_transport::{Address, Authorities, ServerIdentity, Transport, TransportError, Ways, reach};
use hospes_wire::control::ServerMessage;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

fn by(transport: Transport) -> Ways {
    Ways { transport, ..Ways::default() }
}

fn only(udp: bool, websocket: bool) -> impl FnOnce(&mut Settings) {
    move |settings| settings.transports = Transports { udp, websocket }
}

async fn join(ada: &Technician, ways: &Ways) -> (Value, Host) {
    let prepared = ada.prepare().await;
    let link = link_of(&prepared);
    let connection = reach(&Address::from(&link), ways).await.unwrap();
    let mut host = Host::greet(connection, link, [9; 32]).await;
    host.join(prepared["security_code"].as_str().unwrap()).await;
    (prepared, host)
}

#[tokio::test]
async fn a_host_without_udp_has_the_same_conversation_over_the_websocket() {
    let site = Site::start_with(only(false, true)).await;
    let ada = site.demo().await;
    let (prepared, mut host) = join(&ada, &by(Transport::Auto)).await;
    assert!(host.connection.is_websocket());
    let id = prepared["id"].as_str().unwrap();
    assert_eq!(ada.get(&format!("/sessions/{id}")).await.1["online"], true);
    assert!(reach(&Address::from(&host.link), &by(Transport::Udp)).await.is_err(), "UDP was to be off");
    // An end is told at once, as over UDP.
    ada.post(&format!("/sessions/{id}/end"), &json!({})).await;
    assert!(matches!(host.hear().await, ServerMessage::Ended { .. }));
    drop(host);
    site.running.unwrap().shut().await;
}

#[tokio::test]
async fn an_operator_may_switch_the_websocket_off() {
    let site = Site::start_with(only(true, false)).await;
    let ada = site.demo().await;
    let (_, host) = join(&ada, &by(Transport::Auto)).await;
    assert!(!host.connection.is_websocket());
    let error = reach(&Address::from(&host.link), &by(Transport::WebSocket)).await.unwrap_err();
    assert!(matches!(&error, TransportError::WebSocket { reason, .. } if reason.contains("404")), "{error:?}");
    let (status, problem) = read(site.http.get(format!("{}/host", site.url)).send().await.unwrap()).await;
    assert_eq!((status, code(&problem)), (404, "websocket-off"));
}

#[tokio::test]
async fn the_hosts_socket_is_no_place_for_pages() {
    let site = Site::start().await;
    let address = site.url.trim_start_matches("http://").to_owned();
    for (origin, expect) in
        [(Some("https://evil.example"), Some(403)), (Some(site.url.as_str()), Some(403)), (None, None)]
    {
        let mut request = format!("ws://{address}/host").into_client_request().unwrap();
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", HeaderValue::from_str(origin).unwrap());
        }
        let tcp = tokio::net::TcpStream::connect(&address).await.unwrap();
        let refused = match tokio_tungstenite::client_async(request, tcp).await {
            Ok(_) => None,
            Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => Some(answer.status().as_u16()),
            Err(other) => panic!("{other}"),
        };
        assert_eq!(refused, expect, "{origin:?}");
    }
    let (status, problem) = read(site.http.get(format!("{}/host", site.url)).send().await.unwrap()).await;
    assert_eq!((status, code(&problem)), (426, "upgrade-required"));
}

/// Log-ins that fail, at once, with `X-Forwarded-For`; whether any of them was one too many.
async fn too_many(site: &Site, forwarded: impl Fn(usize) -> String) -> bool {
    // 30 a minute are free, and one more every two seconds.
    let all = (0..60).map(|number| {
        let body = json!({ "email": "ada@demo.test", "password": "wrong horse battery" });
        let request = site.http.post(format!("{}/api/v1/auth/login", site.url));
        request.header("x-forwarded-for", forwarded(number)).json(&body).send()
    });
    let answers = futures_util::future::join_all(all).await;
    answers.into_iter().any(|answer| answer.unwrap().status() == 429)
}

fn limited(trusted: &'static [&'static str]) -> impl FnOnce(&mut Settings) {
    move |settings| {
        settings.rate_limits = RateLimits { logins_per_minute: 30, codes_per_minute: 30 };
        settings.trusted_proxies = trusted.iter().map(|text| text.parse::<Network>().unwrap()).collect();
        settings.forwarded_header = ForwardedHeader::XForwardedFor;
    }
}

#[tokio::test]
async fn rate_limits_and_audit_see_the_customer_behind_a_trusted_proxy_only() {
    let site = Site::start_with(limited(&["127.0.0.0/8"])).await;
    let ada = site.demo().await;
    assert!(too_many(&site, |_| "203.0.113.5".to_owned()).await);
    assert!(!too_many(&site, |number| format!("198.51.100.{number}")).await, "each customer counts alone");
    // What a customer wrote himself does not help.
    assert!(too_many(&site, |number| format!("192.0.2.{number}, 203.0.113.7")).await);
    let (_, audit) = ada.get("/audit").await;
    assert!(audit.to_string().contains("address:203.0.113.5"), "{audit}");

    let site = Site::start_with(limited(&["192.0.2.0/24"])).await;
    site.demo().await;
    assert!(too_many(&site, |number| format!("198.51.100.{number}")).await, "a header of anybody is not believed");
}

/// A certificate for `localhost` of a new authority, in the two files; answers the authority.
fn renew(folder: &Path) -> String {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    let mut root = CertificateParams::default();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root_key = KeyPair::generate().unwrap();
    let authority = root.self_signed(&root_key).unwrap().pem();
    let key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let own = own.signed_by(&key, &Issuer::new(root, root_key)).unwrap();
    std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    std::fs::write(folder.join("cert.pem"), own.pem()).unwrap();
    authority
}

#[tokio::test]
async fn a_private_authority_serves_and_a_renewed_certificate_is_read_without_a_restart() {
    let certificates = tempfile::tempdir().unwrap();
    let mut authority = renew(certificates.path());
    let file = |name: &str| certificates.path().join(name);
    let tls = Tls { cert: file("cert.pem"), key: file("key.pem") };
    let site = Site::start_with(|settings| settings.tls = Some(tls)).await;
    let port = site.running.as_ref().unwrap().address().port();
    let identity = Keys::load(&site.dir.path().join("data")).unwrap().identity;
    let pin = ServerIdentity::from_secret(identity).unwrap().pin();
    let address = Address { host: "localhost".to_owned(), port, secure: true, pin };
    let reaches = async |authority: &str| {
        let ways = Ways {
            transport: Transport::WebSocket,
            proxy: None,
            authorities: Authorities::from_pem(authority.as_bytes()).unwrap(),
        };
        reach(&address, &ways).await
    };
    assert!(reaches(&authority).await.unwrap().is_websocket());
    let stranger = renew(tempfile::tempdir().unwrap().path());
    assert!(matches!(reaches(&stranger).await.unwrap_err(), TransportError::Certificate { .. }));

    for signal in [true, false] {
        let old = std::mem::replace(&mut authority, renew(certificates.path()));
        if signal {
            let status = std::process::Command::new("kill").args(["-HUP", &std::process::id().to_string()]).status();
            assert!(status.unwrap().success());
        }
        let read_again = async {
            while reaches(&authority).await.is_err() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(15), read_again).await.expect("the new certificate is served");
        assert!(reaches(&old).await.is_err());
    }

    // What cannot be used does not take the place of what can.
    std::fs::write(file("cert.pem"), "no certificate").unwrap();
    std::process::Command::new("kill").args(["-HUP", &std::process::id().to_string()]).status().unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(reaches(&authority).await.is_ok());
}
