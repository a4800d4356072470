//! What a notifier is told: the event as JSON. No code, no password, no note is ever in it; the deployment link is added
//! for the one event that needs it, when it is delivered.

use crate::api::rfc3339;
use crate::routes::views;
use hospes_session::model::{Language, Millis};
use hospes_session::notification::Snapshot;
use hospes_store::model::{Company, Technician};
use hospes_store::outbox::{ChannelUse, Delivery};
use serde::Serialize;
use serde_json::{Value, json};

/// What an event is told with.
pub(crate) struct Told<'a> {
    /// E.g. `session.activated`.
    pub(crate) event: &'a str,
    /// When it happened.
    pub(crate) at: Millis,
    /// The server's address.
    pub(crate) server: &'a str,
    /// Whose session.
    pub(crate) company: &'a Company,
    /// Who prepared it; none when they were removed since.
    pub(crate) technician: Option<&'a Technician>,
    /// The session as the event found it; none for a test.
    pub(crate) session: Option<&'a Snapshot>,
    /// What it was used for, once it has ended: capability, technician's name, when, how many seconds.
    pub(crate) uses: Option<Vec<(ChannelUse, String)>>,
}

/// The event as JSON, without recipient and link.
pub(crate) fn payload(told: &Told<'_>) -> Value {
    let technician = told.technician.map(|technician| json!({ "name": technician.name, "email": technician.email }));
    let mut payload = json!({
        "event": told.event,
        "at": rfc3339(told.at),
        "server": told.server,
        "company": { "id": told.company.id, "name": told.company.name },
        "technician": technician.unwrap_or_else(|| json!({ "name": "", "email": "" })),
    });
    if let (Some(session), Some(fields)) = (told.session, payload.as_object_mut()) {
        let customer = &session.customer;
        let language = views::language(customer.language);
        let customer = json!({ "email": customer.email, "name": customer.name, "language": language });
        fields.insert("customer".to_owned(), customer);
        fields.insert("session".to_owned(), described(session, told));
    }
    payload
}

fn described(session: &Snapshot, told: &Told<'_>) -> Value {
    let time = |at: Option<Millis>| at.map(rfc3339);
    let over = session.ended_at.unwrap_or(told.at);
    let channels = told.uses.as_ref().map(|uses| {
        let used = uses.iter().map(|(used, technician)| {
            let until = used.closed_at.unwrap_or(over).max(used.opened_at);
            json!({
                "capability": used.capability,
                "technician": technician,
                "opened_at": rfc3339(used.opened_at),
                "seconds": (until - used.opened_at) / 1000,
            })
        });
        json!({ "channels": used.collect::<Vec<_>>() })
    });
    json!({
        "id": session.id,
        "state": session.state,
        "created_at": rfc3339(session.created_at),
        "code_expires_at": time(session.code_expires_at),
        "activated_at": time(session.activated_at),
        "lease_expires_at": time(session.lease_expires_at),
        "ended_at": time(session.ended_at),
        "end_reason": session.end_reason.as_ref().map(name),
        "removal": session.removal.as_ref().map(name),
        "capabilities": session.capabilities,
        "host": session.host.as_ref().map(|host| json!({ "os": host.os, "hostname": host.hostname })),
        "summary": channels,
    })
}

fn name<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

/// The payload of one delivery: with its recipient, and with what is forgotten afterwards.
pub(crate) fn for_delivery(delivery: &Delivery) -> Value {
    let mut payload = delivery.payload.clone();
    if let Some(fields) = payload.as_object_mut() {
        if let Some(notice) = &delivery.notice {
            fields.insert("notice".to_owned(), notice.clone());
        }
        if let Some(recipient) = &delivery.recipient {
            fields.insert(
                "recipient".to_owned(),
                json!({
                    "kind": recipient.kind,
                    "email": recipient.email,
                    "name": recipient.name,
                    "language": views::language(recipient.language),
                }),
            );
        }
    }
    payload
}

/// What a technician reads.
pub(crate) fn language_of(technician: &Technician) -> Language {
    technician.language.unwrap_or_default()
}
