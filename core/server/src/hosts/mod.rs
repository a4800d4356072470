//! Hosts: who is connected, and what is said on their control streams.

mod conversation;
mod fetch;
mod invite;
pub(crate) mod registry;
mod seats;

pub(crate) use invite::trimmed_problem;

use crate::hosts::seats::{Seat, Seats};
use crate::state::App;
use hospes_transport::{Connection, Listener};
use hospes_wire::control::{HostMessage, ServerMessage};
use hospes_wire::message::{MAX_JSON, from_frame, to_frame};
use hospes_wire::problem::Problem;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::Instrument;

/// Longest time between the handshake and the first message.
const FIRST_WORD: Duration = Duration::from_secs(10);
/// Messages that wait for a host that does not read.
const OUTBOX: usize = 64;

/// Serves every connection of a host until the server shuts down.
pub(crate) async fn accept(app: Arc<App>, listener: Arc<Listener>) {
    let seats = Seats::new();
    let mut connections = JoinSet::new();
    loop {
        let connection = tokio::select! {
            connection = listener.accept() => connection,
            Some(_) = connections.join_next() => continue,
            () = app.stop.cancelled() => return,
        };
        let Some(connection) = connection else { return };
        let mut seat = match seats.take(connection.remote_address().ip()) {
            Ok(seat) => seat,
            Err(why) => {
                tracing::warn!(from = %connection.remote_address(), why, "not served");
                connection.close(why);
                continue;
            }
        };
        let app = app.clone();
        let id = uuid::Uuid::now_v7().simple().to_string();
        let span = tracing::info_span!("host", id, from = %connection.remote_address());
        let served = async move {
            if let Err(why) = serve(&app, &connection, &mut seat).await {
                tracing::debug!(why, "host's conversation ended");
            }
            connection.close("goodbye");
            drop(seat);
        };
        connections.spawn(served.instrument(span));
    }
}

/// One connection, until it ends.
async fn serve(app: &Arc<App>, connection: &Connection, seat: &mut Seat) -> Result<(), String> {
    let control = tokio::time::timeout(FIRST_WORD, connection.accept_stream()).await;
    let control = control.map_err(|_| "no first word".to_owned())?.map_err(|error| error.to_string())?;
    let (mut sender, mut receiver) = control.split();
    // No message of a conversation is longer: a peer that nobody knows parks no more here.
    receiver.limit(MAX_JSON);
    // The conversation goes before bulk.
    sender.set_priority(10);
    let (outbox, mut waiting) = mpsc::channel::<ServerMessage>(OUTBOX);
    let writing = async move {
        while let Some(message) = waiting.recv().await {
            let frame = to_frame(&message).map_err(|error| error.to_string())?;
            sender.send(frame).await.map_err(|error| error.to_string())?;
        }
        Ok::<(), String>(())
    };
    let mut conversation = conversation::Conversation::new(app.clone(), connection.clone(), outbox);
    let files = fetch::serve(app.clone(), connection.clone(), conversation.session());
    let talking = async {
        loop {
            let until = match (conversation.greeted(), seat.until()) {
                (false, Some(until)) => Some(until.min(Instant::now() + FIRST_WORD)),
                (_, until) => until,
            };
            let hearing = async {
                let frame = receiver.recv().await.map_err(|error| error.to_string())?;
                let Some(frame) = frame else { return Ok::<bool, String>(false) };
                match from_frame::<HostMessage>(&frame) {
                    Ok(message) => conversation.hear(message).await?,
                    Err(error) => conversation.refuse(error.problem()).await?,
                }
                Ok(true)
            };
            let goes_on = match until {
                // Also while it is answered: who does not read holds the answer up.
                Some(until) => {
                    tokio::time::timeout_at(until, hearing).await.map_err(|_| "no proof in time".to_owned())?
                }
                None => hearing.await,
            };
            if !goes_on? {
                return Ok(());
            }
            if let Some((session, rest)) = conversation.invited() {
                seat.invite(session, rest);
            }
            if conversation.proved() {
                seat.prove().inspect_err(|why| connection.close(why))?;
            }
        }
    };
    let result: Result<(), String> = tokio::select! {
        result = talking => result,
        result = writing => result,
        () = files => Ok(()),
        error = connection.closed() => Err(error.to_string()),
    };
    conversation.gone().await;
    result
}

/// A problem as the host is told it.
fn refused(problem: Problem) -> ServerMessage {
    ServerMessage::Refused { problem }
}
