use crate::support::Site;
use hospes_server::backup;
use hospes_session::model::{EndReason, SessionState};
use hospes_store::Store;
use hospes_store::accounts::Accounts;
use hospes_store::model::AuditFilter;
use hospes_store::sqlite::SqliteStore;
use serde_json::json;

#[tokio::test]
async fn a_restore_brings_no_login_and_no_unused_link_back() {
    let site = Site::start().await;
    let ada = site.demo().await;
    let (active, _host) = ada.active().await;
    let bob = site.technician("Demo", "bob@demo.test").await;
    let prepared = bob.prepare().await["id"].as_str().unwrap().to_owned();
    let to = site.dir.path().join("kept");
    let (file, _) = backup::make(&site.dir.path().join("data"), &to, jiff::Timestamp::now()).await.unwrap();
    // What happens after the backup is what it must not undo.
    assert_eq!(bob.post("/auth/logout", &json!({})).await.0, 204);

    let data = site.dir.path().join("restored");
    let restored = backup::restore(&file, &data).await.unwrap();
    assert_eq!((restored.logins_ended, restored.sessions_ended), (2, 1));
    let store = SqliteStore::open(data.join("hospes.db")).await.unwrap();
    assert!(store.living_logins(0).await.unwrap().is_empty());
    let found = store.session_for_host(prepared.parse().unwrap()).await.unwrap();
    assert!(matches!(found.state, SessionState::Ended(ended) if ended.reason == EndReason::Operator));
    let found = store.session_for_host(active.parse().unwrap()).await.unwrap();
    assert!(matches!(found.state, SessionState::Active(_)), "its host goes on");
    // The company reads why.
    let company = store.company_by_name("Demo").await.unwrap().id;
    store.verify_audit(Some(company)).await.unwrap();
    let filter =
        AuditFilter { actor: Some("operator".to_owned()), limit: 9, newest_first: true, ..AuditFilter::default() };
    let entries = store.audit_entries(company, &filter).await.unwrap();
    let actions: Vec<_> = entries.iter().map(|entry| entry.action.as_str()).take(2).collect();
    assert_eq!(actions, ["session.end", "backup.restore"]);
    assert_eq!(entries[0].detail["why"], "a backup was restored");
}
