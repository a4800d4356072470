//! Where a server is, and by which ways it may be reached.

use crate::error::TransportError;
use crate::proxy::Proxy;
use hospes_wire::link::{DeploymentLink, KeyPin};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// Where a server is, and whom to expect there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// A name, or an address without brackets.
    pub host: String,
    /// UDP for QUIC, TCP for the WebSocket.
    pub port: u16,
    /// Whether TLS is spoken on the TCP port: always, but on this computer itself.
    pub secure: bool,
    /// The only key that is accepted.
    pub pin: KeyPin,
}

impl From<&DeploymentLink> for Address {
    fn from(link: &DeploymentLink) -> Self {
        Self { host: link.host.clone(), port: link.port, secure: link.secure, pin: link.pin }
    }
}

/// Which way a connection takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// UDP with a head start of [`crate::UDP_HEAD_START`], the WebSocket beside it; the first that answers wins.
    #[default]
    Auto,
    /// UDP only.
    Udp,
    /// The WebSocket on the HTTPS port only.
    WebSocket,
}

/// By which ways a server may be reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ways {
    /// Which way.
    pub transport: Transport,
    /// The proxy for TCP; without one, what the environment names for the server's address.
    pub proxy: Option<Proxy>,
    /// Certificate authorities that are believed beside the system's.
    pub authorities: Authorities,
}

/// Certificate authorities beside those of the system: for the outer TLS alone. Whom this computer talks to is decided
/// by the pinned key, inside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Authorities(Vec<CertificateDer<'static>>);

impl Authorities {
    /// Reads PEM text with one certificate or more.
    ///
    /// # Errors
    /// [`TransportError::Authorities`] when there is none, or one that cannot be read.
    pub fn from_pem(text: &[u8]) -> Result<Self, TransportError> {
        let failed = |why: String| TransportError::Authorities(why);
        let found = CertificateDer::pem_slice_iter(text)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| failed(error.to_string()))?;
        if found.is_empty() {
            return Err(failed("there is no certificate in it; expected PEM (-----BEGIN CERTIFICATE-----)".to_owned()));
        }
        // Read once here, so that a mistake is told when the file is named and not at some later connection.
        let mut roots = rustls::RootCertStore::empty();
        for certificate in &found {
            roots.add(certificate.clone()).map_err(|error| failed(error.to_string()))?;
        }
        Ok(Self(found))
    }

    pub(crate) fn certificates(&self) -> impl Iterator<Item = CertificateDer<'static>> + '_ {
        self.0.iter().cloned()
    }
}
