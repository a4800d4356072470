//! One server, two ways: UDP, and the WebSocket where UDP is blocked.

use crate::connection::Connection;
use crate::dial::dial;
use crate::error::TransportError;
use crate::way::{Address, Transport, Ways};
use crate::websocket;
use std::time::Duration;

/// How long UDP is tried alone. Where it works it answers within a round trip; where it is blocked nobody says so.
pub const UDP_HEAD_START: Duration = Duration::from_millis(300);

/// Connects by the ways that are allowed; the first that proves the pinned key wins, the other is dropped.
///
/// # Errors
/// What [`dial`] says, or the same of the WebSocket: [`TransportError::Proxy`], [`TransportError::ProxyRefused`],
/// [`TransportError::Certificate`], [`TransportError::WebSocket`], [`TransportError::Unreachable`]; of two failures the
/// one that a person can do something about, or [`TransportError::NoWay`] with both.
pub async fn reach(to: &Address, ways: &Ways) -> Result<Connection, TransportError> {
    match ways.transport {
        Transport::Udp => dial(&to.host, to.port, to.pin).await,
        // On the heap: it holds sockets and buffers of several layers, and callers hold it within futures of their own.
        Transport::WebSocket => Box::pin(websocket::dial(to, ways)).await,
        Transport::Auto => Box::pin(race(dial(&to.host, to.port, to.pin), websocket::dial(to, ways))).await,
    }
}

async fn race<T>(
    udp: impl Future<Output = Result<T, TransportError>>,
    websocket: impl Future<Output = Result<T, TransportError>>,
) -> Result<T, TransportError> {
    let (mut udp, mut websocket) = (std::pin::pin!(udp), std::pin::pin!(websocket));
    let failed = match tokio::time::timeout(UDP_HEAD_START, udp.as_mut()).await {
        Ok(Ok(connection)) => return Ok(connection),
        // Nothing to wait for.
        Ok(Err(error)) => Some(error),
        Err(_) => None,
    };
    if let Some(error) = failed {
        return websocket.await.map_err(|other| both(error, other));
    }
    tokio::select! {
        outcome = udp.as_mut() => match outcome {
            Ok(connection) => Ok(connection),
            Err(error) => websocket.await.map_err(|other| both(error, other)),
        },
        outcome = websocket.as_mut() => match outcome {
            Ok(connection) => Ok(connection),
            Err(other) => udp.await.map_err(|error| both(error, other)),
        },
    }
}

/// What is told when neither way went.
fn both(udp: TransportError, websocket: TransportError) -> TransportError {
    match (udp, websocket) {
        (TransportError::WrongKey, _) | (_, TransportError::WrongKey) => TransportError::WrongKey,
        (udp, websocket) if udp == websocket => udp,
        (_, websocket) if websocket.is_local_matter() => websocket,
        (udp, websocket) => TransportError::NoWay { udp: Box::new(udp), websocket: Box::new(websocket) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silent() -> TransportError {
        TransportError::NoAnswer { host: "a".to_owned(), port: 1, within: Duration::from_secs(4) }
    }

    fn closed() -> TransportError {
        TransportError::WebSocket { host: "a".to_owned(), reason: "it answered 404 Not Found".to_owned() }
    }

    fn forbidden() -> TransportError {
        TransportError::ProxyRefused { proxy: "http://p:1".to_owned(), status: 403 }
    }

    /// (UDP's time in ms and outcome, the WebSocket's from its start) -> outcome.
    #[tokio::test]
    async fn udp_has_a_head_start_and_the_first_that_answers_wins() {
        type Way = (u64, Result<&'static str, TransportError>);
        let no_way = || TransportError::NoWay { udp: Box::new(silent()), websocket: Box::new(closed()) };
        let cases: Vec<(Way, Way, Result<&str, TransportError>)> = vec![
            ((20, Ok("udp")), (0, Ok("ws")), Ok("udp")),
            ((100, Ok("udp")), (0, Ok("ws")), Ok("udp")),
            ((400, Ok("udp")), (2000, Ok("ws")), Ok("udp")),
            ((3000, Err(silent())), (100, Ok("ws")), Ok("ws")),
            ((10, Err(silent())), (100, Ok("ws")), Ok("ws")),
            ((600, Ok("udp")), (50, Err(closed())), Ok("udp")),
            ((900, Err(silent())), (50, Err(closed())), Err(no_way())),
            ((900, Err(silent())), (50, Err(forbidden())), Err(forbidden())),
            ((900, Err(silent())), (50, Err(TransportError::WrongKey)), Err(TransportError::WrongKey)),
            ((10, Err(TransportError::WrongKey)), (50, Ok("ws")), Ok("ws")),
            ((10, Err(TransportError::WrongKey)), (50, Err(closed())), Err(TransportError::WrongKey)),
            ((10, Err(silent())), (50, Err(silent())), Err(silent())),
        ];
        let way = |(after, outcome): Way| async move {
            tokio::time::sleep(Duration::from_millis(after)).await;
            outcome
        };
        let all = cases.into_iter().map(|(udp, websocket, expect)| async move {
            let shown = format!("{udp:?} {websocket:?}");
            assert_eq!(race(way(udp), way(websocket)).await, expect, "{shown}");
        });
        futures_util::future::join_all(all).await;
    }
}
