//! How the server is reached: kept by the log-in, for every later command.

use super::error::ClientError;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// On the command line. What is not given is as the log-in kept it.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct NetworkArgs {
    /// Certificates (PEM) that are believed beside the system's; the log-in keeps them
    #[arg(long, global = true, value_name = "FILE", help_heading = "Network")]
    ca: Option<PathBuf>,
    /// HTTP proxy, http://[NAME:PASSWORD@]HOST:PORT; the log-in keeps it. Without one HTTPS_PROXY, HTTP_PROXY,
    /// ALL_PROXY and NO_PROXY count
    #[arg(long, global = true, value_name = "URL", help_heading = "Network")]
    proxy: Option<hospes_transport::Proxy>,
}

/// What is kept. It may hold a proxy's password, so it lies where only its owner reads.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Network {
    /// PEM text, so that it is there when the file is not.
    authorities: Option<String>,
    proxy: Option<String>,
}

impl NetworkArgs {
    /// This, and what it leaves open as it was `kept`.
    pub(super) fn over(&self, kept: Network) -> Result<Network, ClientError> {
        let authorities = match &self.ca {
            None => kept.authorities,
            Some(path) => {
                let wrong =
                    |error: &dyn std::fmt::Display| ClientError::Usage(format!("--ca {}: {error}", path.display()));
                Some(std::fs::read_to_string(path).map_err(|e| wrong(&e))?)
            }
        };
        let network = Network {
            authorities,
            proxy: self.proxy.as_ref().map(|proxy| proxy.secret_text().to_owned()).or(kept.proxy),
        };
        network.check()?;
        Ok(network)
    }
}

impl Network {
    fn check(&self) -> Result<(), ClientError> {
        let Some(text) = &self.authorities else { return Ok(()) };
        hospes_transport::Authorities::from_pem(text.as_bytes())
            .map(|_| ())
            .map_err(|error| ClientError::Usage(format!("--ca: {error}")))
    }

    /// A client that goes this way. The system's certificate authorities always count.
    pub(super) fn apply(&self, mut http: reqwest::ClientBuilder) -> Result<reqwest::ClientBuilder, ClientError> {
        let failed = |what: &str, error: reqwest::Error| ClientError::local(what, error);
        if let Some(text) = &self.authorities {
            let found = reqwest::Certificate::from_pem_bundle(text.as_bytes()).map_err(|e| failed("--ca", e))?;
            http = http.tls_certs_merge(found);
        }
        if let Some(proxy) = &self.proxy {
            http = http.proxy(reqwest::Proxy::all(proxy).map_err(|e| failed("--proxy", e))?);
        }
        Ok(http)
    }
}

/// Why `server` is not reached, of what reqwest says: as a person can use it, where a proxy is the reason.
pub(super) fn unreachable(server: &str, text: &str) -> ClientError {
    if text.contains("proxy authorization required") {
        return ClientError::Failed(format!(
            "cannot reach {server}: the proxy wants a name and password; give them with --proxy http://NAME:PASSWORD@HOST:PORT"
        ));
    }
    // Its status is not told: it may forbid the address, or the server may be restarting.
    let why = if text.contains("tunnel error: unsuccessful") {
        "the proxy does not allow the connection or cannot make it; ask whoever looks after the network"
    } else {
        text
    };
    ClientError::Disconnected(format!("cannot reach {server}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_wins_over_what_was_kept() {
        let kept = Network { authorities: None, proxy: Some("http://old:1".to_owned()) };
        let none = NetworkArgs::default().over(kept.clone()).unwrap();
        assert_eq!(none.proxy.as_deref(), Some("http://old:1"));
        let args = NetworkArgs { proxy: Some("http://a:b@new:2".parse().unwrap()), ca: None };
        assert_eq!(args.over(kept).unwrap().proxy.as_deref(), Some("http://a:b@new:2"));
        assert!(!format!("{args:?}").contains("a:b"));
        let missing = NetworkArgs { ca: Some("/nowhere/ca.pem".into()), proxy: None };
        let error = missing.over(Network::default()).map(|_| ()).unwrap_err();
        assert!(matches!(&error, ClientError::Usage(text) if text.contains("/nowhere/ca.pem")), "{error}");
    }
}
