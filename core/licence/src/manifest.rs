//! `plugin.toml`: what a plugin is called, what it unlocks with which feature, what it needs.

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
