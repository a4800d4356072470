//! Plugins that misbehave, one component each (see `examples/`), and two that behave beside them: `echo` sends every
//! message back, `probe` calls what it is told to call. `notifier` is a notifier that does what the event's name says, good
//! or bad. The runtime's tests run them: each hostile one must be refused or ended alone, with a message that names it.
//!
//! They are examples of one crate, so that one command builds them all:
//! `cargo build -p hospes-hostile --examples --target wasm32-wasip2 --profile plugin`.

#[cfg(not(target_family = "wasm"))]
mod build;
#[cfg(not(target_family = "wasm"))]
pub use build::{component, components};
