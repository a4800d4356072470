//! Mouse and keyboard (`hospes:desk/input`), by XTest.

use super::keys::keycode;
use super::text::Typist;
use super::{Server, displays, lost};
use hospes_runtime::provider::desk::{Button, Display, Input, InputSession};
use hospes_runtime::provider::{Error, Result};
use std::collections::BTreeSet;
use std::time::Duration;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ConnectionExt as _, KEY_PRESS_EVENT, KEY_RELEASE_EVENT,
    MOTION_NOTIFY_EVENT,
};
use x11rb::protocol::xtest::ConnectionExt as _;

/// Longest text in one call, in characters.
const LONGEST_TEXT: usize = 4096;
/// Most notches in one call.
const MOST_NOTCHES: u32 = 100;
/// Keycode of the left Shift key.
const SHIFT: u8 = 50;
/// How long programs get to hear of a new keyboard mapping.
const MAPPING: Duration = Duration::from_millis(12);

/// The X11 desktop as it is used.
pub(in super::super) struct X11Input {
    display: Option<String>,
}

impl X11Input {
    pub(super) fn new(display: Option<&str>) -> Self {
        Self { display: display.map(ToOwned::to_owned) }
    }
}

impl Input for X11Input {
    fn open(&self) -> Result<Box<dyn InputSession>> {
        let server = Server::connect(self.display.as_deref()).map_err(Error::Unavailable)?;
        Ok(Box::new(X11InputSession {
            server,
            keys: BTreeSet::new(),
            buttons: BTreeSet::new(),
            typist: None,
            shown: None,
        }))
    }
}

/// One channel's mouse and keyboard.
struct X11InputSession {
    server: Server,
    /// Keycodes that are held down.
    keys: BTreeSet<u8>,
    /// Buttons that are held down.
    buttons: BTreeSet<u8>,
    /// Made when text is first typed.
    typist: Option<Typist>,
    /// The display that the pointer was last moved on.
    shown: Option<Display>,
}

impl X11InputSession {
    fn fake(&self, kind: u8, detail: u8, (x, y): (i16, i16)) -> Result<()> {
        let root = if kind == MOTION_NOTIFY_EVENT { self.server.root()? } else { x11rb::NONE };
        let conn = &self.server.conn;
        conn.xtest_fake_input(kind, detail, x11rb::CURRENT_TIME, root, x, y, 0).map_err(|e| lost(&e))?;
        Ok(())
    }

    fn tap(&self, press: u8, release: u8, detail: u8) -> Result<()> {
        self.fake(press, detail, (0, 0))?;
        self.fake(release, detail, (0, 0))
    }

    fn flush(&self) -> Result<()> {
        self.server.conn.flush().map_err(|e| lost(&e))
    }

    /// Waits until the server has worked off everything, so that errors are not lost.
    fn sync(&self) -> Result<()> {
        let cookie = self.server.conn.get_input_focus().map_err(|e| lost(&e))?;
        cookie.reply().map_err(|e| super::failed(&e))?;
        Ok(())
    }

    fn type_character(&self, typist: &mut Typist, character: char) -> Result<()> {
        let stroke = typist.stroke(&self.server, character)?;
        if stroke.fresh {
            std::thread::sleep(MAPPING);
        }
        if stroke.shift {
            self.fake(KEY_PRESS_EVENT, SHIFT, (0, 0))?;
        }
        self.tap(KEY_PRESS_EVENT, KEY_RELEASE_EVENT, stroke.keycode)?;
        if stroke.shift {
            self.fake(KEY_RELEASE_EVENT, SHIFT, (0, 0))?;
        }
        Ok(())
    }
}

impl InputSession for X11InputSession {
    fn move_to(&mut self, display: u32, x: i32, y: i32) -> Result<()> {
        let display = match self.shown.take() {
            Some(shown) if shown.id == display => shown,
            _ => displays::one(&self.server, display)?,
        };
        // A drag that leaves the display ends at its edge.
        let at = |origin: i32, at: i32, side: u32| {
            let last = i32::try_from(side).unwrap_or(i32::MAX).saturating_sub(1).max(0);
            i16::try_from(origin.saturating_add(at.clamp(0, last))).unwrap_or(i16::MAX)
        };
        let place = (at(display.x, x, display.width), at(display.y, y, display.height));
        self.shown = Some(display);
        self.fake(MOTION_NOTIFY_EVENT, 0, place)?;
        self.flush()
    }

    fn press(&mut self, button: Button, down: bool) -> Result<()> {
        // The display may have changed since: measured again with the next movement.
        self.shown = None;
        let number = match button {
            Button::Left => 1,
            Button::Middle => 2,
            Button::Right => 3,
            Button::Back => 8,
            Button::Forward => 9,
        };
        if down {
            self.buttons.insert(number);
        } else {
            self.buttons.remove(&number);
        }
        self.fake(if down { BUTTON_PRESS_EVENT } else { BUTTON_RELEASE_EVENT }, number, (0, 0))?;
        self.flush()
    }

    fn wheel(&mut self, dx: i32, dy: i32) -> Result<()> {
        let notches = |count: i32, back: u8, forth: u8| {
            let button = if count < 0 { back } else { forth };
            for _ in 0..count.unsigned_abs().min(MOST_NOTCHES) {
                self.tap(BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, button)?;
            }
            Ok::<_, Error>(())
        };
        notches(dy, 4, 5)?;
        notches(dx, 6, 7)?;
        self.flush()
    }

    fn key(&mut self, code: &str, down: bool) -> Result<()> {
        let unknown = || Error::Invalid(format!("there is no key {code:?}"));
        let key = keycode(code).ok_or_else(unknown)?;
        if key > self.server.conn.setup().max_keycode {
            return Err(unknown());
        }
        if down {
            self.keys.insert(key);
        } else {
            self.keys.remove(&key);
        }
        self.fake(if down { KEY_PRESS_EVENT } else { KEY_RELEASE_EVENT }, key, (0, 0))?;
        self.flush()
    }

    fn text(&mut self, text: &str) -> Result<()> {
        if text.chars().count() > LONGEST_TEXT {
            return Err(Error::Invalid(format!("a text of more than {LONGEST_TEXT} characters")));
        }
        let mut typist = match self.typist.take() {
            Some(typist) => typist,
            None => Typist::new(&self.server)?,
        };
        let typed =
            text.replace("\r\n", "\n").chars().try_for_each(|character| self.type_character(&mut typist, character));
        self.typist = Some(typist);
        typed.and(self.sync())
    }

    fn release_all(&mut self) {
        for key in std::mem::take(&mut self.keys) {
            let _ = self.fake(KEY_RELEASE_EVENT, key, (0, 0));
        }
        for button in std::mem::take(&mut self.buttons) {
            let _ = self.fake(BUTTON_RELEASE_EVENT, button, (0, 0));
        }
        let _ = self.flush();
    }
}

impl Drop for X11InputSession {
    fn drop(&mut self) {
        self.release_all();
        if let Some(mut typist) = self.typist.take() {
            typist.give_back(&self.server);
        }
        let _ = self.sync();
    }
}
