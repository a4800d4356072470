//! hospes-plugin-file-manager.
