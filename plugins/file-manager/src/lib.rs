//! File manager: browse, download, upload, rename, delete below the folders that the customer shared. Messages:
//! `PROTOCOL.md`.
//!
//! - [`message`]: what travels over the channel;
//! - [`store`]: the host as this plugin needs it, so that everything else is tested natively;
//! - [`path`]: from arrays of names to handles;
//! - [`download`], [`upload`], [`removal`]: work that takes longer than one message, in small steps;
//! - [`serve`]: the loop that answers requests and gives each piece of work its turn.

pub mod download;
pub mod message;
pub mod path;
pub mod removal;
pub mod serve;
pub mod store;
pub mod upload;

use hospes_sdk::{Channel, Plugin, Result};

struct FileManager;

impl Plugin for FileManager {
    fn run(_request: String, channel: Channel) -> Result<()> {
        serve::Session::new(store::Host, store::HostPipe::new(&channel)).run()
    }
}

hospes_sdk::export!(FileManager);
