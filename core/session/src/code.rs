//! The security code (R4), the link's token, and how both are kept: as hashes only.

/// Six decimal digits.
#[derive(Clone, PartialEq, Eq)]
pub struct SecurityCode(String);

impl SecurityCode {
    /// Makes one from 8 random bytes, evenly over 000000-999999 (the bias of 2^64 mod 10^6 is below 10^-13).
    #[must_use]
    pub fn from_random(random: [u8; 8]) -> Self {
        Self(format!("{:06}", u64::from_le_bytes(random) % 1_000_000))
    }

    /// Reads what a person typed: spaces and hyphens are ignored. None unless six digits are left.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let digits: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        (digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit())).then_some(Self(digits))
    }

    /// The digits, to be shown once.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for SecurityCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecurityCode(..)")
    }
}

/// What is stored of a code: BLAKE3 keyed with the link's token, so that equal codes of two sessions differ. A million
/// codes are tried in a second: this keeps a code from somebody who reads the table, not from somebody who also has the
/// link. Who copies the whole database while a link is alive (an hour at most) has both, as long as the link waits in
/// the outbox to be sent; the code still ends after five tries at the server, and the customer still has to agree.
#[must_use]
pub fn hash_code(token: &[u8; 16], code: &SecurityCode) -> [u8; 32] {
    let key = blake3::derive_key("hospes 2026 security code", token);
    *blake3::keyed_hash(&key, code.0.as_bytes()).as_bytes()
}

/// What is stored of a link's token.
#[must_use]
pub fn hash_token(token: &[u8; 16]) -> [u8; 32] {
    *blake3::hash(token).as_bytes()
}
