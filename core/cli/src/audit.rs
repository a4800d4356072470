//! `hospes audit`: proves that the audit logs are whole.

use crate::operator::Config;
use crate::output::Format;
use anyhow::{Context, Result, ensure};
use hospes_server::admin;
use serde_json::json;
use std::path::Path;

/// What to do with the audit logs.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum AuditCommand {
    /// Read every entry and check that none was changed, taken out or put in; needs no server
    Verify(Verify),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Verify {
    /// Only this company's log [default: all, and the server's own]
    #[arg(long, value_name = "N")]
    company: Option<String>,
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    format: Format,
}

pub(crate) async fn run(command: AuditCommand, data: Option<&Path>) -> Result<()> {
    let AuditCommand::Verify(args) = command;
    let place = args.config.settings(data)?.data;
    // Opening would make one, and an empty log is always whole.
    ensure!(admin::has_database(&place), "there is no database in {}; give the server's --data DIR", place.display());
    let admin = args.config.admin(data).await?;
    let logs = admin.verify_audit(args.company.as_deref()).await.context("the audit log is not whole")?;
    let document = json!({
        "whole": true,
        "entries": logs.iter().map(|log| log.entries).sum::<u64>(),
        "logs": logs.iter().map(|log| json!({ "company": log.company, "entries": log.entries })).collect::<Vec<_>>(),
    });
    args.format.print(&document, || {
        let lines = logs.iter().map(|log| {
            let whose = log.company.as_deref().unwrap_or("the server itself");
            format!("{whose}: {} entries, all in place", log.entries)
        });
        lines.collect::<Vec<_>>().join("\n")
    })
}
