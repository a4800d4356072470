//! The rules R1-R8, R11-R15, R18 and the four default plans (R9, R10) as pure functions over values.
//!
//! Nothing here reads a clock, rolls dice or does I/O: the caller passes `now` and random bytes, and gets back what
//! the next value is and what happened on the way. So every decision can be replayed from the audit log, and a
//! 24-hour session with reboots and outages runs in a test of a millisecond.

pub mod capability;
pub mod code;
mod hex32;
pub mod id;
pub mod lease;
pub mod model;
pub mod password;
pub mod plan;
pub mod prepare;
pub mod quota;
pub mod rules;
