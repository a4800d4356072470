//! Which capabilities a session has (R20): chosen at prepare, and changed while it is open.

use crate::api::{ChooseRequest, ProblemBody, SessionView};
use crate::caller::Caller;
use crate::extract::{Id, Json};
use crate::refusal::{Answer, Refusal};
use crate::routes::sessions;
use crate::state::App;
use axum::extract::State;
use axum::http::StatusCode;
use hospes_session::capability::CapabilityId;
use hospes_session::choice::choose;
use hospes_session::id::SessionId;
use hospes_session::rules::{self, Command};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Chooses other capabilities while the session is prepared or active (R20). One that is taken away closes its channels
/// within a second; one that is added can be opened at once, when the customer allows it.
#[utoipa::path(patch, path = "/sessions/{id}", tag = "sessions", params(("id" = String, Path)),
    request_body = ChooseRequest, responses(
    (status = 200, body = SessionView),
    (status = 400, body = ProblemBody, content_type = "application/problem+json"),
    (status = 402, body = ProblemBody, content_type = "application/problem+json", description = "not-licensed, licence-not-in-force"),
    (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    (status = 410, body = ProblemBody, content_type = "application/problem+json", description = "session-ended"),
))]
pub(super) async fn change(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<SessionId>,
    Json(body): Json<ChooseRequest>,
) -> Answer<axum::Json<SessionView>> {
    let session = app.store.session(caller.technician.company, id).await?;
    let (_, entitlement) = app.entitlement(session.company).await?;
    entitlement.in_force()?;
    let licensed = licensed(&app, &entitlement.features);
    let has = &session.capabilities;
    wanted(&app, &licensed, has, Some(&body.capabilities), StatusCode::PAYMENT_REQUIRED)?;
    let capabilities = choose(Some(&body.capabilities), &licensed, has)?;
    let detail = json!({ "plan": entitlement.plan, "licensed": licensed });
    let command = Command::Choose { capabilities };
    match app.apply(id, &command, &caller.actor(), "session.choose", detail).await?.answer {
        rules::Answer::Done => sessions::one(&app, &caller, id).await,
        _ => Err(Refusal::new("session-ended", StatusCode::GONE, "The session is over.").detail("Prepare a new one.")),
    }
}

/// The capabilities that these features of the plan unlock (R9, R10).
pub(super) fn licensed(app: &App, features: &BTreeSet<String>) -> BTreeSet<CapabilityId> {
    let listed = app.plugins.listed().into_iter();
    let licensed = listed.filter(|listed| listed.features.iter().any(|feature| features.contains(feature)));
    licensed.filter_map(|listed| CapabilityId::new(listed.id).ok()).collect()
}

/// Refuses when one that is wanted exists, and neither the plan nor the session has it.
pub(super) fn wanted(
    app: &App,
    licensed: &BTreeSet<CapabilityId>,
    has: &[CapabilityId],
    wanted: Option<&[String]>,
    status: StatusCode,
) -> Answer<()> {
    let known = |id: &str| licensed.iter().chain(has).any(|known| known.as_str() == id);
    for listed in app.plugins.listed() {
        if wanted.is_some_and(|wanted| wanted.contains(&listed.id)) && !known(&listed.id) {
            return Err(Refusal::new("not-licensed", status, "The company's plan does not have this.")
                .detail(format!("{} needs the feature '{}'", listed.id, listed.features.join("' or '"))));
        }
    }
    Ok(())
}
