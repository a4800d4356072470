//! Sends messages without end.

use hospes_sdk::{Channel, Plugin, Result};

struct Hostile;

impl Plugin for Hostile {
    fn run(_request: String, channel: Channel) -> Result<()> {
        loop {
            channel.send(b"x")?;
        }
    }
}

hospes_sdk::export!(Hostile);
