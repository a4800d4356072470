//! What was built into the program: the console and the first-party plugins (see `build.rs`).

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
