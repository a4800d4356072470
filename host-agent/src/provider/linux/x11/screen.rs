//! The picture and the pointer (`hospes:desk/screen`, `hospes:desk/cursor`).

use super::capture::X11Capture;
use super::{Server, displays, failed, lost};
use hospes_runtime::provider::desk::{Capture, CursorImage, Display, Screen};
use hospes_runtime::provider::{Error, Result};
use std::sync::{Arc, Mutex, PoisonError};
use x11rb::protocol::xfixes::ConnectionExt as _;
use x11rb::protocol::xproto::ConnectionExt as _;

/// The X11 desktop as it is seen. One connection answers the small questions and is opened again when it is lost; every
/// capture has its own.
pub(in super::super) struct X11Screen {
    display: Option<String>,
    server: Mutex<Option<Arc<Server>>>,
}

impl X11Screen {
    pub(super) fn new(display: Option<&str>, server: Server) -> Self {
        Self { display: display.map(ToOwned::to_owned), server: Mutex::new(Some(Arc::new(server))) }
    }

    fn connect(&self) -> Result<Server> {
        Server::connect(self.display.as_deref()).map_err(Error::Unavailable)
    }

    /// Runs `ask` on the shared connection; once more on a new one when that was lost.
    fn ask<T>(&self, ask: impl Fn(&Server) -> Result<T>) -> Result<T> {
        let mut held = self.server.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = held.as_ref() {
            match ask(server) {
                Err(Error::Unavailable(_)) => *held = None,
                other => return other,
            }
        }
        let server = Arc::new(self.connect()?);
        *held = Some(server.clone());
        ask(&server)
    }
}

impl Screen for X11Screen {
    fn displays(&self) -> Result<Vec<Display>> {
        self.ask(displays::all)
    }

    fn open(&self, display: u32) -> Result<Box<dyn Capture>> {
        Ok(Box::new(X11Capture::open(self.connect()?, display)?))
    }

    fn cursor_position(&self, display: u32) -> Result<Option<(i32, i32)>> {
        self.ask(|server| {
            let display = displays::one(server, display)?;
            let cookie = server.conn.query_pointer(server.root()?).map_err(|e| lost(&e))?;
            let pointer = cookie.reply().map_err(|e| failed(&e))?;
            let (x, y) = (i32::from(pointer.root_x) - display.x, i32::from(pointer.root_y) - display.y);
            let inside = |at: i32, side: u32| u32::try_from(at).is_ok_and(|at| at < side);
            Ok((inside(x, display.width) && inside(y, display.height)).then_some((x, y)))
        })
    }

    fn cursor_shape(&self, known: u64) -> Result<Option<CursorImage>> {
        self.ask(|server| {
            server.conn.xfixes_query_version(5, 0).map_err(|e| lost(&e))?.reply().map_err(|e| failed(&e))?;
            let cookie = server.conn.xfixes_get_cursor_image().map_err(|e| lost(&e))?;
            let image = cookie.reply().map_err(|e| failed(&e))?;
            let serial = u64::from(image.cursor_serial);
            if serial == known {
                return Ok(None);
            }
            Ok(Some(CursorImage {
                serial,
                width: image.width.into(),
                height: image.height.into(),
                hotspot: (image.xhot.into(), image.yhot.into()),
                rgba: image.cursor_image.iter().flat_map(|pixel| straight(*pixel)).collect(),
            }))
        })
    }
}

/// From premultiplied `0xAARRGGBB` to red, green, blue, alpha.
fn straight(pixel: u32) -> [u8; 4] {
    let [b, g, r, a] = pixel.to_le_bytes();
    let undo = |channel: u8| match a {
        0 => 0,
        _ => ((u32::from(channel) * 255 + u32::from(a) / 2) / u32::from(a)).min(255) as u8,
    };
    [undo(r), undo(g), undo(b), a]
}

#[cfg(test)]
mod tests {
    #[test]
    fn pointer_pixels_lose_their_premultiplication() {
        let cases = [
            (0x0000_0000, [0, 0, 0, 0]),
            (0xff01_0203, [1, 2, 3, 255]),
            (0x8040_0080, [128, 0, 255, 128]),
            (0x0100_00ff, [0, 0, 255, 1]),
        ];
        for (pixel, expected) in cases {
            assert_eq!(super::straight(pixel), expected, "{pixel:08x}");
        }
    }
}
