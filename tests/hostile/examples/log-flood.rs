//! Writes log lines without end.

use hospes_sdk::{Channel, Plugin, Result};

struct Hostile;

impl Plugin for Hostile {
    fn run(_request: String, _channel: Channel) -> Result<()> {
        loop {
            hospes_sdk::info!("all work and no play");
        }
    }
}

hospes_sdk::export!(Hostile);
