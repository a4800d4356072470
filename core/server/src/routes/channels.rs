//! `GET /sessions/{id}/channels/{capability}`: the WebSocket of a channel.
//!
//! Every socket checks `Origin`, and its first message must carry a ticket or a token: a cookie opens nothing, so
//! another site's page that makes the browser connect gets nowhere.

use crate::api::ProblemBody;
use crate::caller::{self, Caller};
use crate::channels::{self, MAX_MESSAGE};
use crate::extract::Id;
use crate::refusal::{Answer, Refusal};
use crate::state::App;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use hospes_session::id::SessionId;
use std::sync::Arc;
use tracing::Instrument;

/// A WebSocket: first message `{"v":1,"ticket"}` or `{"v":1,"token"}`, then what `hospes_wire::socket` says; after
/// `opened` each binary frame is one message of the plugin, at most 1 MiB.
#[utoipa::path(get, path = "/sessions/{id}/channels/{capability}", tag = "channels",
    params(("id" = String, Path), ("capability" = String, Path)), responses(
    (status = 101, description = "The socket is open; what follows may still be a refusal."),
    (status = 403, body = ProblemBody, content_type = "application/problem+json", description = "foreign-origin"),
    (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    (status = 426, body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn open(
    State(app): State<Arc<App>>,
    caller: Option<Caller>,
    Id(id): Id<SessionId>,
    Path(segments): Path<(String, String)>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Answer<Response> {
    if !caller::origin_allowed(&app, &headers) {
        return Err(caller::foreign_origin());
    }
    // Whoever says who they are is told at once; the others after their first message.
    if let Some(caller) = caller {
        app.store.session(caller.technician.company, id).await?;
    }
    let upgrade = upgrade.map_err(|rejection| {
        Refusal::new("upgrade-required", StatusCode::UPGRADE_REQUIRED, "This address is a WebSocket.")
            .detail(rejection.body_text())
    })?;
    // What happens on the socket is logged under the request's id too.
    let request = tracing::Span::current();
    Ok(upgrade
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE)
        // One message at a time: what the peer does not take is not gathered here.
        .write_buffer_size(0)
        .max_write_buffer_size(2 * MAX_MESSAGE)
        .on_upgrade(move |socket| channels::serve(app, socket, id, segments.1).instrument(request)))
}
