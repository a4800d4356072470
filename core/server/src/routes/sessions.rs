//! Sessions: prepare, show, end.

use crate::api::{PrepareAnswer, PrepareRequest, ProblemBody, SessionView, rfc3339};
use crate::caller::Caller;
use crate::clock;
use crate::extract::{Id, Json};
use crate::refusal::{Answer, Refusal};
use crate::routes::{choice, views};
use crate::state::App;
use crate::sweeper;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use hospes_session::id::SessionId;
use hospes_session::model::{EndReason, Language, SessionState};
use hospes_session::prepare::{Request, prepare as prepare_session};
use hospes_session::quota::{Usage, admit};
use hospes_session::rules::Command;
use hospes_store::StoreError;
use hospes_store::model::Audit;
use serde_json::json;
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
#[tracing::instrument(name = "prepare", skip_all)]
pub(super) async fn prepare(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json(body): Json<PrepareRequest>,
) -> Answer<impl IntoResponse> {
    let (company, entitlement) = app.entitlement(caller.technician.company).await?;
    let language = body.language.as_deref().map_or(Ok(Language::En), language)?;
    entitlement.in_force()?;
    let licensed = choice::licensed(&app, &entitlement.features);
    choice::wanted(&app, &licensed, &[], body.capabilities.as_deref(), StatusCode::FORBIDDEN)?;
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
    let new = prepare_session(&request, now, &clock::random()?)?;
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
        actor: caller.actor(),
        action: "session.prepare".to_owned(),
        detail: json!({ "customer": new.session.customer.email, "capabilities": new.session.capabilities }),
    };
    let link = app.public.link(new.token, app.pin).to_string();
    let notice = json!({ "deployment_link": link });
    app.store.prepare(&new.session, entitlement.limits, entitlement.seats, &verifier, &notice, &audit).await?;
    app.notifiers.news.notify_one();
    app.metrics.prepared.inc();
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
    app.apply(id, &command, &caller.actor(), "session.end", json!({})).await?;
    one(&app, &caller, id).await
}

pub(super) async fn one(app: &App, caller: &Caller, id: SessionId) -> Answer<axum::Json<SessionView>> {
    let session = app.store.session(caller.technician.company, id).await?;
    let view = views::sessions(app, vec![session]).await?.pop().ok_or_else(Refusal::not_found)?;
    Ok(axum::Json(view))
}

/// A language by its code.
pub(super) fn language(text: &str) -> Answer<Language> {
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
