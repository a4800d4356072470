//! Webhooks (R19): each event is one `POST` of the event's JSON, signed as [Standard Webhooks] has it, so that receivers
//! can use a library that exists. When to try again is the server's to say; this plugin says whether it makes sense.
//!
//! [Standard Webhooks]: https://www.standardwebhooks.com

mod config;
mod sign;
mod texts;

use hospes_sdk::http::{self, Request, Response};
use hospes_sdk::{Delivery, Notifier, Problem, Result, Undelivered};
use std::time::{SystemTime, UNIX_EPOCH};

pub use config::{Config, Secret, check as check_config};
pub use sign::signature;

/// The request for one delivery; `now` is in seconds since 1970 and becomes part of what is signed.
///
/// # Errors
/// Permanent: settings that are not what they should be.
pub fn request(delivery: &Delivery, now: u64) -> Result<Request, Undelivered> {
    let config = Config::read(&delivery.config).map_err(|field| {
        Undelivered::for_good("bad-config", format!("the channel's setting {field} is wrong: change it"))
    })?;
    let body = delivery.payload.clone().into_bytes();
    let header = |name: &str, value: String| (name.to_owned(), value);
    let headers = vec![
        header("content-type", "application/json".to_owned()),
        header("user-agent", format!("Hospes-Webhook/{}", env!("CARGO_PKG_VERSION"))),
        header("webhook-id", delivery.key.clone()),
        header("webhook-timestamp", now.to_string()),
        header("webhook-signature", signature(&config.secret, &delivery.key, now, &body)),
    ];
    Ok(Request { method: "POST".to_owned(), url: config.url, headers, body })
}

/// What an answer's status means: 2xx is delivered; 4xx will stay one, but for 408, 425 and 429, which ask for patience;
/// anything else may pass. What else the receiver says is not shown to anybody: it may be a page of somebody's inside.
///
/// # Errors
/// Whether it is for good, with the status as `http-NNN`.
pub fn judge(status: u16) -> Result<(), Undelivered> {
    let permanent = match status {
        200..=299 => return Ok(()),
        408 | 425 | 429 => false,
        400..=499 => true,
        _ => false,
    };
    let redirect =
        if (300..=399).contains(&status) { "; redirects are not followed: give the final address" } else { "" };
    let reason = format!("the receiver answered {status}{redirect}");
    let code = format!("http-{status}");
    Err(if permanent { Undelivered::for_good(code, reason) } else { Undelivered::for_now(code, reason) })
}

struct Webhook;

impl Notifier for Webhook {
    fn deliver(delivery: Delivery) -> Result<(), Undelivered> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let Response { status, .. } = http::send(&request(&delivery, now)?)?;
        judge(status)
    }

    fn check_config(config: &str, language: &str) -> Vec<Problem> {
        check_config(config, language).into_iter().map(|(field, message)| Problem::new(field, message)).collect()
    }
}

hospes_sdk::export_notifier!(Webhook);
