//! The temporary host: what runs on the customer's computer while a support session is open.
//!
//! - [`cli`] is the command line; `join` decides what to do, `set_up` talks to the customer and pairs, `serve` then holds the session until its end;
//! - the lease, the customer's consent, the pinned publishers and the session password are kept and enforced here: a
//!   server can narrow what this host does, never widen it;
//! - `channel` checks grants, fetches plugins and runs each in a sandbox of its own (`core/runtime`);
//! - [`journal`] lists everything that is made on this computer, before it is made, and undoes it at the end;
//! - [`provider`] is what the operating system lends to plugins.
//!
//! Architecture invariant: no component is part of this executable; each arrives, verified, when it is opened.

mod channel;
pub mod cli;
mod commands;
mod connection;
mod consent;
mod dialogue;
mod disk;
mod end;
mod host;
mod install;
mod join;
pub mod journal;
mod kept;
mod lease_keeper;
mod line;
mod live;
mod local;
mod mark;
mod network;
mod place;
pub mod provider;
mod publishers;
mod seen;
mod serve;
mod set_up;
mod terminal;
mod texts;
mod unlock;
mod why;
mod words;
