use crate::support::{Site, Technician, code};
use serde_json::{Value, json};

async fn ended(who: &Technician, email: &str, name: &str) -> String {
    let body = json!({ "customer_email": email, "customer_name": name });
    let (status, prepared) = who.post("/sessions", &body).await;
    assert_eq!(status, 201, "{prepared}");
    let id = prepared["id"].as_str().unwrap().to_owned();
    who.post(&format!("/sessions/{id}/end"), &json!({})).await;
    id
}

fn ids(answer: &Value) -> Vec<&str> {
    answer["sessions"].as_array().unwrap().iter().map(|session| session["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn history_is_filtered_and_read_page_by_page() {
    let site = Site::start().await;
    site.company("Demo", "base", &[], 5).await;
    let ada = site.technician("Demo", "ada@demo.test").await;
    let ben = site.technician("Demo", "ben@demo.test").await;
    let mut all = Vec::new();
    for n in 0..7 {
        let who = if n % 2 == 0 { &ada } else { &ben };
        all.push(ended(who, &format!("c{n}@example.com"), if n < 3 { "Zoë Ärger" } else { "Max" }).await);
    }
    all.reverse();
    let (active, _host) = ada.active().await;

    let get = async |query: &str| {
        let (status, answer) = ada.get(&format!("/sessions?{query}")).await;
        assert_eq!(status, 200, "{query}: {answer}");
        answer
    };
    let ben_id = ben.id().await;
    for (query, expect) in [
        ("state=active".to_owned(), 1),
        ("state=ended&limit=500".to_owned(), 7),
        (format!("technician={ben_id}"), 3),
        ("q=ZO%C3%8B".to_owned(), 3),
        ("q=%25".to_owned(), 0),
        ("q=pc".to_owned(), 1),
        (format!("q=max&technician={ben_id}"), 2),
        ("from=2001-01-01T00:00:00Z&to=2002-01-01T00:00:00Z".to_owned(), 0),
        ("state=&q=&technician=&from=&to=&before=&limit=".to_owned(), 8),
    ] {
        assert_eq!(ids(&get(&query).await).len(), expect, "{query}");
    }
    let mut read = Vec::new();
    let mut next = String::new();
    loop {
        let page = get(&format!("limit=3&before={next}")).await;
        read.extend(ids(&page).into_iter().map(str::to_owned));
        match page.get("next") {
            Some(cursor) => next = cursor.as_str().unwrap().to_owned(),
            None => break,
        }
    }
    all.insert(0, active);
    assert_eq!(read, all);
    assert!(get("limit=8").await.get("next").is_none(), "exactly all");
    for query in [
        "state=asleep",
        "limit=0",
        "limit=501",
        "limit=many",
        "from=yesterday",
        "to=1",
        "order=name",
        &format!("q={}", "x".repeat(201)),
    ] {
        let (status, problem) = ada.get(&format!("/sessions?{query}")).await;
        assert_eq!((status, code(&problem)), (400, "bad-parameter"), "{query}: {problem}");
    }
}
