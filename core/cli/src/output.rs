//! What people and scripts read: text or one JSON document on standard output, reasons on standard error.

use anyhow::{Context, Result};
use serde::Serialize;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

/// `--json`, for commands that answer something.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Format {
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl Format {
    /// Prints `document` as JSON or `text` for people.
    pub(crate) fn print(self, document: &impl Serialize, text: impl FnOnce() -> String) -> Result<()> {
        let text = if self.json { serde_json::to_string_pretty(document)? } else { text() };
        write(text.trim_end())
    }
}

/// One piece of text and a line end. Somebody who reads no further (`| head`) is no failure.
pub(crate) fn write(text: &str) -> Result<()> {
    match writeln!(std::io::stdout().lock(), "{text}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("the answer cannot be written"),
        _ => Ok(()),
    }
}

/// Says why, with all causes that add something, and gives the exit code of a refusal.
pub(crate) fn refused(error: &anyhow::Error) -> ExitCode {
    let mut said = error.to_string();
    let mut text = format!("hospes: {said}");
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !said.contains(&cause) {
            text.push_str(&format!("\n  because: {cause}"));
        }
        said = cause;
    }
    // Nobody is left to tell when standard error is closed.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
    ExitCode::from(1)
}
