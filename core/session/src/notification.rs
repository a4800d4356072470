//! Who is told of what, and when it is tried again (R19). Times are the caller's, so is chance.

use crate::capability::CapabilityId;
use crate::id::{SessionId, TechnicianId};
use crate::model::{Active, Customer, EndReason, HostFacts, Millis, Removal, Session, SessionState};
use serde::{Deserialize, Serialize};

/// The events that a notification channel may choose among, by their names in the outbox.
pub const EVENTS: [&str; 6] =
    ["session.prepared", "session.activated", "host.offline", "host.online", "lease.ending", "session.ended"];
/// What "send a test" delivers; no channel chooses it.
pub const TEST: &str = "test";

const SECOND: Millis = 1000;
const MINUTE: Millis = 60 * SECOND;
const HOUR: Millis = 60 * MINUTE;

/// How long a host must be away before anybody is told: a reboot or a change of networks is no news (R11).
pub const OFFLINE_AFTER: Millis = MINUTE;
/// How long a delivery is tried before it is given up.
pub const GIVE_UP_AFTER: Millis = 24 * HOUR;
/// The first wait after a failed try; it doubles with each further one.
const FIRST_WAIT: Millis = 5 * SECOND;
/// The longest wait, before jitter.
const LONGEST_WAIT: Millis = 15 * MINUTE;

/// What was told of an active session, so that nobody is told twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// That the lease ends soon: when.
    pub lease_ending: Option<Millis>,
    /// That the host is offline: since when that has been told; none once it is back.
    pub offline: Option<Millis>,
}

/// When it is told that the lease ends soon: an hour before its end, or a 24th of it when it is shorter than a day.
#[must_use]
pub fn lease_ending_at(active: &Active) -> Millis {
    let length = active.lease_expires_at.saturating_sub(active.activated_at);
    active.lease_expires_at.saturating_sub((length / 24).min(HOUR))
}

/// The wait after `tries` failed ones (1 or more): 5 s, doubling up to 15 minutes, each 20 % shorter or longer by
/// `chance`, so that what failed together does not come back together.
#[must_use]
pub fn back_off(tries: u32, chance: u32) -> Millis {
    let doublings = tries.saturating_sub(1).min(16);
    let wait = (FIRST_WAIT << doublings).min(LONGEST_WAIT);
    let fifth = wait / 5;
    wait - fifth + 2 * fifth * u64::from(chance) / u64::from(u32::MAX)
}

/// When a delivery that was first tried at `since` is tried again after `tries` failed ones; none when it is given up.
#[must_use]
pub fn next_try(tries: u32, since: Millis, now: Millis, chance: u32) -> Option<Millis> {
    let at = now.saturating_add(back_off(tries, chance));
    (at < since.saturating_add(GIVE_UP_AFTER)).then_some(at)
}

/// A session as an event found it: what notifiers may know of it, and nothing that opens anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Its id.
    pub id: SessionId,
    /// Who prepared it.
    pub technician: TechnicianId,
    /// Who is helped.
    pub customer: Customer,
    /// `prepared`, `active` or `ended`.
    pub state: String,
    /// The chosen capabilities (R20).
    pub capabilities: Vec<CapabilityId>,
    /// When it was prepared.
    pub created_at: Millis,
    /// While prepared: when link and code die.
    pub code_expires_at: Option<Millis>,
    /// When the lease began (R4).
    pub activated_at: Option<Millis>,
    /// When the lease ends (R5).
    pub lease_expires_at: Option<Millis>,
    /// When it ended.
    pub ended_at: Option<Millis>,
    /// Why.
    pub end_reason: Option<EndReason>,
    /// Whether the host is gone, once ended.
    pub removal: Option<Removal>,
    /// What its host says of its computer: hostile text.
    pub host: Option<HostFacts>,
}

impl From<&Session> for Snapshot {
    fn from(session: &Session) -> Self {
        let mut snapshot = Self {
            id: session.id,
            technician: session.technician,
            customer: session.customer.clone(),
            state: session.state_name().to_owned(),
            capabilities: session.capabilities.clone(),
            created_at: session.created_at,
            code_expires_at: None,
            activated_at: None,
            lease_expires_at: None,
            ended_at: None,
            end_reason: None,
            removal: None,
            host: None,
        };
        let active = match &session.state {
            SessionState::Prepared(prepared) => {
                snapshot.code_expires_at = Some(prepared.expires_at);
                None
            }
            SessionState::Active(active) => Some(active),
            SessionState::Ended(ended) => {
                snapshot.ended_at = Some(ended.at);
                snapshot.end_reason = Some(ended.reason);
                snapshot.removal = Some(ended.removal);
                ended.was_active.as_ref()
            }
        };
        if let Some(active) = active {
            snapshot.activated_at = Some(active.activated_at);
            snapshot.lease_expires_at = Some(active.lease_expires_at);
            snapshot.host = Some(active.host.clone());
        }
        snapshot
    }
}
