//! A server, a host and their clocks, in simulated time: a day of support in a millisecond, without a socket.
//! The host does what the agent does: it keeps its lease in a [`LeaseClock`], says nothing while it is offline, and
//! removes itself when its lease is over or it hears that the session has ended.
#![allow(dead_code, reason = "each test binary uses a part")]

use hospes_session::capability::CapabilityId;
use hospes_session::code::{SecurityCode, hash_code};
use hospes_session::id::{CompanyId, TechnicianId};
use hospes_session::lease::{LeaseClock, Left, Reading};
use hospes_session::model::{EndReason, HostFacts, HostKey, Language, Session, SessionState};
use hospes_session::prepare::{NewSession, RANDOM, Request, prepare};
use hospes_session::rules::{Answer, Command, Event, decide};

pub(crate) const SECOND: u64 = 1000;
pub(crate) const MINUTE: u64 = 60 * SECOND;
pub(crate) const HOUR: u64 = 60 * MINUTE;
pub(crate) const DAY: u64 = 24 * HOUR;
pub(crate) const START: u64 = 1_800_000_000_000;

pub(crate) fn new_session(number: u8, technician: u8, now: u64) -> NewSession {
    let licensed = [CapabilityId::new("remote-control").unwrap()].into();
    let request = Request {
        company: CompanyId::from_parts(1, [1; 16]),
        technician: TechnicianId::from_parts(1, [technician; 16]),
        customer_email: "ana@example.com",
        customer_name: None,
        language: Language::En,
        note: None,
        password: None,
        capabilities: None,
        licensed: &licensed,
        lease_length: DAY,
        code_lifetime: HOUR,
    };
    prepare(&request, now, &[number; RANDOM]).unwrap()
}

pub(crate) fn facts() -> HostFacts {
    HostFacts { os: "linux".into(), hostname: "pc".into(), agent: "0.1.0".into() }
}

pub(crate) struct Host {
    pub(crate) key: HostKey,
    pub(crate) lease: Option<LeaseClock>,
    pub(crate) online: bool,
    pub(crate) powered: bool,
    pub(crate) removed: bool,
    wall: i64,
    monotonic: u64,
    boot: u32,
}

pub(crate) struct World {
    pub(crate) now: u64,
    pub(crate) new: NewSession,
    pub(crate) session: Session,
    pub(crate) host: Host,
    pub(crate) events: Vec<Event>,
}

impl World {
    pub(crate) fn prepared() -> Self {
        let new = new_session(1, 1, START);
        let host = Host {
            key: HostKey([7; 32]),
            lease: None,
            online: true,
            powered: true,
            removed: false,
            wall: START as i64 + 90 * MINUTE as i64, // its clock and the server's never agreed
            monotonic: HOUR,
            boot: 1,
        };
        Self { now: START, session: new.session.clone(), new, host, events: vec![Event::Prepared] }
    }

    pub(crate) fn active() -> Self {
        let mut world = Self::prepared();
        assert_eq!(world.right_code(), Answer::CodeRight);
        assert_eq!(world.confirm(), Answer::Done);
        world
    }

    pub(crate) fn ask(&mut self, command: &Command) -> Answer {
        let decision = decide(&self.session, command, self.now);
        assert_eq!(decision.next == self.session, decision.events.is_empty(), "every change is told, and nothing else");
        self.session = decision.next;
        self.events.extend(decision.events);
        decision.answer
    }

    pub(crate) fn code(&mut self, code: &SecurityCode, host_key: HostKey) -> Answer {
        let code_hash = hash_code(&self.new.token, code);
        self.ask(&Command::TryCode { code_hash, host_key })
    }

    pub(crate) fn right_code(&mut self) -> Answer {
        let code = self.new.code.clone();
        self.code(&code, self.host.key)
    }

    pub(crate) fn wrong_code(&mut self) -> Answer {
        let code = SecurityCode::from_random((1_000_000 - 1u64).to_le_bytes());
        assert_ne!(code, self.new.code);
        self.code(&code, self.host.key)
    }

    pub(crate) fn confirm(&mut self) -> Answer {
        let answer = self.ask(&Command::ConfirmHost { host_key: self.host.key, host: facts() });
        if answer == Answer::Done && self.host.lease.is_none() {
            let length = self.session.lease_length;
            let boot = self.host.boot.to_string();
            self.host.lease = Some(LeaseClock::start(length, self.host.reading(&boot)));
        }
        answer
    }

    pub(crate) fn end(&mut self, reason: EndReason) -> Answer {
        self.ask(&Command::End { reason })
    }

    /// Both sides live on for `length`, second by second at first and minute by minute later.
    pub(crate) fn pass(&mut self, length: u64) {
        let end = self.now + length;
        while self.now < end {
            let step = if length > 10 * MINUTE { MINUTE } else { SECOND }.min(end - self.now);
            self.now += step;
            self.host.wall += step as i64;
            if self.host.powered {
                self.host.monotonic += step;
                self.host_lives();
            }
            self.ask(&Command::Tick);
        }
    }

    fn host_lives(&mut self) {
        let boot = self.host.boot.to_string();
        let reading = self.host.reading(&boot);
        if self.host.removed {
            return;
        }
        let Some(lease) = &mut self.host.lease else { return };
        let mut over = lease.observe(reading) == Left::Over;
        if self.host.online {
            match &self.session.state {
                SessionState::Active(active) => {
                    over |= lease.narrow(active.lease_expires_at.saturating_sub(self.now)) == Left::Over;
                }
                _ => over = true,
            }
        }
        if over {
            self.host.removed = true;
            if self.host.online {
                self.ask(&Command::HostRemoved { host_key: self.host.key });
            }
        }
    }

    pub(crate) fn power_off(&mut self) {
        self.host.powered = false;
    }

    pub(crate) fn power_on(&mut self) {
        self.host.powered = true;
        self.host.monotonic = 0;
        self.host.boot += 1;
    }

    pub(crate) fn set_host_clock(&mut self, by: i64) {
        self.host.wall += by;
    }

    pub(crate) fn host_left(&self) -> Left {
        self.host.lease.as_ref().map_or(Left::Over, LeaseClock::left)
    }

    pub(crate) fn end_reason(&self) -> Option<EndReason> {
        match &self.session.state {
            SessionState::Ended(ended) => Some(ended.reason),
            _ => None,
        }
    }
}

impl Host {
    fn reading<'a>(&self, boot: &'a str) -> Reading<'a> {
        Reading { wall: self.wall.max(0) as u64, monotonic: self.monotonic, boot }
    }
}
