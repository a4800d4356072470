use crate::support::{Site, code, read};
use hospes_session::id::DeliveryId;
use hospes_store::outbox::NewDelivery;
use serde_json::json;

/// A delivery of that company by that channel; answers its id.
async fn a_delivery(site: &Site, company: &str, channel: &str) -> String {
    let store = site.admin.store();
    let company = store.company_by_name(company).await.unwrap();
    let now = company.created_at + 1000;
    let new = NewDelivery {
        id: DeliveryId::from_parts(now, [5; 16]),
        channel: channel.parse().unwrap(),
        channel_title: "Customers".to_owned(),
        notifier: "notify-email".to_owned(),
        recipient: None,
        payload: json!({}),
    };
    // Claimed for ever: nobody tries it meanwhile.
    store.add_test(company.id, &new, "test", now, u64::MAX >> 1).await.unwrap().id.to_string()
}

/// Every route of the OpenAPI document that names a session, a technician or a login, asked with another company's id; an
/// owner is the one who could do most.
#[tokio::test]
async fn every_route_with_a_foreign_companys_id_answers_404() {
    let site = Site::start().await;
    site.company("Mine", "base", &[], 5).await;
    site.company("Theirs", "base", &[], 5).await;
    let mine = site.technician("Mine", "me@mine.test").await;
    let theirs = site.owner("Theirs", "they@theirs.test").await;
    let (id, _host) = mine.active().await;
    let technician = mine.id().await;
    let login = mine.get("/me/logins").await.1["logins"][0]["id"].as_str().unwrap().to_owned();

    let channel = mine.get("/notifications").await.1["channels"][0]["id"].as_str().unwrap().to_owned();
    let delivery = a_delivery(&site, "Mine", &channel).await;

    let document = serde_json::to_value(hospes_server::openapi()).unwrap();
    let mut asked = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        if !path.contains("{id}") {
            continue;
        }
        let of = [
            ("/notifications/channels/", &channel),
            ("/notifications/deliveries/", &delivery),
            ("/sessions/", &id),
            ("/technicians/", &technician),
            ("/me/logins/", &login),
        ];
        let (_, named) = of
            .iter()
            .find(|(start, _)| path.contains(start))
            .unwrap_or_else(|| panic!("this test does not know what {path} names"));
        let path = path.replace("{id}", named).replace("{capability}", "file-manager");
        assert!(!path.contains('{'), "this test does not know every parameter of {path}");
        for method in methods.as_object().unwrap().keys() {
            let method: reqwest::Method = method.to_uppercase().parse().unwrap();
            let body = match (method.as_str(), path.rsplit('/').next().unwrap()) {
                (_, "tickets") => json!({ "capability": "file-manager" }),
                (_, "reset") => json!({ "own_password": crate::support::PASSWORD }),
                ("PATCH", _) if path.contains("/sessions/") => json!({ "capabilities": ["file-manager"] }),
                ("PATCH", _) => json!({ "disabled": true }),
                ("PUT", _) => json!({
                    "notifier": "notify-email", "title": "x", "enabled": true, "events": ["session.ended"], "config": {}
                }),
                _ => json!({}),
            };
            let request = site.http.request(method.clone(), format!("{}{path}", site.url));
            let (status, problem) = read(request.bearer_auth(&theirs.token).json(&body).send().await.unwrap()).await;
            assert_eq!((status, code(&problem)), (404, "not-found"), "{method} {path}");
            asked += 1;
        }
    }
    assert!(
        asked >= 14,
        "sessions: show, choose, end, capabilities, tickets, channels; technicians: change, reset; logins; \
         notifications: of a session, change, remove, test, retry"
    );
    assert_eq!(theirs.get("/notifications/deliveries").await.1["deliveries"], json!([]));
    assert_eq!(theirs.get(&format!("/notifications/deliveries?before={delivery}")).await.1["deliveries"], json!([]));
    let (_, kept) = mine.get("/notifications/deliveries").await;
    assert_eq!(
        (&kept["deliveries"][0]["id"], &kept["deliveries"][0]["attempts"]),
        (&json!(delivery), &json!(1)),
        "{kept}"
    );
    assert_eq!(mine.get("/notifications").await.1["channels"][0]["title"], "Customers", "a foreign owner changed it");
    for query in [format!("technician={technician}"), format!("before={id}"), "technician=x".to_owned()] {
        assert_eq!(theirs.get(&format!("/sessions?{query}")).await.0, 404, "{query}");
    }
    assert_eq!(theirs.get(&format!("/audit.csv?session={id}")).await.0, 404);
    assert_eq!(theirs.get("/technicians").await.1["technicians"].as_array().unwrap().len(), 1);
    assert_eq!(mine.get("/me").await.0, 200, "a foreign owner ended the login");

    let (status, _) = theirs.get(&format!("/audit?session={id}")).await;
    assert_eq!(status, 404);
    assert_eq!(theirs.get("/sessions").await.1["sessions"], json!([]));
    assert!(!theirs.get("/audit").await.1.to_string().contains(&id));
    let (_, shown) = mine.get(&format!("/sessions/{id}")).await;
    assert_eq!(shown["state"], "active", "a foreign technician ended the session");

    // The same over the socket's own way of saying who one is.
    let mut socket = theirs.socket(&id, "file-manager").await;
    socket.say(&json!({ "v": 1, "token": theirs.token })).await;
    let refused = socket.hear().await;
    assert_eq!(code(&refused["refused"]), "not-found", "{refused}");
}
