use crate::support::{Site, code};
use hospes_store::model::Audit;
use serde_json::json;

#[tokio::test]
async fn the_log_is_filtered_read_page_by_page_and_given_as_a_table() {
    let site = Site::start().await;
    let ada = site.demo().await;
    let id = ada.prepare().await["id"].as_str().unwrap().to_owned();
    let company = site.admin.store().company_by_name("Demo").await.unwrap().id;
    for n in 0..20 {
        let (actor, detail) = ("host:ab".to_owned(), json!({ "n": n, "said": "a \"word\", ;=1+1\n" }));
        let action = "test.flood".to_owned();
        let entry = Audit { company: Some(company), session: None, actor, action, detail };
        site.admin.store().audit(&entry, 1_800_000_000_000).await.unwrap();
    }
    let get = async |query: &str| {
        let (status, answer) = ada.get(&format!("/audit?{query}")).await;
        assert_eq!(status, 200, "{query}: {answer}");
        answer
    };
    let count = |answer: &serde_json::Value| answer["entries"].as_array().unwrap().len();
    let everything = get("").await;
    let total = count(&everything);
    let me = ada.id().await;
    for (query, expect) in [
        (format!("session={id}"), 1),
        (format!("actor=technician:{me}&action=session"), 1),
        ("actor=host".to_owned(), 20),
        ("action=test.flood&limit=20".to_owned(), 20),
        ("action=nothing".to_owned(), 0),
        ("to=2001-01-01T00:00:00Z".to_owned(), 0),
        ("from=2027-01-15T08:00:00Z&to=2027-01-15T08:00:00Z".to_owned(), 20),
        (format!("after={total}"), 0),
    ] {
        assert_eq!(count(&get(&query).await), expect, "{query}");
    }
    let mut expect = everything["entries"].as_array().unwrap().clone();
    for order in ["oldest", "newest"] {
        let mut read = Vec::new();
        let mut after = 0;
        loop {
            let page = get(&format!("order={order}&limit=3&after={after}")).await;
            read.extend(page["entries"].as_array().unwrap().clone());
            match page.get("next") {
                Some(next) => after = next.as_i64().unwrap(),
                None => break,
            }
        }
        assert_eq!(read, expect, "{order}");
        expect.reverse();
    }
    for query in ["limit=1001", "limit=0", "after=x", "after=-1", "from=x", "color=red", "order=name"] {
        for path in ["/audit", "/audit.csv"] {
            let (status, problem) = ada.get(&format!("{path}?{query}")).await;
            assert_eq!((status, code(&problem)), (400, "bad-parameter"), "{path}?{query}");
        }
    }

    let request = site.http.get(format!("{}/api/v1/audit.csv?actor=host", site.url)).bearer_auth(&ada.token);
    let answer = request.send().await.unwrap();
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/csv"));
    assert!(answer.headers()["content-disposition"].to_str().unwrap().contains("audit.csv"));
    let table = answer.text().await.unwrap();
    let lines: Vec<_> = table.split_terminator("\r\n").collect();
    assert_eq!((lines.len(), lines[0]), (21, "sequence,at,session,actor,action,detail,hash"));
    let first = everything["entries"].as_array().unwrap().iter().find(|entry| entry["actor"] == "host:ab").unwrap();
    let detail = r#""{""n"":0,""said"":""a \""word\"", \u003b=1+1\n""}""#;
    let (sequence, hash) = (first["sequence"].as_i64().unwrap(), first["hash"].as_str().unwrap());
    assert_eq!(lines[1], format!("{sequence},2027-01-15T08:00:00Z,,host:ab,test.flood,{detail},{hash}"));
    let (_, short) = ada.get("/audit.csv?actor=host&limit=5").await;
    assert_eq!(short.as_str().unwrap().lines().count(), 6);
}

#[tokio::test]
async fn a_table_is_whole_however_long_the_log_is() {
    let site = Site::start().await;
    let ada = site.demo().await;
    let company = site.admin.store().company_by_name("Demo").await.unwrap().id;
    for _ in 0..2100 {
        let (actor, action) = ("sweeper".to_owned(), "test".to_owned());
        let entry = Audit { company: Some(company), session: None, actor, action, detail: json!({}) };
        site.admin.store().audit(&entry, 1).await.unwrap();
    }
    let (_, table) = ada.get("/audit.csv?action=test").await;
    assert_eq!(table.as_str().unwrap().lines().count(), 2101);
}
