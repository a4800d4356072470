//! hospes-plugin-remote-control.
