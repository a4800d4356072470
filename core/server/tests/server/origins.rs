use crate::support::{PASSWORD, Site, code, read};
use reqwest::header;
use serde_json::json;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

#[tokio::test]
async fn a_cookie_changes_nothing_from_another_origin() {
    let site = Site::start().await;
    let ada = site.demo().await;
    let id = ada.prepare().await["id"].as_str().unwrap().to_owned();
    let body = json!({ "email": "ada@demo.test", "password": PASSWORD });
    let answer = site.http.post(format!("{}/api/v1/auth/login", site.url)).json(&body).send().await.unwrap();
    let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let end = |origin: Option<&str>| {
        let mut request =
            site.http.post(format!("{}/api/v1/sessions/{id}/end", site.url)).header(header::COOKIE, &cookie);
        if let Some(origin) = origin {
            request = request.header(header::ORIGIN, origin);
        }
        request.send()
    };
    let port = site.url.rsplit(':').next().unwrap().to_owned();
    for origin in [
        None,
        Some("https://evil.example"),
        Some("null"),
        Some("http://127.0.0.1"),
        Some(&*format!("http://127.0.0.1.evil:{port}")),
    ] {
        let (status, problem) = read(end(origin).await.unwrap()).await;
        assert_eq!((status, code(&problem)), (403, "foreign-origin"), "{origin:?}");
    }
    assert_eq!(ada.get(&format!("/sessions/{id}")).await.1["state"], "prepared");
    assert_eq!(end(Some(&site.url)).await.unwrap().status(), 200);
}

#[tokio::test]
async fn sockets_check_the_origin_and_take_no_cookie() {
    let site = Site::start().await;
    let ada = site.demo().await;
    let (id, _host) = ada.active().await;
    let connect = async |origin: Option<&str>| {
        let address = site.url.trim_start_matches("http://").to_owned();
        let url = format!("ws://{address}/api/v1/sessions/{id}/channels/file-manager");
        let mut request = url.into_client_request().unwrap();
        let cookie = format!("hospes_session={}", ada.token);
        request.headers_mut().insert("cookie", cookie.parse().unwrap());
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse().unwrap());
        }
        let tcp = tokio::net::TcpStream::connect(address).await.unwrap();
        tokio_tungstenite::client_async(request, tcp).await.map(|_| ())
    };
    match connect(Some("https://evil.example")).await {
        Err(Error::Http(answer)) => assert_eq!(answer.status(), 403),
        other => panic!("a foreign page was let in: {other:?}"),
    }
    connect(Some(&site.url)).await.unwrap();
    connect(None).await.unwrap();

    // The cookie alone opens nothing.
    let mut socket = ada.socket(&id, "file-manager").await;
    socket.say(&json!({ "v": 1 })).await;
    assert_eq!(code(&socket.hear().await["refused"]), "bad-message");
}
