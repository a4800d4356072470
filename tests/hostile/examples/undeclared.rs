//! Types on the keyboard; its manifest says that it only reads files.

use hospes_sdk::{Channel, Plugin, Result, files, input};

struct Hostile;

impl Plugin for Hostile {
    fn run(_request: String, _channel: Channel) -> Result<()> {
        let _ = files::roots();
        input::text("format c:\n")
    }
}

hospes_sdk::export!(Hostile);
