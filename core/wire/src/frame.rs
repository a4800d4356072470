//! Messages on a byte stream: 4 bytes length (big endian), then that many bytes.

/// Longest message, in bytes (1 MiB): what one `channel.send` may carry, plus the tag byte of [`crate::channel`].
pub const MAX_MESSAGE: usize = (1 << 20) + 1;
