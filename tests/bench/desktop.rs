//! A desktop of our own: Xvfb, a program that answers every key press with a change of colour, and a painter that does
//! what people do with a screen.

use anyhow::{Context, Result, ensure};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    ConfigureWindowAux, ConnectionExt as _, CreateGCAux, CreateWindowAux, EventMask, Gcontext, ImageFormat, InputFocus,
    Pixmap, Rectangle, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;

/// Width and height of the desktop.
pub(crate) const SIZE: (u16, u16) = (1920, 1080);
/// A pixel that changes with each key press.
pub(crate) const PIXEL: (usize, usize) = (1880, 20);
/// The colours that it takes in turn.
const COLOURS: [u32; 2] = [0x00c0_2040, 0x0020_40c0];
/// Height of a line of the X server's own font.
const LINE: i16 = 13;

/// What the painter does.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Pattern {
    /// Nothing.
    Still,
    /// One character.
    Typing,
    /// A page of text moves up by three lines.
    Scroll,
    /// A window of 640x480 moves over a page of text.
    Drag,
    /// 640x360 pixels of noise: nothing is worse for lossless tiles.
    Noise,
}

/// The X server, until it goes out of scope.
pub(crate) struct Desktop {
    child: Child,
    /// As in `DISPLAY`.
    pub(crate) display: String,
    heard: Arc<Mutex<Receiver<(Instant, u32)>>>,
    painter: Sender<Pattern>,
    painted: Arc<AtomicU32>,
}

impl Desktop {
    pub(crate) fn start() -> Result<Self> {
        let screen = format!("{}x{}x24", SIZE.0, SIZE.1);
        let mut child = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", &screen, "-nolisten", "tcp", "-noreset"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("Xvfb cannot be started; install it (Debian: xvfb)")?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        ensure!(!line.trim().is_empty(), "Xvfb did not start");
        let display = format!(":{}", line.trim());

        let (to_painter, commands) = channel();
        let painted = Arc::new(AtomicU32::new(0));
        let mut painter = Painter::new(&display)?;
        let count = painted.clone();
        std::thread::spawn(move || painter.run(&commands, &count));
        let (press, heard) = channel();
        let keys = Keys::new(&display)?;
        std::thread::spawn(move || keys.run(&press));
        Ok(Self { child, display, heard: Arc::new(Mutex::new(heard)), painter: to_painter, painted })
    }

    pub(crate) fn paint(&self, pattern: Pattern) -> Result<()> {
        Ok(self.painter.send(pattern)?)
    }

    /// How many steps were painted so far.
    pub(crate) fn painted(&self) -> u32 {
        self.painted.load(Ordering::Relaxed)
    }

    /// Waits for the next key press: when the program heard it, and the colour that it then painted.
    pub(crate) async fn pressed(&self) -> Result<(Instant, u32)> {
        let heard = self.heard.clone();
        let wait = move || -> Result<_> {
            let heard = heard.lock().map_err(|_| anyhow::anyhow!("the program is gone"))?;
            heard.recv_timeout(Duration::from_secs(10)).context("no key press arrived within 10 s")
        };
        tokio::task::spawn_blocking(wait).await?
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A connection with a window.
struct Program {
    conn: RustConnection,
    window: Window,
    gc: Gcontext,
}

impl Program {
    fn new(display: &str, (x, y): (i16, i16), (width, height): (u16, u16)) -> Result<Self> {
        let (conn, screen) = x11rb::connect(Some(display))?;
        let root = conn.setup().roots.get(screen).context("no screen")?.root;
        let (window, gc, font) = (conn.generate_id()?, conn.generate_id()?, conn.generate_id()?);
        let look = CreateWindowAux::new().background_pixel(0x00ff_ffff).override_redirect(1);
        let look = look.event_mask(EventMask::KEY_PRESS | EventMask::EXPOSURE);
        conn.create_window(0, window, root, x, y, width, height, 0, WindowClass::INPUT_OUTPUT, 0, &look)?;
        conn.open_font(font, b"fixed")?.check().context("the X server has no font `fixed`")?;
        conn.create_gc(gc, window, &CreateGCAux::new().font(font).background(0x00ff_ffff).graphics_exposures(0))?;
        conn.map_window(window)?;
        conn.flush()?;
        while !matches!(conn.wait_for_event()?, Event::Expose(_)) {}
        Ok(Self { conn, window, gc })
    }

    fn sync(&self) -> Result<()> {
        self.conn.get_input_focus()?.reply()?;
        Ok(())
    }

    fn fill(&self, on: u32, colour: u32, (x, y): (i16, i16), (width, height): (u16, u16)) -> Result<()> {
        self.conn.change_gc(self.gc, &x11rb::protocol::xproto::ChangeGCAux::new().foreground(colour))?;
        self.conn.poly_fill_rectangle(on, self.gc, &[Rectangle { x, y, width, height }])?;
        Ok(())
    }

    /// A line of made-up words, different for each number.
    fn write(&self, on: u32, number: u32, (x, y): (i16, i16), length: usize) -> Result<()> {
        self.conn.change_gc(self.gc, &x11rb::protocol::xproto::ChangeGCAux::new().foreground(0x0010_1010))?;
        self.conn.image_text8(on, self.gc, x, y + 10, &words(number, length))?;
        Ok(())
    }
}

fn words(number: u32, length: usize) -> Vec<u8> {
    let mut random = number.wrapping_mul(2_654_435_761) | 1;
    let mut character = || {
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        let letter = (random >> 8) as u8;
        if letter < 48 { b' ' } else { b'a' + letter % 26 }
    };
    (0..length).map(|_| character()).collect()
}

/// The program that hears keys.
struct Keys(Program);

impl Keys {
    fn new(display: &str) -> Result<Self> {
        let program = Program::new(display, (1840, 0), (80, 40))?;
        program.conn.set_input_focus(InputFocus::PARENT, program.window, x11rb::CURRENT_TIME)?;
        program.sync()?;
        Ok(Self(program))
    }

    /// Until the X server is gone.
    fn run(&self, heard: &Sender<(Instant, u32)>) {
        for colour in COLOURS.into_iter().cycle() {
            while !matches!(self.0.conn.wait_for_event(), Ok(Event::KeyPress(_))) {
                if self.0.sync().is_err() {
                    return;
                }
            }
            let time = Instant::now();
            if self.0.fill(self.0.window, colour, (0, 0), (80, 40)).and_then(|()| self.0.sync()).is_err()
                || heard.send((time, colour)).is_err()
            {
                return;
            }
        }
    }
}

/// The program that paints.
struct Painter {
    program: Program,
    dragged: Window,
    noise: Vec<Pixmap>,
    step: u32,
}

impl Painter {
    fn new(display: &str) -> Result<Self> {
        let program = Program::new(display, (0, 0), SIZE)?;
        let conn = &program.conn;
        // The page of text is the window's background, so that the server itself repaints what a drag uncovers.
        let page = conn.generate_id()?;
        conn.create_pixmap(24, page, program.window, SIZE.0, SIZE.1)?;
        program.fill(page, 0x00ff_ffff, (0, 0), SIZE)?;
        for line in 0..SIZE.1 as i16 / LINE {
            program.write(page, line as u32, (10, line * LINE), 240)?;
        }
        conn.change_window_attributes(
            program.window,
            &x11rb::protocol::xproto::ChangeWindowAttributesAux::new().background_pixmap(page),
        )?;
        conn.clear_area(false, program.window, 0, 0, 0, 0)?;

        let (dragged, face) = (conn.generate_id()?, conn.generate_id()?);
        conn.create_pixmap(24, face, program.window, 640, 480)?;
        program.fill(face, 0x00e8_eef4, (0, 0), (640, 480))?;
        program.fill(face, 0x0030_6090, (0, 0), (640, 24))?;
        for line in 0..16 {
            program.write(face, 1000 + line as u32, (20, 40 + line * LINE), 80)?;
        }
        let look = CreateWindowAux::new().background_pixmap(face);
        conn.create_window(0, dragged, program.window, 0, 0, 640, 480, 0, WindowClass::INPUT_OUTPUT, 0, &look)?;

        let mut noise = Vec::new();
        for _ in 0..4 {
            let mut pixels = vec![0; 640 * 360 * 4];
            getrandom::fill(&mut pixels)?;
            let picture = conn.generate_id()?;
            conn.create_pixmap(24, picture, program.window, 640, 360)?;
            conn.put_image(ImageFormat::Z_PIXMAP, picture, program.gc, 640, 360, 0, 0, 0, 24, &pixels)?;
            noise.push(picture);
        }
        program.sync()?;
        Ok(Self { program, dragged, noise, step: 0 })
    }

    /// Until the X server or the benchmark is gone.
    fn run(&mut self, commands: &Receiver<Pattern>, painted: &AtomicU32) {
        let mut pattern = Pattern::Still;
        let mut next = Instant::now();
        loop {
            let pause = match pattern {
                Pattern::Still => Duration::from_secs(3600),
                _ => next.saturating_duration_since(Instant::now()),
            };
            match commands.recv_timeout(pause) {
                Ok(wanted) => {
                    pattern = wanted;
                    next = Instant::now();
                    if self.clear(pattern).is_err() {
                        return;
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    if self.paint(pattern).and_then(|()| self.program.sync()).is_err() {
                        return;
                    }
                    painted.fetch_add(1, Ordering::Relaxed);
                    next += Duration::from_secs(1) / rate(pattern);
                }
            }
        }
    }

    fn clear(&mut self, pattern: Pattern) -> Result<()> {
        let conn = &self.program.conn;
        self.step = 0;
        conn.unmap_window(self.dragged)?;
        if pattern == Pattern::Drag {
            conn.map_window(self.dragged)?;
        }
        conn.clear_area(false, self.program.window, 0, 0, 0, 0)?;
        self.program.sync()
    }

    fn paint(&mut self, pattern: Pattern) -> Result<()> {
        let Program { conn, window, gc } = &self.program;
        self.step += 1;
        let step = self.step;
        match pattern {
            Pattern::Still => {}
            Pattern::Typing => {
                let (column, row) = (step % 200, step / 200);
                self.program.write(*window, step, (10 + column as i16 * 6, 300 + row as i16 * LINE), 1)?;
            }
            Pattern::Scroll => {
                let (height, moved) = (SIZE.1 - 80, 3 * LINE);
                conn.copy_area(*window, *window, *gc, 0, 40 + moved, 0, 40, SIZE.0, height - moved as u16)?;
                for line in 0..3 {
                    let y = 40 + height as i16 - moved + line * LINE;
                    self.program.write(*window, step * 3 + line as u32, (10, y), 240)?;
                }
            }
            Pattern::Drag => {
                let angle = f64::from(step) / 60.0;
                let (x, y) = (640.0 + 600.0 * angle.sin(), 300.0 + 250.0 * (angle * 1.3).cos());
                conn.configure_window(self.dragged, &ConfigureWindowAux::new().x(x as i32).y(y as i32))?;
            }
            Pattern::Noise => {
                let picture = self.noise.get(step as usize % 4).context("no noise")?;
                conn.copy_area(*picture, *window, *gc, 0, 0, 640, 360, 640, 360)?;
            }
        }
        Ok(())
    }
}

/// Steps each second.
pub(crate) fn rate(pattern: Pattern) -> u32 {
    match pattern {
        Pattern::Drag => 60,
        Pattern::Noise => 25,
        _ => 30,
    }
}
