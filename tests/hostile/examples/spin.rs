//! Computes for ever and asks nobody for anything.

use hospes_sdk::{Channel, Plugin, Result};

struct Hostile;

impl Plugin for Hostile {
    fn run(_request: String, _channel: Channel) -> Result<()> {
        let mut n = 1_u64;
        loop {
            n = std::hint::black_box(n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
        }
    }
}

hospes_sdk::export!(Hostile);
