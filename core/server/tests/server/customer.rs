use crate::support::{Host, Site, code, read};
use hospes_wire::link::DeploymentLink;
use serde_json::{Value, json};

/// Every state of a link in every language.
#[tokio::test]
async fn r3_the_page_behind_the_link_in_each_state_and_language() {
    let site = Site::start().await;
    site.company("Demo", "base", &[], 9).await;
    let mut technicians = Vec::new();
    for n in 0..4 {
        technicians.push(site.technician("Demo", &format!("t{n}@demo.test")).await);
    }
    let open = technicians[0].prepare().await;
    let used = technicians[1].prepare().await;
    Host::dial(&used, [1; 32]).await.join(used["security_code"].as_str().unwrap()).await;
    let ended = technicians[2].prepare().await;
    technicians[2].post(&format!("/sessions/{}/end", ended["id"].as_str().unwrap()), &json!({})).await;
    let burned = technicians[3].prepare().await;
    let mut guesser = Host::dial(&burned, [2; 32]).await;
    for _ in 0..5 {
        guesser.pair("not it").await;
    }
    let unknown = json!({ "deployment_link": format!("{}/s/{}", site.url, "a".repeat(77)) });
    let cut = json!({ "deployment_link": open["deployment_link"].as_str().unwrap().split_at(40).0 });

    let cases: &[(&str, &Value, u16, [&str; 3])] = &[
        ("open", &open, 200, ["invites you", "vous invite", "le invita"]),
        ("used", &used, 410, ["has been used", "a déjà servi", "ya se ha usado"]),
        ("ended", &ended, 410, ["is over", "est terminée", "ha terminado"]),
        ("burned", &burned, 410, ["no longer works", "ne fonctionne plus", "ya no funciona"]),
        ("unknown", &unknown, 404, ["is not known", "est inconnu", "no se conoce"]),
        ("cut", &cut, 404, ["is not known", "est inconnu", "no se conoce"]),
    ];
    for (name, prepared, status, texts) in cases {
        for (language, text) in ["en", "fr", "es"].iter().zip(texts) {
            let url = format!("{}?lang={language}", prepared["deployment_link"].as_str().unwrap());
            let answer = site.http.get(&url).send().await.unwrap();
            assert_eq!(answer.status(), *status, "{name}");
            let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
            assert!(policy.contains("default-src 'none'") && !policy.contains("script-src"), "{policy}");
            assert_eq!(answer.headers()["referrer-policy"], "no-referrer", "the address holds a secret");
            assert_eq!(answer.headers()["cache-control"], "no-store");
            let page = answer.text().await.unwrap();
            assert!(page.contains(text), "{name} in {language} does not say {text:?}:\n{page}");
            assert!(page.contains(&format!("<html lang=\"{language}\">")), "{name} {language}");
            assert!(!page.contains("<script"), "{name}");
        }
    }
}

#[tokio::test]
async fn r3_the_page_says_who_what_and_how_long_and_gives_the_host() {
    let site = Site::start().await;
    site.company("Tom & Söhne <b>", "base", &[], 5).await;
    let ada = site.technician("Tom & Söhne <b>", "ada@demo.test").await;
    let (_, prepared) = ada.post("/sessions", &json!({ "customer_email": "c@x.org", "language": "fr" })).await;
    let link = prepared["deployment_link"].as_str().unwrap();
    let request = site.http.get(link).header("accept-language", "es");
    let page = request.send().await.unwrap().text().await.unwrap();
    for part in [
        "Tom &amp; Söhne &lt;b&gt;",
        "Ada Tech",
        "Non confirmé",
        "file-manager fr",
        "remote-control fr",
        "24 heures",
        "host/linux-x86_64",
    ] {
        assert!(page.contains(part), "{part:?} is not on the page:\n{page}");
    }
    assert!(!page.contains("href=\"/s/windows"), "no Windows host is there");
    assert!(page.contains("n’est pas disponible"), "it must say so");

    let answer = site.http.get(format!("{link}/host/linux-x86_64")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let disposition = answer.headers()["content-disposition"].to_str().unwrap().to_owned();
    let name = disposition.split('"').nth(1).unwrap();
    assert_eq!(DeploymentLink::from_file_name(name).unwrap(), link.parse().unwrap(), "{name}");
    assert_eq!(answer.headers()["content-length"], "8");
    assert_eq!(answer.text().await.unwrap(), "an agent");
    for system in ["windows-x86_64", "amiga", "..%2f..%2fdata%2fidentity.key"] {
        let (status, problem) = read(site.http.get(format!("{link}/host/{system}")).send().await.unwrap()).await;
        assert_eq!((status, code(&problem)), (404, "no-host-for-system"), "{system}");
    }
    // Mail scanners follow links: nothing was consumed.
    let (_, shown) = ada.get(&format!("/sessions/{}", prepared["id"].as_str().unwrap())).await;
    assert_eq!((shown["state"].as_str(), &shown["wrong_codes"]), (Some("prepared"), &json!(0)));
    Host::dial(&prepared, [1; 32]).await.join(prepared["security_code"].as_str().unwrap()).await;
    let (status, _) = read(site.http.get(format!("{link}/host/linux-x86_64")).send().await.unwrap()).await;
    assert_eq!(status, 410);
}
