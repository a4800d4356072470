//! What the host keeps on disk about itself: its key, its session, how far it got.

use crate::disk;
use crate::network::Network;
use crate::place::Place;
use hospes_licence::key::KeyPair;
use hospes_session::model::{EndReason, Language};
use hospes_wire::control::{Pairing, Publisher};
use hospes_wire::link::DeploymentLink;
use serde::{Deserialize, Serialize};
use serde_with::{base64::Base64, serde_as};
use std::io;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// How consent is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ConsentMode {
    /// Each class is asked for at the start.
    #[default]
    Ask,
    /// Everything is allowed.
    Allow,
    /// What only looks is allowed, what changes something is not.
    ViewOnly,
}

/// The local user's own choices from the command line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Choices {
    /// How consent is given.
    pub consent: ConsentMode,
    /// Nobody answers questions.
    pub headless: bool,
    /// Shared folders by name.
    pub roots: Vec<(String, PathBuf)>,
    /// By which way the server is reached.
    #[serde(default)]
    pub network: Network,
}

/// One host, from the first try of a code to its removal.
#[serde_as]
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// The deployment link. Its token and code are dead once the session is active; address and pin go on.
    pub link: String,
    /// The secret of the host's key, made before the first try of a code, so that a set-up that was cut can be retried.
    #[serde_as(as = "Base64")]
    secret: [u8; 32],
    /// The local user's choices.
    pub choices: Choices,
    /// How far it got.
    pub phase: Phase,
}

/// How far a host got.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "kebab-case")]
pub(crate) enum Phase {
    /// The key is there; a code may have been tried.
    Joining {
        /// The last code that was tried.
        code: Option<String>,
    },
    /// The code was right; the session is not active yet.
    Paired {
        /// The code, for a retry: the server takes it from this key only.
        code: String,
        /// What was handed over.
        pairing: Box<Pairing>,
        /// Whose plugins may run: of those that the customer saw.
        publishers: Vec<Publisher>,
    },
    /// The lease runs.
    Active {
        /// What was handed over.
        pairing: Box<Pairing>,
        /// Whose plugins may run. Never grows.
        publishers: Vec<Publisher>,
    },
    /// The session is over and the removal has begun.
    Ending {
        /// The session, when there was one: the server is told of the removal.
        session: Option<String>,
        /// Why.
        reason: EndReason,
        /// The customer's language.
        language: Language,
    },
}

impl Kept {
    /// A new host with a key of its own.
    pub(crate) fn new(link: &DeploymentLink, choices: Choices) -> Result<Self, getrandom::Error> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)?;
        Ok(Self { link: link.to_string(), secret, choices, phase: Phase::Joining { code: None } })
    }

    /// Reads what is kept; none when there is no host.
    pub(crate) fn load(place: &Place) -> io::Result<Option<Self>> {
        disk::read_json(&place.kept())
    }

    /// Writes it to the disk, whole.
    pub(crate) fn save(&self, place: &Place) -> io::Result<()> {
        disk::write_json(&place.kept(), self)
    }

    /// The host's key.
    pub(crate) fn key(&self) -> KeyPair {
        KeyPair::from_secret(&Zeroizing::new(self.secret))
    }

    /// Where the server is and whom to trust.
    pub(crate) fn link(&self) -> Result<DeploymentLink, String> {
        self.link.parse().map_err(|error| format!("the kept link cannot be read: {error}"))
    }

    /// What was handed over, once the code was right.
    pub(crate) fn pairing(&self) -> Option<&Pairing> {
        match &self.phase {
            Phase::Paired { pairing, .. } | Phase::Active { pairing, .. } => Some(pairing),
            Phase::Joining { .. } | Phase::Ending { .. } => None,
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.secret);
    }
}
