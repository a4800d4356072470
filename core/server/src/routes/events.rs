//! `GET /events`: server-sent events of the caller's company.

use crate::api::ProblemBody;
use crate::caller::Caller;
use crate::events::Happened;
use crate::state::App;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;

/// What happens in the company's sessions, as it happens. The event's name says what, its data is an `EventView`.
/// `resync` means that some were missed: look again.
#[utoipa::path(get, path = "/events", tag = "events", responses(
    (status = 200, content_type = "text/event-stream", body = crate::api::EventView),
    (status = 401, body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn stream(State(app): State<Arc<App>>, caller: Caller) -> impl IntoResponse {
    let company = caller.technician.company;
    let listener = (app.events.read(company), app.stop.clone(), true);
    let events = stream::unfold(listener, move |(mut reader, stop, first)| async move {
        if first {
            // Tells the reader that the stream stands, before anything happens.
            return Some((Ok::<_, Infallible>(Event::default().comment("listening")), (reader, stop, false)));
        }
        loop {
            let received = tokio::select! {
                received = reader.events.recv() => received,
                () = stop.cancelled() => return None,
            };
            let event = match received {
                Ok(happened) if happened.company == company => written(&happened),
                Ok(_) => continue,
                Err(RecvError::Lagged(_)) => Event::default().event("resync").data("{}"),
                Err(RecvError::Closed) => return None,
            };
            return Some((Ok(event), (reader, stop, false)));
        }
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}

fn written(happened: &Happened) -> Event {
    let data = serde_json::to_string(&happened.view).unwrap_or_else(|_| "{}".to_owned());
    Event::default().event(&happened.name).data(data)
}
