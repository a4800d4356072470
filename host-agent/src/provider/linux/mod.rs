//! Linux: the X11 desktop, the file system, and the computer itself.

mod files;
mod system;
mod x11;

pub(crate) use x11::NO_DISPLAY;

use super::{BeforeMaking, Lent, SharedFolder};
use hospes_runtime::provider::Providers;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the local user chose to share.
pub struct Options {
    /// The X display, e.g. `:0`; none for what `DISPLAY` names.
    pub display: Option<String>,
    /// The shared folders.
    pub folders: Vec<SharedFolder>,
    /// Journals partial uploads.
    pub before_making: BeforeMaking,
}

/// What this computer lends now. Cheap enough to be asked again: a host that started before the desktop did (after a
/// reboot) asks when a channel is opened.
#[must_use]
pub fn providers(options: Options) -> Lent {
    let mut providers = Providers::default();
    let mut unavailable = BTreeMap::new();
    match x11::screen(options.display.as_deref()) {
        Ok(screen) => providers.screen = Some(Arc::new(screen)),
        Err(reason) => {
            unavailable.insert("hospes:desk/screen".to_owned(), reason.clone());
            unavailable.insert("hospes:desk/cursor".to_owned(), reason);
        }
    }
    match x11::input(options.display.as_deref()) {
        Ok(input) => providers.input = Some(Arc::new(input)),
        Err(reason) => {
            unavailable.insert("hospes:desk/input".to_owned(), reason);
        }
    }
    providers.files = Some(Arc::new(files::SharedFiles::new(options.folders, options.before_making)));
    for interface in ["clipboard-read", "clipboard-write"] {
        let reason = "this version of the host does not lend the clipboard".to_owned();
        unavailable.insert(format!("hospes:desk/{interface}"), reason);
    }
    providers.system = Some(Arc::new(system::ThisComputer));
    unavailable.extend(system::unavailable());
    Lent { providers, unavailable }
}
