//! The plugins of this server: those built into the program and those of the `plugins` directory, each verified before
//! it is listed. First-party plugins take the same way as anybody's.

use crate::embedded;
use hospes_licence::key::PublicKey;
use hospes_licence::manifest::Kind;
use hospes_licence::plugin_file::{self, PluginFile};
use hospes_session::capability::CapabilityId;
use hospes_wire::control::Publisher;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Ids, features and titles of the capabilities that the plans sell, for lists that name one whose plugin is missing.
const KNOWN: &[(&str, &str, &str, &str)] = &[
    ("dashboard", "Dashboard", "Tableau de bord", "Panel de información"),
    ("file-manager", "File manager", "Gestionnaire de fichiers", "Gestor de archivos"),
    ("remote-control", "Remote control", "Contrôle à distance", "Control remoto"),
];

/// Why a plugin is not taken.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// The operating system said no.
    #[error("{}: {error}", path.display())]
    Io {
        /// Directory or file.
        path: PathBuf,
        /// What it said.
        error: std::io::Error,
    },
    /// Signature, manifest or sections are wrong.
    #[error("{name}: {reason}")]
    Refused {
        /// The file.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// A publisher's key cannot be read.
    #[error("setting publishers: {0:?} is not a public key: expected 64 hexadecimal digits")]
    BadPublisher(String),
    /// A built-in plugin that is not to be served does not exist.
    #[error("setting without_plugins: there is no built-in plugin {0:?}; there are: {1}")]
    NoSuchPlugin(String, String),
}

/// A capability as lists show it, installed or not.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    /// Its id.
    pub(crate) id: String,
    /// Per language.
    pub(crate) titles: BTreeMap<String, String>,
    /// The features that unlock it, the plainest first.
    pub(crate) features: Vec<String>,
    /// Its plugin, when it is installed.
    pub(crate) plugin: Option<Arc<PluginFile>>,
}

/// The plugins of this server.
#[derive(Default)]
pub struct Plugins {
    by_id: BTreeMap<String, Arc<PluginFile>>,
    by_hash: HashMap<String, Arc<PluginFile>>,
    publishers: Vec<Publisher>,
}

impl Plugins {
    /// Reads and verifies all of them, but for the built-in ones whose ids stand in `without`.
    ///
    /// # Errors
    /// The first that is not what it should be, by name: a server never runs with a part of what its operator asked for.
    pub fn load(directory: Option<&Path>, publishers: &[String], without: &[String]) -> Result<Self, PluginError> {
        let mut plugins =
            Self { publishers: vec![Publisher { name: "Hospes".to_owned(), key: first_party()? }], ..Self::default() };
        for key in publishers {
            let short: String = key.chars().take(8).collect();
            plugins.publishers.push(Publisher { name: format!("publisher {short}"), key: parse_key(key)? });
        }
        for (name, bytes) in embedded::PLUGINS {
            plugins.add(name, bytes.to_vec())?;
        }
        plugins.leave_out(without)?;
        if let Some(directory) = directory {
            let failed = |path: &Path, error| PluginError::Io { path: path.to_owned(), error };
            let entries = std::fs::read_dir(directory).map_err(|error| failed(directory, error))?;
            let mut paths = entries
                .map(|entry| entry.map(|entry| entry.path()))
                .collect::<Result<Vec<_>, _>>()
                .map_err(|error| failed(directory, error))?;
            paths.sort();
            for path in paths.iter().filter(|path| path.to_string_lossy().ends_with(".hospes.wasm")) {
                let bytes = std::fs::read(path).map_err(|error| failed(path, error))?;
                plugins.add(&path.display().to_string(), bytes)?;
            }
        }
        Ok(plugins)
    }

    /// A misspelt id would leave in what the operator does not want: it is an error.
    fn leave_out(&mut self, ids: &[String]) -> Result<(), PluginError> {
        for id in ids {
            let gone = self.by_id.remove(id);
            if let Some(plugin) = &gone {
                self.by_hash.remove(&plugin.hash);
            } else if !KNOWN.iter().any(|(known, ..)| known == id) {
                let there: Vec<_> = self.by_id.keys().map(String::as_str).collect();
                return Err(PluginError::NoSuchPlugin(id.clone(), there.join(", ")));
            }
        }
        Ok(())
    }

    /// Verifies one and lists it; a later one of the same id takes the earlier one's place.
    ///
    /// # Errors
    /// When signature, manifest or sections are wrong, or nobody who is trusted signed it.
    pub fn add(&mut self, name: &str, bytes: Vec<u8>) -> Result<(), PluginError> {
        let refused = |reason: String| PluginError::Refused { name: name.to_owned(), reason };
        let trusted: Vec<PublicKey> = self.publishers.iter().map(|publisher| publisher.key).collect();
        let plugin = plugin_file::verify(bytes).map_err(|bad| refused(bad.to_string()))?;
        plugin_file::trusted(&plugin, &trusted).map_err(|bad| refused(bad.to_string()))?;
        tracing::info!(
            id = plugin.manifest.id,
            version = plugin.manifest.version,
            hash = plugin.hash,
            "plugin installed"
        );
        let plugin = Arc::new(plugin);
        self.by_hash.insert(plugin.hash.clone(), plugin.clone());
        self.by_id.insert(plugin.manifest.id.clone(), plugin);
        Ok(())
    }

    /// The capability's plugin.
    pub(crate) fn capability(&self, id: &str) -> Option<&Arc<PluginFile>> {
        self.by_id.get(id).filter(|plugin| plugin.manifest.kind == Kind::Capability)
    }

    /// The notifiers, by id.
    pub(crate) fn notifiers(&self) -> impl Iterator<Item = &Arc<PluginFile>> {
        self.by_id.values().filter(|plugin| plugin.manifest.kind == Kind::Notifier)
    }

    /// By BLAKE3 of the file, hex.
    pub(crate) fn by_hash(&self, hash: &str) -> Option<&Arc<PluginFile>> {
        self.by_hash.get(hash)
    }

    /// Who is trusted, with a name for people.
    pub(crate) fn publishers(&self) -> &[Publisher] {
        &self.publishers
    }

    /// Every capability that is installed or sold, in the order of their ids.
    pub(crate) fn listed(&self) -> Vec<Listed> {
        let mut all: BTreeMap<String, Listed> = KNOWN
            .iter()
            .map(|(id, en, fr, es)| {
                let titles = [("en", en), ("fr", fr), ("es", es)];
                let titles = titles.into_iter().map(|(language, title)| (language.to_owned(), (*title).to_owned()));
                let listed = Listed {
                    id: (*id).to_owned(),
                    titles: titles.collect(),
                    features: vec![(*id).to_owned()],
                    plugin: None,
                };
                ((*id).to_owned(), listed)
            })
            .collect();
        for (id, plugin) in self.by_id.iter().filter(|(_, plugin)| plugin.manifest.kind == Kind::Capability) {
            let mut features: Vec<String> = plugin.manifest.tiers.keys().cloned().collect();
            features.sort_by_key(|feature| feature != id);
            let listed = Listed {
                id: id.clone(),
                titles: plugin.manifest.title.clone(),
                features,
                plugin: Some(plugin.clone()),
            };
            all.insert(id.clone(), listed);
        }
        all.into_values().collect()
    }

    /// What a customer is told of: the chosen capabilities whose plugins are installed. A capability that nobody can open
    /// is not announced, unless there is nothing else to say.
    pub(crate) fn announced<'a>(&self, chosen: &'a [CapabilityId]) -> Vec<&'a CapabilityId> {
        let installed: Vec<_> = chosen.iter().filter(|id| self.capability(id.as_str()).is_some()).collect();
        if installed.is_empty() { chosen.iter().collect() } else { installed }
    }

    /// The capability's title per language; its id when nobody knows it any more.
    pub(crate) fn titles(&self, id: &str) -> BTreeMap<String, String> {
        self.listed()
            .into_iter()
            .find(|listed| listed.id == id)
            .map_or_else(|| BTreeMap::from([("en".to_owned(), id.to_owned())]), |listed| listed.titles)
    }
}

fn parse_key(hex: &str) -> Result<PublicKey, PluginError> {
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(hex.trim().as_bytes()).unwrap_or_default();
    let bytes = <[u8; 32]>::try_from(bytes).map_err(|_| PluginError::BadPublisher(hex.to_owned()))?;
    Ok(PublicKey(bytes))
}

/// Whose plugins are built in. A build of the source without a publisher key of its own trusts a development key, and
/// only when it is a debug build.
fn first_party() -> Result<PublicKey, PluginError> {
    match option_env!("HOSPES_PUBLISHER_KEY") {
        Some(key) => parse_key(key),
        None if cfg!(debug_assertions) => Ok(hospes_licence::key::KeyPair::from_secret(&[0x42; 32]).public()),
        None => Err(PluginError::BadPublisher(String::new())),
    }
}
