//! Tickets for channels.

use crate::api::{ProblemBody, TicketAnswer, TicketRequest};
use crate::caller::Caller;
use crate::extract::{Id, Json};
use crate::refusal::{Answer, Refusal};
use crate::state::App;
use axum::extract::State;
use axum::http::StatusCode;
use hospes_session::capability::CapabilityId;
use hospes_session::id::SessionId;
use std::sync::Arc;

/// A ticket that opens one channel of one capability once, within 30 s.
#[utoipa::path(post, path = "/sessions/{id}/tickets", tag = "channels", params(("id" = String, Path)),
    request_body = TicketRequest, responses(
    (status = 200, body = TicketAnswer),
    (status = 400, body = ProblemBody, content_type = "application/problem+json", description = "unknown-capability"),
    (status = 404, body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn issue(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<SessionId>,
    Json(body): Json<TicketRequest>,
) -> Answer<axum::Json<TicketAnswer>> {
    app.store.session(caller.technician.company, id).await?;
    let known = app.plugins.listed().into_iter().any(|listed| listed.id == body.capability);
    let capability = CapabilityId::new(body.capability.clone()).ok().filter(|_| known).ok_or_else(|| {
        Refusal::new("unknown-capability", StatusCode::BAD_REQUEST, "There is no such capability.")
            .detail(format!("capability: {:?} is neither installed nor sold here", body.capability))
    })?;
    Ok(axum::Json(TicketAnswer { ticket: app.tickets.issue(caller, id, capability)? }))
}
