//! The tile decoder for the viewer's page: `wasm32-unknown-unknown`, no glue code, one framebuffer for each instance.
//! The calls are specified in `README.md` beside this crate.
//!
//! Why not wasm-bindgen: nine functions over numbers need no generated JavaScript, and a plain module starts in a worker
//! that was made from a `data:` URL, which the sandboxed frame needs.

mod abi;
