//! Messages of `PROTOCOL.md`, apart from the tiles, which are `hospes-tiles`'.

use hospes_sdk::Error;
use hospes_sdk::cursor::{Image, Point};
use hospes_sdk::screen::Display;
use serde::{Deserialize, Serialize};

/// From the viewer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum FromViewer {
    /// Starts, or switches, the picture.
    Start {
        /// Which display; none for the main one.
        #[serde(default)]
        display: Option<u32>,
    },
    /// A frame was drawn, and those before it.
    Ack {
        /// Its number.
        sequence: u64,
    },
    /// The whole picture again.
    Refresh,
    /// No more picture.
    Stop,
    /// Pointer to a pixel.
    Move {
        /// Pixels from the left.
        x: i32,
        /// Pixels from the top.
        y: i32,
    },
    /// A button goes down or up.
    Button {
        /// Which.
        button: Button,
        /// Down or up.
        down: bool,
        /// With `y`: moves there first.
        #[serde(default)]
        x: Option<i32>,
        /// With `x`: moves there first.
        #[serde(default)]
        y: Option<i32>,
    },
    /// The wheel turns by notches.
    Wheel {
        /// To the right.
        #[serde(default)]
        dx: i32,
        /// Down.
        #[serde(default)]
        dy: i32,
    },
    /// A physical key goes down or up.
    Key {
        /// `KeyboardEvent.code`.
        code: String,
        /// Down or up.
        down: bool,
    },
    /// Types text.
    Text {
        /// At most 4096 characters.
        text: String,
    },
    /// Releases all that is held.
    Release,
}

/// A mouse button.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Button {
    Left,
    Middle,
    Right,
    Back,
    Forward,
}

/// What the opener may ask for.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct Request {
    /// The display to start with.
    #[serde(default)]
    pub display: Option<u32>,
}

/// To the viewer, as JSON.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ToViewer {
    /// First message.
    Hello {
        /// Version of the protocol.
        v: u32,
        /// The displays there are; empty when they cannot be had.
        displays: Vec<DisplayInfo>,
        /// What `start` without a display takes.
        display: u32,
        /// Whether mouse and keyboard work.
        input: InputState,
    },
    /// The displays are others now.
    Displays {
        /// All of them.
        displays: Vec<DisplayInfo>,
    },
    /// Whether there is a picture.
    Picture {
        /// False: why not follows.
        available: bool,
        /// Which display.
        #[serde(skip_serializing_if = "Option::is_none")]
        display: Option<u32>,
        /// In pixels.
        #[serde(skip_serializing_if = "Option::is_none")]
        width: Option<u32>,
        /// In pixels.
        #[serde(skip_serializing_if = "Option::is_none")]
        height: Option<u32>,
        /// Why not.
        #[serde(flatten)]
        why: Option<Why>,
    },
    /// Whether mouse and keyboard work.
    Input(InputState),
    /// A message was not understood, or could not be done.
    Error(Why),
}

/// Whether mouse and keyboard work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InputState {
    /// They do.
    pub allowed: bool,
    /// Why not.
    #[serde(flatten)]
    pub why: Option<Why>,
}

/// Why something is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Why {
    /// Stable, kebab-case.
    pub code: String,
    /// Who denied it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// English.
    pub message: String,
}

impl From<&Error> for Why {
    fn from(error: &Error) -> Self {
        Self { code: error.code().into(), reason: error.denial().map(Into::into), message: error.message() }
    }
}

/// A display as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "as in wit/desk")]
pub struct DisplayInfo {
    pub id: u32,
    pub name: String,
    pub x: i32,
    pub y: i32,
    pub width: u32,
    pub height: u32,
    pub primary: bool,
}

impl From<&Display> for DisplayInfo {
    fn from(d: &Display) -> Self {
        let Display { id, ref name, x, y, width, height, primary } = *d;
        Self { id, name: name.clone(), x, y, width, height, primary }
    }
}

/// The pointer's picture (kind 2).
#[must_use]
pub fn pointer_picture(image: &Image) -> Vec<u8> {
    let short = |value: u32| u16::try_from(value).unwrap_or(u16::MAX).to_le_bytes();
    let signed = |value: i32| i16::try_from(value).unwrap_or(0).to_le_bytes();
    let mut message = vec![2, 0];
    message.extend_from_slice(&short(image.width));
    message.extend_from_slice(&short(image.height));
    message.extend_from_slice(&signed(image.hotspot.x));
    message.extend_from_slice(&signed(image.hotspot.y));
    message.extend_from_slice(&[0, 0]);
    message.extend_from_slice(&image.rgba);
    message
}

/// The pointer's place (kind 3).
#[must_use]
pub fn pointer_place(place: Option<Point>) -> Vec<u8> {
    let (here, x, y) = place.map_or((0, 0, 0), |p| (1, p.x, p.y));
    let mut message = vec![3, here, 0, 0];
    message.extend_from_slice(&x.to_le_bytes());
    message.extend_from_slice(&y.to_le_bytes());
    message
}
