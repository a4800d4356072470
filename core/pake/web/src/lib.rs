//! The technician's side of the session password's proof, for the console's page: `core/pake` as a WebAssembly module
//! without imports (no JavaScript glue, no clock, no randomness of its own).
//!
//! ```text
//! cargo build -p hospes-pake-web --target wasm32-unknown-unknown --profile plugin
//!   -> target/wasm32-unknown-unknown/plugin/hospes_pake_web.wasm
//! ```
//! One instance of the module makes one login; instantiate the compiled module again for the next one, and the password
//! is gone with the instance. Bytes pass through one exchange buffer of 4096 bytes in the instance's `memory`:
//!
//! | export | before the call, the buffer holds | answer, and the buffer afterwards |
//! |---|---|---|
//! | `buffer() -> u32` | | the buffer's address |
//! | `login_start(password_length: u32) -> i32` | 32 bytes of `crypto.getRandomValues`, then the password as UTF-8 | length of the first message, which stands in the buffer |
//! | `login_finish(response_length: u32) -> i32` | 32 fresh random bytes, then the host's response | length of the third message, which stands in the buffer; takes 0.1-0.5 s, so call it in a worker |
//!
//! A negative answer is an error and leaves the buffer wiped:
//! -1 the password is wrong, -2 the bytes are no such message, -3 the password is empty or longer than 1024 bytes,
//! -4 called out of order or with a length that the buffer does not have, -5 the library failed.
//!
//! ```js
//! const { exports } = await WebAssembly.instantiate(module, {});
//! const call = (f, bytes) => {
//!   const view = () => new Uint8Array(exports.memory.buffer, exports.buffer(), 4096); // memory may have moved
//!   view().set(crypto.getRandomValues(new Uint8Array(32)));
//!   view().set(bytes, 32);
//!   const length = f(bytes.length);
//!   if (length < 0) throw new Error(`session password: ${length}`);
//!   return view().slice(0, length);
//! };
//! const first = call(exports.login_start, new TextEncoder().encode(password)); // -> host, which answers `response`
//! const third = call(exports.login_finish, response);                          // -> host, which answers opened or need
//! ```
//! `smoke.mjs` beside this crate does exactly that with Node.js.

// The attribute that exports a name is called unsafe because two crates could export the same one; there is no other
// unsafe code here. The buffer is made of atomics, which are plain bytes on this target, so that it needs none either.
#![allow(unsafe_code)]

use hospes_pake::{ClientLogin, PakeError};
use std::cell::RefCell;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use zeroize::Zeroizing;

/// Bytes of the exchange buffer.
const BUFFER: usize = 4096;
/// Bytes of a seed.
const SEED: usize = 32;

static EXCHANGE: [AtomicU8; BUFFER] = [const { AtomicU8::new(0) }; BUFFER];

thread_local! {
    static LOGIN: RefCell<Option<ClientLogin>> = const { RefCell::new(None) };
}

/// Address of the exchange buffer.
#[unsafe(no_mangle)]
pub extern "C" fn buffer() -> usize {
    EXCHANGE.as_ptr().addr()
}

/// Starts the login; see the module's documentation.
#[unsafe(no_mangle)]
pub extern "C" fn login_start(password_length: u32) -> i32 {
    answer(take(password_length).ok_or(OUT_OF_ORDER).and_then(|(seed, password)| {
        let password = std::str::from_utf8(&password).map_err(|_| UNREADABLE)?;
        let (login, first) = ClientLogin::start(password, seed).map_err(|error| number(&error))?;
        LOGIN.with_borrow_mut(|slot| *slot = Some(login));
        Ok(first)
    }))
}

/// Finishes the login; see the module's documentation.
#[unsafe(no_mangle)]
pub extern "C" fn login_finish(response_length: u32) -> i32 {
    answer(take(response_length).ok_or(OUT_OF_ORDER).and_then(|(seed, response)| {
        let login = LOGIN.with_borrow_mut(Option::take).ok_or(OUT_OF_ORDER)?;
        login.finish(&response, seed).map_err(|error| number(&error))
    }))
}

const UNREADABLE: i32 = -2;
const OUT_OF_ORDER: i32 = -4;

fn number(error: &PakeError) -> i32 {
    match error {
        PakeError::WrongPassword => -1,
        PakeError::Unreadable(_) => UNREADABLE,
        PakeError::BadPassword(_) => -3,
        PakeError::Internal(_) => -5,
    }
}

/// Takes seed and input out of the buffer and wipes it.
fn take(length: u32) -> Option<([u8; SEED], Zeroizing<Vec<u8>>)> {
    let mut bytes = EXCHANGE.iter().map(|byte| byte.swap(0, Relaxed));
    let mut seed = [0; SEED];
    seed.fill_with(|| bytes.next().unwrap_or_default());
    let mut rest = Zeroizing::new(bytes.collect::<Vec<u8>>());
    let length = usize::try_from(length).ok().filter(|length| *length <= rest.len())?;
    rest.truncate(length);
    Some((seed, rest))
}

fn answer(result: Result<Vec<u8>, i32>) -> i32 {
    let message = match result {
        Ok(message) => message,
        Err(number) => return number,
    };
    EXCHANGE.iter().zip(&message).for_each(|(slot, byte)| slot.store(*byte, Relaxed));
    i32::try_from(message.len()).unwrap_or(OUT_OF_ORDER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hospes_pake::{HostLogin, register};

    fn put(seed: u8, input: &[u8]) -> u32 {
        EXCHANGE.iter().take(SEED).for_each(|slot| slot.store(seed, Relaxed));
        EXCHANGE.iter().skip(SEED).zip(input).for_each(|(slot, byte)| slot.store(*byte, Relaxed));
        u32::try_from(input.len()).unwrap()
    }

    fn get(length: i32) -> Vec<u8> {
        EXCHANGE.iter().take(usize::try_from(length).unwrap()).map(|slot| slot.load(Relaxed)).collect()
    }

    /// One test, because there is one buffer, as in the page.
    #[test]
    fn r2_a_page_proves_the_password_through_the_buffer() {
        let verifier = register("correct horse", [1; 32]).unwrap();
        let play = |password: &str| -> Result<(), i32> {
            let first = match login_start(put(2, password.as_bytes())) {
                length if length < 0 => return Err(length),
                length => get(length),
            };
            let (host, response) = HostLogin::respond(&verifier, &first, [3; 32]).unwrap();
            match login_finish(put(4, &response)) {
                length if length < 0 => Err(length),
                length => host.finish(&get(length)).map_err(|error| number(&error)),
            }
        };
        assert_eq!(play("correct horse"), Ok(()));
        assert_eq!(play("Correct horse"), Err(-1));
        assert!(get(4096).iter().all(|byte| *byte == 0), "a failure leaves nothing in the buffer");
        assert_eq!(play(""), Err(-3));
        assert_eq!(login_start(put(2, &[0xff, 0xfe])), -2);
        assert_eq!(login_start(4096), -4);
        assert_eq!(login_finish(put(2, b"x")), -4);
        assert!(login_start(put(2, b"again")) > 0);
        assert_eq!(login_finish(put(2, b"short")), -2);
    }
}
