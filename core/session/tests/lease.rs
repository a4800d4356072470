//! The lease on the host (R5, R11): stories told in clock readings, and the property that nothing lengthens it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use hospes_session::lease::{LeaseClock, Left, Reading};
use proptest::prelude::*;

const H: u64 = 60 * 60 * 1000;
const DAY: u64 = 24 * H;
const T: u64 = 1_800_000_000_000;

/// What happens to the host's computer.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Time passes while it is on.
    On(u64),
    /// It sleeps: the wall clock goes on; the monotonic clock when it is of the good kind.
    Sleep { length: u64, counted: bool },
    /// It is off, then starts again.
    Off(u64),
    /// Somebody sets the clock, by so much.
    Set(i64),
    /// Off, and the clock is set before the host runs again.
    OffAndSet { length: u64, by: i64 },
    /// Back online: the server says what is left by its own clock.
    Server,
}
use Step::{Off, OffAndSet, On, Server, Set, Sleep};

struct Computer {
    real: u64,
    on: u64,
    wall: i64,
    monotonic: u64,
    boot: u32,
    lease: LeaseClock,
}

impl Computer {
    fn new() -> Self {
        let lease = LeaseClock::start(DAY, Reading { wall: T, monotonic: 5 * H, boot: "0" });
        Self { real: 0, on: 0, wall: T as i64, monotonic: 5 * H, boot: 0, lease }
    }

    fn step(&mut self, step: Step) -> Left {
        match step {
            On(length) => {
                self.pass(length);
                self.monotonic += length;
                self.on += length;
            }
            Sleep { length, counted } => {
                self.pass(length);
                self.monotonic += if counted { length } else { 0 };
            }
            Off(length) => {
                self.pass(length);
                self.start_again();
            }
            Set(by) => self.wall += by,
            OffAndSet { length, by } => {
                self.pass(length);
                self.wall += by;
                self.start_again();
            }
            Server => {
                self.observe();
                return self.lease.narrow(DAY.saturating_sub(self.real));
            }
        }
        self.observe()
    }

    fn pass(&mut self, length: u64) {
        self.real += length;
        self.wall += length as i64;
    }

    fn start_again(&mut self) {
        self.monotonic = 0;
        self.boot += 1;
    }

    /// Through the disk each time, as the host does.
    fn observe(&mut self) -> Left {
        let disk = serde_json::to_string(&self.lease).unwrap();
        self.lease = serde_json::from_str(&disk).unwrap();
        let boot = self.boot.to_string();
        let wall = self.wall.max(0) as u64;
        self.lease.observe(Reading { wall, monotonic: self.monotonic, boot: &boot })
    }
}

fn check(name: &str, steps: &[Step], expect: Left) {
    let mut computer = Computer::new();
    let mut left = Left::Running(DAY);
    for step in steps {
        left = computer.step(*step);
    }
    assert_eq!(left, expect, "{name}: {steps:?}");
}

#[test]
fn r5_stories_of_the_lease() {
    use Left::{Over, Running, Unsure};
    let h = H as i64;
    let year = 365 * 24 * h;
    for (name, steps, expect) in [
        ("an hour", &[On(H)] as &[Step], Running(23 * H)),
        ("to the millisecond before its end", &[On(DAY - 1)], Running(1)),
        ("to its end", &[On(DAY)], Over),
        ("clock set back while on", &[On(H), Set(-5 * h), On(H)], Running(22 * H)),
        ("clock set back again and again", &[Set(-h), On(H), Set(-h), On(H), Set(-h), On(22 * H)], Over),
        ("clock set back a year, then off", &[Set(-year), On(H), Off(2 * H), On(H)], Running(20 * H)),
        ("clock set back and forth", &[Set(-h), On(H), Set(h), On(H)], Running(22 * H)),
        ("a year's jump", &[On(H), Set(year)], Over),
        ("a year's jump, and back", &[On(H), Set(year), Set(-year), On(H)], Over),
        ("sleep, counted", &[Sleep { length: 8 * H, counted: true }], Running(16 * H)),
        ("sleep, not counted", &[Sleep { length: 8 * H, counted: false }, On(H)], Running(15 * H)),
        ("asleep over its end", &[Sleep { length: 30 * H, counted: false }], Over),
        ("R11 reboot", &[On(H), Off(H / 60), On(H)], Running(22 * H - H / 60)),
        ("off over its end", &[On(H), Off(40 * H)], Over),
        ("R11 starts with the clock of 1970", &[On(H), OffAndSet { length: H, by: -(T as i64) }], Unsure(23 * H)),
        (
            "R11 that clock is set right by the network",
            &[On(H), OffAndSet { length: H, by: -year }, On(H), Set(year)],
            Running(21 * H),
        ),
        (
            "the server makes it sure",
            &[On(H), OffAndSet { length: H, by: -year }, On(H), Server, On(H)],
            Running(20 * H),
        ),
        ("never sure, but never longer on than the lease", &[OffAndSet { length: H, by: -year }, On(DAY)], Over),
        (
            "R11 the server makes it sure before the network sets the clock right",
            &[On(H), OffAndSet { length: H, by: -year }, Server, Set(year), On(H)],
            Running(21 * H),
        ),
        (
            "off again after the server made it sure",
            &[OffAndSet { length: H, by: -year }, Server, OffAndSet { length: H, by: -h * 2 }, On(H)],
            Unsure(22 * H),
        ),
        (
            "off twice behind a clock that was set back",
            &[OffAndSet { length: H, by: -year }, Off(H), OffAndSet { length: H, by: year }],
            Running(21 * H),
        ),
        ("over stays over", &[On(DAY), Set(-year), Server, Off(H), On(1)], Over),
        ("the server cannot lengthen it", &[Set(10 * h), Server, On(H)], Running(13 * H)),
    ] {
        check(name, steps, expect);
    }
}

#[test]
fn r5_a_shorter_lease_of_the_server_stays_shorter() {
    let reading = |h: u64| Reading { wall: T + h * H, monotonic: h * H, boot: "a" };
    let mut lease = LeaseClock::start(DAY, reading(0));
    lease.observe(reading(1));
    assert_eq!(lease.narrow(10 * H), Left::Running(10 * H));
    assert_eq!(lease.observe(reading(2)), Left::Running(9 * H));
    assert_eq!(lease.narrow(20 * H), Left::Running(9 * H));
    assert_eq!(lease.ends_at(), T + 11 * H);
    assert_eq!(lease.narrow(0), Left::Over);
    assert_eq!(lease.narrow(20 * H), Left::Over);
}

#[test]
fn r5_the_jitter_of_two_clocks_does_not_add_up() {
    let mut lease = LeaseClock::start(DAY, Reading { wall: T, monotonic: 0, boot: "a" });
    for second in 1..=DAY / 1000 - 1 {
        let now = second * 1000;
        let (wall, monotonic) = if second % 2 == 0 { (T + now + 3, now) } else { (T + now, now + 3) };
        lease.observe(Reading { wall, monotonic, boot: "a" });
    }
    assert_eq!(lease.left(), Left::Running(1000 - 3));
}

fn step() -> impl Strategy<Value = Step> {
    let length = 0..12 * H;
    let by = -(40 * H as i64)..40 * H as i64;
    prop_oneof![
        length.clone().prop_map(On),
        (length.clone(), any::<bool>()).prop_map(|(length, counted)| Sleep { length, counted }),
        length.clone().prop_map(Off),
        by.clone().prop_map(Set),
        (length, by).prop_map(|(length, by)| OffAndSet { length, by }),
        Just(Server),
    ]
}

proptest! {
    #[test]
    fn r5_no_order_of_events_lengthens_the_lease(steps in prop::collection::vec(step(), 0..30)) {
        let mut computer = Computer::new();
        let mut before = DAY;
        // Nobody can see a clock that was set back and forth while the computer was off; every other time counts.
        let mut seen = true;
        for step in steps {
            seen &= !matches!(step, OffAndSet { .. });
            // A sleep that the monotonic clock does not count behind a clock set back in the same boot is not seen either.
            seen &= !matches!(step, Sleep { counted: false, .. });
            let left = computer.step(step);
            let left_ms = match left { Left::Running(ms) | Left::Unsure(ms) => ms, Left::Over => 0 };
            prop_assert!(left_ms <= before, "{:?} lengthened it from {} to {}", step, before, left_ms);
            prop_assert!(left_ms <= DAY.saturating_sub(computer.on), "longer on than the lease: {:?}", step);
            if seen {
                prop_assert!(left_ms <= DAY.saturating_sub(computer.real), "longer than the lease: {:?}", step);
            }
            before = left_ms;
        }
    }
}
