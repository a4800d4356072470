//! Opens handles and keeps them all.

use hospes_sdk::{Channel, Plugin, Result};

struct Hostile;

impl Plugin for Hostile {
    fn run(_request: String, channel: Channel) -> Result<()> {
        let mut held = Vec::new();
        loop {
            held.push(channel.subscribe());
        }
    }
}

hospes_sdk::export!(Hostile);
