//! Plugins on their way to a host: one stream for each, only of the capabilities of its own session.

use crate::state::App;
use bytes::Bytes;
use hospes_session::id::SessionId;
use hospes_transport::{Connection, MessageStream, TransportError};
use hospes_wire::channel::{Fetch, FetchAnswer};
use hospes_wire::message::{from_frame, to_frame};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Bytes that are handed to the connection at once.
const PIECE: usize = 64 << 10;
/// Longest wait for a host's question on a stream that it opened.
const QUESTION: Duration = Duration::from_secs(10);

/// Serves the streams that the host opens, until the connection ends.
pub(super) async fn serve(app: Arc<App>, connection: Connection, session: Arc<OnceLock<SessionId>>) {
    while let Ok(stream) = connection.accept_stream().await {
        let (app, session) = (app.clone(), session.get().copied());
        tokio::spawn(async move {
            if let Err(error) = answer(&app, stream, session).await {
                tracing::debug!(%error, "a plugin was not sent");
            }
        });
    }
}

async fn answer(app: &App, mut stream: MessageStream, session: Option<SessionId>) -> Result<(), TransportError> {
    // Of who has proved no session nothing is read, so nothing is held.
    let Some(session) = session else {
        stream.send(to_frame(&FetchAnswer::NotFound {}).unwrap_or_default()).await?;
        return stream.finish().await;
    };
    let Ok(Ok(Some(frame))) = tokio::time::timeout(QUESTION, stream.recv()).await else {
        stream.reset(0);
        return Ok(());
    };
    let file = match from_frame::<Fetch>(&frame) {
        Ok(Fetch::Component { hash }) => find(app, session, &hash).await,
        Err(_) => None,
    };
    let Some(bytes) = file else {
        stream.send(to_frame(&FetchAnswer::NotFound {}).unwrap_or_default()).await?;
        return stream.finish().await;
    };
    let found = FetchAnswer::Found { length: bytes.len() as u64 };
    let (mut sender, _receiver) = stream.split();
    sender.send(to_frame(&found).unwrap_or_default()).await?;
    let mut rest = bytes;
    while !rest.is_empty() {
        let piece = rest.split_to(rest.len().min(PIECE));
        sender.send_raw(piece).await?;
    }
    sender.finish().await?;
    sender.delivered().await
}

/// The file, when it is a plugin of one of the session's capabilities.
async fn find(app: &App, session: SessionId, hash: &str) -> Option<Bytes> {
    let plugin = app.plugins.by_hash(hash)?;
    let session = app.store.session_for_host(session).await.ok()?;
    let chosen = session.capabilities.iter().any(|id| id.as_str() == plugin.manifest.id);
    chosen.then(|| Bytes::from_owner(SharedFile(plugin.clone())))
}

/// The file's bytes without a copy.
struct SharedFile(Arc<hospes_licence::plugin_file::PluginFile>);

impl AsRef<[u8]> for SharedFile {
    fn as_ref(&self) -> &[u8] {
        &self.0.bytes
    }
}
