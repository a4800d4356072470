//! How a plugin is refused, and how a channel ends that did not end by itself. Every text names the plugin.

use std::collections::BTreeSet;
use std::fmt;

/// A budget of a channel, by the name that console and audit log show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Budget {
    /// Bytes of linear memory, all memories together.
    Memory,
    /// Elements of tables, all tables together.
    Tables,
    /// Core instances, memories and tables by number.
    Instances,
    /// Computing without asking the host for anything.
    Cpu,
    /// Handles held at once: files, directories, captures, pollables.
    Handles,
    /// Bytes handed to the host in one call.
    HostCallBytes,
    /// Wall-clock time of one host call.
    HostCallTime,
    /// Log lines dropped for want of budget.
    Log,
    /// Messages to the page per second.
    Messages,
    /// Web requests and mails of one delivery.
    OutsideCalls,
    /// Wall-clock time of one delivery.
    DeliveryTime,
}

impl Budget {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Tables => "tables",
            Self::Instances => "instances",
            Self::Cpu => "cpu",
            Self::Handles => "handles",
            Self::HostCallBytes => "host-call-bytes",
            Self::HostCallTime => "host-call-time",
            Self::Log => "log",
            Self::Messages => "messages",
            Self::OutsideCalls => "outside-calls",
            Self::DeliveryTime => "delivery-time",
        }
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A budget was used up: what travels through the engine as the reason of a trap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("budget {0} used up")]
pub(crate) struct Exceeded(pub(crate) Budget);

/// What is wrong with a component's imports. Prints both lists (invariant 6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportMismatch {
    /// What is wrong, one sentence for each import.
    pub problems: Vec<String>,
    /// What the component imports, the inert WASI floor left out.
    pub imports: BTreeSet<String>,
    /// What its manifest states, all tiers together.
    pub manifest: BTreeSet<String>,
}

impl fmt::Display for ImportMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |names: &BTreeSet<String>| match names.is_empty() {
            true => "nothing".to_owned(),
            false => names.iter().map(String::as_str).collect::<Vec<_>>().join(", "),
        };
        let (imports, manifest) = (list(&self.imports), list(&self.manifest));
        write!(f, "{}; the component imports: {imports}; its manifest states: {manifest}", self.problems.join("; "))
    }
}

/// Why a plugin does not run, or a channel ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuntimeError {
    /// The file is unsigned, damaged, or signed by a publisher that is not trusted.
    #[error("the plugin was refused: {0}")]
    Untrusted(String),
    /// What it imports is not what its manifest states. Found before anything is compiled.
    #[error("plugin {plugin} was refused: {mismatch}")]
    Imports {
        /// The plugin's id.
        plugin: String,
        /// What is wrong.
        mismatch: Box<ImportMismatch>,
    },
    /// Not a component of this kind, or one that the engine cannot compile or link.
    #[error("plugin {plugin} cannot be run: {message}")]
    Unusable {
        /// The plugin's id.
        plugin: String,
        /// What is wrong.
        message: String,
    },
    /// A budget was used up. Ends this channel only.
    #[error("plugin {plugin} was ended: its {budget} budget is used up")]
    Budget {
        /// The plugin's id.
        plugin: String,
        /// Which budget.
        budget: Budget,
    },
    /// The plugin crashed. Ends this channel only.
    #[error("plugin {plugin} crashed: {message}")]
    Trapped {
        /// The plugin's id.
        plugin: String,
        /// The engine's reason, and what the plugin said last on its standard error.
        message: String,
    },
    /// The plugin itself gave up, with an error of `hospes:base/types`.
    #[error("plugin {plugin} failed: {message}")]
    Failed {
        /// The plugin's id.
        plugin: String,
        /// Stable code in kebab-case.
        code: String,
        /// English sentence.
        message: String,
    },
    /// The channel was told to close, and the plugin did not return within the grace of 2 s.
    #[error("plugin {plugin} did not finish in time and was stopped")]
    Stopped {
        /// The plugin's id.
        plugin: String,
    },
    /// The engine or its cache cannot be set up on this computer.
    #[error("the plugin engine cannot be used: {0}")]
    Engine(String),
}

impl RuntimeError {
    /// A stable code in kebab-case, for problems and the audit log.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Untrusted(_) => "plugin-untrusted",
            Self::Imports { .. } => "plugin-imports",
            Self::Unusable { .. } => "plugin-unusable",
            Self::Budget { .. } => "plugin-budget",
            Self::Trapped { .. } => "plugin-crashed",
            Self::Failed { .. } => "plugin-failed",
            Self::Stopped { .. } => "plugin-stopped",
            Self::Engine(_) => "plugin-engine",
        }
    }
}
