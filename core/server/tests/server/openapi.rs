use crate::support::Site;
use serde_json::Value;
use std::collections::BTreeSet;

#[tokio::test]
async fn the_document_is_openapi_3_1_and_lists_what_the_surfaces_promise() {
    let site = Site::start().await;
    let document: Value =
        site.http.get(format!("{}/api/v1/openapi.json", site.url)).send().await.unwrap().json().await.unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut listed = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            listed.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let promised = [
        "POST /api/v1/auth/login",
        "POST /api/v1/auth/logout",
        "GET /api/v1/me",
        "PATCH /api/v1/me",
        "POST /api/v1/me/password",
        "GET /api/v1/me/logins",
        "DELETE /api/v1/me/logins/{id}",
        "POST /api/v1/me/logout-everywhere",
        "GET /api/v1/technicians",
        "POST /api/v1/technicians",
        "PATCH /api/v1/technicians/{id}",
        "POST /api/v1/technicians/{id}/reset",
        "POST /api/v1/sessions",
        "GET /api/v1/sessions",
        "GET /api/v1/sessions/{id}",
        "PATCH /api/v1/sessions/{id}",
        "POST /api/v1/sessions/{id}/end",
        "GET /api/v1/sessions/{id}/capabilities",
        "POST /api/v1/sessions/{id}/tickets",
        "GET /api/v1/sessions/{id}/channels/{capability}",
        "GET /api/v1/events",
        "GET /api/v1/audit",
        "GET /api/v1/audit.csv",
        "GET /api/v1/notifications",
        "POST /api/v1/notifications/channels",
        "PUT /api/v1/notifications/channels/{id}",
        "DELETE /api/v1/notifications/channels/{id}",
        "POST /api/v1/notifications/channels/{id}/test",
        "GET /api/v1/notifications/deliveries",
        "POST /api/v1/notifications/deliveries/{id}/retry",
        "GET /api/v1/sessions/{id}/notifications",
        "GET /api/v1/healthz",
        "GET /api/v1/readyz",
        "GET /api/v1/metrics",
    ];
    assert_eq!(listed, promised.iter().map(|route| (*route).to_owned()).collect());
    // Each is served: what is not answers that there is no such call, or does not take the method.
    for route in promised {
        let (method, path) = route.split_once(' ').unwrap();
        let path = path.replace("{id}", "01890a5d-ac96-774b-bcce-b302099a8057").replace("{capability}", "file-manager");
        let request = site.http.request(method.parse().unwrap(), format!("{}{path}", site.url));
        let status = request.send().await.unwrap().status();
        assert!(![404, 405].contains(&status.as_u16()), "{route}: {status}");
    }
}

#[tokio::test]
async fn health_readiness_and_metrics_need_no_login() {
    let site = Site::start().await;
    site.demo().await.prepare().await;
    for prefix in ["", "/api/v1"] {
        for (path, part) in [("/healthz", "ok"), ("/readyz", "ready"), ("/metrics", "hospes_sessions_prepared_total 1")]
        {
            let answer = site.http.get(format!("{}{prefix}{path}", site.url)).send().await.unwrap();
            assert_eq!(answer.status(), 200);
            let text = answer.text().await.unwrap();
            assert!(text.contains(part), "{path}: {text}");
        }
    }
}
