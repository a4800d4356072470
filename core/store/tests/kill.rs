//! A process that writes is killed with -9, again and again: nothing that it was told is stored may be missing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{HOST, T, ask, company_id, confirm, end, new_session, open, right_code};
use common::{technician_id, to_customer, with_company};
use hospes_session::model::SessionState;
use hospes_session::quota::Limits;
use hospes_store::model::SessionFilter;
use hospes_store::outbox::{DeliveryFilter, DeliveryState, NewDelivery, Tried};
use hospes_store::{Outbox, Store};
use sqlx::{Connection, Row};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command as Process, Stdio};
use std::time::Duration;

const KILLS: u64 = 60;
const WORKERS: u8 = 4;
/// What a session goes through, one acknowledged call each.
const STAGES: [&str; 4] = ["session.prepared", "session.claimed", "session.activated", "session.ended"];
/// Those that somebody is told of.
const TOLD: [&str; 3] = [STAGES[0], STAGES[2], STAGES[3]];
const LIMITS: Limits = Limits { per_technician: 1, per_company: 4, lease: common::DAY };
const DIRECTORY: &str = "HOSPES_TEST_KILL_DIRECTORY";
const ROUND: &str = "HOSPES_TEST_KILL_ROUND";

/// One line for each thing that the store said is done.
fn told(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes()).unwrap();
    out.write_all(b"\n").unwrap();
    out.flush().unwrap();
}

/// The process that is killed; started by the test below only.
#[test]
#[ignore = "runs as a child of r11_kill_minus_9_loses_nothing_acknowledged"]
fn child() {
    let Ok(directory) = std::env::var(DIRECTORY) else { return };
    let round: u64 = std::env::var(ROUND).unwrap().parse().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = open(Path::new(&directory)).await;
        told("ready");
        let workers: Vec<_> = (1..=WORKERS).map(|who| tokio::spawn(work(store.clone(), who, round))).collect();
        for worker in workers {
            worker.await.unwrap();
        }
    });
}

async fn work(store: hospes_store::sqlite::SqliteStore, who: u8, round: u64) {
    // What the one before left open is ended first: one session per technician.
    for session in store.sessions(company_id(1), &SessionFilter::default()).await.unwrap() {
        if session.technician == technician_id(who) && session.is_open() {
            ask(&store, session.id, end(), T).await.unwrap();
            told(&format!("ended {}", session.id));
        }
    }
    for number in 0..500 {
        let new = new_session(1, who, round * 1000 + number, T);
        let id = new.session.id;
        let notice = serde_json::json!({ "link": number });
        let audit = common::audit("session.prepare");
        store.prepare(&new.session, LIMITS, 4, b"verifier", &notice, &audit).await.unwrap();
        told(&format!("session.prepared {id}"));
        ask(&store, id, right_code(&new), T).await.unwrap();
        told(&format!("session.claimed {id}"));
        ask(&store, id, confirm(), T).await.unwrap();
        told(&format!("session.activated {id}"));
        if let Some(entry) = store.outbox(0, 1).await.unwrap().first() {
            // Another worker may have come with the same entry; then nothing is made of it here.
            let new = NewDelivery { recipient: None, ..to_customer(entry.id as u64) };
            for made in store.fan_out(entry.id, &[new], T).await.unwrap() {
                told(&format!("made {} {}", entry.id, made.id));
                let claimed = store.claim(made.id, T, T + 60_000).await.unwrap().unwrap();
                store.finish(made.id, claimed.attempts, &Tried::Delivered, T).await.unwrap();
                told(&format!("delivered {}", made.id));
            }
        }
        ask(&store, id, end(), T).await.unwrap();
        told(&format!("session.ended {id}"));
    }
}

/// Runs the child for a while, kills it, and gives the lines that it wrote.
fn run_and_kill(directory: &Path, round: u64, life: Duration) -> Vec<String> {
    let complaints = directory.join("stderr");
    let mut child = Process::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored", "--nocapture", "--test-threads=1"])
        .env(DIRECTORY, directory)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(&complaints).unwrap())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    // Some are killed while they open the database, the others at work.
    if !round.is_multiple_of(10) {
        let mut line = String::new();
        while !line.ends_with("ready\n") {
            line.clear();
            assert_ne!(output.read_line(&mut line).unwrap(), 0, "the child did not start");
        }
    }
    // What it says meanwhile is read, so that it never waits for us.
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        output.read_to_string(&mut text).unwrap();
        text
    });
    std::thread::sleep(life);
    child.kill().unwrap(); // SIGKILL
    child.wait().unwrap();
    let text = reader.join().unwrap();
    let complaint = std::fs::read_to_string(&complaints).unwrap();
    assert!(complaint.is_empty(), "round {round}: {complaint}");
    // A line without its end was never told.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn r11_kill_minus_9_loses_nothing_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    with_company(directory.path(), WORKERS).await.close().await;
    // How far each session is known to have come, which outbox entries became which deliveries, and which arrived.
    let mut reached: BTreeMap<String, usize> = BTreeMap::new();
    let mut made: BTreeMap<i64, String> = BTreeMap::new();
    let mut delivered: BTreeSet<String> = BTreeSet::new();
    // On a busy machine a child does little before it is killed: then more are.
    for round in 0..20 * KILLS {
        if round >= KILLS && reached.len() > 50 && !delivered.is_empty() {
            break;
        }
        let life = Duration::from_micros(500 + round * 7919 % 60 * 1000);
        let path = directory.path().to_owned();
        let lines = tokio::task::spawn_blocking(move || run_and_kill(&path, round, life)).await.unwrap();
        for line in &lines {
            let Some((what, id)) = line.split_once(' ') else { continue };
            if what == "delivered" {
                delivered.insert(id.to_owned());
            } else if what == "made" {
                let (entry, delivery) = id.split_once(' ').unwrap();
                let before = made.insert(entry.parse().unwrap(), delivery.to_owned());
                assert_eq!(before, None, "round {round}: entry {entry} was made into deliveries twice");
            } else if what == "ended" {
                reached.insert(id.to_owned(), 4);
            } else if let Some(stage) = STAGES.iter().position(|stage| *stage == what) {
                reached.insert(id.to_owned(), stage + 1);
            }
        }
        verify(directory.path(), &reached, &made, &delivered, round).await;
    }
    assert!(reached.len() > 50, "only {} sessions were written: nothing was tried", reached.len());
    assert!(!delivered.is_empty());
    eprintln!(
        "{KILLS} kills or more, {} sessions acknowledged, {} outbox entries delivered",
        reached.len(),
        delivered.len()
    );
}

async fn verify(
    directory: &Path,
    reached: &BTreeMap<String, usize>,
    made: &BTreeMap<i64, String>,
    delivered: &BTreeSet<String>,
    round: u64,
) {
    let mut db =
        sqlx::SqliteConnection::connect(&format!("sqlite:{}", directory.join("hospes.db").display())).await.unwrap();
    let check: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut db).await.unwrap();
    assert_eq!(check, "ok", "round {round}");
    let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in sqlx::query("SELECT session, event FROM outbox ORDER BY id").fetch_all(&mut db).await.unwrap() {
        told.entry(row.get(0)).or_default().push(row.get(1));
    }
    db.close().await.unwrap();

    let store = open(directory).await;
    let all = store.sessions(company_id(1), &SessionFilter::default()).await.unwrap();
    let found: BTreeMap<_, _> = all.iter().map(|session| (session.id.to_string(), session)).collect();
    for (id, stage) in reached {
        let session = found.get(id).unwrap_or_else(|| panic!("round {round}: session {id} is lost"));
        let stands = match &session.state {
            SessionState::Prepared(prepared) => 1 + usize::from(prepared.claimed_by == Some(HOST)),
            SessionState::Active(_) => 3,
            SessionState::Ended(_) => 4,
        };
        assert!(stands >= *stage, "round {round}: session {id} was at {stage}, now {stands}");
    }
    for (id, session) in &found {
        let expect = match &session.state {
            SessionState::Prepared(_) => TOLD[..1].to_vec(),
            SessionState::Active(_) => TOLD[..2].to_vec(),
            SessionState::Ended(ended) if ended.was_active.is_some() => TOLD.to_vec(),
            SessionState::Ended(_) => vec![TOLD[0], TOLD[2]],
        };
        assert_eq!(told.get(id).map(Vec::as_slice).unwrap_or_default(), expect, "round {round}: outbox of {id}");
    }
    let waiting: BTreeSet<_> = store.outbox(0, u32::MAX).await.unwrap().iter().map(|entry| entry.id).collect();
    assert!(
        made.keys().all(|entry| !waiting.contains(entry)),
        "round {round}: entries that became deliveries are back"
    );
    let filter = DeliveryFilter { limit: 1_000_000, ..DeliveryFilter::default() };
    let deliveries = store.deliveries(company_id(1), &filter).await.unwrap();
    let kept: BTreeMap<String, _> = deliveries.iter().map(|found| (found.id.to_string(), found)).collect();
    for id in made.values() {
        let found = kept.get(id).unwrap_or_else(|| panic!("round {round}: delivery {id} is lost"));
        assert!(!delivered.contains(id) || found.state == DeliveryState::Delivered, "round {round}: {id} is back");
    }
    let open_sessions = all.iter().filter(|session| session.is_open()).count();
    assert!(open_sessions <= 4, "round {round}: {open_sessions} seats are held");
    for who in 1..=WORKERS {
        let own = all.iter().filter(|session| session.is_open() && session.technician == technician_id(who)).count();
        let usage = store.usage(company_id(1), technician_id(who)).await.unwrap();
        assert_eq!(usage, (own as u32, open_sessions as u32), "round {round}");
        assert!(own <= 1);
    }
    store.verify_audit(Some(company_id(1))).await.unwrap_or_else(|error| panic!("round {round}: {error}"));
    store.close().await;
}
