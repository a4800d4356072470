//! May one more session be opened? R7 and R18.

use serde::{Deserialize, Serialize};

/// What a plan allows at a time (R7) and for how long (R5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Open (prepared or active) sessions of one technician.
    pub per_technician: u32,
    /// Open sessions of the company.
    pub per_company: u32,
    /// The lease, in milliseconds from activation.
    pub lease: u64,
}

/// What is open now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Of this technician.
    pub technician_open: u32,
    /// Of the company; each holds one seat (R18).
    pub company_open: u32,
    /// Seats of the company's licence.
    pub seats: u32,
}

/// Why no session can be prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuotaRefusal {
    /// R7
    #[error("the technician already has {0} open session(s), as many as the plan allows; end one first")]
    Technician(u32),
    /// R7
    #[error("the company already has {0} open session(s), as many as the plan allows; end one first")]
    Company(u32),
    /// R18
    #[error("all {0} seat(s) of the licence are in use; end a session or add seats")]
    NoSeat(u32),
}

/// Checks technician, company and seat, in this order (R7, R18).
///
/// # Errors
/// The first limit that is reached.
pub fn admit(usage: Usage, limits: Limits) -> Result<(), QuotaRefusal> {
    if usage.technician_open >= limits.per_technician {
        Err(QuotaRefusal::Technician(limits.per_technician))
    } else if usage.company_open >= limits.per_company {
        Err(QuotaRefusal::Company(limits.per_company))
    } else if usage.company_open >= usage.seats {
        Err(QuotaRefusal::NoSeat(usage.seats))
    } else {
        Ok(())
    }
}
