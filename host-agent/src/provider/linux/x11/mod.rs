//! The X11 desktop: picture, pointer, mouse and keyboard.
//!
//! x11rb speaks the protocol in safe Rust; libX11 and its global locks are not needed, and the executable links no
//! system library. Shared memory is a sealed memfd that the X server writes and this process reads with `pread`: one
//! copy more than mapping it (about 1 ms for a whole full HD picture), and no unsafe code.

mod capture;
mod displays;
mod input;
mod keys;
mod pixels;
mod screen;
mod text;

use hospes_runtime::provider::{Error, Result};
use x11rb::connection::{Connection, RequestConnection};
use x11rb::errors::{ConnectionError, ReplyError, ReplyOrIdError};
use x11rb::protocol::{damage, xfixes, xproto, xtest};
use x11rb::rust_connection::RustConnection;

pub(super) use input::X11Input;
pub(super) use screen::X11Screen;

/// The screen provider, or why there is none.
pub(super) fn screen(display: Option<&str>) -> std::result::Result<X11Screen, String> {
    let server = Server::connect(display)?;
    server.needs(damage::X11_EXTENSION_NAME)?;
    server.needs(xfixes::X11_EXTENSION_NAME)?;
    Ok(X11Screen::new(display, server))
}

/// The input provider, or why there is none.
pub(super) fn input(display: Option<&str>) -> std::result::Result<X11Input, String> {
    let server = Server::connect(display)?;
    server.needs(xtest::X11_EXTENSION_NAME)?;
    Ok(X11Input::new(display))
}

/// A connection to the X server.
/// The reason that customers meet; the host says it in their language.
pub(crate) const NO_DISPLAY: &str =
    "there is no X display: DISPLAY is not set (no desktop, or the host was started outside it)";

struct Server {
    conn: RustConnection,
    screen: usize,
}

impl Server {
    fn connect(display: Option<&str>) -> std::result::Result<Self, String> {
        if display.is_none() && std::env::var_os("DISPLAY").is_none_or(|value| value.is_empty()) {
            return Err(NO_DISPLAY.to_owned());
        }
        let named = || display.map(ToOwned::to_owned).or_else(|| std::env::var("DISPLAY").ok()).unwrap_or_default();
        let (conn, screen) =
            x11rb::connect(display).map_err(|e| format!("the X display {:?} does not answer: {e}", named()))?;
        Ok(Self { conn, screen })
    }

    fn needs(&self, extension: &'static str) -> std::result::Result<(), String> {
        match self.conn.extension_information(extension) {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(format!("the X server lacks the extension {extension}")),
            Err(e) => Err(format!("the X server does not answer: {e}")),
        }
    }

    fn screen(&self) -> Result<&xproto::Screen> {
        self.conn.setup().roots.get(self.screen).ok_or_else(|| Error::Unavailable("the X server has no screen".into()))
    }

    fn root(&self) -> Result<xproto::Window> {
        Ok(self.screen()?.root)
    }
}

/// The server is gone.
fn lost(error: &ConnectionError) -> Error {
    Error::Unavailable(format!("the X server does not answer: {error}"))
}

/// A request failed.
fn failed(error: &ReplyError) -> Error {
    match error {
        ReplyError::ConnectionError(error) => lost(error),
        ReplyError::X11Error(error) => Error::Other("x11", format!("the X server refused {error:?}")),
    }
}

/// A request with a new id failed.
fn failed_with_id(error: ReplyOrIdError) -> Error {
    match error {
        ReplyOrIdError::IdsExhausted => Error::Unavailable("the X server has no free ids".into()),
        ReplyOrIdError::ConnectionError(error) => lost(&error),
        ReplyOrIdError::X11Error(error) => failed(&ReplyError::X11Error(error)),
    }
}
