//! `cargo xtask bench`: first figures of the whole service on this machine, over loopback. Nothing here is a target and
//! nothing fails because it is slow; a part of the product that does not work at all does fail.
//!
//! `hospes-bench [--full] [open|picture|files|dashboard]...`: `--full` copies 1 GiB instead of 256 MiB.

mod dashboard;
mod desktop;
mod files;
mod open;
mod picture;
mod scene;
mod ssh;
mod table;
mod viewer;

use anyhow::{Result, ensure};

const PARTS: [&str; 4] = ["open", "picture", "files", "dashboard"];

#[tokio::main]
async fn main() -> Result<()> {
    let mut full = false;
    let mut wanted = Vec::new();
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--full" => full = true,
            part => {
                ensure!(PARTS.contains(&part), "there is no part {part:?}; there are: --full {}", PARTS.join(" "));
                wanted.push(argument);
            }
        }
    }
    let wants = |part: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == part);
    table::machine()?;
    if wants("open") {
        open::measure().await?;
    }
    if wants("picture") {
        picture::measure().await?;
    }
    if wants("files") {
        files::measure(if full { 1 << 30 } else { 256 << 20 }).await?;
    }
    if wants("dashboard") {
        dashboard::measure().await?;
    }
    Ok(())
}
