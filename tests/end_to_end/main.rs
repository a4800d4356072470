//! The real executables against each other: server, command line, host. Each test has its own directory and ports.

mod backup;
mod dashboard;
mod files;
mod life;
mod load;
mod networks;
mod trust;
