//! hospes-transport.
