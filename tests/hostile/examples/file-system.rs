//! Reaches for the file system of WASI, which no host links.

use hospes_sdk::{Channel, Plugin, Result};

struct Hostile;

impl Plugin for Hostile {
    fn run(_request: String, channel: Channel) -> Result<()> {
        let passwords = std::fs::read("/etc/passwd").unwrap_or_default();
        channel.send(&passwords)
    }
}

hospes_sdk::export!(Hostile);
