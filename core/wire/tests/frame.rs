//! The framing of streams: whatever way the bytes arrive, the messages are the same, and nothing foreign costs memory.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use hospes_wire::frame::{Decoder, FrameError, MAX_MESSAGE, encode, header};
use proptest::prelude::*;

#[test]
fn bad_input_is_refused_with_its_reason() {
    let check = |bytes: &[u8], next: Result<Option<&[u8]>, &str>, end: Result<(), &str>| {
        let mut decoder = Decoder::new(8);
        decoder.push(bytes);
        let got = decoder.next_message();
        let got = got.as_ref().map(Option::as_deref).map_err(ToString::to_string);
        assert_eq!(got, next.map_err(str::to_owned), "{bytes:?}");
        assert_eq!(decoder.end().map_err(|error| error.to_string()), end.map_err(str::to_owned), "{bytes:?}");
    };
    let too_long = Err("a message of 9 bytes is longer than the 8 bytes that are allowed");
    let huge = Err("a message of 4294967295 bytes is longer than the 8 bytes that are allowed");
    check(&[], Ok(None), Ok(()));
    check(&[0, 0, 0, 0], Ok(Some(&[])), Ok(()));
    check(&[0, 0, 0, 1, 7], Ok(Some(&[7])), Ok(()));
    check(&[0, 0], Ok(None), Err("the stream ended inside a message: 2 bytes are missing"));
    check(&[0, 0, 0, 5, 1], Ok(None), Err("the stream ended inside a message: 4 bytes are missing"));
    check(&[0, 0, 0, 9], too_long.map(|()| None), too_long);
    check(&[255; 4], huge.map(|()| None), huge);
}

#[test]
fn a_message_over_the_limit_is_not_sent() {
    assert!(encode(&vec![0; MAX_MESSAGE]).is_ok());
    let refused = FrameError::TooLong { length: MAX_MESSAGE as u64 + 1, limit: MAX_MESSAGE };
    assert_eq!(encode(&vec![0; MAX_MESSAGE + 1]), Err(refused.clone()));
    assert_eq!(header(MAX_MESSAGE + 1), Err(refused));
}

#[test]
fn a_refusal_is_final() {
    let mut decoder = Decoder::new(8);
    decoder.push(&[0, 0, 0, 9]);
    let first = decoder.next_message();
    decoder.push(&encode(b"fine").unwrap());
    assert_eq!(decoder.next_message(), first);
}

proptest! {
    #[test]
    fn messages_survive_any_cutting(messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..64), 0..12), step in 1_usize..40) {
        let stream: Vec<u8> = messages.iter().flat_map(|message| encode(message).unwrap()).collect();
        let mut decoder = Decoder::default();
        let mut got = Vec::new();
        for piece in stream.chunks(step) {
            decoder.push(piece);
            while let Some(message) = decoder.next_message().unwrap() {
                got.push(message.to_vec());
            }
        }
        prop_assert_eq!(got, messages);
        prop_assert_eq!(decoder.end(), Ok(()));
    }

    #[test]
    fn any_bytes_are_messages_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        let mut decoder = Decoder::new(64);
        decoder.push(&bytes);
        let mut total = 0;
        while let Ok(Some(message)) = decoder.next_message() {
            prop_assert!(message.len() <= 64);
            total += message.len() + 4;
        }
        prop_assert!(total <= bytes.len());
        let _either = decoder.end();
    }
}
