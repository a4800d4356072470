//! A real host, with a home directory of its own.

use crate::api::PreparedSession;
use crate::process::{Process, executable};
use anyhow::Result;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A customer's computer: a home, a folder to share, a host.
pub struct Host {
    /// `$HOME` of the host.
    pub home: PathBuf,
    /// Shared as `Docs`.
    pub docs: PathBuf,
    /// `--state`.
    pub state: PathBuf,
    /// The host's process; none before it joined.
    pub process: Option<Process>,
    log: PathBuf,
    environment: Vec<(String, String)>,
}

impl Host {
    /// A computer without a display below `folder`.
    ///
    /// # Errors
    /// When its folders cannot be made.
    pub fn new(folder: &Path, name: &str) -> Result<Self> {
        let folder = folder.join(name);
        let host = Self {
            home: folder.join("home"),
            docs: folder.join("home/Documents"),
            state: folder.join("state"),
            process: None,
            log: folder.join("host.log"),
            environment: Vec::new(),
        };
        std::fs::create_dir_all(&host.docs)?;
        Ok(host)
    }

    /// Gives it a display.
    #[must_use]
    pub fn on(mut self, display: &str) -> Self {
        self.environment.push(("DISPLAY".to_owned(), display.to_owned()));
        self
    }

    /// Gives it a variable of the environment.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// `hospes-agent` in this computer's environment.
    ///
    /// # Errors
    /// When it was not built.
    pub fn command(&self) -> Result<Command> {
        let mut command = Command::new(executable("hospes-agent")?);
        command.env_clear().env("HOME", &self.home).env("PATH", "/usr/bin:/bin").env("RUST_LOG", "info");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        Ok(command)
    }

    /// Joins without asking anybody.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn join(&mut self, session: &PreparedSession) -> Result<()> {
        let mut arguments = vec!["--code", &session.code, "--headless", "--consent", "allow"];
        arguments.extend(session.network.iter().map(String::as_str));
        self.join_with(&session.link, &arguments)
    }

    /// Joins with these arguments after the link.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn join_with(&mut self, link: &str, arguments: &[&str]) -> Result<()> {
        let mut command = self.command()?;
        command.args(["join", link]).args(arguments);
        command.arg("--root").arg(format!("Docs={}", self.docs.display())).arg("--state").arg(&self.state);
        self.process = Some(Process::start(&mut command, &self.log)?);
        Ok(())
    }

    /// Every file and folder of this computer but the shared ones, to compare before and after.
    #[must_use]
    pub fn snapshot(&self) -> BTreeSet<PathBuf> {
        fn walk(folder: &Path, found: &mut BTreeSet<PathBuf>) {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    walk(&path, found);
                }
                found.insert(path);
            }
        }
        let mut found = BTreeSet::new();
        walk(&self.home, &mut found);
        if self.state.exists() {
            found.insert(self.state.clone());
            walk(&self.state, &mut found);
        }
        found
    }
}
