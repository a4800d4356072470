//! What happened, for `GET /events`: in memory, per company. Whoever must not miss anything reads the audit log or the
//! outbox; an event stream only says when to look.

use crate::api::{EventView, rfc3339};
use crate::clock;
use hospes_session::id::{CompanyId, SessionId};
use hospes_session::rules::Event;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
pub(crate) struct Events {
    sender: broadcast::Sender<Happened>,
    /// How many readers each company has.
    readers: Arc<Mutex<HashMap<CompanyId, usize>>>,
}

impl Default for Events {
    fn default() -> Self {
        Self { sender: broadcast::channel(BACKLOG).0, readers: Arc::default() }
    }
}

/// A reader of a company's events: counted until dropped.
pub(crate) struct Reader {
    /// All events; those of other companies are not to be passed on.
    pub(crate) events: broadcast::Receiver<Happened>,
    company: CompanyId,
    readers: Arc<Mutex<HashMap<CompanyId, usize>>>,
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut readers = lock(&self.readers);
        if let Some(count) = readers.get_mut(&self.company) {
            *count -= 1;
            if *count == 0 {
                readers.remove(&self.company);
            }
        }
    }
}

fn lock(readers: &Mutex<HashMap<CompanyId, usize>>) -> MutexGuard<'_, HashMap<CompanyId, usize>> {
    readers.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Events {
    /// Tells everybody who listens.
    pub(crate) fn publish(&self, company: CompanyId, session: Option<SessionId>, name: &str, detail: Value) {
        let at = rfc3339(clock::now());
        let view = EventView { at, session: session.map(|id| id.to_string()), detail };
        let _nobody_listens = self.sender.send(Happened { company, session, name: name.to_owned(), view });
    }

    /// Tells what the session rules decided.
    pub(crate) fn publish_decided(&self, company: CompanyId, session: SessionId, events: &[Event]) {
        for event in events {
            // The stream has said so when it happened; only notifiers wait whether it lasts.
            if matches!(event, Event::HostOffline | Event::HostOnline) {
                continue;
            }
            let mut detail = serde_json::to_value(event).unwrap_or_else(|_| json!({}));
            if let Some(fields) = detail.as_object_mut() {
                fields.remove("event");
            }
            self.publish(company, Some(session), event.name(), detail);
        }
    }

    /// Listens from now on.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Happened> {
        self.sender.subscribe()
    }

    /// Listens from now on, for a company.
    pub(crate) fn read(&self, company: CompanyId) -> Reader {
        *lock(&self.readers).entry(company).or_default() += 1;
        Reader { events: self.subscribe(), company, readers: self.readers.clone() }
    }

    /// Companies with readers.
    pub(crate) fn companies(&self) -> HashSet<CompanyId> {
        lock(&self.readers).keys().copied().collect()
    }
}
