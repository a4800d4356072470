//! The way out to the web for notifiers: hosts of the operator's list only, public addresses only, no redirects.
//!
//! The address is looked at where the connection is made, in the resolver of the client itself, so that a name that
//! answers a public address first and a private one a moment later gains nothing. A proxy of the environment is not
//! used: it would resolve the name where nobody looks.

use super::address::forbidden;
use crate::settings::Webhooks;
use futures_util::StreamExt;
use hospes_runtime::provider::Error;
use hospes_runtime::provider::notify::{HttpProvider, HttpRequest, HttpResponse};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Method, Url, redirect};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;

/// Longest time for one request with its answer.
const TIME: Duration = Duration::from_secs(10);
/// What is read of an answer, in bytes.
const ANSWER: usize = 64 << 10;

/// A client that keeps the operator's rules.
pub(crate) struct Egress {
    rules: Webhooks,
    /// Made on first use: a computer without certificate authorities can still run a server.
    client: OnceCell<Client>,
}

/// Looks names up, and forgets what must not be reached.
struct Guard {
    private: bool,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let private = self.private;
        Box::pin(async move {
            let found = look_up(name.as_str(), private).await?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Every address of a host; refused when one of them must not be reached. Which one is for the log: tenants need not learn
/// what the operator's names mean inside.
async fn look_up(host: &str, private: bool) -> std::io::Result<Vec<SocketAddr>> {
    let found: Vec<_> = tokio::net::lookup_host((host, 0)).await?.collect();
    match found.iter().find_map(|address| forbidden(address.ip(), private).map(|kind| (address, kind))) {
        Some((address, kind)) => {
            tracing::warn!(host, address = %address.ip(), kind, "a notifier's request is not sent there");
            Err(std::io::Error::new(
                std::io::ErrorKind::PermissionDenied,
                format!("{host} leads to an address that this server does not call"),
            ))
        }
        None => Ok(found),
    }
}

impl Egress {
    /// A client with these rules.
    pub(crate) fn new(rules: &Webhooks) -> Self {
        Self { rules: rules.clone(), client: OnceCell::new() }
    }

    async fn client(&self) -> Result<&Client, Error> {
        let made = async || {
            Client::builder()
                .redirect(redirect::Policy::none())
                .timeout(TIME)
                .no_proxy()
                .referer(false)
                .user_agent(concat!("Hospes/", env!("CARGO_PKG_VERSION")))
                .dns_resolver(Arc::new(Guard { private: self.rules.private }))
                .build()
                .map_err(|error| Error::Unavailable(format!("this server cannot send web requests: {error}")))
        };
        self.client.get_or_try_init(made).await
    }

    /// Why the operator does not allow this URL; addresses are looked at when it is called.
    pub(crate) fn refusal(&self, url: &Url) -> Option<String> {
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let port = url.port_or_known_default().unwrap_or_default();
        let here = self.rules.private && hospes_wire::link::is_loopback(host);
        if url.scheme() != "https" && !(url.scheme() == "http" && here) {
            return Some("it must begin with https://".to_owned());
        }
        if !self.rules.allow.iter().any(|entry| covers(entry, host, port)) {
            return Some(format!("{host} is not on this server's list of hosts; ask the operator to add it"));
        }
        let address = host.parse::<IpAddr>().ok()?;
        forbidden(address, self.rules.private).map(|kind| format!("{address} is {kind}"))
    }
}

/// Whether an entry of the list covers a host. Without a port it covers the port of HTTPS only, except that `*` and
/// entries for this computer cover every port.
fn covers(entry: &str, host: &str, port: u16) -> bool {
    let (name, own_port) = match entry.rsplit_once(':') {
        Some((name, port)) => (name, port.parse::<u16>().ok()),
        None => (entry, None),
    };
    let named = match name.strip_prefix("*.") {
        Some(parent) => {
            let above =
                host.len().checked_sub(parent.len()).filter(|above| *above > 1 && host.is_char_boundary(*above));
            above.is_some_and(|above| host[..above].ends_with('.') && host[above..].eq_ignore_ascii_case(parent))
        }
        None => name == "*" || name.eq_ignore_ascii_case(host),
    };
    let any_port = name == "*" || hospes_wire::link::is_loopback(host);
    named && own_port.map_or(any_port || port == 443, |own| own == port)
}

#[async_trait::async_trait]
impl HttpProvider for Egress {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, Error> {
        let url = Url::parse(&request.url).map_err(|error| Error::Invalid(format!("the URL: {error}")))?;
        if let Some(why) = self.refusal(&url) {
            return Err(Error::Other("host-not-allowed", why));
        }
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        // Looked up once more by the client; here for an answer that says what is wrong.
        match look_up(&host, self.rules.private).await {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                return Err(Error::Other("address-not-allowed", error.to_string()));
            }
            Err(error) => return Err(Error::Unavailable(format!("{host} is not found: {error}"))),
        }
        let method = Method::from_bytes(request.method.as_bytes())
            .map_err(|_| Error::Invalid(format!("{} is no method", request.method)))?;
        let mut call = self.client().await?.request(method, url).body(request.body);
        for (name, value) in &request.headers {
            call = call.header(name, value);
        }
        let unavailable = |error: reqwest::Error| {
            // Without the URL, which may hold a secret.
            let error = error.without_url();
            let cause = std::iter::successors(std::error::Error::source(&error), |cause| cause.source()).last();
            Error::Unavailable(cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}")))
        };
        let answer = call.send().await.map_err(unavailable)?;
        let status = answer.status().as_u16();
        let headers = answer.headers().iter();
        let headers = headers.filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
        let headers = headers.collect();
        let mut body = Vec::new();
        let mut chunks = answer.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(unavailable)?;
            body.extend_from_slice(&chunk[..chunk.len().min(ANSWER - body.len())]);
            if body.len() == ANSWER {
                break;
            }
        }
        Ok(HttpResponse { status, headers, body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn egress(allow: &[&str], private: bool) -> Egress {
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let allow = allow.iter().map(|entry| (*entry).to_owned()).collect();
        Egress::new(&Webhooks { allow, private })
    }

    #[test]
    fn r19_only_hosts_of_the_operators_list_are_called() {
        let list: &[&str] = &["hooks.example.org", "*.example.net", "api.example.com:8443", "127.0.0.1", "[::1]"];
        let check = |allow: &[&str], private, url: &str, expect: Option<&str>| {
            let found = egress(allow, private).refusal(&Url::parse(url).unwrap());
            match (found, expect) {
                (None, None) => {}
                (Some(found), Some(expect)) => assert!(found.contains(expect), "{url}: {found}"),
                (found, _) => panic!("{url} with {allow:?}: {found:?}, not {expect:?}"),
            }
        };
        check(&[], false, "https://hooks.example.org/", Some("not on this server's list"));
        for good in ["https://hooks.example.org/x", "https://HOOKS.example.org/", "https://a.b.example.net/"] {
            check(list, false, good, None);
        }
        check(list, false, "https://api.example.com:8443/", None);
        for bad in [
            "https://example.net/",
            "https://evilexample.net/",
            "https://hooks.example.org.evil.net/",
            "https://hooks.example.org:8443/",
            "https://api.example.com/",
        ] {
            check(list, false, bad, Some("not on this server's list"));
        }
        check(list, false, "http://hooks.example.org/", Some("https://"));
        check(list, true, "http://hooks.example.org/", Some("https://"));
        check(list, false, "https://127.0.0.1/", Some("loopback"));
        check(list, true, "http://127.0.0.1:9000/", None);
        check(list, false, "http://127.0.0.1:9000/", Some("https://"));
        check(&["*"], false, "https://anything.example:8443/", None);
        for private in ["https://10.0.0.7/", "https://[::ffff:10.0.0.7]/", "https://0x7f.1/", "https://[fd00::1]/"] {
            check(&["*"], false, private, Some(" is "));
            check(&["*"], true, private, None);
        }
    }

    #[tokio::test]
    async fn r19_a_name_that_leads_inside_is_refused_where_the_connection_is_made() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
        let egress = egress(&["*"], false);
        let request = HttpRequest { method: "POST".into(), url: url.clone(), headers: vec![], body: vec![] };
        let refused = egress.send(request).await.unwrap_err();
        let Error::Other("address-not-allowed", why) = &refused else { panic!("{refused}") };
        assert_eq!(why, "localhost leads to an address that this server does not call", "tenants learn no more");
        // The client's own resolver says the same, whatever was found out before.
        assert!(egress.client().await.unwrap().get(url).send().await.is_err());
        let called = tokio::time::timeout(Duration::from_millis(200), listener.accept()).await;
        assert!(called.is_err(), "somebody connected");
    }
}
