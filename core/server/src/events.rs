//! What happened, for `GET /events`: in memory, per company. Whoever must not miss anything reads the audit log or the
//! outbox; an event stream only says when to look.

use crate::api::{EventView, rfc3339};
use crate::clock;
use hospes_session::id::{CompanyId, SessionId};
use serde_json::{Value, json};
use tokio::sync::broadcast;

/// Events that a slow reader may lag behind before it is told to look again.
const BACKLOG: usize = 1024;

/// One event.
#[derive(Clone, Debug)]
pub(crate) struct Happened {
    /// Whose.
    pub(crate) company: CompanyId,
    /// The session, when one is concerned.
    pub(crate) session: Option<SessionId>,
    /// E.g. `session.activated`.
    pub(crate) name: String,
    /// For the readers.
    pub(crate) view: EventView,
}

/// The stream of events.
pub(crate) struct Events(broadcast::Sender<Happened>);

impl Default for Events {
    fn default() -> Self {
        Self(broadcast::channel(BACKLOG).0)
    }
}

impl Events {
    /// Tells everybody who listens.
    pub(crate) fn publish(&self, company: CompanyId, session: Option<SessionId>, name: &str, detail: Value) {
        let at = rfc3339(clock::now());
        let view = EventView { at, session: session.map(|id| id.to_string()), detail };
        let _nobody_listens = self.0.send(Happened { company, session, name: name.to_owned(), view });
    }

    /// Tells what the session rules decided.
    pub(crate) fn publish_decided(
        &self,
        company: CompanyId,
        session: SessionId,
        events: &[hospes_session::rules::Event],
    ) {
        for event in events {
            let mut detail = serde_json::to_value(event).unwrap_or_else(|_| json!({}));
            if let Some(fields) = detail.as_object_mut() {
                fields.remove("event");
            }
            self.publish(company, Some(session), event.name(), detail);
        }
    }

    /// Listens from now on.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Happened> {
        self.0.subscribe()
    }
}
