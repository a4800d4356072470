//! The layer of environment variables.

use super::explain::secret;
use figment::providers::Env;
use figment::util::nest;
use figment::value::{Dict, Map, Value};
use figment::{Error, Figment, Metadata, Profile, Provider};

/// Variables that begin with `HOSPES_` and are no settings of the server.
const OTHER_VARIABLES: &[&str] = &[
    "config",
    "session_password",
    "plugins_dir",
    "console_dir",
    "publisher_key",
    "publisher_secret_file",
    "agent",
    "state",
    "server",
    "token",
    "password",
];

/// A secret as it stands in its variable. Others are read as what they look like, a number or a truth value; a password
/// of digits is text.
struct AsItStands {
    key: String,
    text: String,
}

impl Provider for AsItStands {
    fn metadata(&self) -> Metadata {
        variables().metadata()
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        let value = nest(&self.key, Value::from(self.text.as_str()));
        Ok(Profile::Default.collect(value.into_dict().unwrap_or_default()))
    }
}

/// The variables that are settings; those of tests and of other programs are not looked at.
fn variables() -> Env {
    let others = Env::prefixed("HOSPES_").ignore(OTHER_VARIABLES);
    others.filter(|key| !key.as_str().to_ascii_lowercase().starts_with("test_")).split("__")
}

/// Puts them over the weaker layers.
pub(super) fn over(figment: Figment) -> Figment {
    let last = |key: &str| key.rsplit('.').next().is_some_and(secret);
    let secrets: Vec<AsItStands> = variables()
        .iter()
        .map(|(key, text)| AsItStands { key: key.as_str().to_ascii_lowercase(), text })
        .filter(|variable| last(&variable.key))
        .collect();
    let others = variables().filter(move |key| !last(&key.as_str().to_ascii_lowercase().replace("__", ".")));
    secrets.into_iter().fold(figment.merge(others), Figment::merge)
}
