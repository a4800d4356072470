//! Hosts: who is connected, and what is said on their control streams.

mod conversation;
mod fetch;
mod invite;
pub(crate) mod registry;

pub(crate) use invite::trimmed_problem;

use crate::state::App;
use hospes_transport::{Connection, Listener};
use hospes_wire::control::{HostMessage, ServerMessage};
use hospes_wire::message::{from_frame, to_frame};
use hospes_wire::problem::Problem;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tracing::Instrument;

/// Connections of hosts at a time: more are closed at once.
const CONNECTIONS: usize = 8192;
/// Longest time between the handshake and the first message.
const FIRST_WORD: Duration = Duration::from_secs(10);
/// Messages that wait for a host that does not read.
const OUTBOX: usize = 64;

/// Serves every connection of a host until the server shuts down.
pub(crate) async fn accept(app: Arc<App>, listener: Arc<Listener>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let connection = tokio::select! {
            connection = listener.accept() => connection,
            Some(_) = connections.join_next() => continue,
            () = app.stop.cancelled() => return,
        };
        let Some(connection) = connection else { return };
        let Ok(place) = places.clone().try_acquire_owned() else {
            tracing::warn!(from = %connection.remote_address(), "too many hosts are connected");
            connection.close("too many hosts are connected");
            continue;
        };
        let app = app.clone();
        let id = uuid::Uuid::now_v7().simple().to_string();
        let span = tracing::info_span!("host", id, from = %connection.remote_address());
        let served = async move {
            if let Err(why) = serve(&app, &connection).await {
                tracing::debug!(why, "host's conversation ended");
            }
            connection.close("goodbye");
            drop(place);
        };
        connections.spawn(served.instrument(span));
    }
}

/// One connection, until it ends.
async fn serve(app: &Arc<App>, connection: &Connection) -> Result<(), String> {
    let control = tokio::time::timeout(FIRST_WORD, connection.accept_stream()).await;
    let control = control.map_err(|_| "no first word".to_owned())?.map_err(|error| error.to_string())?;
    let (mut sender, mut receiver) = control.split();
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
            let frame = if conversation.greeted() {
                receiver.recv().await
            } else {
                tokio::time::timeout(FIRST_WORD, receiver.recv()).await.map_err(|_| "no first word".to_owned())?
            };
            let Some(frame) = frame.map_err(|error| error.to_string())? else { return Ok(()) };
            match from_frame::<HostMessage>(&frame) {
                Ok(message) => conversation.hear(message).await?,
                Err(error) => conversation.refuse(error.problem()).await?,
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
