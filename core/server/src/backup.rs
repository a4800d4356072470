//! A data directory as one file, and back.
//!
//! The file: the line `hospes-backup 1`, one line of JSON ([`Manifest`]: each file's name, length and BLAKE3), then the
//! files one behind the other, and last 32 bytes of BLAKE3 over everything before. Not an archive of another kind: only
//! names of a fixed pattern are taken out of it, so that a file from elsewhere cannot choose where it is unpacked.

use crate::admin::DATABASE;
use crate::clock;
use hospes_session::model::{EndReason, Millis};
use hospes_session::rules::Command;
use hospes_store::model::{Audit, SessionFilter};
use hospes_store::operation::Operation;
use hospes_store::sqlite::SqliteStore;
use hospes_store::{Store, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

/// First line of a backup.
const FIRST: &str = "hospes-backup 1";
/// Most bytes of the manifest.
const MANIFEST: u64 = 1 << 20;
/// Ending of a plugin's name.
const PLUGIN: &str = ".hospes.wasm";

/// Why there is no backup, or nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The operating system said no.
    #[error("{path}: {error}", path = .0.display(), error = .1)]
    Io(PathBuf, io::Error),
    /// The database.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// There is nothing to keep.
    #[error("{}: there is no database of a server here; name the data directory with --data", .0.display())]
    NoServer(PathBuf),
    /// The target is there.
    #[error("{}: it is there already; name another file, or a directory", .0.display())]
    Exists(PathBuf),
    /// The directory is in use.
    #[error(
        "{}: the directory is not empty, and a server may run on it: stop it, and restore into a new or empty directory",
        .0.display()
    )]
    NotEmpty(PathBuf),
    /// Not a backup, or not whole.
    #[error("{path}: {what}", path = .0.display(), what = .1)]
    Damaged(PathBuf, String),
}

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of the program that made it.
    pub version: String,
    /// When, RFC 3339.
    pub made_at: String,
    /// The files, in the order in which they stand.
    pub files: Vec<Kept>,
}

/// One file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// `hospes.db`, `NAME.key` or `plugins/NAME.hospes.wasm`.
    pub name: String,
    /// Bytes.
    pub length: u64,
    /// BLAKE3, hex.
    pub blake3: String,
}

/// What came of restoring.
#[derive(Clone, Debug, Serialize)]
pub struct Restored {
    /// What was in the backup.
    pub manifest: Manifest,
    /// Audit entries whose chains were checked.
    pub audit_entries: u64,
    /// Logins that were ended: which of them somebody had ended after the backup, nobody knows.
    pub logins_ended: u64,
    /// Sessions whose link waited for its customer, and that were ended for the same reason.
    pub sessions_ended: u64,
}

/// Writes a backup of `data` to the file `to`, or, when that is a directory, to a new file in it. A server may run on
/// `data`. Gives the file's name and what is in it. Blocks while it copies.
///
/// # Errors
/// When `data` holds no server's data, a file cannot be read or written, or the target is there.
pub async fn make(data: &Path, to: &Path, now: jiff::Timestamp) -> Result<(PathBuf, Manifest), BackupError> {
    let database = data.join(DATABASE);
    if !database.is_file() {
        return Err(BackupError::NoServer(data.to_owned()));
    }
    let to =
        if to.is_dir() { to.join(format!("hospes-{}.backup", now.strftime("%Y%m%dT%H%M%SZ"))) } else { to.to_owned() };
    if to.exists() {
        return Err(BackupError::Exists(to));
    }
    let beside = |ending: &str| {
        let name = to.file_name().unwrap_or_default().to_string_lossy();
        to.with_file_name(format!(".{name}.{}.{ending}", std::process::id()))
    };
    let (copy, draft) = (beside("db"), beside("new"));
    let written = async {
        hospes_store::sqlite::copy(&database, &copy).await?;
        let mut files = vec![(DATABASE.to_owned(), copy.clone())];
        files.extend(others(data)?);
        let manifest = write(&draft, &files, now)?;
        fs::rename(&draft, &to).map_err(|error| BackupError::Io(to.clone(), error))?;
        Ok(manifest)
    };
    let written = written.await;
    // Nothing half-made stays behind; the first error is the one that matters.
    let _ = fs::remove_file(&copy);
    let _ = fs::remove_file(&draft);
    written.map(|manifest| (to, manifest))
}

/// Keys and installed plugins.
fn others(data: &Path) -> Result<Vec<(String, PathBuf)>, BackupError> {
    let mut found = Vec::new();
    for (folder, prefix) in [(data.to_owned(), ""), (data.join("plugins"), "plugins/")] {
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries.map_err(|error| BackupError::Io(folder.clone(), error))?,
        };
        for entry in entries {
            let path = entry.map_err(|error| BackupError::Io(folder.clone(), error))?.path();
            let name = format!("{prefix}{}", path.file_name().unwrap_or_default().to_string_lossy());
            if path.is_file() && name != DATABASE && known(&name) {
                found.push((name, path));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a file of this name belongs into a backup, and may be taken out of one.
fn known(name: &str) -> bool {
    let plain = |stem: &str| {
        (1..=120).contains(&stem.len())
            && !stem.starts_with('.')
            && stem.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.+".contains(&byte))
    };
    let plugin = name.strip_prefix("plugins/").and_then(|name| name.strip_suffix(PLUGIN));
    name == DATABASE || name.strip_suffix(".key").is_some_and(plain) || plugin.is_some_and(plain)
}

fn write(draft: &Path, files: &[(String, PathBuf)], now: jiff::Timestamp) -> Result<Manifest, BackupError> {
    let mut manifest =
        Manifest { version: env!("CARGO_PKG_VERSION").to_owned(), made_at: now.to_string(), files: Vec::new() };
    for (name, path) in files {
        let failed = |error| BackupError::Io(path.clone(), error);
        let mut hasher = blake3::Hasher::new();
        let length = io::copy(&mut File::open(path).map_err(failed)?, &mut hasher).map_err(failed)?;
        manifest.files.push(Kept { name: name.clone(), length, blake3: hasher.finalize().to_hex().to_string() });
    }
    let failed = |error| BackupError::Io(draft.to_owned(), error);
    let mut out = Sealed { hasher: blake3::Hasher::new(), file: BufWriter::new(private(draft).map_err(failed)?) };
    let text = serde_json::to_string(&manifest).map_err(|error| failed(error.into()))?;
    writeln!(out, "{FIRST}\n{text}").map_err(failed)?;
    for ((_, path), kept) in files.iter().zip(&manifest.files) {
        let changed = || BackupError::Io(path.clone(), io::Error::other("it changed while it was read; try again"));
        let mut file = File::open(path).map_err(|error| BackupError::Io(path.clone(), error))?;
        let mut hasher = blake3::Hasher::new();
        let mut tee = Tee { hasher: &mut hasher, out: &mut out };
        let length = io::copy(&mut file, &mut tee).map_err(failed)?;
        if length != kept.length || hasher.finalize().to_hex().as_str() != kept.blake3 {
            return Err(changed());
        }
    }
    let seal = out.hasher.finalize();
    out.file.write_all(seal.as_bytes()).map_err(failed)?;
    let file = out.file.into_inner().map_err(|error| failed(error.into_error()))?;
    file.sync_all().map_err(failed)?;
    Ok(manifest)
}

/// What is written, and its hash.
struct Sealed {
    hasher: blake3::Hasher,
    file: BufWriter<File>,
}

impl Write for Sealed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

struct Tee<'a, W> {
    hasher: &'a mut blake3::Hasher,
    out: &'a mut W,
}

impl<W: Write> Write for Tee<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A new file that only its owner can read.
fn private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes the data directory `data`, which must be empty or absent, out of a backup. It appears only when every checksum
/// and every audit chain was right, and without the logins and the unused links that were in it. Blocks while it copies.
///
/// # Errors
/// When the directory is not empty, the file is no whole backup or of a newer version, or an audit chain does not fit.
pub async fn restore(from: &Path, data: &Path) -> Result<Restored, BackupError> {
    let failed = |error| BackupError::Io(data.to_owned(), error);
    match fs::read_dir(data).map(|mut entries| entries.next().is_some()) {
        Ok(true) => return Err(BackupError::NotEmpty(data.to_owned())),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        Ok(false) | Err(_) => {}
    }
    let name = data.file_name().ok_or_else(|| failed(io::Error::other("this cannot be a data directory")))?;
    let stage = data.with_file_name(format!(".{}.{}.restoring", name.to_string_lossy(), std::process::id()));
    let restored = async {
        fs::create_dir_all(&stage).map_err(|error| BackupError::Io(stage.clone(), error))?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&stage, fs::Permissions::from_mode(0o700)).map_err(failed)?;
        }
        let manifest = unpack(from, &stage)?;
        let opened = opened(from, &stage).await?;
        if data.exists() {
            fs::remove_dir(data).map_err(failed)?;
        }
        fs::rename(&stage, data).map_err(failed)?;
        let Opened { audit_entries, logins_ended, sessions_ended } = opened;
        Ok(Restored { manifest, audit_entries, logins_ended, sessions_ended })
    };
    let restored = restored.await;
    if restored.is_err() {
        // The first error is the one that matters.
        let _ = fs::remove_dir_all(&stage);
    }
    restored
}

/// What was found in a restored database, and ended.
struct Opened {
    audit_entries: u64,
    logins_ended: u64,
    sessions_ended: u64,
}

/// Opens the restored database, which brings it to this version's shape, checks every audit chain, and only then ends
/// what must not come back.
async fn opened(from: &Path, stage: &Path) -> Result<Opened, BackupError> {
    let damaged = |error: StoreError| BackupError::Damaged(from.to_owned(), error.to_string());
    let store = SqliteStore::open(stage.join(DATABASE)).await.map_err(damaged)?;
    let found = async {
        let mut audit_entries = store.verify_audit(None).await?;
        for company in store.companies().await? {
            audit_entries += store.verify_audit(Some(company.id)).await?;
        }
        let (logins_ended, sessions_ended) = revoke(&store, clock::now()).await?;
        Ok(Opened { audit_entries, logins_ended, sessions_ended })
    };
    let found = found.await.map_err(damaged);
    store.close().await;
    found
}

/// Ends all logins and all sessions that nobody has joined: a log-out, a lock or a burned code after the backup would
/// otherwise be undone. Sessions with a host go on, which keeps to its lease. Each company reads of it in its log.
async fn revoke(store: &SqliteStore, now: Millis) -> Result<(u64, u64), StoreError> {
    let logins_ended = store.end_every_login(now).await?;
    let audit = |company, session, action: &str| Audit {
        company: Some(company),
        session,
        actor: "operator".to_owned(),
        action: action.to_owned(),
        detail: json!({ "why": "a backup was restored" }),
    };
    let mut sessions_ended = 0;
    for company in store.companies().await? {
        store.audit(&audit(company.id, None, "backup.restore"), now).await?;
        let prepared = SessionFilter { state: Some("prepared".to_owned()), ..SessionFilter::default() };
        for session in store.sessions(company.id, &prepared).await? {
            let end = Command::End { reason: EndReason::Operator };
            store.apply(session.id, &end, now, &audit(company.id, Some(session.id), "session.end")).await?;
            sessions_ended += 1;
        }
    }
    Ok((logins_ended, sessions_ended))
}

fn unpack(from: &Path, stage: &Path) -> Result<Manifest, BackupError> {
    let failed = |error| BackupError::Io(from.to_owned(), error);
    let damaged = |what: &str| BackupError::Damaged(from.to_owned(), what.to_owned());
    let file = File::open(from).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    let mut input = BufReader::new(file);
    let mut seal = blake3::Hasher::new();
    let mut line = |limit: u64| -> Result<String, BackupError> {
        let mut bytes = Vec::new();
        input.by_ref().take(limit).read_until(b'\n', &mut bytes).map_err(failed)?;
        seal.update(&bytes);
        let text = String::from_utf8(bytes).ok().and_then(|text| text.strip_suffix('\n').map(str::to_owned));
        text.ok_or_else(|| damaged("this is not a backup of a Hospes server, or it is cut"))
    };
    if line(64)? != FIRST {
        return Err(damaged("this is not a backup of a Hospes server, or one of a newer version"));
    }
    let text = line(MANIFEST)?;
    let manifest: Manifest =
        serde_json::from_str(&text).map_err(|error| damaged(&format!("its list of files cannot be read: {error}")))?;
    let head = (FIRST.len() + text.len() + 2) as u64;
    let files = manifest.files.iter().try_fold(0_u64, |sum, kept| sum.checked_add(kept.length));
    if files.and_then(|files| files.checked_add(head + 32)) != Some(size) {
        return Err(damaged("it is cut, or something stands behind its end"));
    }
    for kept in &manifest.files {
        if !known(&kept.name) {
            return Err(damaged(&format!("it holds a file that belongs to no server: {:?}", kept.name)));
        }
        let place = stage.join(&kept.name);
        let folder = place.parent().unwrap_or(stage);
        fs::create_dir_all(folder).map_err(|error| BackupError::Io(folder.to_owned(), error))?;
        let mut out = private(&place).map_err(|error| BackupError::Io(place.clone(), error))?;
        let mut hasher = blake3::Hasher::new();
        let mut both = Tee { hasher: &mut seal, out: &mut out };
        let mut tee = Tee { hasher: &mut hasher, out: &mut both };
        io::copy(&mut input.by_ref().take(kept.length), &mut tee)
            .map_err(|error| BackupError::Io(place.clone(), error))?;
        if hasher.finalize().to_hex().as_str() != kept.blake3 {
            return Err(damaged(&format!("{} is not what it was: its checksum does not match", kept.name)));
        }
        out.sync_all().map_err(|error| BackupError::Io(place.clone(), error))?;
    }
    let mut end = Vec::new();
    input.read_to_end(&mut end).map_err(failed)?;
    match <[u8; 32]>::try_from(end) {
        Ok(end) if blake3::Hash::from(end) == seal.finalize() => {}
        _ => return Err(damaged("its checksum does not match")),
    }
    if manifest.files.iter().any(|kept| kept.name == DATABASE) {
        Ok(manifest)
    } else {
        Err(damaged("it holds no database"))
    }
}
