//! One host at a time (R12), and how `status`, `end` and `uninstall` reach the one that runs.
//!
//! The lock is a listening socket in Linux's abstract name space: the kernel gives a name to one process only, across
//! all accounts of the computer, and takes it back when the process dies in whatever way. A lock file would need a
//! directory that every account can write to, and could be left behind. With `--state DIR` the name holds a hash of the
//! directory, so that hosts with different directories do not see each other.
//!
//! The same socket takes one-line commands; only the host's own account and root are listened to.

use crate::place::Place;
use serde::{Deserialize, Serialize};
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener as StdListener, UnixStream as StdStream};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;

/// Longest wait for the other process's answer.
const ANSWER: Duration = Duration::from_secs(5);
/// Longest line.
const LINE: u64 = 4096;

fn address(place: &Place) -> io::Result<SocketAddr> {
    let mut name = b"hospes-agent".to_vec();
    if place.scoped() {
        // The directory may not exist yet, so its nearest existing ancestor is resolved.
        let dir = place.dir();
        let real = dir
            .ancestors()
            .find_map(|a| Some(a.canonicalize().ok()?.join(dir.strip_prefix(a).ok()?)))
            .unwrap_or_else(|| dir.to_owned());
        // Joining nothing adds a slash, which would be another name.
        let real: std::path::PathBuf = real.components().collect();
        name.push(b'/');
        name.extend_from_slice(&blake3::hash(real.as_os_str().as_encoded_bytes()).as_bytes()[..16]);
    }
    SocketAddr::from_abstract_name(name)
}

/// What `status` prints.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Status {
    /// `setting-up`, `active` or `ending`.
    pub state: String,
    /// `active`, `connected` or `trouble` (R17); `setting-up` before; `not running` without a process.
    pub live: String,
    /// The session's id.
    pub session: Option<String>,
    /// Who supports.
    pub company: Option<String>,
    /// Who exactly.
    pub technician: Option<String>,
    /// When the lease ends, for people.
    pub lease_ends: Option<String>,
    /// Who is connected with what.
    pub channels: Vec<String>,
}

impl Status {
    /// Before there is a session.
    pub(crate) fn setting_up() -> Self {
        let now = "setting-up".to_owned();
        Self { state: now.clone(), live: now, ..Self::default() }
    }
}

/// What another process asks.
enum Call {
    /// Says how it stands.
    Status(tokio::sync::oneshot::Sender<Status>),
    /// Ends the session; the answer is the end of the connection, once everything is removed.
    End,
}

/// Holding it means being the one host.
pub(crate) struct Lock(StdListener);

impl Lock {
    /// Takes it; none when another process has it (R12).
    pub(crate) fn take(place: &Place) -> io::Result<Option<Self>> {
        match StdListener::bind_addr(&address(place)?) {
            Ok(listener) => {
                listener.set_nonblocking(true)?;
                Ok(Some(Self(listener)))
            }
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Answers other processes, with `status` to those that ask for it; returns when one says `end`.
    pub(crate) async fn until_end(&self, status: impl Fn() -> Status) {
        let (calls, mut asked) = mpsc::channel(4);
        let listening = async {
            if let Err(error) = self.listen(calls).await {
                tracing::warn!(%error, "other processes cannot reach this host");
            }
            std::future::pending::<()>().await;
        };
        let answering = async {
            while let Some(call) = asked.recv().await {
                match call {
                    Call::Status(reply) => {
                        let _the_asker_may_be_gone = reply.send(status());
                    }
                    Call::End => return,
                }
            }
            std::future::pending::<()>().await;
        };
        tokio::select! { () = listening => {}, () = answering => {} }
    }

    async fn listen(&self, calls: mpsc::Sender<Call>) -> io::Result<()> {
        let listener = UnixListener::from_std(self.0.try_clone()?)?;
        loop {
            let (stream, _) = listener.accept().await?;
            let own = rustix::process::getuid().as_raw();
            if stream.peer_cred().is_ok_and(|peer| peer.uid() == own || peer.uid() == 0) {
                tokio::spawn(answer(stream, calls.clone()));
            }
        }
    }
}

async fn answer(stream: UnixStream, calls: mpsc::Sender<Call>) {
    let (reading, mut writing) = stream.into_split();
    let mut line = String::new();
    let mut reading = BufReader::new(reading.take(LINE));
    if !matches!(tokio::time::timeout(ANSWER, reading.read_line(&mut line)).await, Ok(Ok(1..))) {
        return;
    }
    match line.trim() {
        "status" => {
            let (reply, status) = tokio::sync::oneshot::channel();
            if calls.send(Call::Status(reply)).await.is_err() {
                return;
            }
            if let Ok(status) = status.await
                && let Ok(text) = serde_json::to_vec(&status)
            {
                let _ = writing.write_all(&text).await;
            }
        }
        // The connection stays open until this process is done: its end is the answer.
        "end" if calls.send(Call::End).await.is_ok() => std::future::pending().await,
        _ => {}
    }
}

/// Who holds the lock, as seen by another process.
pub(crate) enum Running {
    /// Nobody.
    No,
    /// A host of another account, which does not listen to this one.
    Foreign,
    /// A host of this account.
    Own(UnixStream),
}

/// Looks for the host that runs.
pub(crate) fn find(place: &Place) -> io::Result<Running> {
    let stream = match StdStream::connect_addr(&address(place)?) {
        Ok(stream) => stream,
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => return Ok(Running::No),
        Err(error) => return Err(error),
    };
    stream.set_nonblocking(true)?;
    let stream = UnixStream::from_std(stream)?;
    let own = rustix::process::getuid().as_raw();
    let theirs = stream.peer_cred()?.uid();
    Ok(if own == 0 || theirs == own { Running::Own(stream) } else { Running::Foreign })
}

/// Sends one command and reads until the other process closes.
pub(crate) async fn call(mut stream: UnixStream, command: &str, wait: Duration) -> io::Result<Vec<u8>> {
    let mut answer = Vec::new();
    stream.write_all(format!("{command}\n").as_bytes()).await?;
    match tokio::time::timeout(wait, stream.take(1 << 20).read_to_end(&mut answer)).await {
        Ok(Ok(_)) => Ok(answer),
        // The process is gone without a farewell: that is an end too.
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionReset => Ok(answer),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "the host that runs does not answer")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn r12_one_host_for_each_directory_and_the_lock_goes_with_its_holder() {
        let dir = tempfile::tempdir().unwrap();
        let one = Place::new(Some(&dir.path().join("one"))).unwrap();
        let two = Place::new(Some(&dir.path().join("two"))).unwrap();
        let held = Lock::take(&one).unwrap().expect("free");
        assert!(Lock::take(&one).unwrap().is_none());
        let odd = Place::new(Some(&dir.path().join("two/../one"))).unwrap();
        std::fs::create_dir(dir.path().join("two")).unwrap();
        std::fs::create_dir(dir.path().join("one")).unwrap();
        assert!(Lock::take(&odd).unwrap().is_none(), "the same directory by another name");
        assert!(Lock::take(&two).unwrap().is_some());
        assert!(matches!(find(&one).unwrap(), Running::Own(_)));
        drop(held);
        assert!(matches!(find(&one).unwrap(), Running::No));
        assert!(Lock::take(&one).unwrap().is_some());
    }
}
