//! What the host lends to plugins. One trait for each subject, all of one shape: owned values in, owned values out, no
//! borrowed handle across the trait, so that a provider can move to another process later. Calls may block for the time
//! of a system call; the runtime makes them off the async threads.
//!
//! A platform that cannot do something leaves the field of [`Providers`] empty; the plugin is told `unavailable`.

pub mod desk;
pub mod files;
pub mod notify;
pub mod system;

use std::sync::Arc;

/// Everything that a host can lend. Empty by default.
#[derive(Clone, Default)]
pub struct Providers {
    /// `hospes:desk/screen` and `hospes:desk/cursor`
    pub screen: Option<Arc<dyn desk::Screen>>,
    /// `hospes:desk/input`
    pub input: Option<Arc<dyn desk::Input>>,
    /// `hospes:desk/clipboard-read` and `hospes:desk/clipboard-write`
    pub clipboard: Option<Arc<dyn desk::Clipboard>>,
    /// `hospes:files/read` and `hospes:files/write`
    pub files: Option<Arc<dyn files::Files>>,
    /// `hospes:system/*`
    pub system: Option<Arc<dyn system::System>>,
}

/// Why a provider's call failed; the plugin sees the same cases (`hospes:base/types.error`).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no such thing.
    #[error("not found")]
    NotFound,
    /// Something of that name is already there.
    #[error("already exists")]
    AlreadyExists,
    /// The caller's argument is out of range.
    #[error("invalid: {0}")]
    Invalid(String),
    /// Cannot be had on this computer now.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// Anything else: stable code, sentence.
    #[error("{1}")]
    Other(&'static str, String),
}

/// Answer of a provider.
pub type Result<T, E = Error> = std::result::Result<T, E>;
