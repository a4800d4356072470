//! Drives and what passed over them, from `/proc/diskstats`.

use hospes_runtime::provider::system::Drive;
use hospes_runtime::provider::{Error, Result};
use std::path::Path;

/// Bytes of a sector in `/proc/diskstats`, whatever the drive's own are.
const SECTOR: u64 = 512;

/// Whole drives that have a device behind them: a partition's bytes are its drive's, a mapper's those of what is below.
pub(super) fn read() -> Result<Vec<Drive>> {
    let text = std::fs::read_to_string("/proc/diskstats")
        .map_err(|error| Error::Unavailable(format!("the kernel does not count what passes over drives: {error}")))?;
    Ok(parse(&text, |name| Path::new("/sys/block").join(name).join("device").exists()))
}

fn parse(text: &str, is_drive: impl Fn(&str) -> bool) -> Vec<Drive> {
    let drive = |line: &str| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let bytes = |field: usize| fields.get(field)?.parse::<u64>().ok()?.checked_mul(SECTOR);
        let name = *fields.get(2)?;
        // Names are one component; a slash in them stands as `!` below /sys.
        is_drive(name).then_some(())?;
        Some(Drive { name: name.to_owned(), read: bytes(5)?, written: bytes(9)? })
    };
    text.lines().filter_map(drive).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_drives_are_counted_once() {
        let text = "   7       0 loop0 0 0 0 0 0 0 0 0 0 0 0\n 254       0 vda 5 1 100 3 7 2 200 9 0 2 4\n \
                    254       1 vda1 4 1 90 3 7 2 180 9 0 2 4\n 253 0 dm-0 1 1 1 1 1 1 1 1 1 1 1\n short\n";
        let drives = parse(text, |name| name == "vda");
        assert_eq!(drives, [Drive { name: "vda".into(), read: 51_200, written: 102_400 }]);
    }
}
