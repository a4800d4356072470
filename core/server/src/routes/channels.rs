//! `GET /sessions/{id}/channels/{capability}`.

use crate::caller::{self, Caller};
use crate::extract::Id;
use crate::refusal::{Answer, Refusal};
use crate::state::App;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use hospes_session::id::SessionId;
use std::sync::Arc;

/// A channel.
#[utoipa::path(get, path = "/sessions/{id}/channels/{capability}", tag = "channels",
    params(("id" = String, Path), ("capability" = String, Path)), responses((status = 101)))]
pub(super) async fn open(
    State(app): State<Arc<App>>,
    caller: Option<Caller>,
    Id(id): Id<SessionId>,
    headers: HeaderMap,
) -> Answer<Response> {
    if !caller::origin_allowed(&app, &headers) {
        return Err(caller::foreign_origin());
    }
    if let Some(caller) = caller {
        app.store.session(caller.technician.company, id).await?;
    }
    Err(Refusal::new("upgrade-required", StatusCode::UPGRADE_REQUIRED, "This address is a WebSocket."))
}
