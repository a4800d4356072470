//! What the customer types while the session runs, and what is shown all the while (R13, R17).

use crate::consent;
use crate::host::Host;
use crate::live::View;
use crate::local::Status;
use crate::texts::{self, Text};
use crate::words;
use hospes_licence::interface::ConsentClass;
use hospes_wire::control::ConsentState;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// How long changes are gathered before a line is printed.
const SETTLE: Duration = Duration::from_millis(150);

/// What a line means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    End,
    Status,
    Help,
    Revoke(ConsentClass),
    Allow(ConsentClass),
    Unknown,
}

/// Reads a command in any of the languages.
fn order(line: &str) -> Order {
    let line = line.trim().to_lowercase();
    let mut words = line.split_whitespace();
    let (verb, name) = (words.next().unwrap_or_default(), words.next());
    let class = name.and_then(consent::by_name);
    // A word behind `end` must not end the session.
    if words.next().is_some() || name.is_some() != class.is_some() {
        return Order::Unknown;
    }
    match (verb, class) {
        ("end" | "e" | "fin" | "finalizar", None) => Order::End,
        ("status" | "état" | "etat" | "estado", None) => Order::Status,
        ("" | "help" | "?" | "aide" | "ayuda", None) => Order::Help,
        ("revoke" | "retirer" | "revocar", Some(class)) => Order::Revoke(class),
        ("allow" | "autoriser" | "permitir", Some(class)) => Order::Allow(class),
        _ => Order::Unknown,
    }
}

/// Does what is typed; returns when the customer ends the session.
pub(crate) async fn obey(host: &Arc<Host>, mut typed: mpsc::Receiver<String>) {
    while let Some(line) = typed.recv().await {
        match order(&line) {
            Order::End => return,
            Order::Help => words::show_help(&host.dialogue),
            Order::Status => {
                host.dialogue.print(&live_line(host, &host.live.now()));
                words::show_consent(&host.dialogue, &host.consent.classes());
            }
            Order::Revoke(class) => change(host, class, ConsentState::Denied),
            Order::Allow(class) => {
                // Asked back while injected input is held back: a technician who controls the keyboard could have typed
                // the command, but cannot answer.
                let sentence = host.dialogue.text(texts::class(class), &[]);
                let technician = host.pairing.invitation.technician.clone();
                let question = host.dialogue.text(Text::AskNow, &[("technician", &technician), ("class", &sentence)]);
                if host.dialogue.ask_guarded(&question).await == Some(true) {
                    change(host, class, ConsentState::Granted);
                }
            }
            Order::Unknown => {
                host.dialogue.say(Text::UnknownCommand, &[("line", &line)]);
                words::show_help(&host.dialogue);
            }
        }
    }
    // Nobody types any more; the session goes on.
    std::future::pending().await
}

fn change(host: &Host, class: ConsentClass, state: ConsentState) {
    if let Err(error) = host.consent.set(class, state) {
        host.dialogue.print(&format!("hospes-agent: {error}"));
    }
    host.channels.forget_answers(class);
    host.tell(host.consent_message());
    let sentence = host.dialogue.text(texts::class(class), &[]);
    let now = if host.consent.state(class) == ConsentState::Granted { Text::ClassGranted } else { Text::ClassDenied };
    host.dialogue.say(now, &[("class", &sentence)]);
}

/// The line of R17.
fn live_line(host: &Host, view: &View) -> String {
    let dialogue = &host.dialogue;
    let time = words::moment(host.lease.ends_at());
    if !view.online {
        return dialogue.text(Text::LiveTrouble, &[("time", &time)]);
    }
    let who = who(host, view);
    if who.is_empty() {
        dialogue.text(Text::LiveActive, &[("time", &time)])
    } else {
        dialogue.text(Text::LiveConnected, &[("time", &time), ("who", &who.join("; "))])
    }
}

/// Who is connected with what, each pair once.
fn who(host: &Host, view: &View) -> Vec<String> {
    let pairs: std::collections::BTreeSet<_> = view.channels.values().collect();
    let language = host.dialogue.language();
    let one = |connected: &&crate::live::Connected| {
        let capability = words::title(&host.pairing.invitation, &connected.capability, language);
        host.dialogue.text(Text::With, &[("technician", &connected.technician), ("capability", &capability)])
    };
    pairs.iter().map(one).collect()
}

/// Prints the line of R17 whenever it changes. A start without a connection is given a moment before it is trouble.
pub(crate) async fn show_live(host: Arc<Host>) {
    let mut live = host.live.watch();
    let mut shown = None;
    if !live.borrow().online {
        let _ = tokio::time::timeout(Duration::from_secs(2), live.wait_for(|view| view.online)).await;
    }
    loop {
        let view = live.borrow_and_update().clone();
        let line = live_line(&host, &view);
        if shown.as_ref() != Some(&line) {
            host.dialogue.print(&line);
            shown = Some(line);
        }
        if live.changed().await.is_err() {
            return;
        }
        tokio::time::sleep(SETTLE).await;
    }
}

/// What `hospes-agent status` prints.
pub(crate) fn status(host: &Host) -> Status {
    let view = host.live.now();
    let live = match (view.online, view.channels.is_empty()) {
        (false, _) => "trouble",
        (true, true) => "active",
        (true, false) => "connected",
    };
    Status {
        state: "active".to_owned(),
        live: live.to_owned(),
        session: Some(host.pairing.session.clone()),
        company: Some(host.pairing.invitation.company.clone()),
        technician: Some(host.pairing.invitation.technician.clone()),
        lease_ends: Some(words::moment(host.lease.ends_at())),
        channels: who(host, &view),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_in_every_language() {
        for (line, expect) in [
            ("end", Order::End),
            (" E ", Order::End),
            ("fin", Order::End),
            ("finalizar", Order::End),
            ("revoke see-screen", Order::Revoke(ConsentClass::SeeScreen)),
            ("retirer control", Order::Revoke(ConsentClass::Control)),
            ("permitir write-files", Order::Allow(ConsentClass::WriteFiles)),
            ("revoke", Order::Unknown),
            ("revoke everything", Order::Unknown),
            ("end it all", Order::Unknown),
            ("", Order::Help),
            ("estado", Order::Status),
        ] {
            assert_eq!(order(line), expect, "{line:?}");
        }
    }
}
