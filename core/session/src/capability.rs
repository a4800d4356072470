//! Names of capabilities and of the plan's features.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A capability's id, e.g. `file-manager`: also the plugin's id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CapabilityId(String);

impl CapabilityId {
    /// Lower-case letters, digits and single hyphens; 1 to 64 characters; starts with a letter.
    ///
    /// # Errors
    /// When `id` is anything else.
    pub fn new(id: impl Into<String>) -> Result<Self, BadCapabilityId> {
        let id = id.into();
        let letters = id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let starts = id.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
        if letters && starts && id.len() <= 64 && !id.contains("--") && !id.ends_with('-') {
            Ok(Self(id))
        } else {
            Err(BadCapabilityId(id))
        }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Not a capability id.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a capability id: 1 to 64 lower-case letters, digits and single hyphens, starting with a letter")]
pub struct BadCapabilityId(String);

impl TryFrom<String> for CapabilityId {
    type Error = BadCapabilityId;
    fn try_from(id: String) -> Result<Self, Self::Error> {
        Self::new(id)
    }
}

impl From<CapabilityId> for String {
    fn from(id: CapabilityId) -> Self {
        id.0
    }
}

impl fmt::Display for CapabilityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
