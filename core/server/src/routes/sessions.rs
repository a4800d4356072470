//! Sessions: prepare, list, show, end.

use crate::api::{PrepareAnswer, PrepareRequest, ProblemBody, SessionView, SessionsAnswer, rfc3339};
use crate::caller::Caller;
use crate::clock;
use crate::extract::{Id, Json, Parameters};
use crate::refusal::{Answer, Refusal};
use crate::routes::views;
use crate::state::App;
use crate::sweeper;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use hospes_session::capability::CapabilityId;
use hospes_session::id::SessionId;
use hospes_session::model::{EndReason, Language, SessionState};
use hospes_session::prepare::{Request, prepare as prepare_session};
use hospes_session::quota::{Usage, admit};
use hospes_session::rules::Command;
use hospes_store::StoreError;
use hospes_store::model::{Audit, SessionFilter};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Prepares a session (R1, R2, R4, R7, R18, R20). Code and password are in this answer and nowhere else.
#[utoipa::path(post, path = "/sessions", tag = "sessions", request_body = PrepareRequest, responses(
    (status = 201, body = PrepareAnswer),
    (status = 400, body = ProblemBody, content_type = "application/problem+json"),
    (status = 402, body = ProblemBody, content_type = "application/problem+json", description = "no-seat, licence-not-in-force"),
    (status = 403, body = ProblemBody, content_type = "application/problem+json", description = "not-licensed"),
    (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "quota-technician, quota-company"),
))]
pub(super) async fn prepare(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json(body): Json<PrepareRequest>,
) -> Answer<impl IntoResponse> {
    let (company, entitlement) = app.entitlement(caller.technician.company).await?;
    let language = body.language.as_deref().map_or(Ok(Language::En), language)?;
    entitlement.in_force()?;
    let licensed = licensed(&app, &entitlement.features, body.capabilities.as_deref())?;
    let password = body.password.map(Zeroizing::new);
    let now = clock::now();
    let request = Request {
        company: company.id,
        technician: caller.technician.id,
        customer_email: &body.customer_email,
        customer_name: body.customer_name.as_deref(),
        language,
        note: body.note.as_deref(),
        password: password.as_ref().map(|password| password.as_str()),
        capabilities: body.capabilities.as_deref(),
        licensed: &licensed,
        lease_length: app.settings.lease(entitlement.limits.lease),
        code_lifetime: u64::from(app.settings.code_expiry_minutes) * 60_000,
    };
    let new = prepare_session(&request, now, &clock::random()?).map_err(|invalid| {
        Refusal::new("bad-field", StatusCode::BAD_REQUEST, "A field of the body has a wrong type or value.")
            .detail(invalid.to_string())
    })?;
    // What time has ended holds no quota and no seat, even when the sweeper has not come by yet.
    sweeper::sweep(&app).await?;
    // Only to spare the work of the verifier: the store's conditional write below is what counts.
    let (technician_open, company_open) = app.store.usage(company.id, caller.technician.id).await?;
    admit(Usage { technician_open, company_open, seats: entitlement.seats }, entitlement.limits)
        .map_err(StoreError::Quota)?;
    let verifier = app.passwords.verifier(Zeroizing::new(new.password.reveal().to_owned())).await?;
    let audit = Audit {
        company: Some(company.id),
        session: Some(new.session.id),
        actor: actor(&caller),
        action: "session.prepare".to_owned(),
        detail: json!({ "customer": new.session.customer.email, "capabilities": new.session.capabilities }),
    };
    let link = app.public.link(new.token, app.pin).to_string();
    let notice = json!({ "deployment_link": link });
    app.store.prepare(&new.session, entitlement.limits, entitlement.seats, &verifier, &notice, &audit).await?;
    app.metrics.prepared.add(1);
    app.events.publish(
        company.id,
        Some(new.session.id),
        "session.prepared",
        json!({ "technician": caller.technician.id }),
    );
    let expires_at = match &new.session.state {
        SessionState::Prepared(prepared) => prepared.expires_at,
        SessionState::Active(_) | SessionState::Ended(_) => now,
    };
    let answer = PrepareAnswer {
        id: new.session.id.to_string(),
        state: "prepared".to_owned(),
        deployment_link: link,
        security_code: new.code.reveal().to_owned(),
        password: new.password.reveal().to_owned(),
        code_expires_at: rfc3339(expires_at),
    };
    Ok((StatusCode::CREATED, axum::Json(answer)))
}

/// Which sessions.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct ListParameters {
    /// `prepared`, `active` or `ended`; all when absent.
    state: Option<String>,
}

/// Sessions of the company, newest first.
#[utoipa::path(get, path = "/sessions", tag = "sessions", params(ListParameters), responses(
    (status = 200, body = SessionsAnswer),
    (status = 400, body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Parameters(parameters): Parameters<ListParameters>,
) -> Answer<axum::Json<SessionsAnswer>> {
    let state = parameters.state.filter(|state| !state.is_empty());
    if let Some(state) = &state
        && !["prepared", "active", "ended"].contains(&state.as_str())
    {
        return Err(Refusal::new("bad-parameter", StatusCode::BAD_REQUEST, "A parameter of the address is wrong.")
            .detail(format!("state: found {state:?}, expected prepared, active or ended")));
    }
    let found = app.store.sessions(caller.technician.company, &SessionFilter { state, limit: 0 }).await?;
    Ok(axum::Json(SessionsAnswer { sessions: views::sessions(&app, found).await? }))
}

/// One session.
#[utoipa::path(get, path = "/sessions/{id}", tag = "sessions", params(("id" = String, Path)), responses(
    (status = 200, body = SessionView),
    (status = 404, body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<SessionId>,
) -> Answer<axum::Json<SessionView>> {
    one(&app, &caller, id).await
}

/// Ends a session (R13); ending it twice is no error.
#[utoipa::path(post, path = "/sessions/{id}/end", tag = "sessions", params(("id" = String, Path)), responses(
    (status = 200, body = SessionView),
    (status = 404, body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn end(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<SessionId>,
) -> Answer<axum::Json<SessionView>> {
    app.store.session(caller.technician.company, id).await?;
    let command = Command::End { reason: EndReason::Technician };
    app.apply(id, &command, &actor(&caller), "session.end", json!({})).await?;
    one(&app, &caller, id).await
}

async fn one(app: &App, caller: &Caller, id: SessionId) -> Answer<axum::Json<SessionView>> {
    let session = app.store.session(caller.technician.company, id).await?;
    let view = views::sessions(app, vec![session]).await?.pop().ok_or_else(Refusal::not_found)?;
    Ok(axum::Json(view))
}

/// The technician as the audit log names them.
pub(super) fn actor(caller: &Caller) -> String {
    format!("technician:{}", caller.technician.id)
}

fn language(text: &str) -> Answer<Language> {
    match text {
        "en" => Ok(Language::En),
        "fr" => Ok(Language::Fr),
        "es" => Ok(Language::Es),
        other => {
            Err(Refusal::new("bad-field", StatusCode::BAD_REQUEST, "A field of the body has a wrong type or value.")
                .detail(format!("language: found {other:?}, expected en, fr or es")))
        }
    }
}

/// The capabilities that the plan has; refuses when a wanted one exists and is not among them (R9, R10).
fn licensed(app: &App, features: &BTreeSet<String>, wanted: Option<&[String]>) -> Answer<BTreeSet<CapabilityId>> {
    let mut licensed = BTreeSet::new();
    for listed in app.plugins.listed() {
        if listed.features.iter().any(|feature| features.contains(feature)) {
            licensed.extend(CapabilityId::new(listed.id).ok());
        } else if wanted.is_some_and(|wanted| wanted.contains(&listed.id)) {
            return Err(Refusal::new("not-licensed", StatusCode::FORBIDDEN, "The company's plan does not have this.")
                .detail(format!("{} needs the feature '{}'", listed.id, listed.features.join("' or '"))));
        }
    }
    Ok(licensed)
}
