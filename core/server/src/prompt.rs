//! Connections that say nothing: whoever connects must begin a request soon, or loses the place. The HTTP library's own
//! limit for headers counts only once it knows which version is spoken, so a silent peer would stay for ever.

use axum_server::accept::Accept;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// After so many bytes the version is known: the length of the HTTP/2 preface.
const KNOWN: usize = 24;

/// Accepts as the one inside does, and gives the peer so long for its first bytes.
#[derive(Clone, Debug)]
pub(crate) struct Prompt<A> {
    inner: A,
    patience: Duration,
}

impl<A> Prompt<A> {
    pub(crate) const fn new(inner: A, patience: Duration) -> Self {
        Self { inner, patience }
    }
}

impl<I, S, A> Accept<I, S> for Prompt<A>
where
    A: Accept<I, S>,
    A::Future: Send + 'static,
{
    type Stream = Prompted<A::Stream>;
    type Service = A::Service;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let (accepting, patience) = (self.inner.accept(stream, service), self.patience);
        Box::pin(async move {
            let (inner, service) = accepting.await?;
            let waiting = Some((KNOWN, Box::pin(tokio::time::sleep(patience))));
            Ok((Prompted { inner, waiting }, service))
        })
    }
}

/// A stream whose first bytes are awaited for a limited time.
pub(crate) struct Prompted<S> {
    inner: S,
    /// Bytes that are missing, and the end of patience.
    waiting: Option<(usize, Pin<Box<Sleep>>)>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Prompted<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buf.filled().len();
        let Poll::Ready(read) = Pin::new(&mut this.inner).poll_read(cx, buf) else {
            let Some((_, patience)) = &mut this.waiting else { return Poll::Pending };
            ready!(patience.as_mut().poll(cx));
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "no request came")));
        };
        if let Some((missing, _)) = &mut this.waiting {
            *missing = missing.saturating_sub(buf.filled().len().saturating_sub(before));
            if *missing == 0 {
                this.waiting = None;
            }
        }
        Poll::Ready(read)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Prompted<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum_server::accept::DefaultAcceptor;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn a_peer_that_says_nothing_or_too_little_loses_its_place() {
        let after = Duration::from_millis(600);
        for (said, kept) in [("", false), ("PRI * HTTP", false), ("GET / HTTP/1.1\r\nHost: a\r\n", true)] {
            let (mut peer, ours) = tokio::io::duplex(64);
            let prompt = Prompt::new(DefaultAcceptor::new(), Duration::from_millis(200));
            let (mut stream, ()) = prompt.accept(ours, ()).await.unwrap();
            peer.write_all(said.as_bytes()).await.unwrap();
            let mut heard = vec![0; said.len()];
            stream.read_exact(&mut heard).await.unwrap();
            let next = tokio::time::timeout(after, stream.read_u8()).await;
            match next {
                Ok(Err(error)) => assert!(!kept && error.kind() == io::ErrorKind::TimedOut, "{said:?}: {error}"),
                Ok(Ok(_)) => panic!("{said:?}: a byte from nowhere"),
                Err(_) => assert!(kept, "{said:?}: still waited for"),
            }
        }
    }
}
