//! Hosts: who is connected, and what is said on their control streams.

pub(crate) mod registry;

use crate::state::App;
use hospes_transport::Listener;
use std::sync::Arc;

/// Serves every connection of a host until the server shuts down.
pub(crate) async fn accept(app: Arc<App>, listener: Arc<Listener>) {
    loop {
        let connection = tokio::select! {
            connection = listener.accept() => connection,
            () = app.stop.cancelled() => return,
        };
        let Some(connection) = connection else { return };
        let _ = connection;
    }
}
