//! The rules R1-R8, R11-R15, R18, R20 and the four default plans (R9, R10) as pure functions over values.
//!
//! Nothing here reads a clock, rolls dice or does I/O: the caller passes `now` and random bytes, and gets back what
//! the next value is and what happened on the way. So every decision can be replayed from the audit log, and a
//! 24-hour session with reboots and outages runs in a test of a millisecond.
//!
//! | question | answer |
//! |---|---|
//! | What does the technician's form become? | [`prepare::prepare`]: a session, and the secrets that are shown once |
//! | Which capabilities may it have? | [`choice::choose`], at prepare and while it is open |
//! | Is this a password that a technician may have? | [`account`] |
//! | May one more session be open? | [`quota::admit`]; the store asks the same in its conditional write |
//! | What does this command do to this session now? | [`rules::decide`], the only way from one value to the next |
//! | When must somebody look again? | [`model::Session::next_due`] |
//! | Is the lease over on the host, whatever its clocks say? | [`lease::LeaseClock`] |
//! | What does a plan with these modules unlock? | [`plan::Plan::features_with`] |
//! | When is a delivery that failed tried again? | [`notification::next_try`] |
//!
//! Architecture invariants, each with the tests that hold it:
//! - Nothing leads out of `Ended` (R15): `tests/properties.rs`.
//! - A lease, once begun, is never made longer: neither by a command (`tests/properties.rs`) nor by what happens to the
//!   host's clocks (`tests/lease.rs`).
//! - Codes, tokens and passwords are in no value that is stored or printed: `tests/prepare.rs`.

pub mod account;
pub mod capability;
pub mod choice;
pub mod code;
mod hex32;
pub mod id;
pub mod lease;
pub mod model;
pub mod notification;
pub mod password;
pub mod plan;
pub mod prepare;
pub mod quota;
pub mod rules;
