//! The deployment link (R2) and the name of the downloaded host: both carry address, token and key pin.
//!
//! Link: `https://ADDRESS/s/TICKET`. File: `hospes-agent--HOST--PORT--TICKET` (any suffix, such as ` (1).exe`, is
//! ignored), where TICKET is lower-case base32 without padding of 16 bytes token and 32 bytes pin: it survives file
//! systems and mail clients that fold case, and has nothing that a browser renames.

/// SHA-256 of the server identity key's SubjectPublicKeyInfo. The host accepts this key only.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyPin(pub [u8; 32]);

impl std::fmt::Debug for KeyPin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyPin({})", data_encoding::HEXLOWER.encode(&self.0))
    }
}

/// The link's secret; the server keeps only its hash.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct LinkToken(pub [u8; 16]);

impl std::fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LinkToken(..)")
    }
}

/// A deployment link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentLink {
    /// `https` or, on loopback only, `http`.
    pub secure: bool,
    /// Host name or address, without brackets.
    pub host: String,
    /// Port, TCP for pages and UDP for hosts.
    pub port: u16,
    /// The secret.
    pub token: LinkToken,
    /// Whom to trust.
    pub pin: KeyPin,
}
