//! The server's secrets in its data directory, each in a file that only its owner can read.
//!
//! Identity (whom hosts trust), grants (what channels open with) and licences (what companies may) are three keys, so
//! that one can move to another machine, or be renewed, without the others.

use hospes_licence::key::KeyPair;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The operating system said no.
    #[error("{path}: {error}", path = .0.display(), error = .1)]
    Io(PathBuf, io::Error),
    /// The file is not a key.
    #[error("{}: this is not a key file: expected 64 hexadecimal digits", .0.display())]
    NotAKey(PathBuf),
    /// No randomness.
    #[error("the operating system gave no random bytes: {0}")]
    Random(getrandom::Error),
}

/// The server's secrets.
pub struct Keys {
    /// The identity that links pin.
    pub identity: [u8; 32],
    /// Signs grants.
    pub grant: KeyPair,
    /// Signs licences; the public half is what this server trusts.
    pub operator: KeyPair,
}

impl Keys {
    /// Reads the keys of a data directory, making what is missing (and the directory itself).
    ///
    /// # Errors
    /// When directory or file cannot be made or read, or a file is not a key.
    pub fn load(data: &Path) -> Result<Self, KeyError> {
        make_directory(data)?;
        Ok(Self {
            identity: secret(&data.join("identity.key"))?,
            grant: KeyPair::from_secret(&secret(&data.join("grant.key"))?),
            operator: operator_key(data)?,
        })
    }
}

/// The key that signs the licences of this server's companies; made when it is missing.
///
/// # Errors
/// As [`Keys::load`].
pub fn operator_key(data: &Path) -> Result<KeyPair, KeyError> {
    make_directory(data)?;
    Ok(KeyPair::from_secret(&secret(&data.join("operator.key"))?))
}

fn make_directory(data: &Path) -> Result<(), KeyError> {
    let failed = |error| KeyError::Io(data.to_owned(), error);
    if data.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(data).map_err(failed)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(data, fs::Permissions::from_mode(0o700)).map_err(failed)?;
    }
    Ok(())
}

fn secret(path: &Path) -> Result<[u8; 32], KeyError> {
    match read(path) {
        Err(KeyError::Io(_, error)) if error.kind() == io::ErrorKind::NotFound => make(path),
        other => other,
    }
}

fn read(path: &Path) -> Result<[u8; 32], KeyError> {
    let text = fs::read_to_string(path).map_err(|error| KeyError::Io(path.to_owned(), error))?;
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).unwrap_or_default();
    bytes.try_into().map_err(|_| KeyError::NotAKey(path.to_owned()))
}

/// Written beside its place and linked into it, so that two programs that start at once agree on one key and no crash
/// leaves half of one.
fn make(path: &Path) -> Result<[u8; 32], KeyError> {
    let failed = |error| KeyError::Io(path.to_owned(), error);
    let mut secret = [0u8; 32];
    getrandom::fill(&mut secret).map_err(KeyError::Random)?;
    let mut tag = [0u8; 8];
    getrandom::fill(&mut tag).map_err(KeyError::Random)?;
    let draft = path.with_extension(format!("{:016x}.new", u64::from_le_bytes(tag)));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft).map_err(failed)?;
    let text = data_encoding::HEXLOWER.encode(&secret);
    let written = file.write_all(text.as_bytes()).and_then(|()| file.write_all(b"\n")).and_then(|()| file.sync_all());
    let linked = written.and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft).map_err(failed)?;
    match linked {
        Ok(()) => Ok(secret),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => read(path),
        Err(error) => Err(failed(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_made_once_and_only_their_owner_can_read_them() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let first = Keys::load(&data).unwrap();
        let second = Keys::load(&data).unwrap();
        assert_eq!(first.identity, second.identity);
        assert_eq!(first.grant.public(), second.grant.public());
        assert_ne!(first.grant.public(), first.operator.public());
        for entry in fs::read_dir(&data).unwrap() {
            use std::os::unix::fs::PermissionsExt;
            let entry = entry.unwrap();
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.path());
        }
    }

    #[test]
    fn a_broken_key_is_named_and_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("grant.key"), "oops").unwrap();
        let Err(error) = Keys::load(dir.path()) else { panic!("a broken key was accepted") };
        assert!(error.to_string().contains("grant.key"), "{error}");
        assert_eq!(fs::read_to_string(dir.path().join("grant.key")).unwrap(), "oops");
    }
}
