//! What is known of each open (or opening) channel: its grant, until when it holds, whether it was revoked.

use crate::host::Host;
use hospes_licence::grant::{self, CLOCK_SKEW, Expected, Grant, GrantRefusal, LIFETIME, SignedGrant};
use hospes_licence::interface::ConsentClass;
use hospes_runtime::gate::Denial;
use hospes_wire::problem::Problem;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Most channels at a time; beyond it a technician is told to close one.
const MOST: usize = 64;

/// Checks a grant against what the host itself knows. `last` is the generation that the channel has already.
pub(crate) fn check(host: &Host, signed: &SignedGrant, last: Option<u64>) -> Result<Grant, GrantRefusal> {
    grant::check(
        signed,
        Expected {
            grant_key: &host.pairing.grant_key,
            session: &host.pairing.session,
            host_key: &host.key,
            lease_ends: host.lease_ends(),
            now: crate::lease_keeper::wall(),
            last_generation: last,
        },
    )
}

/// How long a grant that was just checked holds: to its end by this computer's clock, and never longer than a grant
/// lives. A clock that is ahead within the tolerated skew gets the tolerance, or every channel would close at once.
fn holds(grant: &Grant, now: u64) -> Duration {
    let skew = if grant.not_after <= now { CLOCK_SKEW } else { 0 };
    Duration::from_millis(grant.not_after.saturating_add(skew).saturating_sub(now).min(LIFETIME))
}

/// One channel.
pub(crate) struct Channel {
    grant: Mutex<Grant>,
    until: watch::Sender<Instant>,
    why: Mutex<Option<Problem>>,
    /// Cancelled when the channel must close.
    pub closing: CancellationToken,
    /// What the customer answered for this channel, where asked each time.
    pub answers: Mutex<BTreeMap<ConsentClass, Result<(), Denial>>>,
    /// One question at a time.
    pub asking: tokio::sync::Mutex<()>,
}

impl Channel {
    pub(super) fn new(grant: Grant) -> Self {
        let until = Instant::now() + holds(&grant, crate::lease_keeper::wall());
        Self {
            grant: Mutex::new(grant),
            until: watch::Sender::new(until),
            why: Mutex::new(None),
            closing: CancellationToken::new(),
            answers: Mutex::new(BTreeMap::new()),
            asking: tokio::sync::Mutex::new(()),
        }
    }

    /// The grant that holds now.
    pub(crate) fn grant(&self) -> MutexGuard<'_, Grant> {
        self.grant.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// True once the grant's time is over or the channel was closed.
    pub(crate) fn is_over(&self) -> bool {
        self.closing.is_cancelled() || *self.until.borrow() <= Instant::now()
    }

    /// Closes the channel; the first reason stands.
    pub(crate) fn close(&self, problem: Problem) {
        self.why.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(problem);
        self.closing.cancel();
    }

    /// Why it was closed.
    pub(crate) fn why(&self) -> Problem {
        let why = self.why.lock().unwrap_or_else(PoisonError::into_inner).clone();
        why.unwrap_or_else(|| Problem::new("channel-closed", 410, "The channel was closed"))
    }

    /// Waits until the channel must close: revoked, or its grant over and not renewed.
    pub(crate) async fn closed(&self) {
        let mut until = self.until.subscribe();
        loop {
            let end = *until.borrow_and_update();
            tokio::select! {
                () = self.closing.cancelled() => return,
                () = tokio::time::sleep_until(end) => {
                    if *self.until.borrow() <= Instant::now() {
                        self.close(Problem::new("grant-expired", 403, "The permission for this channel was not renewed"));
                        return;
                    }
                }
                changed = until.changed() => if changed.is_err() { return },
            }
        }
    }

    /// Another grant for the same channel. It may unlock more or less than the one before; who, with what, never changes.
    fn renew(&self, host: &Host, signed: &SignedGrant) -> Result<(), GrantRefusal> {
        let mut current = self.grant();
        let next = check(host, signed, Some(current.generation))?;
        if next.channel != current.channel
            || next.technician != current.technician
            || next.login != current.login
            || next.capability != current.capability
            || next.component != current.component
        {
            return Err(GrantRefusal::Foreign("channel"));
        }
        self.until.send_replace(Instant::now() + holds(&next, crate::lease_keeper::wall()));
        *current = next;
        Ok(())
    }
}

/// All channels by id.
#[derive(Default)]
pub(crate) struct Channels(Mutex<HashMap<String, Arc<Channel>>>);

impl Channels {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Arc<Channel>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters a channel; refused when there are too many.
    pub(super) fn enter(&self, channel: &Arc<Channel>) -> Result<(), Problem> {
        let mut all = self.all();
        if all.len() >= MOST {
            return Err(Problem::new("too-many-channels", 429, "Too many channels are open on this computer")
                .detail("close one and try again"));
        }
        let id = channel.grant().channel.clone();
        all.insert(id, Arc::clone(channel));
        Ok(())
    }

    /// The channel is gone.
    pub(super) fn leave(&self, id: &str) {
        self.all().remove(id);
    }

    /// Renews the channel that the grant names. A grant that is no good changes nothing: the old one runs out.
    pub(crate) fn renew(&self, host: &Host, signed: &SignedGrant) {
        // The id is read before the signature is checked, to find the channel; the check follows.
        let Some(id) = serde_json::from_slice::<Grant>(&signed.bytes).ok().map(|grant| grant.channel) else { return };
        let Some(channel) = self.all().get(&id).cloned() else { return };
        if let Err(refusal) = channel.renew(host, signed) {
            tracing::warn!(channel = %id, %refusal, "a renewal was refused");
        }
    }

    /// Closes one.
    pub(crate) fn revoke(&self, id: &str, problem: Problem) {
        if let Some(channel) = self.all().get(id).cloned() {
            channel.close(problem);
        }
    }

    /// Closes all.
    pub(crate) fn close_all(&self, problem: &Problem) {
        for channel in self.all().values() {
            channel.close(problem.clone());
        }
    }

    /// The customer changed his mind about a class: earlier answers of each channel count no more.
    pub(crate) fn forget_answers(&self, class: ConsentClass) {
        for channel in self.all().values() {
            channel.answers.lock().unwrap_or_else(PoisonError::into_inner).remove(&class);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hospes_licence::grant::{Limits, Mode};
    use hospes_licence::key::PublicKey;

    fn grant(issued_at: u64) -> Grant {
        Grant {
            session: String::new(),
            channel: "c".to_owned(),
            host_key: PublicKey([0; 32]),
            technician: String::new(),
            technician_name: String::new(),
            login: String::new(),
            capability: String::new(),
            component: String::new(),
            interfaces: std::collections::BTreeSet::new(),
            mode: Mode::Full,
            limits: Limits::default(),
            generation: 1,
            issued_at,
            not_after: issued_at + LIFETIME,
        }
    }

    #[test]
    fn a_grant_holds_to_its_end_whatever_the_clock_says_within_the_skew() {
        const NOW: u64 = 1_000_000_000;
        for (issued_at, expect) in [
            (NOW, 60_000),
            (NOW - 20_000, 40_000),
            (NOW + 25_000, 60_000), // this clock is behind
            (NOW - 70_000, 20_000), // this clock is ahead, within the skew
            (NOW - 95_000, 0),
        ] {
            assert_eq!(holds(&grant(issued_at), NOW), Duration::from_millis(expect), "{issued_at}");
        }
    }

    #[tokio::test]
    async fn a_channel_closes_when_its_grant_is_over_or_revoked() {
        let now = crate::lease_keeper::wall();
        let channel = Channel::new(Grant { not_after: now + 300, ..grant(now) });
        let start = Instant::now();
        channel.closed().await;
        assert!(start.elapsed() < Duration::from_secs(1) && channel.is_over());
        assert_eq!(channel.why().code(), "grant-expired");

        let channel = Channel::new(grant(now));
        channel.close(Problem::new("a", 403, ""));
        channel.close(Problem::new("b", 403, ""));
        channel.closed().await;
        assert_eq!(channel.why().code(), "a", "the first reason stands");
    }
}
