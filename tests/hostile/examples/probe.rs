//! Calls the host interface that each message names and says what came of it. Imports `hospes:files/read`,
//! `hospes:desk/screen`, `hospes:desk/input` and `hospes:system/power`.

use hospes_sdk::{Channel, Error, Plugin, Result, files, input, screen, session, system};

struct Probe;

impl Plugin for Probe {
    fn run(request: String, channel: Channel) -> Result<()> {
        while let Some(message) = channel.recv()? {
            let answer = match message.as_slice() {
                b"request" => Ok(request.clone()),
                b"session" => Ok(format!("{:?}", session::current())),
                b"unlocked" => Ok(session::interfaces().join(" ")),
                b"files" => files::roots().map(|roots| format!("{} roots", roots.len())),
                b"screen" => screen::displays().map(|displays| format!("{} displays", displays.len())),
                b"input" => input::press(input::Button::Left, true).map(|()| "pressed".into()),
                b"power" => system::power::restart().map(|()| "restarting".into()),
                b"charge" => session::charge("probes", 2).map(|()| "charged".into()),
                b"watch" => watch(&channel),
                b"fail" => return Err(Error::failure("probe-failed", "as it was told to")),
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

/// Waits for a change on the screen or for a message, whichever comes first, and says which.
fn watch(channel: &Channel) -> Result<String> {
    let capture = screen::Capture::open(0)?;
    let (changed, message) = (capture.subscribe(), channel.subscribe());
    let mut seen = Vec::new();
    loop {
        let ready = hospes_sdk::wait(&[&changed, &message]);
        if ready.contains(&0) {
            match capture.next()? {
                Some(frame) => seen.push(frame.sequence.to_string()),
                None => seen.push("none".into()),
            }
        }
        if ready.contains(&1) {
            return Ok(format!("frames {}", seen.join(" ")));
        }
    }
}

hospes_sdk::export!(Probe);
