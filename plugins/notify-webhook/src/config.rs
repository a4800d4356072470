//! A channel's settings: `{"url": "https://...", "secret": "whsec_..."}`.

use crate::texts;
use data_encoding::BASE64;
use serde_json::{Map, Value};

/// Longest address, in bytes.
const MAX_URL: usize = 2000;
/// Bytes of a secret, as Standard Webhooks has it.
const SECRET: std::ops::RangeInclusive<usize> = 24..=64;

/// Settings that were checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to.
    pub url: String,
    /// What the receiver knows the sender by.
    pub secret: Secret,
}

/// The key of the signature, 24 to 64 bytes.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// Reads `whsec_` and base64.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let bytes = BASE64.decode(text.strip_prefix("whsec_")?.as_bytes()).ok()?;
        SECRET.contains(&bytes.len()).then_some(Self(bytes))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Config {
    /// Reads the settings.
    ///
    /// # Errors
    /// The first field that is wrong, by name.
    pub fn read(config: &str) -> Result<Self, &'static str> {
        let fields = object(config).ok_or("config")?;
        let text = |name: &'static str| fields.get(name).and_then(Value::as_str).ok_or(name);
        let url = text("url")?;
        if judge_url(url).is_err() {
            return Err("url");
        }
        let secret = Secret::read(text("secret")?).ok_or("secret")?;
        Ok(Self { url: url.to_owned(), secret })
    }
}

/// Field and sentence for each thing that is wrong, in `language`.
#[must_use]
pub fn check(config: &str, language: &str) -> Vec<(String, String)> {
    let t = texts::of(language);
    let problem = |field: &str, text: &str| (field.to_owned(), text.to_owned());
    let Some(fields) = object(config) else { return vec![problem("config", t.not_object)] };
    let unknown = fields.keys().filter(|name| !matches!(name.as_str(), "url" | "secret"));
    let mut problems: Vec<_> =
        unknown.map(|name| problem(&name.chars().take(40).collect::<String>(), t.unknown)).collect();
    match judge_url(fields.get("url").and_then(Value::as_str).unwrap_or_default()) {
        Ok(()) => {}
        Err(BadUrl::Plain) => problems.push(problem("url", t.url_plain)),
        Err(BadUrl::Shape) => problems.push(problem("url", t.url_shape)),
    }
    if fields.get("secret").and_then(Value::as_str).and_then(Secret::read).is_none() {
        problems.push(problem("secret", t.secret));
    }
    problems
}

fn object(config: &str) -> Option<Map<String, Value>> {
    match serde_json::from_str(config) {
        Ok(Value::Object(fields)) => Some(fields),
        _ => None,
    }
}

#[derive(Debug, PartialEq, Eq)]
enum BadUrl {
    /// Not encrypted, and not to this very computer.
    Plain,
    /// Not an absolute address.
    Shape,
}

/// What can be said of an address without knowing the network. Which hosts are allowed, and whether `http` to loopback is,
/// is the server's to say when it sends.
fn judge_url(url: &str) -> Result<(), BadUrl> {
    let plain = url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\' && byte != b'#');
    let (scheme, rest) = url.split_once("://").ok_or(BadUrl::Shape)?;
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(six) => six.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    if !plain || url.len() > MAX_URL || host.is_empty() || authority.contains('@') {
        return Err(BadUrl::Shape);
    }
    match scheme.to_ascii_lowercase().as_str() {
        "https" => Ok(()),
        "http" if matches!(host, "localhost" | "::1") || host.starts_with("127.") => Ok(()),
        "http" => Err(BadUrl::Plain),
        _ => Err(BadUrl::Shape),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET_TEXT: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn an_address_is_https_or_this_computer() {
        for good in [
            "https://example.org/hooks?x=1",
            "HTTPS://example.org",
            "https://example.org:8443/",
            "https://[2001:db8::1]/x",
            "http://localhost:8080/x",
            "http://127.0.0.1/",
            "http://[::1]:9/",
        ] {
            assert_eq!(judge_url(good), Ok(()), "{good}");
        }
        for plain in ["http://example.org/", "http://localhost.example.org/", "http://10.0.0.1/"] {
            assert_eq!(judge_url(plain), Err(BadUrl::Plain), "{plain}");
        }
        for bad in [
            "",
            "example.org",
            "https://",
            "https:///x",
            "ftp://example.org/",
            "https://user:pass@example.org/",
            "https://example.org\\@evil.net/",
            "https://example.org/#x",
            "https://example.org/ x",
            "https://example.org/\r\nHost: y",
            "https://exämple.org/",
        ] {
            assert_eq!(judge_url(bad), Err(BadUrl::Shape), "{bad}");
        }
    }

    #[test]
    fn a_secret_is_24_to_64_bytes_of_base64() {
        let of = |bytes: usize| format!("whsec_{}", BASE64.encode(&vec![7; bytes]));
        for (text, good) in [
            (SECRET_TEXT.to_owned(), true),
            (of(24), true),
            (of(64), true),
            (of(23), false),
            (of(65), false),
            (String::new(), false),
            ("whsec_".to_owned(), false),
            ("set".to_owned(), false),
            (SECRET_TEXT.replace("whsec_", ""), false),
            (format!("{SECRET_TEXT}*"), false),
        ] {
            assert_eq!(Secret::read(&text).is_some(), good, "{text}");
        }
        assert_eq!(format!("{:?}", Secret::read(SECRET_TEXT).unwrap()), "Secret");
    }

    #[test]
    fn what_is_wrong_is_said_field_by_field() {
        let check = |config: &str, expect: &[&str]| {
            let fields: Vec<String> = check(config, "en").into_iter().map(|(field, _)| field).collect();
            assert_eq!(fields, expect, "{config}");
            assert_eq!(Config::read(config).is_ok(), expect.is_empty(), "{config}");
        };
        check(&format!(r#"{{"url":"https://example.org/","secret":"{SECRET_TEXT}"}}"#), &[]);
        check("{}", &["url", "secret"]);
        check("[]", &["config"]);
        check("", &["config"]);
        check(r#"{"url":7,"secret":7}"#, &["url", "secret"]);
        check(&format!(r#"{{"url":"http://example.org/","secret":"{SECRET_TEXT}"}}"#), &["url"]);
        assert!(super::check(r#"{"x":1}"#, "fr")[0].1.contains("n’existe pas"));
    }
}
