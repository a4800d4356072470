//! The control stream of one connection: hello and welcome, the proof of the host's key, messages (`hospes_wire::control`).

use hospes_licence::key::{Context, KeyPair, PublicKey};
use hospes_session::model::HostFacts;
use hospes_transport::{Connection, Receiver, Sender, TransportError};
use hospes_wire::VERSION;
use hospes_wire::control::{EXPORTER_LABEL, HostMessage, ServerMessage};
use hospes_wire::message::{MessageError, from_frame, to_frame};
use hospes_wire::problem::Problem;
use std::time::Duration;

/// Longest wait for an answer that needs nobody's thought.
const ANSWER: Duration = Duration::from_secs(15);

/// Longest wait for the server to end its side of the conversation after the last word.
const READ: Duration = Duration::from_secs(2);

/// Why a conversation stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LineError {
    /// The connection.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// A message.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// The server said no.
    #[error("{}{}", .0.title, .0.detail.as_ref().map(|d| format!(" ({d})")).unwrap_or_default())]
    Refused(Problem),
    /// The server ended the conversation.
    #[error("the server ended the conversation")]
    Closed,
    /// No answer.
    #[error("the server did not answer within {} s", ANSWER.as_secs())]
    Silent,
    /// Not what was due.
    #[error("the server answered something else than what was asked: {0}")]
    Unexpected(String),
}

/// One conversation.
pub(crate) struct Line {
    /// The connection it runs on.
    pub connection: Connection,
    /// To the server.
    pub sender: Sender,
    /// From the server.
    pub receiver: Receiver,
    /// The server's clock less this computer's, milliseconds.
    pub server_ahead: i64,
}

/// What this computer says of itself.
pub(crate) fn facts() -> HostFacts {
    let name = rustix::system::uname();
    let pretty = std::fs::read_to_string("/etc/os-release").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
        Some(line.trim_matches('"').to_owned())
    });
    let os = pretty.unwrap_or_else(|| name.release().to_string_lossy().into_owned());
    HostFacts {
        os: format!("linux ({os})"),
        hostname: name.nodename().to_string_lossy().into_owned(),
        agent: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

impl Line {
    /// Says hello on a new connection.
    pub(crate) async fn greet(connection: Connection) -> Result<Self, LineError> {
        let (sender, receiver) = connection.open_stream().await?.split();
        // The conversation goes before the channels' bulk.
        sender.set_priority(10);
        let mut line = Self { connection, sender, receiver, server_ahead: 0 };
        match line.ask(&HostMessage::Hello { v: VERSION, facts: facts() }).await? {
            ServerMessage::Welcome { v: VERSION, now } => {
                let now = i64::try_from(now).unwrap_or(i64::MAX);
                let own = i64::try_from(crate::lease_keeper::wall()).unwrap_or(i64::MAX);
                line.server_ahead = now.saturating_sub(own);
                Ok(line)
            }
            ServerMessage::Welcome { v, .. } => Err(LineError::Unexpected(format!("version {v} of the protocol"))),
            ServerMessage::Refused { problem } => Err(LineError::Refused(problem)),
            other => Err(unexpected(&other)),
        }
    }

    /// The server's clock now, milliseconds since 1970.
    pub(crate) fn server_now(&self) -> u64 {
        crate::lease_keeper::wall().saturating_add_signed(self.server_ahead)
    }

    /// Sends one message.
    pub(crate) async fn send(&mut self, message: &HostMessage) -> Result<(), LineError> {
        Ok(self.sender.send(to_frame(message)?).await?)
    }

    /// The next message. Cancel safe.
    pub(crate) async fn recv(&mut self) -> Result<ServerMessage, LineError> {
        let frame = self.receiver.recv().await?.ok_or(LineError::Closed)?;
        Ok(from_frame(&frame)?)
    }

    /// Sends, and waits for the answer.
    pub(crate) async fn ask(&mut self, message: &HostMessage) -> Result<ServerMessage, LineError> {
        self.send(message).await?;
        tokio::time::timeout(ANSWER, self.recv()).await.map_err(|_| LineError::Silent)?
    }

    /// That this host holds its key, worth something on this connection only.
    pub(crate) fn proof(&self, key: &KeyPair) -> Result<(PublicKey, [u8; 64]), LineError> {
        let bytes = self.connection.exporter(EXPORTER_LABEL)?;
        Ok((key.public(), key.sign(Context::HostProof, &bytes)))
    }

    /// Says the last word and waits until the server has it.
    pub(crate) async fn farewell(mut self, message: &HostMessage) -> Result<(), LineError> {
        self.send(message).await?;
        self.sender.finish().await?;
        self.sender.delivered().await?;
        // Delivered to its computer is not yet read by the server: it ends its side when it has.
        let _ =
            tokio::time::timeout(READ, async { while self.receiver.recv().await.is_ok_and(|m| m.is_some()) {} }).await;
        self.connection.shut("goodbye").await;
        Ok(())
    }
}

/// An answer that was not due, by its type only: what a server sends is not repeated to the screen.
pub(crate) fn unexpected(message: &ServerMessage) -> LineError {
    let kind =
        serde_json::to_value(message).ok().and_then(|v| v.get("type").and_then(|t| t.as_str().map(str::to_owned)));
    LineError::Unexpected(kind.unwrap_or_default())
}
