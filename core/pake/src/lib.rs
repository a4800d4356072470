//! The session password's proof (R2): OPAQUE, so that the host holds a verifier only and neither server nor relay sees
//! the password after prepare. Pure: randomness is the caller's seed. Compiled for the command line, the host, the
//! server, and (as `wasm32-unknown-unknown`) for the console's page.
