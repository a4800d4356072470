//! Where this host keeps what it keeps.

use std::path::{Path, PathBuf};

/// The state directory, and whether it was named with `--state`.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    dir: PathBuf,
    scoped: bool,
    /// Where accounts show each other that they have a session (R12).
    marks: PathBuf,
}

/// Every account can write there, and it survives a reboot.
const MARKS: &str = "/var/tmp";

impl Place {
    /// `--state DIR`, or the one place of this account: `$XDG_STATE_HOME/hospes-agent`, else
    /// `~/.local/state/hospes-agent`.
    pub(crate) fn new(state: Option<&Path>) -> Result<Self, String> {
        match state {
            Some(dir) => std::path::absolute(dir)
                .map(|dir| Self { dir, scoped: true, marks: PathBuf::from(MARKS) })
                .map_err(|error| format!("--state {}: {error}", dir.display())),
            None => xdg("XDG_STATE_HOME", ".local/state")
                .map(|dir| Self { dir: dir.join("hospes-agent"), scoped: false, marks: PathBuf::from(MARKS) })
                .ok_or_else(|| "HOME is not set; say with --state DIR where this host may keep its state".to_owned()),
        }
    }

    /// The directory.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// True with `--state`: then R12 is about this directory only.
    pub(crate) const fn scoped(&self) -> bool {
        self.scoped
    }

    /// Where accounts show each other that they have a session (R12); none with `--state`.
    pub(crate) fn marks(&self) -> Option<&Path> {
        (!self.scoped).then_some(self.marks.as_path())
    }

    /// A place whose marks lie in a directory of a test.
    #[cfg(test)]
    pub(crate) fn with_marks(marks: &Path) -> Self {
        Self { dir: marks.join("state"), scoped: false, marks: marks.to_owned() }
    }

    /// The install journal.
    pub(crate) fn journal(&self) -> PathBuf {
        self.dir.join("journal")
    }

    /// Identity, session, phase.
    pub(crate) fn kept(&self) -> PathBuf {
        self.dir.join("host.json")
    }

    /// The lease and when it was last looked at.
    pub(crate) fn lease(&self) -> PathBuf {
        self.dir.join("lease.json")
    }

    /// What the customer allows.
    pub(crate) fn consent(&self) -> PathBuf {
        self.dir.join("consent.json")
    }

    /// Logins that proved the session password, and guesses.
    pub(crate) fn unlocks(&self) -> PathBuf {
        self.dir.join("unlocks.json")
    }

    /// Channels whose grants were used.
    pub(crate) fn channels(&self) -> PathBuf {
        self.dir.join("channels.json")
    }

    /// What is noted while the session runs: lease, consent, unlocked logins, used channels.
    pub(crate) fn notes(&self) -> [PathBuf; 4] {
        [self.lease(), self.consent(), self.unlocks(), self.channels()]
    }

    /// The host's own copy of its executable.
    pub(crate) fn executable(&self) -> PathBuf {
        self.dir.join("hospes-agent")
    }

    /// Plugin files and what was compiled from them.
    pub(crate) fn cache(&self) -> PathBuf {
        self.dir.join("cache")
    }
}

/// A base directory of the XDG specification; none without `HOME`.
pub(crate) fn xdg(variable: &str, below_home: &str) -> Option<PathBuf> {
    let set = std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    set.or_else(|| home().map(|home| home.join(below_home)))
}

/// The user's home directory.
pub(crate) fn home() -> Option<PathBuf> {
    std::env::var_os("HOME").map(PathBuf::from).filter(|path| path.is_absolute())
}
