//! The host's interfaces by name, and the consent class of each. `wit/` states the same in its documentation; a test
//! compares the two.

use serde::{Deserialize, Serialize};

/// What the customer says yes or no to. One class is one sentence on the activation screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConsentClass {
    /// See the screen and the pointer.
    SeeScreen,
    /// Use mouse and keyboard.
    Control,
    /// Read what was copied.
    ReadClipboard,
    /// Put something on the clipboard.
    WriteClipboard,
    /// List and download files of the shared folders.
    ReadFiles,
    /// Upload, rename, delete files of the shared folders.
    WriteFiles,
    /// See figures, processes, services, logs.
    ReadSystem,
    /// End processes, restart.
    ControlSystem,
}

impl ConsentClass {
    /// All, in the order in which they are asked: seeing before controlling, reading before writing.
    pub const ALL: [Self; 8] = [
        Self::SeeScreen,
        Self::Control,
        Self::ReadFiles,
        Self::WriteFiles,
        Self::ReadSystem,
        Self::ControlSystem,
        Self::ReadClipboard,
        Self::WriteClipboard,
    ];
}

/// What must be agreed to before an interface answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// Touches nothing of the customer's.
    Inert,
    /// The customer's yes.
    Customer(ConsentClass),
    /// Runs in the server only; the operator's settings decide.
    Operator,
}

/// Every interface that a plugin may import, with what must be agreed to. Anything else is refused before compilation.
pub const INTERFACES: &[(&str, Consent)] = &[
    ("hospes:base/types", Consent::Inert),
    ("hospes:base/session", Consent::Inert),
    ("hospes:base/log", Consent::Inert),
    ("hospes:base/channel", Consent::Inert),
    ("hospes:desk/types", Consent::Inert),
    ("hospes:desk/screen", Consent::Customer(ConsentClass::SeeScreen)),
    ("hospes:desk/cursor", Consent::Customer(ConsentClass::SeeScreen)),
    ("hospes:desk/input", Consent::Customer(ConsentClass::Control)),
    ("hospes:desk/clipboard-read", Consent::Customer(ConsentClass::ReadClipboard)),
    ("hospes:desk/clipboard-write", Consent::Customer(ConsentClass::WriteClipboard)),
    ("hospes:files/read", Consent::Customer(ConsentClass::ReadFiles)),
    ("hospes:files/write", Consent::Customer(ConsentClass::WriteFiles)),
    ("hospes:system/insight", Consent::Customer(ConsentClass::ReadSystem)),
    ("hospes:system/processes", Consent::Customer(ConsentClass::ReadSystem)),
    ("hospes:system/services", Consent::Customer(ConsentClass::ReadSystem)),
    ("hospes:system/event-log", Consent::Customer(ConsentClass::ReadSystem)),
    ("hospes:system/process-control", Consent::Customer(ConsentClass::ControlSystem)),
    ("hospes:system/power", Consent::Customer(ConsentClass::ControlSystem)),
    ("hospes:notify/http", Consent::Operator),
    ("hospes:notify/mail", Consent::Operator),
];

/// Looks an interface up by its name without version; none when there is no such interface.
#[must_use]
pub fn consent_of(interface: &str) -> Option<Consent> {
    INTERFACES.iter().find(|(name, _)| *name == interface).map(|(_, consent)| *consent)
}
