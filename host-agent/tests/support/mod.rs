//! An X server of the test's own.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests use different parts"
)]

use hospes_agent::provider::Lent;
use hospes_agent::provider::linux::{Options, providers};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    ConnectionExt, CreateWindowAux, EventMask, GcontextWrapper, Rectangle, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;

pub struct Xvfb {
    child: Child,
    pub display: String,
}

impl Xvfb {
    /// None, with a message, where there is no Xvfb; `REQUIRE_X=1` makes that a failure.
    pub fn start(screen: &str, more: &[&str]) -> Option<Self> {
        let mut command = Command::new("Xvfb");
        command.args(["-displayfd", "1", "-screen", "0", screen, "-nolisten", "tcp", "-noreset"]).args(more);
        match command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn() {
            Ok(mut child) => {
                let mut line = String::new();
                BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
                assert!(!line.trim().is_empty(), "Xvfb did not start with {screen} {more:?}");
                Some(Self { child, display: format!(":{}", line.trim()) })
            }
            Err(error) if std::env::var_os("REQUIRE_X").is_none_or(|value| value != "1") => {
                eprintln!("SKIPPED: Xvfb cannot be started here ({error}); REQUIRE_X=1 makes this a failure");
                None
            }
            Err(error) => panic!("REQUIRE_X=1, but Xvfb cannot be started: {error}"),
        }
    }

    pub fn lent(&self) -> Lent {
        providers(Options {
            display: Some(self.display.clone()),
            folders: Vec::new(),
            before_making: Arc::new(|_| Ok(())),
        })
    }

    pub fn client(&self) -> Client {
        let (conn, screen) = x11rb::connect(Some(&self.display)).unwrap();
        let root = conn.setup().roots[screen].root;
        Client { conn, root }
    }
}

impl Drop for Xvfb {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program on that desktop.
pub struct Client {
    pub conn: RustConnection,
    pub root: Window,
}

impl Client {
    /// A window that is on screen, has the focus and hears of keys and buttons.
    pub fn window(&self, x: i16, y: i16, width: u16, height: u16) -> Window {
        let window = self.conn.generate_id().unwrap();
        let events = EventMask::KEY_PRESS
            | EventMask::KEY_RELEASE
            | EventMask::BUTTON_PRESS
            | EventMask::BUTTON_RELEASE
            | EventMask::EXPOSURE;
        let look = CreateWindowAux::new().background_pixel(0x0030_6090).override_redirect(1).event_mask(events);
        let class = WindowClass::INPUT_OUTPUT;
        self.conn.create_window(0, window, self.root, x, y, width, height, 0, class, 0, &look).unwrap();
        self.conn.map_window(window).unwrap();
        self.conn.flush().unwrap();
        loop {
            if let x11rb::protocol::Event::Expose(_) = self.conn.wait_for_event().unwrap() {
                break;
            }
        }
        self.conn.set_input_focus(x11rb::protocol::xproto::InputFocus::PARENT, window, x11rb::CURRENT_TIME).unwrap();
        self.sync();
        window
    }

    pub fn fill(&self, window: Window, colour: u32, (x, y, width, height): (i16, i16, u16, u16)) {
        let look = x11rb::protocol::xproto::CreateGCAux::new().foreground(colour);
        let gc = GcontextWrapper::create_gc(&self.conn, window, &look).unwrap();
        self.conn.poly_fill_rectangle(window, gc.gcontext(), &[Rectangle { x, y, width, height }]).unwrap();
        drop(gc);
        self.sync();
    }

    pub fn sync(&self) {
        self.conn.get_input_focus().unwrap().reply().unwrap();
    }

    /// What the server itself says is on screen: 4 bytes for each pixel, the unused one 0.
    pub fn truth(&self, width: u16, height: u16) -> Vec<u8> {
        let format = x11rb::protocol::xproto::ImageFormat::Z_PIXMAP;
        let image = self.conn.get_image(format, self.root, 0, 0, width, height, !0).unwrap().reply().unwrap();
        without_unused(image.data)
    }
}

pub fn without_unused(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.chunks_mut(4).for_each(|pixel| pixel[3] = 0);
    bytes
}
