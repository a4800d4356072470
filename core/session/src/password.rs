//! The predefined password of a session (R2): set by the technician or generated, shown once, never stored.

use zeroize::Zeroize;

/// Fewest characters that a technician may choose.
pub const SHORTEST: usize = 8;
/// Most characters that a technician may choose.
pub const LONGEST: usize = 128;

/// Letters and digits that are not mistaken for each other when read aloud or typed: no `0 o 1 l i`.
const ALPHABET: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";

/// The password that a technician gives once per login when first connecting to a session's host.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionPassword(String);

impl SessionPassword {
    /// Three groups of four characters, e.g. `k7pm-x2qd-9hra`: 59 bits, to be tried against a throttled host only.
    /// The bias of a byte over 31 characters takes less than a tenth of a bit.
    #[must_use]
    pub fn generate(random: [u8; 12]) -> Self {
        let mut text = String::with_capacity(14);
        for (place, byte) in random.iter().enumerate() {
            if place > 0 && place % 4 == 0 {
                text.push('-');
            }
            text.push(char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]));
        }
        Self(text)
    }

    /// One that a technician chose: [`SHORTEST`] to [`LONGEST`] characters, none of them a control character.
    ///
    /// # Errors
    /// What is wrong with it, for people; never the password itself.
    pub fn chosen(text: &str) -> Result<Self, String> {
        let length = text.chars().count();
        if !(SHORTEST..=LONGEST).contains(&length) {
            Err(format!("has {length} characters; {SHORTEST} to {LONGEST} are needed"))
        } else if text.chars().any(char::is_control) {
            Err("contains a control character; use characters that can be typed".to_owned())
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// The password, to be shown once and registered with the PAKE.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl Drop for SessionPassword {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl std::fmt::Debug for SessionPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionPassword(..)")
    }
}
