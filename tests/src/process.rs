//! Child processes: where the executables lie, logs, signals, memory.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

/// An executable of the workspace: as `TEST_HOSPES` and `TEST_HOSPES_AGENT` say, or beside the running test's own folder.
///
/// # Errors
/// When it was not built.
pub fn executable(name: &str) -> Result<PathBuf> {
    let variable = format!("TEST_{}", name.to_uppercase()).replace('-', "_");
    let path = match std::env::var_os(&variable) {
        Some(path) => PathBuf::from(path),
        None => {
            let own = std::env::current_exe()?;
            let folder = own.parent().context("no folder")?;
            let folder = if folder.ends_with("deps") { folder.parent().context("no folder")? } else { folder };
            folder.join(name)
        }
    };
    anyhow::ensure!(path.is_file(), "{} is not built; run `cargo xtask build` first", path.display());
    Ok(path)
}

/// A child that is killed when it goes out of scope, with its output in a file.
pub struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts it, output and errors appended to `log`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(log)?;
        let child = command
            .stdin(std::process::Stdio::piped())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("{command:?} cannot be started"))?;
        Ok(Self { child, log: log.to_path_buf() })
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Writes to its standard input.
    ///
    /// # Errors
    /// When it is gone.
    pub fn say(&mut self, line: &str) -> Result<()> {
        use std::io::Write;
        let input = self.child.stdin.as_mut().context("no standard input")?;
        writeln!(input, "{line}")?;
        Ok(input.flush()?)
    }

    /// Sends a signal by its name as `kill` knows it.
    ///
    /// # Errors
    /// When `kill` cannot be run.
    pub fn signal(&self, name: &str) -> Result<()> {
        Command::new("kill").args([format!("-{name}"), self.id().to_string()]).status()?;
        Ok(())
    }

    /// Ends it at once, as a power cut would.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn kill_9(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Its exit status when it ended by itself within `patience`.
    ///
    /// # Errors
    /// When it still runs; the error holds its log.
    pub fn wait(&mut self, patience: Duration) -> Result<ExitStatus> {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            anyhow::ensure!(Instant::now() < deadline, "still running after {patience:?}; it wrote:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Whether it runs.
    pub fn running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Resident memory in bytes.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn resident(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
        let kib: u64 = line.split_whitespace().nth(1).context("no figure")?.parse()?;
        Ok(kib * 1024)
    }

    /// Processor time used so far.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn cpu(&self) -> Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.id()))?;
        let fields: Vec<&str> = stat.rsplit(") ").next().context("odd stat")?.split_whitespace().collect();
        let ticks: u64 =
            fields.get(11).context("no utime")?.parse::<u64>()? + fields.get(12).context("no stime")?.parse::<u64>()?;
        Ok(Duration::from_millis(ticks * 10))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs to the end with an optional line on standard input: exit code, output, errors.
///
/// # Errors
/// When it cannot be started.
pub fn finish(command: &mut Command, line: Option<&str>) -> Result<(i32, String, String)> {
    use std::io::Write;
    use std::process::Stdio;
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    if let Some(mut input) = child.stdin.take()
        && let Some(line) = line
    {
        writeln!(input, "{line}")?;
    }
    let output = child.wait_with_output()?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok((output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr)))
}

/// A port that was free a moment ago.
///
/// # Errors
/// When none can be had.
pub fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
