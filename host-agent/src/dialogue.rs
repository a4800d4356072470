//! The conversation with the customer, in the terminal for now (R17).
//!
//! Lines that are typed go to the question that is open, else they are commands; during the set-up, which knows no
//! commands, they wait for the next question. Questions queue: one is open at a time, and while one is open injected
//! input is held back (see `channel::gate`), so that a technician cannot answer it.

use crate::texts::{Text, printable};
use hospes_session::model::Language;
use std::collections::VecDeque;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

/// How long a prompt waits for the customer.
pub(crate) const PROMPT: Duration = Duration::from_secs(60);

/// Lines that are kept for questions which have not come yet.
const MOST_EARLY: usize = 64;

/// What the customer said to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Yes,
    EachTime,
    No,
}

/// Reads an answer in any of the languages.
fn answer(line: &str) -> Option<Answer> {
    match line.trim().to_lowercase().as_str() {
        "y" | "yes" | "o" | "oui" | "s" | "si" | "sí" => Some(Answer::Yes),
        "a" | "ask" | "d" | "demander" | "p" | "preguntar" => Some(Answer::EachTime),
        "n" | "no" | "non" => Some(Answer::No),
        _ => None,
    }
}

/// The terminal, or nobody (`--headless`, or no terminal at all). Cheap to clone.
#[derive(Clone)]
pub(crate) struct Dialogue {
    shared: Arc<Shared>,
}

struct Shared {
    language: Mutex<Language>,
    /// Nobody answers questions: headless, or the end of the input was reached.
    nobody: AtomicBool,
    /// Where the next line goes when a question is open.
    open: Mutex<Option<oneshot::Sender<String>>>,
    /// Lines that came before their question, during the set-up; none once the session runs. Locked after `open`.
    early: Mutex<Option<VecDeque<String>>>,
    /// Lines that answer no question.
    commands: mpsc::Sender<String>,
    /// One question at a time.
    turn: tokio::sync::Mutex<()>,
    /// How many questions are open or waiting that a technician must not answer.
    guarded: watch::Sender<usize>,
    /// The question that stands on the last line, to be repeated after other output.
    shown: Mutex<Option<String>>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Dialogue {
    /// Starts; lines that answer no question come out of the receiver as commands.
    pub(crate) fn start(headless: bool, language: Language) -> (Self, mpsc::Receiver<String>) {
        let (commands, receiver) = mpsc::channel(16);
        let shared = Arc::new(Shared {
            language: Mutex::new(language),
            nobody: AtomicBool::new(headless),
            open: Mutex::new(None),
            early: Mutex::new(Some(VecDeque::new())),
            commands,
            turn: tokio::sync::Mutex::new(()),
            guarded: watch::Sender::new(0),
            shown: Mutex::new(None),
        });
        if !headless {
            // A thread of its own, never joined: a blocked read of the terminal must not hold up the end.
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || read_lines(&shared));
        }
        (Self { shared }, receiver)
    }

    /// The set-up is over: what is typed without a question is a command from now on.
    pub(crate) fn take_commands(&self) {
        for line in lock(&self.shared.early).take().into_iter().flatten() {
            let _ = self.shared.commands.try_send(line);
        }
    }

    /// Speaks this language from now on.
    pub(crate) fn speak(&self, language: Language) {
        *lock(&self.shared.language) = language;
    }

    /// The language that is spoken.
    pub(crate) fn language(&self) -> Language {
        *lock(&self.shared.language)
    }

    /// A text in the customer's language.
    pub(crate) fn text(&self, text: Text, values: &[(&str, &str)]) -> String {
        text.fill(self.language(), values)
    }

    /// Prints a text on a line of its own.
    pub(crate) fn say(&self, text: Text, values: &[(&str, &str)]) {
        self.print(&self.text(text, values));
    }

    /// Prints a line that is not in the table (a path).
    pub(crate) fn print(&self, line: &str) {
        let shown = lock(&self.shared.shown);
        let mut out = std::io::stdout().lock();
        // Nobody may be reading any more; the session goes on all the same.
        let _ = match shown.as_deref() {
            Some(question) => write!(out, "\r{line}\n{question}"),
            None => writeln!(out, "{line}"),
        };
        let _ = out.flush();
    }

    /// Above 0 while a question is open that only the customer may answer.
    pub(crate) fn guarded(&self) -> watch::Receiver<usize> {
        self.shared.guarded.subscribe()
    }

    /// Asks for a line; none when nobody answers (in time).
    pub(crate) async fn line(&self, question: &str) -> Option<String> {
        let _turn = self.shared.turn.lock().await;
        self.one_line(question, None).await
    }

    /// Asks until one of the letters is typed; none when nobody answers (in time).
    pub(crate) async fn choose(&self, question: &str, each_time: bool) -> Option<Answer> {
        let _turn = self.shared.turn.lock().await;
        self.letters(question, each_time, None).await
    }

    /// Asks during the session, so that no injected input can answer: what was typed before is dropped, injected input is
    /// held back, and the question dies after 60 s.
    pub(crate) async fn ask_guarded(&self, question: &str) -> Option<bool> {
        if self.shared.nobody.load(Ordering::SeqCst) {
            return None;
        }
        let until = Instant::now() + PROMPT;
        let _guard = Guard::new(&self.shared.guarded);
        let _turn = tokio::time::timeout_at(until, self.shared.turn.lock()).await.ok()?;
        let stdin = std::io::stdin();
        if stdin.is_terminal() {
            let _ = rustix::termios::tcflush(&stdin, rustix::termios::QueueSelector::IFlush);
        }
        let answer = self.letters(question, false, Some(until)).await;
        if answer.is_none() {
            self.say(Text::NoAnswer, &[]);
        }
        answer.map(|answer| answer == Answer::Yes)
    }

    async fn letters(&self, question: &str, each_time: bool, until: Option<Instant>) -> Option<Answer> {
        loop {
            match answer(&self.one_line(question, until).await?) {
                Some(Answer::EachTime) if !each_time => self.say(Text::PleaseAnswer, &[]),
                Some(answer) => return Some(answer),
                None => self.say(Text::PleaseAnswer, &[]),
            }
        }
    }

    async fn one_line(&self, question: &str, until: Option<Instant>) -> Option<String> {
        let (sender, receiver) = oneshot::channel();
        {
            // Looked at again under the lock: the reading thread sets it and then takes the open question.
            let mut open = lock(&self.shared.open);
            if until.is_none()
                && let Some(line) = lock(&self.shared.early).as_mut().and_then(VecDeque::pop_front)
            {
                let _ = writeln!(std::io::stdout(), "{question}");
                return Some(line);
            }
            if self.shared.nobody.load(Ordering::SeqCst) {
                return None;
            }
            *open = Some(sender);
        }
        {
            *lock(&self.shared.shown) = Some(question.to_owned());
            let mut out = std::io::stdout().lock();
            let _ = write!(out, "{question}").and_then(|()| out.flush());
        }
        let line = match until {
            Some(until) => tokio::time::timeout_at(until, receiver).await.ok().and_then(Result::ok),
            None => receiver.await.ok(),
        };
        lock(&self.shared.open).take();
        if lock(&self.shared.shown).take().is_some() && line.is_none() {
            let _ = writeln!(std::io::stdout());
        }
        line
    }
}

/// Ends the holding back of input, also when the asker is dropped.
struct Guard<'a>(&'a watch::Sender<usize>);

impl<'a> Guard<'a> {
    fn new(guarded: &'a watch::Sender<usize>) -> Self {
        guarded.send_modify(|open| *open += 1);
        Self(guarded)
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|open| *open = open.saturating_sub(1));
    }
}

fn read_lines(shared: &Shared) {
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        let Some(line) = to_question(shared, line) else { continue };
        // Lines that nobody takes any more are dropped: the host is leaving.
        let _ = shared.commands.blocking_send(printable(&line));
    }
    // Nobody will type any more: an open question, and every later one, gets no answer.
    shared.nobody.store(true, Ordering::SeqCst);
    drop(lock(&shared.open).take());
}

/// Gives the line to the open question, keeps it for the next one during the set-up, or gives it back.
fn to_question(shared: &Shared, line: String) -> Option<String> {
    let mut open = lock(&shared.open);
    if let Some(sender) = open.take() {
        lock(&shared.shown).take();
        return sender.send(line).err();
    }
    match lock(&shared.early).as_mut() {
        Some(early) => {
            // More than a set-up could ever ask for is no answer to anything.
            if early.len() < MOST_EARLY {
                early.push_back(line);
            }
            None
        }
        None => Some(line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_in_every_language() {
        for (line, expect) in [
            ("y", Some(Answer::Yes)),
            (" OUI ", Some(Answer::Yes)),
            ("Sí", Some(Answer::Yes)),
            ("a", Some(Answer::EachTime)),
            ("d", Some(Answer::EachTime)),
            ("p", Some(Answer::EachTime)),
            ("N", Some(Answer::No)),
            ("", None),
            ("yn", None),
        ] {
            assert_eq!(answer(line), expect, "{line:?}");
        }
    }

    #[tokio::test]
    async fn headless_nobody_answers_and_nothing_waits() {
        let (dialogue, _) = Dialogue::start(true, Language::En);
        assert_eq!(dialogue.line("?").await, None);
        assert_eq!(dialogue.ask_guarded("?").await, None);
    }
}
