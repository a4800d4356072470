//! The picture: latency, bytes, frames, and what an unchanged screen costs.

use crate::desktop::{Desktop, PIXEL, Pattern, rate};
use crate::scene::{Customer, Service};
use crate::table::{line, median, ms, note, part, section, spread};
use crate::viewer::Viewer;
use anyhow::Result;
use serde_json::json;
use std::time::{Duration, Instant};

const PATTERNS: [(Pattern, &str); 4] = [
    (Pattern::Typing, "typing, one character"),
    (Pattern::Scroll, "scrolling a full screen of text by 3 lines"),
    (Pattern::Drag, "dragging a window of 640x480"),
    (Pattern::Noise, "640x360 of noise (the worst there is)"),
];

pub(crate) async fn measure() -> Result<()> {
    section("picture (1920x1080, lossless tiles, decoded by the viewer)");
    let desktop = Desktop::start()?;
    let service = Service::start().await?;
    let customer = service.customer("desk", Some(&desktop.display)).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    service.print_memory(&customer, "online, no channel was open yet")?;
    service.list(&customer)?;
    let (mut viewer, _) = Viewer::open(&service, &customer).await?;
    viewer.watch(Duration::from_secs(1)).await?;
    service.print_memory(&customer, "with remote control open")?;

    idle(&service, &customer, &mut viewer).await?;
    latency(&desktop, &mut viewer, "screen otherwise still").await?;
    desktop.paint(Pattern::Scroll)?;
    latency(&desktop, &mut viewer, "while the screen scrolls").await?;
    for (pattern, name) in PATTERNS {
        desktop.paint(pattern)?;
        viewer.watch(Duration::from_secs(1)).await?;
        moving(&service, &customer, &desktop, &mut viewer, (pattern, name)).await?;
    }
    desktop.paint(Pattern::Still)?;
    service.print_memory(&customer, "after all of that")?;
    note("age: from the host taking a frame until it is decoded; bytes: of the plugin's messages, before TLS and QUIC");
    viewer.close().await?;
    service.end(customer).await
}

/// Ten seconds in which nothing changes.
async fn idle(service: &Service, customer: &Customer, viewer: &mut Viewer) -> Result<()> {
    let time = Duration::from_secs(10);
    let before = service.cpu(customer)?;
    let watched = viewer.watch(time).await?;
    let [server, host] = used(before, service.cpu(customer)?);
    line(
        "unchanged screen, 10 s",
        format!(
            "{} frames, {} bytes, processor time: host {}, server {}",
            watched.frames.len(),
            watched.bytes,
            ms(host),
            ms(server)
        ),
    );
    Ok(())
}

fn used(before: [Duration; 2], after: [Duration; 2]) -> [Duration; 2] {
    [after[0].saturating_sub(before[0]), after[1].saturating_sub(before[1])]
}

/// A key goes down in the viewer; a program on the desktop paints; the pixel is in the viewer's framebuffer.
async fn latency(desktop: &Desktop, viewer: &mut Viewer, when: &str) -> Result<()> {
    let (mut whole, mut there, mut back) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..100_u64 {
        // Not in step with the capture.
        viewer.watch(Duration::from_millis(30 + number * 7 % 40)).await?;
        let start = Instant::now();
        viewer.send(json!({"type": "key", "code": "KeyA", "down": true})).await?;
        let (heard, colour) = viewer.beside(desktop.pressed()).await??;
        viewer.until(PIXEL, colour).await?;
        let seen = Instant::now();
        viewer.send(json!({"type": "key", "code": "KeyA", "down": false})).await?;
        whole.push(seen - start);
        there.push(heard - start);
        back.push(seen - heard);
    }
    line(&format!("key to pixel, {when}"), spread(&whole));
    line("  key sent until the program hears it", spread(&there));
    line("  program hears it until the pixel is decoded", spread(&back));
    Ok(())
}

async fn moving(
    service: &Service,
    customer: &Customer,
    desktop: &Desktop,
    viewer: &mut Viewer,
    (pattern, name): (Pattern, &str),
) -> Result<()> {
    let (before, painted, start) = (service.cpu(customer)?, desktop.painted(), Instant::now());
    let watched = viewer.watch(Duration::from_secs(5)).await?;
    let seconds = start.elapsed().as_secs_f64();
    let painted = f64::from(desktop.painted() - painted) / seconds;
    let percent = used(before, service.cpu(customer)?).map(|time| time.as_secs_f64() / seconds * 100.0);
    let bytes: Vec<u64> = watched.frames.iter().map(|frame| frame.bytes).collect();
    let ages: Vec<Duration> = watched.frames.iter().map(|frame| frame.age).collect();
    line(
        &format!("{name}, {}/s", rate(pattern)),
        format!(
            "{:.1} frames/s of {painted:.1} painted, {:.1} KiB/frame (p95 {:.1}), {:.1} KiB/s",
            watched.frames.len() as f64 / seconds,
            median(&bytes) as f64 / 1024.0,
            part(&bytes, 0.95) as f64 / 1024.0,
            watched.bytes as f64 / 1024.0 / seconds,
        ),
    );
    let [server, host] = percent;
    line("", format!("age {}; of one processor: host {host:.0} %, server {server:.0} %", spread(&ages)));
    Ok(())
}
