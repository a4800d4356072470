//! Mouse and keyboard arrive in a real X program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use hospes_runtime::provider::Error;
use hospes_runtime::provider::desk::{Button, InputSession};
use std::time::{Duration, Instant};
use support::{Client, Xvfb};
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::ConnectionExt as _;

/// What the program hears: `+38` a key or button goes down, `-38` up.
fn heard(client: &Client, count: usize) -> Vec<String> {
    let until = Instant::now() + Duration::from_secs(5);
    let mut heard = Vec::new();
    while heard.len() < count && Instant::now() < until {
        match client.conn.poll_for_event().unwrap() {
            Some(Event::KeyPress(key)) => heard.push(format!("+{}", key.detail)),
            Some(Event::KeyRelease(key)) => heard.push(format!("-{}", key.detail)),
            Some(Event::ButtonPress(button)) => {
                heard.push(format!("b+{}@{},{}", button.detail, button.root_x, button.root_y))
            }
            Some(Event::ButtonRelease(button)) => heard.push(format!("b-{}", button.detail)),
            Some(_) => {}
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    }
    heard
}

/// The text that a program makes of its key presses, as a simple one does: first or second level by Shift.
fn read_text(client: &Client, characters: usize) -> String {
    let until = Instant::now() + Duration::from_secs(10);
    let mut text = String::new();
    while text.chars().count() < characters && Instant::now() < until {
        let Some(Event::KeyPress(key)) = client.conn.poll_for_event().unwrap() else {
            std::thread::sleep(Duration::from_millis(1));
            continue;
        };
        let mapping = client.conn.get_keyboard_mapping(key.detail, 1).unwrap().reply().unwrap();
        let keysym = mapping.keysyms[usize::from(u16::from(key.state) & 1)];
        text.extend(match keysym {
            0xffe1 => None,
            0xff0d => Some('\n'),
            0xff09 => Some('\t'),
            _ => char::from_u32(if keysym > 0x0100_0000 { keysym - 0x0100_0000 } else { keysym }),
        });
    }
    text
}

fn desk() -> Option<(Xvfb, Client, u32, Box<dyn InputSession>)> {
    let x = Xvfb::start("640x480x24", &[])?;
    let client = x.client();
    client.window(0, 0, 640, 480);
    let lent = x.lent();
    let display = lent.providers.screen.unwrap().displays().unwrap()[0].id;
    let session = lent.providers.input.unwrap().open().unwrap();
    Some((x, client, display, session))
}

#[test]
fn keys_and_buttons_arrive() {
    let Some((_x, client, display, mut session)) = desk() else { return };
    session.key("KeyA", true).unwrap();
    session.key("KeyA", false).unwrap();
    session.key("ShiftLeft", true).unwrap();
    session.key("Enter", true).unwrap();
    session.key("Enter", false).unwrap();
    session.key("ShiftLeft", false).unwrap();
    assert_eq!(heard(&client, 6), ["+38", "-38", "+50", "+36", "-36", "-50"]);
    session.move_to(display, 33, 44).unwrap();
    for (button, number) in
        [(Button::Left, 1), (Button::Middle, 2), (Button::Right, 3), (Button::Back, 8), (Button::Forward, 9)]
    {
        session.press(button, true).unwrap();
        session.press(button, false).unwrap();
        assert_eq!(heard(&client, 2), [format!("b+{number}@33,44"), format!("b-{number}")]);
    }
    session.wheel(0, 2).unwrap();
    session.wheel(0, -1).unwrap();
    session.wheel(1, 0).unwrap();
    session.wheel(-1, 0).unwrap();
    let at = |number| format!("b+{number}@33,44");
    let wheel: Vec<_> = heard(&client, 10).into_iter().filter(|e| e.starts_with("b+")).collect();
    assert_eq!(wheel, [at(5), at(5), at(4), at(7), at(6)]);
}

#[test]
fn what_is_held_is_released_with_the_channel() {
    let Some((_x, client, _, mut session)) = desk() else { return };
    session.key("ControlLeft", true).unwrap();
    session.press(Button::Left, true).unwrap();
    assert_eq!(heard(&client, 2).len(), 2);
    drop(session);
    assert_eq!(heard(&client, 2), ["-37", "b-1"]);
}

#[test]
fn text_arrives_whatever_the_layout_is() {
    let Some((_x, client, _, mut session)) = desk() else { return };
    for text in ["Hello, world! 42", "tab\tand\nline", "Ça été: €5, ñandú, Ελλάδα, 日本語", "😀"] {
        session.text(text).unwrap();
        assert_eq!(read_text(&client, text.chars().count()), text);
    }
    let many: String = (0..200_u32).map(|n| char::from_u32(0x4e00 + n).unwrap()).collect();
    // More characters than there are free keys: typed in pieces, as a page sends them.
    for piece in many.chars().collect::<Vec<_>>().chunks(10) {
        let piece: String = piece.iter().collect();
        session.text(&piece).unwrap();
        assert_eq!(read_text(&client, 10), piece);
    }
}

#[test]
fn the_keyboard_is_as_it_was_afterwards() {
    let Some((_x, client, _, mut session)) = desk() else { return };
    let mapping = || client.conn.get_keyboard_mapping(8, 248).unwrap().reply().unwrap().keysyms;
    let before = mapping();
    session.text("日本語€").unwrap();
    assert_ne!(before, mapping());
    drop(session);
    let (before, after) = (before, mapping());
    let used = |keysyms: &[u32]| keysyms.iter().filter(|keysym| **keysym != 0).count();
    assert_eq!(used(&before), used(&after));
}

#[test]
fn nonsense_is_refused() {
    let Some((_x, _client, _, mut session)) = desk() else { return };
    for result in
        [session.key("KeyÄ", true), session.key("", true), session.text("\u{1b}[2J"), session.text(&"x".repeat(4097))]
    {
        assert!(matches!(result, Err(Error::Invalid(_))), "{result:?}");
    }
    assert!(matches!(session.move_to(99_999, 0, 0), Err(Error::NotFound)));
}
