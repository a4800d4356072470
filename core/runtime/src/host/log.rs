//! A plugin's lines in the host's log: cut, cleaned, limited in number; what is over is dropped and counted.

use crate::budget::{Budgets, Rate};
use crate::error::{Budget, Exceeded};
use bytes::Bytes;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tracing::Level;
use tracing::field::display;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

/// Longest line, in bytes.
const MAX_LINE: usize = 4096;
/// How much of the last line of standard error is kept as the reason of a crash, in bytes.
const MAX_LAST: usize = 512;

/// What the lines belong to.
pub(crate) enum Of {
    /// A channel's session.
    Session(String),
    /// A notifier's delivery.
    Delivery(String),
}

/// The log of one channel or delivery.
pub(crate) struct Log {
    plugin: String,
    of: Of,
    allowed_drops: u64,
    inner: Mutex<Inner>,
}

struct Inner {
    rate: Rate,
    written: u64,
    dropped: u64,
    last: String,
}

impl Log {
    pub(crate) fn new(plugin: &str, of: Of, budgets: &Budgets) -> Self {
        let inner =
            Inner { rate: Rate::new(budgets.log_lines, Instant::now()), written: 0, dropped: 0, last: String::new() };
        Self { plugin: plugin.to_owned(), of, allowed_drops: budgets.log_dropped, inner: Mutex::new(inner) }
    }

    /// Writes one line, or drops it when there are too many.
    pub(crate) fn line(&self, level: Level, text: &str) -> Result<(), Exceeded> {
        let mut inner = super::lock(&self.inner);
        if !inner.rate.take(Instant::now()) {
            inner.dropped += 1;
            return if inner.dropped > self.allowed_drops { Err(Exceeded(Budget::Log)) } else { Ok(()) };
        }
        inner.written += 1;
        drop(inner);
        let (plugin, text) = (&self.plugin, clean(text, MAX_LINE));
        let (session, delivery) = match &self.of {
            Of::Session(id) => (Some(display(id)), None),
            Of::Delivery(key) => (None, Some(display(key))),
        };
        match level {
            Level::ERROR => tracing::error!(target: "plugin", %plugin, session, delivery, "{text}"),
            Level::WARN => tracing::warn!(target: "plugin", %plugin, session, delivery, "{text}"),
            Level::INFO => tracing::info!(target: "plugin", %plugin, session, delivery, "{text}"),
            _ => tracing::debug!(target: "plugin", %plugin, session, delivery, "{text}"),
        }
        Ok(())
    }

    /// Lines written and dropped.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let inner = super::lock(&self.inner);
        (inner.written, inner.dropped)
    }

    /// The last that came on standard error; empty when nothing did.
    pub(crate) fn last_words(&self) -> String {
        super::lock(&self.inner).last.clone()
    }

    fn remember(&self, text: &str) {
        let text = clean(text, MAX_LAST);
        // A panic says where on one line and what on the next, then how to get a backtrace: keep the first two.
        let mut inner = super::lock(&self.inner);
        if inner.last.is_empty() || text.contains("panicked at") {
            inner.last = text;
        } else if inner.last.ends_with(':') && inner.last.contains("panicked at") {
            inner.last = format!("{} {text}", inner.last);
        } else if !inner.last.contains("panicked at") {
            inner.last = text;
        }
    }
}

/// Cuts at a character's border, and takes the control characters out: a line stays one line.
pub(crate) fn clean(text: &str, max: usize) -> String {
    let end = text.floor_char_boundary(max.min(text.len()));
    text[..end].chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Standard output or error of a guest: lines for its log.
#[derive(Clone)]
pub(crate) struct Stdio {
    pub(crate) log: Arc<Log>,
    pub(crate) error: bool,
}

impl IsTerminal for Stdio {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Stdio {
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(Lines { to: self.clone(), held: Vec::new() })
    }
}

struct Lines {
    to: Stdio,
    held: Vec<u8>,
}

impl Lines {
    fn put(&mut self) -> StreamResult<()> {
        let text = String::from_utf8_lossy(&self.held).into_owned();
        self.held.clear();
        if text.trim().is_empty() {
            return Ok(());
        }
        let level = if self.to.error { Level::WARN } else { Level::INFO };
        if self.to.error {
            self.to.log.remember(&text);
        }
        self.to.log.line(level, &text).map_err(|exceeded| StreamError::Trap(exceeded.into()))
    }
}

#[async_trait::async_trait]
impl Pollable for Lines {
    async fn ready(&mut self) {}
}

impl OutputStream for Lines {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        for byte in bytes {
            if byte == b'\n' {
                self.put()?;
            } else {
                self.held.push(byte);
                if self.held.len() >= MAX_LINE {
                    self.put()?;
                }
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(64 << 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_and_cleaned() {
        let check = |text: &str, max, expect: &str| assert_eq!(clean(text, max), expect);
        check("plain", 100, "plain");
        check("two\nlines\u{1b}[31m", 100, "two lines [31m");
        check("éé", 3, "é");
        check("", 3, "");
    }

    #[test]
    fn a_flood_is_dropped_and_then_ended() {
        let budgets = Budgets { log_lines: 5, log_dropped: 10, ..Budgets::default() };
        let log = Log::new("p", Of::Session("s".into()), &budgets);
        let answers: Vec<_> = (0..16).map(|_| log.line(Level::INFO, "x")).collect();
        assert!(answers[..15].iter().all(Result::is_ok));
        assert_eq!(answers[15], Err(Exceeded(Budget::Log)));
        assert_eq!(log.counts(), (5, 11));
    }
}
