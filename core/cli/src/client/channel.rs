//! Opening a channel (`hospes_wire::socket`): who asks, the session password's proof, and then the plugin's messages.

use super::api::{Api, Socket};
use super::error::ClientError;
use super::password::SessionPassword;
use super::text::shown;
use futures_util::{SinkExt, StreamExt};
use hospes_pake::{ClientLogin, PakeError};
use hospes_session::id::SessionId;
use hospes_wire::socket::{FromTechnician, Open, ToTechnician};
use serde_json::{Value, json};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

/// Longest silence while a channel is being opened: the customer has 60 s to answer, a plugin some more to arrive.
const PATIENCE: Duration = Duration::from_secs(120);
/// Longest throttling of guesses that is waited out.
const LONGEST_WAIT: u32 = 300;

/// Opens a channel of `capability`; the socket then carries plugin messages. `tell` is given what a person who waits
/// should know.
pub(super) async fn open(
    api: &Api,
    session: SessionId,
    capability: &str,
    password: &mut SessionPassword,
    tell: &(dyn Fn(&str) + Sync),
) -> Result<Socket, ClientError> {
    loop {
        let ticket = api.post(&format!("/sessions/{session}/tickets"), &json!({ "capability": capability })).await?;
        let Some(ticket) = ticket.get("ticket").and_then(Value::as_str) else {
            return Err(ClientError::Failed(format!("{} gave no ticket", api.server())));
        };
        let mut socket = api.socket(&format!("/sessions/{session}/channels/{capability}")).await?;
        let open = Open { v: hospes_wire::VERSION, ticket: Some(ticket.to_owned()), token: None, request: None };
        send(&mut socket, &open).await?;
        if converse(&mut socket, password, tell).await? {
            return Ok(socket);
        }
    }
}

/// True once the channel is open, false when another password is to be tried on a new socket.
async fn converse(
    socket: &mut Socket,
    password: &mut SessionPassword,
    tell: &(dyn Fn(&str) + Sync),
) -> Result<bool, ClientError> {
    let mut proof: Option<ClientLogin> = None;
    let mut proved = false;
    loop {
        match receive(socket).await? {
            ToTechnician::Opened { .. } => return Ok(true),
            ToTechnician::Refused { refused } if refused.code() == "session-password-wrong" => {
                password.was_wrong()?;
                return Ok(false);
            }
            ToTechnician::Refused { refused } => return Err(refused.into()),
            ToTechnician::Closed { problem } => {
                return Err(
                    problem.map_or_else(|| lost("the channel was closed while it was opened"), ClientError::from)
                );
            }
            ToTechnician::Wait { reason } => match reason.as_str() {
                "asking-customer" => tell("The customer is being asked ..."),
                "fetching" | "starting" => {}
                other => tell(&shown(other)),
            },
            ToTechnician::Need { need, .. } if need != "session-password" => {
                return Err(ClientError::Failed(format!(
                    "the host needs {:?}, which this version cannot give",
                    shown(&need)
                )));
            }
            ToTechnician::Need { retry_after, .. } => {
                if proved {
                    password.was_wrong()?;
                }
                proved = false;
                if retry_after > LONGEST_WAIT {
                    return Err(ClientError::Failed(format!(
                        "the host answers no guess of the session password for another {retry_after} s"
                    )));
                }
                let text = password.get().await?;
                if retry_after > 0 {
                    tell(&format!("The host answers a guess in {retry_after} s ..."));
                }
                let (login, first) =
                    ClientLogin::start(&text, random()?).map_err(|e| ClientError::local("password", e))?;
                proof = Some(login);
                send(socket, &FromTechnician::Pake { message: first }).await?;
            }
            ToTechnician::Pake { message } => {
                let Some(login) = proof.take() else {
                    return Err(ClientError::Failed("the host sent a password message out of turn".to_owned()));
                };
                let seed = random()?;
                // argon2id takes its time.
                let third = tokio::task::spawn_blocking(move || login.finish(&message, seed));
                match third.await.map_err(|e| ClientError::local("password", e))? {
                    Ok(message) => send(socket, &FromTechnician::Pake { message }).await?,
                    Err(PakeError::WrongPassword) => {
                        password.was_wrong()?;
                        return Ok(false);
                    }
                    Err(error) => return Err(ClientError::local("the host's password message", error)),
                }
                proved = true;
            }
        }
    }
}

async fn receive(socket: &mut Socket) -> Result<ToTechnician, ClientError> {
    loop {
        let message = tokio::time::timeout(PATIENCE, socket.next()).await;
        match message.map_err(|_| lost("no answer while opening the channel"))? {
            Some(Ok(Message::Text(text))) => {
                return serde_json::from_str(&text).map_err(|e| {
                    ClientError::Failed(format!("the server sent what this version does not understand: {e}"))
                });
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Close(_))) | None => {
                return Err(lost("the server closed the channel while it was opened"));
            }
            Some(Ok(_)) => {
                return Err(ClientError::Failed("the server sent data before the channel was open".to_owned()));
            }
            Some(Err(error)) => return Err(ClientError::Disconnected(error.to_string())),
        }
    }
}

async fn send(socket: &mut Socket, message: &impl serde::Serialize) -> Result<(), ClientError> {
    let text = serde_json::to_string(message).map_err(|e| ClientError::Failed(e.to_string()))?;
    socket.send(Message::text(text)).await.map_err(|e| ClientError::Disconnected(e.to_string()))
}

fn lost(what: &str) -> ClientError {
    ClientError::Disconnected(what.to_owned())
}

fn random() -> Result<[u8; 32], ClientError> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|e| ClientError::local("the system gives no random numbers", e))?;
    Ok(seed)
}
