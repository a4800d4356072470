//! Waits for an hour and never looks whether it should stop.

use hospes_sdk::{Channel, Plugin, Result};

struct Hostile;

impl Plugin for Hostile {
    fn run(_request: String, _channel: Channel) -> Result<()> {
        let hour = hospes_sdk::after(std::time::Duration::from_secs(3600));
        let _ = hospes_sdk::wait(&[&hour]);
        Ok(())
    }
}

hospes_sdk::export!(Hostile);
