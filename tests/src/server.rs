//! A server with one company and technicians.

use crate::api::Api;
use crate::network::{Between, Network};
use crate::process::{Process, executable, finish, free_port};
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// The password of every technician here.
pub const PASSWORD: &str = "correct horse battery staple";

/// A running server.
pub struct Server {
    folder: PathBuf,
    /// TCP and UDP.
    pub port: u16,
    /// The process; none while it is down.
    pub process: Option<Process>,
    settings: Vec<(String, String)>,
    /// What lies between it and everybody else.
    pub between: Between,
}

impl Server {
    /// Starts one below `folder` with a company `Acme` on `plan` and a technician `tech@acme.test`.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start(folder: &Path, plan: &[&str], settings: &[(&str, &str)]) -> Result<Self> {
        Self::start_in(Network::Open, folder, plan, settings)
    }

    /// The same in a network of some kind.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start_in(network: Network, folder: &Path, plan: &[&str], settings: &[(&str, &str)]) -> Result<Self> {
        let port = free_port()?;
        let between = Between::new(network, folder, port)?;
        let mut all = between.settings();
        all.extend(settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        let mut server = Self { folder: folder.to_path_buf(), port, process: None, settings: all, between };
        server.company("Acme", plan)?;
        server.technician("Acme", "tech@acme.test", "Tara Technician")?;
        server.up()?;
        Ok(server)
    }

    /// Adds a company; `plan` is the plan and its modules.
    ///
    /// # Errors
    /// When it is refused.
    pub fn company(&self, name: &str, plan: &[&str]) -> Result<()> {
        let mut command = self.hospes()?;
        command.args(["admin", "company", "add", "--name", name, "--seats", "5"]);
        for (index, part) in plan.iter().enumerate() {
            command.args([if index == 0 { "--plan" } else { "--module" }, part]);
        }
        let (code, _, errors) = finish(&mut command, None)?;
        ensure!(code == 0, "company: {errors}");
        Ok(())
    }

    /// Adds a technician with [`PASSWORD`].
    ///
    /// # Errors
    /// When it is refused.
    pub fn technician(&self, company: &str, email: &str, name: &str) -> Result<()> {
        self.add(company, email, name, "technician")
    }

    /// Adds an owner with [`PASSWORD`].
    ///
    /// # Errors
    /// When it is refused.
    pub fn owner(&self, company: &str, email: &str, name: &str) -> Result<()> {
        self.add(company, email, name, "owner")
    }

    fn add(&self, company: &str, email: &str, name: &str, role: &str) -> Result<()> {
        let mut command = self.hospes()?;
        command.args(["admin", "technician", "add", "--company", company, "--email", email, "--name", name]);
        command.args(["--role", role]);
        let (code, _, errors) = finish(&mut command, Some(PASSWORD))?;
        ensure!(code == 0, "technician: {errors}");
        Ok(())
    }

    fn hospes(&self) -> Result<Command> {
        let mut command = Command::new(executable("hospes")?);
        command.arg("--data").arg(self.folder.join("server"));
        Ok(command)
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        self.between.url()
    }

    /// Brings it up, on the same port and data.
    ///
    /// # Errors
    /// When it is not ready within 20 s.
    pub fn up(&mut self) -> Result<()> {
        let mut command = self.hospes()?;
        command.args(["serve", "--listen", &format!("127.0.0.1:{}", self.port)]);
        command.envs(self.settings.iter().map(|(key, value)| (key, value)));
        let log = self.folder.join("server.log");
        let mut process = Process::start(&mut command, &log)?;
        let deadline = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            ensure!(process.running(), "the server ended:\n{}", process.log());
            ensure!(Instant::now() < deadline, "the server is not ready:\n{}", process.log());
            std::thread::sleep(Duration::from_millis(5));
        }
        self.process = Some(process);
        Ok(())
    }

    /// Ends it at once.
    ///
    /// # Errors
    /// When it does not run.
    pub fn kill_9(&mut self) -> Result<()> {
        self.process.take().context("the server is down")?.kill_9()
    }

    /// A technician's command line and API.
    ///
    /// # Errors
    /// When the log-in is refused.
    pub async fn log_in(&self, email: &str) -> Result<Technician> {
        let data = self.folder.join(format!("login-{email}"));
        let mut command = Command::new(executable("hospes")?);
        command.arg("--data").arg(&data).args(["login", "--server", &self.url(), "--email", email]);
        command.args(self.between.arguments());
        let (code, _, errors) = finish(&mut command, Some(PASSWORD))?;
        ensure!(code == 0, "login: {errors}");
        let api = self.api(email).await?;
        Ok(Technician { data, api })
    }

    /// A technician's API alone.
    ///
    /// # Errors
    /// When the log-in is refused.
    pub async fn api(&self, email: &str) -> Result<Api> {
        Api::log_in_by(self.between.http()?, &self.url(), &self.between.arguments(), email, PASSWORD).await
    }
}

/// A technician who is logged in.
pub struct Technician {
    data: PathBuf,
    /// The HTTP API, with a login of its own.
    pub api: Api,
}

impl Technician {
    /// The command line, with this login.
    ///
    /// # Errors
    /// When `hospes` was not built.
    pub fn hospes(&self) -> Result<Command> {
        let mut command = Command::new(executable("hospes")?);
        command.arg("--data").arg(&self.data);
        Ok(command)
    }

    /// The token that `hospes login` keeps, for a WebSocket that shares its unlock.
    ///
    /// # Errors
    /// When it cannot be found.
    pub fn token(&self) -> Result<String> {
        fn find(folder: &Path) -> Option<String> {
            for entry in std::fs::read_dir(folder).ok()?.flatten() {
                let path = entry.path();
                if path.is_dir() {
                    if let Some(token) = find(&path) {
                        return Some(token);
                    }
                } else if let Ok(text) = std::fs::read_to_string(&path)
                    && let Ok(value) = serde_json::from_str::<serde_json::Value>(&text)
                    && let Some(token) = value["token"].as_str()
                {
                    return Some(token.to_owned());
                }
            }
            None
        }
        find(&self.data).context("no token is kept")
    }
}
