//! The table on standard output: one line for each figure, with its unit.

use anyhow::Result;
use hospes_tests::process::executable;
use std::fmt::Display;
use std::time::Duration;

/// What was measured on, and with what.
pub(crate) fn machine() -> Result<()> {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split(':').nth(1)).unwrap_or("unknown").trim().to_owned()
    };
    let processors = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    println!(
        "machine: {} x {}, memory {}, Linux {}, load {}",
        processors,
        field(&read("/proc/cpuinfo"), "model name"),
        field(&read("/proc/meminfo"), "MemTotal"),
        read("/proc/sys/kernel/osrelease").trim(),
        read("/proc/loadavg").split(' ').next().unwrap_or("unknown"),
    );
    println!("server, host, viewer, desktop and everything compared with run on it at once, over loopback");
    section("executables");
    for name in ["hospes", "hospes-agent"] {
        let path = executable(name)?;
        let folder = path.parent().and_then(|folder| folder.file_name()).unwrap_or_default().to_string_lossy();
        line(&format!("{name} ({folder} build)"), mib(std::fs::metadata(&path)?.len()));
    }
    Ok(())
}

/// A headline.
pub(crate) fn section(name: &str) {
    println!("\n{name}");
}

/// One figure.
pub(crate) fn line(what: &str, value: impl Display) {
    println!("  {what:<62} {value}");
}

/// A remark that the figures need.
pub(crate) fn note(text: impl Display) {
    println!("  ({text})");
}

/// Bytes as MiB.
pub(crate) fn mib(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

/// Milliseconds.
pub(crate) fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

/// The value below which this part of them lies; the default when there are none.
pub(crate) fn part<T: Copy + Default + PartialOrd>(values: &[T], part: f64) -> T {
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    let index = (sorted.len().saturating_sub(1) as f64 * part).round() as usize;
    sorted.get(index).copied().unwrap_or_default()
}

/// The middle one.
pub(crate) fn median<T: Copy + Default + PartialOrd>(values: &[T]) -> T {
    part(values, 0.5)
}

/// Median, 95th percentile and how many there were.
pub(crate) fn spread(times: &[Duration]) -> String {
    format!("p50 {}, p95 {} (n {})", ms(median(times)), ms(part(times, 0.95)), times.len())
}
