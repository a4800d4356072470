//! The exported calls. Pointers only ever lead out of this module, as numbers: the page reads and writes its memory
//! through them, while this code touches its own vectors alone, so that there is no unsafe access in it.
#![allow(unsafe_code, reason = "`no_mangle` names a C symbol; no other unsafe code is here")]

use hospes_tiles::{DecodeError, Decoder};
use std::cell::RefCell;

/// Longest message that a page may hand in, in bytes.
const LONGEST: usize = 1 << 20;

#[derive(Default)]
struct State {
    input: Vec<u8>,
    decoder: Decoder,
    rects: Vec<u32>,
    sequence: u64,
    taken_at: u64,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

fn with<T: Default>(work: impl FnOnce(&mut State) -> T) -> T {
    STATE.with(|state| state.try_borrow_mut().map(|mut state| work(&mut state)).unwrap_or_default())
}

/// Version of these calls.
#[unsafe(no_mangle)]
pub extern "C" fn tiles_abi() -> u32 {
    1
}

/// Where to put a message of `len` bytes; 0 when it is too long.
#[unsafe(no_mangle)]
pub extern "C" fn tiles_input(len: usize) -> *mut u8 {
    if len > LONGEST {
        return std::ptr::null_mut();
    }
    STATE.with(|state| match state.try_borrow_mut() {
        Ok(mut state) => {
            state.input.resize(len, 0);
            state.input.as_mut_ptr()
        }
        Err(_) => std::ptr::null_mut(),
    })
}

/// Decodes the message: its flags (1 first, 2 last, 4 whole, 256 new size), or a negative error.
#[unsafe(no_mangle)]
pub extern "C" fn tiles_decode() -> i32 {
    with(|state| {
        let decoded = state.decoder.decode(&state.input);
        state.rects.clear();
        state.rects.extend(state.decoder.dirty().iter().flat_map(|area| [area.x, area.y, area.width, area.height]));
        match decoded {
            Ok(update) => {
                state.sequence = update.header.sequence;
                state.taken_at = update.header.taken_at;
                i32::from(update.header.flags) | if update.resized { 256 } else { 0 }
            }
            Err(DecodeError::Header) => -1,
            Err(DecodeError::Size) => -2,
            Err(DecodeError::Place) => -3,
            Err(DecodeError::Body) => -4,
            Err(DecodeError::Trailing) => -5,
        }
    })
}

/// The framebuffer: red, green, blue, 255; rows packed.
#[unsafe(no_mangle)]
pub extern "C" fn tiles_framebuffer() -> *const u8 {
    STATE.with(|state| state.try_borrow().map(|state| state.decoder.rgba().as_ptr()).unwrap_or(std::ptr::null()))
}

/// Width of the framebuffer in pixels.
#[unsafe(no_mangle)]
pub extern "C" fn tiles_width() -> u32 {
    with(|state| state.decoder.width())
}

/// Height of the framebuffer in pixels.
#[unsafe(no_mangle)]
pub extern "C" fn tiles_height() -> u32 {
    with(|state| state.decoder.height())
}

/// What the newest message touched: x, y, width, height for each area.
#[unsafe(no_mangle)]
pub extern "C" fn tiles_rects() -> *const u32 {
    STATE.with(|state| state.try_borrow().map(|state| state.rects.as_ptr()).unwrap_or(std::ptr::null()))
}

/// How many areas.
#[unsafe(no_mangle)]
pub extern "C" fn tiles_rect_count() -> u32 {
    with(|state| u32::try_from(state.rects.len() / 4).unwrap_or(u32::MAX))
}

/// The newest message's sequence, exact up to 2^53.
#[unsafe(no_mangle)]
pub extern "C" fn tiles_sequence() -> f64 {
    with(|state| state.sequence as f64)
}

/// When the newest message's frame was taken, milliseconds since 1970 by the host's clock.
#[unsafe(no_mangle)]
pub extern "C" fn tiles_taken_at() -> f64 {
    with(|state| state.taken_at as f64)
}
