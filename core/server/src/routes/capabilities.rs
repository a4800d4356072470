//! What can be done in a session (R9, R10, R20).

use crate::api::{CapabilitiesAnswer, CapabilityView, PageView, ProblemBody};
use crate::caller::Caller;
use crate::entitlement::Entitlement;
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
use hospes_wire::control::ConsentState;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// In which language titles are.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct LanguageParameter {
    /// `en`, `fr` or `es`; `Accept-Language` when absent.
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
    let language = choose_language(parameters.lang.as_deref(), None, &headers);
    let online = app.hosts.get(id).is_some();
    let report = app.hosts.last_report(id).unwrap_or_default();
    let capabilities = app
        .plugins
        .listed()
        .into_iter()
        .map(|listed| view(&listed, &session, &entitlement, online, &report, language))
        .collect();
    Ok(axum::Json(CapabilitiesAnswer { capabilities }))
}

fn view(
    listed: &Listed,
    session: &Session,
    entitlement: &Entitlement,
    online: bool,
    report: &Report,
    language: Language,
) -> CapabilityView {
    let feature = listed.features.iter().find(|feature| entitlement.features.contains(*feature));
    let manifest = listed.plugin.as_ref().map(|plugin| &plugin.manifest);
    let classes = manifest.map(|manifest| by_class(manifest.tiers.values().flatten())).unwrap_or_default();
    let reason = if listed.plugin.is_none() {
        Some("not-installed".to_owned())
    } else if !matches!(session.state, SessionState::Active(_)) {
        Some("session-not-active".to_owned())
    } else if !online {
        Some("host-offline".to_owned())
    } else {
        missing(&classes, report)
    };
    let title = listed.titles.get(views::language(language)).or_else(|| listed.titles.get("en"));
    CapabilityView {
        title: title.cloned().unwrap_or_else(|| listed.id.clone()),
        titles: listed.titles.clone(),
        feature: feature.or_else(|| listed.features.first()).cloned().unwrap_or_else(|| listed.id.clone()),
        licensed: feature.is_some(),
        enabled: session.capabilities.iter().any(|chosen| chosen.as_str() == listed.id),
        available: reason.is_none(),
        reason,
        consent: consent(&classes, report).to_owned(),
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

/// Without what it is asked for first (seeing before controlling, reading before writing) a capability cannot start.
fn missing(classes: &BTreeMap<ConsentClass, Vec<&str>>, report: &Report) -> Option<String> {
    let first = ConsentClass::ALL.iter().find_map(|class| classes.get(class))?;
    first.iter().find_map(|interface| report.unavailable.get(*interface)).cloned()
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
