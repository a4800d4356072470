//! The screen provider on a real X server: exact pixels, and nothing when nothing changes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use hospes_runtime::provider::Error;
use hospes_runtime::provider::desk::{Capture, Rect};
use std::time::Duration;
use support::{Xvfb, without_unused};
use tokio::time::timeout;
use x11rb::connection::Connection;
use x11rb::protocol::randr::{ConnectionExt as _, ModeInfo, Rotation};

const SOON: Duration = Duration::from_secs(5);
const LONG_ENOUGH: Duration = Duration::from_millis(300);

fn whole(capture: &dyn Capture, width: u32, height: u32) -> Vec<u8> {
    without_unused(capture.read(Rect { x: 0, y: 0, width, height }).unwrap())
}

/// Takes frames until none comes.
fn settle(capture: &mut dyn Capture) -> Vec<Rect> {
    let mut changed = Vec::new();
    while let Some(frame) = capture.next().unwrap() {
        changed.extend(frame.changed);
    }
    changed
}

async fn pixels_are_exact(more: &[&str]) {
    let Some(x) = Xvfb::start("640x480x24", more) else { return };
    let client = x.client();
    let window = client.window(100, 50, 200, 100);
    let screen = x.lent().providers.screen.unwrap();
    let display = screen.displays().unwrap().remove(0);
    assert_eq!((display.width, display.height, display.primary), (640, 480, true));
    let mut capture = screen.open(display.id).unwrap();
    assert!(capture.changes().has_changed().unwrap(), "right after open it counts as changed");
    let first = capture.next().unwrap().unwrap();
    assert_eq!((first.sequence, first.width, first.height), (1, 640, 480));
    assert_eq!(first.changed, [Rect { x: 0, y: 0, width: 640, height: 480 }]);
    assert!(whole(&*capture, 640, 480) == client.truth(640, 480));
    settle(&mut *capture);

    for (nth, colour) in [0x00ff_0000, 0x0000_ff00, 0x0012_3456].into_iter().enumerate() {
        let mut changes = capture.changes();
        client.fill(window, colour, (10 + nth as i16 * 20, 10, 15, 20));
        timeout(SOON, changes.changed()).await.expect("a change is told").unwrap();
        let changed = settle(&mut *capture);
        assert!(changed.iter().all(|r| r.x >= 100 && r.y >= 50 && r.width <= 40), "{changed:?}");
        assert!(whole(&*capture, 640, 480) == client.truth(640, 480), "{colour:x} {more:?}");
    }
    let part = Rect { x: 105, y: 55, width: 30, height: 20 };
    let read = capture.read(part).unwrap();
    assert_eq!(read.len(), 30 * 20 * 4);
}

#[tokio::test]
async fn the_picture_is_the_screens_own() {
    pixels_are_exact(&[]).await;
}

#[tokio::test]
async fn the_picture_is_the_screens_own_without_shared_memory() {
    pixels_are_exact(&["-extension", "MIT-SHM"]).await;
}

#[tokio::test]
async fn screens_of_16_bits_are_spread_to_24() {
    let Some(x) = Xvfb::start("320x200x16", &[]) else { return };
    let client = x.client();
    let window = client.window(0, 0, 320, 200);
    client.fill(window, 0xf800, (0, 0, 320, 100));
    client.fill(window, 0x07e0, (0, 100, 320, 100));
    let screen = x.lent().providers.screen.unwrap();
    let mut capture = screen.open(screen.displays().unwrap()[0].id).unwrap();
    capture.next().unwrap().unwrap();
    assert_eq!(capture.read(Rect { x: 5, y: 5, width: 1, height: 1 }).unwrap(), [0, 0, 255, 0]);
    assert_eq!(capture.read(Rect { x: 5, y: 150, width: 1, height: 1 }).unwrap(), [0, 255, 0, 0]);
}

#[tokio::test]
async fn an_unchanged_screen_gives_no_frames_and_no_wake_ups() {
    let Some(x) = Xvfb::start("640x480x24", &[]) else { return };
    let client = x.client();
    client.window(0, 0, 64, 64);
    let screen = x.lent().providers.screen.unwrap();
    let mut capture = screen.open(screen.displays().unwrap()[0].id).unwrap();
    settle(&mut *capture);
    tokio::time::sleep(LONG_ENOUGH).await;
    settle(&mut *capture);
    let mut changes = capture.changes();
    changes.borrow_and_update();
    assert!(timeout(LONG_ENOUGH, changes.changed()).await.is_err(), "nothing happened, so nobody is woken");
    assert_eq!(capture.next().unwrap(), None);
}

#[tokio::test]
async fn the_pointer_wakes_without_a_frame_and_has_place_and_picture() {
    let Some(x) = Xvfb::start("640x480x24", &[]) else { return };
    let lent = x.lent();
    let (screen, input) = (lent.providers.screen.unwrap(), lent.providers.input.unwrap());
    let display = screen.displays().unwrap()[0].id;
    let mut capture = screen.open(display).unwrap();
    let mut session = input.open().unwrap();
    session.move_to(display, 10, 10).unwrap();
    tokio::time::sleep(LONG_ENOUGH).await;
    settle(&mut *capture);
    let mut changes = capture.changes();
    changes.borrow_and_update();
    for (to, expected) in [((320, 200), (320, 200)), ((-50, 9999), (0, 479))] {
        session.move_to(display, to.0, to.1).unwrap();
        timeout(SOON, changes.changed()).await.expect("the pointer's movement is told").unwrap();
        assert_eq!(screen.cursor_position(display).unwrap(), Some(expected));
    }
    let shape = screen.cursor_shape(0).unwrap().unwrap();
    assert_eq!(shape.rgba.len() as u32, shape.width * shape.height * 4);
    assert!(shape.rgba.chunks(4).any(|pixel| pixel[3] == 255), "something of it is to be seen");
    assert_eq!(screen.cursor_shape(shape.serial).unwrap(), None);
}

#[tokio::test]
async fn a_new_size_comes_as_a_whole_frame() {
    let Some(x) = Xvfb::start("800x600x24", &[]) else { return };
    let client = x.client();
    let screen = x.lent().providers.screen.unwrap();
    let mut capture = screen.open(screen.displays().unwrap()[0].id).unwrap();
    settle(&mut *capture);
    let mut changes = capture.changes();
    changes.borrow_and_update();
    let resources = client.conn.randr_get_screen_resources(client.root).unwrap().reply().unwrap();
    let (crtc, output) = (resources.crtcs[0], resources.outputs[0]);
    let smaller = ModeInfo { width: 640, height: 480, ..resources.modes[0] };
    let mode = client.conn.randr_create_mode(client.root, ModeInfo { id: 0, name_len: 7, ..smaller }, b"smaller");
    let mode = mode.unwrap().reply().unwrap().mode;
    client.conn.randr_add_output_mode(output, mode).unwrap().check().unwrap();
    let set = client.conn.randr_set_crtc_config(crtc, 0, 0, 0, 0, mode, Rotation::ROTATE0, &[output]);
    set.unwrap().reply().unwrap();
    client.conn.flush().unwrap();
    timeout(SOON, changes.changed()).await.expect("the change is told").unwrap();
    let frame = capture.next().unwrap().unwrap();
    assert_eq!((frame.width, frame.height), (640, 480));
    assert_eq!(frame.changed, [Rect { x: 0, y: 0, width: 640, height: 480 }]);
    settle(&mut *capture);
    assert!(whole(&*capture, 640, 480) == client.truth(640, 480));
}

#[tokio::test]
async fn bad_areas_and_displays_are_refused_and_a_dead_server_is_named() {
    let Some(x) = Xvfb::start("320x200x24", &[]) else { return };
    let screen = x.lent().providers.screen.unwrap();
    assert!(matches!(screen.open(12345), Err(Error::NotFound)));
    let mut capture = screen.open(screen.displays().unwrap()[0].id).unwrap();
    capture.next().unwrap();
    for (x, y, width, height) in [(0, 0, 321, 1), (320, 0, 1, 1), (0, 200, 1, 1), (0, 0, 0, 1), (u32::MAX, 0, 2, 1)] {
        let area = Rect { x, y, width, height };
        assert!(matches!(capture.read(area), Err(Error::Invalid(_))), "{area:?}");
    }
    let mut changes = capture.changes();
    changes.borrow_and_update();
    drop(x);
    timeout(SOON, changes.changed()).await.expect("the end is told").unwrap();
    assert!(matches!(capture.next(), Err(Error::Unavailable(_))));
    assert!(matches!(screen.displays(), Err(Error::Unavailable(_))));
}

#[test]
fn r16_a_host_without_a_display_lends_the_rest_and_says_why() {
    let lent = hospes_agent::provider::linux::providers(hospes_agent::provider::linux::Options {
        display: Some(":4242".into()),
        folders: Vec::new(),
        before_making: std::sync::Arc::new(|_| Ok(())),
    });
    assert!(lent.providers.screen.is_none() && lent.providers.input.is_none() && lent.providers.files.is_some());
    for interface in ["hospes:desk/screen", "hospes:desk/cursor", "hospes:desk/input"] {
        assert!(lent.unavailable[interface].contains(":4242"), "{}", lent.unavailable[interface]);
    }
}
