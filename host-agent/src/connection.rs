//! The connection to the server: made again whenever it is lost, and the session does not notice.

use crate::channel;
use crate::host::Host;
use crate::line::{Line, LineError, unexpected};
use crate::serve::Started;
use hospes_licence::key::KeyPair;
use hospes_session::model::EndReason;
use hospes_transport::{Address, Redial, Ways};
use hospes_wire::control::{HostMessage, ServerMessage};
use hospes_wire::message::MessageError;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Where the server is, and who this host is to it.
pub(crate) struct Server {
    pub address: Address,
    pub ways: Ways,
    pub key: KeyPair,
    pub session: String,
}

/// The last word before the process goes.
pub(crate) struct Outgoing {
    /// Why the session ended, and the receipt; none at a shutdown.
    pub last: Option<(EndReason, HostMessage)>,
    /// Answered when the server has it.
    pub reply: oneshot::Sender<()>,
}

/// What a conversation came to.
enum Came {
    /// Lost: make another one.
    Lost,
    /// The last word was said.
    Done,
}

/// Keeps a connection until the last word is said. An end that the server tells goes to `ended`.
pub(crate) async fn run(
    server: Server,
    host: Arc<Host>,
    started: Option<Started>,
    mut messages: mpsc::Receiver<HostMessage>,
    mut out: mpsc::Receiver<Outgoing>,
    ended: mpsc::Sender<EndReason>,
) {
    let mut redial = Redial::new(server.address.clone(), server.ways.clone());
    let mut last: Option<Outgoing> = None;
    if let Some(Started { line, lease_ends }) = started {
        host.narrow_lease_end(lease_ends);
        if let Came::Done = talk(&host, line, &mut messages, &mut out, &mut last, &ended).await {
            return;
        }
    }
    loop {
        host.live.online(false);
        let connection = loop {
            tokio::select! {
                connection = redial.connect(|error, retry_in| tracing::info!(%error, ?retry_in, "not connected")) => break connection,
                Some(outgoing) = out.recv(), if last.is_none() => {
                    if outgoing.last.is_none() {
                        return;
                    }
                    last = Some(outgoing);
                }
            }
        };
        // What was said while nobody listened is said anew below.
        while messages.try_recv().is_ok() {}
        match resume(&server, &host, connection, &ended).await {
            Ok(line) => {
                if let Came::Done = talk(&host, line, &mut messages, &mut out, &mut last, &ended).await {
                    return;
                }
            }
            Err(error) => tracing::warn!(%error, "the session could not be resumed"),
        }
    }
}

/// Proves the host's key on a new connection. An ended session is told to `ended`, and the line stays for the receipt.
async fn resume(
    server: &Server,
    host: &Host,
    connection: hospes_transport::Connection,
    ended: &mpsc::Sender<EndReason>,
) -> Result<Line, LineError> {
    let mut line = Line::greet(connection).await?;
    let (host_key, proof) = line.proof(&server.key)?;
    match line.ask(&HostMessage::Resume { session: server.session.clone(), host_key, proof }).await? {
        ServerMessage::Resumed { lease_ends } => {
            host.narrow_lease_end(lease_ends);
            host.lease.narrow(lease_ends.saturating_sub(line.server_now()));
            Ok(line)
        }
        ServerMessage::Ended { reason } => {
            let _ = ended.try_send(reason);
            Ok(line)
        }
        ServerMessage::Refused { problem } => Err(LineError::Refused(problem)),
        other => Err(unexpected(&other)),
    }
}

/// One conversation, to the loss of the connection or the last word.
async fn talk(
    host: &Arc<Host>,
    mut line: Line,
    messages: &mut mpsc::Receiver<HostMessage>,
    out: &mut mpsc::Receiver<Outgoing>,
    last: &mut Option<Outgoing>,
    ended: &mpsc::Sender<EndReason>,
) -> Came {
    if let Some(outgoing) = last.take() {
        return farewell(line, outgoing).await;
    }
    host.live.online(true);
    if line.send(&host.consent_message()).await.is_err() {
        return Came::Lost;
    }
    let connection = line.connection.clone();
    loop {
        tokio::select! {
            heard = line.recv() => match heard {
                Ok(message) => hear(host, message, ended),
                Err(LineError::Message(MessageError::Unsupported { kind, detail })) => {
                    tracing::info!(kind, detail, "a newer server said something unknown");
                }
                Err(error) => {
                    tracing::info!(%error, "connection trouble");
                    connection.close("the conversation broke off");
                    return Came::Lost;
                }
            },
            Some(message) = messages.recv() => {
                if let Err(error) = line.send(&message).await {
                    tracing::info!(%error, "connection trouble");
                    return Came::Lost;
                }
            }
            Some(outgoing) = out.recv() => {
                // What was said before the last word goes before it.
                while let Ok(message) = messages.try_recv() {
                    let _ = line.send(&message).await;
                }
                return farewell(line, outgoing).await;
            }
            stream = connection.accept_stream() => match stream {
                Ok(stream) => {
                    host.tasks.spawn(Box::pin(channel::accept(Arc::clone(host), connection.clone(), stream)));
                }
                Err(error) => {
                    tracing::info!(%error, "connection trouble");
                    return Came::Lost;
                }
            },
        }
    }
}

fn hear(host: &Arc<Host>, message: ServerMessage, ended: &mpsc::Sender<EndReason>) {
    match message {
        ServerMessage::Renew { grant } => host.channels.renew(host, &grant),
        ServerMessage::Revoke { channel, problem } => host.channels.revoke(&channel, problem),
        ServerMessage::Ended { reason } => {
            let _ = ended.try_send(reason);
        }
        ServerMessage::Refused { problem } => tracing::warn!(code = problem.code(), title = problem.title, "refused"),
        other => tracing::info!(error = %unexpected(&other), "ignored"),
    }
}

/// Says the last word. A customer's end that was said while the server was not reached is said first.
async fn farewell(mut line: Line, outgoing: Outgoing) -> Came {
    let Outgoing { last, reply } = outgoing;
    match last {
        None => line.connection.shut("the computer is shutting down").await,
        Some((reason, receipt)) => {
            if reason == EndReason::Customer {
                let _ = line.send(&HostMessage::End {}).await;
            }
            if let Err(error) = line.farewell(&receipt).await {
                tracing::info!(%error, "the receipt of the removal did not arrive");
            }
        }
    }
    let _ = reply.send(());
    Came::Done
}
