//! The address that goes into links, and that browsers give as `Origin`.

use crate::settings::Settings;
use hospes_wire::link::{DeploymentLink, KeyPin, LinkToken};
use std::net::SocketAddr;

/// The server's address as others see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    /// Whether it is https.
    pub secure: bool,
    /// Host name or address, without brackets.
    pub host: String,
    /// TCP for pages, UDP for hosts.
    pub port: u16,
    /// As in `Origin`: scheme, host and the port unless it is the scheme's own.
    pub origin: String,
}

/// The setting cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("setting public_url: {0:?} is not an address like https://support.example.org or http://127.0.0.1:8443: {1}")]
pub struct BadPublicUrl(String, &'static str);

impl PublicUrl {
    /// From the settings, and the address that is really listened on.
    ///
    /// # Errors
    /// When the setting is not `http(s)://HOST[:PORT]`, or is `http` for another computer.
    pub fn new(settings: &Settings, listening: SocketAddr) -> Result<Self, BadPublicUrl> {
        let Some(url) = &settings.public_url else {
            let ip = listening.ip();
            let host = if ip.is_unspecified() { "localhost".to_owned() } else { ip.to_string() };
            return Ok(Self::from_parts(settings.tls.is_some(), host, listening.port()));
        };
        let bad = |why| BadPublicUrl(url.clone(), why);
        let uri: axum::http::Uri = url.parse().map_err(|_| bad("it cannot be read"))?;
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(bad("it must begin with https:// or http://")),
        };
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(bad("it must not have a path"));
        }
        let host = uri.host().ok_or_else(|| bad("it has no host"))?.trim_matches(['[', ']']).to_owned();
        if !secure && !hospes_wire::link::is_loopback(&host) {
            return Err(bad("http is for this computer only; use https"));
        }
        Ok(Self::from_parts(secure, host, uri.port_u16().unwrap_or(if secure { 443 } else { 80 })))
    }

    fn from_parts(secure: bool, host: String, port: u16) -> Self {
        let scheme = if secure { "https" } else { "http" };
        let shown = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        let origin = match (secure, port) {
            (true, 443) | (false, 80) => format!("{scheme}://{shown}"),
            _ => format!("{scheme}://{shown}:{port}"),
        };
        Self { secure, host, port, origin }
    }

    /// A deployment link to this server.
    #[must_use]
    pub fn link(&self, token: [u8; 16], pin: KeyPin) -> DeploymentLink {
        DeploymentLink { secure: self.secure, host: self.host.clone(), port: self.port, token: LinkToken(token), pin }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_in_links() {
        let check = |url: Option<&str>, listen: &str, expect: Option<&str>| {
            let settings = Settings { public_url: url.map(str::to_owned), ..Settings::default() };
            let found = PublicUrl::new(&settings, listen.parse().unwrap()).ok().map(|public| public.origin);
            assert_eq!(found.as_deref(), expect, "{url:?} on {listen}");
        };
        check(None, "127.0.0.1:8443", Some("http://127.0.0.1:8443"));
        check(None, "[::1]:8443", Some("http://[::1]:8443"));
        check(Some("https://support.example.org"), "127.0.0.1:1", Some("https://support.example.org"));
        check(Some("https://support.example.org:8443/"), "127.0.0.1:1", Some("https://support.example.org:8443"));
        check(Some("http://localhost:80"), "127.0.0.1:1", Some("http://localhost"));
        check(Some("http://support.example.org"), "127.0.0.1:1", None);
        check(Some("support.example.org"), "127.0.0.1:1", None);
        check(Some("https://support.example.org/x"), "127.0.0.1:1", None);
    }
}
