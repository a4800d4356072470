//! The server's HTTP API, and the WebSocket of a channel over the same client: one set of certificates and one
//! connection policy for both.

use super::error::ClientError;
use super::keep::{self, Login};
use super::network::{self, Network, NetworkArgs};
use hospes_wire::problem::Problem;
use reqwest::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

/// Longest time for a connection to the server.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest time for one request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest message on a channel that is taken: one plugin message is at most 1 MiB.
const MAX_MESSAGE: usize = 2 << 20;
/// Longest answer that is read, in bytes.
const MAX_ANSWER: usize = 64 << 20;

/// The socket of a channel.
pub(super) type Socket = WebSocketStream<reqwest::Upgraded>;

/// A server, and who asks it.
#[derive(Clone)]
pub(super) struct Api {
    http: reqwest::Client,
    server: String,
    token: Option<String>,
}

impl Api {
    /// A server, before log-in. Plain `http` is for this computer only: a token never travels in clear.
    pub(super) fn new(server: &str, network: &Network) -> Result<Self, ClientError> {
        let wrong = |why: &str| {
            ClientError::Usage(format!(
                "{server:?} is not a server's address like https://support.example.org or http://127.0.0.1:8443: {why}"
            ))
        };
        let url = reqwest::Url::parse(server).map_err(|e| wrong(&e.to_string()))?;
        let host = url.host_str().ok_or_else(|| wrong("it has no host"))?.trim_matches(['[', ']']).to_owned();
        match url.scheme() {
            "https" => {}
            "http" if hospes_wire::link::is_loopback(&host) => {}
            "http" => return Err(wrong("http is for this computer only; use https")),
            _ => return Err(wrong("it must begin with https:// or http://")),
        }
        if url.path() != "/" || url.query().is_some() || !url.username().is_empty() {
            return Err(wrong("nothing but scheme, host and port belongs there"));
        }
        // Another part of the program may have chosen the same one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = network
            .apply(reqwest::Client::builder())?
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .http1_only()
            .user_agent(concat!("hospes/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|e| ClientError::Failed(chain(&e)))?;
        Ok(Self { http, server: server.trim_end_matches('/').to_owned(), token: None })
    }

    /// The server of the log-in that is kept.
    pub(super) fn logged_in(data: Option<&Path>, network: &NetworkArgs) -> Result<Self, ClientError> {
        let Login { server, token, network: kept, .. } = keep::load(&keep::path(data)?)?;
        let mut api = Self::new(&server, &network.over(kept)?)?;
        api.token = Some(token);
        Ok(api)
    }

    /// Its address.
    pub(super) fn server(&self) -> &str {
        &self.server
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}/api/v1{path}", self.server));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Reads something.
    pub(super) async fn get(&self, path: &str) -> Result<Value, ClientError> {
        self.answer(self.request(Method::GET, path)).await
    }

    /// Changes something.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value, ClientError> {
        self.answer(self.request(Method::POST, path).json(body)).await
    }

    /// Changes a part of something.
    pub(super) async fn patch(&self, path: &str, body: &Value) -> Result<Value, ClientError> {
        self.answer(self.request(Method::PATCH, path).json(body)).await
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> Result<Value, ClientError> {
        let mut response = request.timeout(REQUEST_TIMEOUT).send().await.map_err(|e| self.unreachable(&e))?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(|e| self.unreachable(&e))? {
            body.extend_from_slice(&part);
            if body.len() > MAX_ANSWER {
                return Err(self.strange(status, "its answer is too long"));
            }
        }
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|e| self.strange(status, &e.to_string()));
        }
        match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) => Err(problem.into()),
            Err(_) => Err(self.strange(status, "it does not say why")),
        }
    }

    /// Opens the WebSocket of a channel.
    pub(super) async fn socket(&self, path: &str) -> Result<Socket, ClientError> {
        let key = generate_key();
        // No bearer header: who opens says so in the socket's first message.
        let request = self
            .http
            .get(format!("{}/api/v1{path}", self.server))
            .header(CONNECTION, "Upgrade")
            .header(UPGRADE, "websocket")
            .header(SEC_WEBSOCKET_VERSION, "13")
            .header(SEC_WEBSOCKET_KEY, &key);
        let response = tokio::time::timeout(REQUEST_TIMEOUT, request.send())
            .await
            .map_err(|_| ClientError::Disconnected(format!("{} does not answer", self.server)))?
            .map_err(|e| self.unreachable(&e))?;
        let status = response.status();
        if status != StatusCode::SWITCHING_PROTOCOLS {
            return Err(match response.json::<Problem>().await {
                Ok(problem) => problem.into(),
                Err(_) => self.strange(status, "it opens no WebSocket"),
            });
        }
        let accepted = response.headers().get(SEC_WEBSOCKET_ACCEPT).map(reqwest::header::HeaderValue::as_bytes);
        if accepted != Some(derive_accept_key(key.as_bytes()).as_bytes()) {
            return Err(self.strange(status, "its WebSocket answer is wrong"));
        }
        let upgraded = response.upgrade().await.map_err(|e| self.unreachable(&e))?;
        let config = WebSocketConfig::default().max_message_size(Some(MAX_MESSAGE)).max_frame_size(Some(MAX_MESSAGE));
        Ok(WebSocketStream::from_raw_socket(upgraded, Role::Client, Some(config)).await)
    }

    fn unreachable(&self, error: &reqwest::Error) -> ClientError {
        network::unreachable(&self.server, &chain(error))
    }

    fn strange(&self, status: StatusCode, why: &str) -> ClientError {
        match status {
            StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
                ClientError::Disconnected(format!("{} answered {status}", self.server))
            }
            _ => ClientError::Failed(format!("{} answered {status}: {why}", self.server)),
        }
    }
}

/// An error with its causes: the outermost alone says "error sending request".
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_never_travels_in_clear() {
        for (server, fine) in [
            ("https://support.example.org", true),
            ("https://support.example.org:8443/", true),
            ("http://127.0.0.1:8443", true),
            ("http://localhost:8443", true),
            ("http://[::1]:8443", true),
            ("http://support.example.org", false),
            ("http://192.168.1.5:8443", false),
            ("ftp://localhost", false),
            ("support.example.org", false),
            ("https://user@support.example.org", false),
            ("https://support.example.org/console", false),
            ("", false),
        ] {
            let got = Api::new(server, &Network::default()).map(|_| ());
            assert_eq!(got.is_ok(), fine, "{server:?}: {got:?}");
            assert!(got.is_ok() || matches!(got, Err(ClientError::Usage(_))), "{server:?}");
        }
    }
}
