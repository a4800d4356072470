use crate::support::{PASSWORD, Site, Technician, code, read};
use serde_json::{Value, json};

/// Demo with an owner and a technician, and a foreign company with an owner.
async fn people(site: &Site) -> (Technician, Technician, Technician) {
    site.company("Demo", "base", &[], 9).await;
    site.company("Other", "base", &[], 9).await;
    let owner = site.owner("Demo", "olga@demo.test").await;
    let technician = site.technician("Demo", "tom@demo.test").await;
    (owner, technician, site.owner("Other", "zoe@other.test").await)
}

async fn add(owner: &Technician, email: &str) -> Value {
    let body = json!({ "email": email, "name": "New Colleague", "own_password": PASSWORD });
    let (status, added) = owner.post("/technicians", &body).await;
    assert_eq!(status, 201, "{added}");
    added
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}

#[tokio::test]
async fn who_may_do_what_with_accounts() {
    let site = Site::start().await;
    let (owner, technician, foreign) = people(&site).await;
    let (olga, tom, zoe) = (owner.id().await, technician.id().await, foreign.id().await);
    let new = |email: &str, own: &str| json!({ "email": email, "name": "N", "own_password": own });
    let own = |password: &str| json!({ "own_password": password });
    let rename = json!({ "name": "Renamed" });
    for (who, method, path, body, expect) in [
        (&owner, "GET", "/technicians", json!({}), (200, "")),
        (&technician, "GET", "/technicians", json!({}), (200, "")),
        (&technician, "POST", "/technicians", new("a@demo.test", PASSWORD), (403, "owner-only")),
        (&owner, "POST", "/technicians", new("a@demo.test", "wrong"), (403, "wrong-password")),
        (&owner, "POST", "/technicians", new("not an address", PASSWORD), (400, "bad-field")),
        (&owner, "POST", "/technicians", new("TOM@demo.test", PASSWORD), (409, "exists")),
        (&owner, "POST", "/technicians", new("zoe@other.test", PASSWORD), (409, "exists")),
        (&owner, "POST", "/technicians", json!({ "email": "a@b", "name": "N" }), (400, "missing-field")),
        (&technician, "PATCH", &format!("/technicians/{olga}"), rename.clone(), (403, "owner-only")),
        (&technician, "PATCH", &format!("/technicians/{tom}"), rename.clone(), (403, "owner-only")),
        (&technician, "PATCH", &format!("/technicians/{zoe}"), rename.clone(), (404, "not-found")),
        (&owner, "PATCH", &format!("/technicians/{tom}"), rename.clone(), (200, "")),
        (&owner, "PATCH", &format!("/technicians/{tom}"), json!({ "name": " " }), (400, "bad-field")),
        (&owner, "PATCH", &format!("/technicians/{tom}"), json!({ "name": "a\nb" }), (400, "bad-field")),
        (&owner, "PATCH", &format!("/technicians/{olga}"), json!({ "disabled": true }), (409, "own-account")),
        (&owner, "PATCH", "/technicians/nobody", rename, (404, "not-found")),
        (&technician, "POST", &format!("/technicians/{olga}/reset"), own(PASSWORD), (403, "owner-only")),
        (&owner, "POST", &format!("/technicians/{tom}/reset"), own("wrong"), (403, "wrong-password")),
        (&owner, "POST", &format!("/technicians/{tom}/reset"), json!({}), (400, "missing-field")),
        (&owner, "POST", &format!("/technicians/{olga}/reset"), own(PASSWORD), (409, "own-account")),
    ] {
        let (status, answer) = who.call(method, path, &body).await;
        assert_eq!((status, code(&answer)), expect, "{method} {path} {body}: {answer}");
    }
    let (_, seen) = owner.get("/technicians").await;
    let names: Vec<_> = seen["technicians"].as_array().unwrap().iter().map(|one| text(one, "name")).collect();
    assert_eq!((names, &seen["editable"]), (vec!["Ada Tech", "Renamed"], &json!(true)));
    assert_eq!(technician.get("/technicians").await.1["editable"], false);
    assert!(seen["technicians"][0]["last_login_at"].is_string() && seen["technicians"][0]["created_at"].is_string());
    assert_eq!(technician.get("/me").await.1["technician"]["name"], "Renamed", "what was refused changed nothing");
    let (_, wrong) = owner.get("/audit?action=password").await;
    let tried: Vec<_> = wrong["entries"].as_array().unwrap().iter().map(|entry| &entry["detail"]["for"]).collect();
    assert_eq!(tried, ["technician.add", "technician.reset"], "{wrong}");
}

/// Security: no call makes an owner.
#[tokio::test]
async fn no_network_route_makes_an_owner() {
    let site = Site::start().await;
    let (owner, technician, _) = people(&site).await;
    let id = technician.id().await;
    let mut body = json!({ "email": "a@demo.test", "name": "N", "own_password": PASSWORD, "role": "owner" });
    assert_eq!(code(&owner.post("/technicians", &body).await.1), "unknown-field");
    let (status, problem) = owner.call("PATCH", &format!("/technicians/{id}"), &json!({ "role": "owner" })).await;
    assert_eq!((status, code(&problem)), (400, "unknown-field"));
    assert_eq!(code(&technician.call("PATCH", "/me", &json!({ "role": "owner" })).await.1), "unknown-field");
    body.as_object_mut().unwrap().remove("role");
    let (_, added) = owner.post("/technicians", &body).await;
    assert_eq!(added["technician"]["role"], "technician");
    let document = serde_json::to_value(hospes_server::openapi()).unwrap();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(!name.ends_with("Request") || schema["properties"].get("role").is_none(), "{name} takes a role");
    }
}

#[tokio::test]
async fn a_temporary_password_opens_nothing_but_its_own_change() {
    let site = Site::start().await;
    let (owner, _, _) = people(&site).await;
    let session = owner.prepare().await;
    let added = add(&owner, "nina@demo.test").await;
    let temporary = text(&added, "password");
    let nina = site.login_with("nina@demo.test", temporary).await.unwrap();
    let (_, me) = nina.get("/me").await;
    assert_eq!((&me["password_change_needed"], &me["logins"]), (&json!(true), &json!(1)));
    // Every call of the document, but those that the contract names.
    let free = ["/me", "/me/password", "/auth/login", "/auth/logout", "/healthz", "/readyz", "/metrics"];
    let document = serde_json::to_value(hospes_server::openapi()).unwrap();
    let mut asked = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        let path = path.trim_start_matches("/api/v1");
        // A socket says who it is in its first message: below.
        if free.contains(&path) || path.ends_with("/channels/{capability}") {
            continue;
        }
        for method in methods.as_object().unwrap().keys() {
            let path = path.replace("{id}", text(&session, "id"));
            let (status, problem) = nina.call(&method.to_uppercase(), &path, &json!({})).await;
            assert_eq!((status, code(&problem)), (403, "password-change-needed"), "{method} {path}");
            asked += 1;
        }
    }
    assert!(asked >= 17, "{asked}");
    let mut socket = nina.socket(text(&session, "id"), "file-manager").await;
    socket.say(&json!({ "v": 1, "token": nina.token })).await;
    assert_eq!(code(&socket.hear().await["refused"]), "password-change-needed");

    let change = |current: &str, new: &str| json!({ "current_password": current, "new_password": new });
    for (current, new, expect) in [
        (temporary, "short", (400, "bad-field")),
        (temporary, temporary, (400, "bad-field")),
        ("wrong", "a password of my own", (403, "wrong-password")),
        (temporary, "a password of my own", (204, "")),
    ] {
        let (status, answer) = nina.post("/me/password", &change(current, new)).await;
        assert_eq!((status, code(&answer)), expect, "{answer}");
        assert!(!answer.to_string().contains(new), "{answer}");
    }
    assert_eq!(nina.get("/me").await.1["password_change_needed"], false);
    assert_eq!(nina.get("/sessions").await.0, 200);
    assert_eq!(site.login_with("nina@demo.test", temporary).await.err(), Some((401, "wrong-credentials".to_owned())));
    let (_, audit) = owner.get("/audit").await;
    for secret in [temporary, "a password of my own", "argon2"] {
        assert!(!audit.to_string().contains(secret), "{secret} is in the audit log");
    }
}

#[tokio::test]
async fn a_disabled_technician_is_out_and_colleagues_end_their_sessions() {
    let site = Site::start().await;
    let (owner, tom, _) = people(&site).await;
    let (session, _host) = tom.active().await;
    let id = tom.id().await;
    let disable = |disabled: bool| json!({ "disabled": disabled });
    let (status, view) = owner.call("PATCH", &format!("/technicians/{id}"), &disable(true)).await;
    assert_eq!((status, &view["disabled"]), (200, &json!(true)));
    assert_eq!(tom.get("/me").await.0, 401);
    assert_eq!(site.login_with("tom@demo.test", PASSWORD).await.err(), Some((403, "account-disabled".to_owned())));
    let wrong = site.login_with("tom@demo.test", "wrong").await.err();
    assert_eq!(wrong, Some((401, "wrong-credentials".to_owned())), "only who knows the password learns it");
    let (_, shown) = owner.get(&format!("/sessions/{session}")).await;
    assert_eq!((&shown["state"], &shown["technician"]["name"]), (&json!("active"), &json!("Ada Tech")));
    let (status, ended) = owner.post(&format!("/sessions/{session}/end"), &json!({})).await;
    assert_eq!((status, &ended["state"]), (200, &json!("ended")));
    owner.call("PATCH", &format!("/technicians/{id}"), &disable(false)).await;
    assert_eq!(tom.get("/me").await.0, 401, "the old token stays dead");
    site.login("tom@demo.test").await;
    let (_, audit) = owner.get("/audit?action=technician.change").await;
    let to: Vec<_> =
        audit["entries"].as_array().unwrap().iter().map(|e| &e["detail"]["changed"]["disabled"]["to"]).collect();
    assert_eq!(to, [&json!(true), &json!(false)]);
}

#[tokio::test]
async fn a_reset_ends_the_logins_and_hands_over_a_temporary_password() {
    let site = Site::start().await;
    let (owner, tom, _) = people(&site).await;
    let id = tom.id().await;
    let (status, reset) = owner.post(&format!("/technicians/{id}/reset"), &json!({ "own_password": PASSWORD })).await;
    assert_eq!(status, 200, "{reset}");
    assert_eq!(tom.get("/me").await.0, 401);
    assert_eq!(site.login_with("tom@demo.test", PASSWORD).await.err().unwrap().0, 401);
    let again = site.login_with("tom@demo.test", text(&reset, "password")).await.unwrap();
    assert_eq!(again.get("/me").await.1["password_change_needed"], true);
}

/// A stolen token alone changes no credentials, and guesses of the password behind it are limited like log-ins.
#[tokio::test]
async fn guesses_of_ones_own_password_are_limited_like_log_ins() {
    let site = Site::start_with(|settings| settings.rate_limits.logins_per_minute = 30).await;
    let (owner, _, _) = people(&site).await;
    let guess = json!({ "current_password": "a guess", "new_password": "the thief's password" });
    let mut counts = [0, 0];
    for _ in 0..45 {
        match owner.post("/me/password", &guess).await {
            (403, problem) if code(&problem) == "wrong-password" => counts[0] += 1,
            (429, problem) if code(&problem) == "too-many-tries" => counts[1] += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(counts[0] >= 30 && counts[1] > 0, "{counts:?}");
    let right = json!({ "current_password": PASSWORD, "new_password": "the thief's password" });
    assert_eq!(owner.post("/me/password", &right).await.0, 429, "also when it is right");
}

#[tokio::test]
async fn a_profile_has_a_name_and_a_language() {
    let site = Site::start().await;
    let (_, tom, _) = people(&site).await;
    assert!(tom.get("/me").await.1["technician"].get("language").is_none());
    for (body, expect) in [
        (json!({ "language": "fr", "name": "  Tom T. " }), (200, "")),
        (json!({ "language": "de" }), (400, "bad-field")),
        (json!({ "name": "" }), (400, "bad-field")),
        (json!({ "email": "x@y.z" }), (400, "unknown-field")),
        (json!({}), (200, "")),
    ] {
        let (status, answer) = tom.call("PATCH", "/me", &body).await;
        assert_eq!((status, code(&answer)), expect, "{body}: {answer}");
    }
    let (_, me) = tom.get("/me").await;
    assert_eq!((&me["technician"]["name"], &me["technician"]["language"]), (&json!("Tom T."), &json!("fr")));
    // What the server says to them is in their language from then on; an explicit wish is stronger.
    let id = tom.prepare().await["id"].as_str().unwrap().to_owned();
    for (query, expect) in [("", "le code de sécurité"), ("?lang=es", "el código de seguridad")] {
        let (_, answer) = tom.get(&format!("/sessions/{id}/capabilities{query}")).await;
        let files = answer["capabilities"].as_array().unwrap().iter().find(|one| one["id"] == "file-manager").unwrap();
        assert!(text(files, "explain").contains(expect), "{files}");
    }
}

#[tokio::test]
async fn a_cookie_changes_no_account_from_another_origin() {
    let site = Site::start().await;
    let (owner, tom, _) = people(&site).await;
    let id = tom.id().await;
    for (method, path) in [
        ("PATCH", "/me".to_owned()),
        ("POST", "/me/password".to_owned()),
        ("POST", "/me/logout-everywhere".to_owned()),
        ("DELETE", format!("/me/logins/{id}")),
        ("POST", "/technicians".to_owned()),
        ("PATCH", format!("/technicians/{id}")),
        ("POST", format!("/technicians/{id}/reset")),
        ("PATCH", format!("/sessions/{id}")),
    ] {
        let request = site.http.request(method.parse().unwrap(), format!("{}/api/v1{path}", site.url));
        let request = request.header("cookie", format!("hospes_session={}", owner.token)).json(&json!({}));
        let (status, problem) = read(request.header("origin", "https://evil.example").send().await.unwrap()).await;
        assert_eq!((status, code(&problem)), (403, "foreign-origin"), "{method} {path}");
    }
}
