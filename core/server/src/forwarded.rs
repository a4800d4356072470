//! Whose request it is when a reverse proxy stands in front: rate limits and the audit log are about the customer, not
//! about the proxy. Pure.
//!
//! What a header says is believed as far as the proxies that the operator named have written it: each appends who
//! asked it, so the list is read from its end, and the first address that is not one of theirs is the caller. What
//! stands before it anybody may have written.

use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// An address, or a network as `ADDRESS/BITS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// The header by which the proxies say who asked. One, because a proxy that writes one lets the other through as the
/// caller sent it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`, which most write.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("{text:?} is no address or network such as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32");
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address = address.parse::<IpAddr>().map_err(|_| bad())?.to_canonical();
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), str::parse::<u8>).ok().filter(|bits| *bits <= most).ok_or_else(bad)?;
        Ok(Self { address, bits })
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

impl Network {
    fn holds(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                (own.to_bits() ^ other.to_bits()).checked_shr(32 - u32::from(self.bits)).unwrap_or(0) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                (own.to_bits() ^ other.to_bits()).checked_shr(128 - u32::from(self.bits)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

/// Who asks, of a connection from `peer`.
pub(crate) fn caller(
    peer: SocketAddr,
    headers: &HeaderMap,
    trusted: &[Network],
    header: ForwardedHeader,
) -> SocketAddr {
    let believed = |address: IpAddr| trusted.iter().any(|network| network.holds(address));
    if !believed(peer.ip()) {
        return peer;
    }
    let name = match header {
        ForwardedHeader::XForwardedFor => "x-forwarded-for",
        ForwardedHeader::Forwarded => "forwarded",
    };
    // Hop by hop: what the caller wrote in front, of whatever bytes, must not hide what the proxy appended.
    let lines = headers.get_all(name);
    let hops: Vec<&[u8]> = lines.iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b',')).collect();
    let mut caller = peer;
    for hop in hops.into_iter().rev() {
        let said = std::str::from_utf8(hop).ok().and_then(|hop| match header {
            ForwardedHeader::XForwardedFor => Some(hop.trim()),
            ForwardedHeader::Forwarded => of(hop),
        });
        // Unreadable, or hidden on purpose: the proxy that wrote it is the nearest that is known.
        let Some(address) = said.and_then(address) else { return caller };
        caller = SocketAddr::new(address, peer.port());
        if !believed(address) {
            return caller;
        }
    }
    caller
}

/// The value of `for` in one element of `Forwarded`.
fn of(element: &str) -> Option<&str> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then(|| value.trim().trim_matches('"'))
    })
}

/// An address with or without port and brackets.
fn address(text: &str) -> Option<IpAddr> {
    let address = text.parse::<SocketAddr>().map(|with_port| with_port.ip());
    let address = address.or_else(|_| text.trim_start_matches('[').trim_end_matches(']').parse());
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_named_proxies_wrote_is_believed() {
        let trusted: Vec<Network> =
            ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"].iter().map(|text| text.parse().unwrap()).collect();
        let check = |peer: &str, header: ForwardedHeader, lines: &[&str], expect: &str| {
            let mut headers = HeaderMap::new();
            for line in lines {
                let (name, value) = line.split_once(": ").unwrap();
                let value = axum::http::HeaderValue::from_bytes(value.as_bytes()).unwrap();
                headers.append(name.parse::<axum::http::HeaderName>().unwrap(), value);
            }
            let peer = SocketAddr::new(peer.parse().unwrap(), 5);
            let found = caller(peer, &headers, &trusted, header).ip().to_string();
            assert_eq!(found, expect, "{peer} {lines:?}");
        };
        use ForwardedHeader::{Forwarded, XForwardedFor};
        let x = |peer, lines: &[&str], expect| check(peer, XForwardedFor, lines, expect);
        x("203.0.113.9", &["x-forwarded-for: 1.1.1.1"], "203.0.113.9");
        x("10.1.2.3", &[], "10.1.2.3");
        x("10.1.2.3", &["x-forwarded-for: 1.1.1.1"], "1.1.1.1");
        x("192.0.2.7", &["x-forwarded-for: 1.1.1.1"], "1.1.1.1");
        x("192.0.2.8", &["x-forwarded-for: 1.1.1.1"], "192.0.2.8");
        // What the caller wrote himself stands first.
        x("10.1.2.3", &["x-forwarded-for: 6.6.6.6, 1.1.1.1"], "1.1.1.1");
        x("10.1.2.3", &["x-forwarded-for: 6.6.6.6", "x-forwarded-for: 1.1.1.1, 10.9.9.9"], "1.1.1.1");
        x("10.1.2.3", &["x-forwarded-for: 10.9.9.8, 10.9.9.9"], "10.9.9.8");
        x("10.1.2.3", &["x-forwarded-for: 1.1.1.1, garbage, 10.9.9.9"], "10.9.9.9");
        // Bytes that are no ASCII spoil their own hop only.
        x("10.1.2.3", &["x-forwarded-for: \u{e9}, 1.1.1.1"], "1.1.1.1");
        x("10.1.2.3", &["x-forwarded-for: 1.1.1.1, \u{e9}"], "10.1.2.3");
        x("10.1.2.3", &["x-forwarded-for: "], "10.1.2.3");
        x("10.1.2.3", &["x-forwarded-for: [2001:db9::1]:443"], "2001:db9::1");
        x("::ffff:10.1.2.3", &["x-forwarded-for: 1.1.1.1:99"], "1.1.1.1");
        x("2001:db8::5", &["x-forwarded-for: 2001:db9::1"], "2001:db9::1");
        // The header that was not chosen says nothing.
        x("10.1.2.3", &["forwarded: for=1.1.1.1"], "10.1.2.3");
        let f = |lines: &[&str], expect| check("10.1.2.3", Forwarded, lines, expect);
        f(&["forwarded: for=1.1.1.1;proto=https;by=10.1.2.3"], "1.1.1.1");
        f(&["forwarded: For=\"[2001:db9::1]:4711\", proto=http;for=10.9.9.9"], "2001:db9::1");
        f(&["forwarded: for=1.1.1.1, for=unknown"], "10.1.2.3");
        f(&["forwarded: for=_hidden"], "10.1.2.3");
        f(&["x-forwarded-for: 1.1.1.1"], "10.1.2.3");
    }

    #[test]
    fn networks_are_read_strictly() {
        for bad in ["", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0/8", "::/129", "a.example", "10.0.0.0/"] {
            assert!(bad.parse::<Network>().is_err(), "{bad:?}");
        }
        let every: Network = "0.0.0.0/0".parse().unwrap();
        assert!(every.holds("203.0.113.9".parse().unwrap()) && !every.holds("::1".parse().unwrap()));
        let one: Network = "192.0.2.7".parse().unwrap();
        assert!(one.holds("192.0.2.7".parse().unwrap()) && !one.holds("192.0.2.6".parse().unwrap()));
        assert_eq!(one.to_string(), "192.0.2.7/32");
    }
}
