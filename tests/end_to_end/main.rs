//! The real executables against each other: server, command line, host. Each test has its own directory and ports.

// Stories are tests: the attribute stands where each network is chosen.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod backup;
mod dashboard;
mod files;
mod life;
mod load;
mod networks;
mod notifications;
mod trust;
