//! The host as this plugin needs it: a trait over `hospes:desk` and the channel, and its implementation by the SDK.

use crate::message::Button;
use hospes_sdk::cursor::{Image, Point};
use hospes_sdk::screen::{Capture, Display, Frame, Rect};
use hospes_sdk::{Channel, Pollable, Result, after, cursor, input, screen, session, wait};
use hospes_tiles::Area;
use std::time::Duration;

/// How long a yes or no of the customer's may go unnoticed while nothing else happens: nothing wakes a plugin for it.
/// One look at the list of unlocked interfaces costs microseconds.
const BEAT: Duration = Duration::from_secs(1);

/// The customer's desktop.
pub trait Desk {
    /// A running capture.
    type Capture;
    /// The displays there are.
    fn displays(&self) -> Result<Vec<Display>>;
    /// Starts a capture.
    fn open(&self, display: u32) -> Result<Self::Capture>;
    /// Takes a frame.
    fn next(&self, capture: &Self::Capture) -> Result<Option<Frame>>;
    /// Pixels of the last frame.
    fn read(&self, capture: &Self::Capture, area: Area) -> Result<Vec<u8>>;
    /// Where the pointer is.
    fn pointer_place(&self, display: u32) -> Result<Option<Point>>;
    /// Its picture, when it differs from `known`.
    fn pointer_picture(&self, known: u64) -> Result<Option<Image>>;
    /// Mouse and keyboard are unlocked by plan and customer.
    fn input_unlocked(&self) -> bool;
    /// Moves the pointer.
    fn move_to(&self, display: u32, to: Point) -> Result<()>;
    /// Presses or releases a button.
    fn press(&self, button: Button, down: bool) -> Result<()>;
    /// Turns the wheel.
    fn wheel(&self, dx: i32, dy: i32) -> Result<()>;
    /// Presses or releases a key.
    fn key(&self, code: &str, down: bool) -> Result<()>;
    /// Types.
    fn text(&self, text: &str) -> Result<()>;
    /// Releases all that is held.
    fn release_all(&self);
}

/// The way to the viewer.
pub trait Pipe<C> {
    /// Waits for a message, and for a change of the capture when one is given, a second at most. True when the capture
    /// changed.
    fn wait(&self, capture: Option<&C>) -> bool;
    /// Takes a message that is there already; `Gone` when the viewer is done.
    fn take(&self) -> Result<Taken>;
    /// Sends.
    fn send(&self, message: &[u8]) -> Result<()>;
}

/// What [`Pipe::take`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// A message.
    Message(Vec<u8>),
    /// None at the moment.
    Nothing,
    /// The viewer is done.
    Gone,
}

/// The real desktop.
pub struct Host;

/// A capture and what tells of its changes; dropped in this order.
pub struct HostCapture {
    changed: Pollable,
    capture: Capture,
}

impl Desk for Host {
    type Capture = HostCapture;

    fn displays(&self) -> Result<Vec<Display>> {
        screen::displays()
    }

    fn open(&self, display: u32) -> Result<HostCapture> {
        let capture = Capture::open(display)?;
        Ok(HostCapture { changed: capture.subscribe(), capture })
    }

    fn next(&self, capture: &HostCapture) -> Result<Option<Frame>> {
        capture.capture.next()
    }

    fn read(&self, capture: &HostCapture, area: Area) -> Result<Vec<u8>> {
        let Area { x, y, width, height } = area;
        capture.capture.read(Rect { x, y, width, height })
    }

    fn pointer_place(&self, display: u32) -> Result<Option<Point>> {
        cursor::position(display)
    }

    fn pointer_picture(&self, known: u64) -> Result<Option<Image>> {
        cursor::shape(known)
    }

    fn input_unlocked(&self) -> bool {
        session::unlocked("hospes:desk/input")
    }

    fn move_to(&self, display: u32, to: Point) -> Result<()> {
        input::move_to(display, to)
    }

    fn press(&self, button: Button, down: bool) -> Result<()> {
        let button = match button {
            Button::Left => input::Button::Left,
            Button::Middle => input::Button::Middle,
            Button::Right => input::Button::Right,
            Button::Back => input::Button::Back,
            Button::Forward => input::Button::Forward,
        };
        input::press(button, down)
    }

    fn wheel(&self, dx: i32, dy: i32) -> Result<()> {
        input::wheel(dx, dy)
    }

    fn key(&self, code: &str, down: bool) -> Result<()> {
        input::key(code, down)
    }

    fn text(&self, text: &str) -> Result<()> {
        input::text(text)
    }

    fn release_all(&self) {
        input::release_all();
    }
}

/// The real channel.
pub struct HostPipe<'a> {
    incoming: Pollable,
    channel: &'a Channel,
}

impl<'a> HostPipe<'a> {
    /// Over that channel.
    #[must_use]
    pub fn new(channel: &'a Channel) -> Self {
        Self { incoming: channel.subscribe(), channel }
    }
}

impl Pipe<HostCapture> for HostPipe<'_> {
    fn wait(&self, capture: Option<&HostCapture>) -> bool {
        let beat = after(BEAT);
        match capture {
            Some(capture) => wait(&[&self.incoming, &beat, &capture.changed]).contains(&2),
            None => {
                let _ = wait(&[&self.incoming, &beat]);
                false
            }
        }
    }

    fn take(&self) -> Result<Taken> {
        if !self.incoming.ready() {
            return Ok(Taken::Nothing);
        }
        Ok(self.channel.recv()?.map_or(Taken::Gone, Taken::Message))
    }

    fn send(&self, message: &[u8]) -> Result<()> {
        self.channel.send(message)
    }
}
