//! `plugin.toml`: what a plugin is called, what it unlocks with which feature, what it needs.

mod check;

pub(crate) use check::path;

use crate::interface::{Consent, INTERFACES};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The manifest as its author writes it. Unknown fields are errors: a typo must not silently drop a limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Manifest {
    /// Also the capability id in URLs and consent texts.
    pub id: String,
    /// Semantic version.
    pub version: String,
    /// What it is.
    pub kind: Kind,
    /// Short name of the publisher.
    pub publisher: String,
    /// Lowest version of the host that runs it, `major.minor`.
    pub min_host: String,
    /// Title per language; `en` is required.
    pub title: BTreeMap<String, String>,
    /// Feature of the plan -> interfaces of the host that it unlocks.
    pub tiers: BTreeMap<String, BTreeSet<String>>,
    /// Budgets.
    #[serde(default)]
    pub limits: Limits,
    /// Hosts that it sends web requests to; stated by a notifier with `hospes:notify/http`, and by no other plugin.
    #[serde(default)]
    pub network: Option<Network>,
    /// Its page; none for a plugin without one.
    #[serde(default)]
    pub ui: Option<Ui>,
}

/// What a plugin is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Runs on the customer's computer while its channel is open.
    Capability,
    /// Runs in the server, once for each delivery.
    Notifier,
}

/// Budgets that the plugin asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Limits {
    /// Linear memory, e.g. `64 MiB` (the default); at most `512 MiB`.
    #[serde(default)]
    pub memory: Option<String>,
}

/// Where a notifier's web requests may go. The operator's settings may allow less.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Network {
    /// Which hosts.
    pub hosts: Hosts,
}

/// Hosts by name, or the operator's word for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected \"operator\" or a list of hosts' names")]
pub enum Hosts {
    /// `"operator"`: the addresses are a company's settings (webhooks), so the author cannot know them; only the
    /// operator's allow-list bounds them.
    Operator(OperatorsList),
    /// `["api.example.org", "*.example.net"]`: these, over HTTPS on port 443. `*.` stands for any name below.
    Named(BTreeSet<String>),
}

/// The one word that [`Hosts::Operator`] is written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OperatorsList {
    /// `"operator"`
    Operator,
}

impl Hosts {
    /// Whether the manifest lets a request go to `host` (lower case) on `port` over HTTPS or not. What the operator says
    /// comes on top.
    #[must_use]
    pub fn allow(&self, host: &str, port: u16, https: bool) -> bool {
        match self {
            Self::Operator(_) => true,
            Self::Named(names) => https && port == 443 && names.iter().any(|name| covers(name, host)),
        }
    }
}

fn covers(name: &str, host: &str) -> bool {
    match name.strip_prefix("*.") {
        Some(parent) => host.strip_suffix(parent).is_some_and(|below| below.len() > 1 && below.ends_with('.')),
        None => name == host,
    }
}

/// The plugin's page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Ui {
    /// Path of the page's HTML inside the plugin's files.
    pub entry: String,
}

/// What is wrong with a manifest; the text names the key and what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("plugin.toml: {0}")]
pub struct BadManifest(pub String);

/// Most text that a manifest may have, in bytes.
pub const MAX_MANIFEST: usize = 64 << 10;
/// Linear memory of a plugin that asks for none, in bytes.
pub const DEFAULT_MEMORY: u64 = 64 << 20;
/// Most linear memory that a plugin may ask for, in bytes.
pub const MAX_MEMORY: u64 = 512 << 20;

impl Manifest {
    /// Reads and checks a manifest.
    ///
    /// # Errors
    /// The first thing that is wrong: line or key, and what was expected.
    pub fn parse(text: &str) -> Result<Self, BadManifest> {
        if text.len() > MAX_MANIFEST {
            return Err(BadManifest(format!("it has {} bytes; at most {MAX_MANIFEST} are allowed", text.len())));
        }
        let manifest: Self = toml::from_str(text).map_err(|error| BadManifest(check::located(text, &error)))?;
        check::manifest(&manifest).map_err(BadManifest)?;
        Ok(manifest)
    }

    /// Linear memory, in bytes.
    #[must_use]
    pub fn memory(&self) -> u64 {
        let asked = self.limits.memory.as_deref().and_then(|text| check::size(text).ok());
        asked.unwrap_or(DEFAULT_MEMORY).min(MAX_MEMORY)
    }

    /// Every interface that some feature of the plan unlocks: with the inert ones all that the component may import.
    #[must_use]
    pub fn interfaces(&self) -> BTreeSet<String> {
        self.tiers.values().flatten().cloned().collect()
    }

    /// Whether a plan with these features has this plugin at all.
    #[must_use]
    pub fn licensed(&self, features: &BTreeSet<String>) -> bool {
        self.tiers.keys().any(|feature| features.contains(feature))
    }

    /// The interfaces that a plan with these features unlocks (R9, R10): those of the plugin's tiers, and always the
    /// inert ones, which touch nothing of the customer's.
    #[must_use]
    pub fn unlocked(&self, features: &BTreeSet<String>) -> BTreeSet<String> {
        let inert = INTERFACES.iter().filter(|(_, consent)| *consent == Consent::Inert).map(|(name, _)| *name);
        let tiers = self.tiers.iter().filter(|(feature, _)| features.contains(*feature));
        inert.map(str::to_owned).chain(tiers.flat_map(|(_, interfaces)| interfaces.iter().cloned())).collect()
    }

    /// The title in `language`, in English where there is none.
    #[must_use]
    pub fn title(&self, language: &str) -> &str {
        self.title.get(language).or_else(|| self.title.get("en")).map_or(&self.id, String::as_str)
    }
}
