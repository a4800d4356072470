//! A running capture. Damage tells what changed; a thread waits for the server's events and counts them, so that an
//! unchanged screen costs nothing: no timer, no polling.
//!
//! The server gathers damage until [`Capture::next`] takes it, and reports only the first piece (`NonEmpty`): a viewer
//! that is slow, or gone, causes no events. Pointer movements count as changes too (`next` then answers none), because
//! the pointer's interface has no event of its own.

use super::pixels::{Grabber, Picture};
use super::{Server, displays, failed, failed_with_id, lost};
use hospes_runtime::provider::desk::{Capture, Display, Frame, Rect};
use hospes_runtime::provider::{Error, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;
use x11rb::connection::Connection;
use x11rb::protocol::damage::{self, ConnectionExt as _};
use x11rb::protocol::randr::{self, ConnectionExt as _};
use x11rb::protocol::xfixes::{self, ConnectionExt as _};
use x11rb::protocol::xinput::{self, ConnectionExt as _};
use x11rb::protocol::xproto::{self, ClientMessageEvent, ConnectionExt as _};
use x11rb::protocol::{Event, xfixes::CursorNotifyMask};

/// Shortest time between two wake-ups: 125 in a second is more than any display shows.
const PAUSE: Duration = Duration::from_millis(8);
/// More pieces than this are taken as the one rectangle around them.
const MOST_PIECES: usize = 64;

/// What the event thread and the capture share.
struct Shared {
    server: Server,
    /// A window of ours that nobody sees: a message to it ends the thread.
    bell: xproto::Window,
    changes: watch::Sender<u64>,
    /// The displays may have moved or changed their size.
    moved: AtomicBool,
    over: AtomicBool,
}

/// A capture of one display.
pub(super) struct X11Capture {
    shared: Arc<Shared>,
    display: Display,
    damage: damage::Damage,
    region: xfixes::Region,
    grabber: Grabber,
    picture: Picture,
    sequence: u64,
    /// The next frame is everything.
    whole: bool,
}

impl X11Capture {
    pub(super) fn open(server: Server, display: u32) -> Result<Self> {
        let display = displays::one(&server, display)?;
        let conn = &server.conn;
        let root = server.root()?;
        conn.xfixes_query_version(5, 0).map_err(|e| lost(&e))?.reply().map_err(|e| failed(&e))?;
        conn.damage_query_version(1, 1).map_err(|e| lost(&e))?.reply().map_err(|e| failed(&e))?;
        let bell = conn.generate_id().map_err(failed_with_id)?;
        let nothing = xproto::CreateWindowAux::new();
        let class = xproto::WindowClass::INPUT_ONLY;
        conn.create_window(0, bell, root, -1, -1, 1, 1, 0, class, 0, &nothing).map_err(|e| lost(&e))?;
        let region = conn.generate_id().map_err(failed_with_id)?;
        conn.xfixes_create_region(region, &[]).map_err(|e| lost(&e))?;
        let damage = conn.generate_id().map_err(failed_with_id)?;
        let made = conn.damage_create(damage, root, damage::ReportLevel::NON_EMPTY).map_err(|e| lost(&e))?;
        made.check().map_err(|e| failed(&e))?;
        conn.xfixes_select_cursor_input(root, CursorNotifyMask::DISPLAY_CURSOR).map_err(|e| lost(&e))?;
        // Both are extras: without them a change of size is seen at the next damage, and the pointer at the next frame.
        let _ = conn.randr_select_input(root, randr::NotifyMask::SCREEN_CHANGE | randr::NotifyMask::CRTC_CHANGE);
        let motion = xinput::EventMask { deviceid: 1, mask: vec![xinput::XIEventMask::RAW_MOTION] };
        if let Ok(cookie) = conn.xinput_xi_query_version(2, 2)
            && cookie.reply().is_ok()
        {
            let _ = conn.xinput_xi_select_events(root, &[motion]);
        }
        conn.flush().map_err(|e| lost(&e))?;
        let grabber = Grabber::new(&server)?;
        let shared = Arc::new(Shared {
            server,
            bell,
            changes: watch::Sender::new(1),
            moved: AtomicBool::new(false),
            over: AtomicBool::new(false),
        });
        let waiting = shared.clone();
        std::thread::Builder::new()
            .name("screen-changes".into())
            .spawn(move || waiting.wait_for_changes())
            .map_err(|e| Error::Other("io", format!("no thread for the screen: {e}")))?;
        let picture = Picture::default();
        Ok(Self { shared, display, damage, region, grabber, picture, sequence: 0, whole: true })
    }

    /// Takes what the server has gathered, in pixels of the display.
    fn take_damage(&self) -> Result<Vec<Rect>> {
        let conn = &self.shared.server.conn;
        conn.damage_subtract(self.damage, x11rb::NONE, self.region).map_err(|e| lost(&e))?;
        let reply = conn.xfixes_fetch_region(self.region).map_err(|e| lost(&e))?.reply().map_err(|e| failed(&e))?;
        let pieces: Vec<_> = reply.rectangles.iter().filter_map(|piece| self.clip(piece)).collect();
        if pieces.len() <= MOST_PIECES { Ok(pieces) } else { Ok(around(&pieces).into_iter().collect()) }
    }

    fn clip(&self, piece: &xproto::Rectangle) -> Option<Rect> {
        let side = |start: i16, len: u16, origin: i32, side: u32| {
            let from = (i32::from(start) - origin).max(0);
            let to = (i32::from(start) + i32::from(len) - origin).min(i32::try_from(side).ok()?);
            Some((u32::try_from(from).ok()?, u32::try_from(to - from).ok().filter(|len| *len > 0)?))
        };
        let (x, width) = side(piece.x, piece.width, self.display.x, self.display.width)?;
        let (y, height) = side(piece.y, piece.height, self.display.y, self.display.height)?;
        Some(Rect { x, y, width, height })
    }

    /// Looks at the display's place and size again.
    fn measure(&mut self) -> Result<()> {
        let display = displays::one(&self.shared.server, self.display.id).map_err(|e| match e {
            Error::NotFound => Error::Unavailable("this display was switched off".into()),
            other => other,
        })?;
        let geometry = |d: &Display| (d.x, d.y, d.width, d.height);
        if geometry(&display) != geometry(&self.display) {
            self.whole = true;
        }
        self.display = display;
        Ok(())
    }

    fn everything(&self) -> Rect {
        Rect { x: 0, y: 0, width: self.display.width, height: self.display.height }
    }

    fn grab(&mut self) -> Result<Vec<Rect>> {
        let damaged = self.take_damage()?;
        let changed = if self.whole { vec![self.everything()] } else { damaged };
        if self.whole {
            self.picture.width = self.display.width as usize;
            self.picture.bytes = vec![0; self.display.width as usize * self.display.height as usize * 4];
        }
        let origin = (self.display.x, self.display.y);
        self.grabber.grab(&self.shared.server, origin, &changed, &mut self.picture)?;
        self.whole = false;
        Ok(changed)
    }
}

impl Capture for X11Capture {
    fn changes(&self) -> watch::Receiver<u64> {
        let mut changes = self.shared.changes.subscribe();
        if self.sequence == 0 {
            changes.mark_changed();
        }
        changes
    }

    fn next(&mut self) -> Result<Option<Frame>> {
        if self.shared.over.load(Ordering::Acquire) {
            return Err(Error::Unavailable("the X server is gone".into()));
        }
        if self.shared.moved.swap(false, Ordering::AcqRel) {
            self.measure()?;
        }
        let changed = match self.grab() {
            // The screen shrank between measuring and grabbing.
            Err(Error::Other("x11", _)) => {
                self.whole = true;
                self.measure()?;
                self.grab()?
            }
            other => other?,
        };
        if changed.is_empty() {
            return Ok(None);
        }
        self.sequence += 1;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Some(Frame {
            sequence: self.sequence,
            width: self.display.width,
            height: self.display.height,
            changed,
            at: u64::try_from(now.as_millis()).unwrap_or(u64::MAX),
        }))
    }

    fn read(&self, area: Rect) -> Result<Vec<u8>> {
        let height = self.picture.bytes.len() / (self.picture.width.max(1) * 4);
        let fits = |start: u32, len: u32, side: usize| len > 0 && (u64::from(start) + u64::from(len)) <= side as u64;
        if !fits(area.x, area.width, self.picture.width) || !fits(area.y, area.height, height) {
            return Err(Error::Invalid(format!("the area {area:?} is not inside the last frame")));
        }
        self.picture.copy(area).ok_or_else(|| Error::Invalid("no frame was taken".into()))
    }
}

impl Drop for X11Capture {
    fn drop(&mut self) {
        let shared = &self.shared;
        shared.over.store(true, Ordering::Release);
        self.grabber.unshare(&shared.server);
        let bell = ClientMessageEvent::new(32, shared.bell, xproto::AtomEnum::NOTICE, [0_u32; 5]);
        let _ = shared.server.conn.send_event(false, shared.bell, xproto::EventMask::NO_EVENT, bell);
        let _ = shared.server.conn.flush();
    }
}

impl Shared {
    fn wait_for_changes(&self) {
        let mut last = None;
        loop {
            let event = self.server.conn.wait_for_event();
            if self.over.load(Ordering::Acquire) {
                return;
            }
            match event {
                Ok(Event::RandrScreenChangeNotify(_) | Event::RandrNotify(_)) => {
                    self.moved.store(true, Ordering::Release);
                }
                Ok(Event::DamageNotify(_) | Event::XfixesCursorNotify(_) | Event::XinputRawMotion(_)) => {}
                Ok(_) => continue,
                Err(_) => {
                    self.over.store(true, Ordering::Release);
                    self.changes.send_modify(|count| *count += 1);
                    return;
                }
            }
            if let Some(wait) = last.and_then(|last: Instant| PAUSE.checked_sub(last.elapsed())) {
                std::thread::sleep(wait);
            }
            last = Some(Instant::now());
            self.changes.send_modify(|count| *count += 1);
        }
    }
}

/// The smallest rectangle around all.
fn around(pieces: &[Rect]) -> Option<Rect> {
    let x = pieces.iter().map(|p| p.x).min()?;
    let y = pieces.iter().map(|p| p.y).min()?;
    let right = pieces.iter().map(|p| p.x + p.width).max()?;
    let bottom = pieces.iter().map(|p| p.y + p.height).max()?;
    Some(Rect { x, y, width: right - x, height: bottom - y })
}
