//! Every text of every message, one row for each with its three languages. A row that lacks a language does not compile;
//! a row that nobody uses, or whose languages name different `{places}`, fails a test.

mod table;

pub(crate) use table::Texts;
use table::{EN, ES, FR};

/// Makes of the rows a struct with one field for each, and one value of it for each language.
macro_rules! texts {
    ($($key:ident: $en:literal, $fr:literal, $es:literal;)*) => {
        /// The texts of one language.
        pub(crate) struct Texts {
            $(pub(crate) $key: &'static str,)*
        }
        pub(super) const EN: Texts = Texts { $($key: $en,)* };
        pub(super) const FR: Texts = Texts { $($key: $fr,)* };
        pub(super) const ES: Texts = Texts { $($key: $es,)* };
        /// Key, English, French, Spanish.
        #[cfg(test)]
        pub(super) const ROWS: &[[&str; 4]] = &[$([stringify!($key), $en, $fr, $es],)*];
    };
}
use texts;

/// The texts of a language, by its tag; English for any other.
pub(crate) fn of(language: &str) -> &'static Texts {
    match language.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "fr" => &FR,
        "es" => &ES,
        _ => &EN,
    }
}

impl Texts {
    /// A capability's title; its id when it is not one of the house's.
    pub(crate) fn capability(&self, id: &str) -> String {
        match id {
            "remote-control" => self.remote_control.to_owned(),
            "file-manager" => self.file_manager.to_owned(),
            "dashboard" => self.dashboard.to_owned(),
            other => crate::clean::line(other, 64),
        }
    }

    /// Why a session ended.
    pub(crate) fn end_reason(&self, reason: &str) -> &'static str {
        match reason {
            "technician" => self.by_technician,
            "customer" => self.by_customer,
            "lease-expired" => self.lease_over,
            "link-expired" => self.link_expired,
            "code-burned" => self.code_burned,
            "licence" => self.licence_changed,
            "operator" => self.by_operator,
            _ => self.for_other_reasons,
        }
    }
}

/// Puts values into a text's `{places}`. Values are not looked at again: a name with braces stays a name.
pub(crate) fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((place, behind)) = after.split_once('}') else { break };
        if let Some((_, value)) = values.iter().find(|(name, _)| *name == place) {
            out.push_str(value);
        }
        rest = behind;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn places(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(place, _)| place).collect()
    }

    #[test]
    fn every_text_is_there_in_three_languages_with_the_same_places() {
        for [key, languages @ ..] in table::ROWS {
            for text in languages {
                assert!(!text.trim().is_empty() && text.trim() == *text, "{key}: {text:?}");
                assert_eq!(places(text), places(languages[0]), "{key}: {text:?}");
                assert_eq!(text.matches('{').count(), text.matches('}').count(), "{key}: {text:?}");
            }
        }
    }

    #[test]
    fn every_text_is_used() {
        let sources = [
            include_str!("mod.rs"),
            include_str!("../compose.rs"),
            include_str!("../config.rs"),
            include_str!("../when.rs"),
        ];
        for [key, ..] in table::ROWS {
            let used = |source: &&str| {
                source
                    .split(&format!(".{key}"))
                    .skip(1)
                    .any(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
            };
            assert!(sources.iter().any(used), "nothing uses the text {key}");
        }
    }

    #[test]
    fn a_value_with_braces_stays_a_value() {
        let check = |text, values: &[(&str, &str)], expect| assert_eq!(fill(text, values), expect);
        check("Hello {name}!", &[("name", "Ana")], "Hello Ana!");
        check("{a} and {b}", &[("a", "{b}"), ("b", "x")], "{b} and x");
        check("{missing}.", &[], ".");
        check("plain", &[], "plain");
    }

    #[test]
    fn a_language_tag_may_name_a_region() {
        for (tag, expect) in
            [("fr-CA", "février"), ("ES", "febrero"), ("en", "February"), ("de", "February"), ("", "February")]
        {
            assert!(of(tag).months.contains(expect), "{tag}");
        }
    }
}
