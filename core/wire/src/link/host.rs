//! Host names and addresses in links.

use super::BadLink;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether the host is this computer itself: `localhost`, a name below it, `127.0.0.0/8` or `::1`.
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

/// The one way to write a host: lower case, addresses in their canonical form, no brackets.
pub(super) fn canonical(text: &str) -> Result<String, BadLink> {
    let bad = |why| BadLink::Host { host: text.chars().take(80).collect(), why };
    let bracketed = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    if bracketed.is_some() || text.contains(':') {
        let address = bracketed.unwrap_or(text).parse::<Ipv6Addr>();
        return address.map(|address| address.to_string()).map_err(|_| bad("it is not an IPv6 address"));
    }
    let name = text.to_ascii_lowercase();
    if name.is_empty() {
        return Err(bad("it is empty"));
    }
    if !name.is_ascii() {
        return Err(bad("an international name is written in its ASCII form (xn--...)"));
    }
    if name.len() > 253 || name.split('.').any(|label| label.is_empty() || label.len() > 63) {
        return Err(bad("a name has parts of 1 to 63 characters and 253 in all"));
    }
    let sound = |label: &str| {
        let inner = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        inner && !label.starts_with('-') && !label.ends_with('-')
    };
    if !name.split('.').all(sound) {
        return Err(bad("a name has letters, digits, dots and inner hyphens only"));
    }
    let last_is_number = name.rsplit('.').next().is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
    if last_is_number && name.parse::<Ipv4Addr>().is_err() {
        return Err(bad("it is not an IPv4 address"));
    }
    Ok(name)
}
