//! The conversation with the file manager on a customer's computer (`plugins/file-manager/PROTOCOL.md`).

mod conversation;
mod download;
mod link;
mod local;
mod protocol;
mod settle;
mod upload;

pub(super) use conversation::Files;
pub(super) use download::download;
pub(super) use link::Link;
pub(super) use protocol::{Entry, Kind};
pub(super) use settle::{Proved, Settling};
pub(super) use upload::upload;

#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;
