//! `hospes:desk`: the picture, the pointer, mouse and keyboard, the clipboard.

use super::{HostError, HostResult, Shared, State, blocking, invalid, lock, unavailable};
use crate::bindings::hospes::desk::{clipboard_read, clipboard_write, cursor, input, screen, types};
use crate::gate::{Gate, Verdict};
use crate::provider::desk::{self, Capture, InputSession};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};

const SCREEN: &str = "hospes:desk/screen";
const CURSOR: &str = "hospes:desk/cursor";
const INPUT: &str = "hospes:desk/input";
const CLIPBOARD_READ: &str = "hospes:desk/clipboard-read";
const CLIPBOARD_WRITE: &str = "hospes:desk/clipboard-write";

/// Longest clipboard text, in bytes.
const MAX_CLIPBOARD: usize = 1 << 20;
/// How often it is looked whether mouse and keyboard are still allowed.
const LET_GO: Duration = Duration::from_millis(500);
/// Longest text to type, in characters.
const MAX_TEXT: usize = 4096;

/// Mouse and keyboard of one channel, once it used them. Shared with [`let_go_when_denied`].
pub(crate) type HeldInput = Arc<Mutex<Option<Shared<dyn InputSession>>>>;

/// Between a yes that was taken back and the plugin's next call nobody would let go of what is held down: this looks
/// twice a second. Never ends.
pub(crate) async fn let_go_when_denied(input: HeldInput, gate: Arc<dyn Gate>) {
    loop {
        tokio::time::sleep(LET_GO).await;
        if !matches!(gate.verdict(INPUT), Verdict::Deny(_)) {
            continue;
        }
        let held = lock(&input).take();
        if let Some(session) = held {
            // Dropping the session lets go; it talks to the display, so not here.
            drop(tokio::task::spawn_blocking(move || lock(&session).release_all()));
        }
    }
}

/// A running capture.
#[allow(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct CaptureHandle {
    capture: Shared<dyn Capture>,
    changes: Changes,
}

/// A value that grows with each change, and which of its values was taken already.
#[derive(Clone)]
struct Changes {
    receiver: watch::Receiver<u64>,
    taken: Arc<Mutex<Option<u64>>>,
    cancel: CancellationToken,
}

impl Changes {
    fn new(receiver: watch::Receiver<u64>, cancel: &CancellationToken) -> Self {
        Self { receiver, taken: Arc::default(), cancel: cancel.clone() }
    }

    /// What changes from now on makes it ready.
    fn take(&self) {
        *lock(&self.taken) = Some(*self.receiver.borrow());
    }

    async fn changed(&mut self) {
        loop {
            let value = *self.receiver.borrow_and_update();
            // Nothing taken yet counts as changed; so does a provider that is gone: the next call says why.
            if *lock(&self.taken) != Some(value) || self.receiver.changed().await.is_err() {
                return;
            }
        }
    }
}

#[async_trait::async_trait]
impl Pollable for Changes {
    async fn ready(&mut self) {
        let cancel = self.cancel.clone();
        tokio::select! {
            biased;
            () = cancel.cancelled() => {}
            () = self.changed() => {}
        }
    }
}

impl State {
    fn screen(&self) -> HostResult<Arc<dyn desk::Screen>> {
        self.providers.screen.clone().ok_or_else(|| unavailable("there is no desktop to show on this computer"))
    }

    fn clipboard(&self) -> HostResult<Arc<dyn desk::Clipboard>> {
        self.providers.clipboard.clone().ok_or_else(|| unavailable("there is no clipboard on this computer"))
    }

    /// Mouse and keyboard of this channel, when the gate allows it. When it no longer does, what is held down is let go.
    async fn input(&mut self) -> HostResult<Shared<dyn InputSession>> {
        if let Err(error) = self.allow(INPUT).await {
            let held = lock(&self.input).take();
            if let Some(session) = held {
                blocking(self.budgets.host_call_time, move || {
                    lock(&session).release_all();
                    Ok(())
                })
                .await?;
            }
            return Err(error);
        }
        let held = lock(&self.input).clone();
        if let Some(session) = held {
            return Ok(session);
        }
        let input = self
            .providers
            .input
            .clone()
            .ok_or_else(|| unavailable("there is no desktop to control on this computer"))?;
        let session = blocking(self.budgets.host_call_time, move || input.open()).await?;
        let session = Arc::new(Mutex::new(session));
        *lock(&self.input) = Some(Arc::clone(&session));
        Ok(session)
    }

    async fn with_input(
        &mut self,
        call: impl FnOnce(&mut dyn InputSession) -> crate::provider::Result<()> + Send + 'static,
    ) -> HostResult<()> {
        let session = self.input().await?;
        blocking(self.budgets.host_call_time, move || call(&mut **lock(&session))).await
    }
}

impl types::Host for State {}

impl screen::Host for State {
    async fn displays(&mut self) -> HostResult<Vec<screen::Display>> {
        self.allow(SCREEN).await?;
        let screen = self.screen()?;
        let displays = blocking(self.budgets.host_call_time, move || screen.displays()).await?;
        let display = |d: desk::Display| screen::Display {
            id: d.id,
            name: d.name,
            x: d.x,
            y: d.y,
            width: d.width,
            height: d.height,
            primary: d.primary,
        };
        Ok(displays.into_iter().map(display).collect())
    }
}

impl screen::HostCapture for State {
    async fn open(&mut self, display: u32) -> HostResult<Resource<CaptureHandle>> {
        self.allow(SCREEN).await?;
        let screen = self.screen()?;
        let capture = blocking(self.budgets.host_call_time, move || screen.open(display)).await?;
        let changes = Changes::new(capture.changes(), &self.cancel);
        Ok(self.table.push(CaptureHandle { capture: Arc::new(Mutex::new(capture)), changes })?)
    }

    async fn subscribe(&mut self, handle: Resource<CaptureHandle>) -> wasmtime::Result<Resource<DynPollable>> {
        self.enter();
        let changes = self.table.get(&handle)?.changes.clone();
        let changes = self.table.push(changes)?;
        subscribe(&mut self.table, changes)
    }

    async fn next(&mut self, handle: Resource<CaptureHandle>) -> HostResult<Option<screen::Frame>> {
        self.allow(SCREEN).await?;
        let entry = self.table.get(&handle)?;
        let (capture, changes) = (Arc::clone(&entry.capture), entry.changes.clone());
        // Before the frame is taken: a change that comes meanwhile makes the pollable ready once too often, never too
        // rarely.
        changes.take();
        let frame = blocking(self.budgets.host_call_time, move || lock(&capture).next()).await?;
        let rect = |r: desk::Rect| types::Rect { x: r.x, y: r.y, width: r.width, height: r.height };
        Ok(frame.map(|f| screen::Frame {
            sequence: f.sequence,
            width: f.width,
            height: f.height,
            changed: f.changed.into_iter().map(rect).collect(),
            at: f.at,
        }))
    }

    async fn read(&mut self, handle: Resource<CaptureHandle>, area: types::Rect) -> HostResult<Vec<u8>> {
        self.allow(SCREEN).await?;
        let capture = Arc::clone(&self.table.get(&handle)?.capture);
        let area = desk::Rect { x: area.x, y: area.y, width: area.width, height: area.height };
        let pixels = blocking(self.budgets.host_call_time, move || lock(&capture).read(area)).await?;
        self.metrics.provider_bytes += pixels.len() as u64;
        Ok(pixels)
    }

    async fn drop(&mut self, handle: Resource<CaptureHandle>) -> wasmtime::Result<()> {
        let entry = self.table.delete(handle)?;
        // Ending a capture may wait for its thread.
        drop(tokio::task::spawn_blocking(move || drop(entry)));
        Ok(())
    }
}

impl cursor::Host for State {
    async fn position(&mut self, display: u32) -> HostResult<Option<types::Point>> {
        self.allow(CURSOR).await?;
        let screen = self.screen()?;
        let point = blocking(self.budgets.host_call_time, move || screen.cursor_position(display)).await?;
        Ok(point.map(|(x, y)| types::Point { x, y }))
    }

    async fn shape(&mut self, known: u64) -> HostResult<Option<cursor::Image>> {
        self.allow(CURSOR).await?;
        let screen = self.screen()?;
        let image = blocking(self.budgets.host_call_time, move || screen.cursor_shape(known)).await?;
        Ok(image.map(|i| cursor::Image {
            serial: i.serial,
            width: i.width,
            height: i.height,
            hotspot: types::Point { x: i.hotspot.0, y: i.hotspot.1 },
            rgba: i.rgba,
        }))
    }
}

impl input::Host for State {
    async fn move_to(&mut self, display: u32, to: types::Point) -> HostResult<()> {
        self.with_input(move |input| input.move_to(display, to.x, to.y)).await
    }

    async fn press(&mut self, button: input::Button, down: bool) -> HostResult<()> {
        let button = match button {
            input::Button::Left => desk::Button::Left,
            input::Button::Middle => desk::Button::Middle,
            input::Button::Right => desk::Button::Right,
            input::Button::Back => desk::Button::Back,
            input::Button::Forward => desk::Button::Forward,
        };
        self.with_input(move |input| input.press(button, down)).await
    }

    async fn wheel(&mut self, dx: i32, dy: i32) -> HostResult<()> {
        self.with_input(move |input| input.wheel(dx, dy)).await
    }

    async fn key(&mut self, code: String, down: bool) -> HostResult<()> {
        self.with_input(move |input| input.key(&code, down)).await
    }

    async fn text(&mut self, text: String) -> HostResult<()> {
        if text.chars().count() > MAX_TEXT {
            return invalid(format!("text of more than {MAX_TEXT} characters"));
        }
        self.with_input(move |input| input.text(&text)).await
    }

    async fn release_all(&mut self) -> wasmtime::Result<()> {
        // Letting go is always allowed.
        self.enter();
        let held = lock(&self.input).clone();
        let Some(session) = held else { return Ok(()) };
        let released = blocking(self.budgets.host_call_time, move || {
            lock(&session).release_all();
            Ok(())
        })
        .await;
        match released {
            Err(HostError::Trap(error)) => Err(error),
            _ => Ok(()),
        }
    }
}

impl clipboard_read::Host for State {
    async fn text(&mut self) -> HostResult<Option<String>> {
        self.allow(CLIPBOARD_READ).await?;
        let clipboard = self.clipboard()?;
        let text = blocking(self.budgets.host_call_time, move || clipboard.text()).await?;
        match text {
            Some(text) if text.len() > MAX_CLIPBOARD => Err(unavailable("the clipboard holds more than 1 MiB of text")),
            text => Ok(text),
        }
    }

    async fn subscribe(&mut self) -> HostResult<Resource<DynPollable>> {
        self.allow(CLIPBOARD_READ).await?;
        let clipboard = self.clipboard()?;
        let receiver = blocking(self.budgets.host_call_time, move || clipboard.changes()).await?;
        let changes = Changes::new(receiver, &self.cancel);
        changes.take();
        let changes = self.table.push(changes)?;
        Ok(subscribe(&mut self.table, changes)?)
    }
}

impl clipboard_write::Host for State {
    async fn set_text(&mut self, text: String) -> HostResult<()> {
        if text.len() > MAX_CLIPBOARD {
            return invalid("text of more than 1 MiB");
        }
        self.allow(CLIPBOARD_WRITE).await?;
        let clipboard = self.clipboard()?;
        blocking(self.budgets.host_call_time, move || clipboard.set_text(&text)).await
    }
}
