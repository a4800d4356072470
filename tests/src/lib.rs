//! A whole service on this machine, for tests and benchmarks: the real executables, a throw-away directory, loopback.

pub mod api;
pub mod host;
pub mod mail_catcher;
pub mod network;
pub mod process;
pub mod proxy;
pub mod server;

pub use api::Api;
pub use host::Host;
pub use network::Network;
pub use server::{Server, Technician};
