//! What a receiver gets, and what its answers mean.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use hospes_plugin_notify_webhook::{Secret, judge, request, signature};
use hospes_sdk::Delivery;
use proptest::prelude::*;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn delivery(url: &str, payload: &str) -> Delivery {
    Delivery {
        key: "0198c0de-1".into(),
        attempt: 2,
        event: "session.ended".into(),
        payload: payload.into(),
        config: serde_json::json!({"url": url, "secret": SECRET}).to_string(),
    }
}

#[test]
fn r19_a_receiver_can_check_who_sent_it_and_whether_it_came_before() {
    let body = r#"{"event":"session.ended","customer":{"name":"Ana\r\nX: y"}}"#;
    let sent = request(&delivery("https://example.org/hooks", body), 1_700_000_000).unwrap();
    assert_eq!(
        (sent.method.as_str(), sent.url.as_str(), sent.body.as_slice()),
        ("POST", "https://example.org/hooks", body.as_bytes())
    );
    let header = |name: &str| &sent.headers.iter().find(|(found, _)| found == name).unwrap().1;
    assert_eq!((header("webhook-id").as_str(), header("webhook-timestamp").as_str()), ("0198c0de-1", "1700000000"));
    assert_eq!(header("content-type"), "application/json");
    let expect = signature(&Secret::read(SECRET).unwrap(), "0198c0de-1", 1_700_000_000, body.as_bytes());
    assert_eq!(header("webhook-signature"), &expect);
    // Another body, another signature; the secret itself is nowhere.
    let other = request(&delivery("https://example.org/hooks", "{}"), 1_700_000_000).unwrap();
    assert_ne!(sent.headers, other.headers);
    assert!(sent.headers.iter().all(|(_, value)| !value.contains("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")));
}

#[test]
fn wrong_settings_are_wrong_for_good() {
    for (url, code) in [("http://example.org/", "bad-config"), ("", "bad-config")] {
        let why = request(&delivery(url, "{}"), 0).unwrap_err();
        assert!(why.permanent);
        assert_eq!(why.reason.code(), code);
    }
}

#[test]
fn an_answer_says_whether_to_try_again() {
    let check = |status: u16, expect: Option<bool>| {
        assert_eq!(judge(status).err().map(|why| why.permanent), expect, "{status}");
    };
    for good in [200, 201, 202, 204, 299] {
        check(good, None);
    }
    for permanent in [400, 401, 403, 404, 410, 413, 422] {
        check(permanent, Some(true));
    }
    for later in [100, 301, 302, 308, 408, 425, 429, 500, 502, 503, 504, 599] {
        check(later, Some(false));
    }
    let why = judge(503).unwrap_err();
    assert_eq!((why.reason.code(), why.reason.message().as_str()), ("http-503", "the receiver answered 503"));
    assert!(judge(301).unwrap_err().reason.message().contains("redirects are not followed"));
}

proptest! {
    #[test]
    fn no_text_breaks_a_header(payload in "\\PC{0,200}", url in "(https://)?[\\PC\\r\\n]{0,40}") {
        if let Ok(sent) = request(&delivery(&url, &payload), 1) {
            for (name, value) in &sent.headers {
                prop_assert!(value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()), "{}: {}", name, value);
            }
            prop_assert!(sent.url.bytes().all(|byte| byte.is_ascii_graphic()));
        }
    }
}
