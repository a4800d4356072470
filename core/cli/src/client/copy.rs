//! `hospes cp`: files and folders, either way, several at once, resumed after a cut.

use super::api::Api;
use super::error::ClientError;
use super::files::{Entry, Kind, Link, Proved, Settling, download, upload};
use super::network::NetworkArgs;
use super::password::SessionPassword;
use super::place::{self, Place, RemotePlace, is_safe_name};
use super::progress::Progress;
use super::text::shown;
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use indicatif::HumanBytes;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Most files on their way at a time: it hides the round trip of small ones. Each holds at most a few MiB.
const AT_ONCE: usize = 8;

/// Arguments of `hospes cp`.
#[derive(Debug, clap::Args)]
pub(crate) struct CpArgs {
    /// File or folder to copy: a path, or ID:ROOT/PATH
    #[arg(value_name = "SRC")]
    pub(super) source: String,
    /// Where to: ID:ROOT/PATH, or a path. An existing folder takes the copy in; an existing file is replaced
    #[arg(value_name = "DST")]
    pub(super) target: String,
}

pub(super) async fn run(args: CpArgs, network: &NetworkArgs, data: Option<&Path>) -> Result<(), ClientError> {
    copy_with(args, network, data, SessionPassword::default()).await
}

/// With what is known of the session password.
pub(super) async fn copy_with(
    args: CpArgs,
    network: &NetworkArgs,
    data: Option<&Path>,
    password: SessionPassword,
) -> Result<(), ClientError> {
    let (remote, way) = match (place::parse(&args.source)?, place::parse(&args.target)?) {
        (Place::Remote(from), Place::Local(to)) => (from.clone(), Way::Down(from, to)),
        (Place::Local(from), Place::Remote(to)) => (to.clone(), Way::Up(from, to)),
        (Place::Remote(_), Place::Remote(_)) => {
            return Err(ClientError::Usage("one of both must be on this computer: copy to here first".to_owned()));
        }
        (Place::Local(_), Place::Local(_)) => {
            return Err(ClientError::Usage(
                "neither is on a customer's computer; write ID:ROOT/PATH for that".to_owned(),
            ));
        }
    };
    if remote.names.is_empty() {
        return Err(ClientError::Usage("name a shared folder: ID:ROOT/PATH (hospes ls ID: shows them)".to_owned()));
    }
    if let Way::Up(from, _) = &way {
        // Before anybody is asked for a password.
        std::fs::metadata(from).map_err(|e| ClientError::local(from.display(), e))?;
    }
    let api = Api::logged_in(data, network)?;
    let progress = Progress::new();
    let tell = progress.clone();
    let link = Link::new(api, remote.session, password, Box::new(move |line| tell.tell(line)));
    let mut jobs = Jobs::new(&link, progress);
    let outcome = match way {
        Way::Down(from, to) => jobs.down(&from, to).await,
        Way::Up(from, to) => jobs.up(&from, &to).await,
    };
    let outcome = match outcome {
        Ok(()) => jobs.finish().await,
        Err(error) => {
            // What is there whole still takes its place.
            let _ = jobs.settled().await;
            Err(error)
        }
    };
    jobs.progress.finish(&jobs.summary());
    link.close().await;
    outcome
}

enum Way {
    Down(RemotePlace, PathBuf),
    Up(PathBuf, RemotePlace),
}

/// A name and how its copy ended: its size, and what of a download has yet to go to the disk.
type Finished = (String, Result<(u64, Option<Proved>), ClientError>);

/// The files of one command.
struct Jobs<'a> {
    link: &'a Link,
    progress: Progress,
    running: FuturesUnordered<LocalBoxFuture<'a, Finished>>,
    settling: Settling,
    at_once: usize,
    copied: u64,
    bytes: u64,
    failed: u64,
    /// The only file's error is the command's error.
    single: bool,
    last: Option<ClientError>,
}

impl<'a> Jobs<'a> {
    fn new(link: &'a Link, progress: Progress) -> Self {
        let running = FuturesUnordered::new();
        let settling = Settling::default();
        Self { link, progress, running, settling, at_once: 1, copied: 0, bytes: 0, failed: 0, single: true, last: None }
    }

    fn summary(&self) -> String {
        let failed = if self.failed == 0 { String::new() } else { format!(", {} failed", self.failed) };
        format!("{} file(s) copied, {}{failed}", self.copied, HumanBytes(self.bytes))
    }

    /// From the customer's computer.
    async fn down(&mut self, from: &RemotePlace, to: PathBuf) -> Result<(), ClientError> {
        let entry = self.begin(from).await?;
        let name = from.names.last().cloned().unwrap_or_default();
        let into = to.is_dir() || ends_with_separator(&to);
        let target = if into { to.join(self.safe(&name)?) } else { to };
        match entry.kind {
            Kind::Directory => self.folder_down(from.names.clone(), target).await,
            Kind::File if from.folder => Err(ClientError::Failed(format!("{} is not a folder", shown(&from.path())))),
            Kind::File => {
                if let Some(parent) = target.parent().filter(|parent| into && !parent.as_os_str().is_empty()) {
                    make_folder(parent)?;
                }
                self.file_down(from.names.clone(), target, entry.size).await
            }
            Kind::Link | Kind::Other => {
                Err(ClientError::Failed(format!("{} is neither a file nor a folder", shown(&from.path()))))
            }
        }
    }

    /// Opens the file manager and looks at the remote place.
    async fn begin(&mut self, place: &RemotePlace) -> Result<Entry, ClientError> {
        let files = self.link.files().await?;
        super::list::roots(&files)?;
        self.at_once = files.hello().transfers.clamp(1, AT_ONCE);
        let [root] = place.names.as_slice() else {
            return self.link.again(async |files| files.stat(&place.names).await).await;
        };
        let roots = super::list::roots(&files)?;
        roots.into_iter().find(|entry| entry.name == *root).ok_or_else(|| {
            ClientError::Failed(format!("no folder called {} is shared (hospes ls ID: shows them)", shown(root)))
        })
    }

    fn safe<'n>(&self, name: &'n str) -> Result<&'n str, ClientError> {
        if is_safe_name(name) {
            Ok(name)
        } else {
            Err(ClientError::Failed(format!("{name:?} cannot be the name of a file on this computer")))
        }
    }

    async fn folder_down(&mut self, from: Vec<String>, to: PathBuf) -> Result<(), ClientError> {
        self.single = false;
        let mut folders = vec![(from, to)];
        while let Some((from, to)) = folders.pop() {
            make_folder(&to)?;
            let mut page_from: Option<String> = None;
            loop {
                let asked = &(from.clone(), page_from.clone());
                let page = self.link.again(async |files| files.page(&asked.0, asked.1.as_deref()).await).await;
                let page = match page {
                    Ok(page) => page,
                    Err(error) if error.ends_everything() => return Err(error),
                    Err(error) => {
                        self.note(&from.join("/"), Err(error))?;
                        break;
                    }
                };
                for entry in page.entries {
                    let path = [from.as_slice(), std::slice::from_ref(&entry.name)].concat();
                    let shown_path = path.join("/");
                    match entry.kind {
                        _ if !entry.addressable || !is_safe_name(&entry.name) => {
                            let why = "its name cannot be used here".to_owned();
                            self.note(&shown_path, Err(ClientError::Failed(format!("{}: {why}", shown(&shown_path)))))?;
                        }
                        Kind::Directory => folders.push((path, to.join(&entry.name))),
                        Kind::File => self.file_down(path, to.join(&entry.name), entry.size).await?,
                        Kind::Link => self.progress.tell(&format!("{}: a link, left out", shown(&shown_path))),
                        Kind::Other => self.progress.tell(&format!("{}: not a file, left out", shown(&shown_path))),
                    }
                }
                if page.next.is_none() || page.next == page_from {
                    break;
                }
                page_from = page.next;
            }
        }
        Ok(())
    }

    async fn file_down(&mut self, from: Vec<String>, to: PathBuf, size: u64) -> Result<(), ClientError> {
        self.wait_for(self.at_once - 1).await?;
        let (link, name) = (self.link, from.join("/"));
        let progress = self.progress.file(shown(&name), size);
        self.running.push(Box::pin(async move {
            let done = download(link, &from, &to, progress).await;
            (name, done.map(|proved| (size, Some(proved))))
        }));
        Ok(())
    }

    /// To the customer's computer.
    async fn up(&mut self, from: &Path, to: &RemotePlace) -> Result<(), ClientError> {
        let metadata = std::fs::metadata(from).map_err(|e| ClientError::local(from.display(), e))?;
        let there = match self.begin(to).await {
            Ok(entry) => Some(entry),
            Err(ClientError::File { error, .. }) if error.code == "not-found" => None,
            Err(error) => return Err(error),
        };
        let mut names = to.names.clone();
        let into = to.folder || there.as_ref().is_some_and(|entry| entry.kind == Kind::Directory);
        if into {
            names.push(local_name(from)?);
        }
        if metadata.is_dir() {
            return self.folder_up(from.to_owned(), names).await;
        }
        if !metadata.is_file() {
            return Err(ClientError::Failed(format!("{} is neither a file nor a folder", from.display())));
        }
        if to.folder && there.is_none() {
            self.make_remote_folder(&to.names).await?;
        }
        self.file_up(from.to_owned(), names, metadata.len()).await
    }

    async fn make_remote_folder(&self, names: &[String]) -> Result<(), ClientError> {
        let make = async |files: std::sync::Arc<super::files::Files>| {
            files.call::<Value>("mkdir", names, json!({ "path": names, "parents": true })).await
        };
        self.link.again(make).await.map(|_| ())
    }

    async fn folder_up(&mut self, from: PathBuf, to: Vec<String>) -> Result<(), ClientError> {
        self.single = false;
        let mut folders = vec![(from, to)];
        while let Some((from, to)) = folders.pop() {
            self.make_remote_folder(&to).await?;
            let listed = std::fs::read_dir(&from).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
            let mut entries = match listed {
                Ok(entries) => entries,
                Err(error) => {
                    self.note(&to.join("/"), Err(ClientError::local(from.display(), error)))?;
                    continue;
                }
            };
            entries.sort_by_key(std::fs::DirEntry::file_name);
            for entry in entries {
                let path = entry.path();
                let (name, kind) = match (local_name(&path), entry.metadata()) {
                    (Ok(name), Ok(metadata)) => (name, metadata),
                    (Err(error), _) => {
                        self.note(&to.join("/"), Err(error))?;
                        continue;
                    }
                    (_, Err(error)) => {
                        self.note(&to.join("/"), Err(ClientError::local(path.display(), error)))?;
                        continue;
                    }
                };
                let there = [to.as_slice(), std::slice::from_ref(&name)].concat();
                if kind.is_dir() {
                    folders.push((path, there));
                } else if kind.is_file() {
                    self.file_up(path, there, kind.len()).await?;
                } else {
                    self.progress.tell(&format!("{}: a link or no file, left out", path.display()));
                }
            }
        }
        Ok(())
    }

    async fn file_up(&mut self, from: PathBuf, to: Vec<String>, size: u64) -> Result<(), ClientError> {
        self.wait_for(self.at_once - 1).await?;
        let (link, name) = (self.link, to.join("/"));
        let progress = self.progress.file(shown(&name), size);
        self.running.push(Box::pin(async move {
            let done = upload(link, &from, &to, progress).await;
            (name, done.map(|()| (size, None)))
        }));
        Ok(())
    }

    /// Waits until at most `left` copies are running.
    async fn wait_for(&mut self, left: usize) -> Result<(), ClientError> {
        while self.running.len() > left {
            match self.running.next().await {
                Some((name, Ok((size, Some(proved))))) => self.settle(name, size, proved).await?,
                Some((name, outcome)) => self.note(&name, outcome.map(|(size, _)| size))?,
                None => {}
            }
        }
        Ok(())
    }

    /// A download counts once it is on the disk under its name.
    async fn settle(&mut self, name: String, size: u64, proved: Proved) -> Result<(), ClientError> {
        while let Some((name, outcome)) = self.settling.relieve().await {
            self.note(&name, outcome)?;
        }
        self.settling.begin(name, size, proved);
        Ok(())
    }

    /// Waits until every download that was proved is safe, name and all.
    async fn settled(&mut self) -> Result<(), ClientError> {
        let mut worst = Ok(());
        while let Some((name, outcome)) = self.settling.next().await {
            worst = worst.and(self.note(&name, outcome));
        }
        self.settling.folders().await;
        worst
    }

    /// Counts an outcome. A failure of one file of many is told and the others go on, unless none can.
    fn note(&mut self, name: &str, outcome: Result<u64, ClientError>) -> Result<(), ClientError> {
        match outcome {
            Ok(bytes) => {
                tracing::debug!(name, bytes, "copied");
                self.copied += 1;
                self.bytes += bytes;
                Ok(())
            }
            Err(error) if error.ends_everything() => Err(error),
            Err(error) => {
                self.failed += 1;
                if !self.single {
                    self.progress.tell(&error.to_string());
                }
                self.last = Some(error);
                Ok(())
            }
        }
    }

    async fn finish(&mut self) -> Result<(), ClientError> {
        self.wait_for(0).await?;
        self.settled().await?;
        match self.last.take() {
            None => Ok(()),
            Some(error) if self.single => Err(error),
            Some(_) => Err(ClientError::Failed(format!(
                "{} of {} could not be copied (see above); the same command tries again",
                self.failed,
                self.failed + self.copied
            ))),
        }
    }
}

fn ends_with_separator(path: &Path) -> bool {
    path.as_os_str().to_string_lossy().ends_with(std::path::is_separator)
}

fn make_folder(path: &Path) -> Result<(), ClientError> {
    std::fs::create_dir_all(path).map_err(|e| ClientError::local(path.display(), e))
}

/// The last name of a path on this computer, `..` and `.` resolved.
fn local_name(path: &Path) -> Result<String, ClientError> {
    let whole;
    let name = match path.file_name() {
        Some(name) => Some(name),
        None => {
            whole = std::fs::canonicalize(path).map_err(|e| ClientError::local(path.display(), e))?;
            whole.file_name()
        }
    };
    name.and_then(|name| name.to_str())
        .map(str::to_owned)
        .ok_or_else(|| ClientError::Failed(format!("{}: its name is not text, it cannot be copied", path.display())))
}
