//! The log-in that later commands use: a file that only its owner reads.

use super::error::ClientError;
use super::network::Network;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A log-in.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Login {
    /// The server's address, without a slash at the end.
    pub(super) server: String,
    /// Who.
    pub(super) email: String,
    /// Bearer token.
    pub(super) token: String,
    /// When the server forgets it.
    pub(super) expires_at: String,
    /// By which way it is reached.
    #[serde(default)]
    pub(super) network: Network,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("server", &self.server).field("email", &self.email).finish_non_exhaustive()
    }
}

/// `login.json` in the directory of `--data`, or in the user's own settings.
pub(super) fn path(data: Option<&Path>) -> Result<PathBuf, ClientError> {
    if let Some(data) = data {
        return Ok(data.join("login.json"));
    }
    let variable = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let settings = if cfg!(windows) {
        variable("APPDATA")
    } else {
        // The specification says that a relative one is to be ignored.
        let config = variable("XDG_CONFIG_HOME").filter(|path| path.is_absolute());
        config.or_else(|| variable("HOME").map(|home| home.join(".config")))
    };
    settings.map(|settings| settings.join("hospes").join("login.json")).ok_or_else(|| {
        ClientError::Failed("there is no home directory to keep the log-in in; give one with --data DIR".to_owned())
    })
}

/// Keeps it, in place of an older one. Nobody else may read it, at no moment.
pub(super) fn save(path: &Path, login: &Login) -> Result<(), ClientError> {
    let failed = |e: &dyn std::fmt::Display| ClientError::local(path.display(), e);
    let folder = path.parent().ok_or_else(|| failed(&"it has no folder"))?;
    std::fs::create_dir_all(folder).map_err(|e| failed(&e))?;
    let text = serde_json::to_vec_pretty(login).map_err(|e| failed(&e))?;
    let next = folder.join(format!(".login.{}.json", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&next).and_then(|mut file| file.write_all(&text).and_then(|()| file.sync_all()));
    if let Err(error) = written.and_then(|()| std::fs::rename(&next, path)) {
        let _ = std::fs::remove_file(&next);
        return Err(failed(&error));
    }
    Ok(())
}

/// The log-in that is kept.
pub(super) fn load(path: &Path) -> Result<Login, ClientError> {
    match std::fs::read(path) {
        Ok(text) => serde_json::from_slice(&text).map_err(|e| {
            ClientError::Failed(format!(
                "{}: {e}; log in again with: hospes login --server URL --email E",
                path.display()
            ))
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(ClientError::Failed("nobody is logged in; log in with: hospes login --server URL --email E".to_owned()))
        }
        Err(error) => Err(ClientError::local(path.display(), error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_kept_for_its_owner_only_and_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(Some(&folder.path().join("deep"))).unwrap();
        let login = |token: &str| Login {
            server: "http://127.0.0.1:1".into(),
            email: "a@b.test".into(),
            token: token.into(),
            expires_at: "2026-01-01T00:00:00Z".into(),
            network: Network::default(),
        };
        assert!(load(&path).unwrap_err().to_string().contains("hospes login"));
        save(&path, &login("one")).unwrap();
        save(&path, &login("two")).unwrap();
        assert_eq!(load(&path).unwrap().token, "two");
        assert!(!format!("{:?}", login("secret")).contains("secret"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing else is left");
        std::fs::write(&path, "{").unwrap();
        assert!(load(&path).unwrap_err().to_string().contains("log in again"));
    }
}
