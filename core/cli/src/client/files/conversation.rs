//! One open channel: requests and their answers, transfers and their data, many at once.
//!
//! Memory is bounded: data of a download waits in a short queue, and when its consumer is slow the socket is not read,
//! which slows the host through every hop. Nobody who consumes a download may wait for a reply meanwhile.

use super::protocol::{self, Done, Entry, Hello, Incoming, Page, Reading, VERSION, Writing};
use crate::client::api::Socket;
use crate::client::error::{ClientError, FileError};
use bytes::Bytes;
use futures_util::stream::SplitStream;
use futures_util::{SinkExt, StreamExt};
use hospes_wire::socket::{FromTechnician, ToTechnician};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_tungstenite::tungstenite::Message;
use tokio_util::task::AbortOnDropHandle;

/// Messages on their way to the socket.
const OUTGOING: usize = 4;
/// Data messages of one download that wait for its consumer (2 MiB).
const WAITING: usize = 8;
/// After so long without a message the other side is asked for a sign of life ...
const ASK_AFTER: Duration = Duration::from_secs(10);
/// ... and after so long without one the connection counts as lost.
const SILENCE: Duration = Duration::from_secs(30);
/// Longest wait for the file manager's first message: the customer may be asked for a permission.
const HELLO_TIMEOUT: Duration = Duration::from_secs(90);

/// Longest time that a goodbye may take.
const FAREWELL: Duration = Duration::from_secs(1);

/// An open file manager.
pub(crate) struct Files {
    out: mpsc::Sender<Message>,
    shared: Arc<Shared>,
    next: AtomicU64,
    hello: Hello,
    _tasks: [AbortOnDropHandle<()>; 2],
}

/// What happens in a download.
#[derive(Debug)]
pub(crate) enum DownloadEvent {
    Data { offset: u64, bytes: Bytes },
    End(Result<Done, FileError>),
}

/// How far an upload is.
#[derive(Clone, Debug, Default)]
pub(crate) struct UploadState {
    pub(crate) written: u64,
    pub(crate) failed: Option<FileError>,
}

enum Transfer {
    Download(mpsc::Sender<DownloadEvent>),
    Upload(watch::Sender<UploadState>),
}

enum Expected {
    Plain,
    Download,
    Upload,
}

enum Reply {
    Plain(Value),
    Download(Value, mpsc::Receiver<DownloadEvent>),
    Upload(Value, watch::Receiver<UploadState>),
}

struct Waiting {
    expected: Expected,
    answer: oneshot::Sender<Result<Reply, FileError>>,
}

#[derive(Default)]
struct State {
    requests: HashMap<u64, Waiting>,
    transfers: HashMap<u32, Transfer>,
    closed: Option<ClientError>,
}

#[derive(Default)]
struct Shared(Mutex<State>);

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first reason stands. Whoever waits hears of it.
    fn close(&self, why: ClientError) {
        let mut state = self.lock();
        state.closed.get_or_insert(why);
        state.requests.clear();
        state.transfers.clear();
    }

    fn why(&self) -> ClientError {
        self.lock().closed.clone().unwrap_or_else(|| ClientError::Disconnected("the connection was lost".to_owned()))
    }
}

impl Files {
    /// Takes over a socket whose channel was opened.
    pub(crate) async fn start(socket: Socket) -> Result<Self, ClientError> {
        let shared = Arc::new(Shared::default());
        let (mut sink, stream) = socket.split();
        let (out, mut outgoing) = mpsc::channel::<Message>(OUTGOING);
        let (greet, hello) = oneshot::channel();
        let writing = shared.clone();
        let writer = tokio::spawn(async move {
            while let Some(message) = outgoing.recv().await {
                let last = matches!(message, Message::Close(_));
                if let Err(error) = sink.send(message).await {
                    return writing.close(ClientError::Disconnected(format!("the connection was lost: {error}")));
                }
                if last {
                    return;
                }
            }
        });
        let reader = tokio::spawn(receive(stream, shared.clone(), out.clone(), greet));
        let tasks = [writer, reader].map(AbortOnDropHandle::new);
        let hello: Hello = match tokio::time::timeout(HELLO_TIMEOUT, hello).await {
            Ok(Ok(hello)) => hello,
            Ok(Err(_)) => return Err(shared.why()),
            Err(_) => return Err(ClientError::Disconnected("the file manager does not answer".to_owned())),
        };
        if hello.v != VERSION {
            return Err(ClientError::Failed(format!(
                "the file manager speaks version {}, this program version {VERSION}: use a newer hospes",
                hello.v
            )));
        }
        Ok(Self { out, shared, next: AtomicU64::new(1), hello, _tasks: tasks })
    }

    /// What the component said first.
    pub(crate) fn hello(&self) -> &Hello {
        &self.hello
    }

    /// True once no message can come any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.shared.lock().closed.is_some()
    }

    /// Why it ended.
    pub(crate) fn why(&self) -> ClientError {
        self.shared.why()
    }

    /// Sends one message; waits while the other side is slow.
    pub(crate) async fn send(&self, message: Message) -> Result<(), ClientError> {
        self.out.send(message).await.map_err(|_| self.why())
    }

    async fn request(
        &self,
        op: &str,
        fields: Value,
        expected: Expected,
    ) -> Result<Result<Reply, FileError>, ClientError> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        {
            let mut state = self.shared.lock();
            if let Some(why) = &state.closed {
                return Err(why.clone());
            }
            state.requests.insert(id, Waiting { expected, answer });
        }
        let mut message = Map::from_iter([("id".to_owned(), id.into()), ("op".to_owned(), op.into())]);
        if let Value::Object(fields) = fields {
            message.extend(fields);
        }
        self.send(Message::binary(Value::Object(message).to_string().into_bytes())).await?;
        answered.await.map_err(|_| self.why())
    }

    /// One request that only has an answer. `path` names it in errors.
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        op: &str,
        path: &[String],
        fields: Value,
    ) -> Result<T, ClientError> {
        match self.request(op, fields, Expected::Plain).await? {
            Ok(Reply::Plain(value) | Reply::Download(value, _) | Reply::Upload(value, _)) => understood(value),
            Err(error) => Err(at(path, error)),
        }
    }

    /// One page of a folder after another.
    pub(crate) async fn page(&self, path: &[String], from: Option<&str>) -> Result<Page, ClientError> {
        let fields = match from {
            Some(from) => json!({ "path": path, "from": from }),
            None => json!({ "path": path }),
        };
        self.call("list", path, fields).await
    }

    /// What one name stands for.
    pub(crate) async fn stat(&self, path: &[String]) -> Result<Entry, ClientError> {
        #[derive(serde::Deserialize)]
        struct Stat {
            entry: Entry,
        }
        Ok(self.call::<Stat>("stat", path, json!({ "path": path })).await?.entry)
    }

    /// Starts a download; the flow of the channel is its only brake.
    pub(crate) async fn read(
        &self,
        path: &[String],
        offset: u64,
    ) -> Result<(Reading, mpsc::Receiver<DownloadEvent>), ClientError> {
        match self.request("read", json!({ "path": path, "offset": offset }), Expected::Download).await? {
            Ok(Reply::Download(value, events)) => Ok((understood(value)?, events)),
            Ok(_) => Err(ClientError::Failed("the file manager's answer names no transfer".to_owned())),
            Err(error) => Err(at(path, error)),
        }
    }

    /// Starts an upload, or goes on with one of the same key.
    pub(crate) async fn write(
        &self,
        path: &[String],
        key: &str,
        size: u64,
    ) -> Result<(Writing, watch::Receiver<UploadState>), ClientError> {
        let fields = json!({ "path": path, "key": key, "size": size });
        match self.request("write", fields, Expected::Upload).await? {
            Ok(Reply::Upload(value, state)) => Ok((understood(value)?, state)),
            Ok(_) => Err(ClientError::Failed("the file manager's answer names no transfer".to_owned())),
            Err(error) => Err(at(path, error)),
        }
    }

    /// Says goodbye, so that the host closes the channel at once.
    pub(crate) async fn close(&self) {
        let finish = serde_json::to_string(&FromTechnician::Finish {}).unwrap_or_default();
        let _ = self.send(Message::text(finish)).await;
        let _ = self.send(Message::Close(None)).await;
        let _ = tokio::time::timeout(FAREWELL, self.out.closed()).await;
    }

    /// Forgets a transfer and tells the other side with `op` (`cancel` or `discard`). Nothing depends on the answer.
    pub(crate) async fn give_up(&self, op: &str, transfer: u32) {
        self.shared.lock().transfers.remove(&transfer);
        let _: Result<Value, _> = self.call(op, &[], json!({ "transfer": transfer })).await;
    }
}

/// The file manager's refusal, with the path it is about.
pub(crate) fn at(path: &[String], error: FileError) -> ClientError {
    ClientError::File { path: path.join("/"), error }
}

fn understood<T: DeserializeOwned>(value: Value) -> Result<T, ClientError> {
    serde_json::from_value(value)
        .map_err(|e| ClientError::Failed(format!("the file manager's answer is not understood: {e}")))
}

async fn receive(
    mut stream: SplitStream<Socket>,
    shared: Arc<Shared>,
    out: mpsc::Sender<Message>,
    greet: oneshot::Sender<Hello>,
) {
    let mut greet = Some(greet);
    let lost = |why: &str| ClientError::Disconnected(format!("the connection was lost: {why}"));
    let why = loop {
        let message = match tokio::time::timeout(ASK_AFTER, stream.next()).await {
            Ok(message) => message,
            Err(_) => {
                // A full queue means that the writer waits for the other side already.
                let _ = out.try_send(Message::Ping(Bytes::new()));
                match tokio::time::timeout(SILENCE - ASK_AFTER, stream.next()).await {
                    Ok(message) => message,
                    Err(_) => break lost("no sign of life"),
                }
            }
        };
        match message {
            Some(Ok(Message::Binary(bytes))) => match protocol::read(&bytes) {
                Ok(incoming) => take(incoming, &shared, &mut greet).await,
                Err(error) => break error,
            },
            Some(Ok(Message::Text(text))) => {
                break match serde_json::from_str(&text) {
                    Ok(ToTechnician::Closed { problem: Some(problem) }) => problem.into(),
                    Ok(ToTechnician::Closed { problem: None }) => lost("the file manager ended"),
                    Ok(ToTechnician::Refused { refused }) => refused.into(),
                    _ => ClientError::Failed("the server said something unexpected on an open channel".to_owned()),
                };
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
            Some(Ok(Message::Close(_))) | None => break lost("the server closed it"),
            Some(Err(error)) => break lost(&error.to_string()),
        }
    };
    shared.close(why);
}

/// Hands one message to whoever waits for it.
async fn take(incoming: Incoming, shared: &Shared, greet: &mut Option<oneshot::Sender<Hello>>) {
    match incoming {
        Incoming::Hello(hello) => {
            if let Some(greet) = greet.take() {
                let _ = greet.send(hello);
            }
        }
        Incoming::Reply { id, outcome } => {
            let mut state = shared.lock();
            let Some(waiting) = state.requests.remove(&id) else { return };
            let reply = outcome.map(|value| state.register(waiting.expected, value));
            drop(state);
            // Who asked may have gone.
            let _ = waiting.answer.send(reply);
        }
        Incoming::Data { transfer, offset, bytes } => {
            let queue = match shared.lock().transfers.get(&transfer) {
                Some(Transfer::Download(queue)) => queue.clone(),
                _ => return,
            };
            if queue.send(DownloadEvent::Data { offset, bytes }).await.is_err() {
                shared.lock().transfers.remove(&transfer);
            }
        }
        Incoming::End { transfer, outcome } => {
            let ended = shared.lock().transfers.remove(&transfer);
            match (ended, outcome) {
                (Some(Transfer::Download(queue)), outcome) => {
                    let _ = queue.send(DownloadEvent::End(outcome)).await;
                }
                (Some(Transfer::Upload(state)), Err(error)) => state.send_modify(|state| state.failed = Some(error)),
                (Some(Transfer::Upload(_)), Ok(_)) | (None, _) => {}
            }
        }
        Incoming::Written { transfer, offset } => {
            if let Some(Transfer::Upload(state)) = shared.lock().transfers.get(&transfer) {
                state.send_modify(|state| state.written = state.written.max(offset));
            }
        }
        Incoming::Complaint(error) => tracing::warn!(%error, "the file manager did not understand a message"),
        Incoming::Unknown => {}
    }
}

impl State {
    /// A transfer is known before its first data can come.
    fn register(&mut self, expected: Expected, value: Value) -> Reply {
        let transfer = value.get("transfer").and_then(Value::as_u64).and_then(|id| u32::try_from(id).ok());
        match (expected, transfer) {
            (Expected::Download, Some(transfer)) => {
                let (queue, events) = mpsc::channel(WAITING);
                self.transfers.insert(transfer, Transfer::Download(queue));
                Reply::Download(value, events)
            }
            (Expected::Upload, Some(transfer)) => {
                // What an earlier try left there is confirmed.
                let written = value.get("offset").and_then(Value::as_u64).unwrap_or(0);
                let (sender, state) = watch::channel(UploadState { written, failed: None });
                self.transfers.insert(transfer, Transfer::Upload(sender));
                Reply::Upload(value, state)
            }
            _ => Reply::Plain(value),
        }
    }
}
