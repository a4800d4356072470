//! HTTP proxies: which one stands between, and the tunnel through it (CONNECT, RFC 9110 section 9.3.6).
//!
//! hyper-util's tunnel does the same but tells every refusal but 407 as "unsuccessful"; a customer behind a proxy must
//! hear what the proxy said.

use crate::error::TransportError;
use crate::way::Address;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use std::fmt;
use std::str::FromStr;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_tungstenite::tungstenite::http::Uri;

/// Longest head of a proxy's answer, in bytes.
const MAX_HEAD: usize = 16 << 10;

/// An HTTP proxy. `Debug` and `Display` show where it is and never the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// As written, for keeping.
    text: String,
    pub(crate) secure: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
    authorization: Option<String>,
}

/// A text that names no proxy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{what} is not a proxy's address like http://proxy.example:3128 or http://name:password@proxy.example:3128: {why}"
)]
pub struct BadProxy {
    /// As given, without name and password.
    what: String,
    why: &'static str,
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        write!(f, "{scheme}://{host}:{}", self.port)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

/// Without what may be a password.
fn harmless(text: &str) -> String {
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    let shown: String = if scheme.is_empty() { rest.to_owned() } else { format!("{scheme}://{rest}") };
    shown.chars().take(200).collect()
}

impl FromStr for Proxy {
    type Err = BadProxy;

    /// `[http[s]://][NAME:PASSWORD@]HOST[:PORT]`; name and password percent-encoded where they must be.
    fn from_str(text: &str) -> Result<Self, BadProxy> {
        let bad = |why| BadProxy { what: harmless(text), why };
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(bad("it has spaces or control characters"));
        }
        let matcher = Matcher::builder().all(text.to_owned()).build();
        let found =
            matcher.intercept(&Uri::from_static("https://any.example")).ok_or_else(|| bad("it cannot be read"))?;
        Self::from_intercept(&found, text).map_err(bad)
    }
}

impl Proxy {
    fn from_intercept(found: &Intercept, text: &str) -> Result<Self, &'static str> {
        let uri = found.uri();
        let secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err("only HTTP proxies can be used"),
        };
        let host = uri.host().ok_or("it has no host")?.trim_matches(['[', ']']).to_owned();
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let authorization = found.basic_auth().and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Self { text: text.to_owned(), secure, host, port, authorization })
    }

    /// What `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` (or in small letters) say for an address, as curl
    /// understands them.
    ///
    /// # Errors
    /// [`TransportError::Proxy`] when they name one that is no HTTP proxy.
    pub fn of_environment(to: &Address) -> Result<Option<Self>, TransportError> {
        Self::of_matcher(&Matcher::from_env(), to)
    }

    fn of_matcher(matcher: &Matcher, to: &Address) -> Result<Option<Self>, TransportError> {
        let Ok(uri) = format!("{}://{}", if to.secure { "https" } else { "http" }, authority(to)).parse::<Uri>() else {
            return Ok(None);
        };
        let Some(found) = matcher.intercept(&uri) else { return Ok(None) };
        let text = found.uri().to_string();
        let proxy = Self::from_intercept(&found, &text);
        proxy.map(Some).map_err(|why| TransportError::Proxy { proxy: harmless(&text), reason: why.to_owned() })
    }

    /// The text that [`FromStr`] read, with name and password: for keeping where only the owner reads.
    #[must_use]
    pub fn secret_text(&self) -> &str {
        &self.text
    }

    /// Asks for a tunnel to `to` on a connection to this proxy.
    pub(crate) async fn tunnel<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut S,
        to: &Address,
    ) -> Result<(), TransportError> {
        let failed = |reason: String| TransportError::Proxy { proxy: self.to_string(), reason };
        let target = authority(to);
        let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
        if let Some(authorization) = &self.authorization {
            request += &format!("Proxy-Authorization: {authorization}\r\n");
        }
        request += "\r\n";
        stream.write_all(request.as_bytes()).await.map_err(|error| failed(error.to_string()))?;
        stream.flush().await.map_err(|error| failed(error.to_string()))?;
        let mut head = Vec::new();
        // Byte for byte: what follows the head is the server's and must stay in the stream. It is a few hundred bytes,
        // once for each connection.
        while !head.ends_with(b"\r\n\r\n") {
            if head.len() >= MAX_HEAD {
                return Err(failed("its answer is too long".to_owned()));
            }
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(error) if head.is_empty() => return Err(failed(format!("it hung up ({error})"))),
                Err(error) => return Err(failed(error.to_string())),
            }
        }
        match status(&head) {
            Some(200..=299) => Ok(()),
            // It tried and found nobody: the server may be restarting.
            Some(status @ 500..) => Err(TransportError::Unreachable {
                host: to.host.clone(),
                port: to.port,
                reason: format!("the proxy {self} answered {status}"),
            }),
            Some(status) => Err(TransportError::ProxyRefused { proxy: self.to_string(), status }),
            None => Err(failed("it does not speak HTTP".to_owned())),
        }
    }
}

/// `HOST:PORT`, brackets around an IPv6 address.
pub(crate) fn authority(to: &Address) -> String {
    if to.host.contains(':') { format!("[{}]:{}", to.host, to.port) } else { format!("{}:{}", to.host, to.port) }
}

/// The status of `HTTP/1.x NNN ...`.
fn status(head: &[u8]) -> Option<u16> {
    let line = head.split(|byte| *byte == b'\r').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    let version = words.next()?;
    let status = words.next()?;
    (version.starts_with("HTTP/1.") && status.len() == 3).then(|| status.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hospes_wire::link::KeyPin;

    fn to(host: &str, secure: bool) -> Address {
        Address { host: host.to_owned(), port: 8443, secure, pin: KeyPin([0; 32]) }
    }

    #[test]
    fn a_proxy_is_read_with_name_and_password_and_never_shows_them() {
        for (text, shown, authorization) in [
            ("http://proxy.example:3128", "http://proxy.example:3128", None),
            ("proxy.example:3128", "http://proxy.example:3128", None),
            ("http://proxy.example", "http://proxy.example:80", None),
            ("https://proxy.example/", "https://proxy.example:443", None),
            ("http://[::1]:3128", "http://[::1]:3128", None),
            // Basic of "carla:p@ss word"
            (
                "http://carla:p%40ss%20word@proxy.example:3128",
                "http://proxy.example:3128",
                Some("Basic Y2FybGE6cEBzcyB3b3Jk"),
            ),
        ] {
            let proxy: Proxy = text.parse().unwrap();
            assert_eq!(proxy.to_string(), shown, "{text}");
            assert_eq!(proxy.authorization.as_deref(), authorization, "{text}");
            assert!(!format!("{proxy:?}").contains("carla"));
            assert_eq!(proxy.secret_text().parse::<Proxy>().unwrap(), proxy);
        }
        for (text, why) in [
            ("socks5://proxy.example:1080", "only HTTP proxies"),
            ("ftp://proxy.example", "cannot be read"),
            ("", "cannot be read"),
            ("http://carla:secret@", "cannot be read"),
            ("http://proxy example", "spaces"),
            ("http://x\r\nHost: y", "control characters"),
        ] {
            let error = text.parse::<Proxy>().unwrap_err().to_string();
            assert!(error.contains(why) && !error.contains("secret"), "{text:?}: {error}");
        }
    }

    #[test]
    fn the_environment_names_a_proxy_for_some_addresses() {
        let matcher =
            Matcher::builder().https("http://one:1").http("http://two:2").no("internal.example,10.0.0.0/8,::1").build();
        for (host, secure, expect) in [
            ("support.example", true, Some("http://one:1")),
            ("localhost", false, Some("http://two:2")),
            ("a.internal.example", true, None),
            ("10.1.2.3", true, None),
            ("2001:db8::1", true, Some("http://one:1")),
            ("::1", true, None),
        ] {
            let found = Proxy::of_matcher(&matcher, &to(host, secure)).unwrap().map(|proxy| proxy.to_string());
            assert_eq!(found.as_deref(), expect, "{host}");
        }
        let socks = Matcher::builder().all("socks5://name:secret@one:1").build();
        let error = Proxy::of_matcher(&socks, &to("support.example", true)).unwrap_err().to_string();
        assert!(error.contains("only HTTP proxies") && !error.contains("secret"), "{error}");
    }

    #[tokio::test]
    async fn a_tunnel_leaves_what_follows_and_every_other_answer_is_named() {
        let cases: &[(&str, Option<&str>)] = &[
            ("HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\nhello", None),
            ("HTTP/1.0 200 OK\r\n\r\nhello", None),
            ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", Some("name and password")),
            ("HTTP/1.1 403 Forbidden\r\n\r\n", Some("403")),
            (
                "HTTP/1.1 502 Bad Gateway\r\n\r\n",
                Some("cannot connect to ::1 port 8443: the proxy http://proxy.example:3128 answered 502"),
            ),
            ("SSH-2.0-OpenSSH_9.9\r\n\r\n", Some("does not speak HTTP")),
            ("HTTP/1.1 20\r\n\r\n", Some("does not speak HTTP")),
            ("\u{fffd}\r\n\r\n", Some("does not speak HTTP")),
            ("", Some("hung up")),
            ("HTTP/1.1 200 OK\r\n", Some("end of file")),
        ];
        for (answer, expect) in cases {
            let (mut ours, mut theirs) = tokio::io::duplex(64 << 10);
            let proxy: Proxy = "http://carla:secret@proxy.example:3128".parse().unwrap();
            theirs.write_all(answer.as_bytes()).await.unwrap();
            let reading = async {
                let mut request = vec![0; 2000];
                let length = theirs.read(&mut request).await.unwrap();
                drop(theirs);
                String::from_utf8(request[..length].to_vec()).unwrap()
            };
            let address = to("::1", true);
            let (done, request) = tokio::join!(proxy.tunnel(&mut ours, &address), reading);
            assert!(request.starts_with("CONNECT [::1]:8443 HTTP/1.1\r\nHost: [::1]:8443\r\n"), "{request}");
            assert!(request.contains("Proxy-Authorization: Basic Y2FybGE6c2VjcmV0\r\n"), "{request}");
            match (done, expect) {
                (Ok(()), None) => {
                    let mut rest = String::new();
                    ours.read_to_string(&mut rest).await.unwrap();
                    assert_eq!(rest, "hello");
                }
                (Err(error), Some(expect)) => {
                    let error = error.to_string();
                    assert!(error.contains(expect) && !error.contains("secret"), "{answer:?}: {error}");
                }
                (done, _) => panic!("{answer:?}: {done:?}"),
            }
        }
        let (mut ours, mut theirs) = tokio::io::duplex(64 << 10);
        theirs.write_all(&[b'x'; 40_000]).await.unwrap();
        let endless = "http://proxy.example".parse::<Proxy>().unwrap().tunnel(&mut ours, &to("a", true)).await;
        assert!(endless.unwrap_err().to_string().contains("too long"));
    }
}
