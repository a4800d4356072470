//! A message as it is shown.

use mail_parser::{Address, MessageParser};
use std::time::{SystemTime, UNIX_EPOCH};

/// One message.
#[derive(Clone, Debug, Default)]
pub struct Mail {
    /// Counts up from 1.
    pub id: usize,
    /// Milliseconds since 1970.
    pub at: u64,
    /// Whether it came over TLS.
    pub tls: bool,
    /// With which login, when one was needed.
    pub user: Option<String>,
    /// Who it went to, as the sending server said (not what the message says).
    pub to: Vec<String>,
    /// `From` of the message: name and address.
    pub from: String,
    /// `Subject` of the message.
    pub subject: String,
    /// `Message-ID` without its brackets.
    pub message_id: String,
    /// As plain text.
    pub text: String,
    /// As HTML, when it has any.
    pub html: Option<String>,
    /// As it came, headers and all.
    pub raw: String,
}

impl Mail {
    /// Reads a message; what is none is kept as text.
    pub(crate) fn read(raw: &[u8], to: Vec<String>, user: Option<String>, tls: bool) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let at = u64::try_from(since.as_millis()).unwrap_or_default();
        let text = String::from_utf8_lossy(raw).into_owned();
        let mut mail = Self { at, tls, user, to, raw: text.clone(), ..Self::default() };
        let Some(message) = MessageParser::default().parse(raw) else {
            mail.text = text;
            return mail;
        };
        mail.from = message.from().map(addresses).unwrap_or_default();
        mail.subject = message.subject().unwrap_or_default().to_owned();
        mail.message_id = message.message_id().unwrap_or_default().to_owned();
        mail.text = message.body_text(0).unwrap_or_default().into_owned();
        // The parser makes HTML of text where there is none.
        let has_html = message.html_bodies().any(|part| part.is_text_html());
        mail.html = has_html.then(|| message.body_html(0).unwrap_or_default().into_owned());
        mail
    }

    /// The first address in the text that begins so.
    #[must_use]
    pub fn link(&self, begins: &str) -> Option<&str> {
        let from = self.text.find(begins)?;
        self.text[from..].split(|c: char| c.is_whitespace() || c == '<' || c == '>').next()
    }
}

fn addresses(address: &Address<'_>) -> String {
    let each = address.iter().map(|one| match (one.name(), one.address()) {
        (Some(name), Some(address)) => format!("{name} <{address}>"),
        (None, Some(address)) => address.to_owned(),
        (name, None) => name.unwrap_or_default().to_owned(),
    });
    each.collect::<Vec<_>>().join(", ")
}
