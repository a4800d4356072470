//! What the operating system lends to plugins, a module for each platform. Every provider has the shape of its trait in
//! `hospes_runtime::provider`: owned values in and out.
//!
//! A provider that is missing (no display, no extension) is missing for a reason, and the reason is what the technician
//! reads: see [`Lent`].

mod figures;
#[cfg(target_os = "linux")]
pub mod linux;

#[cfg(target_os = "linux")]
pub(crate) use linux::NO_DISPLAY;

use hospes_runtime::provider::Providers;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// A folder that the customer's side shares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedFolder {
    /// What people call it; the first name of every path.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// False: files can be read only.
    pub writable: bool,
}

/// Called with the absolute path of a partial upload before that file is made, so that it can be journalled and undone.
/// An error keeps the file from being made.
pub type BeforeMaking = Arc<dyn Fn(&Path) -> std::io::Result<()> + Send + Sync>;

/// What this computer lends now.
pub struct Lent {
    /// The providers.
    pub providers: Providers,
    /// Interface (`package:name/interface`) -> why it cannot be had now; a sentence in English.
    pub unavailable: BTreeMap<String, String>,
}

/// When the computer started, milliseconds since 1970, as it was first told: a clock that is set meanwhile changes nothing.
fn booted() -> u64 {
    static BOOTED: OnceLock<u64> = OnceLock::new();
    *BOOTED.get_or_init(|| sysinfo::System::boot_time().unwrap_or(0).saturating_mul(1000))
}
