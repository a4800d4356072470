//! JSON messages as frames: one size limit, one way of saying that a message is not understood.

use crate::problem::Problem;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Longest JSON message, in bytes (256 KiB). Plugin messages have [`crate::frame::MAX_MESSAGE`].
pub const MAX_JSON: usize = 256 << 10;

/// Most characters of what a reader said about a message that it did not understand.
const MAX_DETAIL: usize = 300;

/// Why a message could not be written or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// Longer than [`MAX_JSON`].
    #[error("a message of {0} bytes is longer than the {MAX_JSON} bytes that are allowed")]
    TooLong(usize),
    /// Well-formed, but of a type that this version does not know.
    #[error("a message of type {kind:?} is not supported by this version: {detail}")]
    Unsupported {
        /// Its `type`.
        kind: String,
        /// What is known.
        detail: String,
    },
    /// No message at all.
    #[error("a message cannot be read: {0}")]
    Unreadable(String),
}

impl MessageError {
    /// What the other side is told.
    #[must_use]
    pub fn problem(&self) -> Problem {
        match self {
            Self::TooLong(_) => Problem::new("message-too-long", 413, "The message is too long"),
            Self::Unsupported { .. } => Problem::new("unsupported", 501, "The message is not supported"),
            Self::Unreadable(_) => Problem::new("bad-message", 400, "The message cannot be read"),
        }
        .detail(self.to_string())
    }
}

/// A message as the payload of one frame.
///
/// # Errors
/// When it is longer than [`MAX_JSON`], or cannot be written as JSON.
pub fn to_frame<T: Serialize>(message: &T) -> Result<Vec<u8>, MessageError> {
    let bytes = serde_json::to_vec(message).map_err(|error| MessageError::Unreadable(error.to_string()))?;
    if bytes.len() > MAX_JSON { Err(MessageError::TooLong(bytes.len())) } else { Ok(bytes) }
}

/// The message in a frame's payload.
///
/// # Errors
/// When it is too long, no such message, or of an unknown type.
pub fn from_frame<T: DeserializeOwned>(payload: &[u8]) -> Result<T, MessageError> {
    if payload.len() > MAX_JSON {
        return Err(MessageError::TooLong(payload.len()));
    }
    serde_json::from_slice(payload).map_err(|error| {
        // It quotes what was sent; a refusal must not be longer than what it refuses.
        let detail: String = error.to_string().chars().take(MAX_DETAIL).collect();
        match (detail.starts_with("unknown variant"), kind(payload)) {
            (true, Some(kind)) => MessageError::Unsupported { kind, detail },
            _ => MessageError::Unreadable(detail),
        }
    })
}

/// The `type` of a message, cut to 64 characters.
fn kind(payload: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Typed {
        r#type: String,
    }
    serde_json::from_slice::<Typed>(payload).ok().map(|typed| typed.r#type.chars().take(64).collect())
}
