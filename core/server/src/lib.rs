//! hospes-server.
