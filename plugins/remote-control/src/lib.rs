//! Remote control: shows the customer's screen and passes mouse and keyboard on. Messages: `PROTOCOL.md`.
//!
//! - [`message`]: what travels over the channel;
//! - [`desk`]: the host as this plugin needs it, so that everything else is tested natively;
//! - [`input`]: mouse and keyboard, and saying so when the customer does not allow them;
//! - [`serve`]: the loop: input first, then the pointer, then one frame while credits are left.

pub mod desk;
pub mod input;
pub mod message;
pub mod serve;

use hospes_sdk::{Channel, Plugin, Result};

struct RemoteControl;

impl Plugin for RemoteControl {
    fn run(request: String, channel: Channel) -> Result<()> {
        let pipe = desk::HostPipe::new(&channel);
        serve::Session::new(desk::Host, pipe, &request).run()
    }
}

hospes_sdk::export!(RemoteControl);
