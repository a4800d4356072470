//! Which addresses of the network a web request may reach. A company names a host, and that host's name server names an
//! address: neither must open the operator's own network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why an address is not reached, in a word or two; none when it may be. With `private` the operator's own network may be
/// reached, but still nothing that is no single computer.
pub(super) fn forbidden(address: IpAddr, private: bool) -> Option<&'static str> {
    let kind = kind(address)?;
    (!private || matches!(kind, "unspecified" | "multicast" | "broadcast")).then_some(kind)
}

/// What an address is when it is not a public one.
fn kind(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => kind_v4(address),
        IpAddr::V6(address) => kind_v6(address),
    }
}

fn kind_v4(address: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, d] = address.octets();
    match (a, b, c, d) {
        (0, 0, 0, 0) => Some("unspecified"),
        (0, ..) => Some("reserved"),
        (127, ..) => Some("loopback"),
        (10, ..) | (192, 168, ..) | (172, 16..=31, ..) => Some("private"),
        (100, 64..=127, ..) => Some("shared by a provider"),
        (169, 254, ..) => Some("link-local"),
        (192, 0, 0, _) | (192, 88, 99, _) => Some("reserved"),
        (192, 0, 2, _) | (198, 51, 100, _) | (203, 0, 113, _) => Some("for documentation"),
        (198, 18..=19, ..) => Some("for benchmarks"),
        (224..=239, ..) => Some("multicast"),
        (255, 255, 255, 255) => Some("broadcast"),
        (240..=255, ..) => Some("reserved"),
        _ => None,
    }
}

/// Public are those that were given out (2000::/3), without the special ones among them. An address that stands for one
/// of the old kind is judged as that.
fn kind_v6(address: Ipv6Addr) -> Option<&'static str> {
    let [a, b, .., g, h] = address.segments();
    let last = Ipv4Addr::from((u32::from(g) << 16) | u32::from(h));
    if address.is_unspecified() {
        return Some("unspecified");
    }
    if address.is_loopback() {
        return Some("loopback");
    }
    if let Some(old) = address.to_ipv4_mapped() {
        return kind_v4(old);
    }
    match (a, b) {
        (0x64, 0xff9b) => kind_v4(last).or_else(|| (address.segments()[2..6] != [0; 4]).then_some("reserved")),
        (0x2002, _) => {
            let [_, high, low, ..] = address.segments();
            kind_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)))
        }
        (0x2001, 0x0000..=0x01ff) | (0x3fff, 0x0000..=0x0fff) => Some("reserved"),
        (0x2001, 0x0db8) => Some("for documentation"),
        (0x2000..=0x3fff, _) => None,
        (0xfc00..=0xfdff, _) => Some("private"),
        (0xfe80..=0xfebf, _) => Some("link-local"),
        (0xfec0..=0xfeff, _) => Some("private"),
        (0xff00..=0xffff, _) => Some("multicast"),
        _ => Some("reserved"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_reached() {
        for (address, expect) in [
            ("93.184.215.14", None),
            ("1.1.1.1", None),
            ("172.15.255.255", None),
            ("172.32.0.1", None),
            ("100.63.255.255", None),
            ("100.128.0.1", None),
            ("198.17.255.255", None),
            ("2606:4700::1111", None),
            ("2a01:4f8::1", None),
            ("::ffff:1.1.1.1", None),
            ("64:ff9b::101:101", None),
            ("2002:101:101::1", None),
            ("0.0.0.0", Some("unspecified")),
            ("0.1.2.3", Some("reserved")),
            ("127.0.0.1", Some("loopback")),
            ("127.255.255.254", Some("loopback")),
            ("10.0.0.1", Some("private")),
            ("172.16.0.1", Some("private")),
            ("172.31.255.255", Some("private")),
            ("192.168.1.1", Some("private")),
            ("100.64.0.1", Some("shared by a provider")),
            ("169.254.169.254", Some("link-local")),
            ("198.18.0.1", Some("for benchmarks")),
            ("192.0.2.1", Some("for documentation")),
            ("224.0.0.1", Some("multicast")),
            ("255.255.255.255", Some("broadcast")),
            ("240.0.0.1", Some("reserved")),
            ("::", Some("unspecified")),
            ("::1", Some("loopback")),
            ("::7f00:1", Some("reserved")),
            ("::ffff:127.0.0.1", Some("loopback")),
            ("::ffff:10.0.0.1", Some("private")),
            ("::ffff:169.254.169.254", Some("link-local")),
            ("64:ff9b::7f00:1", Some("loopback")),
            ("64:ff9b::a00:1", Some("private")),
            ("64:ff9b:1::1.1.1.1", Some("reserved")),
            ("2002:7f00:1::1", Some("loopback")),
            ("2002:a00:1::1", Some("private")),
            ("2001::1", Some("reserved")),
            ("2001:db8::1", Some("for documentation")),
            ("fc00::1", Some("private")),
            ("fd12:3456::1", Some("private")),
            ("fe80::1", Some("link-local")),
            ("fec0::1", Some("private")),
            ("ff02::1", Some("multicast")),
            ("4000::1", Some("reserved")),
        ] {
            let parsed: IpAddr = address.parse().unwrap();
            assert_eq!(forbidden(parsed, false), expect, "{address}");
            let still = expect.filter(|kind| ["unspecified", "multicast", "broadcast"].contains(kind));
            assert_eq!(forbidden(parsed, true), still, "{address} with the operator's own network");
        }
    }
}
