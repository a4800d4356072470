//! Measures calls from inside: each message names a call and how often, the answer is nanoseconds for one.

use hospes_sdk::{Channel, Error, Plugin, Result, files, session};
use std::time::Instant;

struct Measure;

impl Plugin for Measure {
    fn run(_request: String, channel: Channel) -> Result<()> {
        while let Some(message) = channel.recv()? {
            let text = String::from_utf8_lossy(&message).into_owned();
            let (call, times) = text.split_once(' ').ok_or(Error::Invalid("CALL TIMES".into()))?;
            let times: u32 = times.parse().map_err(|_| Error::Invalid("TIMES is a number".into()))?;
            let started = Instant::now();
            for _ in 0..times {
                match call {
                    "inert" => drop(session::is_cancelled()),
                    "list" => drop(session::interfaces()),
                    "provider" => drop(files::roots()),
                    _ => return Err(Error::NotFound),
                }
            }
            let each = started.elapsed().as_nanos() / u128::from(times.max(1));
            channel.send(each.to_string().as_bytes())?;
        }
        Ok(())
    }
}

hospes_sdk::export!(Measure);
