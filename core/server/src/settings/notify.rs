//! Settings of what notifiers use: the mail server, and where web requests may go.

use serde::{Deserialize, Serialize, Serializer};
use std::path::PathBuf;

/// The operator's mail server. Without it nothing is mailed, and technicians hand links over themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// Its name; certificates are checked against it.
    pub host: String,
    /// Its port; 587 for `starttls`, 465 for `tls`, 25 for `none` when absent.
    #[serde(default)]
    pub port: Option<u16>,
    /// How the connection is protected.
    #[serde(default)]
    pub tls: MailTls,
    /// A private certificate authority of the mail server, PEM; the system's authorities count as well.
    #[serde(default)]
    pub ca: Option<PathBuf>,
    /// Name to log in with; no login when absent.
    #[serde(default)]
    pub user: Option<String>,
    /// Its password.
    #[serde(default)]
    pub password: Option<Secret>,
    /// File with the password on its first line, in place of `password`.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// Sender, e.g. `Support <support@example.org>`.
    pub from: String,
    /// Longest time for one step of the conversation, in seconds (1 to 30).
    #[serde(default = "default_timeout")]
    pub timeout: u64,
}

fn default_timeout() -> u64 {
    20
}

/// How the connection to the mail server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// Begins in clear and must change to TLS before anything is said; there is no falling back.
    #[default]
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// None: for a mail server on this computer only.
    None,
}

/// Where notifiers may send web requests.
///
/// With an empty list they go nowhere: the server stands in the operator's network, and which hosts it calls on a
/// company's wish is the operator's to say. `"*"` is every host with a public address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Webhooks {
    /// Hosts: `hooks.example.org`, `*.example.org` (any name below it), `hooks.example.org:8443`, or `*`.
    pub allow: Vec<String>,
    /// Also hosts with private and loopback addresses; `http` to this computer too.
    pub private: bool,
}

/// A secret of a settings file: printed as `(set)`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The secret itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(set)")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("(set)")
    }
}

impl Mail {
    /// The port, also when none was set.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(match self.tls {
            MailTls::StartTls => 587,
            MailTls::Tls => 465,
            MailTls::None => 25,
        })
    }

    /// Key and mistake, when something cannot be used.
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        let wrong = |key, what: &str| Err((key, what.to_owned()));
        if self.host.is_empty() || self.host.contains(|c: char| c.is_whitespace() || c == '/' || c == ':') {
            return wrong("mail.host", "expected a host name such as mail.example.org, without a port");
        }
        if self.tls == MailTls::None && !hospes_wire::link::is_loopback(&self.host) {
            let what = format!(
                "{} is not this computer, so the connection must be protected: set mail.tls to starttls or tls",
                self.host
            );
            return Err(("mail.tls", what));
        }
        if !(1..=30).contains(&self.timeout) {
            return wrong("mail.timeout", "expected 1 to 30 seconds");
        }
        if self.from.parse::<lettre::message::Mailbox>().is_err() {
            return wrong("mail.from", "expected an address such as Support <support@example.org>");
        }
        if self.password.is_some() && self.password_file.is_some() {
            return wrong("mail.password_file", "there is mail.password too; keep one of them");
        }
        let password = self.password.is_some() || self.password_file.is_some();
        match (&self.user, password) {
            (Some(_), false) => wrong("mail.user", "a login needs mail.password or mail.password_file"),
            (None, true) => wrong("mail.password", "a login needs mail.user"),
            _ => Ok(()),
        }
    }
}

impl Webhooks {
    /// Key and mistake, when something cannot be used.
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        let sound = |entry: &&String| {
            let (host, port) = entry.rsplit_once(':').map_or((entry.as_str(), None), |(host, port)| (host, Some(port)));
            let name = host.strip_prefix("*.").unwrap_or(host);
            let named = !name.is_empty()
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.')
                && !name.starts_with('.')
                && !name.ends_with('.');
            (host == "*" || named) && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
        };
        match self.allow.iter().find(|entry| !sound(entry)) {
            Some(odd) => Err((
                "webhooks.allow",
                format!(
                    "found {odd:?}, expected hosts such as hooks.example.org, *.example.org, hooks.example.org:8443 or *"
                ),
            )),
            None => Ok(()),
        }
    }
}
