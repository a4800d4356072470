//! `cargo xtask demo`: a whole service on this machine, in a throw-away directory.

use crate::build;
use crate::house::House;
use crate::run::output;
use crate::setup;
use anyhow::{Context, Result, bail};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

const EMAIL: &str = "tech@demo.test";
const CUSTOMER: &str = "customer@demo.test";

pub(crate) fn demo(house: &House, port: u16, no_session: bool) -> Result<()> {
    let stop = on_stop()?;
    let own_display = !no_session && std::env::var_os("DISPLAY").is_none();
    setup::for_demo(house, own_display)?;
    build::everything(house, false)?;
    build::mail_catcher(house)?;

    let folder = tempfile::Builder::new().prefix("hospes-demo-").tempdir()?;
    let mut demo = Demo {
        hospes: house.executable("hospes", false),
        agent: house.executable("hospes-agent", false),
        catcher: house.executable("mail-catcher", false),
        folder: folder.path().to_path_buf(),
        url: format!("http://127.0.0.1:{port}"),
        children: Vec::new(),
    };
    let password = word()?;
    demo.found_company(&password)?;
    let mail = demo.catch_mail()?;
    demo.serve(port, &mail)?;
    println!("\nHospes is running.\n");
    println!("  Console      {}", demo.url);
    println!("  Technician   {EMAIL}\n  Password     {password}");
    println!("  Caught mail  {}", mail.page);
    let session = if no_session {
        println!(
            "\nLog in, prepare a session under \"Ad hoc support\", and follow the link in the mail that it sends."
        );
        println!("The host for this computer is {}", demo.agent.display());
        None
    } else {
        Some(demo.session(&password, own_display, &mail)?)
    };
    println!("\nCtrl-C stops everything and cleans up.");
    demo.watch(&stop)?;
    demo.stop(session.as_deref())
}

/// A message for each Ctrl-C or termination signal.
fn on_stop() -> Result<Receiver<()>> {
    let (sender, receiver) = channel();
    ctrlc::set_handler(move || {
        let _ = sender.send(());
    })?;
    Ok(receiver)
}

/// 80 random bits, readable.
fn word() -> Result<String> {
    let mut bytes = [0u8; 10];
    getrandom::fill(&mut bytes).context("the operating system gives no random bytes")?;
    Ok(data_encoding::BASE32_NOPAD.encode(&bytes).to_lowercase())
}

/// Where the demo's mail ends.
struct MailCatcher {
    port: u16,
    page: String,
}

struct Demo {
    hospes: PathBuf,
    agent: PathBuf,
    catcher: PathBuf,
    folder: PathBuf,
    url: String,
    children: Vec<(&'static str, Child)>,
}

impl Demo {
    fn data(&self) -> PathBuf {
        self.folder.join("server")
    }

    fn hospes(&self) -> Command {
        let mut command = Command::new(&self.hospes);
        command.arg("--data").arg(self.data());
        command
    }

    /// The technician's command line, with its own place for the login.
    fn technician(&self) -> Command {
        let mut command = Command::new(&self.hospes);
        command.arg("--data").arg(self.folder.join("technician"));
        command
    }

    fn found_company(&self, password: &str) -> Result<()> {
        let company =
            ["admin", "company", "add", "--name", "Demo", "--plan", "base", "--module", "insight", "--seats", "5"];
        output(self.hospes().args(company))?;
        let technician =
            ["admin", "technician", "add", "--company", "Demo", "--email", EMAIL, "--name", "Tara Technician"];
        with_input(self.hospes().args(technician), password)?;
        Ok(())
    }

    /// Starts a mail server that keeps what it gets.
    fn catch_mail(&mut self) -> Result<MailCatcher> {
        let mut command = Command::new(&self.catcher);
        self.start("mail catcher", &mut command)?;
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let said = std::fs::read_to_string(self.log("mail catcher")).unwrap_or_default();
            let find = |what: &str| said.lines().find_map(|line| line.strip_prefix(what).map(str::to_owned));
            if let (Some(smtp), Some(page)) = (find("smtp "), find("page ")) {
                let port = smtp.rsplit(':').next().and_then(|port| port.parse().ok());
                return Ok(MailCatcher { port: port.context("the mail catcher names no port")?, page });
            }
            self.alive()?;
            if Instant::now() > deadline {
                bail!("the mail catcher did not start within 10 s; see {}", self.log("mail catcher").display());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn serve(&mut self, port: u16, mail: &MailCatcher) -> Result<()> {
        let mut command = self.hospes();
        command.args(["serve", "--listen", &format!("127.0.0.1:{port}")]);
        command.envs([
            ("HOSPES_MAIL__HOST", "127.0.0.1"),
            ("HOSPES_MAIL__TLS", "none"),
            ("HOSPES_MAIL__FROM", "Demo Support <support@demo.test>"),
            ("HOSPES_MAIL__PORT", &mail.port.to_string()),
        ]);
        self.start("server", &mut command)?;
        let deadline = Instant::now() + Duration::from_secs(30);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            self.alive()?;
            if Instant::now() > deadline {
                bail!("the server did not start within 30 s; see {}", self.log("server").display());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Prepares a session, joins it with a real host, and prints where to look; answers the session's id.
    fn session(&mut self, password: &str, own_display: bool, mail: &MailCatcher) -> Result<String> {
        let display = if own_display { Some(self.display()?) } else { None };
        with_input(self.technician().args(["login", "--server", &self.url, "--email", EMAIL]), password)?;
        let prepare =
            ["session", "prepare", "--customer-email", CUSTOMER, "--customer-name", "Carla Customer", "--json"];
        let prepared: serde_json::Value = serde_json::from_str(&output(self.technician().args(prepare))?)?;
        let text = |key: &str| prepared[key].as_str().map(str::to_owned).with_context(|| format!("no {key}"));
        let (id, link, code) = (text("id")?, text("deployment_link")?, text("security_code")?);

        let home = self.folder.join("customer");
        std::fs::create_dir_all(&home)?;
        std::fs::write(home.join("welcome.txt"), "This folder is shared with the technician.\n")?;
        let mut agent = Command::new(&self.agent);
        agent.args(["join", &link, "--code", &code, "--headless", "--consent", "allow"]);
        agent.arg("--root").arg(format!("Home={}", home.display())).arg("--state").arg(self.folder.join("host"));
        if let Some(display) = display {
            agent.env("DISPLAY", display);
        }
        self.start("host", &mut agent)?;
        self.wait_until_online(&id)?;
        println!("\nA host has joined an active session. Take control of its desktop:\n");
        println!("  Open              {}/sessions/{id}?open=remote-control", self.url);
        println!("  Dashboard         {}/sessions/{id}?open=dashboard", self.url);
        println!("  Session password  {}   (asked once per login)", text("password")?);
        println!("  Customer's page   {link}");
        println!("  Their invitation  {}   (mailed to {CUSTOMER})", mail.page);
        Ok(id)
    }

    fn wait_until_online(&mut self, id: &str) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let shown = output(self.technician().args(["session", "show", id, "--json"]))?;
            let session: serde_json::Value = serde_json::from_str(&shown)?;
            if session["state"] == "active" && session["online"] == true {
                return Ok(());
            }
            self.alive()?;
            if Instant::now() > deadline {
                bail!("the host did not join within 30 s; see {}", self.log("host").display());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// A display of the demo's own, with a few real programs on it.
    fn display(&mut self) -> Result<String> {
        let number = (90..200)
            .find(|number| !Path::new(&format!("/tmp/.X11-unix/X{number}")).exists())
            .context("no display number between 90 and 200 is free")?;
        let display = format!(":{number}");
        let mut server = Command::new("Xvfb");
        // Without `-noreset` the server starts over when its first client goes, and takes those that just came with it.
        server.args([&display, "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset"]);
        self.start("display", &mut server)?;
        let deadline = Instant::now() + Duration::from_secs(10);
        while !Path::new(&format!("/tmp/.X11-unix/X{number}")).exists() {
            self.alive()?;
            if Instant::now() > deadline {
                bail!("Xvfb did not start within 10 s; see {}", self.log("display").display());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let programs: [(&'static str, &[&str]); 3] = [
            ("openbox", &[]),
            ("xterm", &["-geometry", "90x28+40+60", "-title", "A customer's terminal"]),
            ("xclock", &["-geometry", "180x180+1040+60", "-update", "1"]),
        ];
        for (program, arguments) in programs {
            self.start(program, Command::new(program).args(arguments).env("DISPLAY", &display))?;
        }
        Ok(display)
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }

    /// Starts a child in a process group of its own: Ctrl-C reaches this program only, which ends them in order.
    fn start(&mut self, name: &'static str, command: &mut Command) -> Result<()> {
        let log = std::fs::File::create(self.log(name))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()
            .with_context(|| format!("{name} cannot be started"))?;
        self.children.push((name, child));
        Ok(())
    }

    /// Fails when the server or the host has ended; programs on the display may be closed at will.
    fn alive(&mut self) -> Result<()> {
        for (name, child) in &mut self.children {
            if matches!(*name, "server" | "host" | "display" | "mail catcher")
                && let Some(status) = child.try_wait()?
            {
                let log = std::fs::read_to_string(self.folder.join(format!("{name}.log"))).unwrap_or_default();
                bail!("the {name} ended ({status}):\n{log}");
            }
        }
        Ok(())
    }

    /// Waits for Ctrl-C; a host that ended its session says so and the server goes on.
    fn watch(&mut self, stop: &Receiver<()>) -> Result<()> {
        let mut host_told = false;
        loop {
            match stop.recv_timeout(Duration::from_millis(300)) {
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return Ok(()),
                Err(RecvTimeoutError::Timeout) => {}
            }
            for (name, child) in &mut self.children {
                let ended = child.try_wait()?;
                if let Some(status) = ended {
                    if *name == "server" {
                        bail!("the server ended ({status})");
                    }
                    if *name == "host" && !host_told {
                        host_told = true;
                        println!("The session has ended and the host has removed itself.");
                    }
                }
            }
        }
    }

    fn stop(mut self, session: Option<&str>) -> Result<()> {
        println!("\nStopping.");
        if let Some(id) = session {
            // Ending the session is what makes the host remove itself; it may have ended already.
            let _ = output(self.technician().args(["session", "end", id]));
            let deadline = Instant::now() + Duration::from_secs(5);
            while Instant::now() < deadline && self.running("host") {
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        self.kill_all();
        Ok(())
    }

    fn running(&mut self, wanted: &str) -> bool {
        self.children.iter_mut().any(|(name, child)| *name == wanted && matches!(child.try_wait(), Ok(None)))
    }

    fn kill_all(&mut self) {
        for (_, child) in self.children.iter_mut().rev() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.kill_all();
    }
}

/// Runs a command with one line on its standard input.
fn with_input(command: &mut Command, line: &str) -> Result<()> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    if let Some(mut input) = child.stdin.take() {
        writeln!(input, "{line}")?;
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
