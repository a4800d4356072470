//! What a manifest must satisfy beyond its shape. Each text names the key and what was expected.

use super::{Hosts, Kind, MAX_MEMORY, Manifest};
use crate::interface::{Consent, consent_of};

/// Smallest linear memory that makes sense: one page of WebAssembly.
const MIN_MEMORY: u64 = 64 << 10;

/// The languages of console, customer page and host.
const LANGUAGES: [&str; 3] = ["en", "fr", "es"];

pub(super) fn manifest(manifest: &Manifest) -> Result<(), String> {
    id("id", &manifest.id)?;
    id("publisher", &manifest.publisher)?;
    semver::Version::parse(&manifest.version).map_err(|error| {
        expected("version", &manifest.version, &format!("a semantic version such as 0.1.0 ({error})"))
    })?;
    min_host(&manifest.min_host)?;
    titles(manifest)?;
    tiers(manifest)?;
    network(manifest)?;
    if let Some(memory) = &manifest.limits.memory {
        let bytes = size(memory).map_err(|wanted| expected("limits.memory", memory, wanted))?;
        if !(MIN_MEMORY..=MAX_MEMORY).contains(&bytes) {
            return Err(expected("limits.memory", memory, "64 KiB to 512 MiB"));
        }
    }
    manifest.ui.as_ref().map_or(Ok(()), |ui| path("ui.entry", &ui.entry))
}

/// A path inside the plugin's files.
pub(crate) fn path(key: &str, path: &str) -> Result<(), String> {
    let parts = || path.split('/');
    let sound = (1..=200).contains(&path.len())
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\' && byte != b':')
        && parts().all(|part| !part.is_empty() && part != "." && part != "..");
    let wanted = "a relative path of ASCII characters such as ui/index.html, without . and ..";
    if sound { Ok(()) } else { Err(expected(key, path, wanted)) }
}

/// `64 MiB` in bytes.
pub(super) fn size(text: &str) -> Result<u64, &'static str> {
    const WANTED: &str = "a whole number and KiB, MiB or GiB, such as 64 MiB";
    let (number, unit) = text.split_once(' ').ok_or(WANTED)?;
    let shift = match unit {
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        _ => return Err(WANTED),
    };
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let number = number.parse::<u64>().ok().filter(|_| digits).ok_or(WANTED)?;
    number.checked_mul(1 << shift).ok_or(WANTED)
}

/// A TOML error with its line and what stands there.
pub(super) fn located(text: &str, error: &toml::de::Error) -> String {
    let message = error.message().replace('\n', "; ");
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else { return message };
    let number = before.matches('\n').count();
    let line: String = text.lines().nth(number).unwrap_or_default().trim().chars().take(80).collect();
    if line.is_empty() {
        format!("line {}: {message}", number + 1)
    } else {
        format!("line {} ({line}): {message}", number + 1)
    }
}

fn expected(key: &str, found: &str, wanted: &str) -> String {
    let found: String = found.chars().take(80).collect();
    format!("{key} is {found:?}, expected {wanted}")
}

fn id(key: &str, text: &str) -> Result<(), String> {
    let letters = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let hyphens = !text.contains("--") && !text.ends_with('-');
    let starts = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    let wanted = "1 to 64 lower-case letters, digits and single hyphens, starting with a letter";
    if letters && hyphens && starts && text.len() <= 64 { Ok(()) } else { Err(expected(key, text, wanted)) }
}

fn min_host(text: &str) -> Result<(), String> {
    let number = |part: &str| part.len() <= 5 && !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once('.') {
        Some((major, minor)) if number(major) && number(minor) => Ok(()),
        _ => Err(expected("min-host", text, "major.minor, such as 0.1")),
    }
}

fn titles(manifest: &Manifest) -> Result<(), String> {
    if !manifest.title.contains_key("en") {
        return Err("title.en is missing: a title in English is required".to_owned());
    }
    for (language, title) in &manifest.title {
        if !LANGUAGES.contains(&language.as_str()) {
            return Err(format!("title.{language} is unknown, expected one of {}", LANGUAGES.join(", ")));
        }
        let length = title.chars().count();
        if title.trim().is_empty() || length > 60 || title.chars().any(char::is_control) {
            return Err(expected(&format!("title.{language}"), title, "1 to 60 characters on one line"));
        }
    }
    Ok(())
}

fn tiers(manifest: &Manifest) -> Result<(), String> {
    if manifest.tiers.is_empty() {
        return Err("tiers is empty: at least one feature of the plan must unlock the plugin".to_owned());
    }
    for (feature, interfaces) in &manifest.tiers {
        id("tiers", feature)?;
        for name in interfaces {
            let key = format!("tiers.{feature}");
            match (consent_of(name), manifest.kind) {
                (None, _) => return Err(expected(&key, name, "an interface of wit/, as package:name/interface")),
                (Some(Consent::Inert), _) => {
                    return Err(format!("{key} names {name}, which every plugin has: leave it out"));
                }
                (Some(Consent::Operator), Kind::Capability) => {
                    return Err(format!("{key} names {name}, which only a notifier can have"));
                }
                (Some(Consent::Customer(_)), Kind::Notifier) => {
                    return Err(format!("{key} names {name}, which only a capability can have"));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// Most names in `network.hosts`.
const MAX_HOSTS: usize = 32;

fn network(manifest: &Manifest) -> Result<(), String> {
    let hosts = match (&manifest.network, manifest.interfaces().contains("hospes:notify/http")) {
        (None, false) => return Ok(()),
        (None, true) => {
            return Err(
                "network.hosts is missing: say where the web requests go, as a list of names or as \"operator\" \
                        for the hosts that the operator allows"
                    .to_owned(),
            );
        }
        (Some(_), false) => {
            return Err("network is stated, but no tier has hospes:notify/http: leave it out".to_owned());
        }
        (Some(network), true) => &network.hosts,
    };
    let Hosts::Named(names) = hosts else { return Ok(()) };
    if names.is_empty() || names.len() > MAX_HOSTS {
        return Err(format!("network.hosts has {} names, expected 1 to {MAX_HOSTS}", names.len()));
    }
    for name in names {
        if !host(name.strip_prefix("*.").unwrap_or(name)) {
            let wanted =
                "a host's name in lower case such as api.example.org or *.example.org, without port or address";
            return Err(expected("network.hosts", name, wanted));
        }
    }
    Ok(())
}

/// A name of at least two labels, the last one not a number: no address, no name that only a local network knows.
fn host(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    name.len() <= 253
        && name.contains('.')
        && name.split('.').all(label)
        && !last.bytes().all(|byte| byte.is_ascii_digit())
}
