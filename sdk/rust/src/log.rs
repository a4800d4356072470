//! Lines for the host's log.

pub use crate::bindings::hospes::base::log::Level;

/// Writes a line at level `debug`; formats like [`std::format!`].
#[macro_export]
macro_rules! debug {
    ($($part:tt)*) => { $crate::write_log($crate::Level::Debug, &::std::format!($($part)*)) };
}

/// Writes a line at level `info`; formats like [`std::format!`].
#[macro_export]
macro_rules! info {
    ($($part:tt)*) => { $crate::write_log($crate::Level::Info, &::std::format!($($part)*)) };
}

/// Writes a line at level `warn`; formats like [`std::format!`].
#[macro_export]
macro_rules! warn {
    ($($part:tt)*) => { $crate::write_log($crate::Level::Warn, &::std::format!($($part)*)) };
}

/// Writes a line at level `error`; formats like [`std::format!`].
#[macro_export]
macro_rules! error {
    ($($part:tt)*) => { $crate::write_log($crate::Level::Error, &::std::format!($($part)*)) };
}
