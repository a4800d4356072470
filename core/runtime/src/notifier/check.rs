//! What a notifier hands out is looked at before any provider sees it: text that would become a second header, a second
//! recipient or another host is refused here, whatever a mail or web library would make of it.

use crate::provider::notify::{HttpRequest, MailMessage};
use hospes_licence::manifest::Hosts;

/// Longest text and longest HTML of a message, in bytes.
const MAX_TEXT: usize = 256 << 10;
/// Longest subject, in characters.
const MAX_SUBJECT: usize = 255;
/// Longest address (RFC 5321), in bytes.
const MAX_ADDRESS: usize = 254;
/// Longest URL, in bytes.
const MAX_URL: usize = 2048;
/// Most headers, and the longest value of one in bytes.
const MAX_HEADERS: (usize, usize) = (64, 4096);
/// Longest body of a request, in bytes.
const MAX_BODY: usize = 1 << 20;
/// What a request may do.
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
/// Headers that concern the connection itself; two readers that disagree on them are how requests are smuggled.
const CONNECTION: [&str; 11] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// A delivery's key.
pub(crate) fn check_key(key: &str) -> bool {
    (1..=160).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// Whether a message may carry `key` during the delivery `own`: that one, or that one with `.` and a name of its own.
fn key_of(own: &str, key: &str) -> bool {
    let Some(rest) = key.strip_prefix(own) else { return false };
    let name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    match rest.strip_prefix('.') {
        Some(part) => (1..=32).contains(&part.len()) && part.bytes().all(name),
        None => rest.is_empty(),
    }
}

/// Checks a message, its key and its recipient against the delivery's own.
pub(crate) fn check_mail(own: &str, recipient: Option<&str>, key: &str, message: &MailMessage) -> Result<(), String> {
    if !key_of(own, key) {
        return Err("the key is not the delivery's".into());
    }
    address(&message.to)?;
    if recipient != Some(message.to.as_str()) {
        return Err("the message is not to the delivery's recipient".into());
    }
    let subject = &message.subject;
    if subject.trim().is_empty() || subject.chars().count() > MAX_SUBJECT || subject.chars().any(breaks_a_line) {
        return Err(format!("the subject is not one line of 1 to {MAX_SUBJECT} characters"));
    }
    for (name, text) in [("text", Some(&message.text)), ("HTML", message.html.as_ref())] {
        let Some(text) = text else { continue };
        if text.len() > MAX_TEXT || text.contains('\0') {
            return Err(format!("the {name} has more than {MAX_TEXT} bytes, or a zero among them"));
        }
    }
    Ok(())
}

fn breaks_a_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// One address and nothing else: no list, no display name, no comment, no second line.
fn address(to: &str) -> Result<(), String> {
    let odd = |c: char| c.is_whitespace() || breaks_a_line(c) || "<>()[]\\,;:\"".contains(c);
    let (name, domain) = to.rsplit_once('@').unwrap_or_default();
    let sound = !name.is_empty()
        && !name.contains('@')
        && !domain.is_empty()
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && to.len() <= MAX_ADDRESS
        && !to.chars().any(odd);
    if sound { Ok(()) } else { Err("the recipient is not one address such as name@example.org".into()) }
}

/// Checks a request against the manifest's hosts and puts its URL and header names into their normal form: what was
/// looked at here is, byte for byte, what is sent.
pub(crate) fn check_request(mut request: HttpRequest, hosts: Option<&Hosts>) -> Result<HttpRequest, RefusedRequest> {
    let invalid = |why: String| Err(RefusedRequest::Invalid(why));
    if !METHODS.contains(&request.method.as_str()) {
        return invalid(format!("the method is not one of {}", METHODS.join(", ")));
    }
    if request.body.len() > MAX_BODY {
        return invalid(format!("the body has more than {MAX_BODY} bytes"));
    }
    let (most, longest) = MAX_HEADERS;
    if request.headers.len() > most {
        return invalid(format!("there are more than {most} headers"));
    }
    for (name, value) in &mut request.headers {
        name.make_ascii_lowercase();
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || name.len() > 64 || !name.bytes().all(token) {
            return invalid("a header's name is not 1 to 64 letters, digits and hyphens".into());
        }
        if CONNECTION.contains(&name.as_str()) {
            return invalid(format!("the header {name} is the server's to set"));
        }
        if value.len() > longest || !value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
            return invalid(format!(
                "the header {name} is not one line of at most {longest} printable ASCII characters"
            ));
        }
    }
    // The parser drops line ends and tabs silently; a URL that has any was not meant to be one.
    if request.url.len() > MAX_URL || request.url.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return invalid(format!("the URL has more than {MAX_URL} bytes, or spaces or control characters"));
    }
    let mut url = match url::Url::parse(&request.url) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => url,
        Ok(_) => return invalid("the URL begins neither with https:// nor with http://".into()),
        Err(error) => return invalid(format!("the URL cannot be read: {error}")),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return invalid("the URL has a user name or password in it; use a header".into());
    }
    let Some(host) = url.host_str() else { return invalid("the URL names no host".into()) };
    let port = url.port_or_known_default().unwrap_or_default();
    if !hosts.is_some_and(|hosts| hosts.allow(host, port, url.scheme() == "https")) {
        return Err(RefusedRequest::Host(format!(
            "{}://{host}:{port} is not a host that the manifest names",
            url.scheme()
        )));
    }
    url.set_fragment(None);
    request.url = url.into();
    Ok(request)
}

/// Why a request is not sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RefusedRequest {
    /// It is malformed.
    Invalid(String),
    /// The manifest does not name this host.
    Host(String),
}

#[cfg(test)]
mod tests {
    use super::*;
    use hospes_licence::manifest::OperatorsList;

    #[test]
    fn r19_a_message_has_one_recipient_one_subject_and_its_deliverys_key() {
        let good = MailMessage {
            to: "ana@example.org".into(),
            subject: "Hello, Ana".into(),
            text: "Two\r\nlines".into(),
            html: Some("<p>Two".into()),
        };
        let check = |key: &str, change: &dyn Fn(&mut MailMessage), expect: Option<&str>| {
            let mut message = good.clone();
            change(&mut message);
            match (check_mail("k-1", Some(message.to.as_str()), key, &message), expect) {
                (Ok(()), None) => {}
                (Err(why), Some(expect)) => assert!(why.contains(expect), "{why}"),
                (other, _) => panic!("{key} {message:?}: {other:?}"),
            }
        };
        let to = |address: &'static str| move |message: &mut MailMessage| message.to = address.into();
        check("k-1", &|_| {}, None);
        check("k-1.customer", &|_| {}, None);
        for key in
            ["", "k-2", "k-1.", "k-1x", "k-1.a b", "k-1.a\r\nBcc: x", "k-1.A", &format!("k-1.{}", "a".repeat(33))]
        {
            check(key, &|_| {}, Some("key"));
        }
        for address in ["a@b", "ana+x@example.org", "ána@exämple.org", "o'neil@example.org"] {
            check("k-1", &to(address), None);
        }
        for address in [
            "",
            "ana",
            "@example.org",
            "ana@",
            "ana@.org",
            "ana@example.org.",
            "a@b@c",
            "ana@example.org, bob@example.org",
            "ana@example.org\r\nBcc: bob@example.org",
            "Ana <ana@example.org>",
            "ana(x)@example.org",
            "\"a b\"@example.org",
            "ana@[127.0.0.1]",
            "ana@example.org\0",
            "ana@example.org\u{2028}",
        ] {
            check("k-1", &to(address), Some("one address"));
        }
        check("k-1", &|m| m.to = format!("{}@example.org", "a".repeat(250)), Some("one address"));
        for subject in ["", "  ", "Hi\r\nBcc: bob@example.org", "Hi\nX: y", "Hi\u{0}", "Hi\u{85}x", "Hi\u{2028}x"] {
            check("k-1", &|m| m.subject = subject.into(), Some("subject"));
        }
        check("k-1", &|m| m.subject = "é".repeat(255), None);
        check("k-1", &|m| m.subject = "é".repeat(256), Some("subject"));
        check("k-1", &|m| m.text = "x".repeat(MAX_TEXT + 1), Some("the text"));
        check("k-1", &|m| m.html = Some("x\0".into()), Some("the HTML"));
        check("k-1", &|m| m.html = None, None);
        for other in [None, Some("bob@example.org"), Some("ANA@example.org"), Some("ana@example.org "), Some("")] {
            assert!(check_mail("k-1", other, "k-1", &good).is_err(), "{other:?}");
        }
    }

    #[test]
    fn a_request_goes_where_the_manifest_says_and_carries_no_second_header() {
        let named = Hosts::Named(["api.example.org".into(), "*.example.net".into()].into());
        let operator = Hosts::Operator(OperatorsList::Operator);
        let good = HttpRequest {
            method: "POST".into(),
            url: "https://api.example.org/hook?x=1#part".into(),
            headers: vec![("Content-Type".into(), "application/json".into())],
            body: b"{}".to_vec(),
        };
        let sent = check_request(good.clone(), Some(&named)).unwrap();
        assert_eq!(
            (sent.url.as_str(), sent.headers[0].0.as_str()),
            ("https://api.example.org/hook?x=1", "content-type")
        );

        let url = |hosts: Option<&Hosts>, url: &str| {
            check_request(HttpRequest { url: url.into(), ..good.clone() }, hosts).map(|request| request.url)
        };
        for allowed in ["https://API.example.org/", "https://a.example.net/", "https://a.b.example.net:443/x"] {
            assert!(url(Some(&named), allowed).is_ok(), "{allowed}");
            assert!(matches!(url(None, allowed), Err(RefusedRequest::Host(_))), "{allowed} without [network]");
        }
        for foreign in [
            "http://api.example.org/",
            "https://api.example.org:8443/",
            "https://example.net/",
            "https://evilexample.net/",
            "https://api.example.org.evil.net/",
            "https://evil.net/api.example.org",
            "https://api.example.org./",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://2130706433/",
        ] {
            assert!(matches!(url(Some(&named), foreign), Err(RefusedRequest::Host(_))), "{foreign}");
        }
        // What only the operator can judge passes as written, in normal form.
        assert_eq!(url(Some(&operator), "http://0x7f.1:8080/a/../b").unwrap(), "http://127.0.0.1:8080/b");
        for bad in [
            "",
            "api.example.org",
            "/hook",
            "ftp://api.example.org/",
            "file:///etc/passwd",
            "https://",
            "https://user@api.example.org/",
            "https://user:pass@api.example.org/",
            "https://api.example.org\\@evil.net/\r\nHost: x",
            "https://api.example.org/a b",
            "https://api.exa\tmple.org/",
            "https://api.example.org:99999/",
        ] {
            assert!(matches!(url(Some(&operator), bad), Err(RefusedRequest::Invalid(_))), "{bad:?}");
        }

        let header = |name: &str, value: &str| {
            let headers = vec![(name.to_owned(), value.to_owned())];
            check_request(HttpRequest { headers, ..good.clone() }, Some(&named)).is_ok()
        };
        assert!(header("X-Thing", "a b;c=\"d\""));
        for (name, value) in [
            ("", "x"),
            ("X Y", "x"),
            ("X:", "x"),
            ("X\r\nY", "x"),
            ("X", "a\r\nHost: evil.net"),
            ("X", "a\nb"),
            ("X", "caf\u{e9}"),
            ("Host", "evil.net"),
            ("Content-Length", "1"),
            ("transfer-encoding", "chunked"),
            ("Connection", "x-signature"),
        ] {
            assert!(!header(name, value), "{name}: {value}");
        }
        for method in ["get", "CONNECT", "TRACE", "POST / HTTP/1.1\r\nX: y", ""] {
            assert!(
                check_request(HttpRequest { method: method.into(), ..good.clone() }, Some(&named)).is_err(),
                "{method}"
            );
        }
        let big = HttpRequest { body: vec![0; MAX_BODY + 1], ..good.clone() };
        assert!(check_request(big, Some(&named)).is_err());
        let many = HttpRequest { headers: vec![("x".into(), "y".into()); 65], ..good };
        assert!(check_request(many, Some(&named)).is_err());
    }
}
