use crate::support::Site;

#[tokio::test]
async fn plugin_pages_are_for_a_sandboxed_frame() {
    let site = Site::start().await;
    let ada = site.demo().await;
    let id = ada.prepare().await["id"].as_str().unwrap().to_owned();
    let (_, answer) = ada.get(&format!("/sessions/{id}/capabilities")).await;
    let files = answer["capabilities"].as_array().unwrap().iter().find(|c| c["id"] == "file-manager").unwrap();
    let page = files["page"]["url"].as_str().unwrap();
    let answer = site.http.get(format!("{}{page}", site.url)).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let headers = answer.headers().clone();
    assert_eq!(headers["access-control-allow-origin"], "*");
    assert_eq!(headers["content-type"], "text/html; charset=utf-8");
    assert!(headers["cache-control"].to_str().unwrap().contains("immutable"));
    assert!(!headers.contains_key("x-frame-options"), "the console could not show it");
    let policy = headers["content-security-policy"].to_str().unwrap();
    for directive in [
        "sandbox allow-scripts",
        "default-src 'none'",
        &format!("script-src {} 'wasm-unsafe-eval'", site.url),
        "worker-src data: blob:",
        &format!("frame-ancestors {}", site.url),
    ] {
        assert!(policy.contains(directive), "{directive} is not in {policy}");
    }
    assert!(!policy.contains("allow-same-origin"));
    let script = page.replace("index.html", "app.js");
    let answer = site.http.get(format!("{}{script}", site.url)).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/javascript; charset=utf-8");
    for wrong in [
        page.replace("index.html", "other.html"),
        "/plugins/00/ui/index.html".to_owned(),
        "/plugins/00/..%2f..%2fetc%2fpasswd".to_owned(),
    ] {
        assert_eq!(site.http.get(format!("{}{wrong}", site.url)).send().await.unwrap().status(), 404, "{wrong}");
    }
}

#[tokio::test]
async fn the_front_page_has_a_strict_policy_with_or_without_a_console() {
    let site = Site::start().await;
    let answer = site.http.get(format!("{}/", site.url)).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe-inline"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
}

#[test]
fn a_plugin_that_is_not_to_be_served_must_exist() {
    let load = |id: &str| hospes_server::plugins::Plugins::load(None, &[], &[id.to_owned()]).map(drop);
    load("dashboard").unwrap();
    let said = load("dashbord").unwrap_err().to_string();
    assert!(said.starts_with("setting without_plugins: there is no built-in plugin \"dashbord\""), "{said}");
}
