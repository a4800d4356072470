//! What is shown of a notification channel's settings. Secrets are shown to nobody again; the path of a URL, which with
//! many receivers is the secret, to the company's owners only, and not in the audit log.

use reqwest::Url;
use serde_json::{Map, Value, json};

/// What stands for a secret that is set.
const SET: &str = "set";

/// The settings whose values nobody gets to see again.
fn is_secret(field: &str) -> bool {
    let field = field.to_ascii_lowercase();
    ["secret", "password", "token", "key"].iter().any(|end| field.ends_with(end))
}

/// Settings as owners see them: without secrets, however deep they are.
pub(super) fn without_secrets(config: &Value) -> Value {
    if config.is_object() { masked(config, &str::to_owned) } else { json!({}) }
}

/// Settings as everybody else and the audit log see them: URLs by scheme and host only.
pub(super) fn outline(config: &Value) -> Value {
    if config.is_object() { masked(config, &origin) } else { json!({}) }
}

fn masked(value: &Value, text: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::Object(fields) => {
            let shown = fields.iter().map(|(field, value)| {
                let value = if is_secret(field) { json!(SET) } else { masked(value, text) };
                (field.clone(), value)
            });
            Value::Object(shown.collect::<Map<_, _>>())
        }
        Value::Array(values) => Value::Array(values.iter().map(|value| masked(value, text)).collect()),
        Value::String(value) => Value::String(text(value)),
        other => other.clone(),
    }
}

/// A URL without what follows its host; every other text as it is.
fn origin(text: &str) -> String {
    let Some((url, host)) =
        Url::parse(text).ok().and_then(|url| url.host_str().map(str::to_owned).map(|host| (url, host)))
    else {
        return text.to_owned();
    };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let origin = format!("{}://{host}{port}", url.scheme());
    if text.strip_suffix('/').unwrap_or(text) == origin { text.to_owned() } else { format!("{origin}/\u{2026}") }
}

/// Puts back the secrets that a change leaves out or gives as they were shown. Of a list only an entry that is otherwise
/// as it was keeps its secrets: an entry of another place must not get them.
pub(super) fn keep_secrets(config: &mut Value, before: &Value) {
    match (config, before) {
        (Value::Object(fields), Value::Object(before)) => {
            for (field, value) in before {
                if is_secret(field) {
                    if fields.get(field).is_none_or(|given| given == SET) {
                        fields.insert(field.clone(), value.clone());
                    }
                } else if let Some(given) = fields.get_mut(field) {
                    keep_secrets(given, value);
                }
            }
        }
        (Value::Array(given), Value::Array(before)) => {
            for entry in given {
                if let Some(known) = before.iter().find(|known| masked(known, &str::to_owned) == *entry) {
                    *entry = known.clone();
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r19_a_url_is_outlined_and_a_secret_is_masked_however_deep_they_are() {
        let check = |config: Value, owner: Value, others: Value| {
            assert_eq!(without_secrets(&config), owner);
            assert_eq!(outline(&config), others);
        };
        let same = |config: Value| check(config.clone(), config.clone(), config);
        same(json!({ "recipients": ["customer", "boss@acme.test"], "count": 7, "on": true, "none": null }));
        same(json!({ "url": "https://x.org", "other": "https://x.org:8443/", "note": "see mailto:a@b.c" }));
        check(json!("https://x.org/a"), json!({}), json!({}));
        let slack = "https://hooks.example.org/services/T0/B0/abc";
        check(json!({ "url": slack }), json!({ "url": slack }), json!({ "url": "https://hooks.example.org/\u{2026}" }));
        for hidden in ["https://x.org?k=1", "https://me:pw@x.org/", "https://x.org/#k", "https://x.org/a"] {
            check(json!({ "url": hidden }), json!({ "url": hidden }), json!({ "url": "https://x.org/\u{2026}" }));
        }
        check(
            json!({ "to": [{ "url": slack, "apiKey": "k" }], "auth": { "token": ["t"] } }),
            json!({ "to": [{ "url": slack, "apiKey": "set" }], "auth": { "token": "set" } }),
            json!({ "to": [{ "url": "https://hooks.example.org/\u{2026}", "apiKey": "set" }], "auth": { "token": "set" } }),
        );
    }

    #[test]
    fn secrets_that_a_change_leaves_out_stay_as_they_are() {
        let before = json!({ "url": "u", "secret": "s", "auth": { "token": "t", "user": "a" },
            "to": [{ "url": "1", "key": "k1" }, { "url": "2", "key": "k2" }] });
        let check = |mut given: Value, expect: Value| {
            keep_secrets(&mut given, &before);
            assert_eq!(given, expect);
        };
        check(without_secrets(&before), before.clone());
        check(json!({ "url": "v" }), json!({ "url": "v", "secret": "s" }));
        check(
            json!({ "secret": "new", "auth": { "user": "b" } }),
            json!({ "secret": "new", "auth": { "user": "b", "token": "t" } }),
        );
        // Another receiver in the same place does not get the secret of the one before.
        check(
            json!({ "secret": "s", "to": [{ "url": "2", "key": "set" }, { "url": "3", "key": "set" }] }),
            json!({ "secret": "s", "to": [{ "url": "2", "key": "k2" }, { "url": "3", "key": "set" }] }),
        );
    }
}
