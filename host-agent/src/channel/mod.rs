//! Channels: a grant is checked, the session password proved, the customer asked, the plugin fetched and verified, run in
//! a sandbox of its own, and ended when its grant is.

mod fetch;
mod gate;
mod open;
mod plugins;
mod pump;
mod state;
mod unlock;

pub(crate) use open::accept;
pub(crate) use plugins::Plugins;
pub(crate) use state::Channels;
