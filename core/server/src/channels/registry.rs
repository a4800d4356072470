//! Which channels are open or opening.

use crate::api::{ChannelView, rfc3339};
use crate::caller::Caller;
use crate::refusal::{Answer, Refusal};
use axum::http::StatusCode;
use hospes_session::capability::CapabilityId;
use hospes_session::id::{ChannelId, CompanyId, LoginId, SessionId};
use hospes_session::model::Millis;
use hospes_wire::problem::Problem;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Most channels of a technician that wait for the host's yes: each holds a stream of the host's connection for minutes,
/// without the session password, and colleagues need streams too.
const OPENING: usize = 8;
/// Most channels of a technician, open and opening.
const OPEN: usize = 32;

/// One channel.
pub(crate) struct Channel {
    /// Its id.
    pub(crate) id: ChannelId,
    /// Its session.
    pub(crate) session: SessionId,
    /// Whose.
    pub(crate) company: CompanyId,
    /// What it serves.
    pub(crate) capability: CapabilityId,
    /// Who opened it, by which login.
    pub(crate) caller: Caller,
    /// When it was asked for.
    pub(crate) since: Millis,
    /// Bytes of the technician's messages.
    pub(crate) to_host: AtomicU64,
    /// Bytes of the host's messages.
    pub(crate) from_host: AtomicU64,
    open: AtomicBool,
    ask: Notify,
    ended: CancellationToken,
    why: OnceLock<Problem>,
}

impl Channel {
    /// A channel that is being opened.
    pub(crate) fn new(
        id: ChannelId,
        session: SessionId,
        company: CompanyId,
        capability: CapabilityId,
        caller: Caller,
        since: Millis,
    ) -> Self {
        Self {
            id,
            session,
            company,
            capability,
            caller,
            since,
            to_host: AtomicU64::new(0),
            from_host: AtomicU64::new(0),
            open: AtomicBool::new(false),
            ask: Notify::new(),
            ended: CancellationToken::new(),
            why: OnceLock::new(),
        }
    }

    /// The host said yes.
    pub(crate) fn opened(&self) {
        self.open.store(true, Ordering::Relaxed);
    }

    /// Whether the host said yes.
    pub(crate) fn is_open(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }

    /// Waits until whether it may live has to be asked again. What is said before somebody waits is not lost.
    pub(crate) async fn asked_again(&self) {
        self.ask.notified().await;
    }

    /// Ends it; the first reason stands.
    pub(crate) fn end(&self, why: Problem) {
        let _an_earlier_reason_stands = self.why.set(why);
        self.ended.cancel();
    }

    /// Waits until somebody ends it, and says why.
    pub(crate) async fn ended(&self) -> Problem {
        self.ended.cancelled().await;
        self.why.get().cloned().unwrap_or_else(|| Problem::new("closed", 410, "The channel was closed."))
    }

    fn view(&self) -> ChannelView {
        ChannelView {
            id: self.id.to_string(),
            capability: self.capability.to_string(),
            technician: self.caller.technician.name.clone(),
            opened_at: rfc3339(self.since),
        }
    }
}

/// The registry.
#[derive(Default)]
pub(crate) struct Channels(Mutex<HashMap<ChannelId, Arc<Channel>>>);

/// Removes its channel from the registry when dropped.
pub(crate) struct Entry<'a> {
    channels: &'a Channels,
    id: ChannelId,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.channels.lock().remove(&self.id);
    }
}

impl Channels {
    /// Lists a channel for as long as the entry lives.
    ///
    /// # Errors
    /// `too-many-channels`: the technician already has [`OPENING`] that are not open yet, or [`OPEN`] in all, by
    /// whatever logins.
    pub(crate) fn enter(&self, channel: &Arc<Channel>) -> Answer<Entry<'_>> {
        let mut channels = self.lock();
        let technician = channel.caller.technician.id;
        let (mut all, mut opening) = (0, 0);
        for other in channels.values().filter(|other| other.caller.technician.id == technician) {
            all += 1;
            opening += usize::from(!other.is_open());
        }
        let too_many = |detail: String| {
            Refusal::new("too-many-channels", StatusCode::TOO_MANY_REQUESTS, "You have too many connections.")
                .detail(detail)
        };
        if opening >= OPENING {
            return Err(too_many(format!(
                "{opening} wait for the session password or for the customer, and more may not: answer or close one."
            )));
        }
        if all >= OPEN {
            return Err(too_many(format!("{all} are open or opening, and more may not: close one.")));
        }
        channels.insert(channel.id, channel.clone());
        Ok(Entry { channels: self, id: channel.id })
    }

    /// A channel of a session, by id.
    pub(crate) fn get(&self, session: SessionId, id: ChannelId) -> Option<Arc<Channel>> {
        self.lock().get(&id).filter(|channel| channel.session == session).cloned()
    }

    /// The open channels of a session, oldest first.
    pub(crate) fn of_session(&self, session: SessionId) -> Vec<ChannelView> {
        let mut found: Vec<_> = self
            .lock()
            .values()
            .filter(|channel| channel.session == session && channel.is_open())
            .map(|channel| (channel.since, channel.view()))
            .collect();
        found.sort_by_key(|(since, _)| *since);
        found.into_iter().map(|(_, view)| view).collect()
    }

    /// Something about a login changed: its channels, open and opening, ask again whether they may live.
    pub(crate) fn ask_again(&self, login: LoginId) {
        for channel in self.lock().values().filter(|channel| channel.caller.login == login) {
            channel.ask.notify_one();
        }
    }

    /// Logins with channels.
    pub(crate) fn logins(&self) -> HashSet<LoginId> {
        self.lock().values().map(|channel| channel.caller.login).collect()
    }

    /// Companies with channels.
    pub(crate) fn companies(&self) -> HashSet<CompanyId> {
        self.lock().values().map(|channel| channel.company).collect()
    }

    /// How many are open, by capability.
    pub(crate) fn open_by_capability(&self) -> BTreeMap<String, i64> {
        let mut open = BTreeMap::new();
        for channel in self.lock().values().filter(|channel| channel.is_open()) {
            *open.entry(channel.capability.to_string()).or_default() += 1;
        }
        open
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<ChannelId, Arc<Channel>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
