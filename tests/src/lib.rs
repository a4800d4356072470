//! A whole service on this machine, for tests and benchmarks: the real executables, a throw-away directory, loopback.

pub mod api;
pub mod host;
pub mod process;
pub mod server;

pub use api::Api;
pub use host::Host;
pub use server::{Server, Technician};
