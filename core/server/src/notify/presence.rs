//! Who has been away for long. A host that is gone for a moment is no news (R11); one that stays away is told of once,
//! and its return too. That it was told stands in the session, so a restart of the server tells nobody twice.

use crate::clock;
use crate::state::App;
use hospes_session::id::SessionId;
use hospes_session::model::Millis;
use hospes_session::notification::OFFLINE_AFTER;
use hospes_session::rules::Command;
use serde_json::json;
use std::collections::HashMap;

/// How often active sessions are counted anew, in looks of one second.
const RECOUNT: u32 = 10;

/// Since when which host of an active session has not been seen.
#[derive(Default)]
pub(crate) struct Away {
    since: HashMap<SessionId, Millis>,
    looks: u32,
}

impl Away {
    /// When the server starts: every host has its minute to come back.
    pub(crate) async fn begin(&mut self, app: &App) {
        self.count(app).await;
    }

    /// Once a second.
    pub(crate) async fn look(&mut self, app: &App) {
        self.looks += 1;
        if self.looks.is_multiple_of(RECOUNT) {
            self.count(app).await;
        }
        self.since.retain(|session, _| app.hosts.get(*session).is_none());
        for session in self.overdue(clock::now()) {
            match app.apply(session, &Command::HostOffline, "server", "host.offline", json!({})).await {
                Ok(_) => {
                    self.since.remove(&session);
                }
                Err(refusal) => {
                    tracing::error!(%session, code = refusal.into_problem().code(), "not told that it is offline");
                }
            }
        }
    }

    async fn count(&mut self, app: &App) {
        match app.store.active_sessions().await {
            Ok(active) => {
                let gone = active.into_iter().map(|(session, _)| session).filter(|id| app.hosts.get(*id).is_none());
                self.seen(gone.collect(), clock::now());
            }
            Err(error) => tracing::error!(%error, "active sessions were not counted; trying again"),
        }
    }

    /// These are away now; nobody else is.
    fn seen(&mut self, gone: Vec<SessionId>, now: Millis) {
        let before = std::mem::take(&mut self.since);
        self.since = gone.into_iter().map(|id| (id, before.get(&id).copied().unwrap_or(now))).collect();
    }

    fn overdue(&self, now: Millis) -> Vec<SessionId> {
        let late = self.since.iter().filter(|(_, since)| now >= since.saturating_add(OFFLINE_AFTER));
        late.map(|(id, _)| *id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r11_a_host_is_missed_after_a_minute_and_not_before() {
        let (one, two) = (SessionId::from_parts(1, [1; 16]), SessionId::from_parts(1, [2; 16]));
        let mut away = Away::default();
        away.seen(vec![one, two], 1000);
        assert_eq!(away.overdue(1000 + OFFLINE_AFTER - 1), []);
        away.seen(vec![one], 11_000);
        assert_eq!(away.overdue(1000 + OFFLINE_AFTER), [one], "counted from the first time that it was missed");
        away.seen(vec![two], 21_000);
        assert_eq!(away.overdue(1000 + OFFLINE_AFTER), [], "one is back, two was back in between");
        assert_eq!(away.overdue(21_000 + OFFLINE_AFTER), [two]);
    }
}
