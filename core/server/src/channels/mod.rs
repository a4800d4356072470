//! Channels: from the technician's WebSocket to a stream of the host, blindly. A browser and a command line are the same
//! here.
//!
//! `authority` decides and signs the grant, `open` passes it to the host and the password's proof to and fro, `relay`
//! splices bytes, `supervise` renews or revokes while the channel lives.

mod authority;
mod open;
pub(crate) mod registry;
mod relay;
mod socket;
mod supervise;

use crate::caller::{self, Caller};
use crate::clock;
use crate::metrics::{Via, budget_of};
use crate::refusal::Refusal;
use crate::state::App;
use axum::extract::ws::WebSocket;
use axum::http::StatusCode;
use hospes_session::capability::CapabilityId;
use hospes_session::id::{ChannelId, SessionId};
use hospes_store::model::Audit;
use hospes_wire::control::ServerMessage;
use hospes_wire::problem::Problem;
use hospes_wire::socket::{Open, ToTechnician};
use registry::Channel;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tracing::Instrument;

/// Longest message of a plugin, in bytes.
pub(crate) const MAX_MESSAGE: usize = 1 << 20;

/// Longest wait for a host to take what was sent before the technician closed.
const FINISH: Duration = Duration::from_secs(5);

/// Serves one socket, from its first message to its end.
pub(crate) async fn serve(app: Arc<App>, mut socket: WebSocket, session: SessionId, capability: String) {
    let (caller, capability, request) = match admit(&app, &mut socket, session, &capability).await {
        Ok(admitted) => admitted,
        Err(refusal) => {
            return refuse(&app, &mut socket, refusal).await;
        }
    };
    let now = clock::now();
    let id = match clock::random() {
        Ok(random) => ChannelId::from_parts(now, random),
        Err(refusal) => {
            return refuse(&app, &mut socket, refusal).await;
        }
    };
    let company = caller.technician.company;
    let channel = Arc::new(Channel::new(id, session, company, capability, caller, now));
    // Listed from now on, so that an end of the session that comes while it opens is felt.
    let entry = match app.channels.enter(&channel) {
        Ok(entry) => entry,
        // Not in the audit log: whoever asks too often would fill it.
        Err(refusal) => {
            return refuse(&app, &mut socket, refusal).await;
        }
    };
    let farewell = Box::pin(run(&app, &mut socket, &channel, request)).await;
    drop(entry);
    if channel.is_open() {
        app.events.publish(company, Some(session), "channel.closed", describe(&channel));
    }
    count(&app, &channel, &farewell);
    socket::farewell(&mut socket, &farewell).await;
}

async fn refuse(app: &App, socket: &mut WebSocket, refusal: Refusal) {
    let refused = refusal.into_problem();
    app.metrics.refused(Via::Channel, refused.code());
    socket::farewell(socket, &ToTechnician::Refused { refused }).await;
}

/// Counts what the operator should see of a channel's end.
fn count(app: &App, channel: &Channel, farewell: &ToTechnician) {
    match farewell {
        ToTechnician::Refused { refused } => app.metrics.refused(Via::Channel, refused.code()),
        ToTechnician::Closed { problem: Some(problem) } if problem.code() == "plugin-budget" => {
            app.metrics.budget_exceeded(channel.capability.as_str(), budget_of(&problem.title));
        }
        _ => {}
    }
}

/// Opens, relays, and says with which words the socket closes.
async fn run(app: &Arc<App>, socket: &mut WebSocket, channel: &Arc<Channel>, request: String) -> ToTechnician {
    let refused = |problem: Problem| ToTechnician::Refused { refused: problem };
    let events = app.events.subscribe();
    // One for both halves: the grant's way to the host, and the host's answer.
    let span = tracing::info_span!(
        "channel.open", session = %channel.session, channel = %channel.id, capability = %channel.capability
    );
    let mut opening = match open::begin(app, channel, request).instrument(span.clone()).await {
        Ok(opening) => opening,
        Err(refusal) => {
            let problem = refusal.into_problem();
            not_opened(app, channel, &problem).await;
            return refused(problem);
        }
    };
    let supervised = supervise::run(app, channel, &opening.host, opening.authority.clone(), events);
    let served = async {
        let opened = match open::finish(socket, channel, &mut opening.stream).instrument(span).await {
            Ok(opened) => opened,
            Err(problem) => {
                not_opened(app, channel, &problem).await;
                return refused(problem);
            }
        };
        channel.opened();
        app.metrics.channel_opened(channel.capability.as_str());
        let mut detail = describe(channel);
        if let Some(fields) = detail.as_object_mut() {
            fields.insert("interfaces".to_owned(), json!(opened.interfaces));
            fields.insert("component".to_owned(), json!(opening.authority.plugin.hash));
            fields.insert("login".to_owned(), json!(channel.caller.login));
        }
        audit(app, channel, "channel.open", detail).await;
        app.events.publish(channel.company, Some(channel.session), "channel.opened", describe(channel));
        if !socket::say(socket, &ToTechnician::Opened { opened }).await {
            return ToTechnician::Closed { problem: None };
        }
        let problem = relay::splice(app, channel, socket, &mut opening.stream).await;
        ToTechnician::Closed { problem }
    };
    let farewell = tokio::select! {
        farewell = served => farewell,
        problem = channel.ended() => close_with(channel, problem),
        problem = supervised => close_with(channel, problem),
        () = app.stop.cancelled() => {
            close_with(channel, Problem::new("server-restarting", 503, "The server is restarting.")
                .detail("Open the channel again in a moment."))
        }
    };
    if matches!(farewell, ToTechnician::Closed { problem: None }) {
        // What the technician sent before closing still arrives; a host that does not take it in time loses it.
        let _in_time = tokio::time::timeout(FINISH, opening.stream.finish()).await;
    } else {
        opening.stream.reset(0);
    }
    if channel.is_open() {
        let problem = match &farewell {
            ToTechnician::Closed { problem } => problem.clone(),
            _ => None,
        };
        let detail = json!({
            "channel": channel.id,
            "capability": channel.capability,
            "problem": problem,
            "bytes_to_host": channel.to_host.load(Ordering::Relaxed),
            "bytes_from_host": channel.from_host.load(Ordering::Relaxed),
        });
        audit(app, channel, "channel.close", detail).await;
    }
    farewell
}

fn close_with(channel: &Channel, problem: Problem) -> ToTechnician {
    if channel.is_open() {
        ToTechnician::Closed { problem: Some(problem) }
    } else {
        ToTechnician::Refused { refused: problem }
    }
}

/// Reads the first message: who, by a ticket or a token, never by a cookie.
async fn admit(
    app: &App,
    socket: &mut WebSocket,
    session: SessionId,
    capability: &str,
) -> Result<(Caller, CapabilityId, String), Refusal> {
    let open: Open = socket::first(socket).await?;
    if open.v != hospes_wire::VERSION {
        return Err(Refusal::new(
            "unsupported-version",
            StatusCode::BAD_REQUEST,
            "This server does not speak that version.",
        )
        .detail(format!("v: found {}, expected {}", open.v, hospes_wire::VERSION)));
    }
    let caller = match (&open.ticket, &open.token) {
        (Some(ticket), None) => {
            let ticket = app
                .tickets
                .redeem(ticket, Instant::now())
                .filter(|ticket| ticket.session == session && ticket.capability.as_str() == capability);
            let ticket = ticket.ok_or_else(|| {
                Refusal::new("bad-ticket", StatusCode::UNAUTHORIZED, "The ticket is not valid.")
                    .detail("A ticket opens one channel of one capability once, within 30 s; ask for another.")
            })?;
            ticket.caller
        }
        (None, Some(token)) => caller::by_token(app, token).await?.settled()?,
        (None, None) | (Some(_), Some(_)) => {
            return Err(Refusal::new("bad-message", StatusCode::BAD_REQUEST, "The first message cannot be read.")
                .detail("expected {\"v\":1,\"ticket\":\"...\"} or {\"v\":1,\"token\":\"...\"}"));
        }
    };
    let capability = CapabilityId::new(capability).map_err(|_| Refusal::not_found())?;
    let request = open.request.map_or_else(|| "{}".to_owned(), |request| request.to_string());
    Ok((caller, capability, request))
}

/// A channel as events and the audit log name it.
fn describe(channel: &Channel) -> Value {
    json!({
        "channel": channel.id,
        "capability": channel.capability,
        "technician": channel.caller.technician.id,
        "technician_name": channel.caller.technician.name,
    })
}

/// Writes down that a channel was not opened, and tells the company. Of another company's session it learns nothing.
async fn not_opened(app: &App, channel: &Channel, problem: &Problem) {
    if problem.status == StatusCode::NOT_FOUND.as_u16()
        && app.store.session(channel.company, channel.session).await.is_err()
    {
        return;
    }
    let mut detail = describe(channel);
    if let Some(fields) = detail.as_object_mut() {
        fields.insert("problem".to_owned(), json!(problem));
    }
    app.events.publish(channel.company, Some(channel.session), "channel.refused", detail.clone());
    audit(app, channel, "channel.refuse", detail).await;
}

/// Writes down what happened; a log that cannot be written is in the server's own log.
async fn audit(app: &App, channel: &Channel, action: &str, detail: Value) {
    let audit = Audit {
        company: Some(channel.company),
        session: Some(channel.session),
        actor: format!("technician:{}", channel.caller.technician.id),
        action: action.to_owned(),
        detail,
    };
    if let Err(error) = app.store.audit(&audit, clock::now()).await {
        tracing::error!(%error, action, "not written to the audit log");
    }
}

/// Tells the host to close a channel at once.
fn revoke(channel: &Channel, problem: Problem) -> ServerMessage {
    ServerMessage::Revoke { channel: channel.id.to_string(), problem }
}
