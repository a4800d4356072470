//! Compiled plugins on disk. Loading compiled code runs it, so what lies here is believed only when it carries a keyed
//! BLAKE3 of everything that it is: key, plugin file, engine and code. The key lies beside it, readable by the host's
//! account only; whoever can read it can already run code as that account. Anything damaged, foreign or of another
//! engine is compiled afresh.
//!
//! Nothing here ever comes from the network: servers send components, never native code.

mod native;

use crate::error::RuntimeError;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use wasmtime::Engine;
use wasmtime::component::Component;

/// Bytes of the keyed hash at the start of a cached file.
const MAC: usize = 32;
/// Most files kept; the ones that were used least recently go first.
const MAX_FILES: usize = 64;

/// A directory of compiled plugins.
#[derive(Debug)]
pub(crate) struct Cache {
    directory: PathBuf,
    key: [u8; 32],
    engine: [u8; 32],
}

impl Cache {
    /// Makes the directory and its key when they are not there.
    pub(crate) fn open(directory: &Path, engine: &Engine) -> Result<Self, RuntimeError> {
        let failed = |what: &str, error: std::io::Error| {
            RuntimeError::Engine(format!("{what} of the plugin cache {}: {error}", directory.display()))
        };
        create_private_directory(directory).map_err(|error| failed("the directory", error))?;
        let key = read_or_make_key(&directory.join("cache.key")).map_err(|error| failed("the key", error))?;
        Ok(Self { directory: directory.to_owned(), key, engine: fingerprint(engine) })
    }

    /// The compiled form of the plugin file with that hash; none when there is none, or none that can be trusted.
    pub(crate) fn load(&self, hash: &str, engine: &Engine) -> Option<Component> {
        let path = self.path(hash);
        let bytes = fs::read(&path).ok()?;
        let (mac, code) = bytes.split_at_checked(MAC)?;
        // `blake3::Hash` compares in constant time.
        let expected = self.mac(hash, code);
        if !<[u8; MAC]>::try_from(mac).is_ok_and(|mac| blake3::Hash::from_bytes(mac) == expected) {
            tracing::warn!(path = %path.display(), "a compiled plugin was damaged or changed; compiling it afresh");
            return None;
        }
        match native::load(engine, code) {
            Ok(component) => {
                touch(&path);
                Some(component)
            }
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "a compiled plugin does not load; compiling it afresh");
                None
            }
        }
    }

    /// Keeps a compiled plugin. A cache that cannot be written costs time, not the plugin.
    pub(crate) fn store(&self, hash: &str, component: &Component) {
        let path = self.path(hash);
        let written = component.serialize().map_err(|error| error.to_string()).and_then(|code| {
            let mac = self.mac(hash, &code);
            self.write(&path, mac.as_bytes(), &code).map_err(|error| error.to_string())
        });
        match written {
            Ok(()) => self.prune(),
            Err(error) => tracing::warn!(path = %path.display(), error, "a compiled plugin could not be kept"),
        }
    }

    fn path(&self, hash: &str) -> PathBuf {
        let engine = blake3::Hash::from_bytes(self.engine).to_hex();
        self.directory.join(format!("{hash}-{}.cwasm", &engine.as_str()[..16]))
    }

    fn mac(&self, hash: &str, code: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(b"hospes compiled plugin v1\0").update(&self.engine);
        hasher.update(&(hash.len() as u64).to_le_bytes()).update(hash.as_bytes()).update(code);
        hasher.finalize()
    }

    fn write(&self, path: &Path, mac: &[u8], code: &[u8]) -> std::io::Result<()> {
        let mut suffix = [0; 8];
        random(&mut suffix)?;
        let beside = self.directory.join(format!(".{:016x}.tmp", u64::from_le_bytes(suffix)));
        let done = create_private_file(&beside)
            .and_then(|mut file| file.write_all(mac).and_then(|()| file.write_all(code)))
            .and_then(|()| fs::rename(&beside, path));
        if done.is_err() {
            let _ = fs::remove_file(&beside);
        }
        done
    }

    fn prune(&self) {
        let Ok(entries) = fs::read_dir(&self.directory) else { return };
        let mut files: Vec<_> = entries
            .flatten()
            .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "cwasm"))
            .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
            .collect();
        files.sort();
        let surplus = files.len().saturating_sub(MAX_FILES);
        for (_, path) in files.into_iter().take(surplus) {
            let _ = fs::remove_file(path);
        }
    }
}

/// What the engine says of itself: code of an engine with another fingerprint does not fit.
fn fingerprint(engine: &Engine) -> [u8; 32] {
    struct Into(blake3::Hasher);
    impl Hasher for Into {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
        fn finish(&self) -> u64 {
            0
        }
    }
    let mut hasher = Into(blake3::Hasher::new());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.0.finalize().into()
}

fn read_or_make_key(path: &Path) -> std::io::Result<[u8; 32]> {
    let mut key = [0; 32];
    match fs::File::open(path) {
        Ok(mut file) if file.metadata()?.len() == 32 => {
            file.read_exact(&mut key)?;
            return Ok(key);
        }
        // A key that was cut short is worth nothing, and so is what it vouched for.
        Ok(_) => fs::remove_file(path)?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    random(&mut key)?;
    match create_private_file(path) {
        Ok(mut file) => file.write_all(&key).map(|()| key),
        // Another process of the same account was first.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            fs::File::open(path)?.read_exact(&mut key).map(|()| key)
        }
        Err(error) => Err(error),
    }
}

fn random(bytes: &mut [u8]) -> std::io::Result<()> {
    getrandom::fill(bytes).map_err(|error| std::io::Error::other(error.to_string()))
}

fn touch(path: &Path) {
    if let Ok(file) = fs::File::options().append(true).open(path) {
        let _ = file.set_modified(std::time::SystemTime::now());
    }
}

fn create_private_directory(path: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn create_private_file(path: &Path) -> std::io::Result<fs::File> {
    let mut options = fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
