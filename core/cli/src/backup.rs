//! `hospes backup` and `hospes restore`.

use crate::operator::Config;
use crate::output::Format;
use anyhow::{Context, Result};
use hospes_server::backup;
use serde_json::json;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub(crate) struct BackupArgs {
    /// Where to: a new file, or a directory for one
    to: PathBuf,
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RestoreArgs {
    /// The backup
    file: PathBuf,
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    format: Format,
}

pub(crate) async fn make(args: &BackupArgs, data: Option<&Path>) -> Result<()> {
    let data = args.config.settings(data)?.data;
    let (file, manifest) = backup::make(&data, &args.to, jiff::Timestamp::now()).await.context("there is no backup")?;
    let document = json!({ "file": file, "manifest": manifest });
    args.format.print(&document, || {
        let names: Vec<&str> = manifest.files.iter().map(|kept| kept.name.as_str()).collect();
        format!(
            "{}\nholds {}\nWhoever has this file has the server's identity: keep it like a key. Settings and certificates \
             are not in it.",
            file.display(),
            names.join(", ")
        )
    })
}

pub(crate) async fn restore(args: &RestoreArgs, data: Option<&Path>) -> Result<()> {
    let data = args.config.settings(data)?.data;
    let restored = backup::restore(&args.file, &data).await.context("nothing was restored")?;
    args.format.print(&restored, || {
        format!(
            "restored {} of {} ({} files, {} audit entries in order)\n\
             ended {} logins and {} sessions that nobody had joined: everybody logs in again, and links are sent anew\n\
             disabled accounts, passwords and active sessions are as they were at the backup: do again what was changed since\n\
             start it with: hospes serve --data {}",
            data.display(),
            restored.manifest.made_at,
            restored.manifest.files.len(),
            restored.audit_entries,
            restored.logins_ended,
            restored.sessions_ended,
            data.display()
        )
    })
}
