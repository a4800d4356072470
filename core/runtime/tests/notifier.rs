//! R19, invariant 4: a notifier delivers through what it is lent, and whatever it does ends one delivery, never the
//! process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests, and what helps them")]

mod common;

use async_trait::async_trait;
use common::{manifest, packed, publisher, publishers, runtime, signed, soon};
use hospes_licence::plugin_file;
use hospes_runtime::provider::notify::{HttpProvider, HttpRequest, HttpResponse, MailMessage, MailProvider};
use hospes_runtime::provider::{Error, Result};
use hospes_runtime::{Allocator, Budgets, Delivery, Notifier, Outside, Runtime, RuntimeError, Settings, Undelivered};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const OPERATOR: &str = "[network]\nhosts = \"operator\"\n";
const NAMED: &str = "[network]\nhosts = [\"hooks.example.org\"]\n";
const BOTH: &[&str] = &["hospes:notify/http", "hospes:notify/mail"];

fn file(component: &str, interfaces: &[&str], network: &str) -> Vec<u8> {
    let toml = manifest(component, interfaces)
        .replace("capability", "notifier")
        .replace("[tiers]", &format!("{network}[tiers]"));
    let component = hospes_hostile::component(component).unwrap();
    plugin_file::sign(&packed(&component, &toml), &publisher()).unwrap()
}

async fn load(runtime: &Arc<Runtime>, network: &str) -> Notifier {
    runtime.load_notifier(file("notifier", BOTH, network), &publishers()).await.unwrap()
}

/// A mail server and a web that keep what they get, and answer what they were told to.
#[derive(Default)]
struct World {
    mails: Mutex<Vec<(String, MailMessage)>>,
    requests: Mutex<Vec<HttpRequest>>,
    fails: Mutex<Option<Error>>,
    hangs: bool,
}

#[async_trait]
impl MailProvider for World {
    async fn send(&self, key: &str, message: MailMessage) -> Result<()> {
        if self.hangs {
            std::future::pending::<()>().await;
        }
        self.mails.lock().unwrap().push((key.into(), message));
        self.fails.lock().unwrap().clone().map_or(Ok(()), Err)
    }
}

#[async_trait]
impl HttpProvider for World {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse> {
        self.requests.lock().unwrap().push(request);
        let answer = HttpResponse { status: 503, headers: Vec::new(), body: vec![b'x'; 100_000] };
        self.fails.lock().unwrap().clone().map_or(Ok(answer), Err)
    }
}

fn outside(world: &Arc<World>) -> Outside {
    let unlocked = BOTH.iter().map(|name| (*name).to_owned()).collect();
    Outside {
        mail: Some(world.clone()),
        recipient: Some("ana@example.org".into()),
        http: Some(world.clone()),
        unlocked,
    }
}

fn delivery(event: &str, payload: &str) -> Delivery {
    Delivery { key: "key-1".into(), attempt: 3, event: event.into(), payload: payload.into(), config: "{}".into() }
}

fn budgets() -> Budgets {
    Budgets { burst: Duration::from_millis(500), log_dropped: 500, ..Budgets::default() }
}

fn undelivered(permanent: bool, code: &str, reason: &str) -> Result<(), Undelivered> {
    Err(Undelivered { permanent, code: code.into(), reason: reason.into() })
}

async fn one(network: &str, event: &str, payload: &str, outside: Outside) -> Result<(), Undelivered> {
    let runtime = runtime();
    let notifier = load(&runtime, network).await;
    soon(runtime.deliver(&notifier, delivery(event, payload), outside, budgets())).await
}

#[tokio::test]
async fn r19_a_message_goes_out_with_the_deliverys_key() {
    let world = Arc::new(World::default());
    assert_eq!(one(OPERATOR, "mail", "Hello, Ana", outside(&world)).await, Ok(()));
    let (key, message) = world.mails.lock().unwrap().pop().unwrap();
    assert_eq!(
        (key.as_str(), message.to.as_str(), message.subject.as_str()),
        ("key-1", "ana@example.org", "Hello, Ana")
    );
    assert_eq!(one(OPERATOR, "attempt", "", outside(&world)).await, undelivered(false, "attempt", "3"));
}

#[tokio::test]
async fn what_is_not_licensed_lent_or_reachable_is_told_apart() {
    let world = Arc::new(World::default());
    let without_plan = Outside { unlocked: ["hospes:notify/http".to_owned()].into(), ..outside(&world) };
    let refused = undelivered(true, "not-licensed", "the company's plan does not include it");
    assert_eq!(one(OPERATOR, "mail", "Hello", without_plan).await, refused);
    let without_mail = Outside { mail: None, ..outside(&world) };
    let refused = undelivered(false, "unavailable", "this server has no mail server configured");
    assert_eq!(one(OPERATOR, "mail", "Hello", without_mail).await, refused);
    assert!(world.mails.lock().unwrap().is_empty());
    let errors = [
        (Error::Unavailable("the mail server is down".into()), false, "unavailable"),
        (Error::Invalid("550 no such mailbox".into()), true, "invalid"),
        (Error::Other("host-not-allowed", "not on the operator's list".into()), true, "host-not-allowed"),
    ];
    for (error, permanent, code) in errors {
        *world.fails.lock().unwrap() = Some(error.clone());
        let answer = one(OPERATOR, "mail", "Hello", outside(&world)).await.unwrap_err();
        assert_eq!((answer.permanent, answer.code.as_str()), (permanent, code), "{error}");
    }
}

#[tokio::test]
async fn r19_no_text_becomes_a_second_recipient_or_header() {
    let world = Arc::new(World::default());
    let cases = [
        ("mail", "Hello\r\nBcc: victim@example.org", "subject"),
        ("mail", "Hello\nContent-Type: text/html", "subject"),
        ("mail-to", "ana@example.org\r\nBcc: victim@example.org", "one address"),
        ("mail-to", "ana@example.org, victim@example.org", "one address"),
        ("mail-to", "victim@example.org", "not to the delivery's recipient"),
        ("mail-key", "key-2", "key"),
        ("mail-key", "key-1>\r\nX: y", "key"),
        ("http-header", "x\r\nAuthorization: stolen", "x-thing"),
        ("http", "https://hooks.example.org/\r\nX: y", "URL"),
    ];
    for (event, text, expect) in cases {
        let refused = one(OPERATOR, event, text, outside(&world)).await.unwrap_err();
        assert!(refused.permanent && refused.code == "invalid" && refused.reason.contains(expect), "{refused:?}");
    }
    assert!(world.mails.lock().unwrap().is_empty() && world.requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn web_requests_go_only_where_the_manifest_says() {
    let world = Arc::new(World::default());
    let answered = undelivered(false, "answer", "503 with 65536 bytes");
    assert_eq!(one(NAMED, "http", "https://hooks.example.org/x", outside(&world)).await, answered);
    assert_eq!(one(OPERATOR, "http", "http://127.0.0.1:8080/x", outside(&world)).await, answered);
    for foreign in ["https://evil.net/", "https://hooks.example.org.evil.net/", "http://hooks.example.org/"] {
        let refused = one(NAMED, "http", foreign, outside(&world)).await.unwrap_err();
        assert_eq!((refused.permanent, refused.code.as_str()), (true, "host-not-allowed"), "{foreign}");
    }
    let urls: Vec<String> = world.requests.lock().unwrap().iter().map(|request| request.url.clone()).collect();
    assert_eq!(urls, ["https://hooks.example.org/x", "http://127.0.0.1:8080/x"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invariant4_a_hostile_notifier_ends_one_delivery() {
    let world = Arc::new(World::default());
    let settings = Settings { allocator: Allocator::Pooling, cache: None };
    let runtime = Arc::new(Runtime::new(&settings).unwrap());
    let notifier = load(&runtime, OPERATOR).await;
    let budgets = Budgets { delivery_time: Duration::from_secs(2), ..budgets() };
    let ended = [
        ("loop", "cpu"),
        ("memory", "memory"),
        ("sleep", "delivery-time"),
        ("log-flood", "log"),
        ("mail-flood", "outside-calls"),
        ("big-call", "host-call-bytes"),
    ];
    for (event, budget) in ended {
        let hostile = runtime.deliver(&notifier, delivery(event, ""), outside(&world), budgets.clone());
        // Beside it, from the same pool: a delivery that behaves.
        let good = runtime.deliver(&notifier, delivery("mail", event), outside(&world), Budgets::default());
        let (hostile, good) = soon(async { tokio::join!(hostile, good) }).await;
        let reason = format!("plugin notifier was ended: its {budget} budget is used up");
        assert_eq!(hostile, undelivered(false, "plugin-budget", &reason), "{event}");
        assert_eq!(good, Ok(()), "beside {event}");
    }
    let crashed = runtime.deliver(&notifier, delivery("trap", ""), outside(&world), budgets.clone()).await.unwrap_err();
    assert_eq!((crashed.permanent, crashed.code.as_str()), (false, "plugin-crashed"));
    assert!(crashed.reason.contains("the cupboard is bare"), "{crashed}");
    // 6 that behaved, and what the flood got out before it was ended.
    assert_eq!(world.mails.lock().unwrap().len(), ended.len() + Budgets::default().outside_calls as usize);
}

#[tokio::test]
async fn a_mail_server_that_hangs_is_no_fault_of_the_notifiers() {
    let world = Arc::new(World { hangs: true, ..World::default() });
    let runtime = runtime();
    let notifier = load(&runtime, OPERATOR).await;
    let budgets = Budgets { host_call_time: Duration::from_millis(100), ..budgets() };
    let answer = soon(runtime.deliver(&notifier, delivery("mail", "Hello"), outside(&world), budgets)).await;
    assert_eq!(answer, undelivered(false, "unavailable", "the mail server did not answer within 100ms"));
}

#[tokio::test]
async fn one_delivery_knows_nothing_of_the_last() {
    let runtime = runtime();
    let notifier = load(&runtime, OPERATOR).await;
    for _ in 0..3 {
        let answer = runtime.deliver(&notifier, delivery("calls", ""), Outside::default(), budgets()).await;
        assert_eq!(answer, undelivered(true, "calls", "1"));
    }
}

#[tokio::test]
async fn a_notifiers_words_stay_one_short_line() {
    let answer = one(OPERATOR, "long-words", "", Outside::default()).await.unwrap_err();
    assert_eq!(answer.code, "plugin-failed");
    assert!(answer.reason.starts_with("first  second xxx") && answer.reason.len() <= 500, "{}", answer.reason);
    let bad_key = Delivery { key: "a\r\nb".into(), ..delivery("mail", "x") };
    let runtime = runtime();
    let notifier = load(&runtime, OPERATOR).await;
    let answer = runtime.deliver(&notifier, bad_key, Outside::default(), budgets()).await.unwrap_err();
    assert_eq!((answer.permanent, answer.code.as_str()), (true, "invalid"));
}

#[tokio::test]
async fn settings_are_checked_in_the_readers_language_and_reach_nothing() {
    let runtime = runtime();
    let notifier = load(&runtime, OPERATOR).await;
    let check = async |config: &str, language: &str| {
        runtime.check_config(&notifier, config.into(), language, budgets()).await.unwrap()
    };
    let problems = check("{}", "fr").await;
    assert_eq!((problems.len(), problems[0].field.as_str(), problems[0].message.as_str()), (1, "language", "fr"));
    assert_eq!(check("mail", "en").await[0].message, "denied: not-licensed");
    let flood = check("flood", "en").await;
    assert!(flood.len() <= 32 && flood.iter().all(|problem| problem.message.len() <= 500), "{}", flood.len());
    assert_eq!(flood[1].field, "field 1");
}

#[tokio::test]
async fn invariant6_a_notifier_is_inspected_like_any_plugin() {
    let runtime = runtime();
    let refused = async |file: Vec<u8>| runtime.load_notifier(file, &publishers()).await.unwrap_err();
    let error = refused(file("notifier", &["hospes:notify/mail"], "")).await.to_string();
    assert!(error.contains("hospes:notify/http is imported, but the manifest does not state it"), "{error}");
    let error = refused(file("echo", &["hospes:notify/mail"], "")).await.to_string();
    assert!(error.contains("hospes:base/channel is imported, but a notifier has no session and no channel"), "{error}");
    let error = refused(signed("echo", &[])).await;
    assert_eq!(error.to_string(), "plugin echo cannot be run: a capability delivers nothing");
    let mut damaged = file("notifier", BOTH, OPERATOR);
    damaged[1000] ^= 1;
    assert!(matches!(refused(damaged).await, RuntimeError::Untrusted(_)));
    let error = runtime.load(file("notifier", BOTH, OPERATOR), &publishers()).await.unwrap_err();
    assert_eq!(error.to_string(), "plugin notifier cannot be run: a notifier opens no channels");
}
