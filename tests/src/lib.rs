//! hospes-tests.
