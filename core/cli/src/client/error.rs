//! Why a command is not done, as the person at the terminal reads it.

use super::text::shown;
use hospes_wire::problem::Problem;
use serde::Deserialize;

/// Why a command is not done.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// The command line makes no sense.
    #[error("{0}")]
    Usage(String),
    /// The server or the host said no.
    #[error("{}", problem_text(.0))]
    Refused(Box<Problem>),
    /// The file manager could not do it.
    #[error("{}: {error}", shown(.path))]
    File {
        /// What it was about.
        path: String,
        /// Its answer.
        error: FileError,
    },
    /// The connection was lost: worth another try.
    #[error("{0}")]
    Disconnected(String),
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

impl ClientError {
    /// 1 refused or failed, 2 wrong usage.
    pub(super) fn exit_code(&self) -> u8 {
        if matches!(self, Self::Usage(_)) { 2 } else { 1 }
    }

    /// A failure of this computer, about `what`.
    pub(super) fn local(what: impl std::fmt::Display, error: impl std::fmt::Display) -> Self {
        Self::Failed(format!("{what}: {error}"))
    }

    /// True when the rest of a recursive copy makes no sense either.
    pub(super) fn ends_everything(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::Disconnected(_) | Self::Usage(_))
    }
}

impl From<Problem> for ClientError {
    fn from(problem: Problem) -> Self {
        Self::Refused(Box::new(problem))
    }
}

fn problem_text(problem: &Problem) -> String {
    let mut text = shown(&problem.title);
    if let Some(detail) = &problem.detail {
        text.push('\n');
        text.push_str(&shown(detail));
    }
    if problem.status == 401 {
        text.push_str("\nLog in with: hospes login --server URL --email E");
    }
    text
}

/// What the file manager answers when it does not do something. Its words come from the customer's computer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, thiserror::Error)]
#[error("{}", self.text())]
pub(crate) struct FileError {
    /// Stable.
    pub code: String,
    /// English, for logs.
    #[serde(default)]
    pub message: String,
    /// Who said no.
    #[serde(default)]
    pub reason: Option<String>,
}

impl FileError {
    fn text(&self) -> String {
        let known = match (self.code.as_str(), self.reason.as_deref()) {
            ("denied", Some("not-licensed")) => "the company's plan does not include this",
            ("denied", Some("local-user-denied")) => "the customer said no",
            ("denied", Some("local-user-revoked")) => "the customer took the permission back",
            ("denied", Some("no-answer")) => "the customer was asked and did not answer",
            ("denied", Some("lease-expired")) => "the session is over",
            ("denied", _) => "not allowed",
            ("not-found", _) => "there is no such file or folder",
            ("already-exists", _) => "something of that name is already there",
            ("is-directory", _) => "it is a folder",
            ("not-directory", _) => "it is not a folder",
            ("no-space", _) => "the disk is full",
            ("permission", _) => "the computer's own file rights do not allow it",
            ("read-only", _) => "it cannot be written to",
            ("changed", _) => "the file changed while it was read",
            ("wrong-hash", _) => "the content arrived damaged",
            _ => "",
        };
        match (known, self.message.as_str()) {
            ("", "") => shown(&self.code),
            ("", message) => format!("{} ({})", shown(message), shown(&self.code)),
            (known, "") => known.to_owned(),
            (known, message) => format!("{known} ({})", shown(message)),
        }
    }
}
