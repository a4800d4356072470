//! Splicing: plugin messages from socket to stream and back, unread.
//!
//! Each direction holds one message at a time: it is taken from one side only when the other side has taken the one
//! before. A reader that stalls therefore stalls the writer at the far end, and nothing gathers here.

use crate::channels::registry::Channel;
use crate::channels::{MAX_MESSAGE, socket};
use crate::hosts::trimmed_problem;
use crate::state::App;
use axum::extract::ws::{Message, WebSocket};
use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use hospes_transport::{MessageStream, Receiver, Sender, TransportError};
use hospes_wire::channel::Tag;
use hospes_wire::problem::Problem;
use hospes_wire::socket::FromTechnician;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often a quiet peer is asked whether it is still there.
const PING: Duration = Duration::from_secs(20);
/// A peer that has said nothing for so long, not even to pings, is gone.
const SILENCE: Duration = Duration::from_secs(60);

/// Splices until one side ends; gives the problem, when there is one.
pub(super) async fn splice(
    app: &App,
    channel: &Channel,
    socket: &mut WebSocket,
    stream: &mut MessageStream,
) -> Option<Problem> {
    let (mut to_technician, mut from_technician) = socket.split();
    let (to_host, from_host) = stream.halves();
    // A technician who does not read also answers no pings: that is patience, not absence.
    let stalled = AtomicBool::new(false);
    tokio::select! {
        problem = up(app, channel, &mut from_technician, to_host, &stalled) => problem,
        problem = down(app, channel, from_host, &mut to_technician, &stalled) => problem,
    }
}

/// From the technician to the host.
async fn up(
    app: &App,
    channel: &Channel,
    from: &mut SplitStream<&mut WebSocket>,
    to: &mut Sender,
    stalled: &AtomicBool,
) -> Option<Problem> {
    loop {
        let message = match tokio::time::timeout(SILENCE, from.next()).await {
            Ok(message) => message,
            Err(_) if stalled.load(Ordering::Relaxed) => continue,
            Err(_) => return Some(Problem::new("silent", 408, "The technician's side does not answer any more.")),
        };
        let frame = match message {
            Some(Ok(Message::Binary(payload))) => {
                app.metrics.bytes_to_hosts.inc_by(payload.len() as u64);
                channel.to_host.fetch_add(payload.len() as u64, Ordering::Relaxed);
                let mut frame = Vec::with_capacity(payload.len() + 1);
                frame.push(Tag::Message as u8);
                frame.extend_from_slice(&payload);
                frame
            }
            Some(Ok(Message::Text(text))) => match socket::read(text.as_str()) {
                Some(FromTechnician::Finish {}) => vec![Tag::Finish as u8],
                Some(FromTechnician::Pake { .. }) | None => {
                    return Some(Problem::new("bad-message", 400, "A text message cannot be read.").detail(
                        "once a channel is open, text is {\"type\":\"finish\"}; a plugin's messages are binary",
                    ));
                }
            },
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
            Some(Ok(Message::Close(_))) | None => return None,
            Some(Err(error)) => return unreadable(&error),
        };
        if let Err(error) = to.send(frame).await {
            match error {
                // The plugin reads no more; it may still have something to say.
                TransportError::StreamReset(_) | TransportError::StreamFinished => std::future::pending::<()>().await,
                other => return Some(lost(&other)),
            }
        }
    }
}

/// From the host to the technician.
async fn down(
    app: &App,
    channel: &Channel,
    from: &mut Receiver,
    to: &mut SplitSink<&mut WebSocket, Message>,
    stalled: &AtomicBool,
) -> Option<Problem> {
    let mut pings = tokio::time::interval(PING);
    loop {
        let message = tokio::select! {
            frame = from.recv() => match frame {
                Ok(Some(frame)) => match read(frame) {
                    Read::Message(payload) => {
                        app.metrics.bytes_from_hosts.inc_by(payload.len() as u64);
                        channel.from_host.fetch_add(payload.len() as u64, Ordering::Relaxed);
                        Message::Binary(payload)
                    }
                    Read::Finish => continue,
                    Read::End(problem) => return Some(problem),
                },
                Ok(None) => return None,
                Err(error) => return Some(lost(&error)),
            },
            _ = pings.tick() => Message::Ping(Bytes::new()),
        };
        stalled.store(true, Ordering::Relaxed);
        let sent = to.send(message).await;
        stalled.store(false, Ordering::Relaxed);
        if sent.is_err() {
            return None;
        }
    }
}

/// A frame by its first byte; the rest is the plugin's.
enum Read {
    Message(Bytes),
    Finish,
    End(Problem),
}

fn read(mut frame: Bytes) -> Read {
    let Some(tag) = frame.first().copied() else { return Read::End(broken()) };
    let rest = frame.split_off(1);
    match tag {
        tag if tag == Tag::Message as u8 => Read::Message(rest),
        tag if tag == Tag::Finish as u8 => Read::Finish,
        tag if tag == Tag::Problem as u8 => {
            Read::End(serde_json::from_slice(&rest).map_or_else(|_| broken(), trimmed_problem))
        }
        _ => Read::End(broken()),
    }
}

fn broken() -> Problem {
    Problem::new("bad-message", 502, "The customer's computer sent a message that cannot be read.")
}

fn lost(error: &TransportError) -> Problem {
    Problem::new("host-offline", 503, "The customer's computer was disconnected.").detail(error.to_string())
}

fn unreadable(error: &axum::Error) -> Option<Problem> {
    let text = error.to_string();
    text.contains("too long").then(|| {
        Problem::new("message-too-long", 413, "The message is too long.")
            .detail(format!("A message has at most {MAX_MESSAGE} bytes."))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_a_hostile_host_end_the_channel_with_a_name() {
        let end = |bytes: &'static [u8]| match read(Bytes::from_static(bytes)) {
            Read::End(problem) => problem.code().to_owned(),
            Read::Message(_) => "message".to_owned(),
            Read::Finish => "finish".to_owned(),
        };
        assert_eq!(end(b"\x00payload"), "message");
        assert_eq!(end(b"\x00"), "message");
        assert_eq!(end(b"\x01"), "finish");
        assert_eq!(end(b""), "bad-message");
        assert_eq!(end(b"\x03"), "bad-message");
        assert_eq!(end(b"\x02not json"), "bad-message");
        assert_eq!(end(br#"{"type":"x"}"#), "bad-message");
        assert_eq!(
            end(b"\x02{\"type\":\"https://hospes.dev/problems/memory\",\"title\":\"t\",\"status\":507}"),
            "memory"
        );
    }
}
