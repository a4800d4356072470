//! A server and a file manager in one, on a real socket: the smallest peer that speaks `hospes_wire::socket` and
//! `plugins/file-manager/PROTOCOL.md`, with faults on demand.

use super::protocol::{self, Incoming};
use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use hospes_pake::HostLogin;
use hospes_wire::problem::Problem;
use hospes_wire::socket::{FromTechnician, Open, Opened, ToTechnician};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex};

/// Faults and facts.
#[derive(Default)]
pub(super) struct World {
    /// Content by path; folders are those that appear in paths, and those made.
    pub(super) files: BTreeMap<Vec<String>, Vec<u8>>,
    pub(super) folders: HashSet<Vec<String>>,
    /// Partial uploads by key.
    pub(super) partial: HashMap<String, Vec<u8>>,
    /// Other entries of listings: folder and entry.
    pub(super) odd: Vec<(Vec<String>, Value)>,
    /// The socket is dropped after so many bytes of data, once per element.
    pub(super) cuts: Vec<usize>,
    /// The next download's hash is a lie.
    pub(super) lie: bool,
    /// Opening is refused so often with 503.
    pub(super) offline: usize,
    /// Offsets that downloads and uploads began at.
    pub(super) offsets: Vec<u64>,
    pub(super) verifier: Vec<u8>,
    /// Sockets that were opened.
    pub(super) opened: usize,
}

pub(super) type Shared = Arc<Mutex<World>>;

/// Starts it; the address of its API.
pub(super) async fn start(world: Shared) -> String {
    let app = Router::new()
        .route("/api/v1/sessions/{id}/tickets", post(|| async { axum::Json(json!({ "ticket": "one" })) }))
        .route("/api/v1/sessions/{id}/channels/{capability}", get(upgrade))
        .with_state(world);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    address
}

async fn upgrade(
    State(world): State<Shared>,
    Path((_, capability)): Path<(String, String)>,
    socket: WebSocketUpgrade,
) -> Response {
    assert_eq!(capability, "file-manager");
    socket
        .on_upgrade(move |socket| async move {
            let _ = serve(world, socket).await;
        })
        .into_response()
}

struct Peer {
    socket: WebSocket,
    /// Bytes of data until the socket is dropped.
    cut: Option<usize>,
}

/// The socket is gone, or is to go.
struct Gone;

impl Peer {
    async fn say(&mut self, message: &ToTechnician) -> Result<(), Gone> {
        self.socket.send(Message::text(serde_json::to_string(message).unwrap())).await.map_err(|_| Gone)
    }

    async fn json(&mut self, message: Value) -> Result<(), Gone> {
        self.socket.send(Message::binary(message.to_string().into_bytes())).await.map_err(|_| Gone)
    }

    async fn next(&mut self) -> Result<Message, Gone> {
        match self.socket.recv().await {
            Some(Ok(message)) => Ok(message),
            _ => Err(Gone),
        }
    }

    async fn said<T: serde::de::DeserializeOwned>(&mut self) -> Result<T, Gone> {
        let Message::Text(text) = self.next().await? else { return Err(Gone) };
        Ok(serde_json::from_str(&text).unwrap())
    }

    fn count(&mut self, bytes: usize) -> Result<(), Gone> {
        match &mut self.cut {
            Some(left) if *left < bytes => Err(Gone),
            Some(left) => {
                *left -= bytes;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

async fn serve(world: Shared, socket: WebSocket) -> Result<(), Gone> {
    let mut peer = Peer { socket, cut: None };
    let open: Open = peer.said().await?;
    assert_eq!((open.v, open.ticket.as_deref()), (1, Some("one")));
    let offline = {
        let mut world = world.lock().unwrap();
        let offline = world.offline > 0;
        world.offline = world.offline.saturating_sub(1);
        offline
    };
    if offline {
        let refused = Problem::new("host-offline", 503, "The customer's computer is not connected.");
        return peer.say(&ToTechnician::Refused { refused }).await;
    }
    let verifier = world.lock().unwrap().verifier.clone();
    if !verifier.is_empty() {
        peer.say(&ToTechnician::Need { need: "session-password".into(), retry_after: 0 }).await?;
        let FromTechnician::Pake { message } = peer.said().await? else { return Err(Gone) };
        let (login, message) = HostLogin::respond(&verifier, &message, [3; 32]).unwrap();
        peer.say(&ToTechnician::Pake { message }).await?;
        let FromTechnician::Pake { message } = peer.said().await? else { return Err(Gone) };
        login.finish(&message).unwrap();
    }
    peer.say(&ToTechnician::Wait { reason: "starting".into() }).await?;
    peer.say(&ToTechnician::Opened { opened: Opened { channel: "c".into(), interfaces: vec![] } }).await?;
    peer.cut = {
        let mut world = world.lock().unwrap();
        world.opened += 1;
        if world.cuts.is_empty() { None } else { Some(world.cuts.remove(0)) }
    };
    let roots = json!([{ "name": "Home", "writable": true }]);
    peer.json(json!({"event": "hello", "v": 1, "roots": roots, "write": true, "chunk": 262_144, "transfers": 4}))
        .await?;
    manage(&world, &mut peer).await
}

struct Upload {
    path: Vec<String>,
    key: String,
}

async fn manage(world: &Shared, peer: &mut Peer) -> Result<(), Gone> {
    let mut uploads: HashMap<u64, Upload> = HashMap::new();
    let mut next = 1u64;
    loop {
        let message = match peer.next().await? {
            Message::Binary(message) => message,
            Message::Close(_) => return Ok(()),
            _ => continue,
        };
        if message.first() != Some(&b'{') {
            let Ok(Incoming::Data { transfer, offset, bytes }) = protocol::read(&message) else { return Err(Gone) };
            peer.count(bytes.len())?;
            let written = {
                let mut world = world.lock().unwrap();
                let partial = world.partial.get_mut(&uploads[&u64::from(transfer)].key).unwrap();
                assert_eq!(offset, partial.len() as u64, "in order, without gaps");
                partial.extend_from_slice(&bytes);
                partial.len()
            };
            peer.json(json!({"event": "written", "transfer": transfer, "offset": written})).await?;
            continue;
        }
        let request: Value = serde_json::from_slice(&message).unwrap();
        let id = request["id"].as_u64().unwrap();
        let path: Vec<String> = serde_json::from_value(request["path"].clone()).unwrap_or_default();
        let refuse = |code: &str| json!({"id": id, "error": {"code": code, "message": ""}});
        match request["op"].as_str().unwrap() {
            "stat" | "list" => {
                let answer = look(&world.lock().unwrap(), &path, request["op"] == "list", request["from"].as_str());
                let answer = answer.map_or_else(&refuse, |ok| json!({"id": id, "ok": ok}));
                peer.json(answer).await?;
            }
            "mkdir" => {
                world.lock().unwrap().folders.insert(path);
                peer.json(json!({"id": id, "ok": {}})).await?;
            }
            "read" => {
                let Some(content) = world.lock().unwrap().files.get(&path).cloned() else {
                    peer.json(refuse("not-found")).await?;
                    continue;
                };
                let offset = request["offset"].as_u64().unwrap_or(0);
                world.lock().unwrap().offsets.push(offset);
                let transfer = next;
                next += 1;
                let ok = json!({"transfer": transfer, "size": content.len(), "modified": content.len()});
                peer.json(json!({"id": id, "ok": ok})).await?;
                send(world, peer, &content, offset, transfer).await?;
            }
            "write" => {
                let key = request["key"].as_str().unwrap().to_owned();
                let offset = {
                    let mut world = world.lock().unwrap();
                    let offset = world.partial.entry(key.clone()).or_default().len() as u64;
                    world.offsets.push(offset);
                    offset
                };
                uploads.insert(next, Upload { path, key });
                peer.json(json!({"id": id, "ok": {"transfer": next, "offset": offset}})).await?;
                next += 1;
            }
            "commit" => {
                let upload = uploads.remove(&request["transfer"].as_u64().unwrap()).unwrap();
                let content = world.lock().unwrap().partial.remove(&upload.key).unwrap();
                if request["blake3"] != blake3::hash(&content).to_hex().as_str() {
                    peer.json(refuse("wrong-hash")).await?;
                    continue;
                }
                world.lock().unwrap().files.insert(upload.path, content);
                peer.json(json!({"id": id, "ok": {}})).await?;
            }
            "cancel" | "discard" => peer.json(json!({"id": id, "ok": {}})).await?,
            other => panic!("{other}"),
        }
    }
}

async fn send(world: &Shared, peer: &mut Peer, content: &[u8], offset: u64, transfer: u64) -> Result<(), Gone> {
    let mut at = usize::try_from(offset).unwrap();
    for chunk in content[at..].chunks(100_000) {
        peer.count(chunk.len())?;
        let message: Bytes = protocol::data(u32::try_from(transfer).unwrap(), at as u64, chunk);
        peer.socket.send(Message::Binary(message)).await.map_err(|_| Gone)?;
        at += chunk.len();
    }
    let mut hash = blake3::hash(content);
    if std::mem::take(&mut world.lock().unwrap().lie) {
        hash = blake3::hash(b"something else");
    }
    peer.json(json!({"event": "end", "transfer": transfer, "size": content.len(), "blake3": hash.to_hex().as_str()}))
        .await
}

/// `stat` and `list`, two entries a page.
fn look(world: &World, path: &[String], list: bool, from: Option<&str>) -> Result<Value, &'static str> {
    let entry = |name: &str, kind: &str, size: usize| json!({"name": name, "kind": kind, "size": size, "modified": size, "addressable": true});
    if let Some(content) = world.files.get(path) {
        return if list {
            Err("not-directory")
        } else {
            Ok(json!({"entry": entry(path.last().unwrap(), "file", content.len())}))
        };
    }
    let mut found: BTreeMap<String, Value> = BTreeMap::new();
    for (file, content) in &world.files {
        if let Some([name, rest @ ..]) = file.strip_prefix(path) {
            let kind = if rest.is_empty() { ("file", content.len()) } else { ("directory", 0) };
            found.insert(name.clone(), entry(name, kind.0, kind.1));
        }
    }
    for (_, odd) in world.odd.iter().filter(|(folder, _)| folder == path) {
        found.insert(odd["name"].as_str().unwrap().to_owned(), odd.clone());
    }
    if found.is_empty() && path.len() > 1 && !world.folders.contains(path) {
        return Err("not-found");
    }
    if !list {
        return Ok(json!({"entry": entry(path.last().unwrap(), "directory", 0)}));
    }
    let mut rest = found.into_iter().skip_while(|(name, _)| from.is_some_and(|from| name.as_str() < from));
    let entries: Vec<Value> = rest.by_ref().take(2).map(|(_, entry)| entry).collect();
    Ok(json!({"entries": entries, "next": rest.next().map(|(name, _)| name)}))
}

impl From<&'static str> for World {
    fn from(password: &'static str) -> Self {
        Self { verifier: hospes_pake::register(password, [1; 32]).unwrap(), ..Self::default() }
    }
}
