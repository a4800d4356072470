//! No order of commands breaks a quota (R7), a seat (R18), or revives an ended session (R15).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod world;

use hospes_session::capability::CapabilityId;
use hospes_session::code::{SecurityCode, hash_code};
use hospes_session::model::{Active, EndReason, HostKey, Session, SessionState};
use hospes_session::prepare::NewSession;
use hospes_session::quota::{Limits, Usage, admit};
use hospes_session::rules::{Answer, Command, Event, MAX_WRONG_CODES, decide};
use proptest::prelude::*;
use world::{DAY, HOUR, START, facts, new_session};

#[derive(Clone, Debug)]
enum Act {
    Prepare { technician: u8 },
    Code { session: usize, right: bool, host: u8 },
    Confirm { session: usize, host: u8 },
    Refuse { session: usize },
    End { session: usize, reason: EndReason },
    Removed { session: usize, host: u8 },
    Choose { session: usize, capabilities: Vec<CapabilityId> },
    Away { session: usize },
    Back { session: usize },
    Sweep,
    Wait(u64),
    ClockBack(u64),
}

fn act() -> impl Strategy<Value = Act> {
    let session = 0..6usize;
    let host = 1..3u8;
    let reason = prop::sample::select(vec![
        EndReason::Technician,
        EndReason::Customer,
        EndReason::LeaseExpired,
        EndReason::LinkExpired,
        EndReason::CodeBurned,
        EndReason::Licence,
        EndReason::Operator,
    ]);
    prop_oneof![
        4 => (1..4u8).prop_map(|technician| Act::Prepare { technician }),
        4 => (session.clone(), any::<bool>(), host.clone())
            .prop_map(|(session, right, host)| Act::Code { session, right, host }),
        3 => (session.clone(), host.clone()).prop_map(|(session, host)| Act::Confirm { session, host }),
        1 => session.clone().prop_map(|session| Act::Refuse { session }),
        1 => (session.clone(), reason).prop_map(|(session, reason)| Act::End { session, reason }),
        1 => (session.clone(), host).prop_map(|(session, host)| Act::Removed { session, host }),
        1 => (session.clone(), prop::sample::subsequence(vec!["dashboard", "file-manager", "remote-control"], 1..3))
            .prop_map(|(session, names)| {
                let capabilities = names.into_iter().map(|name| CapabilityId::new(name).unwrap()).collect();
                Act::Choose { session, capabilities }
            }),
        1 => session.clone().prop_map(|session| Act::Away { session }),
        1 => session.prop_map(|session| Act::Back { session }),
        1 => Just(Act::Sweep),
        2 => prop_oneof![0..HOUR, 0..2 * DAY].prop_map(Act::Wait),
        1 => (0..DAY).prop_map(Act::ClockBack),
    ]
}

/// What must hold from one value of a session to the next.
fn lawful(before: &Session, after: &Session, events: &[Event], now: u64) -> Result<(), TestCaseError> {
    prop_assert_eq!((before.id, before.company, before.technician), (after.id, after.company, after.technician));
    prop_assert_eq!(before == after, events.is_empty());
    let chosen = events.iter().any(|event| matches!(event, Event::Chosen { .. }));
    prop_assert_eq!(before.capabilities != after.capabilities, chosen, "R20 nothing but a choice changes it");
    prop_assert!(!chosen || after.is_open(), "R20 while it is open");
    match (&before.state, &after.state) {
        (SessionState::Ended(was), SessionState::Ended(is)) => {
            prop_assert_eq!((was.at, was.reason, &was.was_active), (is.at, is.reason, &is.was_active), "R15");
        }
        (SessionState::Ended(_), _) => prop_assert!(false, "R15 revived"),
        (SessionState::Active(was), SessionState::Active(is)) => {
            let told = was.told;
            prop_assert_eq!(was, &Active { told, ..is.clone() }, "R5 the lease stands");
            let ending = events.iter().filter(|event| matches!(event, Event::LeaseEnding)).count();
            prop_assert!(ending == usize::from(told.lease_ending != is.told.lease_ending), "R19 told once");
            prop_assert!(told.lease_ending.is_none() || told.lease_ending == is.told.lease_ending, "R19 told once");
        }
        (SessionState::Active(_), SessionState::Prepared(_)) => prop_assert!(false, "back to prepared"),
        (SessionState::Prepared(was), SessionState::Active(is)) => {
            prop_assert_eq!(was.claimed_by, Some(is.host_key), "R4 only the host that knew the code");
            prop_assert!(now < was.expires_at, "R4 in time");
            prop_assert_eq!(is.lease_expires_at, now + before.lease_length, "R5");
        }
        (SessionState::Prepared(was), SessionState::Prepared(is)) => {
            prop_assert_eq!(was.expires_at, is.expires_at);
            prop_assert!(is.wrong_codes < MAX_WRONG_CODES && is.wrong_codes >= was.wrong_codes, "R4");
            prop_assert!(was.claimed_by.is_none() || was.claimed_by == is.claimed_by, "R4 single use");
        }
        (_, SessionState::Ended(_)) => {
            let ends = events.iter().filter(|event| matches!(event, Event::Ended { .. })).count();
            prop_assert_eq!(ends, 1, "an end is told once");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn r7_r15_r18_no_order_of_commands_breaks_a_rule(acts in prop::collection::vec(act(), 1..80)) {
        let limits = Limits { per_technician: 1, per_company: 2, lease: DAY };
        let seats = 2;
        let mut now = START;
        let mut all: Vec<(NewSession, Session)> = Vec::new();
        for act in acts {
            let command = match &act {
                Act::Prepare { technician } => {
                    let new = new_session(u8::try_from(all.len() + 1).unwrap(), *technician, now);
                    let open = |own: bool| all.iter().filter(|(_, session)| {
                        session.is_open() && (!own || session.technician == new.session.technician)
                    }).count() as u32;
                    let usage = Usage { technician_open: open(true), company_open: open(false), seats };
                    if admit(usage, limits).is_ok() {
                        all.push((new.clone(), new.session));
                    }
                    None
                }
                Act::Wait(length) => { now += length; None }
                Act::ClockBack(length) => { now -= length; None }
                Act::Sweep => Some((None, Command::Tick)),
                Act::Code { session, right, host } => all.get(*session).map(|(new, _)| {
                    let code = if *right { new.code.clone() } else { SecurityCode::from_random([0; 8]) };
                    let code_hash = hash_code(&new.token, &code);
                    (Some(*session), Command::TryCode { code_hash, host_key: HostKey([*host; 32]) })
                }),
                Act::Confirm { session, host } =>
                    Some((Some(*session), Command::ConfirmHost { host_key: HostKey([*host; 32]), host: facts() })),
                Act::Refuse { session } => Some((Some(*session), Command::RefuseHost { reason: "x".into() })),
                Act::End { session, reason } => Some((Some(*session), Command::End { reason: *reason })),
                Act::Choose { session, capabilities } =>
                    Some((Some(*session), Command::Choose { capabilities: capabilities.clone() })),
                Act::Removed { session, host } =>
                    Some((Some(*session), Command::HostRemoved { host_key: HostKey([*host; 32]) })),
                Act::Away { session } => Some((Some(*session), Command::HostOffline)),
                Act::Back { session } => Some((Some(*session), Command::HostOnline)),
            };
            if let Some((which, command)) = command {
                for (place, (_, session)) in all.iter_mut().enumerate() {
                    if which.is_none_or(|which| which == place) {
                        let decision = decide(session, &command, now);
                        lawful(session, &decision.next, &decision.events, now)?;
                        let again = decide(&decision.next, &Command::Tick, now);
                        if matches!(command, Command::Tick) {
                            prop_assert!(again.events.is_empty(), "sweeping twice changes nothing");
                        }
                        let json = serde_json::to_string(&decision.next).unwrap();
                        prop_assert_eq!(&serde_json::from_str::<Session>(&json).unwrap(), &decision.next);
                        *session = decision.next;
                    }
                }
            }
            let open: Vec<_> = all.iter().map(|(_, session)| session).filter(|session| session.is_open()).collect();
            prop_assert!(open.len() <= limits.per_company as usize, "R7 company");
            prop_assert!(open.len() <= seats as usize, "R18");
            for session in &open {
                let own = open.iter().filter(|other| other.technician == session.technician).count();
                prop_assert!(own <= limits.per_technician as usize, "R7 technician");
            }
        }
    }

    #[test]
    fn r4_five_codes_are_all_that_anybody_gets(guesses in prop::collection::vec((0..1_000_000u64, 1..4u8), 5..60)) {
        let new = new_session(3, 1, START);
        let mut session = new.session.clone();
        let mut told = 0;
        for (guess, host) in guesses {
            let code_hash = hash_code(&new.token, &SecurityCode::from_random(guess.to_le_bytes()));
            let decision = decide(&session, &Command::TryCode { code_hash, host_key: HostKey([host; 32]) }, START + 1);
            told += usize::from(matches!(decision.answer, Answer::CodeWrong { .. } | Answer::CodeRight)
                && !decision.events.is_empty());
            session = decision.next;
        }
        prop_assert!(told <= usize::from(MAX_WRONG_CODES));
    }
}
