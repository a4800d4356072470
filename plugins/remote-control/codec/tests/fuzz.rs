//! Fuzz target: what a hostile computer sends as a picture. A bad message is an error, and the framebuffer is always as
//! large as it says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use hospes_fuzz::Corpus;
use hospes_tiles::message::Header;
use hospes_tiles::{Area, Decoder, Encoder};
use std::convert::Infallible;

/// Pixels of the largest picture that is really decoded here; what is above the codec's own limit has tests elsewhere.
const LARGEST: u32 = 1 << 16;

/// The messages of a picture and of a change to its corner, each behind its length (4 bytes, little endian).
fn recorded(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 3]) -> Vec<u8> {
    let (mut encoder, mut stream) = (Encoder::new(), Vec::new());
    for flip in [0, 255] {
        let shown = |x: u32, y: u32| pixel(x, y).map(|value| if x < 20 && y < 20 { value ^ flip } else { value });
        let read = |area: Area| -> Result<Vec<u8>, Infallible> {
            let places =
                (area.y..area.y + area.height).flat_map(|y| (area.x..area.x + area.width).map(move |x| (x, y)));
            Ok(places.flat_map(|(x, y)| shown(x, y).into_iter().chain([0])).collect())
        };
        encoder.changed(width, height, &[Area { x: 0, y: 0, width, height }]).unwrap();
        let mut sending = encoder.begin(7);
        while let Some(message) = encoder.message(&mut sending, read).unwrap() {
            stream.extend(u32::try_from(message.len()).unwrap().to_le_bytes());
            stream.extend(message);
        }
    }
    stream
}

fn play(mut stream: &[u8]) {
    let mut decoder = Decoder::new();
    while let Some((length, rest)) = stream.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap().min(rest.len());
        let (message, rest) = rest.split_at(length);
        stream = rest;
        if Header::parse(message).is_some_and(|(header, _)| header.width.saturating_mul(header.height) > LARGEST) {
            continue;
        }
        if let Ok(update) = decoder.decode(message) {
            assert_eq!((update.header.width, update.header.height), (decoder.width(), decoder.height()));
        }
        assert_eq!(decoder.rgba().len(), (decoder.width() * decoder.height() * 4) as usize);
        assert!(decoder.rgba().chunks_exact(4).all(|pixel| pixel[3] == 255));
        for area in decoder.dirty() {
            assert!(area.x + area.width <= decoder.width() && area.y + area.height <= decoder.height());
        }
    }
}

#[test]
fn fuzz_pictures() {
    let noise = |x: u32, y: u32| [x * 7 + y * 13, x * y * 31, x ^ (y * 5)].map(|value| (value ^ (value >> 3)) as u8);
    let seeds = [
        ("one-colour", recorded(70, 66, |_, _| [9, 8, 7])),
        ("two-colours", recorded(65, 3, |x, y| if (x ^ y) & 1 == 0 { [0; 3] } else { [255; 3] })),
        ("sixteen-colours", recorded(40, 30, |x, y| [((x * y) % 16) as u8 * 16, 0, 0])),
        ("gradient", recorded(130, 20, |x, y| [x as u8, y as u8, (x + y) as u8])),
        ("noise", recorded(24, 24, noise)),
        ("one-pixel", recorded(1, 1, |_, _| [1, 2, 3])),
    ];
    let corpus = Corpus::of(concat!(env!("CARGO_MANIFEST_DIR"), "/tests"), "pictures", &seeds);
    bolero::check!(name = "pictures").for_each(|input: &[u8]| {
        play(input);
        play(&corpus.edited(input));
    });
}
