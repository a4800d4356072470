//! Messages on a byte stream: 4 bytes length (big endian), then that many bytes.
//!
//! Sans-IO: [`header`] or [`encode`] on the way out; on the way in push what the socket gave into a [`Decoder`] and take
//! whole messages out. A length over the limit is refused as soon as its four bytes are there, so that a hostile peer
//! makes nobody reserve memory.

use bytes::{Buf, Bytes, BytesMut};

/// Longest message, in bytes (1 MiB): what one `channel.send` may carry, plus the tag byte of [`crate::channel`].
pub const MAX_MESSAGE: usize = (1 << 20) + 1;

/// Bytes before each message.
pub const HEADER: usize = 4;

/// Why bytes are no frames. The stream is of no use afterwards.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Longer than allowed.
    #[error("a message of {length} bytes is longer than the {limit} bytes that are allowed")]
    TooLong {
        /// Bytes that the message has or announces.
        length: u64,
        /// Bytes that are allowed.
        limit: usize,
    },
    /// The stream ended inside a message.
    #[error("the stream ended inside a message: {missing} bytes are missing")]
    Cut {
        /// Bytes that were still to come.
        missing: usize,
    },
}

/// The four bytes that go before a message of `length` bytes.
///
/// # Errors
/// When it is longer than [`MAX_MESSAGE`].
pub fn header(length: usize) -> Result<[u8; HEADER], FrameError> {
    match u32::try_from(length) {
        Ok(short) if length <= MAX_MESSAGE => Ok(short.to_be_bytes()),
        _ => Err(FrameError::TooLong { length: length as u64, limit: MAX_MESSAGE }),
    }
}

/// One message as a frame.
///
/// # Errors
/// When it is longer than [`MAX_MESSAGE`].
pub fn encode(message: &[u8]) -> Result<Vec<u8>, FrameError> {
    let mut frame = Vec::with_capacity(HEADER + message.len());
    frame.extend_from_slice(&header(message.len())?);
    frame.extend_from_slice(message);
    Ok(frame)
}

/// Reads the four bytes before a message: how many follow.
///
/// # Errors
/// When more than `limit` would follow.
pub fn announced(header: [u8; HEADER], limit: usize) -> Result<usize, FrameError> {
    let length = u32::from_be_bytes(header);
    match usize::try_from(length) {
        Ok(bytes) if bytes <= limit => Ok(bytes),
        _ => Err(FrameError::TooLong { length: length.into(), limit }),
    }
}

/// Cuts a byte stream into messages.
#[derive(Debug)]
pub struct Decoder {
    buffer: BytesMut,
    limit: usize,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new(MAX_MESSAGE)
    }
}

impl Decoder {
    /// A decoder that refuses messages of more than `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { buffer: BytesMut::new(), limit }
    }

    /// From now on it refuses messages of more than `limit` bytes.
    pub fn limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Adds bytes from the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The buffer, for readers that fill it themselves.
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// The next whole message; none until more bytes are pushed.
    ///
    /// # Errors
    /// When a message is too long; every later call says the same.
    pub fn next_message(&mut self) -> Result<Option<Bytes>, FrameError> {
        let Some(header) = self.buffer.first_chunk::<HEADER>() else { return Ok(None) };
        let length = announced(*header, self.limit)?;
        if self.buffer.len() < HEADER + length {
            return Ok(None);
        }
        self.buffer.advance(HEADER);
        Ok(Some(self.buffer.split_to(length).freeze()))
    }

    /// The stream ended.
    ///
    /// # Errors
    /// When it ended inside a message.
    pub fn end(&self) -> Result<(), FrameError> {
        match (self.buffer.len(), self.buffer.first_chunk::<HEADER>()) {
            (0, _) => Ok(()),
            (held, None) => Err(FrameError::Cut { missing: HEADER - held }),
            (held, Some(header)) => {
                let whole = HEADER + announced(*header, self.limit)?;
                Err(FrameError::Cut { missing: whole.saturating_sub(held) })
            }
        }
    }
}
