//! A running server, technicians, and hosts that speak its protocol.

use futures_util::{SinkExt, StreamExt};
use hospes_licence::key::{Context, KeyPair, PublicKey};
use hospes_licence::plugin_file::{pack, sign};
use hospes_server::admin::{Admin, NewCompany};
use hospes_server::settings::Settings;
use hospes_server::{Running, start};
use hospes_session::model::HostFacts;
use hospes_store::model::Role;
use hospes_transport::{Connection, Receiver, Sender, dial};
use hospes_wire::control::{EXPORTER_LABEL, HostMessage, Pairing, ServerMessage};
use hospes_wire::link::DeploymentLink;
use hospes_wire::message::{from_frame, to_frame};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

pub(crate) const PASSWORD: &str = "correct horse battery";
/// Secret of the publisher whose plugins the tests' servers trust.
pub(crate) const PUBLISHER: [u8; 32] = [7; 32];

pub(crate) struct Site {
    pub(crate) running: Option<Running>,
    pub(crate) url: String,
    pub(crate) admin: Admin,
    pub(crate) http: reqwest::Client,
    pub(crate) dir: tempfile::TempDir,
}

/// What a plugin of the tests is.
pub(crate) fn plugin(id: &str, tiers: &str) -> Vec<u8> {
    let manifest = format!(
        "id = \"{id}\"\nversion = \"0.1.0\"\nkind = \"capability\"\npublisher = \"tests\"\nmin-host = \"0.1\"\n\
         title = {{ en = \"{id} en\", fr = \"{id} fr\", es = \"{id} es\" }}\n[tiers]\n{tiers}\n[ui]\nentry = \"ui/index.html\"\n"
    );
    let pages = BTreeMap::from([
        ("ui/index.html".to_owned(), b"<!doctype html><title>x</title>".to_vec()),
        ("ui/app.js".to_owned(), b"1".to_vec()),
    ]);
    let component = b"\0asm\x0d\0\x01\0";
    let packed = pack(component, &manifest, &pages).unwrap();
    sign(&packed, &KeyPair::from_secret(&PUBLISHER)).unwrap()
}

impl Site {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let dir = tempfile::tempdir().unwrap();
        let plugins = dir.path().join("plugins");
        std::fs::create_dir(&plugins).unwrap();
        let files = plugin("file-manager", "\"file-manager\" = [\"hospes:files/read\", \"hospes:files/write\"]");
        std::fs::write(plugins.join("file-manager-0.1.0.hospes.wasm"), files).unwrap();
        let desk = plugin("remote-control", "\"remote-control\" = [\"hospes:desk/screen\", \"hospes:desk/input\"]");
        std::fs::write(plugins.join("remote-control-0.1.0.hospes.wasm"), desk).unwrap();
        let agents = dir.path().join("agents");
        std::fs::create_dir(&agents).unwrap();
        std::fs::write(agents.join("hospes-agent"), b"an agent").unwrap();
        let mut settings = Settings {
            listen: "127.0.0.1:0".parse().unwrap(),
            data: dir.path().join("data"),
            plugins: Some(plugins),
            // Sold, and not here: whether or not it was built in.
            without_plugins: vec!["dashboard".to_owned()],
            publishers: vec![KeyPair::from_secret(&PUBLISHER).public().to_string()],
            agent_dir: Some(agents),
            ..Settings::default()
        };
        change(&mut settings);
        let admin = Admin::open(&settings.data).await.unwrap();
        let running = start(settings).await.unwrap();
        let http = reqwest::Client::builder().timeout(Duration::from_secs(20)).build().unwrap();
        Self { url: format!("http://{}", running.address()), running: Some(running), admin, http, dir }
    }

    pub(crate) async fn company(&self, name: &str, plan: &str, modules: &[&str], seats: u32) {
        let modules = modules.iter().map(|module| (*module).to_owned()).collect();
        let new = NewCompany { name: name.to_owned(), plan: plan.to_owned(), modules, seats };
        self.admin.add_company(&new).await.unwrap();
    }

    pub(crate) async fn technician(&self, company: &str, email: &str) -> Technician {
        self.member(company, email, Role::Technician).await
    }

    pub(crate) async fn owner(&self, company: &str, email: &str) -> Technician {
        self.member(company, email, Role::Owner).await
    }

    async fn member(&self, company: &str, email: &str, role: Role) -> Technician {
        let password = PASSWORD.to_owned().into();
        self.admin.add_technician(company, email, "Ada Tech", role, password).await.unwrap();
        self.login(email).await
    }

    pub(crate) async fn login(&self, email: &str) -> Technician {
        self.login_with(email, PASSWORD).await.unwrap()
    }

    /// A login, or the status and the code of the refusal.
    pub(crate) async fn login_with(&self, email: &str, password: &str) -> Result<Technician, (u16, String)> {
        let body = json!({ "email": email, "password": password });
        let answer = self.http.post(format!("{}/api/v1/auth/login", self.url)).json(&body).send().await.unwrap();
        let (status, answer) = read(answer).await;
        match answer["token"].as_str() {
            Some(token) => Ok(Technician { url: self.url.clone(), http: self.http.clone(), token: token.to_owned() }),
            None => Err((status, code(&answer).to_owned())),
        }
    }

    /// What the operator's command line does: another licence, behind the server's back.
    pub(crate) async fn install_plan(&self, company: &str, plan: &str) {
        let company = self.admin.store().company_by_name(company).await.unwrap();
        let mut licence: hospes_licence::licence::Licence = serde_json::from_slice(&company.licence.bytes).unwrap();
        licence.plan = plan.to_owned();
        let signed = hospes_licence::licence::issue(&licence, self.admin.operator()).unwrap();
        let audit = hospes_store::model::Audit {
            company: Some(company.id),
            session: None,
            actor: "operator".to_owned(),
            action: "licence.install".to_owned(),
            detail: json!({}),
        };
        self.admin.store().set_licence(company.id, &signed, company.created_at, &audit).await.unwrap();
    }

    /// A company "Demo" on `base` with one technician.
    pub(crate) async fn demo(&self) -> Technician {
        self.company("Demo", "base", &[], 5).await;
        self.technician("Demo", "ada@demo.test").await
    }
}

#[derive(Clone)]
pub(crate) struct Technician {
    pub(crate) url: String,
    pub(crate) http: reqwest::Client,
    pub(crate) token: String,
}

impl Technician {
    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        let request = self.http.get(format!("{}/api/v1{path}", self.url)).bearer_auth(&self.token);
        read(request.send().await.unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.call("POST", path, body).await
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let request = self.http.request(method.parse().unwrap(), format!("{}/api/v1{path}", self.url));
        read(request.bearer_auth(&self.token).json(body).send().await.unwrap()).await
    }

    /// The technician's id.
    pub(crate) async fn id(&self) -> String {
        self.get("/me").await.1["technician"]["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn prepare(&self) -> Value {
        let (status, body) = self.post("/sessions", &json!({ "customer_email": "c@example.com" })).await;
        assert_eq!(status, 201, "{body}");
        body
    }

    /// Prepares a session and joins it with a host.
    pub(crate) async fn active(&self) -> (String, Host) {
        let prepared = self.prepare().await;
        let mut host = Host::dial(&prepared, [9; 32]).await;
        host.join(prepared["security_code"].as_str().unwrap()).await;
        (prepared["id"].as_str().unwrap().to_owned(), host)
    }

    pub(crate) async fn socket(&self, session: &str, capability: &str) -> Socket {
        let url = self.url.replace("http://", "ws://");
        let request = format!("{url}/api/v1/sessions/{session}/channels/{capability}").into_client_request().unwrap();
        let tcp = tokio::net::TcpStream::connect(url.trim_start_matches("ws://")).await.unwrap();
        let (socket, _) = tokio_tungstenite::client_async(request, tcp).await.unwrap();
        Socket(socket)
    }
}

pub(crate) async fn read(answer: reqwest::Response) -> (u16, Value) {
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// The code of a problem: the last segment of its type.
pub(crate) fn code(problem: &Value) -> &str {
    problem["type"].as_str().unwrap_or_default().rsplit('/').next().unwrap_or_default()
}

pub(crate) struct Socket(tokio_tungstenite::WebSocketStream<tokio::net::TcpStream>);

impl Socket {
    pub(crate) async fn say(&mut self, message: &Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    pub(crate) async fn send(&mut self, payload: Vec<u8>) {
        self.0.send(Message::binary(payload)).await.unwrap();
    }

    pub(crate) async fn close(mut self) {
        self.0.close(None).await.unwrap();
        // The server's own close, after it has read everything.
        while let Some(Ok(_)) = self.0.next().await {}
    }

    /// The next text as JSON.
    pub(crate) async fn hear(&mut self) -> Value {
        loop {
            match tokio::time::timeout(Duration::from_secs(10), self.0.next()).await.expect("no message in 10 s") {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("expected text, got {other:?}"),
            }
        }
    }

    /// The next binary message.
    pub(crate) async fn recv(&mut self) -> Vec<u8> {
        loop {
            match tokio::time::timeout(Duration::from_secs(10), self.0.next()).await.expect("no message in 10 s") {
                Some(Ok(Message::Binary(payload))) => return payload.to_vec(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("expected a binary message, got {other:?}"),
            }
        }
    }
}

/// A host that does as it is told by a test.
pub(crate) struct Host {
    pub(crate) connection: Connection,
    pub(crate) sender: Sender,
    pub(crate) receiver: Receiver,
    pub(crate) key: KeyPair,
    pub(crate) link: DeploymentLink,
}

pub(crate) fn link_of(prepared: &Value) -> DeploymentLink {
    prepared["deployment_link"].as_str().unwrap().parse().unwrap()
}

impl Host {
    /// Connects and says hello.
    pub(crate) async fn dial(prepared: &Value, secret: [u8; 32]) -> Self {
        Self::dial_link(link_of(prepared), secret).await
    }

    pub(crate) async fn dial_link(link: DeploymentLink, secret: [u8; 32]) -> Self {
        let connection = dial(&link.host, link.port, link.pin).await.unwrap();
        Self::greet(connection, link, secret).await
    }

    /// Says hello on a connection of any kind.
    pub(crate) async fn greet(connection: Connection, link: DeploymentLink, secret: [u8; 32]) -> Self {
        let (sender, receiver) = connection.open_stream().await.unwrap().split();
        let mut host = Self { connection, sender, receiver, key: KeyPair::from_secret(&secret), link };
        let facts = HostFacts { os: "linux".to_owned(), hostname: "pc".to_owned(), agent: "0.1.0".to_owned() };
        let answer = host.ask(HostMessage::Hello { v: 1, facts }).await;
        assert!(matches!(answer, ServerMessage::Welcome { v: 1, .. }), "{answer:?}");
        host
    }

    pub(crate) async fn tell(&mut self, message: HostMessage) {
        self.sender.send(to_frame(&message).unwrap()).await.unwrap();
    }

    pub(crate) async fn hear(&mut self) -> ServerMessage {
        let frame =
            tokio::time::timeout(Duration::from_secs(10), self.receiver.recv()).await.expect("no answer in 10 s");
        from_frame(&frame.unwrap().expect("the server closed the control stream")).unwrap()
    }

    pub(crate) async fn ask(&mut self, message: HostMessage) -> ServerMessage {
        self.tell(message).await;
        self.hear().await
    }

    pub(crate) fn proof(&self) -> (PublicKey, [u8; 64]) {
        let bytes = self.connection.exporter(EXPORTER_LABEL).unwrap();
        (self.key.public(), self.key.sign(Context::HostProof, &bytes))
    }

    pub(crate) async fn pair(&mut self, code: &str) -> ServerMessage {
        let (host_key, proof) = self.proof();
        self.ask(HostMessage::Pair { token: self.link.token.0, code: code.to_owned(), host_key, proof }).await
    }

    pub(crate) async fn resume(&mut self, session: &str) -> ServerMessage {
        let (host_key, proof) = self.proof();
        self.ask(HostMessage::Resume { session: session.to_owned(), host_key, proof }).await
    }

    /// Pairs and activates.
    pub(crate) async fn join(&mut self, code: &str) -> Box<Pairing> {
        let pairing = match self.pair(code).await {
            ServerMessage::Paired(pairing) => pairing,
            other => panic!("not paired: {other:?}"),
        };
        let answer = self.ask(HostMessage::Installed {}).await;
        assert!(matches!(answer, ServerMessage::Activated { .. }), "{answer:?}");
        pairing
    }
}

/// Waits until something holds, at most 10 s.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let until = tokio::time::Instant::now() + Duration::from_secs(10);
    while !holds().await {
        assert!(tokio::time::Instant::now() < until, "{what} did not happen within 10 s");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
