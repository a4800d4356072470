//! What lies between a customer's computer and the server.

use crate::proxy::Proxy;
use anyhow::Result;
use std::path::{Path, PathBuf};

/// The server's name where only a proxy can find it.
pub const HIDDEN_NAME: &str = "support.hospes.test";
/// Name and password that the proxy wants.
const CREDENTIALS: &str = "carla:p%40ss";
/// The same as it reads them.
const AUTHORIZATION: &str = "Basic Y2FybGE6cEBzcw==";

/// What lies between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Nothing: UDP and TCP over loopback.
    Open,
    /// No UDP: the server does not listen there.
    NoUdp,
    /// No UDP, and nothing but an HTTP proxy that wants a password; HTTPS with a certificate of a private authority, by
    /// a name that only the proxy can find.
    Proxied,
}

/// The parts of a network that run or lie about.
pub struct Between {
    /// Which.
    pub network: Network,
    proxy: Option<Proxy>,
    folder: PathBuf,
    port: u16,
}

impl Between {
    /// Makes what is needed below `folder` for a server on `port`.
    ///
    /// # Errors
    /// When the proxy cannot listen or the certificate cannot be written.
    pub fn new(network: Network, folder: &Path, port: u16) -> Result<Self> {
        let mut between = Self { network, proxy: None, folder: folder.to_path_buf(), port };
        if network == Network::Proxied {
            certificate(folder)?;
            between.proxy = Some(Proxy::start(HIDDEN_NAME, port, AUTHORIZATION)?);
        }
        Ok(between)
    }

    /// The server's settings, as variables.
    #[must_use]
    pub fn settings(&self) -> Vec<(String, String)> {
        let file = |name: &str| self.folder.join(name).display().to_string();
        let mut settings = Vec::new();
        if self.network != Network::Open {
            settings.push(("HOSPES_TRANSPORTS__UDP", "false".to_owned()));
        }
        if self.network == Network::Proxied {
            settings.push(("HOSPES_TLS__CERT", file("cert.pem")));
            settings.push(("HOSPES_TLS__KEY", file("key.pem")));
            settings.push(("HOSPES_PUBLIC_URL", self.url()));
        }
        settings.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    /// Where people find the server.
    #[must_use]
    pub fn url(&self) -> String {
        match self.network {
            Network::Open | Network::NoUdp => format!("http://127.0.0.1:{}", self.port),
            Network::Proxied => format!("https://{HIDDEN_NAME}:{}", self.port),
        }
    }

    /// What customer and technician say on their command lines to get through.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        let Some(proxy) = &self.proxy else { return Vec::new() };
        let url = format!("http://{CREDENTIALS}@127.0.0.1:{}", proxy.port);
        vec!["--proxy".to_owned(), url, "--ca".to_owned(), self.folder.join("ca.pem").display().to_string()]
    }

    /// Tunnels that the proxy opened so far; none without one.
    #[must_use]
    pub fn tunnels(&self) -> Option<usize> {
        self.proxy.as_ref().map(Proxy::tunnels)
    }

    /// An HTTP client that finds the server.
    ///
    /// # Errors
    /// When the certificate cannot be read.
    pub fn http(&self) -> Result<reqwest::ClientBuilder> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy();
        if self.network != Network::Proxied {
            return Ok(client);
        }
        let authority = reqwest::Certificate::from_pem(&std::fs::read(self.folder.join("ca.pem"))?)?;
        Ok(client.tls_certs_merge([authority]).resolve(HIDDEN_NAME, ([127, 0, 0, 1], self.port).into()))
    }
}

/// `ca.pem`, and `cert.pem` with `key.pem` of that authority.
fn certificate(folder: &Path) -> Result<()> {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    let mut root = CertificateParams::default();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root_key = KeyPair::generate()?;
    std::fs::write(folder.join("ca.pem"), root.self_signed(&root_key)?.pem())?;
    let key = KeyPair::generate()?;
    let names = vec![HIDDEN_NAME.to_owned(), "localhost".to_owned()];
    let own = CertificateParams::new(names)?.signed_by(&key, &Issuer::new(root, root_key))?;
    std::fs::write(folder.join("cert.pem"), own.pem())?;
    Ok(std::fs::write(folder.join("key.pem"), key.serialize_pem())?)
}

/// Each story, `async fn(Network) -> Result<()>`, as a test in every network.
#[macro_export]
macro_rules! in_every_network {
    ($($story:ident),+ $(,)?) => {
        $crate::in_every_network!(@one open, Open, $($story),+);
        $crate::in_every_network!(@one no_udp, NoUdp, $($story),+);
        $crate::in_every_network!(@one proxied, Proxied, $($story),+);
    };
    (@one $name:ident, $network:ident, $($story:ident),+) => {
        mod $name {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $story() -> anyhow::Result<()> {
                    super::$story($crate::Network::$network).await
                }
            )+
        }
    };
}
