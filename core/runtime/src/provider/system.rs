//! The computer itself. Grows with the dashboard; today's hosts lend nothing here, so plugins are told `unavailable`.

/// Marker until the dashboard's interfaces get their first provider.
pub trait System: Send + Sync {}
