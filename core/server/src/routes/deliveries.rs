//! What became of notifications, and asking for one again.

use crate::api::ProblemBody;
use crate::api::notifications::{DeliveriesAnswer, DeliveryView};
use crate::caller::Caller;
use crate::clock;
use crate::extract::{Id, Parameters};
use crate::refusal::{Answer, Refusal};
use crate::routes::views;
use crate::state::App;
use axum::extract::State;
use axum::http::StatusCode;
use hospes_session::id::{DeliveryId, SessionId};
use hospes_store::model::Audit;
use hospes_store::outbox::{DeliveryFilter, DeliveryState};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

/// Deliveries of a page when nobody says how many, and at most.
const PAGE: (u32, u32) = (100, 500);

/// Which deliveries.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct DeliveryParameters {
    /// `waiting`, `delivered` or `dead`; all when absent.
    state: Option<String>,
    /// `next` of the page before.
    before: Option<String>,
    /// 1 to 500; 100 when absent.
    limit: Option<u32>,
}

/// The company's deliveries, newest first; done ones are kept for 30 days.
#[utoipa::path(get, path = "/notifications/deliveries", tag = "notifications", params(DeliveryParameters), responses(
    (status = 200, body = DeliveriesAnswer),
    (status = 400, body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Parameters(parameters): Parameters<DeliveryParameters>,
) -> Answer<axum::Json<DeliveriesAnswer>> {
    let state = match parameters.state.as_deref().filter(|state| !state.is_empty()) {
        None => None,
        Some("waiting") => Some(DeliveryState::Waiting),
        Some("delivered") => Some(DeliveryState::Delivered),
        Some("dead") => Some(DeliveryState::Dead),
        Some(other) => {
            return Err(bad_parameter(format!("state: found {other:?}, expected waiting, delivered or dead")));
        }
    };
    let limit = parameters.limit.unwrap_or(PAGE.0);
    if limit == 0 || limit > PAGE.1 {
        return Err(bad_parameter(format!("limit: found {limit}, expected 1 to {}", PAGE.1)));
    }
    let before = match parameters.before.as_deref().filter(|id| !id.is_empty()) {
        Some(id) => Some(
            id.parse().map_err(|_| bad_parameter(format!("before: found {id:?}, expected the 'next' of a page")))?,
        ),
        None => None,
    };
    page(&app, &caller, DeliveryFilter { state, session: None, before, limit }).await
}

fn bad_parameter(detail: String) -> Refusal {
    Refusal::new("bad-parameter", StatusCode::BAD_REQUEST, "A parameter of the address is wrong.").detail(detail)
}

async fn page(app: &App, caller: &Caller, filter: DeliveryFilter) -> Answer<axum::Json<DeliveriesAnswer>> {
    let limit = filter.limit;
    // One more than is shown says whether there is a next page.
    let filter = DeliveryFilter { limit: limit + 1, ..filter };
    let mut found = app.store.deliveries(caller.technician.company, &filter).await?;
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = found.len() > shown;
    found.truncate(shown);
    let next = found.last().filter(|_| more).map(|last| last.id.to_string());
    Ok(axum::Json(DeliveriesAnswer { deliveries: found.iter().map(views::delivery).collect(), next }))
}

/// Deliveries of one session, newest first, at most 500.
#[utoipa::path(get, path = "/sessions/{id}/notifications", tag = "notifications", params(("id" = String, Path)), responses(
    (status = 200, body = DeliveriesAnswer),
    (status = 404, body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn of_session(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<SessionId>,
) -> Answer<axum::Json<DeliveriesAnswer>> {
    app.store.session(caller.technician.company, id).await?;
    page(&app, &caller, DeliveryFilter { session: Some(id), limit: PAGE.1, ..DeliveryFilter::default() }).await
}

/// Asks for a delivery again, with the same key: a receiver that honours keys takes it once. Once a minute, and not while it
/// is being tried.
#[utoipa::path(post, path = "/notifications/deliveries/{id}/retry", tag = "notifications", params(("id" = String, Path)), responses(
    (status = 200, body = DeliveryView),
    (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "link-dead, channel-removed, stale"),
    (status = 429, body = ProblemBody, content_type = "application/problem+json", description = "too-many-tries"),
))]
pub(super) async fn send_again(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<DeliveryId>,
) -> Answer<axum::Json<DeliveryView>> {
    let company = caller.technician.company;
    let delivery = app.store.delivery(company, id).await?;
    if delivery.lacks_its_link() {
        return Err(Refusal::new(
            "link-dead",
            StatusCode::CONFLICT,
            "The link of this invitation is not kept any more.",
        )
        .detail("It was delivered, used, or is over. Prepare a new session to send a new one."));
    }
    let channels = app.store.notification_channels(company).await?;
    if !channels.iter().any(|channel| channel.id == delivery.channel) {
        return Err(Refusal::new("channel-removed", StatusCode::CONFLICT, "The channel of this delivery was removed.")
            .detail("Nothing can be sent by it any more."));
    }
    app.notifiers.again.ask(id)?;
    let audit = Audit {
        company: Some(company),
        session: delivery.session,
        actor: caller.actor(),
        action: "notification.retry".to_owned(),
        detail: json!({ "delivery": id, "event": delivery.event }),
    };
    let delivery = app.store.send_again(company, id, clock::now(), &audit).await?;
    app.notifiers.news.notify_one();
    let view = views::delivery(&delivery);
    app.events.publish(company, delivery.session, "notification.changed", json!({ "delivery": view }));
    Ok(axum::Json(view))
}
