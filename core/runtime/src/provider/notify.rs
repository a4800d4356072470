//! What a server lends to notifiers. Unlike the other providers these wait for a network, so their calls are async.
//!
//! The runtime has checked before what can be said without knowing the server: one sound address, a subject of one line,
//! an absolute URL to a host that the manifest names, sizes. What only the operator can say (sender, transport, which
//! hosts, which addresses of the network) is the implementation's to check.

use super::Result;
use async_trait::async_trait;

/// A message to one person (`hospes:notify/mail`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailMessage {
    /// One address, `name@domain`, without control characters, spaces, brackets and lists.
    pub to: String,
    /// One line, at most 255 characters.
    pub subject: String,
    /// Plain text, at most 256 KiB.
    pub text: String,
    /// The same as HTML, at most 256 KiB.
    pub html: Option<String>,
}

/// The operator's mail server.
#[async_trait]
pub trait MailProvider: Send + Sync {
    /// Hands a message over. `key` (printable ASCII, at most 200 characters) belongs into the Message-ID. Broken off
    /// after 30 s.
    ///
    /// # Errors
    /// [`Unavailable`](super::Error::Unavailable) when another try may help, [`Invalid`](super::Error::Invalid) when the
    /// mail server will never take it (a 5xx answer), each with the reason.
    async fn send(&self, key: &str, message: MailMessage) -> Result<()>;
}

/// A web request (`hospes:notify/http`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: String,
    /// Absolute, `http` or `https`, in normal form, without user name and fragment.
    pub url: String,
    /// Names in lower case, values of printable ASCII; none that concerns the connection itself.
    pub headers: Vec<(String, String)>,
    /// At most 1 MiB.
    pub body: Vec<u8>,
}

/// Its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpResponse {
    /// The status, 100 to 599.
    pub status: u16,
    /// Headers as they came; those whose values are not text may be left out.
    pub headers: Vec<(String, String)>,
    /// What is over 64 KiB is cut by the runtime; do not read more.
    pub body: Vec<u8>,
}

/// The way out to the web, within what the operator allows.
#[async_trait]
pub trait HttpProvider: Send + Sync {
    /// Sends a request and waits for the answer; follows no redirect. Broken off after 10 s.
    ///
    /// # Errors
    /// `Other("host-not-allowed", ..)` when the operator does not allow this host, `Other("address-not-allowed", ..)` when
    /// it leads to an address that is not allowed (private, loopback, ...), [`Unavailable`](super::Error::Unavailable) when
    /// there was no answer, each with the reason.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse>;
}
