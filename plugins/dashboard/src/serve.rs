//! The loop of one channel: requests first, then what is shown, when it is due. With nothing shown it sleeps until a
//! message comes.

use crate::computer::{Computer, Pipe, Taken};
use crate::message::{Answer, EVENTS, EVERY, Event, Every, Failure, Op, PROCESSES, Reply, parse};
use crate::readings::Shown;
use hospes_sdk::{Error, MAX_MESSAGE, Result};
use serde::Serialize;
use std::time::Duration;

/// Most requests in a row before readings get their turn.
const MOST_AT_ONCE: usize = 16;

/// One channel.
pub struct Session<C: Computer, P: Pipe> {
    computer: C,
    pipe: P,
    shown: Shown,
    gone: bool,
}

impl<C: Computer, P: Pipe> Session<C, P> {
    /// Nothing is shown yet.
    pub fn new(computer: C, pipe: P) -> Self {
        Self { computer, pipe, shown: Shown::default(), gone: false }
    }

    /// Serves until the page is done or the channel closes.
    ///
    /// # Errors
    /// What ends a channel for another reason than its closing.
    pub fn run(mut self) -> Result<()> {
        match self.serve() {
            Err(Error::Cancelled) => Ok(()),
            other => other,
        }
    }

    fn serve(&mut self) -> Result<()> {
        let (min, max) = EVERY;
        let every = Every { min, max };
        let end = self.computer.may_end();
        self.send(&Event::Hello { v: 1, end, every, events: EVENTS, processes: PROCESSES })?;
        while !self.gone {
            self.pipe.wait(self.shown.wait(self.pipe.now()));
            self.work_off_messages()?;
            let now = self.pipe.now();
            if !self.gone && self.shown.wait(now) == Some(Duration::ZERO) {
                let mut figures = self.shown.read(&self.computer, now)?;
                let mut message = json(&figures)?;
                if message.len() > MAX_MESSAGE as usize {
                    figures.leave_out_processes(too_long(message.len()));
                    message = json(&figures)?;
                }
                self.pipe.send(&message)?;
            }
        }
        Ok(())
    }

    fn work_off_messages(&mut self) -> Result<()> {
        for _ in 0..MOST_AT_ONCE {
            match self.pipe.take() {
                Ok(Taken::Message(message)) => self.request(&message)?,
                Ok(Taken::Nothing) => break,
                Ok(Taken::Gone) => {
                    self.gone = true;
                    break;
                }
                // Too long; it is consumed.
                Err(error @ Error::Invalid(_)) => self.complain(error.into())?,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn request(&mut self, message: &[u8]) -> Result<()> {
        let (id, op) = match parse(message) {
            (_, Ok(Op::Watch { show, every })) => {
                self.shown = Shown::new(show, Duration::from_millis(every), self.pipe.now());
                return Ok(());
            }
            (Some(id), op) => (id, op),
            (None, Ok(_)) => {
                let why = "a request needs an `id`, a number from 0 to 2^53";
                return self.complain(Failure::new("invalid", why));
            }
            (None, Err(error)) => return self.complain(error),
        };
        let done = match op {
            Ok(op) => match self.perform(op) {
                Err(Error::Cancelled) => return Err(Error::Cancelled),
                done => done.map_err(Failure::from),
            },
            Err(failure) => Err(failure),
        };
        let (ok, error) = match done {
            Ok(answer) => (Some(answer), None),
            Err(failure) => (None, Some(failure)),
        };
        let reply = json(&Reply { id, ok, error })?;
        if reply.len() > MAX_MESSAGE as usize {
            return self.send(&Reply { id, ok: None, error: Some(too_long(reply.len())) });
        }
        self.pipe.send(&reply)
    }

    fn perform(&mut self, op: Op) -> Result<Answer> {
        let computer = &self.computer;
        Ok(match op {
            Op::About => Answer::About(computer.about()?.into()),
            Op::Services => Answer::Services { services: computer.services()?.into_iter().map(Into::into).collect() },
            Op::Events { next, count } => {
                let page = computer.events(next.as_deref(), count)?;
                Answer::Events { events: page.events.into_iter().map(Into::into).collect(), next: page.next }
            }
            Op::End { process, started, force } => {
                computer.end(process, started, force)?;
                Answer::Done {}
            }
            // Has no reply; see `request`.
            Op::Watch { .. } => Answer::Done {},
        })
    }

    fn complain(&self, error: Failure) -> Result<()> {
        self.send(&Event::Error { error })
    }

    fn send(&self, message: &impl Serialize) -> Result<()> {
        self.pipe.send(&json(message)?)
    }
}

fn too_long(bytes: usize) -> Failure {
    Failure::new("too-long", format!("the answer of {bytes} bytes is longer than a message may be"))
}

fn json(message: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(message).map_err(|e| Error::failure("not-json", e.to_string()))
}
