//! Everything that the host says to the customer, in the three languages. A text that lacks a language does not compile.

mod table;

use hospes_licence::interface::ConsentClass;
use hospes_session::model::{EndReason, Language};

pub(crate) use table::Text;

impl Text {
    /// The text in one language.
    pub(crate) const fn get(self, language: Language) -> &'static str {
        let [en, fr, es] = self.table();
        match language {
            Language::En => en,
            Language::Fr => fr,
            Language::Es => es,
        }
    }

    /// The text with its values. Values come from the network: control characters (which could drive the terminal) are
    /// taken out, and a value is never looked at for further `{name}`s.
    pub(crate) fn fill(self, language: Language, values: &[(&str, &str)]) -> String {
        let mut out = String::new();
        let mut rest = self.get(language);
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, after)) = after.split_once('}') else { break };
            out.push_str(before);
            if let Some((_, value)) = values.iter().find(|(key, _)| *key == name) {
                out.push_str(&printable(value));
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }
}

/// One line of at most 200 characters that cannot drive the terminal.
pub(crate) fn printable(text: &str) -> String {
    harmless(text).chars().take(200).collect()
}

/// One line without control characters or marks that turn the writing direction.
pub(crate) fn harmless(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
    };
    text.chars().map(|c| if hidden(c) { '\u{fffd}' } else { c }).collect()
}

/// The sentence for a class of consent.
pub(crate) const fn class(class: ConsentClass) -> Text {
    match class {
        ConsentClass::SeeScreen => Text::SeeScreen,
        ConsentClass::Control => Text::Control,
        ConsentClass::ReadClipboard => Text::ReadClipboard,
        ConsentClass::WriteClipboard => Text::WriteClipboard,
        ConsentClass::ReadFiles => Text::ReadFiles,
        ConsentClass::WriteFiles => Text::WriteFiles,
        ConsentClass::ReadSystem => Text::ReadSystem,
        ConsentClass::ControlSystem => Text::ControlSystem,
    }
}

/// The sentence for the reason of an end.
pub(crate) const fn ended(reason: EndReason) -> Text {
    match reason {
        EndReason::Technician => Text::EndedByTechnician,
        EndReason::Customer => Text::EndedByCustomer,
        EndReason::LeaseExpired => Text::EndedByLease,
        EndReason::LinkExpired => Text::EndedByLink,
        EndReason::CodeBurned => Text::CodeBurned,
        EndReason::Licence => Text::EndedByLicence,
        EndReason::Operator => Text::EndedByOperator,
    }
}

/// The language of the customer's environment, until the invitation says another.
pub(crate) fn of_environment() -> Language {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
    match set.as_deref().and_then(|value| value.get(..2)) {
        Some("fr") => Language::Fr,
        Some("es") => Language::Es,
        _ => Language::En,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn names(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
    }

    #[test]
    fn every_language_has_every_text_with_the_same_values() {
        for text in Text::ALL {
            let [en, fr, es] = text.table();
            assert!(!en.is_empty() && !fr.is_empty() && !es.is_empty(), "{text:?}");
            assert_eq!(names(en), names(fr), "{text:?}");
            assert_eq!(names(en), names(es), "{text:?}");
            // A question ends where the answer is typed.
            assert_eq!((en.ends_with(' '), en.ends_with(' ')), (fr.ends_with(' '), es.ends_with(' ')), "{text:?}");
            assert!(
                en != fr && en != es || matches!(text, Text::Minutes | Text::Because),
                "{text:?} is not translated"
            );
        }
    }

    #[test]
    fn values_from_the_network_cannot_drive_the_terminal_or_pull_in_other_values() {
        let text =
            Text::Inviting.fill(Language::En, &[("technician", "\u{1b}[2J{company}\n\u{202e}x"), ("company", "Acme")]);
        assert_eq!(text, "\u{fffd}[2J{company}\u{fffd}\u{fffd}x of Acme would like to help you on this computer.");
    }
}
