//! Monitors, by RandR; without it the whole screen is one display.

use super::{Server, failed, lost};
use hospes_runtime::provider::desk::Display;
use hospes_runtime::provider::{Error, Result};
use x11rb::protocol::randr::{self, ConnectionExt as _};
use x11rb::protocol::xproto::ConnectionExt as _;

/// Id of the one display of a server without RandR; monitors are named by atoms, which are never 0.
const WHOLE: u32 = 0;

/// The displays there are; never empty.
pub(super) fn all(server: &Server) -> Result<Vec<Display>> {
    let monitors = monitors(server)?;
    if monitors.is_empty() { Ok(vec![whole(server)?]) } else { Ok(monitors) }
}

/// One of them.
pub(super) fn one(server: &Server, id: u32) -> Result<Display> {
    all(server)?.into_iter().find(|display| display.id == id).ok_or(Error::NotFound)
}

fn monitors(server: &Server) -> Result<Vec<Display>> {
    let asked = server.conn.randr_query_version(1, 5).map(|cookie| cookie.reply());
    match asked {
        Ok(Ok(version)) if (version.major_version, version.minor_version) >= (1, 5) => {}
        _ => return Ok(Vec::new()),
    }
    let reply = randr::get_monitors(&server.conn, server.root()?, true).map_err(|e| lost(&e))?;
    let monitors = reply.reply().map_err(|e| failed(&e))?.monitors;
    let display = |monitor: &randr::MonitorInfo| {
        let name = server.conn.get_atom_name(monitor.name).map_err(|e| lost(&e))?.reply().map_err(|e| failed(&e))?.name;
        Ok(Display {
            id: monitor.name,
            name: String::from_utf8_lossy(&name).into_owned(),
            x: monitor.x.into(),
            y: monitor.y.into(),
            width: monitor.width.into(),
            height: monitor.height.into(),
            primary: monitor.primary,
        })
    };
    let mut displays = monitors.iter().map(display).collect::<Result<Vec<_>>>()?;
    displays.retain(|display| display.width > 0 && display.height > 0);
    if let Some(first) = displays.first_mut().filter(|_| !monitors.iter().any(|monitor| monitor.primary)) {
        first.primary = true;
    }
    Ok(displays)
}

fn whole(server: &Server) -> Result<Display> {
    let root = server.conn.get_geometry(server.root()?).map_err(|e| lost(&e))?.reply().map_err(|e| failed(&e))?;
    Ok(Display {
        id: WHOLE,
        name: "Screen".into(),
        x: 0,
        y: 0,
        width: root.width.into(),
        height: root.height.into(),
        primary: true,
    })
}
