//! The loop of one channel.
//!
//! Nothing runs unless something happened: the loop sleeps until the viewer sends a message or, while credits are left,
//! until the screen changes. At most [`IN_FLIGHT`] frames are unacknowledged; a viewer that is slow, or whose tab is
//! hidden, is sent nothing, and what changes meanwhile becomes one frame later. Input is worked off first, also between
//! the messages of one frame.

use crate::desk::{Desk, Pipe, Taken};
use crate::input::{Input, Outcome};
use crate::message::{DisplayInfo, FromViewer, Request, ToViewer, Why, pointer_picture, pointer_place};
use hospes_sdk::cursor::Point;
use hospes_sdk::screen::Frame;
use hospes_sdk::{Error, Result};
use hospes_tiles::{Area, Encoder};
use std::collections::VecDeque;

/// Most frames that are sent and not acknowledged.
pub const IN_FLIGHT: usize = 2;
/// Most messages of the viewer that are worked off before the picture gets its turn.
const MOST_AT_ONCE: usize = 256;

/// One channel.
pub struct Session<D: Desk, P: Pipe<D::Capture>> {
    desk: D,
    pipe: P,
    input: Input,
    displays: Vec<DisplayInfo>,
    /// The one that places mean.
    display: u32,
    capture: Option<D::Capture>,
    encoder: Encoder,
    taken_at: u64,
    in_flight: VecDeque<u64>,
    pointer: (Option<Option<Point>>, u64),
    /// What must wait until the frame that is being sent is complete.
    later: Option<Later>,
    gone: bool,
}

enum Later {
    Start(Option<u32>),
    Stop,
}

impl<D: Desk, P: Pipe<D::Capture>> Session<D, P> {
    /// Nothing is captured before the viewer asks for it. A request that is not understood asks for nothing special.
    pub fn new(desk: D, pipe: P, request: &str) -> Self {
        let request: Request = serde_json::from_str(request).unwrap_or_default();
        Self {
            input: Input::new(&desk),
            desk,
            pipe,
            displays: Vec::new(),
            display: request.display.unwrap_or(u32::MAX),
            capture: None,
            encoder: Encoder::new(),
            taken_at: 0,
            in_flight: VecDeque::new(),
            pointer: (None, 0),
            later: None,
            gone: false,
        }
    }

    /// Serves until the viewer is done or the channel closes.
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
        self.hello()?;
        while !self.gone {
            let credits = self.in_flight.len() < IN_FLIGHT;
            let changed = self.pipe.wait(self.capture.as_ref().filter(|_| credits));
            self.work_off_messages()?;
            match self.later.take() {
                Some(Later::Start(display)) => self.start(display)?,
                Some(Later::Stop) => self.capture = None,
                None => {}
            }
            if changed {
                self.show_pointer()?;
            }
            self.show_picture(changed)?;
        }
        Ok(())
    }

    fn hello(&mut self) -> Result<()> {
        let displays = self.desk.displays();
        let missing = displays.as_ref().err().cloned();
        self.displays = displays.unwrap_or_default().iter().map(DisplayInfo::from).collect();
        self.display = self.choose(Some(self.display));
        let (displays, input) = (self.displays.clone(), self.input.state().clone());
        self.tell(&ToViewer::Hello { v: 1, displays, display: self.display, input })?;
        missing.map_or(Ok(()), |error| self.no_picture(&error))
    }

    /// The display that was asked for if there is one, else the main one.
    fn choose(&self, wanted: Option<u32>) -> u32 {
        let known = self.displays.iter().find(|d| Some(d.id) == wanted);
        let display = known.or_else(|| self.displays.iter().find(|d| d.primary)).or_else(|| self.displays.first());
        display.map_or(0, |display| display.id)
    }

    /// Takes every message that is there. Movements that follow each other become the last one.
    fn work_off_messages(&mut self) -> Result<()> {
        let mut movement = None;
        for _ in 0..MOST_AT_ONCE {
            let message = match self.pipe.take()? {
                Taken::Message(message) => message,
                Taken::Nothing => break,
                Taken::Gone => {
                    self.gone = true;
                    break;
                }
            };
            match serde_json::from_slice(&message) {
                Ok(newer @ FromViewer::Move { .. }) => movement = Some(newer),
                Ok(message) => {
                    self.apply_movement(movement.take())?;
                    self.apply(message)?;
                }
                Err(error) => self.tell(&ToViewer::Error(Why::from(&Error::from(error))))?,
            }
        }
        self.apply_movement(movement)?;
        match self.input.look_again(&self.desk) {
            Outcome::Changed(state) => self.tell(&ToViewer::Input(state)),
            _ => Ok(()),
        }
    }

    fn apply_movement(&mut self, movement: Option<FromViewer>) -> Result<()> {
        movement.map_or(Ok(()), |movement| self.apply(movement))
    }

    fn apply(&mut self, message: FromViewer) -> Result<()> {
        match message {
            FromViewer::Start { display } => self.later = Some(Later::Start(display)),
            FromViewer::Stop => self.later = Some(Later::Stop),
            FromViewer::Ack { sequence } => self.in_flight.retain(|sent| *sent > sequence),
            FromViewer::Refresh => {
                self.in_flight.clear();
                self.encoder.refresh();
            }
            input => match self.input.apply(&self.desk, self.display, &input)? {
                Outcome::Quiet => {}
                Outcome::Changed(state) => self.tell(&ToViewer::Input(state))?,
                Outcome::Failed(why) => self.tell(&ToViewer::Error(why))?,
            },
        }
        Ok(())
    }

    fn start(&mut self, wanted: Option<u32>) -> Result<()> {
        self.capture = None;
        let displays: Vec<_> = match self.desk.displays() {
            Ok(displays) => displays.iter().map(DisplayInfo::from).collect(),
            Err(error) => return self.no_picture(&error),
        };
        if displays != self.displays {
            self.displays.clone_from(&displays);
            self.tell(&ToViewer::Displays { displays })?;
        }
        self.display = self.choose(wanted.or(Some(self.display)));
        match self.desk.open(self.display) {
            Ok(capture) => self.capture = Some(capture),
            Err(error) => return self.no_picture(&error),
        }
        self.in_flight.clear();
        self.encoder.refresh();
        self.pointer = (None, 0);
        let size = self.displays.iter().find(|d| d.id == self.display).map(|d| (d.width, d.height));
        self.tell(&ToViewer::Picture {
            available: true,
            display: Some(self.display),
            width: size.map(|(width, _)| width),
            height: size.map(|(_, height)| height),
            why: None,
        })
    }

    /// The picture ends, the channel does not.
    fn no_picture(&mut self, error: &Error) -> Result<()> {
        self.capture = None;
        if matches!(error, Error::Cancelled) {
            return Err(Error::Cancelled);
        }
        let why = Some(Why::from(error));
        self.tell(&ToViewer::Picture { available: false, display: None, width: None, height: None, why })
    }

    /// Sends the pointer's place and picture when they differ from what the viewer has. A refusal is the picture's to
    /// tell: both are one consent.
    fn show_pointer(&mut self) -> Result<()> {
        if self.capture.is_none() {
            return Ok(());
        }
        if let Ok(Some(image)) = self.desk.pointer_picture(self.pointer.1) {
            self.pointer.1 = image.serial;
            self.pipe.send(&pointer_picture(&image))?;
        }
        if let Ok(place) = self.desk.pointer_place(self.display) {
            let same = |a: &Option<Point>, b: &Option<Point>| a.map(|p| (p.x, p.y)) == b.map(|p| (p.x, p.y));
            if !self.pointer.0.as_ref().is_some_and(|known| same(known, &place)) {
                self.pointer.0 = Some(place);
                self.pipe.send(&pointer_place(place))?;
            }
        }
        Ok(())
    }

    /// Sends a frame if there is one and a credit for it.
    fn show_picture(&mut self, changed: bool) -> Result<()> {
        let Some(capture) = self.capture.take_if(|_| self.in_flight.len() < IN_FLIGHT) else {
            return Ok(());
        };
        match self.send_frame(&capture, changed) {
            Ok(()) => {
                self.capture = Some(capture);
                Ok(())
            }
            Err(Stopped::Picture(error)) => self.no_picture(&error),
            Err(Stopped::Channel(error)) => Err(error),
        }
    }

    fn send_frame(&mut self, capture: &D::Capture, changed: bool) -> Result<(), Stopped> {
        if changed && let Some(frame) = self.desk.next(capture).map_err(Stopped::Picture)? {
            self.note(&frame)?;
        }
        if !self.encoder.pending() {
            return Ok(());
        }
        let mut sending = self.encoder.begin(self.taken_at);
        let mut sent = false;
        loop {
            let message = self.encoder.message(&mut sending, |area| self.desk.read(capture, area));
            let Some(message) = message.map_err(Stopped::Picture)? else { break };
            self.pipe.send(&message).map_err(Stopped::Channel)?;
            sent = true;
            self.work_off_messages().map_err(Stopped::Channel)?;
        }
        if sent {
            self.in_flight.push_back(self.encoder.sequence());
        }
        Ok(())
    }

    fn note(&mut self, frame: &Frame) -> Result<(), Stopped> {
        let area = |r: &hospes_sdk::screen::Rect| Area { x: r.x, y: r.y, width: r.width, height: r.height };
        let areas: Vec<_> = frame.changed.iter().map(area).collect();
        self.taken_at = frame.at;
        self.encoder.changed(frame.width, frame.height, &areas).map_err(|_| {
            Stopped::Picture(Error::Unavailable(format!(
                "a display of {} x {} pixels is too large to be shown",
                frame.width, frame.height
            )))
        })
    }

    fn tell(&self, message: &ToViewer) -> Result<()> {
        let text = serde_json::to_vec(message).map_err(|e| Error::failure("not-json", e.to_string()))?;
        self.pipe.send(&text)
    }
}

/// What a frame could not go on for.
enum Stopped {
    /// The picture ends.
    Picture(Error),
    /// The channel ends.
    Channel(Error),
}
