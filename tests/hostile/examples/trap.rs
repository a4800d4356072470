//! Panics.

use hospes_sdk::{Channel, Plugin, Result};

struct Hostile;

impl Plugin for Hostile {
    fn run(_request: String, _channel: Channel) -> Result<()> {
        let held = std::hint::black_box(Vec::<u8>::new());
        assert!(!held.is_empty(), "the cupboard is bare");
        Ok(())
    }
}

hospes_sdk::export!(Hostile);
