//! The mail server of the settings, as notifiers use it.

use crate::settings::{Mail, MailTls};
use hospes_runtime::provider::Error;
use hospes_runtime::provider::notify::{MailMessage, MailProvider};
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use std::time::Duration;

/// Answers of a mail server that are final by their number, and are yet about the operator's settings rather than about
/// the message: no mail host here, authentication, encryption. They are mended while the message waits.
const SETTINGS: [&str; 6] = ["521", "530", "534", "535", "538", "554 5.7.8"];

/// The operator's mail server.
pub(crate) struct MailServer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl MailServer {
    /// Reads what the settings name. Nothing is connected yet: a mail server that is down keeps no server from starting.
    pub(crate) fn new(settings: &Mail) -> Result<Self, String> {
        let from: Mailbox = settings.from.parse().map_err(|error| format!("setting mail.from: {error}"))?;
        let tls = match settings.tls {
            MailTls::None => Tls::None,
            MailTls::StartTls => Tls::Required(parameters(settings)?),
            MailTls::Tls => Tls::Wrapper(parameters(settings)?),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
            .port(settings.port())
            .tls(tls)
            .timeout(Some(Duration::from_secs(settings.timeout)));
        if let Some(user) = &settings.user {
            builder = builder.credentials(Credentials::new(user.clone(), password(settings)?));
        }
        Ok(Self { transport: builder.build(), from })
    }

    /// Who mail is from, for the console.
    pub(crate) fn from(&self) -> String {
        self.from.to_string()
    }

    fn compose(&self, key: &str, message: MailMessage) -> Result<Message, Error> {
        let invalid = |what: &str, error: &dyn std::fmt::Display| Error::Invalid(format!("{what}: {error}"));
        let to: Address = message.to.parse().map_err(|error| invalid("the recipient", &error))?;
        let builder = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(message.subject)
            .message_id(Some(format!("<{key}@{}>", self.from.email.domain())))
            // Nobody's absence note must answer it.
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ));
        let built = match message.html {
            Some(html) => builder.multipart(MultiPart::alternative_plain_html(message.text, html)),
            None => builder.singlepart(SinglePart::plain(message.text)),
        };
        built.map_err(|error| invalid("the message", &error))
    }
}

fn parameters(settings: &Mail) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(settings.host.clone());
    if let Some(path) = &settings.ca {
        let wrong = |error: &dyn std::fmt::Display| format!("setting mail.ca: {}: {error}", path.display());
        let pem = std::fs::read(path).map_err(|error| wrong(&error))?;
        builder = builder.add_root_certificate(Certificate::from_pem(&pem).map_err(|error| wrong(&error))?);
    }
    builder.build_rustls().map_err(|error| format!("setting mail.tls: {error}"))
}

fn password(settings: &Mail) -> Result<String, String> {
    let Some(path) = &settings.password_file else {
        return Ok(settings.password.as_ref().map(|secret| secret.reveal().to_owned()).unwrap_or_default());
    };
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("setting mail.password_file: {}: {error}", path.display()))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

#[async_trait::async_trait]
impl MailProvider for MailServer {
    async fn send(&self, key: &str, message: MailMessage) -> Result<(), Error> {
        let message = self.compose(key, message)?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            Err(error) => Err(explained(&error)),
        }
    }
}

/// A final answer about this message is `Invalid`, everything else may be mended.
fn explained(error: &lettre::transport::smtp::Error) -> Error {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    let cause = causes.last().map_or_else(|| error.to_string(), ToString::to_string);
    match error.status().map(|code| code.to_string()) {
        Some(code) => {
            let text = format!("the mail server answered {code} {cause}");
            let about_settings = SETTINGS.iter().any(|start| format!("{code} {cause}").starts_with(start));
            if error.is_permanent() && !about_settings { Error::Invalid(text) } else { Error::Unavailable(text) }
        }
        None => Error::Unavailable(format!("the mail server cannot be reached: {error}: {cause}")),
    }
}
