//! The settings that would be used, for `hospes serve --print-config`: TOML that can be read again, each value with
//! where it came from. Secrets are masked: the output is for tickets and chats.

use super::explain::secret;
use super::{BadSettings, Flags, Settings, from_environment, layers, read};
use figment::{Figment, Metadata};
use serde_json::{Map, Value};
use std::fmt::Write as _;
use std::path::Path;

/// What stands in place of a secret.
const MASK: &str = "***";

/// Prints the settings. `derived` are keys that nobody set and that the program fills in by itself, with the reason.
///
/// # Errors
/// As [`Settings::load`]: what could not be used is not printed.
pub fn print(
    file: Option<&Path>,
    flags: &Flags,
    derive: impl FnOnce(&Settings) -> Vec<(&'static str, String, &'static str)>,
) -> Result<String, BadSettings> {
    let figment = layers(file, flags)?;
    let settings = read(&figment)?;
    let derived = derive(&settings);
    let Ok(Value::Object(values)) = serde_json::to_value(&settings) else {
        return Err(BadSettings("the settings cannot be written down".to_owned()));
    };
    let mut text = String::from("# What the server would run with. Secrets are masked.\n");
    let mut tables = Vec::new();
    for (key, value) in &values {
        match value {
            Value::Object(table) => tables.push((key, table)),
            Value::Null => match derived.iter().find(|(derived, ..)| derived == key) {
                Some((_, value, why)) => text.push_str(&line(key, &Value::from(value.as_str()), why)),
                None => text.push_str(&unset(key)),
            },
            value => text.push_str(&line_of(&figment, key, key, value)),
        }
    }
    for (name, table) in tables {
        text.push_str(&section(&figment, name, table));
    }
    Ok(text)
}

fn section(figment: &Figment, name: &str, table: &Map<String, Value>) -> String {
    let mut text = format!("\n[{name}]\n");
    let mut below = String::new();
    for (key, value) in table {
        let path = format!("{name}.{key}");
        match value {
            Value::Object(table) => below.push_str(&section(figment, &path, table)),
            Value::Null => text.push_str(&unset(key)),
            value => text.push_str(&line_of(figment, &path, key, value)),
        }
    }
    text + &below
}

fn line_of(figment: &Figment, path: &str, key: &str, value: &Value) -> String {
    line(key, value, &origin(figment.find_metadata(path), path))
}

fn line(key: &str, value: &Value, origin: &str) -> String {
    let mut text = String::new();
    let (value, masked) = masked(key, value);
    let value = toml::Value::try_from(&value).map_or_else(|_| value.to_string(), |value| value.to_string());
    let masked = if masked { ", masked" } else { "" };
    // A comment is one line, whatever a file is called.
    let origin: String = origin.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    // Writing to a string does not fail.
    let _ = writeln!(text, "{key} = {value} # {origin}{masked}");
    text
}

fn unset(key: &str) -> String {
    format!("# {key} is not set\n")
}

/// Where a value comes from, for people.
pub(super) fn origin(metadata: Option<&Metadata>, path: &str) -> String {
    let Some(metadata) = metadata else { return "default".to_owned() };
    match (&metadata.source, metadata.name.as_ref()) {
        (Some(figment::Source::File(path)), _) => path.display().to_string(),
        (_, name) if name.contains("environment") => {
            format!("environment variable {}", from_environment(name, path))
        }
        (_, name) if name == std::any::type_name::<Settings>() => "default".to_owned(),
        _ => "command line".to_owned(),
    }
}

/// The value as it may be shown, and whether something was taken out: what is called a secret, and what stands before
/// the `@` of an address.
fn masked(key: &str, value: &Value) -> (Value, bool) {
    let Value::String(text) = value else { return (value.clone(), false) };
    if secret(key) {
        return (Value::from(MASK), true);
    }
    let Some((scheme, rest)) = text.split_once("://") else { return (value.clone(), false) };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest.get(..end).and_then(|authority| authority.rfind('@')).and_then(|at| rest.get(at..)) {
        Some(rest) => (Value::from(format!("{scheme}://{MASK}{rest}")), true),
        None => (value.clone(), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(toml: &str, flags: &Flags) -> String {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("hospes.toml");
        std::fs::write(&file, toml).unwrap();
        let text = print(Some(&file), flags, |settings| {
            vec![("plugins", "P".to_owned(), settings.data.to_str().map_or("", |_| "its own"))]
        });
        text.unwrap().replace(file.to_str().unwrap(), "FILE")
    }

    #[test]
    fn each_value_says_where_it_came_from() {
        let flags = Flags { listen: Some("127.0.0.1:9000".to_owned()), ..Flags::default() };
        let text = printed(
            "data = \"/srv/\\\"hospes\"\ncode_expiry_minutes = 5\n[rate_limits]\ncodes_per_minute = 31",
            &flags,
        );
        for line in [
            "listen = \"127.0.0.1:9000\" # command line\n",
            "data = '/srv/\"hospes' # FILE\n",
            "code_expiry_minutes = 5 # FILE\n",
            "token_hours = 12 # default\n",
            "# public_url is not set\n",
            "plugins = \"P\" # its own\n",
            "\n[rate_limits]\ncodes_per_minute = 31 # FILE\nlogins_per_minute = 60 # default\n",
        ] {
            assert!(text.contains(line), "{text}\nlacks {line}");
        }
    }

    #[test]
    fn what_is_printed_can_be_used_again() {
        let toml = "data = \"/srv/a\\nb\"\npublishers = [\"00\", \"11\"]\nmax_lease_seconds = 60\n[tls]\ncert = \"a\"\nkey = \"b\"";
        let text = printed(toml, &Flags::default()).replace("plugins = \"P\"", "# plugins");
        let dir = tempfile::tempdir().unwrap();
        let files = ["a", "b"].map(|name| dir.path().join(name));
        for (file, text) in files.iter().zip([toml, &text]) {
            std::fs::write(file, text).unwrap();
        }
        let read = |file: &Path| Settings::load(Some(file), &Flags::default()).unwrap();
        assert_eq!(read(&files[0]), read(&files[1]), "{text}");
    }

    #[test]
    fn secrets_are_masked() {
        let check = |key: &str, text: &str, expect: &str| {
            assert_eq!(masked(key, &Value::from(text)).0, Value::from(expect), "{key} = {text}");
        };
        check("password", "swordfish", "***");
        check("token", "swordfish", "***");
        check("smtp_password", "swordfish", "***");
        check("password_file", "/etc/hospes/mail", "/etc/hospes/mail");
        check(
            "otlp_endpoint",
            "https://me:swordfish@collector.example:4318/v1?x=@",
            "https://***@collector.example:4318/v1?x=@",
        );
        check("otlp_endpoint", "http://127.0.0.1:4318", "http://127.0.0.1:4318");
        check("public_url", "https://a.example/@here", "https://a.example/@here");
        let text = printed("[metrics]\ntoken = \"swordfish-swordfish\"", &Flags::default());
        assert!(text.contains("token = \"***\" # FILE, masked") && !text.contains("swordfish"), "{text}");
    }
}
