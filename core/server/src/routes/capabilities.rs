//! What can be done in a session (R9, R10, R20).

use crate::api::{CapabilitiesAnswer, CapabilityView, PageView, ProblemBody};
use crate::caller::Caller;
use crate::entitlement::Entitlement;
use crate::explain::Reason;
use crate::extract::{Id, Parameters};
use crate::hosts::registry::Report;
use crate::pages::texts::choose_language;
use crate::plugins::Listed;
use crate::refusal::Answer;
use crate::routes::views;
use crate::state::App;
use axum::extract::State;
use axum::http::HeaderMap;
use hospes_licence::interface::{Consent, ConsentClass, consent_of};
use hospes_session::id::SessionId;
use hospes_session::model::{Language, Session, SessionState};
use hospes_session::plan::Plan;
use hospes_wire::control::ConsentState;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// In which language titles are.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct LanguageParameter {
    /// `en`, `fr` or `es`; when absent that of the asker's profile, then `Accept-Language`.
    lang: Option<String>,
}

/// Every capability that is installed or sold, with what holds for this session.
#[utoipa::path(get, path = "/sessions/{id}/capabilities", tag = "sessions",
    params(("id" = String, Path), LanguageParameter), responses(
    (status = 200, body = CapabilitiesAnswer),
    (status = 404, body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<SessionId>,
    Parameters(parameters): Parameters<LanguageParameter>,
    headers: HeaderMap,
) -> Answer<axum::Json<CapabilitiesAnswer>> {
    let session = app.store.session(caller.technician.company, id).await?;
    let (_, entitlement) = app.entitlement(session.company).await?;
    let language = choose_language(parameters.lang.as_deref(), caller.technician.language, &headers);
    let online = app.hosts.get(id).is_some();
    let report = app.hosts.last_report(id).unwrap_or_default();
    let known = Known { plans: &app.plans, session: &session, entitlement: &entitlement, online, report: &report };
    let capabilities = app.plugins.listed().iter().map(|listed| view(listed, &known, language)).collect();
    Ok(axum::Json(CapabilitiesAnswer { capabilities }))
}

/// What is known of the session and its host.
struct Known<'a> {
    plans: &'a [Plan],
    session: &'a Session,
    entitlement: &'a Entitlement,
    online: bool,
    report: &'a Report,
}

impl Known<'_> {
    fn chosen(&self, listed: &Listed) -> bool {
        self.session.capabilities.iter().any(|chosen| chosen.as_str() == listed.id)
    }
}

/// Why it cannot be opened now; none when it can.
fn why<'a>(listed: &'a Listed, known: &Known<'a>) -> Option<Reason<'a>> {
    let Some(plugin) = &listed.plugin else { return Some(Reason::NotInstalled) };
    if known.entitlement.problem.is_some() {
        return Some(Reason::NoLicence);
    }
    if !listed.features.iter().any(|feature| known.entitlement.features.contains(feature)) {
        let plan = known.entitlement.plan.as_str();
        return Some(Reason::NotLicensed { plan, features: &listed.features, plans: known.plans });
    }
    match known.session.state {
        SessionState::Ended(_) => return Some(Reason::Over),
        _ if !known.chosen(listed) => return Some(Reason::NotChosen),
        SessionState::Prepared(_) => return Some(Reason::NotActive),
        SessionState::Active(_) if !known.online => return Some(Reason::Offline),
        SessionState::Active(_) => {}
    }
    let classes = by_class(plugin.manifest.tiers.values().flatten());
    match missing(&classes, known.report) {
        Some(words) => Some(Reason::Impossible(words)),
        None => (consent(&classes, known.report) == "denied").then_some(Reason::Denied),
    }
}

fn view(listed: &Listed, known: &Known<'_>, language: Language) -> CapabilityView {
    let feature = listed.features.iter().find(|feature| known.entitlement.features.contains(*feature));
    let manifest = listed.plugin.as_ref().map(|plugin| &plugin.manifest);
    let classes = manifest.map(|manifest| by_class(manifest.tiers.values().flatten())).unwrap_or_default();
    let consent = consent(&classes, known.report);
    let reason = why(listed, known);
    let title = listed.titles.get(views::language(language)).or_else(|| listed.titles.get("en"));
    CapabilityView {
        title: title.cloned().unwrap_or_else(|| listed.id.clone()),
        titles: listed.titles.clone(),
        feature: feature.or_else(|| listed.features.first()).cloned().unwrap_or_else(|| listed.id.clone()),
        licensed: feature.is_some(),
        enabled: known.chosen(listed),
        available: reason.is_none(),
        reason: reason.map(|reason| reason.code().to_owned()),
        explain: reason.map(|reason| reason.sentence(language)),
        consent: consent.to_owned(),
        version: manifest.map(|manifest| manifest.version.clone()),
        page: listed.plugin.as_ref().and_then(|plugin| {
            let entry = &plugin.manifest.ui.as_ref()?.entry;
            Some(PageView { url: format!("/plugins/{}/{entry}", plugin.hash), component: plugin.hash.clone() })
        }),
        id: listed.id.clone(),
    }
}

/// A capability's interfaces by the consent class that each needs.
fn by_class<'a>(interfaces: impl Iterator<Item = &'a String>) -> BTreeMap<ConsentClass, Vec<&'a str>> {
    let mut classes: BTreeMap<ConsentClass, Vec<&str>> = BTreeMap::new();
    for interface in interfaces {
        if let Some(Consent::Customer(class)) = consent_of(interface) {
            classes.entry(class).or_default().push(interface);
        }
    }
    classes
}

/// Without all of what it is asked for first (seeing before controlling, reading before writing) a capability cannot start.
/// One that lacks a part shows the others.
fn missing<'a>(classes: &BTreeMap<ConsentClass, Vec<&str>>, report: &'a Report) -> Option<&'a str> {
    let first = ConsentClass::ALL.iter().find_map(|class| classes.get(class))?;
    let reasons: Option<Vec<_>> = first.iter().map(|interface| report.unavailable.get(*interface)).collect();
    reasons?.first().map(|reason| reason.as_str())
}

/// `denied` when nothing is allowed, `granted` when nothing need be asked, else `ask`.
fn consent(classes: &BTreeMap<ConsentClass, Vec<&str>>, report: &Report) -> &'static str {
    let states: Vec<_> =
        classes.keys().map(|class| report.classes.get(class).copied().unwrap_or(ConsentState::Ask)).collect();
    if states.contains(&ConsentState::Ask) {
        "ask"
    } else if states.contains(&ConsentState::Granted) || states.is_empty() {
        "granted"
    } else {
        "denied"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hospes_session::capability::CapabilityId;
    use hospes_session::id::{CompanyId, TechnicianId};
    use hospes_session::plan::default_catalogue;
    use hospes_session::prepare::{RANDOM, Request, prepare};
    use hospes_session::quota::Limits;

    #[test]
    fn r10_a_plan_may_sell_what_no_plugin_serves_and_it_says_so() {
        let licensed = [CapabilityId::new("dashboard").unwrap()].into();
        let request = Request {
            company: CompanyId::from_parts(1, [1; 16]),
            technician: TechnicianId::from_parts(1, [1; 16]),
            customer_email: "c@example.com",
            customer_name: None,
            language: Language::En,
            note: None,
            password: None,
            capabilities: None,
            licensed: &licensed,
            lease_length: 1000,
            code_lifetime: 1000,
        };
        let session = prepare(&request, 1, &[1; RANDOM]).unwrap().session;
        let entitlement = Entitlement {
            plan: "base".to_owned(),
            modules: vec!["insight".to_owned()],
            features: ["dashboard".to_owned()].into(),
            limits: Limits { per_technician: 1, per_company: 1, lease: 1000 },
            seats: 1,
            problem: None,
        };
        let (plans, report) = (default_catalogue(), Report::default());
        let known =
            Known { plans: &plans, session: &session, entitlement: &entitlement, online: true, report: &report };
        let titles = [("en".to_owned(), "Dashboard".to_owned())].into();
        let listed =
            Listed { id: "dashboard".to_owned(), titles, features: vec!["dashboard".to_owned()], plugin: None };
        let view = view(&listed, &known, Language::Es);
        assert_eq!((view.licensed, view.enabled, view.available), (true, true, false));
        assert_eq!(view.reason.as_deref(), Some("not-installed"));
        assert!(view.explain.unwrap().contains("su operador puede instalar uno"));
    }

    #[test]
    fn a_capability_is_missing_when_all_that_it_begins_with_is() {
        let check = |interfaces: &[&str], unavailable: &[&str], expect: Option<&str>| {
            let interfaces: Vec<String> = interfaces.iter().map(|name| format!("hospes:{name}")).collect();
            let unavailable = unavailable.iter().map(|name| (format!("hospes:{name}"), format!("no {name}"))).collect();
            let report = Report { unavailable, ..Report::default() };
            assert_eq!(missing(&by_class(interfaces.iter()), &report), expect, "{interfaces:?}");
        };
        let desk = ["desk/screen", "desk/cursor", "desk/input"];
        check(&desk, &[], None);
        check(&desk, &["desk/screen", "desk/cursor"], Some("no desk/screen"));
        check(&desk, &["desk/input"], None);
        let system = ["system/insight", "system/services", "system/event-log", "system/process-control"];
        check(&system, &["system/services", "system/event-log"], None);
        check(&system, &["system/insight", "system/services", "system/event-log"], Some("no system/insight"));
        check(&[], &["system/insight"], None);
    }
}
