//! The computer as plugins see it, beside what `/proc` says, and ending one process and no other.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use hospes_agent::provider::linux::{Options, providers};
use hospes_runtime::provider::Error;
use hospes_runtime::provider::system::{Process, SystemSession};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn open() -> Box<dyn SystemSession> {
    let options = Options { display: Some(":none".into()), folders: Vec::new(), before_making: Arc::new(|_| Ok(())) };
    providers(options).providers.system.unwrap().open().unwrap()
}

fn proc(path: &str) -> String {
    std::fs::read_to_string(format!("/proc/{path}")).unwrap()
}

/// A line of `/proc/meminfo`, in bytes.
fn memory(key: &str) -> u64 {
    let text = proc("meminfo");
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':')).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() * 1024
}

fn near(what: &str, told: u64, real: u64, tolerance: u64) {
    assert!(told.abs_diff(real) <= tolerance, "{what}: told {told}, read {real}");
}

#[test]
fn r10_figures_are_those_of_proc() {
    let mut session = open();
    let facts = session.about().unwrap();
    assert_eq!(facts.hostname, proc("sys/kernel/hostname").trim());
    assert_eq!(facts.kernel, proc("sys/kernel/osrelease").trim());
    let processors = proc("stat").lines().filter(|line| line.starts_with("cpu") && !line.starts_with("cpu ")).count();
    assert_eq!((facts.cores as usize, facts.memory), (processors, memory("MemTotal")));
    let booted = proc("stat").lines().find_map(|line| line.strip_prefix("btime ")?.parse::<u64>().ok()).unwrap();
    near("booted", facts.booted, booted * 1000, 1000);
    assert!(facts.os.starts_with("Linux") && !facts.cpu.is_empty() && facts.architecture == std::env::consts::ARCH);

    let load = session.sample().unwrap();
    assert_eq!((load.cpu.len(), load.memory_total), (processors, memory("MemTotal")));
    near("memory", load.memory_used, memory("MemTotal") - memory("MemAvailable"), 512 << 20);
    near("swap", load.swap_total, memory("SwapTotal"), 0);

    let networks = session.networks().unwrap();
    let lines = proc("net/dev");
    for network in &networks {
        let line = lines.lines().find_map(|line| line.trim().strip_prefix(&format!("{}:", network.name))).unwrap();
        let fields: Vec<u64> = line.split_whitespace().map(|field| field.parse().unwrap()).collect();
        near(&network.name, network.received, fields[0], 64 << 20);
        near(&network.name, network.sent, fields[8], 64 << 20);
    }
    let lo = networks.iter().find(|network| network.name == "lo").unwrap();
    assert!(lo.addresses.contains(&"127.0.0.1/8".to_owned()), "{:?}", lo.addresses);

    let root = session.disks().unwrap().into_iter().find(|disk| disk.mount == "/").unwrap();
    let real = rustix::fs::statvfs("/").unwrap();
    assert_eq!(root.total, real.f_blocks * real.f_frsize);
    near("available", root.available, real.f_bavail * real.f_frsize, 1 << 30);
}

#[test]
fn a_busy_processor_is_seen_as_busy() {
    let mut session = open();
    session.sample().unwrap();
    session.processes().unwrap();
    let mut child = Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap();
    // Known from the next look on, measured from the one after it.
    session.processes().unwrap();
    let start = Instant::now();
    std::thread::sleep(Duration::from_millis(1000));
    let load = session.sample().unwrap();
    let share = of(&session.processes().unwrap(), child.id()).unwrap().cpu;
    let passed = start.elapsed().as_secs_f32();
    let stat = proc(&format!("{}/stat", child.id()));
    child.kill().unwrap();
    child.wait().unwrap();
    // Others may use the processors too: what it got is what the kernel says that it got.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let got = (fields[11].parse::<f32>().unwrap() + fields[12].parse::<f32>().unwrap()) / 100.0 / passed;
    assert!((share - got).abs() < 0.25, "told {share}, got {got}");
    assert!(load.cpu.iter().copied().fold(0.0, f32::max) > 0.5 * got, "{:?} for {got}", load.cpu);
}

fn of(processes: &[Process], id: u32) -> Option<Process> {
    processes.iter().find(|process| process.id == id).cloned()
}

fn sleeper() -> Child {
    Command::new("sleep").arg("1000").spawn().unwrap()
}

#[test]
fn processes_have_their_names_parents_and_users() {
    let folder = tempfile::tempdir().unwrap();
    let long = folder.path().join("a-program-with-a-name-that-the-kernel-cuts");
    std::fs::copy("/bin/sleep", &long).unwrap();
    let mut child = Command::new(&long).arg("1000").spawn().unwrap();
    std::thread::sleep(Duration::from_millis(100));
    let processes = open().processes().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let found = of(&processes, child.id()).unwrap();
    assert_eq!(found.name, "a-program-with-a-name-that-the-kernel-cuts");
    assert_eq!(found.parent, Some(std::process::id()));
    let own = of(&processes, std::process::id()).unwrap();
    let resident = proc("self/status");
    let resident = resident.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let resident: u64 = resident.split_whitespace().next().unwrap().parse().unwrap();
    near("memory", own.memory, resident * 1024, 32 << 20);
    let user = Command::new("id").args(["-un"]).output().unwrap();
    assert_eq!(own.user, String::from_utf8(user.stdout).unwrap().trim());
    assert_eq!(found.user, own.user);
}

#[test]
fn a_process_is_asked_to_end_or_ended() {
    let mut session = open();
    for (force, signal) in [(false, 15), (true, 9)] {
        let mut child = sleeper();
        let process = of(&session.processes().unwrap(), child.id()).unwrap();
        session.end(process.id, process.started, force).unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(signal));
        // It is gone now, and waited for.
        assert_eq!(session.end(process.id, process.started, force), Err(Error::NotFound));
        assert_eq!(of(&session.processes().unwrap(), process.id), None);
    }
}

#[test]
fn an_id_that_another_process_has_now_ends_nothing() {
    let mut session = open();
    let mut child = sleeper();
    let process = of(&session.processes().unwrap(), child.id()).unwrap();
    // What a technician would still see of a process that had this id before.
    for started in [process.started - 10, process.started + 10, 0, u64::MAX] {
        assert_eq!(session.end(process.id, started, true), Err(Error::NotFound), "{started}");
    }
    assert!(child.try_wait().unwrap().is_none(), "it runs on");
    assert_eq!(session.end(0, process.started, true), Err(Error::NotFound));
    assert_eq!(session.end(u32::MAX, process.started, true), Err(Error::NotFound));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn the_host_does_not_end_itself() {
    let mut session = open();
    let own = of(&session.processes().unwrap(), std::process::id()).unwrap();
    for (id, started) in [(own.id, own.started), (1, 0)] {
        assert!(matches!(session.end(id, started, true), Err(Error::Other("protected", _))), "{id}");
    }
}

#[test]
fn what_cannot_be_had_is_told_with_its_reason() {
    let options = Options { display: Some(":none".into()), folders: Vec::new(), before_making: Arc::new(|_| Ok(())) };
    let lent = providers(options);
    let mut session = lent.providers.system.unwrap().open().unwrap();
    let check = |interface: &str, answer: Result<(), Error>| match lent.unavailable.get(interface) {
        Some(reason) => assert_eq!(answer, Err(Error::Unavailable(reason.clone())), "{interface}"),
        None => assert_eq!(answer, Ok(()), "{interface}"),
    };
    check("hospes:system/services", session.services().map(drop));
    check("hospes:system/event-log", session.events(None, 10).map(drop));
    assert!(!lent.unavailable.contains_key("hospes:system/insight"));
}
