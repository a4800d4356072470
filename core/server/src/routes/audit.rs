//! The audit log.

use crate::api::{AuditAnswer, AuditView, ProblemBody, rfc3339};
use crate::caller::Caller;
use crate::extract::Parameters;
use crate::refusal::{Answer, Refusal};
use crate::state::App;
use axum::extract::State;
use axum::http::StatusCode;
use hospes_session::id::SessionId;
use hospes_session::model::Millis;
use serde::Deserialize;
use std::sync::Arc;

/// Which entries.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditParameters {
    /// First moment, RFC 3339.
    from: Option<String>,
    /// Last moment, RFC 3339.
    to: Option<String>,
    /// One session only.
    session: Option<String>,
}

/// Entries of the company, oldest first, at most 1000; append-only and hash-chained.
#[utoipa::path(get, path = "/audit", tag = "audit", params(AuditParameters), responses(
    (status = 200, body = AuditAnswer),
    (status = 400, body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Parameters(parameters): Parameters<AuditParameters>,
) -> Answer<axum::Json<AuditAnswer>> {
    let company = caller.technician.company;
    let from = parameters.from.as_deref().map(|text| moment("from", text)).transpose()?;
    let to = parameters.to.as_deref().map(|text| moment("to", text)).transpose()?;
    let session = match parameters.session.filter(|text| !text.is_empty()) {
        Some(text) => {
            let id: SessionId = text.parse().map_err(|_| Refusal::not_found())?;
            app.store.session(company, id).await?;
            Some(id)
        }
        None => None,
    };
    let entries = app.store.audit_entries(company, from, to, session).await?;
    let entries = entries.into_iter().map(|entry| AuditView {
        sequence: entry.sequence,
        at: rfc3339(entry.at),
        session: entry.session.map(|id| id.to_string()),
        actor: entry.actor,
        action: entry.action,
        detail: entry.detail,
        hash: entry.hash,
    });
    Ok(axum::Json(AuditAnswer { entries: entries.collect() }))
}

fn moment(key: &str, text: &str) -> Answer<Millis> {
    let parsed = text.parse::<jiff::Timestamp>().ok().and_then(|at| Millis::try_from(at.as_millisecond()).ok());
    parsed.ok_or_else(|| {
        Refusal::new("bad-parameter", StatusCode::BAD_REQUEST, "A parameter of the address is wrong.")
            .detail(format!("{key}: found {text:?}, expected a moment like 2026-11-20T08:15:00Z"))
    })
}
