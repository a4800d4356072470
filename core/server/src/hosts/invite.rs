//! What a host is told about a session, and what is taken of what it says.

use crate::refusal::Refusal;
use crate::state::App;
use hospes_licence::interface::{Consent, ConsentClass, consent_of};
use hospes_session::model::{HostFacts, Session};
use hospes_wire::control::{Invitation, Pairing, Publisher};
use hospes_wire::problem::Problem;
use std::collections::BTreeSet;

/// Who invites, for what and for how long.
pub(super) async fn invitation(app: &App, session: &Session, expires_at: u64) -> Result<Invitation, Refusal> {
    let company = app.store.company(session.company).await?;
    let technician = app.store.technician(session.technician).await?;
    let plugins: Vec<_> = session.capabilities.iter().filter_map(|id| app.plugins.capability(id.as_str())).collect();
    let interfaces = plugins.iter().flat_map(|plugin| plugin.manifest.tiers.values().flatten());
    let classes: BTreeSet<ConsentClass> = interfaces
        .filter_map(|interface| match consent_of(interface) {
            Some(Consent::Customer(class)) => Some(class),
            Some(Consent::Inert | Consent::Operator) | None => None,
        })
        .collect();
    let signs = |publisher: &Publisher| plugins.iter().any(|plugin| plugin.publisher_key == publisher.key);
    Ok(Invitation {
        company: company.name,
        technician: technician.name,
        confirmed: false,
        capabilities: app
            .plugins
            .announced(&session.capabilities)
            .into_iter()
            .map(|id| (id.to_string(), app.plugins.titles(id.as_str())))
            .collect(),
        classes: ConsentClass::ALL.into_iter().filter(|class| classes.contains(class)).collect(),
        lease: session.lease_length,
        expires_at,
        language: session.customer.language,
        publishers: app.plugins.publishers().iter().filter(|publisher| signs(publisher)).cloned().collect(),
    })
}

/// What is handed over with the right code.
pub(super) async fn pairing(app: &App, session: &Session) -> Result<Pairing, Refusal> {
    let expires_at = match &session.state {
        hospes_session::model::SessionState::Prepared(prepared) => prepared.expires_at,
        _ => 0,
    };
    Ok(Pairing {
        session: session.id.to_string(),
        invitation: invitation(app, session, expires_at).await?,
        grant_key: app.keys.grant.public(),
        // None once the session is active: the host that retries has its copy already.
        password_verifier: app.store.password_verifier(session.id).await?.unwrap_or_default(),
    })
}

/// At most that many characters, none of them a control character or one that is not seen itself but turns, joins or
/// hides others: what comes from a host is hostile.
pub(super) fn cut(text: &str, longest: usize) -> String {
    text.chars().filter(|c| !c.is_control() && !hospes_session::prepare::unseen(*c)).take(longest).collect()
}

/// Facts that can be stored and shown.
pub(super) fn trimmed(facts: HostFacts) -> HostFacts {
    HostFacts { os: cut(&facts.os, 120), hostname: cut(&facts.hostname, 120), agent: cut(&facts.agent, 40) }
}

/// A host's problem that can be shown.
pub(crate) fn trimmed_problem(problem: Problem) -> Problem {
    Problem {
        kind: cut(&problem.kind, 200),
        title: cut(&problem.title, 300),
        status: problem.status,
        detail: problem.detail.map(|detail| cut(&detail, 1000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_host_says_is_cut_to_what_can_be_seen() {
        for (said, kept) in [
            ("pc-7", "pc-7"),
            ("\u{1b}[31mred\nline", "[31mredline"),
            ("\u{202e}gpj.exe\u{2066}", "gpj.exe"),
            ("a\u{200b}\u{feff}\u{61c}\u{e0041}b", "ab"),
            ("Čárlá-ПК", "Čárlá-ПК"),
        ] {
            assert_eq!(cut(said, 120), kept, "{said:?}");
        }
        assert_eq!(cut("abcdef", 3), "abc");
    }
}
