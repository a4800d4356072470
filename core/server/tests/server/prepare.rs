use crate::support::{Site, Technician, code};
use hospes_session::model::EndReason;
use hospes_wire::control::ServerMessage;
use hospes_wire::link::DeploymentLink;
use serde_json::{Value, json};

#[tokio::test]
async fn r1_r2_r4_prepare_shows_link_code_and_password_once() {
    let site = Site::start().await;
    let ada = site.demo().await;
    let body = json!({ "customer_email": "c@example.com", "customer_name": "Carla", "language": "fr", "note": "slow" });
    let (status, prepared) = ada.post("/sessions", &body).await;
    assert_eq!(status, 201, "{prepared}");
    assert_eq!(prepared["state"], "prepared");
    let digits = prepared["security_code"].as_str().unwrap();
    assert!(digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit()), "{digits}");
    assert!(prepared["password"].as_str().unwrap().len() >= 12);
    let link: DeploymentLink = prepared["deployment_link"].as_str().unwrap().parse().unwrap();
    assert_eq!(format!("http://{}:{}", link.host, link.port), site.url);

    let (_, shown) = ada.get(&format!("/sessions/{}", prepared["id"].as_str().unwrap())).await;
    assert_eq!(shown["customer_email"], "c@example.com");
    assert_eq!(shown["language"], "fr");
    assert_eq!(shown["capabilities"], json!(["file-manager", "remote-control"]));
    let (_, listed) = ada.get("/sessions?state=prepared").await;
    let (_, audited) = ada.get("/audit").await;
    for text in [shown.to_string(), listed.to_string(), audited.to_string()] {
        for secret in ["security_code", "password", "deployment_link"] {
            assert!(!text.contains(prepared[secret].as_str().unwrap()), "{secret} is shown again in {text}");
        }
    }
    assert_eq!(audited["entries"].as_array().unwrap().iter().filter(|e| e["action"] == "session.prepare").count(), 1);
}

#[tokio::test]
async fn r7_r18_quotas_have_stable_types() {
    let site = Site::start().await;
    site.company("Full", "base", &[], 9).await;
    site.company("Seats", "base", &[], 1).await;
    let mut technicians = Vec::new();
    for n in 0..6 {
        technicians.push(site.technician("Full", &format!("t{n}@full.test")).await);
    }
    let prepare = async |technician: &Technician| {
        technician.post("/sessions", &json!({ "customer_email": "c@example.com" })).await
    };
    assert_eq!(prepare(&technicians[0]).await.0, 201);
    let (status, problem) = prepare(&technicians[0]).await;
    assert_eq!((status, code(&problem)), (409, "quota-technician"));
    for technician in &technicians[1..5] {
        assert_eq!(prepare(technician).await.0, 201);
    }
    let (status, problem) = prepare(&technicians[5]).await;
    assert_eq!((status, code(&problem)), (409, "quota-company"));

    let one = site.technician("Seats", "one@seats.test").await;
    let two = site.technician("Seats", "two@seats.test").await;
    let (_, held) = prepare(&one).await;
    let (status, problem) = prepare(&two).await;
    assert_eq!((status, code(&problem)), (402, "no-seat"));
    let id = held["id"].as_str().unwrap();
    let (status, ended) = one.post(&format!("/sessions/{id}/end"), &json!({})).await;
    assert_eq!((status, ended["state"].as_str()), (200, Some("ended")));
    assert_eq!(ended["end_reason"], "technician");
    assert_eq!(ended["removal"], "done");
    let (status, again) = one.post(&format!("/sessions/{id}/end"), &json!({})).await;
    assert_eq!((status, &again["ended_at"]), (200, &ended["ended_at"]), "ending twice is no error");
    assert_eq!(prepare(&two).await.0, 201, "the seat is free again");
}

#[tokio::test]
async fn r7_eighty_prepares_at_once_leave_exactly_the_quota() {
    let site = Site::start().await;
    site.company("Rush", "base", &[], 9).await;
    let mut technicians = Vec::new();
    for n in 0..8 {
        technicians.push(site.technician("Rush", &format!("t{n}@rush.test")).await);
    }
    let mut tries = tokio::task::JoinSet::new();
    for n in 0..80 {
        let technician = technicians[n % technicians.len()].clone();
        tries.spawn(async move { technician.post("/sessions", &json!({ "customer_email": "c@example.com" })).await });
    }
    let mut counts = std::collections::BTreeMap::<u16, u32>::new();
    while let Some(answer) = tries.join_next().await {
        let (status, body) = answer.unwrap();
        assert!(status == 201 || code(&body).starts_with("quota-"), "{status} {body}");
        *counts.entry(status).or_default() += 1;
    }
    assert_eq!(counts[&201], 5, "{counts:?}");
    let (_, listed) = technicians[0].get("/sessions").await;
    assert_eq!(listed["sessions"].as_array().unwrap().len(), 5);
    assert_eq!(technicians[0].get("/me").await.1["usage"]["company"], 5);
}

#[tokio::test]
async fn r9_r10_the_plan_says_what_can_be_chosen() {
    let site = Site::start().await;
    site.company("Small", "essential", &[], 5).await;
    site.company("Large", "base", &["insight"], 5).await;
    let small = site.technician("Small", "t@small.test").await;
    let large = site.technician("Large", "t@large.test").await;
    let wants = |capability: &str| json!({ "customer_email": "c@example.com", "capabilities": [capability] });
    let (status, problem) = small.post("/sessions", &wants("file-manager")).await;
    assert_eq!((status, code(&problem)), (403, "not-licensed"), "{problem}");
    assert_eq!(small.post("/sessions", &wants("nonsense")).await.0, 400);
    let (status, prepared) = small.post("/sessions", &wants("remote-control")).await;
    assert_eq!(status, 201, "{prepared}");

    let view = async |technician: &Technician, prepared: &Value| {
        let id = prepared["id"].as_str().unwrap();
        let (status, answer) = technician.get(&format!("/sessions/{id}/capabilities?lang=fr")).await;
        assert_eq!(status, 200, "{answer}");
        let of = |id: &str| {
            let all = answer["capabilities"].as_array().unwrap();
            all.iter().find(|capability| capability["id"] == id).cloned().unwrap()
        };
        (of("remote-control"), of("file-manager"), of("dashboard"))
    };
    let (control, files, dashboard) = view(&small, &prepared).await;
    assert_eq!((&control["licensed"], &control["enabled"]), (&json!(true), &json!(true)));
    assert_eq!(control["title"], "remote-control fr");
    assert_eq!(control["reason"], "session-not-active");
    assert_eq!((&files["licensed"], &files["enabled"]), (&json!(false), &json!(false)));
    assert_eq!((&files["available"], &files["reason"]), (&json!(false), &json!("not-licensed")));
    assert_eq!(files["explain"], "L’abonnement « essential » ne le comprend pas ; il est compris dans base.");
    assert_eq!((&dashboard["licensed"], &dashboard["available"]), (&json!(false), &json!(false)));
    let prepared = large.prepare().await;
    let (_, files, dashboard) = view(&large, &prepared).await;
    assert_eq!((&files["licensed"], &dashboard["licensed"]), (&json!(true), &json!(true)));
}

#[tokio::test]
async fn r5_the_lease_is_the_plans_and_the_sweeper_ends_it() {
    let site = Site::start().await;
    let ada = site.demo().await;
    let (id, _host) = ada.active().await;
    let (_, shown) = ada.get(&format!("/sessions/{id}")).await;
    let at = |key: &str| shown[key].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert_eq!(at("lease_expires_at").duration_since(at("activated_at")).as_secs(), 24 * 3600);

    let site = Site::start_with(|settings| settings.max_lease_seconds = Some(2)).await;
    let ada = site.demo().await;
    let (id, mut host) = ada.active().await;
    assert!(matches!(host.hear().await, ServerMessage::Ended { reason: EndReason::LeaseExpired }));
    let (_, shown) = ada.get(&format!("/sessions/{id}")).await;
    assert_eq!((shown["state"].as_str(), shown["end_reason"].as_str()), (Some("ended"), Some("lease-expired")));
    assert_eq!(ada.get("/me").await.1["usage"]["company"], 0, "the seat is free");
}

#[tokio::test]
async fn r7_r18_a_session_holds_its_seat_to_the_end_of_its_lease_and_no_longer() {
    let site = Site::start_with(|settings| settings.max_lease_seconds = Some(1)).await;
    let ada = site.demo().await;
    let (id, _host) = ada.active().await;
    let (_, shown) = ada.get(&format!("/sessions/{id}")).await;
    let ends: jiff::Timestamp = shown["lease_expires_at"].as_str().unwrap().parse().unwrap();
    let left = ends.duration_since(jiff::Timestamp::now()) + jiff::SignedDuration::from_millis(1);
    tokio::time::sleep(left.try_into().unwrap_or_default()).await;
    // The sweeper comes by once a second; nobody waits for it.
    ada.prepare().await;
}
