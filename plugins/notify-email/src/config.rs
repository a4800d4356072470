//! A channel's settings: `{"recipients": ["customer", "technician", "someone@example.org"]}`. Who customer and technician
//! are, the server knows; it makes one delivery for each recipient.

use crate::clean;
use crate::texts::{Texts, fill};
use serde_json::Value;
use std::collections::BTreeSet;

/// Most recipients of one channel.
const MAX_RECIPIENTS: usize = 20;

/// Field and sentence for each thing that is wrong.
pub(crate) fn check(config: &str, t: &Texts) -> Vec<(String, String)> {
    let problem = |field: &str, text: &str| (field.to_owned(), text.to_owned());
    let Ok(Value::Object(fields)) = serde_json::from_str(config) else {
        return vec![problem("config", t.config_not_object)];
    };
    let mut problems: Vec<_> = fields
        .keys()
        .filter(|name| *name != "recipients")
        .map(|name| problem(&clean::line(name, 40), t.config_unknown))
        .collect();
    let recipients = match fields.get("recipients") {
        Some(Value::Array(list)) if (1..=MAX_RECIPIENTS).contains(&list.len()) => list,
        _ => {
            problems.push(problem("recipients", t.config_recipients));
            return problems;
        }
    };
    let mut seen = BTreeSet::new();
    for recipient in recipients {
        let text = recipient.as_str().map_or_else(|| recipient.to_string(), str::to_owned);
        let shown = clean::line(&text, 80);
        let value: [(&str, &str); 1] = [("value", &shown)];
        if !(matches!(text.as_str(), "customer" | "technician") || (recipient.is_string() && address(&text))) {
            problems.push(problem("recipients", &fill(t.config_recipient, &value)));
        } else if !seen.insert(text.to_lowercase()) {
            problems.push(problem("recipients", &fill(t.config_twice, &value)));
        }
    }
    problems
}

/// One address and nothing else; whether it exists only a mail server knows.
fn address(text: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control() || "<>()[]\\,;:\"".contains(c);
    let Some((name, domain)) = text.rsplit_once('@') else { return false };
    !name.is_empty()
        && !name.contains('@')
        && text.len() <= 254
        && domain.contains('.')
        && domain.split('.').all(|label| !label.is_empty())
        && !text.chars().any(odd)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::of;

    #[test]
    fn what_is_wrong_is_said_field_by_field() {
        let check = |config: &str, expect: &[(&str, &str)]| {
            let found = check(config, of("en"));
            assert_eq!(found.len(), expect.len(), "{config}: {found:?}");
            for ((field, message), (expect_field, part)) in found.iter().zip(expect) {
                assert!(field == expect_field && message.contains(part), "{config}: {field}: {message}");
            }
        };
        check(r#"{"recipients":["customer","technician","ana@example.org"]}"#, &[]);
        for broken in ["", "[]", "null", "\"customer\"", "{"] {
            check(broken, &[("config", "Expected an object")]);
        }
        for none in ["{}", r#"{"recipients":[]}"#, r#"{"recipients":"customer"}"#, r#"{"recipients":{}}"#] {
            check(none, &[("recipients", "1 to 20")]);
        }
        check(&format!(r#"{{"recipients":[{}]}}"#, vec!["\"customer\""; 21].join(",")), &[("recipients", "1 to 20")]);
        for bad in
            ["boss", "a@b", "a@b.", "@b.org", "a@b.org, c@d.org", "a b@c.org", "A <a@b.org>", "a@b.org\\r\\nBcc: x"]
        {
            check(&format!(r#"{{"recipients":["{bad}"]}}"#), &[("recipients", "neither the customer")]);
        }
        check(r#"{"recipients":[7]}"#, &[("recipients", "“7” is neither")]);
        check(r#"{"recipients":["a@b.org","A@B.org"]}"#, &[("recipients", "there twice")]);
        check(r#"{"recipients":["customer"],"cc":"x"}"#, &[("cc", "does not exist")]);
    }
}
