//! `GET /host`: the WebSocket of hosts whose network lets no UDP through. What travels in it is the same QUIC, with the
//! same handshake; see `hospes_transport`.

use crate::refusal::{Answer, Refusal};
use crate::state::App;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::future::ready;
use futures_util::{SinkExt, StreamExt};
use hospes_transport::{MAX_DATAGRAM, SOCKET_BUFFER};
use std::net::SocketAddr;
use std::sync::Arc;

pub(super) async fn socket(
    State(app): State<Arc<App>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Answer<Response> {
    if !app.settings.transports.websocket {
        return Err(Refusal::new("websocket-off", StatusCode::NOT_FOUND, "This server takes hosts over UDP only.")
            .detail("Its operator has switched the WebSocket off (setting transports.websocket)."));
    }
    // Hosts are no browsers: a page that tries has nothing to say here.
    if headers.contains_key(header::ORIGIN) {
        return Err(crate::caller::foreign_origin());
    }
    let upgrade = upgrade.map_err(|rejection| {
        Refusal::new("upgrade-required", StatusCode::UPGRADE_REQUIRED, "This address is a WebSocket.")
            .detail(rejection.body_text())
    })?;
    let max = usize::from(MAX_DATAGRAM);
    Ok(upgrade
        .read_buffer_size(SOCKET_BUFFER)
        .write_buffer_size(4 * max)
        .max_write_buffer_size(16 * max)
        .max_message_size(max)
        .max_frame_size(max)
        .on_upgrade(move |socket| async move {
            let (sink, stream) = socket.split();
            let sink = sink.with(|datagram| ready(Ok::<_, axum::Error>(Message::Binary(datagram))));
            let stream = stream.map(|message| match message {
                Ok(Message::Binary(datagram)) => Some(datagram),
                Ok(Message::Close(_)) | Err(_) => None,
                Ok(_) => Some(Bytes::new()),
            });
            app.listener.carry(sink, stream, from).await;
        }))
}
