//! Mouse and keyboard, and what the viewer is told when they do not work.
//!
//! After a no, movements and the wheel are dropped, and only a button, a key or a text tries again: the customer is not
//! asked anew for every pixel that the technician's mouse moves.

use crate::desk::Desk;
use crate::message::{FromViewer, InputState, Why};
use hospes_sdk::cursor::Point;
use hospes_sdk::{Denial, Error, Result};

/// Most notches of the wheel in one message.
const MOST_NOTCHES: i32 = 100;

/// What became of a message.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to say.
    Quiet,
    /// Mouse and keyboard became possible or impossible.
    Changed(InputState),
    /// This one message could not be done.
    Failed(Why),
}

/// Passes input on.
pub struct Input {
    told: InputState,
    unlocked: bool,
}

impl Input {
    /// What the host says before anything was tried.
    pub fn new(desk: &impl Desk) -> Self {
        let unlocked = desk.input_unlocked();
        Self { told: state((!unlocked).then(locked).as_ref()), unlocked }
    }

    /// What the viewer was told last.
    #[must_use]
    pub fn state(&self) -> &InputState {
        &self.told
    }

    /// Looks whether plan or customer changed their mind, so that the viewer knows before the next key.
    pub fn look_again(&mut self, desk: &impl Desk) -> Outcome {
        let before = std::mem::replace(&mut self.unlocked, desk.input_unlocked());
        match (before, self.unlocked) {
            (false, true) => self.tell(state(None)),
            (true, false) => self.tell(state(Some(&locked()))),
            _ => Outcome::Quiet,
        }
    }

    /// Does what the viewer asks for. `display` is the one that places mean.
    ///
    /// # Errors
    /// `cancelled` when the channel is closing.
    pub fn apply(&mut self, desk: &impl Desk, display: u32, message: &FromViewer) -> Result<Outcome> {
        let tries = matches!(
            message,
            FromViewer::Button { down: true, .. } | FromViewer::Key { down: true, .. } | FromViewer::Text { .. }
        );
        if !self.told.allowed && !tries {
            return Ok(Outcome::Quiet);
        }
        match perform(desk, display, message) {
            Ok(()) => Ok(self.tell(state(None))),
            Err(Error::Cancelled) => Err(Error::Cancelled),
            Err(error @ (Error::Denied(_) | Error::Unavailable(_))) => {
                self.unlocked = desk.input_unlocked();
                Ok(self.tell(state(Some(&error))))
            }
            Err(error) => Ok(Outcome::Failed(Why::from(&error))),
        }
    }

    fn tell(&mut self, state: InputState) -> Outcome {
        if state == self.told {
            return Outcome::Quiet;
        }
        self.told = state.clone();
        Outcome::Changed(state)
    }
}

/// Not unlocked, and nothing was tried that would tell who said no.
fn locked() -> Error {
    Error::Denied(Denial::Other("not-unlocked".into()))
}

fn state(error: Option<&Error>) -> InputState {
    InputState { allowed: error.is_none(), why: error.map(Why::from) }
}

fn perform(desk: &impl Desk, display: u32, message: &FromViewer) -> Result<()> {
    match message {
        FromViewer::Move { x, y } => desk.move_to(display, Point { x: *x, y: *y }),
        FromViewer::Button { button, down, x, y } => {
            if let (Some(x), Some(y)) = (*x, *y) {
                desk.move_to(display, Point { x, y })?;
            }
            desk.press(*button, *down)
        }
        FromViewer::Wheel { dx, dy } => {
            let within = |notches: i32| notches.clamp(-MOST_NOTCHES, MOST_NOTCHES);
            desk.wheel(within(*dx), within(*dy))
        }
        FromViewer::Key { code, down } => desk.key(code, *down),
        FromViewer::Text { text } => desk.text(text),
        FromViewer::Release => {
            desk.release_all();
            Ok(())
        }
        FromViewer::Start { .. } | FromViewer::Ack { .. } | FromViewer::Refresh | FromViewer::Stop => Ok(()),
    }
}
