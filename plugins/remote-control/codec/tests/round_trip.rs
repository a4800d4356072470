//! What is encoded comes back pixel by pixel, and foreign bytes never hurt.
#![allow(clippy::unwrap_used, reason = "tests")]

use hospes_tiles::encoder::MESSAGE;
use hospes_tiles::message::{FIRST, HEADER, Header, LAST, WHOLE};
use hospes_tiles::{Area, DecodeError, Decoder, Encoder};
use proptest::prelude::*;
use std::convert::Infallible;

/// A screen that the encoder reads from.
struct Screen {
    width: u32,
    height: u32,
    bgrx: Vec<u8>,
}

impl Screen {
    fn new(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 3]) -> Self {
        let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        // The unused byte holds rubbish on purpose: it must not reach the viewer or count as a change.
        let bgrx = places.flat_map(|(x, y)| {
            let [b, g, r] = pixel(x, y);
            [b, g, r, (x * 7 + y) as u8]
        });
        Self { width, height, bgrx: bgrx.collect() }
    }

    fn read(&self, area: Area) -> Result<Vec<u8>, Infallible> {
        let row = |y: u32| {
            let start = ((y * self.width + area.x) * 4) as usize;
            self.bgrx[start..start + area.width as usize * 4].to_vec()
        };
        Ok((area.y..area.y + area.height).flat_map(row).collect())
    }

    fn rgba(&self) -> Vec<u8> {
        self.bgrx.chunks(4).flat_map(|p| [p[2], p[1], p[0], 255]).collect()
    }

    fn whole(&self) -> Area {
        Area { x: 0, y: 0, width: self.width, height: self.height }
    }
}

/// Sends what changed and decodes it; the bytes that it took.
fn send(encoder: &mut Encoder, decoder: &mut Decoder, screen: &Screen, changed: &[Area]) -> usize {
    encoder.changed(screen.width, screen.height, changed).unwrap();
    let mut sending = encoder.begin(42);
    let mut bytes = 0;
    while let Some(message) = encoder.message(&mut sending, |area| screen.read(area)).unwrap() {
        assert!(message.len() <= MESSAGE + 13_000, "{}", message.len());
        bytes += message.len();
        assert_eq!(decoder.decode(&message).unwrap().header.taken_at, 42);
    }
    bytes
}

fn noise(x: u32, y: u32) -> [u8; 3] {
    let mut v = x.wrapping_mul(0x9e37_79b9) ^ y.wrapping_mul(0x85eb_ca6b);
    v ^= v >> 15;
    v = v.wrapping_mul(0x2c1b_3c6d);
    v ^= v >> 12;
    [v as u8, (v >> 8) as u8, (v >> 16) as u8]
}

#[test]
fn every_kind_of_picture_comes_back_exactly() {
    type Picture = fn(u32, u32) -> [u8; 3];
    let pictures: &[(&str, Picture)] = &[
        ("one colour", |_, _| [9, 8, 7]),
        ("two colours", |x, y| if (x ^ y) & 1 == 0 { [0; 3] } else { [255; 3] }),
        ("four colours", |x, y| [((x + y) % 4) as u8 * 60, 1, 2]),
        ("sixteen colours", |x, y| [((x * y) % 16) as u8 * 16, 0, 0]),
        ("256 colours", |x, y| [((x / 4) % 16 * 16 + (y / 4) % 16) as u8, 0, 0]),
        ("gradient", |x, y| [x as u8, y as u8, (x + y) as u8]),
        ("noise", noise),
    ];
    for (name, pixel) in pictures {
        for (width, height) in [(1, 1), (64, 64), (65, 63), (200, 130), (640, 3)] {
            let screen = Screen::new(width, height, pixel);
            let (mut encoder, mut decoder) = (Encoder::new(), Decoder::new());
            send(&mut encoder, &mut decoder, &screen, &[screen.whole()]);
            assert_eq!(decoder.rgba(), screen.rgba(), "{name} {width}x{height}");
            assert!(!encoder.pending());
        }
    }
}

#[test]
fn a_small_change_costs_little_and_nothing_costs_nothing() {
    let mut screen = Screen::new(1920, 1080, noise);
    let (mut encoder, mut decoder) = (Encoder::new(), Decoder::new());
    send(&mut encoder, &mut decoder, &screen, &[screen.whole()]);
    assert_eq!(send(&mut encoder, &mut decoder, &screen, &[screen.whole()]), 0, "nothing differs");
    assert_eq!(encoder.sequence(), 1, "a frame without tiles uses no number");
    let letter = Area { x: 100, y: 100, width: 8, height: 12 };
    for y in letter.y..letter.y + letter.height {
        for x in letter.x..letter.x + letter.width {
            screen.bgrx[((y * 1920 + x) * 4) as usize] ^= 0x55;
        }
    }
    let bytes = send(&mut encoder, &mut decoder, &screen, &[letter]);
    assert!(bytes < 600, "{bytes}");
    assert!(decoder.rgba() == screen.rgba());
    assert_eq!(decoder.dirty(), [Area { x: 64, y: 64, width: 64, height: 64 }]);
}

#[test]
fn a_new_size_and_a_refresh_start_whole() {
    let (mut encoder, mut decoder) = (Encoder::new(), Decoder::new());
    for (width, height) in [(300, 200), (100, 400), (100, 400)] {
        let screen = Screen::new(width, height, noise);
        encoder.refresh();
        send(&mut encoder, &mut decoder, &screen, &[]);
        assert!(decoder.rgba() == screen.rgba(), "{width}x{height}");
    }
}

#[test]
fn pixels_that_cannot_be_read_are_sent_whole_later() {
    let screen = Screen::new(300, 200, noise);
    let (mut encoder, mut decoder) = (Encoder::new(), Decoder::new());
    encoder.changed(300, 200, &[screen.whole()]).unwrap();
    let mut sending = encoder.begin(0);
    let mut left = 2;
    let outcome = loop {
        let message = encoder.message(&mut sending, |area| {
            left -= 1;
            if left == 0 { Err("gone") } else { screen.read(area).map_err(|e| match e {}) }
        });
        match message {
            Ok(Some(message)) => decoder.decode(&message).map(|_| ()).unwrap(),
            other => break other,
        }
    };
    assert_eq!(outcome, Err("gone"));
    assert!(encoder.pending());
    send(&mut encoder, &mut decoder, &screen, &[]);
    assert!(decoder.rgba() == screen.rgba());
}

#[test]
fn too_large_is_refused_on_both_sides() {
    assert!(Encoder::new().changed(16_385, 1, &[]).is_err());
    assert!(Encoder::new().changed(16_000, 16_000, &[]).is_err());
    for (width, height) in [(0, 5), (5, 0), (16_385, 1), (16_000, 16_000)] {
        let header = Header { flags: FIRST | LAST | WHOLE, width, height, tiles: 0, sequence: 1, taken_at: 0 };
        assert_eq!(Decoder::new().decode(&header.to_bytes()), Err(DecodeError::Size), "{width}x{height}");
    }
}

#[test]
fn bad_messages_are_named_and_leave_the_picture() {
    let screen = Screen::new(128, 64, noise);
    let (mut encoder, mut decoder) = (Encoder::new(), Decoder::new());
    send(&mut encoder, &mut decoder, &screen, &[screen.whole()]);
    let header =
        |tiles| Header { flags: 3, width: 128, height: 64, tiles, sequence: 2, taken_at: 0 }.to_bytes().to_vec();
    let with = |tile: &[u8]| [header(1), tile.to_vec()].concat();
    let cases: &[(&str, Vec<u8>, DecodeError)] = &[
        ("empty", vec![], DecodeError::Header),
        ("other kind", [vec![9], vec![0; 40]].concat(), DecodeError::Header),
        ("short header", header(0)[..HEADER - 1].to_vec(), DecodeError::Header),
        ("no tile", header(1), DecodeError::Place),
        ("column outside", with(&[2, 0, 0, 0, 0, 0, 3, 0, 1, 2, 3]), DecodeError::Place),
        ("row outside", with(&[0, 0, 255, 255, 0, 0, 3, 0, 1, 2, 3]), DecodeError::Place),
        ("body missing", with(&[0, 0, 0, 0, 0, 0, 3, 0, 1]), DecodeError::Place),
        ("short colour", with(&[0, 0, 0, 0, 0, 0, 2, 0, 1, 2]), DecodeError::Body),
        ("unknown method", with(&[0, 0, 0, 0, 77, 0, 0, 0]), DecodeError::Body),
        ("packed colour", with(&[0, 0, 0, 0, 0x80, 0, 3, 0, 1, 2, 3]), DecodeError::Body),
        ("bad LZ4", with(&[0, 0, 0, 0, 0x81, 0, 3, 0, 255, 255, 255]), DecodeError::Body),
        ("short palette", with(&[0, 0, 0, 0, 2, 255, 3, 0, 1, 2, 3]), DecodeError::Body),
        ("trailing", [header(0), vec![1]].concat(), DecodeError::Trailing),
    ];
    for (name, message, expected) in cases {
        assert_eq!(decoder.decode(message), Err(*expected), "{name}");
        assert!(decoder.rgba() == screen.rgba(), "{name}");
    }
}

proptest! {
    #[test]
    fn any_sequence_of_changes_ends_in_the_same_picture(
        width in 1_u32..200,
        height in 1_u32..200,
        seed in any::<u32>(),
        changes in proptest::collection::vec((0_u32..200, 0_u32..200, 1_u32..200, 1_u32..200, any::<u8>(), 1_u32..400), 0..6),
    ) {
        let mut screen = Screen::new(width, height, |x, y| if seed.is_multiple_of(3) { noise(x, y ^ seed) } else { [seed as u8; 3] });
        let (mut encoder, mut decoder) = (Encoder::new(), Decoder::new());
        send(&mut encoder, &mut decoder, &screen, &[screen.whole()]);
        for (x, y, w, h, value, step) in changes {
            let area = Area { x: x % width, y: y % height, width: w, height: h };
            for y in area.y..(area.y + h).min(height) {
                for x in (area.x..(area.x + w).min(width)).step_by(step as usize) {
                    screen.bgrx[((y * width + x) * 4 + x % 3) as usize] = value.wrapping_mul(x as u8);
                }
            }
            send(&mut encoder, &mut decoder, &screen, &[area]);
            prop_assert!(decoder.rgba() == screen.rgba());
        }
    }

    #[test]
    fn garbage_never_hurts(tiles in 0_u16..4, body in proptest::collection::vec(any::<u8>(), 0..200), method in 0_u8..6, lz4: bool) {
        let mut decoder = Decoder::new();
        let mut message = Header { flags: 7, width: 70, height: 70, tiles, sequence: 1, taken_at: 0 }.to_bytes().to_vec();
        let _ = decoder.decode(&body);
        message.extend_from_slice(&[0, 0, 1, 0, method | if lz4 { 0x80 } else { 0 }, 5]);
        message.extend_from_slice(&(body.len() as u16).to_le_bytes());
        message.extend_from_slice(&body);
        let _ = decoder.decode(&message);
        prop_assert_eq!(decoder.rgba().len(), 70 * 70 * 4);
    }

    #[test]
    fn damaged_messages_never_hurt(at in any::<usize>(), bit in 0_u8..8) {
        let screen = Screen::new(100, 100, noise);
        let mut encoder = Encoder::new();
        encoder.changed(100, 100, &[screen.whole()]).unwrap();
        let mut sending = encoder.begin(0);
        let mut decoder = Decoder::new();
        while let Some(mut message) = encoder.message(&mut sending, |area| screen.read(area)).unwrap() {
            let at = at % message.len();
            message[at] ^= 1 << bit;
            let _ = decoder.decode(&message);
        }
    }
}
