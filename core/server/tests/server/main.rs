//! The server as its users meet it: real SQLite in a throw-away directory, real HTTP and QUIC on loopback ports.

// Clippy's `allow-*-in-tests` does not reach helper functions of integration tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod accounts;
mod admin;
mod audit;
mod backup;
mod bad_input;
mod channel_limits;
mod channels;
mod choice;
mod customer;
mod events;
mod fuzz;
mod history;
mod hosts;
mod isolation;
mod login;
mod logins;
mod metrics;
mod networks;
mod notifications;
mod openapi;
mod origins;
mod plugin_pages;
mod prepare;
mod strangers;
mod support;
