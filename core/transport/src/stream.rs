//! One bidirectional stream of messages, and its two halves.
//!
//! Messages are framed as [`hospes_wire::frame`] says: 4 bytes length (big endian), then the message. A half may also
//! be used for bare bytes ([`Sender::send_raw`], [`Receiver::recv_raw`]): a file's body after a message that states its
//! length.

use crate::error::{TransportError, code_of};
use bytes::Bytes;
use hospes_wire::frame::{Decoder, FrameError, header};
use quinn::VarInt;

/// Packets' worth of data that are taken from the connection at once.
const CHUNKS: usize = 32;

/// A bidirectional stream of messages.
#[derive(Debug)]
pub struct MessageStream {
    sender: Sender,
    receiver: Receiver,
}

impl MessageStream {
    pub(crate) fn new(send: quinn::SendStream, recv: quinn::RecvStream) -> Self {
        Self {
            sender: Sender { stream: send, pending: [Bytes::new(), Bytes::new()], finished: false },
            receiver: Receiver { stream: recv, decoder: Decoder::default() },
        }
    }

    /// [`Sender::send`].
    ///
    /// # Errors
    /// As there.
    pub async fn send(&mut self, message: impl Into<Bytes>) -> Result<(), TransportError> {
        self.sender.send(message).await
    }

    /// [`Receiver::recv`].
    ///
    /// # Errors
    /// As there.
    pub async fn recv(&mut self) -> Result<Option<Bytes>, TransportError> {
        self.receiver.recv().await
    }

    /// [`Sender::finish`]; messages can still be received.
    ///
    /// # Errors
    /// As there.
    pub async fn finish(&mut self) -> Result<(), TransportError> {
        self.sender.finish().await
    }

    /// Gives up both directions at once: what is under way is dropped and the peer sees `code`.
    pub fn reset(&mut self, code: u32) {
        self.sender.reset(code);
        self.receiver.stop(code);
    }

    /// The two halves, for two tasks.
    #[must_use]
    pub fn split(self) -> (Sender, Receiver) {
        (self.sender, self.receiver)
    }

    /// The two halves, for two futures of one task.
    pub fn halves(&mut self) -> (&mut Sender, &mut Receiver) {
        (&mut self.sender, &mut self.receiver)
    }
}

/// The sending half. Dropped without [`Self::finish`] it ends after the last whole message all the same; dropped within
/// one it is reset, so that nobody takes a part for the whole.
#[derive(Debug)]
pub struct Sender {
    stream: quinn::SendStream,
    /// What of the last message the connection has not taken yet.
    pending: [Bytes; 2],
    finished: bool,
}

impl From<FrameError> for TransportError {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::TooLong { length, .. } => Self::TooLong(length),
            FrameError::Cut { .. } => Self::Truncated,
        }
    }
}

impl Sender {
    /// Sends one message; waits while the peer does not read. The connection takes at most
    /// [`crate::STREAM_WINDOW`] bytes that the peer has not read.
    ///
    /// Cancel safe in this sense: a message whose sending was dropped half-way is completed by the next call, so
    /// messages keep their borders.
    ///
    /// # Errors
    /// [`TransportError::TooLong`] (nothing was sent), [`TransportError::StreamReset`] when the peer gave the stream
    /// up, or the connection's end.
    pub async fn send(&mut self, message: impl Into<Bytes>) -> Result<(), TransportError> {
        let message = message.into();
        let header = header(message.len())?;
        self.flush().await?;
        self.pending = [Bytes::copy_from_slice(&header), message];
        self.flush().await
    }

    /// Sends bare bytes, without a length.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn send_raw(&mut self, bytes: impl Into<Bytes>) -> Result<(), TransportError> {
        self.flush().await?;
        self.pending = [Bytes::new(), bytes.into()];
        self.flush().await
    }

    async fn flush(&mut self) -> Result<(), TransportError> {
        while self.pending.iter().any(|part| !part.is_empty()) {
            self.stream.write_chunks(&mut self.pending).await?;
        }
        Ok(())
    }

    /// Says that nothing more follows. What was sent still arrives, as long as the connection lives.
    ///
    /// # Errors
    /// As [`Self::send`]; finishing twice is no error.
    pub async fn finish(&mut self) -> Result<(), TransportError> {
        if self.finished {
            return Ok(());
        }
        self.flush().await?;
        self.finished = true;
        self.stream.finish().map_err(|_| TransportError::StreamFinished)
    }

    /// Waits, after [`Self::finish`], until the peer's computer has everything: then the connection may be closed.
    ///
    /// # Errors
    /// [`TransportError::StreamReset`] when the peer gave the stream up, or the connection's end.
    pub async fn delivered(&mut self) -> Result<(), TransportError> {
        match self.stream.stopped().await {
            Ok(None) => Ok(()),
            Ok(Some(code)) => Err(TransportError::StreamReset(code_of(code))),
            Err(quinn::StoppedError::ConnectionLost(error)) => Err(error.into()),
            Err(quinn::StoppedError::ZeroRttRejected) => Err(TransportError::StreamFinished),
        }
    }

    /// Waits until the peer will read no more of it, or the connection ends: for a writer that has nothing to send.
    pub async fn abandoned(&self) -> TransportError {
        match self.stream.stopped().await {
            Ok(Some(code)) => TransportError::StreamReset(code_of(code)),
            Ok(None) | Err(quinn::StoppedError::ZeroRttRejected) => TransportError::StreamFinished,
            Err(quinn::StoppedError::ConnectionLost(error)) => error.into(),
        }
    }

    /// Gives up: what is under way is dropped and the peer's reader sees `code`.
    pub fn reset(&mut self, code: u32) {
        self.finished = true;
        self.pending = [Bytes::new(), Bytes::new()];
        // An error says that it is closed already, which is what was wanted.
        let _ = self.stream.reset(VarInt::from_u32(code));
    }

    /// Higher goes first among the streams of a connection; 0 at the start. The conversation goes before bulk.
    pub fn set_priority(&self, priority: i32) {
        let _ = self.stream.set_priority(priority);
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        if !self.finished && self.pending.iter().any(|part| !part.is_empty()) {
            self.reset(0);
        }
    }
}

/// The receiving half. Dropped, it tells the peer that nobody reads any more.
#[derive(Debug)]
pub struct Receiver {
    stream: quinn::RecvStream,
    decoder: Decoder,
}

impl Receiver {
    /// The next message, or none when the peer has finished. Cancel safe. Not reading is how a reader slows the writer.
    ///
    /// # Errors
    /// [`TransportError::TooLong`] (the stream is of no use any more), [`TransportError::Truncated`],
    /// [`TransportError::StreamReset`], or the connection's end.
    pub async fn recv(&mut self) -> Result<Option<Bytes>, TransportError> {
        loop {
            if let Some(message) = self.decoder.next_message()? {
                return Ok(Some(message));
            }
            if !self.fill().await? {
                self.decoder.end()?;
                return Ok(None);
            }
        }
    }

    /// From now on a message of more than `bytes` is too long; [`hospes_wire::frame::MAX_MESSAGE`] at the start.
    pub fn limit(&mut self, bytes: usize) {
        self.decoder.limit(bytes);
    }

    /// The next bare bytes, at most `max` and at least one; none when the peer has finished. Cancel safe.
    ///
    /// # Errors
    /// As [`Self::recv`].
    pub async fn recv_raw(&mut self, max: usize) -> Result<Option<Bytes>, TransportError> {
        if self.decoder.buffer().is_empty() && !self.fill().await? {
            return Ok(None);
        }
        let buffer = self.decoder.buffer();
        let take = buffer.len().min(max);
        Ok(Some(buffer.split_to(take).freeze()))
    }

    /// Memory follows the bytes that arrived, never the length that a peer claims.
    async fn fill(&mut self) -> Result<bool, TransportError> {
        let mut chunks = [const { Bytes::new() }; CHUNKS];
        let Some(count) = self.stream.read_chunks(&mut chunks).await? else { return Ok(false) };
        for chunk in chunks.iter().take(count) {
            self.decoder.push(chunk);
        }
        Ok(true)
    }

    /// Reads no more: the peer's writer sees `code`.
    pub fn stop(&mut self, code: u32) {
        let _ = self.stream.stop(VarInt::from_u32(code));
    }
}
