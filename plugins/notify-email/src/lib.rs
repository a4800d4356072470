//! E-mail for customers and technicians (R2, R19): invitation, session active, computer offline and online, lease ending,
//! session ended, and a test. Each message is composed for one recipient, in that recipient's language, as text and HTML.
//!
//! What comes from customers and hosts (names, e-mails, computer names) is hostile: [`clean`] makes one short line of it,
//! and [`letter`] escapes it. The crate composes as a pure function; only [`deliver`](hospes_sdk::Notifier::deliver)
//! touches the host.

mod clean;
mod compose;
mod config;
mod event;
mod letter;
mod texts;
mod when;

use hospes_sdk::{Delivery, Notifier, Problem, Result, Undelivered, mail};
use jiff::Timestamp;

/// A message, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// One address.
    pub to: String,
    /// One line of at most 200 characters.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// Composes the message for an event, by its name and its JSON; what is left of a time is counted from `now`.
///
/// # Errors
/// Permanent: an unknown event, a payload that is not one, no recipient, an invitation whose link is gone or dead, a
/// reminder that comes after the end.
pub fn compose(event: &str, payload: &str, now: Timestamp) -> Result<Mail, Undelivered> {
    let payload = event::read(payload).map_err(|why| Undelivered::for_good("bad-payload", why))?;
    compose::compose(event, &payload, now)
}

/// Says what is wrong with a channel's settings, in `language`.
#[must_use]
pub fn check_config(config: &str, language: &str) -> Vec<(String, String)> {
    config::check(config, texts::of(language))
}

struct Email;

impl Notifier for Email {
    fn deliver(delivery: Delivery) -> Result<(), Undelivered> {
        let Mail { to, subject, text, html } = compose(&delivery.event, &delivery.payload, Timestamp::now())?;
        Ok(mail::send(&delivery.key, &mail::Message { to, subject, text, html: Some(html) })?)
    }

    fn check_config(config: &str, language: &str) -> Vec<Problem> {
        check_config(config, language).into_iter().map(|(field, message)| Problem::new(field, message)).collect()
    }
}

hospes_sdk::export_notifier!(Email);
