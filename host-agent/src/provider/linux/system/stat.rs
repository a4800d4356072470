//! One line of `/proc/PID/stat`: all that a look at a process needs.

use hospes_runtime::provider::system::Process;
use std::sync::OnceLock;

/// What a tick is: `USER_HZ`, 100 on every Linux that Rust runs on.
pub(super) const TICKS: u64 = 100;
/// `PF_KTHREAD` of the kernel's flags.
const KERNEL_THREAD: u64 = 0x0020_0000;
/// `AT_PAGESZ` of the auxiliary vector.
const PAGE_SIZE: usize = 6;

/// What the line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stat {
    /// Cut at 15 bytes by the kernel.
    pub(super) name: String,
    pub(super) kernel: bool,
    pub(super) zombie: bool,
    pub(super) parent: u32,
    /// Processor time, in ticks.
    pub(super) busy: u64,
    /// When it started, in ticks since the computer did.
    pub(super) started: u64,
    /// Resident pages.
    pub(super) pages: u64,
}

impl Stat {
    /// Of the process with that id now; none when there is none.
    pub(super) fn read(id: u32) -> Option<Self> {
        Self::parse(&std::fs::read(format!("/proc/{id}/stat")).ok()?)
    }

    /// The name stands in parentheses and may hold anything, parentheses too.
    fn parse(line: &[u8]) -> Option<Self> {
        let open = line.iter().position(|byte| *byte == b'(')?;
        let close = line.iter().rposition(|byte| *byte == b')')?;
        let name = String::from_utf8_lossy(line.get(open + 1..close)?).into_owned();
        let rest = std::str::from_utf8(line.get(close + 1..)?).ok()?;
        // The first of these is field 3 of proc_pid_stat(5).
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
        Some(Self {
            name,
            kernel: number(9)? & KERNEL_THREAD != 0,
            zombie: fields.first().is_some_and(|state| *state == "Z"),
            parent: u32::try_from(number(4)?).ok()?,
            busy: number(14)?.saturating_add(number(15)?),
            started: number(22)?,
            pages: number(24).unwrap_or(0),
        })
    }

    /// When it started, milliseconds since 1970, to the tick. Reckoned from one moment of booting that is kept, so a clock
    /// that is set meanwhile does not make another process of it.
    pub(super) fn started_at(&self) -> u64 {
        crate::provider::booted().saturating_add(self.started.saturating_mul(1000 / TICKS))
    }

    /// As plugins see it, without whose it is and what it uses.
    pub(super) fn process(&self, id: u32, name: String) -> Process {
        Process {
            id,
            parent: Some(self.parent).filter(|parent| *parent != 0),
            name,
            user: String::new(),
            cpu: 0.0,
            memory: self.pages.saturating_mul(page_size()),
            started: self.started_at(),
        }
    }
}

/// Bytes of a page, as the kernel told this process.
fn page_size() -> u64 {
    static SIZE: OnceLock<u64> = OnceLock::new();
    *SIZE.get_or_init(|| {
        let vector = std::fs::read("/proc/self/auxv").unwrap_or_default();
        let (words, _) = vector.as_chunks::<{ size_of::<usize>() }>();
        let words: Vec<usize> = words.iter().map(|word| usize::from_ne_bytes(*word)).collect();
        let (pairs, _) = words.as_chunks::<2>();
        let found = pairs.iter().find(|[kind, _]| *kind == PAGE_SIZE).map(|[_, size]| *size as u64);
        found.unwrap_or(4096)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: &[u8] =
        b" S 1 10 10 0 -1 4194560 7 0 0 0 120 30 0 0 20 0 4 0 4567 1000000 250 18446744073709551615 1 1 0";

    fn check(name: &[u8], expect: Option<&str>) {
        let line = [b"10 (", name, b")", REST].concat();
        let stat = Stat::parse(&line);
        assert_eq!(stat.as_ref().map(|stat| stat.name.as_str()), expect);
        if let Some(stat) = stat {
            assert_eq!((stat.parent, stat.busy, stat.started, stat.pages), (1, 150, 4567, 250));
            assert!(!stat.kernel && !stat.zombie);
        }
    }

    #[test]
    fn a_name_may_hold_anything() {
        check(b"cat", Some("cat"));
        check(b"a b) S 7 (c", Some("a b) S 7 (c"));
        check(b"\xff", Some("\u{fffd}"));
        check(b"", Some(""));
    }

    #[test]
    fn a_line_that_is_none_is_no_process() {
        for line in [&b""[..], b"10", b"10 (cat", b"10 (cat)", b"10 (cat) S x", b") 10 ("] {
            assert_eq!(Stat::parse(line), None, "{:?}", String::from_utf8_lossy(line));
        }
    }

    #[test]
    fn this_process_is_found_with_its_memory() {
        let stat = Stat::read(std::process::id()).unwrap();
        let memory = stat.process(1, String::new()).memory;
        assert!(page_size().is_power_of_two() && memory > 1 << 20, "{memory}");
        let now = crate::lease_keeper::wall();
        assert!(stat.started_at() <= now + 1000 && stat.started_at() + 3_600_000 > now, "{}", stat.started_at());
    }
}
