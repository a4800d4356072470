//! What a login keeps open: its event streams and its channels. Both end within a second of the login, whoever ended it:
//! the technician, an owner, the operator's command line, or time.

use crate::clock;
use crate::state::App;
use hospes_session::id::LoginId;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio_util::sync::CancellationToken;

/// Event streams by the login that reads them.
#[derive(Clone, Default)]
pub(crate) struct Streams(Arc<Mutex<HashMap<LoginId, (CancellationToken, usize)>>>);

/// A stream that is open until dropped.
pub(crate) struct Stream {
    /// Cancelled when its login ends.
    pub(crate) ended: CancellationToken,
    login: LoginId,
    streams: Streams,
}

impl Drop for Stream {
    fn drop(&mut self) {
        let mut streams = self.streams.lock();
        if let Some((_, count)) = streams.get_mut(&self.login) {
            *count -= 1;
            if *count == 0 {
                streams.remove(&self.login);
            }
        }
    }
}

impl Streams {
    /// One more stream of a login.
    pub(crate) fn open(&self, login: LoginId) -> Stream {
        let mut streams = self.lock();
        let (ended, count) = streams.entry(login).or_default();
        *count += 1;
        Stream { ended: ended.clone(), login, streams: self.clone() }
    }

    fn end(&self, login: LoginId) {
        if let Some((ended, _)) = self.lock().get(&login) {
            ended.cancel();
        }
    }

    fn logins(&self) -> HashSet<LoginId> {
        self.lock().keys().copied().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<LoginId, (CancellationToken, usize)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl App {
    /// These logins are over: what they keep open ends. To be called after they are gone from the store, so that what is
    /// asked again is told no.
    pub(crate) fn logins_ended(&self, ended: &[LoginId]) {
        for login in ended {
            self.streams.end(*login);
            self.channels.ask_again(*login);
        }
    }
}

/// Finds logins that ended behind this server's back.
pub(crate) async fn sweep(app: &App) {
    let mut open = app.streams.logins();
    open.extend(app.channels.logins());
    if open.is_empty() {
        return;
    }
    match app.store.living_logins(clock::now()).await {
        Ok(living) => app.logins_ended(&open.difference(&living).copied().collect::<Vec<_>>()),
        Err(error) => tracing::error!(%error, "logins were not looked at; trying again"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_ends_all_its_streams_and_no_others_and_nothing_is_kept_of_closed_ones() {
        let streams = Streams::default();
        let login = |number| LoginId::from_parts(1, [number; 16]);
        let (one, two, other) = (streams.open(login(1)), streams.open(login(1)), streams.open(login(2)));
        streams.end(login(1));
        assert!(one.ended.is_cancelled() && two.ended.is_cancelled() && !other.ended.is_cancelled());
        drop(one);
        assert_eq!(streams.logins(), HashSet::from([login(1), login(2)]));
        drop((two, other));
        assert!(streams.logins().is_empty());
        assert!(!streams.open(login(1)).ended.is_cancelled());
    }
}
