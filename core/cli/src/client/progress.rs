//! What a person at the terminal sees of a copy. Without a terminal: only what went wrong.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// One bar for all files of a copy. Clones are the same bar.
#[derive(Clone)]
pub(super) struct Progress {
    bar: ProgressBar,
    shown: bool,
}

impl Progress {
    /// On standard error, when that is a terminal.
    pub(super) fn new() -> Self {
        let shown = std::io::stderr().is_terminal();
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        let style = "{wide_msg} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        Self { bar: if shown { bar } else { ProgressBar::hidden() }, shown }
    }

    /// `bytes` more are to be copied, of a file called `name`. The answer is told how many of them are there: it may be
    /// told less than before when a file starts over.
    pub(super) fn file(&self, name: String, bytes: u64) -> impl Fn(u64) + Send + Sync + 'static {
        self.bar.inc_length(bytes);
        self.bar.set_message(name);
        let (bar, last) = (self.bar.clone(), Arc::new(AtomicU64::new(0)));
        move |now| {
            let before = last.swap(now, Ordering::Relaxed);
            if now >= before {
                bar.inc(now - before);
            } else {
                bar.dec(before - now);
            }
        }
    }

    /// A line that stays.
    pub(super) fn tell(&self, line: &str) {
        self.bar.suspend(|| eprintln!("hospes: {line}"));
    }

    /// The copy is over.
    pub(super) fn finish(&self, summary: &str) {
        self.bar.finish_and_clear();
        if self.shown {
            eprintln!("{summary}");
        }
    }
}
