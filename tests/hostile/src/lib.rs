//! Plugins that misbehave, one component each (see `examples/`), and `echo`, the well-behaved one beside them. The
//! runtime's tests run them: each must be refused or ended alone, with a message that names it.
//!
//! They are examples of one crate, so that one command builds them all:
//! `cargo build -p hospes-hostile --examples --target wasm32-wasip2 --profile plugin`.
