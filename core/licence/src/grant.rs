//! The grant: the one object through which plan, policy, role, session choice and lease reach the host.
//!
//! A channel opens only with one. It is signed by the grant key that the host pinned at pairing, lives 60 s, and is
//! renewed while the channel is open. The host intersects it with its own lease, publishers, consent and password
//! unlock ([`check`] does the grant's own part; the rest is the host's).

use crate::key::{BadSignature, Context, KeyPair, PublicKey};
use serde::{Deserialize, Serialize};
use serde_with::{base64::Base64, serde_as};
use std::collections::BTreeSet;

/// How long a grant lives, in milliseconds.
pub const LIFETIME: u64 = 60_000;

/// How far the clocks of server and host may differ, in milliseconds, before a fresh grant looks stale.
pub const CLOCK_SKEW: u64 = 30_000;

/// Permission to open (or keep open) one channel.
///
/// Unknown fields are refused: they could be restrictions of a later version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The session.
    pub session: String,
    /// The channel that it opens or renews.
    pub channel: String,
    /// The host that may act on it.
    pub host_key: PublicKey,
    /// The technician's id.
    pub technician: String,
    /// The technician's name, shown to the customer.
    pub technician_name: String,
    /// The login whose session password must have been proved.
    pub login: String,
    /// The capability, e.g. `file-manager`.
    pub capability: String,
    /// BLAKE3 of the signed plugin file, hex.
    pub component: String,
    /// Interfaces that plan, policy, role and session choice leave, as `package:name/interface`.
    pub interfaces: BTreeSet<String>,
    /// Whether control is wanted.
    pub mode: Mode,
    /// Budgets; the host takes the smaller of these and its own.
    pub limits: Limits,
    /// Counts up with each renewal of the same channel; an older one is refused.
    pub generation: u64,
    /// When it was signed, milliseconds since 1970.
    pub issued_at: u64,
    /// When it dies; never after the lease's end.
    pub not_after: u64,
}

/// Whether control is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Everything that the interfaces allow.
    #[default]
    Full,
    /// Reading interfaces only: those of controlling or writing consent classes answer `denied`.
    ViewOnly,
}

/// Budgets of one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Bytes of linear memory, all memories together.
    pub memory: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory: 64 << 20 }
    }
}

/// A grant as it travels: the exact bytes that were signed.
#[serde_as]
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedGrant {
    /// JSON of a [`Grant`].
    #[serde_as(as = "Base64")]
    pub bytes: Vec<u8>,
    /// Ed25519 under [`Context::Grant`].
    #[serde_as(as = "Base64")]
    pub signature: [u8; 64],
}

impl std::fmt::Debug for SignedGrant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SignedGrant({})", String::from_utf8_lossy(&self.bytes))
    }
}

/// What the host knows by itself when it checks a grant.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The grant key that was pinned at pairing.
    pub grant_key: &'a PublicKey,
    /// The host's own session.
    pub session: &'a str,
    /// The host's own key.
    pub host_key: &'a PublicKey,
    /// The host's own lease end, milliseconds since 1970.
    pub lease_ends: u64,
    /// The host's clock.
    pub now: u64,
    /// The last generation seen for this channel; none when the channel is new.
    pub last_generation: Option<u64>,
}

/// Why a grant is refused. The texts are what the technician's page and the audit log show.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrantRefusal {
    /// Not signed by the pinned key.
    #[error("the grant is not signed by the key that was pinned at pairing")]
    Forged,
    /// The signed bytes are not a grant.
    #[error("the grant cannot be read: {0}")]
    Unreadable(String),
    /// For another session or host.
    #[error("the grant is for another {0}")]
    Foreign(&'static str),
    /// Too old, or from the future.
    #[error("the grant is not fresh: {0}")]
    Stale(&'static str),
    /// Seen before.
    #[error("the grant was used before")]
    Replayed,
    /// Lives longer than it may.
    #[error("the grant outlives {0}")]
    TooLong(&'static str),
    /// Names an interface that does not exist.
    #[error("the grant names an unknown interface: {0}")]
    UnknownInterface(String),
}

impl From<BadSignature> for GrantRefusal {
    fn from(_: BadSignature) -> Self {
        Self::Forged
    }
}

/// Signs a grant.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn sign(grant: &Grant, key: &KeyPair) -> Result<SignedGrant, serde_json::Error> {
    let bytes = serde_json::to_vec(grant)?;
    let signature = key.sign(Context::Grant, &bytes);
    Ok(SignedGrant { bytes, signature })
}

/// Checks signature, addressee, freshness, replay and length. What the interfaces are worth against the host's own
/// publishers, consent and password unlock is the host's to decide.
///
/// # Errors
/// The first thing that is wrong.
pub fn check(signed: &SignedGrant, expected: Expected<'_>) -> Result<Grant, GrantRefusal> {
    expected.grant_key.verify(Context::Grant, &signed.bytes, &signed.signature)?;
    let grant: Grant =
        serde_json::from_slice(&signed.bytes).map_err(|error| GrantRefusal::Unreadable(error.to_string()))?;
    if grant.session != expected.session {
        return Err(GrantRefusal::Foreign("session"));
    }
    if grant.host_key != *expected.host_key {
        return Err(GrantRefusal::Foreign("host"));
    }
    if grant.issued_at > expected.now.saturating_add(CLOCK_SKEW) {
        return Err(GrantRefusal::Stale("it was signed in the future; check this computer's clock"));
    }
    if grant.not_after.saturating_add(CLOCK_SKEW) <= expected.now {
        return Err(GrantRefusal::Stale("it has expired"));
    }
    if grant.not_after.saturating_sub(grant.issued_at) > LIFETIME {
        return Err(GrantRefusal::TooLong("60 s"));
    }
    if grant.not_after > expected.lease_ends {
        return Err(GrantRefusal::TooLong("the lease"));
    }
    if expected.last_generation.is_some_and(|last| grant.generation <= last) {
        return Err(GrantRefusal::Replayed);
    }
    match grant.interfaces.iter().find(|name| crate::interface::consent_of(name).is_none()) {
        Some(unknown) => Err(GrantRefusal::UnknownInterface(unknown.clone())),
        None => Ok(grant),
    }
}
