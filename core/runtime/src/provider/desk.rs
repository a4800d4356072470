//! Screen, pointer, mouse and keyboard, clipboard. Units and meanings are those of `wit/desk`.

use super::Result;
use tokio::sync::watch;

/// A rectangle in pixels of its display.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rect {
    /// Left.
    pub x: u32,
    /// Top.
    pub y: u32,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

/// One monitor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Display {
    /// Names it in [`Screen::open`].
    pub id: u32,
    /// For people.
    pub name: String,
    /// Left on the desktop.
    pub x: i32,
    /// Top on the desktop.
    pub y: i32,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The one with the task bar.
    pub primary: bool,
}

/// A frame that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Counts up from 1.
    pub sequence: u64,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// What differs from the frame before.
    pub changed: Vec<Rect>,
    /// Milliseconds since 1970.
    pub at: u64,
}

/// A pointer's picture: red, green, blue, alpha.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CursorImage {
    /// Differs when the picture differs.
    pub serial: u64,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The pixel that points.
    pub hotspot: (i32, i32),
    /// Rows packed.
    pub rgba: Vec<u8>,
}

/// The picture and the pointer.
pub trait Screen: Send + Sync {
    /// The displays there are.
    fn displays(&self) -> Result<Vec<Display>>;
    /// Starts a capture.
    fn open(&self, display: u32) -> Result<Box<dyn Capture>>;
    /// Where the pointer is on that display.
    fn cursor_position(&self, display: u32) -> Result<Option<(i32, i32)>>;
    /// The pointer's picture when its serial differs from `known`.
    fn cursor_shape(&self, known: u64) -> Result<Option<CursorImage>>;
}

/// A running capture.
pub trait Capture: Send + Sync {
    /// Its value grows with each change on the screen; waiting on it costs nothing. Right after `open` it counts as
    /// changed.
    fn changes(&self) -> watch::Receiver<u64>;
    /// Takes a frame; none when nothing changed.
    fn next(&mut self) -> Result<Option<Frame>>;
    /// Pixels of `area` in the last frame: blue, green, red, unused; rows packed.
    fn read(&self, area: Rect) -> Result<Vec<u8>>;
}

/// A mouse button.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Button {
    Left,
    Middle,
    Right,
    Back,
    Forward,
}

/// Mouse and keyboard.
pub trait Input: Send + Sync {
    /// Opens for one channel, so that what it holds down can be released with it.
    fn open(&self) -> Result<Box<dyn InputSession>>;
}

/// Mouse and keyboard for one channel. Dropping it releases what it holds down.
pub trait InputSession: Send + Sync {
    /// Moves the pointer to a pixel of that display.
    fn move_to(&mut self, display: u32, x: i32, y: i32) -> Result<()>;
    /// Presses or releases a button.
    fn press(&mut self, button: Button, down: bool) -> Result<()>;
    /// Turns the wheel by notches; positive is down and to the right.
    fn wheel(&mut self, dx: i32, dy: i32) -> Result<()>;
    /// Presses or releases a key by its `KeyboardEvent.code`.
    fn key(&mut self, code: &str, down: bool) -> Result<()>;
    /// Types text whatever the layout is.
    fn text(&mut self, text: &str) -> Result<()>;
    /// Releases everything that is held down.
    fn release_all(&mut self);
}

/// What was copied.
pub trait Clipboard: Send + Sync {
    /// The text on it.
    fn text(&self) -> Result<Option<String>>;
    /// Its value grows with each change.
    fn changes(&self) -> Result<watch::Receiver<u64>>;
    /// Replaces it.
    fn set_text(&self, text: &str) -> Result<()>;
}
