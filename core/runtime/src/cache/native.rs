//! The one place where compiled code is loaded.

// `Component::deserialize` is unsafe because it runs what it is given. There is no safe way to load compiled code; the
// caller has checked the keyed hash of every byte, so these are bytes that this host's engine made itself.
#![allow(unsafe_code)]

use wasmtime::Engine;
use wasmtime::component::Component;

/// Loads what [`Component::serialize`] gave, after its keyed hash was checked.
pub(super) fn load(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the bytes carry a keyed hash under a key that only this account reads, so `Component::serialize` of this
    // host made them and nobody changed them since.
    unsafe { Component::deserialize(engine, code) }
}
