//! Which hosts are connected now, and what each said last of consent.

use hospes_licence::interface::ConsentClass;
use hospes_session::id::{CompanyId, SessionId};
use hospes_session::model::HostKey;
use hospes_transport::Connection;
use hospes_wire::control::{ConsentState, ServerMessage};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;

/// A host that is connected and has proved its key.
pub(crate) struct OnlineHost {
    /// Its session.
    pub(crate) session: SessionId,
    /// Whose session it is.
    pub(crate) company: CompanyId,
    /// Its key.
    pub(crate) key: HostKey,
    /// Streams to it.
    pub(crate) connection: Connection,
    /// Messages to it, on the control stream.
    outbox: mpsc::Sender<ServerMessage>,
    serial: u64,
}

impl OnlineHost {
    /// Sends on the control stream, without waiting: a host that does not read it is cut off, and learns the rest when
    /// it comes back.
    pub(crate) fn tell_now(&self, message: ServerMessage) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.outbox.try_send(message) {
            self.connection.close("the control stream is not read");
        }
    }
}

/// What a host last said of consent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    /// Per class.
    pub(crate) classes: BTreeMap<ConsentClass, ConsentState>,
    /// What the computer cannot do now, per interface, with the host's reason.
    pub(crate) unavailable: BTreeMap<String, String>,
}

/// The registry.
#[derive(Default)]
pub(crate) struct Hosts {
    online: Mutex<HashMap<SessionId, Arc<OnlineHost>>>,
    reports: Mutex<HashMap<SessionId, Report>>,
    serial: AtomicU64,
}

impl Hosts {
    /// A host has proved its key. A newer connection takes the place of an older one, which is closed.
    pub(crate) fn connect(
        &self,
        session: SessionId,
        company: CompanyId,
        key: HostKey,
        connection: Connection,
        outbox: mpsc::Sender<ServerMessage>,
    ) -> Arc<OnlineHost> {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let host = Arc::new(OnlineHost { session, company, key, connection, outbox, serial });
        let older = self.lock().insert(session, host.clone());
        if let Some(older) = older {
            older.connection.close("a newer connection of the same host took its place");
        }
        host
    }

    /// This connection is gone. True when it was still the host's current one: then the host is offline.
    pub(crate) fn disconnect(&self, host: &OnlineHost) -> bool {
        let mut online = self.lock();
        let current = online.get(&host.session).is_some_and(|current| current.serial == host.serial);
        if current {
            online.remove(&host.session);
        }
        current
    }

    /// The session's host, when it is online.
    pub(crate) fn get(&self, session: SessionId) -> Option<Arc<OnlineHost>> {
        self.lock().get(&session).cloned()
    }

    /// How many are online.
    pub(crate) fn count(&self) -> usize {
        self.lock().len()
    }

    /// Keeps what a host said.
    pub(crate) fn report(&self, session: SessionId, report: Report) {
        self.reports.lock().unwrap_or_else(PoisonError::into_inner).insert(session, report);
    }

    /// What the host last said.
    pub(crate) fn last_report(&self, session: SessionId) -> Option<Report> {
        self.reports.lock().unwrap_or_else(PoisonError::into_inner).get(&session).cloned()
    }

    /// The session is over.
    pub(crate) fn forget(&self, session: SessionId) {
        self.reports.lock().unwrap_or_else(PoisonError::into_inner).remove(&session);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<SessionId, Arc<OnlineHost>>> {
        self.online.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
