//! Technicians' own passwords: what may be one, and the temporary one that an owner or the operator hands over.

use crate::password::SessionPassword;
use crate::prepare::InvalidField;

/// Fewest characters of a password that a technician sets.
pub const SHORTEST: usize = 12;
/// Most characters of a password that a technician sets.
pub const LONGEST: usize = 128;
/// Random bytes that [`temporary_password`] consumes.
pub const RANDOM: usize = 12;

/// Checks the password that a technician wants to have from now on: [`SHORTEST`] to [`LONGEST`] characters, no control
/// character among them, and not the one they have.
///
/// # Errors
/// What is wrong with it, never the password itself.
pub fn new_password(current: &str, new: &str) -> Result<(), InvalidField> {
    let wrong = |problem: String| Err(InvalidField { field: "new_password", problem });
    let length = new.chars().count();
    if !(SHORTEST..=LONGEST).contains(&length) {
        return wrong(format!("has {length} characters; {SHORTEST} to {LONGEST} are needed"));
    }
    if new.chars().any(char::is_control) {
        return wrong("contains a control character; use characters that can be typed".to_owned());
    }
    if new == current {
        return wrong("is the one that you have; choose another".to_owned());
    }
    Ok(())
}

/// A password that is told once and must be changed at the first log-in: 59 bits, easy to read aloud. Log-ins are
/// throttled per address, and it works until it is changed.
#[must_use]
pub fn temporary_password(random: [u8; RANDOM]) -> SessionPassword {
    SessionPassword::generate(random)
}
