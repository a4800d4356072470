//! Opening: the grant goes to the host on a stream of its own; the password's proof passes through unread.

use crate::channels::authority::{self, Authority};
use crate::channels::registry::Channel;
use crate::channels::socket;
use crate::hosts::registry::OnlineHost;
use crate::hosts::trimmed_problem;
use crate::refusal::{Answer, Refusal};
use crate::state::App;
use axum::extract::ws::{Message, WebSocket};
use axum::http::StatusCode;
use hospes_transport::MessageStream;
use hospes_wire::channel::{FromHost, ToHost};
use hospes_wire::message::{from_frame, to_frame};
use hospes_wire::problem::Problem;
use hospes_wire::socket::{FromTechnician, Opened, ToTechnician};
use std::sync::Arc;
use std::time::Duration;

/// Longest time until the host says yes or no: typing a password and a customer's minute of thought fit in.
const PATIENCE: Duration = Duration::from_secs(300);
/// How often a browser that waits is asked whether it is still there.
const PING: Duration = Duration::from_secs(15);

/// A channel that the host was asked for.
pub(super) struct Opening {
    pub(super) host: Arc<OnlineHost>,
    pub(super) authority: Authority,
    pub(super) stream: MessageStream,
}

/// Decides, signs, and asks the host.
pub(super) async fn begin(app: &App, channel: &Channel, request: String) -> Answer<Opening> {
    let authority = authority::decide(app, &channel.caller, channel.session, &channel.capability).await?;
    let host = app.hosts.get(channel.session).filter(|host| host.key == authority.host_key).ok_or_else(offline)?;
    let grant = authority::grant(app, channel, &authority, 0)?;
    let open = to_frame(&ToHost::Open { grant, request }).map_err(|error| {
        Refusal::new("message-too-long", StatusCode::PAYLOAD_TOO_LARGE, "The request is too long.")
            .detail(error.to_string())
    })?;
    let mut stream = host.connection.open_stream().await.map_err(|error| offline().detail(error.to_string()))?;
    stream.send(open).await.map_err(|error| offline().detail(error.to_string()))?;
    Ok(Opening { host, authority, stream })
}

fn offline() -> Refusal {
    Refusal::new("host-offline", StatusCode::SERVICE_UNAVAILABLE, "The customer's computer is not connected.")
        .detail("The session stays active; try again when it is back online.")
}

/// The host's connection or stream ended before its answer.
fn lost(why: &str) -> Problem {
    Problem::new("host-offline", 503, "The customer's computer was disconnected.").detail(why.to_owned())
}

/// Passes messages to and fro until the host says yes or no.
pub(super) async fn finish(
    socket: &mut WebSocket,
    channel: &Channel,
    stream: &mut MessageStream,
) -> Result<Opened, Problem> {
    let too_long = tokio::time::sleep(PATIENCE);
    tokio::pin!(too_long);
    let mut pings = tokio::time::interval(PING);
    loop {
        tokio::select! {
            frame = stream.recv() => {
                let frame = frame.map_err(|error| lost(&error.to_string()))?.ok_or_else(|| lost("no answer"))?;
                let message = from_frame(&frame).map_err(|error| error.problem())?;
                let answer = match message {
                    FromHost::NeedPassword { retry_after } => {
                        ToTechnician::Need { need: "session-password".to_owned(), retry_after }
                    }
                    FromHost::Pake { message } => ToTechnician::Pake { message },
                    FromHost::Wait { reason } => ToTechnician::Wait { reason },
                    FromHost::Opened { interfaces } => {
                        return Ok(Opened { channel: channel.id.to_string(), interfaces });
                    }
                    FromHost::Refused { problem } => return Err(trimmed_problem(problem)),
                };
                if !socket::say(socket, &answer).await {
                    return Err(gone());
                }
            }
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => match socket::read(text.as_str()) {
                    Some(FromTechnician::Pake { message }) => {
                        let frame = to_frame(&ToHost::Pake { message }).map_err(|error| error.problem())?;
                        stream.send(frame).await.map_err(|error| lost(&error.to_string()))?;
                    }
                    Some(FromTechnician::Finish {}) | None => return Err(not_yet()),
                },
                Some(Ok(Message::Binary(_))) => return Err(not_yet()),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(gone()),
            },
            _ = pings.tick() => {
                if socket.send(Message::Ping(bytes::Bytes::new())).await.is_err() {
                    return Err(gone());
                }
            }
            () = &mut too_long => {
                return Err(Problem::new("no-answer", 504, "The customer's computer did not answer."));
            }
        }
    }
}

fn gone() -> Problem {
    Problem::new("closed", 499, "The technician's side closed the socket.")
}

fn not_yet() -> Problem {
    Problem::new("bad-message", 400, "A message came before the channel was open.")
        .detail("expected a PAKE message, or nothing until 'opened'")
}
