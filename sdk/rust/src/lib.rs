#![doc = include_str!("../README.md")]

#[doc(hidden)]
pub mod bindings;
mod channel;
mod error;
mod export;
mod log;
mod notifier;
mod poll;

pub use channel::{Channel, MAX_MESSAGE};
pub use error::{Denial, Error, Failure, Result};
pub use export::Plugin;
#[doc(hidden)]
pub use export::{Adapter, write_log};
pub use log::Level;
#[doc(hidden)]
pub use notifier::NotifierAdapter;
pub use notifier::{Delivery, Notifier, Problem, Undelivered, key_for};
pub use poll::{Pollable, after, wait};

/// Milliseconds since 1970-01-01T00:00:00Z, by the host's clock.
pub type Timestamp = u64;

/// The session that this channel belongs to (`hospes:base/session`).
pub mod session {
    pub use crate::bindings::hospes::base::session::{Info, charge, current, interfaces, is_cancelled, licence};

    /// Whether the host's interface, e.g. `hospes:files/write`, is unlocked now. It may change while the channel is
    /// open: treat this as a hint for the page and handle [`crate::Error::Denied`] all the same.
    #[must_use]
    pub fn unlocked(interface: &str) -> bool {
        interfaces().iter().any(|name| name == interface)
    }
}

/// The picture (`hospes:desk/screen`).
pub mod screen {
    pub use crate::bindings::hospes::desk::screen::{Capture, Display, Frame, displays};
    pub use crate::bindings::hospes::desk::types::Rect;
}

/// The pointer's place and picture (`hospes:desk/cursor`).
pub mod cursor {
    pub use crate::bindings::hospes::desk::cursor::{Image, position, shape};
    pub use crate::bindings::hospes::desk::types::Point;
}

/// Mouse and keyboard (`hospes:desk/input`).
pub mod input {
    pub use crate::bindings::hospes::desk::input::{Button, key, move_to, press, release_all, text, wheel};
    pub use crate::bindings::hospes::desk::types::Point;
}

/// What the customer copied, and putting something there (`hospes:desk/clipboard-read`, `hospes:desk/clipboard-write`).
pub mod clipboard {
    pub use crate::bindings::hospes::desk::clipboard_read::{subscribe, text};
    pub use crate::bindings::hospes::desk::clipboard_write::set_text;
}

/// Files below the shared folders. The reading half is `hospes:files/read`, the [`files::write`] half
/// `hospes:files/write`.
pub mod files {
    pub use crate::bindings::hospes::files::read::{Directory, Entry, File, Kind, Page, Root, open_root, roots};

    /// Changing, creating, deleting.
    pub mod write {
        pub use crate::bindings::hospes::files::write::{Upload, create_directory, remove, rename};
    }
}

/// The computer itself (`hospes:system/*`).
pub mod system {
    pub use crate::bindings::hospes::system::{event_log, insight, power, process_control, processes, services};
}

/// Web requests of a notifier (`hospes:notify/http`), to the hosts that its manifest names and the operator allows.
pub mod http {
    pub use crate::bindings::notifier::hospes::notify::http::{Request, Response, send};
}

/// The operator's mail server, for notifiers (`hospes:notify/mail`).
pub mod mail {
    pub use crate::bindings::notifier::hospes::notify::mail::{Message, send};
}
