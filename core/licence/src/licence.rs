//! A company's licence: a signed document that names plan, modules, seats and time.

use crate::key::{BadSignature, Context, KeyPair, PublicKey};
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

/// Why a licence is refused. The texts are for people: what is wrong and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LicenceRefusal {
    /// Signed by a key that is not trusted here.
    #[error("the licence is signed by {0}, a key that this server does not trust")]
    UntrustedKey(PublicKey),
    /// The signature does not match.
    #[error("the licence was changed after it was signed: its signature does not match")]
    Forged,
    /// Signed, but not a licence.
    #[error("the licence cannot be read: {0}")]
    Unreadable(String),
    /// For somebody else.
    #[error("the licence is for the company {licence}, not for {expected}")]
    ForeignCompany {
        /// Whom it names.
        licence: String,
        /// Whose it should be.
        expected: String,
    },
    /// Its time has not come.
    #[error("the licence is valid from {}; check the server's clock", time(*.0))]
    NotYet(u64),
    /// Its time is over.
    #[error("the licence ended at {}; ask for a new one and install it with `hospes licence install`", time(*.0))]
    Expired(u64),
    /// It ends before it begins.
    #[error("the licence ends ({}) before it begins ({})", time(*until), time(*from))]
    Backwards {
        /// First moment.
        from: u64,
        /// Last moment.
        until: u64,
    },
}

/// Signs a licence.
///
/// # Errors
/// When it ends before it begins, or cannot be written as JSON.
pub fn issue(licence: &Licence, key: &KeyPair) -> Result<SignedLicence, LicenceRefusal> {
    sound(licence)?;
    let bytes = serde_json::to_vec(licence).map_err(|error| LicenceRefusal::Unreadable(error.to_string()))?;
    let signature = key.sign(Context::Licence, &bytes);
    Ok(SignedLicence { bytes, key: key.public(), signature })
}

/// Checks the signature only: who signed what, at whatever time. [`verify`] is what decides.
///
/// # Errors
/// When the key is not one of `trusted`, the signature does not match, or the bytes are no licence.
pub fn read(signed: &SignedLicence, trusted: &[PublicKey]) -> Result<Licence, LicenceRefusal> {
    if !trusted.contains(&signed.key) {
        return Err(LicenceRefusal::UntrustedKey(signed.key));
    }
    signed
        .key
        .verify(Context::Licence, &signed.bytes, &signed.signature)
        .map_err(|BadSignature| LicenceRefusal::Forged)?;
    let licence: Licence =
        serde_json::from_slice(&signed.bytes).map_err(|error| LicenceRefusal::Unreadable(error.to_string()))?;
    sound(&licence)?;
    Ok(licence)
}

/// Checks everything: a trusted key, the signature, the company, and that `now` (milliseconds since 1970) is within the
/// licence's time, first and last moment included.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify(
    signed: &SignedLicence,
    trusted: &[PublicKey],
    company: &str,
    now: u64,
) -> Result<Licence, LicenceRefusal> {
    let licence = read(signed, trusted)?;
    if licence.company != company {
        return Err(LicenceRefusal::ForeignCompany { licence: licence.company, expected: company.to_owned() });
    }
    if now < licence.from {
        return Err(LicenceRefusal::NotYet(licence.from));
    }
    match licence.until {
        Some(until) if until < now => Err(LicenceRefusal::Expired(until)),
        _ => Ok(licence),
    }
}

fn sound(licence: &Licence) -> Result<(), LicenceRefusal> {
    match licence.until {
        Some(until) if until < licence.from => Err(LicenceRefusal::Backwards { from: licence.from, until }),
        _ => Ok(()),
    }
}

/// Milliseconds since 1970 as RFC 3339, for people.
fn time(millis: u64) -> String {
    let timestamp = i64::try_from(millis).ok().and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok());
    timestamp.map_or_else(|| format!("{millis} ms after 1970"), |timestamp| timestamp.to_string())
}
