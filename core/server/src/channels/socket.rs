//! Words on the technician's WebSocket: text frames of JSON ([`hospes_wire::socket`]).

use crate::refusal::Refusal;
use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use axum::http::StatusCode;
use hospes_wire::socket::{FromTechnician, Open, ToTechnician};
use std::time::Duration;

/// Longest wait for the first message.
const FIRST: Duration = Duration::from_secs(10);
/// Longest wait for a peer that does not take the last words.
const LAST: Duration = Duration::from_secs(2);

/// The first message.
pub(super) async fn first(socket: &mut WebSocket) -> Result<Open, Refusal> {
    let bad = |detail: String| {
        Refusal::new("bad-message", StatusCode::BAD_REQUEST, "The first message cannot be read.").detail(detail)
    };
    let wait = async {
        loop {
            match socket.recv().await {
                Some(Ok(Message::Text(text))) => {
                    return serde_json::from_str(text.as_str()).map_err(|error| bad(error.to_string()));
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Binary(_))) => return Err(bad("it is binary; expected text with JSON".to_owned())),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(bad("the socket closed".to_owned())),
            }
        }
    };
    tokio::time::timeout(FIRST, wait).await.unwrap_or_else(|_| Err(bad("it did not come within 10 s".to_owned())))
}

/// A text frame of the technician's side.
pub(super) fn read(text: &str) -> Option<FromTechnician> {
    serde_json::from_str(text).ok()
}

/// Says something. False when nobody takes it.
pub(super) async fn say(socket: &mut WebSocket, message: &ToTechnician) -> bool {
    match serde_json::to_string(message) {
        Ok(text) => socket.send(Message::Text(text.into())).await.is_ok(),
        Err(error) => {
            tracing::error!(%error, "a message could not be written");
            false
        }
    }
}

/// Last words, and the end of the socket.
pub(super) async fn farewell(socket: &mut WebSocket, message: &ToTechnician) {
    let words = async {
        if say(socket, message).await {
            let close = CloseFrame { code: close_code::NORMAL, reason: "".into() };
            let _the_peer_may_be_gone = socket.send(Message::Close(Some(close))).await;
            // Until the peer has closed too, so that the last words are not lost with the connection.
            while let Some(Ok(_)) = socket.recv().await {}
        }
    };
    let _in_time = tokio::time::timeout(LAST, words).await;
}
