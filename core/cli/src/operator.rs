//! What the operator's commands share: the server's own settings, so that `hospes admin` finds the data that `hospes
//! serve` uses without being told again.

use anyhow::{Context, Result};
use hospes_server::admin::Admin;
use hospes_server::settings::{Flags, Settings};
use std::path::{Path, PathBuf};

/// `--config`, for commands that work on the server's data.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Config {
    /// The server's settings file [default: hospes.toml here, when there is one]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

impl Config {
    /// The settings as the server would read them.
    pub(crate) fn settings(&self, data: Option<&Path>) -> Result<Settings> {
        let flags = Flags { data: data.map(Path::to_owned), ..Flags::default() };
        Settings::load(self.config.as_deref(), &flags).context("the settings cannot be used")
    }

    /// The server's data directory, opened.
    pub(crate) async fn admin(&self, data: Option<&Path>) -> Result<Admin> {
        let data = self.settings(data)?.data;
        Admin::open(&data).await.with_context(|| format!("the data directory {} cannot be used", data.display()))
    }
}

/// Where `hospes plugin install` puts plugins unless the settings name another place.
pub(crate) fn plugins(settings: &Settings) -> PathBuf {
    settings.plugins.clone().unwrap_or_else(|| settings.data.join("plugins"))
}

/// Milliseconds since 1970.
pub(crate) fn now() -> Result<u64> {
    u64::try_from(jiff::Timestamp::now().as_millisecond()).context("this machine's clock stands before 1970")
}
