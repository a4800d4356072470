use crate::support::{PASSWORD, Site};
use hospes_server::admin::NewCompany;
use hospes_store::model::Role;

#[tokio::test]
async fn the_command_line_says_what_is_wrong_with_a_company_or_technician() {
    let site = Site::start().await;
    site.company("Demo", "base", &["insight"], 5).await;
    let company = async |name: &str, plan: &str, module: Option<&str>| {
        let modules = module.map(str::to_owned).into_iter().collect();
        let new = NewCompany { name: name.to_owned(), plan: plan.to_owned(), modules, seats: 1 };
        site.admin.add_company(&new).await.unwrap_err().to_string()
    };
    assert!(company("Demo", "base", None).await.contains("exists"));
    assert!(company("X", "gold", None).await.contains("essential, base, plus, premier"));
    assert!(company("X", "base", Some("inside")).await.contains("insight"));
    assert!(company(" ", "base", None).await.contains("name"));
    let technician = async |company: &str, email: &str, password: &str| {
        let added = site.admin.add_technician(company, email, "T", Role::Owner, password.to_owned().into()).await;
        added.map(|_| ()).map_err(|error| error.to_string())
    };
    assert!(technician("Nobody", "a@x.org", PASSWORD).await.unwrap_err().contains("Nobody"));
    assert!(technician("Demo", "a", PASSWORD).await.unwrap_err().contains("e-mail"));
    assert!(technician("Demo", "a@x.org", "short").await.unwrap_err().contains("8 to"));
    technician("Demo", "a@x.org", PASSWORD).await.unwrap();
    assert!(technician("Demo", "A@X.org", PASSWORD).await.unwrap_err().contains("exists"));
}

#[tokio::test]
async fn a_server_that_stops_and_starts_keeps_identity_logins_and_sessions() {
    let mut site = Site::start().await;
    let ada = site.demo().await;
    let prepared = ada.prepare().await;
    site.running.take().unwrap().shut().await;
    let address = site.url.trim_start_matches("http://").parse().unwrap();
    let settings = hospes_server::settings::Settings {
        listen: address,
        data: site.dir.path().join("data"),
        ..hospes_server::settings::Settings::default()
    };
    let again = hospes_server::start(settings).await.unwrap();
    let (status, shown) = ada.get(&format!("/sessions/{}", prepared["id"].as_str().unwrap())).await;
    assert_eq!((status, shown["state"].as_str()), (200, Some("prepared")));
    // The link's pin is still the server's.
    crate::support::Host::dial(&prepared, [4; 32]).await;
    again.shut().await;
}

#[tokio::test]
async fn with_a_certificate_everything_is_https_and_the_cookie_is_secure() {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let files = tempfile::tempdir().unwrap();
    let (cert, key) = (files.path().join("cert.pem"), files.path().join("key.pem"));
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let site = Site::start_with(|settings| {
        settings.tls = Some(hospes_server::settings::Tls { cert: cert.clone(), key: key.clone() });
    })
    .await;
    site.company("Demo", "base", &[], 5).await;
    let password = PASSWORD.to_owned().into();
    site.admin.add_technician("Demo", "a@demo.test", "T", Role::Owner, password).await.unwrap();
    let url = site.url.replace("http://", "https://");
    let http = reqwest::Client::builder().tls_danger_accept_invalid_certs(true).build().unwrap();
    let body = serde_json::json!({ "email": "a@demo.test", "password": PASSWORD });
    let answer = http.post(format!("{url}/api/v1/auth/login")).header("origin", &url).json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.headers()["set-cookie"].to_str().unwrap().contains("Secure"));
    assert!(answer.headers().contains_key("strict-transport-security"));
    assert!(site.http.get(format!("{}/healthz", site.url)).send().await.is_err(), "plain http was answered");

    std::fs::write(&key, "no key").unwrap();
    let settings = hospes_server::settings::Settings {
        listen: "127.0.0.1:0".parse().unwrap(),
        data: files.path().join("data"),
        tls: Some(hospes_server::settings::Tls { cert, key }),
        ..hospes_server::settings::Settings::default()
    };
    let Err(error) = hospes_server::start(settings).await else { panic!("started with a broken key") };
    assert!(error.to_string().contains("key.pem"), "{error}");
}

#[tokio::test]
async fn a_second_server_on_the_same_data_is_refused_and_a_next_one_is_not() {
    let mut site = crate::support::Site::start().await;
    let settings = hospes_server::settings::Settings {
        listen: "127.0.0.1:0".parse().unwrap(),
        data: site.dir.path().join("data"),
        ..Default::default()
    };
    assert!(settings.data.join("hospes.db").is_file(), "the site's data lie elsewhere");
    let Err(error) = hospes_server::start(settings.clone()).await else { panic!("two servers on one directory") };
    assert!(error.to_string().contains("another server"), "{error}");
    site.running.take().unwrap().shut().await;
    hospes_server::start(settings).await.unwrap().shut().await;
}
