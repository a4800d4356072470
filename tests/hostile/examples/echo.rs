//! Sends every message back.

use hospes_sdk::{Channel, Plugin, Result};

struct Echo;

impl Plugin for Echo {
    fn run(_request: String, channel: Channel) -> Result<()> {
        while let Some(message) = channel.recv()? {
            channel.send(&message)?;
        }
        Ok(())
    }
}

hospes_sdk::export!(Echo);
