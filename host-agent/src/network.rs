//! By which way the server is reached from this computer: the local user's choice, kept for every later start.

use crate::dialogue::Dialogue;
use crate::texts::Text;
use hospes_transport::{Authorities, Proxy, Transport, TransportError, Ways};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::path::PathBuf;

/// Which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lowercase")]
pub(crate) enum Way {
    /// UDP, and where it is blocked the WebSocket on the HTTPS port.
    #[default]
    Auto,
    /// UDP only.
    Udp,
    /// The WebSocket on the HTTPS port only.
    WebSocket,
}

/// The local user's choice of the network. `Debug` shows no password.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Network {
    transport: Way,
    /// Without one, what the environment names at each start.
    #[serde(serialize_with = "keep", deserialize_with = "read")]
    proxy: Option<Proxy>,
    /// PEM text, so that it is there when the file is not.
    authorities: Option<String>,
}

/// The same on the command line.
#[derive(Debug, clap::Args)]
pub(crate) struct NetworkArgs {
    /// How the server is reached; kept for restarts.
    #[arg(long, value_enum, default_value_t)]
    transport: Way,
    /// HTTP proxy, http://[NAME:PASSWORD@]HOST:PORT; kept for restarts. Without it HTTPS_PROXY, HTTP_PROXY, ALL_PROXY
    /// and NO_PROXY count.
    #[arg(long, value_name = "URL")]
    proxy: Option<Proxy>,
    /// Certificates (PEM) that are believed beside the system's, for the HTTPS port; kept for restarts.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

impl NetworkArgs {
    /// Reads the file that was named.
    pub(crate) fn read(self) -> Result<Network, String> {
        let Self { transport, proxy, ca } = self;
        let authorities = match ca {
            None => None,
            Some(path) => {
                let failed = |error: &dyn std::fmt::Display| format!("--ca {}: {error}", path.display());
                let text = std::fs::read_to_string(&path).map_err(|error| failed(&error))?;
                Authorities::from_pem(text.as_bytes()).map_err(|error| failed(&error))?;
                Some(text)
            }
        };
        Ok(Network { transport, proxy, authorities })
    }
}

impl Network {
    /// The ways that it leaves.
    pub(crate) fn ways(&self) -> Result<Ways, TransportError> {
        let transport = match self.transport {
            Way::Auto => Transport::Auto,
            Way::Udp => Transport::Udp,
            Way::WebSocket => Transport::WebSocket,
        };
        let authorities = match &self.authorities {
            Some(text) => Authorities::from_pem(text.as_bytes())?,
            None => Authorities::default(),
        };
        Ok(Ways { transport, proxy: self.proxy.clone(), authorities })
    }
}

/// What the customer reads of trouble that somebody at this computer has to put right; none for other trouble.
pub(crate) fn trouble(dialogue: &Dialogue, error: &TransportError) -> Option<String> {
    Some(match error {
        TransportError::ProxyRefused { proxy, status: 407 } => {
            dialogue.text(Text::ProxyWantsPassword, &[("proxy", proxy)])
        }
        TransportError::ProxyRefused { proxy, status } => {
            dialogue.text(Text::ProxyRefuses, &[("proxy", proxy), ("status", &status.to_string())])
        }
        TransportError::Proxy { proxy, reason } => {
            dialogue.text(Text::ProxyUnusable, &[("proxy", proxy), ("why", reason)])
        }
        TransportError::Certificate { host, reason } => {
            dialogue.text(Text::CertificateRefused, &[("host", host), ("why", reason)])
        }
        _ => return None,
    })
}

fn keep<S: Serializer>(proxy: &Option<Proxy>, serializer: S) -> Result<S::Ok, S::Error> {
    proxy.as_ref().map(Proxy::secret_text).serialize(serializer)
}

fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Proxy>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_choice_is_kept_with_its_password_and_does_not_show_it() {
        let proxy = Some("http://carla:secret@proxy.example:3128".parse().unwrap());
        let network = Network { transport: Way::WebSocket, proxy, authorities: None };
        let kept = serde_json::to_string(&network).unwrap();
        assert_eq!(serde_json::from_str::<Network>(&kept).unwrap(), network);
        assert!(kept.contains("secret") && kept.contains("websocket") && !format!("{network:?}").contains("secret"));
        // What was kept before there was a choice.
        assert_eq!(serde_json::from_str::<Network>("{}").unwrap(), Network::default());
    }

    #[test]
    fn a_file_without_certificates_is_refused_by_name() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for path in [file.path().to_owned(), PathBuf::from("/nowhere/ca.pem")] {
            let shown = path.display().to_string();
            let error = NetworkArgs { transport: Way::Auto, proxy: None, ca: Some(path) }.read().unwrap_err();
            assert!(error.contains("--ca") && error.contains(&shown), "{error}");
        }
    }
}
