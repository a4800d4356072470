//! Dashboard: figures, processes, services and the log of the customer's computer (R10). Messages: `PROTOCOL.md`.
//!
//! - [`message`]: what travels over the channel;
//! - [`computer`]: the host as this plugin needs it, so that everything else is tested natively and in simulated time;
//! - [`readings`]: what is shown, read and put into a message;
//! - [`serve`]: the loop that answers requests and reads what is shown, when it is due.

pub mod computer;
pub mod message;
pub mod readings;
pub mod serve;

use hospes_sdk::{Channel, Plugin, Result};

struct Dashboard;

impl Plugin for Dashboard {
    fn run(_request: String, channel: Channel) -> Result<()> {
        serve::Session::new(computer::Host, computer::HostPipe::new(&channel)).run()
    }
}

hospes_sdk::export!(Dashboard);
