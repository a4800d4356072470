//! Rows of the store as the API shows them.

use crate::api::notifications::{ChannelRef, DeliveryError, DeliveryView, RecipientView};
use crate::api::{HostView, RefusalView, SessionView, TechnicianView, rfc3339};
use crate::refusal::Answer;
use crate::state::App;
use hospes_session::id::TechnicianId;
use hospes_session::model::{Language, Session, SessionState};
use hospes_store::StoreError;
use hospes_store::model::{Role, Technician};
use hospes_store::outbox::Delivery;
use serde::Serialize;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// A technician.
pub(crate) fn technician(technician: &Technician) -> TechnicianView {
    TechnicianView {
        id: technician.id.to_string(),
        email: technician.email.clone(),
        name: technician.name.clone(),
        role: role(technician.role).to_owned(),
    }
}

/// `owner` or `technician`.
pub(crate) fn role(role: Role) -> &'static str {
    match role {
        Role::Owner => "owner",
        Role::Technician => "technician",
    }
}

/// The text by which JSON names a unit variant.
fn name<T: Serialize>(value: &T) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// One event on its way to one receiver.
pub(crate) fn delivery(delivery: &Delivery) -> DeliveryView {
    DeliveryView {
        id: delivery.id.to_string(),
        session: delivery.session.map(|id| id.to_string()),
        event: delivery.event.clone(),
        channel: ChannelRef {
            id: delivery.channel.to_string(),
            title: delivery.channel_title.clone(),
            notifier: delivery.notifier.clone(),
        },
        recipient: delivery.recipient.as_ref().map(|recipient| RecipientView {
            kind: name(&recipient.kind),
            email: recipient.email.clone(),
            name: recipient.name.clone(),
        }),
        state: delivery.state.name().to_owned(),
        attempts: delivery.attempts,
        next_at: delivery.next_at.map(rfc3339),
        at: rfc3339(delivery.at),
        done_at: delivery.done_at.map(rfc3339),
        error: delivery
            .error
            .as_ref()
            .map(|error| DeliveryError { code: error.code.clone(), detail: error.detail.clone() }),
    }
}

/// `en`, `fr` or `es`.
pub(crate) fn language(language: Language) -> &'static str {
    match language {
        Language::En => "en",
        Language::Fr => "fr",
        Language::Es => "es",
    }
}

/// Sessions of one company, in the order given.
pub(crate) async fn sessions(app: &App, sessions: Vec<Session>) -> Answer<Vec<SessionView>> {
    let mut technicians: HashMap<_, TechnicianView> = HashMap::new();
    let mut views = Vec::with_capacity(sessions.len());
    for session in sessions {
        let technician = match technicians.entry(session.technician) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(place) => place.insert(preparer(app, session.technician).await?).clone(),
        };
        views.push(view(app, session, technician));
    }
    Ok(views)
}

/// Who prepared a session; only the id is left of a technician who was removed.
async fn preparer(app: &App, id: TechnicianId) -> Answer<TechnicianView> {
    match app.store.technician(id).await {
        Ok(found) => Ok(technician(&found)),
        Err(StoreError::NotFound) => {
            Ok(TechnicianView { id: id.to_string(), email: String::new(), name: String::new(), role: String::new() })
        }
        Err(other) => Err(other.into()),
    }
}

fn view(app: &App, session: Session, technician: TechnicianView) -> SessionView {
    let id = session.id;
    let mut view = SessionView {
        id: id.to_string(),
        state: String::new(),
        technician,
        customer_email: session.customer.email,
        customer_name: session.customer.name,
        language: language(session.customer.language).to_owned(),
        note: session.note,
        capabilities: session.capabilities.iter().map(ToString::to_string).collect(),
        created_at: rfc3339(session.created_at),
        code_expires_at: None,
        wrong_codes: None,
        activated_at: None,
        lease_expires_at: None,
        ended_at: None,
        end_reason: None,
        removal: None,
        last_refusal: session.last_refusal.map(|last| RefusalView { at: rfc3339(last.at), reason: last.reason }),
        online: false,
        host: None,
        channels: app.channels.of_session(id),
    };
    let active = match session.state {
        SessionState::Prepared(prepared) => {
            view.state = "prepared".to_owned();
            view.code_expires_at = Some(rfc3339(prepared.expires_at));
            view.wrong_codes = Some(prepared.wrong_codes);
            None
        }
        SessionState::Active(active) => {
            view.state = "active".to_owned();
            view.online = app.hosts.get(id).is_some();
            Some(active)
        }
        SessionState::Ended(ended) => {
            view.state = "ended".to_owned();
            view.ended_at = Some(rfc3339(ended.at));
            view.end_reason = Some(name(&ended.reason));
            view.removal = Some(name(&ended.removal));
            ended.was_active
        }
    };
    if let Some(active) = active {
        view.activated_at = Some(rfc3339(active.activated_at));
        view.lease_expires_at = Some(rfc3339(active.lease_expires_at));
        view.host = Some(HostView { os: active.host.os, hostname: active.host.hostname, agent: active.host.agent });
    }
    view
}
