//! Deployment links (R2) as people, mail programs, browsers and file systems hand them on.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use hospes_wire::link::{DeploymentLink, KeyPin, LinkToken, TICKET_LENGTH, is_loopback, parse_ticket};
use proptest::prelude::*;

fn sample(secure: bool, host: &str, port: u16) -> DeploymentLink {
    DeploymentLink::new(secure, host, port, LinkToken([0x5a; 16]), KeyPin([0xc3; 32])).unwrap()
}

#[test]
fn r2_the_link_carries_address_token_and_pin() {
    let check = |link: DeploymentLink, origin: &str, file: &str| {
        let ticket = link.ticket();
        assert_eq!(ticket.len(), TICKET_LENGTH);
        assert_eq!(link.to_string(), format!("{origin}/s/{ticket}"));
        assert_eq!(link.file_name(), format!("hospes-agent--{file}--{ticket}"));
        assert_eq!(link.to_string().parse(), Ok(link.clone()), "{link}");
        let from_file = DeploymentLink { secure: !is_loopback(&link.host), ..link.clone() };
        assert_eq!(link.file_name().parse(), Ok(from_file), "{link}");
    };
    check(sample(true, "help.example.com", 443), "https://help.example.com", "help.example.com--443");
    check(sample(true, "Help.Example.com", 8443), "https://help.example.com:8443", "help.example.com--8443");
    check(sample(false, "127.0.0.1", 8443), "http://127.0.0.1:8443", "127.0.0.1--8443");
    check(sample(false, "localhost", 80), "http://localhost", "localhost--80");
    check(sample(false, "::1", 80), "http://[::1]", "__1--80");
    check(sample(true, "[2001:DB8::7]", 8443), "https://[2001:db8::7]:8443", "2001_db8__7--8443");
    check(sample(true, "xn--bcher-kva.example", 443), "https://xn--bcher-kva.example", "xn--bcher-kva.example--443");
    check(sample(true, "a--1--b.example", 443), "https://a--1--b.example", "a--1--b.example--443");
}

#[test]
fn r2_a_renamed_download_still_works() {
    let link = sample(true, "xn--bcher-kva.example", 8443);
    let name = link.file_name();
    let check = |text: String| assert_eq!(text.parse(), Ok(link.clone()), "{text}");
    check(format!("{name}.exe"));
    check(format!("{name} (1)"));
    check(format!("{name} (1).exe"));
    check(format!("{name}(12).exe"));
    check(format!("{name} - Copy.exe"));
    check(format!("{name}--1.exe"));
    check(format!("Copy of {name}"));
    check(format!("/home/ana/T\u{e9}l\u{e9}chargements/{name}"));
    check(format!(r"C:\Users\Ana\Downloads\{name} (2).exe"));
    check(format!("./hospes-agent--old--1--x/{name}"));
    check(name.to_ascii_uppercase());
    assert_eq!(format!("/bin/{name}.tmp").parse(), Ok(link));
}

#[test]
fn r2_a_link_survives_mail_programs() {
    let link = sample(true, "help.example.com", 8443);
    let check = |text: String| assert_eq!(text.parse(), Ok(link.clone()), "{text}");
    check(format!("  {link}\n"));
    check(format!("<{link}>"));
    check(format!("{link}/"));
    check(format!("{link}?utm_source=mail&x=/s/"));
    check(format!("{link}#top"));
    check(link.to_string().to_ascii_uppercase());
}

#[test]
fn bad_links_are_refused_with_what_to_do() {
    let good = sample(true, "help.example.com", 443).ticket();
    let check = |text: &str, expect: &str| {
        let text = text.replace("TICKET", &good);
        match text.parse::<DeploymentLink>() {
            Ok(link) => panic!("{text} was read as {link:?}"),
            Err(error) => assert!(error.to_string().contains(expect), "{text}: {error}"),
        }
    };
    check("", "this is not a deployment link");
    check("help.example.com/s/TICKET", "starts with https://");
    check("ftp://help.example.com/s/TICKET", "starts with https://");
    check("https://help.example.com", "the link's path must be /s/");
    check("https://help.example.com/", "the link's path must be /s/");
    check("https://help.example.com/x/TICKET", "the link's path must be /s/");
    check("https://help.example.com/s/", "0 characters instead of 77");
    check("https://help.example.com/s/TICKETx", "78 characters instead of 77");
    check("https://help.example.com/s/TICKET/y", "79 characters instead of 77");
    check(&format!("https://help.example.com/s/{}", &good[1..]), "76 characters instead of 77");
    check(&format!("https://help.example.com/s/1{}", &good[1..]), "a to z and the digits 2 to 7");
    check(&format!("https://help.example.com/s/\u{e9}{}", &good[2..]), "a to z and the digits 2 to 7");
    check(&format!("https://help.example.com/s/{}b", &good[..76]), "a to z and the digits 2 to 7");
    check("http://help.example.com/s/TICKET", "only https:// is accepted, except for this computer");
    check("http://127.0.0.1.example.com/s/TICKET", "only https://");
    check("https:///s/TICKET", "it is empty");
    check("https://user@help.example.com/s/TICKET", "no user name");
    check("https://help_me.example.com/s/TICKET", "letters, digits, dots and inner hyphens");
    check("https://-a.example.com/s/TICKET", "letters, digits, dots and inner hyphens");
    check("https://a..b/s/TICKET", "parts of 1 to 63 characters");
    check("https://b\u{fc}cher.example/s/TICKET", "xn--");
    check("https://1.2.3/s/TICKET", "not an IPv4 address");
    check("https://999.1.1.1/s/TICKET", "not an IPv4 address");
    check("https://[::1/s/TICKET", "the closing bracket is missing");
    check("https://[::1]x/s/TICKET", "behind the closing bracket");
    check("https://[::g]/s/TICKET", "not an IPv6 address");
    check("https://help.example.com:/s/TICKET", "port \"\"");
    check("https://help.example.com:0/s/TICKET", "port \"0\"");
    check("https://help.example.com:65536/s/TICKET", "port \"65536\"");
    check("https://help.example.com:+443/s/TICKET", "port \"+443\"");
    check("https://help.example.com:443:443/s/TICKET", "port \"443:443\"");
    check("hospes-agent--help.example.com--443--", "0 characters instead of 77");
    check("hospes-agent--help.example.com--443--TICKETabc.exe", "80 characters instead of 77");
    check("hospes-agent--help.example.com--70000--TICKET", "port \"70000\"");
    check("hospes-agent--help.example.com.exe", "the file name carries no deployment link");
    check("hospes-agent----443--TICKET", "it is empty");
    check("hospes-agent--a_b--443--TICKET", "not an IPv6 address");
}

#[test]
fn only_this_computer_is_loopback() {
    let check = |host: &str, expect| assert_eq!(is_loopback(host), expect, "{host}");
    check("localhost", true);
    check("LOCALHOST", true);
    check("demo.localhost", true);
    check("127.8.9.1", true);
    check("::1", true);
    check("[::1]", true);
    check("localhost.example.com", false);
    check("notlocalhost", false);
    check("128.0.0.1", false);
    check("::2", false);
}

#[test]
fn a_link_keeps_its_token_out_of_logs() {
    let link = sample(true, "help.example.com", 443);
    let printed = format!("{link:?}");
    assert!(printed.contains("LinkToken(..)") && !printed.contains(&link.ticket()), "{printed}");
    assert!(!printed.contains("90, 90"), "{printed}");
}

fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<[u8; 4]>().prop_map(|bytes| std::net::Ipv4Addr::from(bytes).to_string()),
        any::<[u8; 16]>().prop_map(|bytes| std::net::Ipv6Addr::from(bytes).to_string()),
        "[a-z][a-z0-9-]{0,10}[a-z0-9](\\.[a-z][a-z0-9]{0,8}){0,3}",
    ]
}

proptest! {
    #[test]
    fn any_link_survives_url_and_file_name(host in host(), port in 1_u16.., token in any::<[u8; 16]>(), pin in any::<[u8; 32]>()) {
        let link = DeploymentLink::new(true, &host, port, LinkToken(token), KeyPin(pin)).unwrap();
        prop_assert_eq!(link.to_string().parse(), Ok(link.clone()));
        let named = DeploymentLink { secure: !is_loopback(&link.host), ..link.clone() };
        prop_assert_eq!(format!("{} (3).exe", link.file_name()).parse(), Ok(named));
        prop_assert_eq!(parse_ticket(&link.ticket().to_ascii_uppercase()), Ok((link.token, link.pin)));
    }

    #[test]
    fn any_text_is_a_link_or_an_error(text in "\\PC{0,120}", tail in "[a-z2-7]{70,80}") {
        let _either = text.parse::<DeploymentLink>();
        let _either = format!("https://{text}/s/{tail}").parse::<DeploymentLink>();
        let _either = format!("hospes-agent--{text}--443--{tail}").parse::<DeploymentLink>();
    }
}
