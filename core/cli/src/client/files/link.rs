//! A file manager that is opened again when its channel is cut: the host was offline, the server was restarted, the
//! network changed.

use super::conversation::Files;
use super::protocol::CAPABILITY;
use crate::client::api::Api;
use crate::client::channel;
use crate::client::error::ClientError;
use crate::client::password::SessionPassword;
use hospes_session::id::SessionId;
use hospes_transport::Backoff;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// So long a cut is sat out.
const PATIENCE: Duration = Duration::from_secs(600);
/// So often a channel may be opened again without one byte getting through in between.
const FRUITLESS: u32 = 5;
/// Problems that pass by themselves.
const PASSING: [&str; 7] =
    ["host-offline", "host-shutdown", "server-restarting", "grant-expired", "channel-cut", "closed", "silent"];

/// Says something to the person who waits.
pub(crate) type Tell = Box<dyn Fn(&str) + Send + Sync>;

/// The file manager of one session.
pub(crate) struct Link {
    api: Api,
    session: SessionId,
    tell: Tell,
    progress: AtomicU64,
    state: Mutex<LinkState>,
}

struct LinkState {
    password: SessionPassword,
    current: Option<Arc<Files>>,
    /// [`Link::progress`] when it was opened last.
    progress: u64,
    fruitless: u32,
}

impl Link {
    /// Nothing is opened yet.
    pub(crate) fn new(api: Api, session: SessionId, password: SessionPassword, tell: Tell) -> Self {
        let state = LinkState { password, current: None, progress: 0, fruitless: 0 };
        Self { api, session, tell, progress: AtomicU64::new(0), state: Mutex::new(state) }
    }

    /// Whose computer.
    pub(crate) fn session(&self) -> SessionId {
        self.session
    }

    /// Bytes got through: a cut after that is not the same failure again.
    pub(crate) fn advanced(&self, bytes: u64) {
        self.progress.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The open file manager. Opens it when there is none; the first time at once or not at all, later with patience.
    pub(crate) async fn files(&self) -> Result<Arc<Files>, ClientError> {
        let mut state = self.state.lock().await;
        if let Some(files) = state.current.as_ref().filter(|files| !files.is_closed()) {
            return Ok(files.clone());
        }
        let Some(last) = state.current.take() else {
            let files = Arc::new(self.open(&mut state.password).await?);
            state.current = Some(files.clone());
            return Ok(files);
        };
        let why = last.why();
        drop(last);
        let progress = self.progress.load(Ordering::Relaxed);
        state.fruitless = if progress == state.progress { state.fruitless + 1 } else { 0 };
        state.progress = progress;
        if !passes(&why) || state.fruitless >= FRUITLESS {
            return Err(why);
        }
        (self.tell)(&format!("{why}; trying again ..."));
        let files = Arc::new(self.reopen(&mut state.password).await?);
        (self.tell)("connected again");
        state.current = Some(files.clone());
        Ok(files)
    }

    /// Closes the channel, if one is open.
    pub(crate) async fn close(&self) {
        if let Some(files) = self.state.lock().await.current.take().filter(|files| !files.is_closed()) {
            files.close().await;
        }
    }

    async fn open(&self, password: &mut SessionPassword) -> Result<Files, ClientError> {
        let socket = channel::open(&self.api, self.session, CAPABILITY, password, &self.tell).await?;
        Files::start(socket).await
    }

    async fn reopen(&self, password: &mut SessionPassword) -> Result<Files, ClientError> {
        let since = Instant::now();
        let mut backoff = Backoff::new();
        loop {
            let random = getrandom::u32().unwrap_or_default();
            tokio::time::sleep(backoff.next(since.elapsed(), random)).await;
            match self.open(password).await {
                Err(error) if passes(&error) && since.elapsed() < PATIENCE => tracing::debug!(%error, "not yet"),
                outcome => return outcome,
            }
        }
    }

    /// Does `work` with the open file manager, again from its start each time the channel is cut.
    pub(crate) async fn again<T>(
        &self,
        work: impl AsyncFn(Arc<Files>) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        loop {
            let files = self.files().await?;
            match work(files.clone()).await {
                // The reason why the channel ended decides, in `files`, not the place where it was noticed.
                Err(_) if files.is_closed() => {}
                Err(error @ ClientError::Disconnected(_)) => return Err(error),
                outcome => return outcome,
            }
        }
    }
}

fn passes(error: &ClientError) -> bool {
    match error {
        ClientError::Disconnected(_) => true,
        ClientError::Refused(problem) => PASSING.contains(&problem.code()) || matches!(problem.status, 502 | 503),
        _ => false,
    }
}
