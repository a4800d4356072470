//! An SSH server of our own to compare with: loopback, throw-away keys.

use anyhow::{Context, Result, bail, ensure};
use hospes_tests::process::{Process, finish, free_port};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Where Debian and others keep it; it wants to be called by its full path.
const SSHD: [&str; 3] = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd"];

/// A running sshd.
pub(crate) struct Ssh {
    _process: Process,
    folder: PathBuf,
    port: u16,
    user: String,
}

impl Ssh {
    /// Starts it; the error says why there is none.
    pub(crate) fn start(folder: &Path) -> Result<Self> {
        let sshd = SSHD.iter().find(|path| Path::new(path).is_file()).context("sshd is not installed")?;
        let folder = folder.join("ssh");
        std::fs::create_dir_all(&folder)?;
        for key in ["host", "client"] {
            let mut command = Command::new("ssh-keygen");
            command.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(folder.join(key));
            let (code, _, errors) = finish(&mut command, None).context("ssh-keygen is not installed")?;
            ensure!(code == 0, "ssh-keygen: {errors}");
        }
        let (_, user, _) = finish(Command::new("id").arg("-un"), None)?;
        let port = free_port()?;
        let settings = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {0}/host\nAuthorizedKeysFile {0}/client.pub\nPidFile none\n\
             StrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin prohibit-password\n\
             Subsystem sftp internal-sftp\n",
            folder.display()
        );
        std::fs::write(folder.join("sshd_config"), settings)?;
        let mut command = Command::new(sshd);
        command.args(["-D", "-e", "-f"]).arg(folder.join("sshd_config"));
        let mut process = Process::start(&mut command, &folder.join("sshd.log"))?;
        let deadline = Instant::now() + Duration::from_secs(10);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            if !process.running() || Instant::now() > deadline {
                bail!("sshd does not run: {}", process.log().trim());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let ssh = Self { _process: process, folder, port, user: user.trim().to_owned() };
        let probe = ssh.folder.join("probe");
        std::fs::write(&probe, "probe")?;
        ssh.copy(&probe, ssh.there(&ssh.folder.join("arrived"))).context("scp does not work here")?;
        Ok(ssh)
    }

    /// A path on the other side, as scp names it.
    pub(crate) fn there(&self, path: &Path) -> String {
        format!("{}@127.0.0.1:{}", self.user, path.display())
    }

    /// `scp -r`, process start and log-in included; answers how long it took.
    pub(crate) fn copy(&self, from: impl AsRef<std::ffi::OsStr>, to: impl AsRef<std::ffi::OsStr>) -> Result<Duration> {
        let mut command = Command::new("scp");
        command
            .args(["-q", "-r", "-B", "-F", "none", "-P", &self.port.to_string(), "-i"])
            .arg(self.folder.join("client"));
        command.args(["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"]);
        command.args(["-o", "IdentitiesOnly=yes"]).arg(from).arg(to);
        let start = Instant::now();
        let (code, _, errors) = finish(&mut command, None).context("scp is not installed")?;
        let time = start.elapsed();
        ensure!(code == 0, "scp: {errors}");
        Ok(time)
    }
}
