//! `GET /events`: server-sent events of the caller's company.

use crate::api::ProblemBody;
use crate::caller::Caller;
use crate::events::{Happened, Reader};
use crate::live;
use crate::state::App;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

/// What happens in the company's sessions, as it happens. The event's name says what, its data is an `EventView`.
/// `resync` means that some were missed: look again. `login.ended` is the last: log in again.
#[utoipa::path(get, path = "/events", tag = "events", responses(
    (status = 200, content_type = "text/event-stream", body = crate::api::EventView),
    (status = 401, body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn stream(State(app): State<Arc<App>>, caller: Caller) -> impl IntoResponse {
    let company = caller.technician.company;
    let listener = Listener {
        reader: app.events.read(company),
        login: app.streams.open(caller.login),
        stop: app.stop.clone(),
        heard: Heard::Nothing,
    };
    let events = stream::unfold(listener, move |mut listener| async move {
        match listener.heard {
            // Tells the reader that the stream stands, before anything happens.
            Heard::Nothing => {
                listener.heard = Heard::Something;
                return Some((Ok::<_, Infallible>(Event::default().comment("listening")), listener));
            }
            Heard::Something => {}
            Heard::All => return None,
        }
        loop {
            let received = tokio::select! {
                biased;
                () = listener.stop.cancelled() => return None,
                () = listener.login.ended.cancelled() => {
                    listener.heard = Heard::All;
                    return Some((Ok(Event::default().event("login.ended").data("{}")), listener));
                }
                received = listener.reader.events.recv() => received,
            };
            let event = match received {
                Ok(happened) if happened.company == company => written(&happened),
                Ok(_) => continue,
                Err(RecvError::Lagged(_)) => Event::default().event("resync").data("{}"),
                Err(RecvError::Closed) => return None,
            };
            return Some((Ok(event), listener));
        }
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}

/// A reader of the stream.
struct Listener {
    reader: Reader,
    login: live::Stream,
    stop: CancellationToken,
    heard: Heard,
}

/// What the reader was told so far.
enum Heard {
    Nothing,
    Something,
    All,
}

fn written(happened: &Happened) -> Event {
    let data = serde_json::to_string(&happened.view).unwrap_or_else(|_| "{}".to_owned());
    Event::default().event(&happened.name).data(data)
}
