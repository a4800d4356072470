//! A company's licence: a signed document that names plan, modules, seats and time.

use crate::key::PublicKey;
use serde::{Deserialize, Serialize};
use serde_with::{base64::Base64, serde_as};

/// What a company may use. Times in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Licence {
    /// The licence's own id.
    pub id: String,
    /// The company's id.
    pub company: String,
    /// The plan's id.
    pub plan: String,
    /// Modules of the plan.
    #[serde(default)]
    pub modules: Vec<String>,
    /// Open sessions at a time (R18).
    pub seats: u32,
    /// When it was signed.
    pub issued_at: u64,
    /// First and last moment; none for no end.
    pub from: u64,
    /// Last moment, or none.
    pub until: Option<u64>,
}

/// A licence as it is stored and handed on: the exact bytes that were signed.
#[serde_as]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedLicence {
    /// JSON of a [`Licence`].
    #[serde_as(as = "Base64")]
    pub bytes: Vec<u8>,
    /// Who signed.
    pub key: PublicKey,
    /// Ed25519 under [`crate::key::Context::Licence`].
    #[serde_as(as = "Base64")]
    pub signature: [u8; 64],
}
