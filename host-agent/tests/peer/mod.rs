//! What the host's tests share: a customer's computer with the real executable, and a server that speaks the protocol
//! over the real transport and may lie. The server is the hostile peer of these tests, so it is not `core/server`.

#![allow(dead_code, missing_docs, unreachable_pub, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use hospes_licence::grant::{self, Grant, LIFETIME, Limits, Mode, SignedGrant};
use hospes_licence::interface::ConsentClass;
use hospes_licence::key::{Context, KeyPair, PublicKey};
use hospes_session::model::{EndReason, Language};
use hospes_transport::{Connection, Listener, MessageStream, Sender, ServerIdentity};
use hospes_wire::channel::{Fetch, FetchAnswer, FromHost, ToHost};
use hospes_wire::control::{EXPORTER_LABEL, HostMessage, Invitation, Pairing, Publisher, ServerMessage};
use hospes_wire::link::{DeploymentLink, LinkToken};
use hospes_wire::message::{from_frame, to_frame};
use hospes_wire::problem::Problem;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

pub const CODE: &str = "123456";
pub const PASSWORD: &str = "k7pm-x2qd-9hra";
pub const SOON: Duration = Duration::from_secs(20);
pub const SESSION: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

pub fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis() as u64
}

/// The development publisher, which a debug build of the host trusts.
pub fn publisher() -> KeyPair {
    let secret = std::env::var_os("HOSPES_TEST_PUBLISHER_SECRET_FILE").map_or([0x42; 32], |file| {
        let text = std::fs::read_to_string(file).unwrap();
        data_encoding::HEXLOWER.decode(text.trim().as_bytes()).unwrap().try_into().unwrap()
    });
    KeyPair::from_secret(&secret)
}

/// What the test's server knows and has heard.
pub struct World {
    pub lease: u64,
    pub tries: u8,
    pub language: Language,
    pub host: Option<PublicKey>,
    pub activated_at: u64,
    pub ended: Option<EndReason>,
    pub heard: Vec<HostMessage>,
    pub files: BTreeMap<String, Vec<u8>>,
    pub connection: Option<Connection>,
    control: Option<Arc<tokio::sync::Mutex<Sender>>>,
}

/// What accepts connections, and the task that does.
type Listening = (Arc<Listener>, tokio::task::JoinHandle<()>);

/// A server on the loopback.
#[derive(Clone)]
pub struct Server {
    pub world: Arc<Mutex<World>>,
    pub link: DeploymentLink,
    address: SocketAddr,
    secret: [u8; 32],
    listening: Arc<Mutex<Option<Listening>>>,
}

pub fn grant_key() -> KeyPair {
    KeyPair::from_secret(&[3; 32])
}

impl Server {
    pub async fn start(lease: Duration) -> Self {
        let secret = [9; 32];
        let identity = ServerIdentity::from_secret(secret).unwrap();
        let listener = Listener::bind(&["127.0.0.1:0".parse().unwrap()], &identity).unwrap();
        let address = listener.local_addresses()[0];
        let link = DeploymentLink::new(false, "127.0.0.1", address.port(), LinkToken([5; 16]), identity.pin()).unwrap();
        let world = World {
            lease: lease.as_millis() as u64,
            tries: 5,
            language: Language::En,
            host: None,
            activated_at: 0,
            ended: None,
            heard: Vec::new(),
            files: BTreeMap::new(),
            connection: None,
            control: None,
        };
        let server =
            Self { world: Arc::new(Mutex::new(world)), link, address, secret, listening: Arc::new(Mutex::new(None)) };
        server.listen(listener);
        server
    }

    fn listen(&self, listener: Listener) {
        let listener = Arc::new(listener);
        let (server, accepting) = (self.clone(), listener.clone());
        let task = tokio::spawn(async move {
            while let Some(connection) = accepting.accept().await {
                let server = server.clone();
                tokio::spawn(async move {
                    let _ = server.converse(connection).await;
                });
            }
        });
        *self.listening.lock().unwrap() = Some((listener, task));
    }

    /// The network is cut: nothing is answered any more, connections are lost.
    pub async fn cut(&self) {
        {
            // What the test holds of a connection would keep the socket.
            let mut world = self.world.lock().unwrap();
            (world.connection, world.control) = (None, None);
        }
        let (listener, task) = self.listening.lock().unwrap().take().unwrap();
        listener.shut("cut").await;
        task.abort();
    }

    /// The network is back.
    pub async fn back(&self) {
        let identity = ServerIdentity::from_secret(self.secret).unwrap();
        let start = Instant::now();
        loop {
            match Listener::bind(&[self.address], &identity) {
                Ok(listener) => return self.listen(listener),
                // The old socket goes when the last task lets go of it.
                Err(error) => assert!(start.elapsed() < SOON, "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn invitation(&self, world: &World) -> Invitation {
        let titles = |en: &str, fr: &str| [("en".to_owned(), en.to_owned()), ("fr".to_owned(), fr.to_owned())].into();
        Invitation {
            company: "Acme".to_owned(),
            technician: "Tina Tech".to_owned(),
            confirmed: false,
            capabilities: vec![("file-manager".to_owned(), titles("File manager", "Gestionnaire de fichiers"))],
            classes: vec![ConsentClass::ReadFiles, ConsentClass::WriteFiles],
            lease: world.lease,
            expires_at: now() + 3_600_000,
            language: world.language,
            publishers: vec![Publisher { name: "Hospes".to_owned(), key: publisher().public() }],
        }
    }

    fn pairing(&self, world: &World) -> ServerMessage {
        ServerMessage::Paired(Box::new(Pairing {
            session: SESSION.to_owned(),
            invitation: self.invitation(world),
            grant_key: grant_key().public(),
            password_verifier: hospes_pake::register(PASSWORD, [1; 32]).unwrap(),
        }))
    }

    async fn converse(&self, connection: Connection) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let (sender, mut receiver) = connection.accept_stream().await?.split();
        let sender = Arc::new(tokio::sync::Mutex::new(sender));
        let fetching = {
            let (server, connection) = (self.clone(), connection.clone());
            tokio::spawn(async move {
                while let Ok(stream) = connection.accept_stream().await {
                    server.send_file(stream).await;
                }
            })
        };
        while let Some(frame) = receiver.recv().await? {
            let message: HostMessage = from_frame(&frame)?;
            if let Some(answer) = self.answer(&message, &connection, &sender) {
                sender.lock().await.send(to_frame(&answer)?).await?;
            }
            self.world.lock().unwrap().heard.push(message);
        }
        fetching.abort();
        connection.close("goodbye");
        Ok(())
    }

    fn answer(
        &self,
        message: &HostMessage,
        connection: &Connection,
        sender: &Arc<tokio::sync::Mutex<Sender>>,
    ) -> Option<ServerMessage> {
        let mut world = self.world.lock().unwrap();
        let proven = |key: &PublicKey, proof: &[u8; 64]| {
            let bytes = connection.exporter(EXPORTER_LABEL).unwrap();
            key.verify(Context::HostProof, &bytes, proof).expect("the host proves its key on this connection");
        };
        let refused = |code: &str| Some(ServerMessage::Refused { problem: Problem::new(code, 409, code) });
        match message {
            HostMessage::Hello { .. } => Some(ServerMessage::Welcome { v: hospes_wire::VERSION, now: now() }),
            HostMessage::LookUp { token } if *token == [5; 16] => {
                Some(ServerMessage::Invitation(self.invitation(&world)))
            }
            HostMessage::LookUp { .. } => refused("link-unknown"),
            HostMessage::Pair { code, host_key, proof, .. } => {
                proven(host_key, proof);
                if world.host.is_some_and(|host| host != *host_key) {
                    return refused("link-used");
                }
                if code != CODE {
                    world.tries -= 1;
                    return Some(ServerMessage::CodeWrong { tries_left: world.tries });
                }
                world.host = Some(*host_key);
                Some(self.pairing(&world))
            }
            HostMessage::Installed {} => {
                world.activated_at = now();
                world.connection = Some(connection.clone());
                world.control = Some(sender.clone());
                let (activated_at, lease_ends) = (world.activated_at, world.activated_at + world.lease);
                Some(ServerMessage::Activated { activated_at, lease_ends })
            }
            HostMessage::Resume { session, host_key, proof } => {
                proven(host_key, proof);
                assert_eq!((session.as_str(), Some(*host_key)), (SESSION, world.host));
                if let Some(reason) = world.ended {
                    return Some(ServerMessage::Ended { reason });
                }
                if world.activated_at == 0 {
                    return Some(self.pairing(&world));
                }
                world.connection = Some(connection.clone());
                world.control = Some(sender.clone());
                Some(ServerMessage::Resumed { lease_ends: world.activated_at + world.lease })
            }
            HostMessage::AlreadyHosting { .. } => refused("already-hosting"),
            HostMessage::End {} => {
                world.ended = Some(EndReason::Customer);
                Some(ServerMessage::Ended { reason: EndReason::Customer })
            }
            HostMessage::Consent { .. } | HostMessage::ChannelClosed { .. } | HostMessage::Removed { .. } => None,
        }
    }

    async fn send_file(&self, mut stream: MessageStream) {
        let Ok(Some(frame)) = stream.recv().await else { return };
        let Fetch::Component { hash } = from_frame(&frame).unwrap();
        let file = self.world.lock().unwrap().files.get(&hash).cloned();
        let (mut sender, _receiver) = stream.split();
        let answer = match &file {
            Some(file) => FetchAnswer::Found { length: file.len() as u64 },
            None => FetchAnswer::NotFound {},
        };
        let _ = sender.send(to_frame(&answer).unwrap()).await;
        if let Some(file) = file {
            let _ = sender.send_raw(file).await;
        }
        let _ = sender.finish().await;
        let _ = sender.delivered().await;
    }

    /// Says something on the control stream.
    pub async fn tell(&self, message: ServerMessage) {
        let control = self.world.lock().unwrap().control.clone().unwrap();
        control.lock().await.send(to_frame(&message).unwrap()).await.unwrap();
    }

    /// Waits until the host has said something.
    pub async fn heard(&self, what: impl Fn(&HostMessage) -> bool) -> HostMessage {
        let start = Instant::now();
        loop {
            if let Some(message) = self.world.lock().unwrap().heard.iter().find(|message| what(message)) {
                return message.clone();
            }
            assert!(start.elapsed() < SOON, "not heard; heard {:?}", self.world.lock().unwrap().heard);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until the session is active and the host has said what is allowed.
    pub async fn active(&self) {
        self.heard(|message| matches!(message, HostMessage::Consent { .. })).await;
    }

    /// Forgets what was heard.
    pub fn forget(&self) {
        self.world.lock().unwrap().heard.clear();
    }

    /// A good grant for a new channel.
    pub fn grant(&self, channel: &str) -> Grant {
        let issued_at = now();
        let world = self.world.lock().unwrap();
        Grant {
            session: SESSION.to_owned(),
            channel: channel.to_owned(),
            host_key: world.host.unwrap(),
            technician: "t".to_owned(),
            technician_name: "Tina Tech".to_owned(),
            login: "login-1".to_owned(),
            capability: "file-manager".to_owned(),
            component: "ab".repeat(32),
            interfaces: BTreeSet::from(["hospes:files/read".to_owned()]),
            mode: Mode::Full,
            limits: Limits::default(),
            generation: 0,
            issued_at,
            not_after: (issued_at + LIFETIME).min(world.activated_at + world.lease),
        }
    }

    /// Opens a stream to the host and sends this as the first message.
    pub async fn open(&self, grant: SignedGrant) -> MessageStream {
        let connection = self.world.lock().unwrap().connection.clone().unwrap();
        let mut stream = connection.open_stream().await.unwrap();
        stream.send(to_frame(&ToHost::Open { grant, request: "{}".to_owned() }).unwrap()).await.unwrap();
        stream
    }
}

pub fn signed(grant: &Grant) -> SignedGrant {
    grant::sign(grant, &grant_key()).unwrap()
}

/// The host's next word on a channel that is opening; `wait`s are skipped.
pub async fn word(stream: &mut MessageStream) -> FromHost {
    loop {
        let frame = tokio::time::timeout(SOON, stream.recv()).await.expect("an answer").unwrap().expect("a frame");
        match from_frame(&frame).unwrap() {
            FromHost::Wait { .. } => {}
            other => return other,
        }
    }
}

/// The code of the refusal that comes next.
pub async fn refusal(stream: &mut MessageStream) -> String {
    match word(stream).await {
        FromHost::Refused { problem } => problem.code().to_owned(),
        other => panic!("expected a refusal, got {other:?}"),
    }
}

/// Proves a password on a channel that is opening; what the host says then.
pub async fn prove(stream: &mut MessageStream, password: &str) -> FromHost {
    let FromHost::NeedPassword { .. } = word(stream).await else { panic!("no password was asked for") };
    let (login, first) = hospes_pake::ClientLogin::start(password, [1; 32]).unwrap();
    stream.send(to_frame(&ToHost::Pake { message: first }).unwrap()).await.unwrap();
    let response = match word(stream).await {
        FromHost::Pake { message } => message,
        other => return other,
    };
    // Who guesses wrong has no third message; a guesser sends anything.
    let third = login.finish(&response, [2; 32]).unwrap_or_else(|_| vec![0; 64]);
    stream.send(to_frame(&ToHost::Pake { message: third }).unwrap()).await.unwrap();
    word(stream).await
}

/// A customer's computer.
pub struct Computer {
    folder: tempfile::TempDir,
}

impl Default for Computer {
    fn default() -> Self {
        let computer = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir_all(computer.docs()).unwrap();
        std::fs::write(computer.docs().join("mine.txt"), "stays").unwrap();
        computer
    }
}

impl Computer {
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    pub fn docs(&self) -> PathBuf {
        self.home().join("Documents")
    }

    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// The host's executable in this computer's environment.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.env_clear().env("HOME", self.home()).env("PATH", "/usr/bin:/bin").env("RUST_LOG", "info");
        command.current_dir(self.folder.path());
        command
    }

    /// `hospes-agent` with these arguments and `--state`.
    pub fn agent(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_hospes-agent"));
        command.args(arguments).arg("--state").arg(self.state());
        command
    }

    /// Joins without asking anybody.
    pub fn join(&self, link: &DeploymentLink, arguments: &[&str]) -> Agent {
        let root = format!("Docs={}", self.docs().display());
        let link = link.to_string();
        let mut all = vec!["join", &link, "--root", &root];
        all.extend(arguments);
        self.run(self.agent(&all))
    }

    pub fn headless(&self, link: &DeploymentLink) -> Agent {
        self.join(link, &["--headless", "--code", CODE, "--consent", "allow"])
    }

    pub fn run(&self, mut command: Command) -> Agent {
        let log = self.folder.path().join("log");
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&log).unwrap();
        let child = command.stdin(Stdio::piped()).stdout(file.try_clone().unwrap()).stderr(file).spawn().unwrap();
        Agent { child, log }
    }

    /// Everything on this computer but the test's log.
    pub fn snapshot(&self) -> BTreeSet<PathBuf> {
        fn walk(folder: &Path, found: &mut BTreeSet<PathBuf>) {
            for entry in std::fs::read_dir(folder).unwrap().flatten() {
                if entry.file_type().unwrap().is_dir() {
                    walk(&entry.path(), found);
                }
                found.insert(entry.path());
            }
        }
        let mut found = BTreeSet::new();
        walk(self.folder.path(), &mut found);
        found.remove(&self.folder.path().join("log"));
        found
    }

    /// The command that the desktop runs at log-in.
    pub fn autostart(&self) -> Command {
        let entries: Vec<_> = std::fs::read_dir(self.home().join(".config/autostart")).unwrap().flatten().collect();
        let text = std::fs::read_to_string(entries.first().expect("an autostart entry").path()).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("Exec=")).unwrap().to_owned();
        let mut command = self.command("/bin/sh");
        command.args(["-c", &format!("exec {line}")]);
        command
    }
}

/// A running host.
pub struct Agent {
    child: Child,
    log: PathBuf,
}

impl Agent {
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub fn say(&mut self, line: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    pub fn signal(&self, name: &str) {
        let kill = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status().unwrap();
        assert!(kill.success());
    }

    /// Waits for a text in the output.
    pub async fn shows(&self, text: &str) {
        let start = Instant::now();
        while !self.log().contains(text) {
            assert!(start.elapsed() < SOON, "{text:?} is not shown: {}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits for its end.
    pub async fn ends(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < SOON, "still running: {}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the host said: {}", self.log());
        }
    }
}
