//! hospes-sdk.
