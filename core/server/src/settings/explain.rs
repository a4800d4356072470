//! What is wrong with the settings: every mistake with source, key and what was expected. Errors go into tickets and
//! chats, so none shows a secret.

use super::{BadSettings, print};
use figment::error::Kind;

/// Whether what stands under a key is a secret, by the key's last word.
pub(super) fn secret(key: &str) -> bool {
    ["password", "secret", "token"].iter().any(|word| key == *word || key.ends_with(&format!("_{word}")))
}

/// Every mistake with source, key and expected type.
pub(super) fn explain(error: figment::Error) -> BadSettings {
    let lines: Vec<String> = error
        .into_iter()
        .map(|error| {
            let path = error.path.join(".");
            let source = match &error.metadata {
                None => "settings".to_owned(),
                metadata => print::origin(metadata.as_ref(), &path),
            };
            let key = if path.is_empty() { String::new() } else { format!("key '{path}': ") };
            format!("{source}: {key}{}", mistake(&error.kind, error.path.last().is_some_and(|key| secret(key))))
        })
        .collect();
    BadSettings(lines.join("\n"))
}

fn mistake(kind: &Kind, secret: bool) -> String {
    match kind {
        // Where a table should be, somebody may have written an address with the password in it.
        Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected)
            if secret || expected.starts_with("struct") =>
        {
            format!("expected {expected}; what was found is not shown")
        }
        Kind::InvalidType(found, expected) | Kind::InvalidValue(found, expected) => {
            format!("found {found}, expected {expected}")
        }
        Kind::UnknownField(name, known) => format!("there is no setting '{name}'; known here: {}", known.join(", ")),
        Kind::UnknownVariant(name, known) => format!("found '{name}', expected one of: {}", known.join(", ")),
        Kind::MissingField(name) => format!("'{name}' is missing"),
        Kind::Message(_) if secret => "this cannot be used; what was found is not shown".to_owned(),
        Kind::Message(text) if text.contains("socket address") => {
            format!("{text}, expected an IP address and a port such as 127.0.0.1:8443")
        }
        Kind::Message(text) => unquoted(text),
        other => other.to_string(),
    }
}

/// The same without the lines of the file that a parser quotes (`3 | token = ...`): line and column are told anyway.
fn unquoted(text: &str) -> String {
    let quoted =
        |line: &&str| line.trim_start().trim_start_matches(|c: char| c.is_ascii_digit()).trim_start().starts_with('|');
    text.lines().filter(|line| !quoted(line)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use crate::settings::{Flags, Settings};

    #[test]
    fn no_error_shows_a_secret() {
        let check = |toml: &str, expect: &str| {
            let dir = tempfile::tempdir().unwrap();
            let file = dir.path().join("hospes.toml");
            std::fs::write(&file, toml).unwrap();
            let error = Settings::load(Some(&file), &Flags::default()).unwrap_err().to_string();
            assert!(!error.contains("80085") && error.contains(expect), "{toml:?} gave {error:?}");
        };
        check("[metrics]\ntoken = 80085", "key 'metrics.token': expected a string");
        check("[metrics]\ntoken = [\"80085\"]", "metrics.token");
        check("[mail]\nhost = \"m\"\nfrom = \"a@b.c\"\npassword = 80085", "key 'mail.password': expected a string");
        check("mail = \"smtp://me:80085@mail.example\"", "key 'mail': expected struct Mail");
        check("metrics = \"80085\"", "key 'metrics': expected struct Metrics");
        // A line that the parser stumbles over, and one behind it.
        check("[metrics]\ntoken = \"80085", "line 2");
        check("[metrics]\ntoken = 80085 80085", "line 2");
        check("[metrics]\ntoken = \"\"\"\n80085\n", "line");
    }
}
