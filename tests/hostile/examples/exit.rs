//! Ends its whole process, as far as it knows.

use hospes_sdk::{Channel, Plugin, Result};

struct Hostile;

impl Plugin for Hostile {
    fn run(_request: String, _channel: Channel) -> Result<()> {
        std::process::exit(3)
    }
}

hospes_sdk::export!(Hostile);
