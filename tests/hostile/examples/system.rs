//! Asks for the computer's figures as fast as it is answered, or ends what a message names. Imports
//! `hospes:system/insight`, `hospes:system/processes` and `hospes:system/process-control`.

use hospes_sdk::system::{insight, process_control, processes};
use hospes_sdk::{Channel, Error, Plugin, Result};

struct System;

/// That many calls in a row.
const CALLS: usize = 12;

impl Plugin for System {
    fn run(_: String, channel: Channel) -> Result<()> {
        while let Some(message) = channel.recv()? {
            let answer = match message.as_slice() {
                b"load" => insight::sample().map(|load| format!("{} processors", load.cpu.len())),
                b"hammer" => (0..CALLS).try_for_each(|_| insight::sample().map(drop)).map(|()| "hammered".into()),
                b"processes" => processes::snapshot().map(|list| format!("{} processes", list.len())),
                b"end" => process_control::end(7, 1000, false).map(|()| "ended".into()),
                other => Err(Error::Invalid(String::from_utf8_lossy(other).into_owned())),
            };
            let text = match answer {
                Ok(text) => text,
                Err(error) => format!("{}: {}", error.code(), error.denial().map_or(error.message(), str::to_owned)),
            };
            channel.send(text.as_bytes())?;
        }
        Ok(())
    }
}

hospes_sdk::export!(System);
