//! An error as it is told to the other side: RFC 9457, with a stable `type`.

use serde::{Deserialize, Serialize};

/// Prefix of every `type`.
pub const TYPE_PREFIX: &str = "https://hospes.dev/problems/";

/// `application/problem+json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Stable URI; its last segment is the code, e.g. `quota-technician`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What happened, one sentence.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// What to do, or what exactly was wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Problem {
    /// A problem with the code `code`.
    #[must_use]
    pub fn new(code: &str, status: u16, title: impl Into<String>) -> Self {
        Self { kind: format!("{TYPE_PREFIX}{code}"), title: title.into(), status, detail: None }
    }

    /// Adds the detail.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// The last segment of the type.
    #[must_use]
    pub fn code(&self) -> &str {
        self.kind.rsplit('/').next().unwrap_or_default()
    }
}
