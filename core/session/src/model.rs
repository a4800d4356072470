//! A support session as a value.

use crate::capability::CapabilityId;
use crate::id::{CompanyId, SessionId, TechnicianId};
use crate::notification::{Told, lease_ending_at};
use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z. The caller's clock, never read here.
pub type Millis = u64;

/// The public half of the key that a host made for itself at pairing (Ed25519, 32 bytes).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HostKey(#[serde(with = "crate::hex32")] pub [u8; 32]);

impl std::fmt::Debug for HostKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HostKey({})", data_encoding::HEXLOWER.encode(&self.0[..4]))
    }
}

/// The customer's language; also that of the invitation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// French.
    Fr,
    /// Spanish.
    Es,
}

/// Who is to be helped (R1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// Where the invitation goes.
    pub email: String,
    /// For people.
    pub name: Option<String>,
    /// What pages and e-mails speak.
    pub language: Language,
}

/// What a host says of its computer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostFacts {
    /// `linux` or `windows`, with the version for people.
    pub os: String,
    /// Its name in the network.
    pub hostname: String,
    /// Version of the agent.
    pub agent: String,
}

/// One support session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// The tenant.
    pub company: CompanyId,
    /// Who prepared it.
    pub technician: TechnicianId,
    /// Who is helped.
    pub customer: Customer,
    /// The technician's own note.
    pub note: Option<String>,
    /// The capabilities that the technician chose (R20).
    pub capabilities: Vec<CapabilityId>,
    /// Length of the lease from activation, in milliseconds (R5).
    pub lease_length: Millis,
    /// When it was prepared.
    pub created_at: Millis,
    /// The last time that a host was refused, and why (R12), for the technician's page.
    pub last_refusal: Option<Refused>,
    /// Where it is in its life.
    pub state: SessionState,
}

impl Session {
    /// Prepared or active: it counts for the quotas (R7) and holds a seat (R18).
    #[must_use]
    pub fn is_open(&self) -> bool {
        !matches!(self.state, SessionState::Ended(_))
    }

    /// `prepared`, `active` or `ended`, as in the API.
    #[must_use]
    pub fn state_name(&self) -> &'static str {
        match self.state {
            SessionState::Prepared(_) => "prepared",
            SessionState::Active(_) => "active",
            SessionState::Ended(_) => "ended",
        }
    }

    /// The host that has the session, or had it: by its claim, its activation, or the end.
    #[must_use]
    pub fn host_key(&self) -> Option<HostKey> {
        match &self.state {
            SessionState::Prepared(prepared) => prepared.claimed_by,
            SessionState::Active(active) => Some(active.host_key),
            SessionState::Ended(ended) => ended.host_key,
        }
    }

    /// When time alone changes it next: the end of link or lease, the news that the lease ends soon, or the end of the
    /// wait for its host's removal.
    #[must_use]
    pub fn next_due(&self) -> Option<Millis> {
        match &self.state {
            SessionState::Prepared(prepared) => Some(prepared.expires_at),
            SessionState::Active(active) if active.told.lease_ending.is_none() => Some(lease_ending_at(active)),
            SessionState::Active(active) => Some(active.lease_expires_at),
            SessionState::Ended(ended) => (ended.removal == Removal::Pending).then_some(ended.removal_due),
        }
    }
}

/// A host that could not join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// When.
    pub at: Millis,
    /// A stable code, e.g. `already-hosting` (R12).
    pub reason: String,
}

/// Prepared, active or ended; nothing else, and never back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum SessionState {
    /// Waiting for the customer.
    Prepared(Prepared),
    /// The lease runs.
    Active(Active),
    /// Over; nothing reopens it (R15).
    Ended(Ended),
}

/// Waiting for the customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prepared {
    /// BLAKE3 of the link's token; the token itself is not kept.
    #[serde(with = "crate::hex32")]
    pub token_hash: [u8; 32],
    /// Keyed hash of the security code; the code itself is not kept (R4).
    #[serde(with = "crate::hex32")]
    pub code_hash: [u8; 32],
    /// When link and code die.
    pub expires_at: Millis,
    /// Wrong codes so far; the fifth ends the session.
    pub wrong_codes: u8,
    /// The host that gave the right code and is setting itself up; it alone may retry, and the code is used up.
    pub claimed_by: Option<HostKey>,
}

/// The lease runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Active {
    /// When the code was right and the host was set up (R4).
    pub activated_at: Millis,
    /// `activated_at` plus the lease's length.
    pub lease_expires_at: Millis,
    /// Who the host is.
    pub host_key: HostKey,
    /// What it says of its computer.
    pub host: HostFacts,
    /// What notifiers were told of meanwhile (R19).
    #[serde(default)]
    pub told: Told,
}

/// Over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// When.
    pub at: Millis,
    /// Why.
    pub reason: EndReason,
    /// Whether the host is gone.
    pub removal: Removal,
    /// The host that had it, also one that claimed the code and never finished its set-up.
    pub host_key: Option<HostKey>,
    /// By when the host has removed itself on its own clock (R5), a little time to say so included.
    pub removal_due: Millis,
    /// What it was before, kept for history and for the host that comes back to learn that it must go.
    pub was_active: Option<Active>,
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndReason {
    /// The technician ended it (R13).
    Technician,
    /// The customer ended it (R13).
    Customer,
    /// The lease was over (R5).
    LeaseExpired,
    /// Nobody used the link in time (R4).
    LinkExpired,
    /// Five wrong codes (R4).
    CodeBurned,
    /// The licence no longer covers it.
    Licence,
    /// The operator ended it.
    Operator,
}

/// Whether the temporary host is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Removal {
    /// There was never a host, or it said that it is gone.
    Done,
    /// It was told, or will be when it comes back.
    Pending,
    /// Its lease is over and it never said so; it removes itself (R5).
    Unreachable,
}
