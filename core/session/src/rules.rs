//! What may happen to a session: one function, [`decide`].
//!
//! | state | code tried | host confirms | choice (R20) | end | time | host says it is gone |
//! |---|---|---|---|---|---|---|
//! | prepared, free | right: claimed; wrong: counted, the fifth ends it | not now | chosen | ended | link expired | not now |
//! | prepared, claimed | same host: right again, whatever it typed; another: taken, not counted | active | chosen | ended | link expired | ended by the customer |
//! | active | same host: not now (it resumes); another: taken | done again | chosen | ended | lease expired | ended by the customer, or the lease |
//! | ended | over | over | over | done again | removal `unreachable` | removal `done` |
//!
//! Another host's tries on a claimed code are not counted: the code is used up, so there is nothing left to guess, and
//! counting would let a stranger with the link end the session of a host that is setting itself up.
//!
//! A host that says that it is gone while its session is open was removed by the customer, or its own lease has ended
//! (a moment before the server's, [`EARLY_END`]; or years early, when its clock was set forward, which counts as the
//! customer's doing). With nobody left who could come back, the session ends, so that it holds no seat.

use crate::capability::CapabilityId;
use crate::model::{
    Active, EndReason, Ended, HostFacts, HostKey, Millis, Prepared, Refused, Removal, Session, SessionState,
};
use crate::notification::{Told, lease_ending_at};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

/// What somebody wants to do to a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
pub enum Command {
    /// A host gives a security code (R4). `code_hash` is [`crate::code::hash_code`] of what was typed.
    TryCode {
        /// What was typed, hashed.
        #[serde(with = "crate::hex32")]
        code_hash: [u8; 32],
        /// The host's key.
        host_key: HostKey,
    },
    /// The host that gave the right code has stored its key and its install journal.
    ConfirmHost {
        /// The host's key.
        host_key: HostKey,
        /// What it says of its computer.
        host: HostFacts,
    },
    /// A host could not join, e.g. because the computer already runs one (R12).
    RefuseHost {
        /// A stable code, e.g. `already-hosting`.
        reason: String,
    },
    /// The technician chooses other capabilities (R20), out of what [`crate::choice::choose`] lets through.
    Choose {
        /// All that the session has from now on.
        capabilities: Vec<CapabilityId>,
    },
    /// Somebody ends it (R13).
    End {
        /// Who, as a reason.
        reason: EndReason,
    },
    /// Time passes: the sweeper's question whether the link or the lease is over.
    Tick,
    /// The host says that it is gone.
    HostRemoved {
        /// The host's key.
        host_key: HostKey,
    },
    /// The host has been away for [`crate::notification::OFFLINE_AFTER`]: worth telling (R11, R19).
    HostOffline,
    /// The host is connected.
    HostOnline,
}

/// What happened: for audit log, outbox and event stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// `session.prepared`
    Prepared,
    /// `session.code-wrong`
    CodeWrong {
        /// Tries that are left.
        tries_left: u8,
    },
    /// `session.claimed`: the code was right, the host sets itself up.
    Claimed,
    /// `session.activated`
    Activated,
    /// `host.refused` (R12)
    HostRefused {
        /// A stable code.
        reason: String,
    },
    /// `session.capabilities` (R20)
    Chosen {
        /// Those that it did not have before.
        added: Vec<CapabilityId>,
        /// Those that it has no more.
        removed: Vec<CapabilityId>,
    },
    /// `session.ended`
    Ended {
        /// Why.
        reason: EndReason,
    },
    /// `host.removed`
    HostRemoved,
    /// `host.unreachable`: the lease is over and the host never said that it is gone.
    HostUnreachable,
    /// `lease.ending`: the lease ends soon.
    LeaseEnding,
    /// `host.offline`: the host has been away for a while.
    HostOffline,
    /// `host.online`: the host is back after that was told.
    HostOnline,
}

impl Event {
    /// Its name in the event stream and the outbox, e.g. `session.activated`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Prepared => "session.prepared",
            Self::CodeWrong { .. } => "session.code-wrong",
            Self::Claimed => "session.claimed",
            Self::Activated => "session.activated",
            Self::HostRefused { .. } => "host.refused",
            Self::Chosen { .. } => "session.capabilities",
            Self::Ended { .. } => "session.ended",
            Self::HostRemoved => "host.removed",
            Self::HostUnreachable => "host.unreachable",
            Self::LeaseEnding => "lease.ending",
            Self::HostOffline => "host.offline",
            Self::HostOnline => "host.online",
        }
    }
}

/// What the asker is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Done, or already so (ending twice is no error).
    Done,
    /// The code was right; set yourself up and confirm.
    CodeRight,
    /// The code was wrong.
    CodeWrong {
        /// Tries that are left; 0 means that the session has ended.
        tries_left: u8,
    },
    /// The session has ended, why.
    Over(EndReason),
    /// Another host has it.
    TakenByAnotherHost,
    /// Not in this state, or not this host.
    NotNow,
}

/// The next value, what happened, and what the asker is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The session from now on; equal to the one given when nothing changed.
    pub next: Session,
    /// What to write down, in order. Empty when nothing happened.
    pub events: Vec<Event>,
    /// What the asker is told.
    pub answer: Answer,
}

/// Wrong codes that end a session (R4).
pub const MAX_WRONG_CODES: u8 = 5;
/// How long after its lease a host may take to say that it is gone, before it counts as unreachable: hosts are back
/// within 10 s of an outage.
pub const REMOVAL_GRACE: Millis = 15_000;
/// How much earlier than the server's a host's lease may end, two clocks being two clocks: a host that goes that close
/// to the end goes because of its lease.
pub const EARLY_END: Millis = 5_000;
/// The same refusal within this time is not told again: a host that is started over and over must not flood anybody.
pub const REFUSAL_QUIET: Millis = 60_000;

/// Decides what a command does at `now` (R4, R5, R11-R15, R20). Total: every command has an answer in every state.
///
/// Time is looked at first, so a command that comes after the end of link or lease finds the session ended. A session
/// that time ended carries the moment at which its link or lease was over, however late somebody looked.
#[must_use]
pub fn decide(session: &Session, command: &Command, now: Millis) -> Decision {
    let mut next = session.clone();
    let mut events = Vec::new();
    pass_time(&mut next, now, &mut events);
    let answer = match command {
        Command::TryCode { code_hash, host_key } => try_code(&mut next, code_hash, *host_key, now, &mut events),
        Command::ConfirmHost { host_key, host } => confirm(&mut next, *host_key, host, now, &mut events),
        Command::RefuseHost { reason } => refuse(&mut next, reason, now, &mut events),
        Command::Choose { capabilities } => choose(&mut next, capabilities, &mut events),
        Command::End { reason } => end_by(&mut next, *reason, now, &mut events),
        Command::Tick => {
            give_up_on_host(&mut next, now, &mut events);
            Answer::Done
        }
        Command::HostRemoved { host_key } => removed(&mut next, *host_key, now, &mut events),
        Command::HostOffline => away(&mut next, now, &mut events),
        Command::HostOnline => back(&mut next, &mut events),
    };
    Decision { next, events, answer }
}

/// Ends a session whose link (R4) or lease (R5) is over.
fn pass_time(session: &mut Session, now: Millis, events: &mut Vec<Event>) {
    match &session.state {
        SessionState::Prepared(prepared) if now >= prepared.expires_at => {
            let at = prepared.expires_at;
            end(session, EndReason::LinkExpired, at, events);
        }
        SessionState::Active(active) if now >= active.lease_expires_at => {
            let at = active.lease_expires_at;
            end(session, EndReason::LeaseExpired, at, events);
        }
        SessionState::Active(_) => lease_ending(session, now, events),
        _ => {}
    }
}

/// Tells once that the lease ends soon.
fn lease_ending(session: &mut Session, now: Millis, events: &mut Vec<Event>) {
    if let SessionState::Active(active) = &mut session.state
        && active.told.lease_ending.is_none()
        && now >= lease_ending_at(active)
    {
        active.told.lease_ending = Some(now);
        events.push(Event::LeaseEnding);
    }
}

/// The host is away for long: told once, until it is back.
fn away(session: &mut Session, now: Millis, events: &mut Vec<Event>) -> Answer {
    let SessionState::Active(active) = &mut session.state else { return Answer::NotNow };
    if active.told.offline.is_none() {
        active.told.offline = Some(now);
        events.push(Event::HostOffline);
    }
    Answer::Done
}

/// The host is back: told only to those who were told that it was away.
fn back(session: &mut Session, events: &mut Vec<Event>) -> Answer {
    let SessionState::Active(active) = &mut session.state else { return Answer::NotNow };
    if active.told.offline.take().is_some() {
        events.push(Event::HostOnline);
    }
    Answer::Done
}

fn give_up_on_host(session: &mut Session, now: Millis, events: &mut Vec<Event>) {
    if let SessionState::Ended(ended) = &mut session.state
        && ended.removal == Removal::Pending
        && now >= ended.removal_due
    {
        ended.removal = Removal::Unreachable;
        events.push(Event::HostUnreachable);
    }
}

/// The only way into [`SessionState::Ended`], and nothing leads out of it (R15).
fn end(session: &mut Session, reason: EndReason, at: Millis, events: &mut Vec<Event>) {
    let (host_key, was_active, own_end) = match &session.state {
        SessionState::Ended(_) => return,
        SessionState::Prepared(Prepared { claimed_by, expires_at, .. }) => (*claimed_by, None, *expires_at),
        SessionState::Active(active) => (Some(active.host_key), Some(active.clone()), active.lease_expires_at),
    };
    let removal = if host_key.is_some() { Removal::Pending } else { Removal::Done };
    let removal_due = own_end.max(at).saturating_add(REMOVAL_GRACE);
    session.state = SessionState::Ended(Ended { at, reason, removal, host_key, removal_due, was_active });
    events.push(Event::Ended { reason });
}

fn try_code(
    session: &mut Session,
    code_hash: &[u8; 32],
    host_key: HostKey,
    now: Millis,
    events: &mut Vec<Event>,
) -> Answer {
    let prepared = match &mut session.state {
        SessionState::Ended(ended) => return Answer::Over(ended.reason),
        SessionState::Active(active) if active.host_key == host_key => return Answer::NotNow,
        SessionState::Active(_) => return Answer::TakenByAnotherHost,
        SessionState::Prepared(prepared) => prepared,
    };
    match prepared.claimed_by {
        Some(claimed_by) if claimed_by == host_key => return Answer::CodeRight,
        Some(_) => return Answer::TakenByAnotherHost,
        None => {}
    }
    if bool::from(prepared.code_hash.ct_eq(code_hash)) {
        prepared.claimed_by = Some(host_key);
        events.push(Event::Claimed);
        return Answer::CodeRight;
    }
    prepared.wrong_codes = prepared.wrong_codes.saturating_add(1);
    let tries_left = MAX_WRONG_CODES.saturating_sub(prepared.wrong_codes);
    events.push(Event::CodeWrong { tries_left });
    if tries_left == 0 {
        end(session, EndReason::CodeBurned, now, events);
    }
    Answer::CodeWrong { tries_left }
}

fn confirm(session: &mut Session, host_key: HostKey, host: &HostFacts, now: Millis, events: &mut Vec<Event>) -> Answer {
    match &session.state {
        SessionState::Ended(ended) => Answer::Over(ended.reason),
        SessionState::Active(active) if active.host_key == host_key => Answer::Done,
        SessionState::Active(_) => Answer::TakenByAnotherHost,
        SessionState::Prepared(Prepared { claimed_by: None, .. }) => Answer::NotNow,
        SessionState::Prepared(Prepared { claimed_by: Some(key), .. }) if *key != host_key => {
            Answer::TakenByAnotherHost
        }
        SessionState::Prepared(_) => {
            let lease_expires_at = now.saturating_add(session.lease_length);
            session.state = SessionState::Active(Active {
                activated_at: now,
                lease_expires_at,
                host_key,
                host: host.clone(),
                told: Told::default(),
            });
            events.push(Event::Activated);
            Answer::Done
        }
    }
}

/// Only a session that still waits for its host has one to refuse (R12); it stays prepared, for another computer.
fn refuse(session: &mut Session, reason: &str, now: Millis, events: &mut Vec<Event>) -> Answer {
    match &session.state {
        SessionState::Ended(ended) => return Answer::Over(ended.reason),
        SessionState::Active(_) => return Answer::NotNow,
        SessionState::Prepared(_) => {}
    }
    let told = session
        .last_refusal
        .as_ref()
        .is_some_and(|last| last.reason == reason && now < last.at.saturating_add(REFUSAL_QUIET));
    if !told {
        session.last_refusal = Some(Refused { at: now, reason: reason.to_owned() });
        events.push(Event::HostRefused { reason: reason.to_owned() });
    }
    Answer::Done
}

/// What was chosen before stays where both agree; the lease, the claim and everything else stand.
fn choose(session: &mut Session, capabilities: &[CapabilityId], events: &mut Vec<Event>) -> Answer {
    if let SessionState::Ended(ended) = &session.state {
        return Answer::Over(ended.reason);
    }
    let beside = |some: &[CapabilityId], others: &[CapabilityId]| -> Vec<CapabilityId> {
        some.iter().filter(|id| !others.contains(id)).cloned().collect()
    };
    let added = beside(capabilities, &session.capabilities);
    let removed = beside(&session.capabilities, capabilities);
    if !added.is_empty() || !removed.is_empty() {
        session.capabilities = capabilities.to_vec();
        events.push(Event::Chosen { added, removed });
    }
    Answer::Done
}

/// Who may end a session by wish (R13); the other reasons are for time and wrong codes to give.
fn end_by(session: &mut Session, reason: EndReason, now: Millis, events: &mut Vec<Event>) -> Answer {
    match reason {
        EndReason::Technician | EndReason::Customer | EndReason::Licence | EndReason::Operator => {
            end(session, reason, now, events);
            Answer::Done
        }
        EndReason::LeaseExpired | EndReason::LinkExpired | EndReason::CodeBurned => match &session.state {
            SessionState::Ended(_) => Answer::Done,
            _ => Answer::NotNow,
        },
    }
}

fn removed(session: &mut Session, host_key: HostKey, now: Millis, events: &mut Vec<Event>) -> Answer {
    if session.host_key() != Some(host_key) {
        return Answer::NotNow;
    }
    let reason = match &session.state {
        SessionState::Active(active) if now >= active.lease_expires_at.saturating_sub(EARLY_END) => {
            EndReason::LeaseExpired
        }
        _ => EndReason::Customer,
    };
    end(session, reason, now, events);
    if let SessionState::Ended(ended) = &mut session.state
        && ended.removal != Removal::Done
    {
        ended.removal = Removal::Done;
        events.push(Event::HostRemoved);
    }
    Answer::Done
}
