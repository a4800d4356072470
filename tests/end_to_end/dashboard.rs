//! The dashboard's channel through server and host, spoken as `plugins/dashboard/PROTOCOL.md` has it.

use anyhow::{Context, Result, bail, ensure};
use futures_util::{SinkExt, StreamExt};
use hospes_tests::api::PreparedSession;
use hospes_tests::process::finish;
use hospes_tests::{Host, Server, Technician};
use serde_json::{Value, json};
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

struct Scene {
    _folder: tempfile::TempDir,
    server: Server,
    technician: Technician,
    host: Host,
    session: PreparedSession,
}

/// A host that has joined, and a technician who has proved the session password.
async fn scene(plan: &[&str], consent: &str) -> Result<Scene> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), plan, &[])?;
    let technician = server.log_in("tech@acme.test").await?;
    let session = technician.api.prepare().await?;
    let mut host = Host::new(folder.path(), "customer")?;
    host.join_with(&session.link, &["--code", &session.code, "--headless", "--consent", consent])?;
    technician.api.wait_for(&session.id, Duration::from_secs(30), |session| session["online"] == true).await?;
    let mut list = technician.hospes()?;
    list.args(["ls", &format!("{}:Docs/", session.id)]).env("HOSPES_SESSION_PASSWORD", &session.password);
    let (code, output, errors) = finish(&mut list, None)?;
    ensure!(code == 0, "hospes ls: {output}{errors}");
    Ok(Scene { _folder: folder, server, technician, host, session })
}

struct Channel(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Scene {
    /// The channel and the component's `hello`, or the problem with which it was refused.
    async fn open(&self) -> Result<Result<(Channel, Value), Value>> {
        let (port, id) = (self.server.port, &self.session.id);
        let url = format!("ws://127.0.0.1:{port}/api/v1/sessions/{id}/channels/dashboard");
        let (mut socket, _) = tokio_tungstenite::connect_async(url).await?;
        socket.send(Message::text(json!({"v": 1, "token": self.technician.token()?}).to_string())).await?;
        let mut channel = Channel(socket);
        loop {
            match channel.next().await? {
                Message::Binary(bytes) => return Ok(Ok((channel, serde_json::from_slice(&bytes)?))),
                Message::Text(text) => {
                    let answer: Value = serde_json::from_str(&text)?;
                    if answer["type"] == "refused" {
                        return Ok(Err(answer));
                    }
                    ensure!(answer["need"].is_null(), "{answer}");
                }
                Message::Close(close) => bail!("closed before hello: {close:?}"),
                _ => {}
            }
        }
    }
}

impl Channel {
    async fn next(&mut self) -> Result<Message> {
        let next = tokio::time::timeout(Duration::from_secs(60), self.0.next()).await.context("nothing came")?;
        Ok(next.context("the channel was closed")??)
    }

    async fn say(&mut self, message: Value) -> Result<()> {
        Ok(self.0.send(Message::binary(message.to_string().into_bytes())).await?)
    }

    /// The next message that is like this.
    async fn hear(&mut self, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        loop {
            if let Message::Binary(bytes) = self.next().await? {
                let message: Value = serde_json::from_slice(&bytes)?;
                if wanted(&message) {
                    return Ok(message);
                }
            }
        }
    }

    async fn ask(&mut self, id: u64, mut request: Value) -> Result<Value> {
        request["id"] = json!(id);
        self.say(request).await?;
        self.hear(|message| message["id"] == id).await
    }

    async fn figures(&mut self, show: &[&str]) -> Result<Value> {
        self.say(json!({"op": "watch", "show": show, "every": 500})).await?;
        let all = |message: &Value| message["event"] == "figures" && show.iter().all(|part| !message[part].is_null());
        self.hear(all).await
    }
}

fn meminfo(key: &str) -> Result<u64> {
    let text = std::fs::read_to_string("/proc/meminfo")?;
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':')).context("no line")?;
    Ok(line.split_whitespace().next().context("no figure")?.parse::<u64>()? * 1024)
}

#[tokio::test(flavor = "multi_thread")]
async fn r10_the_dashboard_shows_this_computer_and_ends_one_process() -> Result<()> {
    let scene = scene(&["base", "insight"], "allow").await?;
    let (mut channel, hello) = scene.open().await?.map_err(|refused| anyhow::anyhow!("{refused}"))?;
    assert_eq!((&hello["event"], &hello["v"], &hello["end"]), (&json!("hello"), &json!(1), &json!(true)));

    let figures = channel.figures(&["load", "drives", "networks", "disks"]).await?;
    let cpu = figures["load"]["cpu"].as_array().context("no processors")?;
    assert_eq!(cpu.len(), std::thread::available_parallelism()?.get());
    assert_eq!(figures["load"]["memoryTotal"], meminfo("MemTotal")?);
    let used = figures["load"]["memoryUsed"].as_u64().context("no memory")?;
    let real = meminfo("MemTotal")? - meminfo("MemAvailable")?;
    assert!(used.abs_diff(real) < 1 << 30, "told {used}, /proc says {real}");
    assert!(figures.get("processes").is_none(), "what is not shown is not read");
    let about = channel.ask(1, json!({"op": "about"})).await?;
    assert_eq!(about["ok"]["hostname"], std::fs::read_to_string("/proc/sys/kernel/hostname")?.trim());

    let mut child = std::process::Command::new("sleep").arg("1000").spawn()?;
    let listed = loop {
        let figures = channel.figures(&["processes"]).await?;
        let list = figures["processes"]["list"].as_array().context("no list")?.clone();
        if let Some(found) = list.into_iter().find(|process| process["id"] == child.id()) {
            break found;
        }
    };
    let started = listed["started"].as_u64().context("no start")?;
    let id = child.id();
    let end = |started: u64| json!({"op": "end", "process": id, "started": started});
    let other = channel.ask(2, end(started + 10)).await?;
    assert_eq!(other["error"]["code"], "not-found", "another process of that id is not this one");
    assert!(child.try_wait()?.is_none());
    assert_eq!(channel.ask(3, end(started)).await?["ok"], json!({}));
    assert_eq!(child.wait()?.signal(), Some(libc::SIGTERM));
    let own = scene.host.process.as_ref().context("no host")?.id();
    let figures = channel.figures(&["processes"]).await?;
    let list = figures["processes"]["list"].as_array().context("no list")?;
    let host = list.iter().find(|process| process["id"] == own).context("the host is not listed")?;
    let refused =
        channel.ask(4, json!({"op": "end", "process": own, "started": host["started"], "force": true})).await?;
    assert_eq!(refused["error"]["code"], "protected");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_to_seeing_the_system_ends_no_process() -> Result<()> {
    let scene = scene(&["base", "insight"], "view-only").await?;
    let (mut channel, hello) = scene.open().await?.map_err(|refused| anyhow::anyhow!("{refused}"))?;
    assert_eq!(hello["end"], false);
    assert!(channel.figures(&["load"]).await?["load"]["memoryTotal"].is_u64());
    let mut child = std::process::Command::new("sleep").arg("1000").spawn()?;
    let found = loop {
        let figures = channel.figures(&["processes"]).await?;
        let list = figures["processes"]["list"].as_array().context("no list")?.clone();
        if let Some(found) = list.into_iter().find(|process| process["id"] == child.id()) {
            break found;
        }
    };
    let end = json!({"op": "end", "process": found["id"], "started": found["started"], "force": true});
    let answer = channel.ask(1, end).await?;
    assert_eq!((&answer["error"]["code"], &answer["error"]["reason"]), (&json!("denied"), &json!("local-user-denied")));
    assert!(child.try_wait()?.is_none(), "it runs on");
    child.kill()?;
    child.wait()?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn r10_without_its_module_the_dashboard_is_refused() -> Result<()> {
    let scene = scene(&["base"], "allow").await?;
    let start = Instant::now();
    let Err(refused) = scene.open().await? else { bail!("it opened") };
    assert!(refused.to_string().contains("not-licensed"), "{refused} after {:?}", start.elapsed());
    Ok(())
}
