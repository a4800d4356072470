//! Host and server, on the first (host-opened, bidirectional) stream of a QUIC connection. Each message is one frame of
//! JSON. Unknown fields are ignored and unknown messages answered with `refused{unsupported}`, so that either side may
//! be newer.
//!
//! ```text
//! host                                     server
//! hello{v, facts}                       ->
//!                                       <- welcome{v, now}
//! look-up{token}                        ->                              (a customer reads who invites)
//!                                       <- invitation{...} | refused
//! pair{token, code, host_key, proof}    ->
//!                                       <- paired{...} | code-wrong{tries_left} | refused
//! installed{host_key}                   ->                              (key and journal are on disk)
//!                                       <- activated{...}
//! resume{session, host_key, proof}      ->                              (any later connection)
//!                                       <- resumed{...} | ended{reason}
//! ```
//! `proof` is the host's signature ([`hospes_licence::key::Context::HostProof`]) over 32 bytes exported from this TLS
//! connection (label [`EXPORTER_LABEL`]), so it is worth nothing on another.

use crate::problem::Problem;
use hospes_licence::grant::SignedGrant;
use hospes_licence::interface::ConsentClass;
use hospes_licence::key::PublicKey;
use hospes_session::model::{EndReason, HostFacts, Language};
use serde::{Deserialize, Serialize};
use serde_with::{base64::Base64, serde_as};
use std::collections::BTreeMap;

/// TLS exporter label of the host's proof.
pub const EXPORTER_LABEL: &[u8] = b"EXPORTER-hospes-host-proof";

/// From the host.
#[serde_as]
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum HostMessage {
    /// First message of every connection.
    Hello {
        /// [`crate::VERSION`].
        v: u16,
        /// What the computer is.
        facts: HostFacts,
    },
    /// Who invites? Consumes nothing.
    LookUp {
        /// The link's token.
        #[serde_as(as = "Base64")]
        token: [u8; 16],
    },
    /// A try of the security code (R4).
    Pair {
        /// The link's token.
        #[serde_as(as = "Base64")]
        token: [u8; 16],
        /// As typed.
        code: String,
        /// The key that the host made.
        host_key: PublicKey,
        /// That it holds the key.
        #[serde_as(as = "Base64")]
        proof: [u8; 64],
    },
    /// Key and install journal are on disk: the session may start.
    Installed {},
    /// Back again.
    Resume {
        /// The session's id.
        session: String,
        /// The host's key.
        host_key: PublicKey,
        /// That it holds the key.
        #[serde_as(as = "Base64")]
        proof: [u8; 64],
    },
    /// This computer already runs a host (R12).
    AlreadyHosting {
        /// The link's token.
        #[serde_as(as = "Base64")]
        token: [u8; 16],
    },
    /// What the customer allows, now; sent after activation, on resume and at every change.
    Consent {
        /// Per class.
        classes: BTreeMap<ConsentClass, ConsentState>,
        /// What this computer cannot do now, per interface, with the reason (no display, ...).
        unavailable: BTreeMap<String, String>,
    },
    /// A channel ended on the host's side.
    ChannelClosed {
        /// Which.
        channel: String,
        /// Why, when it was not the plugin's own wish.
        problem: Option<Problem>,
    },
    /// The customer ends the session (R13).
    End {},
    /// The host is gone but for this message: the receipt of the removal.
    Removed {
        /// What was undone, one line each.
        undone: Vec<String>,
    },
}

/// What the customer said about one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConsentState {
    /// Asked each time.
    Ask,
    /// Yes, for the lease.
    Granted,
    /// No.
    Denied,
}

/// Somebody whose plugins the host runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publisher {
    /// For people.
    pub name: String,
    /// Their key.
    pub key: PublicKey,
}

/// Who invites, for what and for how long: what the customer sees before the code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// Who supports.
    pub company: String,
    /// Who exactly.
    pub technician: String,
    /// True only when company and domain were proven; false is shown as *not confirmed*.
    pub confirmed: bool,
    /// What may be used: capability id and title per language.
    pub capabilities: Vec<(String, BTreeMap<String, String>)>,
    /// Consent classes that those capabilities need.
    pub classes: Vec<ConsentClass>,
    /// Length of the lease in milliseconds.
    pub lease: u64,
    /// When link and code die, milliseconds since 1970.
    pub expires_at: u64,
    /// The customer's language.
    pub language: Language,
    /// Whose plugins may run.
    pub publishers: Vec<Publisher>,
}

/// Handed over once, with the right code.
#[serde_as]
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pairing {
    /// The session's id.
    pub session: String,
    /// What the customer saw, again: it is kept on the host's disk.
    pub invitation: Invitation,
    /// The key that signs grants; pinned from now on.
    pub grant_key: PublicKey,
    /// Checks the session password ([`hospes_pake`]'s registration): the server forgets its copy at activation.
    #[serde_as(as = "Base64")]
    pub password_verifier: Vec<u8>,
}

impl std::fmt::Debug for Pairing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The verifier allows guessing the session password off line.
        f.debug_struct("Pairing")
            .field("session", &self.session)
            .field("invitation", &self.invitation)
            .field("grant_key", &self.grant_key)
            .finish_non_exhaustive()
    }
}

/// From the server.
#[serde_as]
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ServerMessage {
    /// Answer to `hello`.
    Welcome {
        /// [`crate::VERSION`].
        v: u16,
        /// The server's clock, milliseconds since 1970.
        now: u64,
    },
    /// Answer to `look-up`.
    Invitation(Invitation),
    /// The code was right.
    Paired(Box<Pairing>),
    /// The code was wrong.
    CodeWrong {
        /// Tries that are left; at 0 the session has ended.
        tries_left: u8,
    },
    /// The lease runs.
    Activated {
        /// Milliseconds since 1970.
        activated_at: u64,
        /// Milliseconds since 1970.
        lease_ends: u64,
    },
    /// Answer to `resume`: the session is still active.
    Resumed {
        /// Milliseconds since 1970; the host keeps the earlier of this and its own.
        lease_ends: u64,
    },
    /// The session is over: remove yourself.
    Ended {
        /// Why.
        reason: EndReason,
    },
    /// Keeps a channel open for another grant's life.
    Renew {
        /// The new grant.
        grant: SignedGrant,
    },
    /// Closes a channel at once, or (with a narrower grant to follow) tells why.
    Revoke {
        /// Which.
        channel: String,
        /// Why.
        problem: Problem,
    },
    /// What was asked is not done.
    Refused {
        /// Why.
        problem: Problem,
    },
}
