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
