use crate::support::{Site, Technician, code, read};
use hospes_server::settings::{Mail, MailTls, Webhooks};
use hospes_session::id::{DeliveryId, NotificationChannelId};
use hospes_store::model::Audit;
use hospes_store::outbox::{NewDelivery, NotificationChannel};
use reqwest::Method;
use serde_json::{Value, json};

/// A mail server that does not answer: settings are what is looked at here.
fn mail() -> Mail {
    Mail {
        host: "127.0.0.1".to_owned(),
        port: Some(1),
        tls: MailTls::None,
        ca: None,
        user: None,
        password: None,
        password_file: None,
        from: "Support <support@example.org>".to_owned(),
        timeout: 1,
    }
}

async fn call(who: &Technician, method: Method, path: &str, body: &Value) -> (u16, Value) {
    let request = who.http.request(method, format!("{}/api/v1{path}", who.url)).bearer_auth(&who.token).json(body);
    read(request.send().await.unwrap()).await
}

#[tokio::test]
async fn r19_a_new_company_has_two_channels_that_owners_change() {
    let site = Site::start_with(|settings| settings.mail = Some(mail())).await;
    let ada = site.demo().await;
    let olga = site.owner("Demo", "olga@demo.test").await;
    let (_, overview) = olga.get("/notifications").await;
    assert_eq!(overview["mail"], json!({ "configured": true, "from": "Support <support@example.org>" }));
    assert_eq!(overview["editable"], true);
    assert_eq!(ada.get("/notifications").await.1["editable"], false);
    let titles: Vec<_> = overview["channels"].as_array().unwrap().iter().map(|channel| &channel["title"]).collect();
    assert_eq!(titles, ["Customers", "Technicians"]);
    assert_eq!(overview["channels"][0]["config"], json!({ "recipients": ["customer"] }));
    let ids: Vec<_> = overview["notifiers"].as_array().unwrap().iter().map(|notifier| &notifier["id"]).collect();
    assert_eq!(ids, ["notify-email", "notify-webhook"]);

    let id = overview["channels"][0]["id"].as_str().unwrap();
    let path = format!("/notifications/channels/{id}");
    let body =
        json!({ "notifier": "notify-email", "title": "x", "enabled": true, "events": ["session.ended"], "config": {} });
    for (method, path) in [
        (Method::POST, "/notifications/channels"),
        (Method::PUT, &path),
        (Method::DELETE, &path),
        (Method::POST, &format!("{path}/test")),
    ] {
        let (status, problem) = call(&ada, method.clone(), path, &body).await;
        assert_eq!((status, code(&problem)), (403, "owner-only"), "{method} {path}");
    }
    let (status, _) = call(&olga, Method::DELETE, &path, &json!({})).await;
    assert_eq!(status, 204);
    assert_eq!(olga.get("/notifications").await.1["channels"].as_array().unwrap().len(), 1);
    let (_, log) = olga.get("/audit?action=notification.channel.remove").await;
    assert_eq!(log["entries"].as_array().unwrap().len(), 1, "{log}");
}

#[tokio::test]
async fn without_a_mail_server_nothing_is_mailed_and_that_is_said() {
    let site = Site::start().await;
    let ada = site.demo().await;
    let prepared = ada.prepare().await;
    assert_eq!(ada.get("/notifications").await.1["mail"], json!({ "configured": false }));
    let store = site.admin.store();
    crate::support::eventually("the outbox is worked off", || async { store.outbox(0, 9).await.unwrap().is_empty() })
        .await;
    let id = prepared["id"].as_str().unwrap();
    assert_eq!(ada.get(&format!("/sessions/{id}/notifications")).await.1["deliveries"], json!([]));
}

#[tokio::test]
async fn wrong_settings_of_a_channel_are_named_field_by_field() {
    let site = Site::start_with(|settings| settings.webhooks = Webhooks::default()).await;
    site.company("Demo", "base", &[], 5).await;
    let olga = site.owner("Demo", "olga@demo.test").await;
    let good =
        json!({ "notifier": "nobody", "title": "T", "enabled": true, "events": ["session.ended"], "config": {} });
    let check = async |field: &str, value: Value, expect: &str| {
        let mut body = good.clone();
        body[field] = value.clone();
        let (status, problem) = call(&olga, Method::POST, "/notifications/channels", &body).await;
        assert_eq!((status, code(&problem)), (422, "bad-config"), "{field} {value}: {problem}");
        let fields: Vec<_> = problem["problems"].as_array().unwrap().iter().map(|one| one["field"].clone()).collect();
        assert!(fields.contains(&json!(expect)), "{field} {value}: {problem}");
    };
    check("notifier", json!("nobody"), "notifier").await;
    check("title", json!(" "), "title").await;
    check("title", json!("a\nb"), "title").await;
    check("title", json!("x".repeat(101)), "title").await;
    check("events", json!([]), "events").await;
    check("events", json!(["session.lost"]), "events").await;
    check("events", json!(["session.ended", "session.ended"]), "events").await;
    check("config", json!([]), "config").await;
    check("config", json!({ "x": "y".repeat(17 << 10) }), "config").await;
}

#[tokio::test]
async fn deliveries_are_listed_by_state_and_page() {
    let site = Site::start().await;
    let ada = site.demo().await;
    assert_eq!(ada.get("/notifications/deliveries").await.1, json!({ "deliveries": [] }));
    for (query, detail) in [
        ("state=gone", "waiting, delivered or dead"),
        ("limit=0", "1 to 500"),
        ("limit=501", "1 to 500"),
        ("before=x", "'next'"),
        ("colour=red", "colour"),
    ] {
        let (status, problem) = ada.get(&format!("/notifications/deliveries?{query}")).await;
        assert_eq!((status, code(&problem)), (400, "bad-parameter"), "{query}");
        assert!(problem["detail"].as_str().unwrap().contains(detail), "{query}: {problem}");
    }
}

#[tokio::test]
async fn r19_the_path_of_a_webhook_is_for_owners_and_a_delivery_is_sent_again_once_a_minute() {
    let site = Site::start().await;
    let ada = site.demo().await;
    let olga = site.owner("Demo", "olga@demo.test").await;
    let store = site.admin.store();
    let company = store.company_by_name("Demo").await.unwrap().id;
    let url = "https://hooks.example.org/services/T0/private";
    let channel = NotificationChannel {
        id: NotificationChannelId::from_parts(1, [9; 16]),
        company,
        notifier: "notify-webhook".to_owned(),
        title: "Hook".to_owned(),
        enabled: true,
        events: vec!["session.ended".to_owned()],
        config: json!({ "url": url, "secret": "s" }),
        created_at: 1,
    };
    let (actor, action) = ("test".to_owned(), "test".to_owned());
    let audit = Audit { company: Some(company), session: None, actor, action, detail: json!({}) };
    store.add_notification_channel(&channel, &audit).await.unwrap();
    let shown = async |who: &Technician| {
        let (_, overview) = who.get("/notifications").await;
        let channels = overview["channels"].as_array().unwrap();
        channels.iter().find(|one| one["title"] == "Hook").unwrap()["config"].clone()
    };
    assert_eq!(shown(&olga).await, json!({ "url": url, "secret": "set" }));
    assert_eq!(shown(&ada).await, json!({ "url": "https://hooks.example.org/\u{2026}", "secret": "set" }));

    let new = NewDelivery {
        id: DeliveryId::from_parts(1, [9; 16]),
        channel: channel.id,
        channel_title: channel.title,
        notifier: channel.notifier,
        recipient: None,
        payload: json!({}),
    };
    store.add_test(company, &new, "test", 1, u64::MAX >> 2).await.unwrap();
    let again = format!("/notifications/deliveries/{}/retry", new.id);
    let nothing = json!({});
    let (status, problem) = call(&ada, Method::POST, &again, &nothing).await;
    assert_eq!((status, code(&problem)), (409, "stale"), "it is being tried");
    let (status, problem) = call(&ada, Method::POST, &again, &nothing).await;
    assert_eq!((status, code(&problem)), (429, "too-many-tries"));

    let path = format!("/notifications/channels/{}", channel.id);
    assert_eq!(call(&olga, Method::DELETE, &path, &nothing).await.0, 204);
    let (_, log) = olga.get("/audit?action=notification.channel.remove").await;
    assert!(log.to_string().contains("https://hooks.example.org/"), "{log}");
    assert!(!log.to_string().contains("private"), "{log}");
}
