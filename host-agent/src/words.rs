//! Longer passages of the dialogue.

use crate::consent;
use crate::dialogue::Dialogue;
use crate::kept::Choices;
use crate::line::LineError;
use crate::publishers;
use crate::texts::{self, Text};
use hospes_licence::interface::ConsentClass;
use hospes_session::model::Language;
use hospes_wire::control::{ConsentState, Invitation};
use hospes_wire::problem::Problem;
use std::collections::BTreeMap;

/// The two letters of a language in titles.
fn tag(language: Language) -> &'static str {
    match language {
        Language::En => "en",
        Language::Fr => "fr",
        Language::Es => "es",
    }
}

/// A capability's title in the customer's language.
pub(crate) fn title(invitation: &Invitation, capability: &str, language: Language) -> String {
    let titles = invitation.capabilities.iter().find(|(id, _)| id == capability).map(|(_, titles)| titles);
    let title = titles.and_then(|titles| titles.get(tag(language)).or_else(|| titles.get("en")));
    title.cloned().unwrap_or_else(|| capability.to_owned())
}

/// A moment for people, in the computer's own time zone.
pub(crate) fn moment(millis: u64) -> String {
    let stamp = i64::try_from(millis).ok().and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok());
    stamp.map_or_else(
        || "?".to_owned(),
        |stamp| stamp.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string(),
    )
}

/// Why the server said no: in the customer's language where the code is one that customers meet, else in the server's
/// words.
pub(crate) fn refused(dialogue: &Dialogue, problem: &Problem) -> String {
    let text = match problem.code() {
        "link-used" => Text::LinkUsed,
        "link-unknown" => Text::LinkUnknown,
        "too-many-tries" => Text::TooManyTries,
        "already-hosting" => Text::AlreadyHosting,
        "not-this-host" => Text::OtherHost,
        "not-now" => Text::NotNow,
        _ => {
            let says = dialogue.text(Text::WhyServerSays, &[]);
            let words = LineError::Refused(problem.clone()).to_string();
            return dialogue.text(Text::Because, &[("what", &says), ("why", &words)]);
        }
    };
    dialogue.text(text, &[])
}

/// A length of time for people.
fn length(dialogue: &Dialogue, millis: u64) -> String {
    let seconds = millis / 1000;
    let (text, n) = match seconds {
        ..=119 => (Text::Seconds, seconds),
        120..=7199 => (Text::Minutes, seconds / 60),
        7200.. => (Text::Hours, seconds / 3600),
    };
    dialogue.text(text, &[("n", &n.to_string())])
}

/// Who invites, for what, until when: shown before the code is asked for.
pub(crate) fn show_invitation(dialogue: &Dialogue, invitation: &Invitation) {
    let language = dialogue.language();
    let company = ("company", invitation.company.as_str());
    dialogue.say(Text::Inviting, &[("technician", &invitation.technician), company]);
    dialogue.say(if invitation.confirmed { Text::Confirmed } else { Text::NotConfirmed }, &[company]);
    let titles: Vec<_> = invitation.capabilities.iter().map(|(id, _)| title(invitation, id, language)).collect();
    dialogue.say(Text::MayUse, &[("capabilities", &titles.join(", "))]);
    let own = publishers::first_party();
    let names: Vec<_> = invitation
        .publishers
        .iter()
        .map(|publisher| match publisher.key == own {
            true => publisher.name.clone(),
            // A name alone can be anybody's.
            false => format!("{} [{}]", publisher.name, publisher.key.to_string().get(..16).unwrap_or_default()),
        })
        .collect();
    dialogue.say(Text::Publishers, &[("publishers", &names.join(", "))]);
    dialogue.say(Text::HowLong, &[("hours", &length(dialogue, invitation.lease))]);
    dialogue.say(Text::LinkUntil, &[("time", &moment(invitation.expires_at))]);
}

/// What stands before the questions of consent.
pub(crate) fn show_consent_intro(dialogue: &Dialogue, invitation: &Invitation, choices: &Choices) {
    let files = [ConsentClass::ReadFiles, ConsentClass::WriteFiles];
    if invitation.classes.iter().any(|class| files.contains(class)) {
        let folders: Vec<_> = choices.roots.iter().map(|(name, path)| format!("{name} = {}", path.display())).collect();
        dialogue.say(Text::SharedFolders, &[("folders", &folders.join(", "))]);
    }
    dialogue.say(Text::ConsentIntro, &[("technician", &invitation.technician)]);
}

/// What is allowed now, a line for each class.
pub(crate) fn show_consent(dialogue: &Dialogue, classes: &BTreeMap<ConsentClass, ConsentState>) {
    for class in ConsentClass::ALL {
        let text = match classes.get(&class) {
            Some(ConsentState::Granted) => Text::ClassGranted,
            Some(ConsentState::Ask) => Text::ClassAsk,
            Some(ConsentState::Denied) | None => Text::ClassDenied,
        };
        let sentence = dialogue.text(texts::class(class), &[]);
        dialogue.say(text, &[("class", &format!("{sentence} ({})", consent::name(class)))]);
    }
}

/// The commands.
pub(crate) fn show_help(dialogue: &Dialogue) {
    let names: Vec<_> = ConsentClass::ALL.into_iter().map(consent::name).collect();
    dialogue.say(Text::Help, &[("classes", &names.join(" "))]);
}
