//! What is signed: licences, plugins, grants. What a plan's features unlock.
//!
//! Verification is pure: bytes and public keys in, a checked value or a named error out. Every signature is Ed25519
//! over `context || 0x00 || bytes`, so that a signature made for one kind of document is worth nothing for another.

// Files and grants are written by others: an index that is out of range must not end a process.
#![deny(clippy::indexing_slicing)]

pub mod grant;
pub mod interface;
pub mod key;
pub mod licence;
pub mod manifest;
pub mod plugin_file;
