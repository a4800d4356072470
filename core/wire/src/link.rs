//! The deployment link (R2) and the name of the downloaded host: both carry address, token and key pin.
//!
//! Link: `https://HOST[:PORT]/s/TICKET`. File: `hospes-agent--HOST--PORT--TICKET` (any suffix, such as ` (1).exe`, is
//! ignored), where TICKET is lower-case base32 without padding of 16 bytes token and 32 bytes pin: it survives file
//! systems and mail clients that fold case, and has nothing that a browser renames. In file names the colons of an IPv6
//! address are underscores. A file name does not say `http` or `https`: on loopback it means `http`.

mod host;

use data_encoding::{BASE32_NOPAD, BASE32_NOPAD_NOCASE};
use std::fmt;
use std::str::FromStr;

pub use host::is_loopback;

/// Characters of a ticket: 48 bytes in base32.
pub const TICKET_LENGTH: usize = 77;
/// What the name of a downloaded host starts with.
pub const FILE_PREFIX: &str = "hospes-agent--";

/// SHA-256 of the server identity key's SubjectPublicKeyInfo. The host accepts this key only.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyPin(pub [u8; 32]);

impl fmt::Debug for KeyPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyPin({})", data_encoding::HEXLOWER.encode(&self.0))
    }
}

/// The link's secret; the server keeps only its hash.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct LinkToken(pub [u8; 16]);

impl fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkToken(..)")
    }
}

/// A deployment link. `Display` prints it as a URL, with its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentLink {
    /// `https` or, on loopback only, `http`.
    pub secure: bool,
    /// Host name or address, without brackets.
    pub host: String,
    /// Port, TCP for pages and UDP for hosts.
    pub port: u16,
    /// The secret.
    pub token: LinkToken,
    /// Whom to trust.
    pub pin: KeyPin,
}

/// Why a text is no deployment link, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadLink {
    /// Neither `https://...` nor `http://...`, nor the name of a downloaded host.
    #[error("this is not a deployment link: it starts with https:// and is in the invitation; copy it from there")]
    NotALink,
    /// `http` to another computer.
    #[error("the link to {0} begins with http://; only https:// is accepted, except for this computer itself")]
    Insecure(String),
    /// No host name or address.
    #[error("the link's address {host:?} is wrong: {why}")]
    Host {
        /// As given.
        host: String,
        /// What is wrong.
        why: &'static str,
    },
    /// No port.
    #[error("the link's port {0:?} is not a number from 1 to 65535")]
    Port(String),
    /// The path is not `/s/TICKET`.
    #[error(
        "the link's path must be /s/ and {TICKET_LENGTH} letters and digits; copy the whole link from the invitation"
    )]
    Path,
    /// The ticket was cut, or something was added to it.
    #[error(
        "the link was cut or extended: its last part has {0} characters instead of {TICKET_LENGTH}; copy the whole link from the invitation"
    )]
    TicketLength(usize),
    /// The ticket has a character that tickets do not have.
    #[error(
        "the link's last part was changed: only the letters a to z and the digits 2 to 7 are in it; copy the whole link from the invitation"
    )]
    Ticket,
    /// The file was renamed.
    #[error(
        "the file name carries no deployment link: download the host again from the invitation's page, or give the link itself"
    )]
    FileName,
}

impl DeploymentLink {
    /// A link to `host` (name or address, brackets allowed).
    ///
    /// # Errors
    /// When the host is none, or `http` is wanted for another computer.
    pub fn new(secure: bool, host: &str, port: u16, token: LinkToken, pin: KeyPin) -> Result<Self, BadLink> {
        let host = host::canonical(host)?;
        if port == 0 {
            return Err(BadLink::Port(port.to_string()));
        }
        if !secure && !is_loopback(&host) {
            return Err(BadLink::Insecure(host));
        }
        Ok(Self { secure, host, port, token, pin })
    }

    /// Token and pin as text: the last part of the link.
    #[must_use]
    pub fn ticket(&self) -> String {
        ticket(&self.token, &self.pin)
    }

    /// `https://HOST[:PORT]`.
    #[must_use]
    pub fn origin(&self) -> String {
        let (scheme, default_port) = if self.secure { ("https", 443) } else { ("http", 80) };
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        if self.port == default_port {
            format!("{scheme}://{host}")
        } else {
            format!("{scheme}://{host}:{}", self.port)
        }
    }

    /// The name under which the host is downloaded, without extension.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("{FILE_PREFIX}{}--{}--{}", self.host.replace(':', "_"), self.port, self.ticket())
    }

    /// Reads the link out of a downloaded host's name: with or without directories, extension, or what a browser added.
    ///
    /// # Errors
    /// When there is none.
    pub fn from_file_name(path: &str) -> Result<Self, BadLink> {
        let name = path.rsplit(['/', '\\']).next().unwrap_or(path).to_ascii_lowercase();
        let (_, rest) = name.split_once(FILE_PREFIX).ok_or(BadLink::FileName)?;
        // A host name may hold `--` itself (`xn--...`), so the first place where port and ticket follow is taken.
        let mut refusal = BadLink::FileName;
        for (at, _) in rest.match_indices("--") {
            let (Some(host), Some(after)) = (rest.get(..at), rest.get(at + 2..)) else { continue };
            let Some((port, after)) = after.split_once("--") else { continue };
            if port.is_empty() || !port.bytes().all(|byte| byte.is_ascii_digit()) {
                continue;
            }
            let end = after.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(after.len());
            let found = after.get(..end).ok_or(BadLink::Ticket).and_then(parse_ticket).and_then(|(token, pin)| {
                let host = host.replace('_', ":");
                Self::new(!is_loopback(&host), &host, parse_port(port)?, token, pin)
            });
            match found {
                Ok(link) => return Ok(link),
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }

    /// Reads a URL. What mail programs put around a link or append to it (angle brackets, spaces, a query) is ignored.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_url(text: &str) -> Result<Self, BadLink> {
        let text = text.trim().trim_start_matches('<').trim_end_matches('>');
        let (scheme, rest) = text.split_once("://").ok_or(BadLink::NotALink)?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(BadLink::NotALink),
        };
        let rest = rest.split(['?', '#']).next().unwrap_or(rest);
        let (authority, path) = rest.split_once('/').ok_or(BadLink::Path)?;
        let (host, port) = split_port(authority)?;
        let port = port.map_or(Ok(if secure { 443 } else { 80 }), parse_port)?;
        let ticket = path.strip_prefix("s/").or_else(|| path.strip_prefix("S/")).ok_or(BadLink::Path)?;
        let (token, pin) = parse_ticket(ticket.strip_suffix('/').unwrap_or(ticket))?;
        Self::new(secure, host, port, token, pin)
    }
}

impl FromStr for DeploymentLink {
    type Err = BadLink;

    /// A URL, or the name of a downloaded host.
    fn from_str(text: &str) -> Result<Self, BadLink> {
        if !text.contains("://") && text.to_ascii_lowercase().contains(FILE_PREFIX) {
            Self::from_file_name(text)
        } else {
            Self::from_url(text)
        }
    }
}

impl fmt::Display for DeploymentLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/s/{}", self.origin(), self.ticket())
    }
}

/// Token and pin as text.
#[must_use]
pub fn ticket(token: &LinkToken, pin: &KeyPin) -> String {
    let bytes = [&token.0[..], &pin.0[..]].concat();
    BASE32_NOPAD.encode(&bytes).to_ascii_lowercase()
}

/// Token and pin out of a link's last part, in whatever case.
///
/// # Errors
/// When it is none.
pub fn parse_ticket(text: &str) -> Result<(LinkToken, KeyPin), BadLink> {
    if text.len() != TICKET_LENGTH {
        return Err(BadLink::TicketLength(text.chars().count()));
    }
    let bytes = BASE32_NOPAD_NOCASE.decode(text.as_bytes()).map_err(|_| BadLink::Ticket)?;
    let (token, pin) = bytes.split_first_chunk::<16>().ok_or(BadLink::Ticket)?;
    let pin = pin.try_into().map_err(|_| BadLink::Ticket)?;
    Ok((LinkToken(*token), KeyPin(pin)))
}

fn parse_port(text: &str) -> Result<u16, BadLink> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(port) if digits && port != 0 => Ok(port),
        _ => Err(BadLink::Port(text.chars().take(16).collect())),
    }
}

fn split_port(authority: &str) -> Result<(&str, Option<&str>), BadLink> {
    let bad = |why| BadLink::Host { host: authority.chars().take(80).collect(), why };
    if authority.contains('@') {
        return Err(bad("a link has no user name"));
    }
    if !authority.starts_with('[') {
        return Ok(authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))));
    }
    let (host, after) = authority.split_once(']').ok_or_else(|| bad("the closing bracket is missing"))?;
    let host = host.strip_prefix('[').unwrap_or(host);
    match after.strip_prefix(':') {
        Some(port) => Ok((host, Some(port))),
        None if after.is_empty() => Ok((host, None)),
        None => Err(bad("something stands behind the closing bracket")),
    }
}
