//! Hands the host more in one call than it takes.

use hospes_sdk::{Channel, Plugin, Result};

struct Hostile;

impl Plugin for Hostile {
    fn run(_request: String, _channel: Channel) -> Result<()> {
        let line = "x".repeat(16 << 20);
        hospes_sdk::info!("{line}");
        Ok(())
    }
}

hospes_sdk::export!(Hostile);
