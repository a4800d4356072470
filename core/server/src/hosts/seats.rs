//! Who may stay connected: a connection that has proved no session sits apart from the hosts, on one of few seats of its
//! address, and for a short time; whoever is invited sits on one of its session's for as long as the code can be typed.

use hospes_session::id::SessionId;
use hospes_transport::{Place, Places, network};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// Hosts at a time that have proved their session.
const HOSTS: usize = 8192;
/// Connections at a time that have not.
const STRANGERS: usize = 1024;
/// Those of one address (one /64 of IPv6): a company's hosts that come back together have one for a moment each.
const EACH_ADDRESS: usize = 64;
/// Those that were told the invitation of one session. They leave their address's seats to others: many customers
/// may read behind one address.
const EACH_SESSION: usize = 8;
/// Longest time without a proof and without an invitation. A host asks for either at once.
const UNKNOWN: Duration = Duration::from_secs(30);
/// So long after its code has expired an invited one goes.
const MARGIN: Duration = Duration::from_secs(60);

/// All seats.
pub(super) struct Seats {
    hosts: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
    addresses: Arc<Places<IpAddr>>,
    sessions: Arc<Places<SessionId>>,
}

/// One connection's, until it is dropped.
pub(super) struct Seat {
    seats: Arc<Seats>,
    by: By,
    /// Among the strangers, then among the hosts.
    one: OwnedSemaphorePermit,
    until: Option<Instant>,
}

/// What a connection sits there by; its place is free when it sits by something else.
enum By {
    Address(#[expect(dead_code, reason = "held, not read")] Place<IpAddr>),
    Invitation(SessionId, #[expect(dead_code, reason = "held, not read")] Place<SessionId>),
    Proof,
}

impl Seats {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            hosts: Arc::new(Semaphore::new(HOSTS)),
            strangers: Arc::new(Semaphore::new(STRANGERS)),
            addresses: Places::new(EACH_ADDRESS),
            sessions: Places::new(EACH_SESSION),
        })
    }

    /// A seat for a connection from there; else why there is none.
    pub(super) fn take(self: &Arc<Self>, from: IpAddr) -> Result<Seat, &'static str> {
        let place = self.addresses.take(network(from)).ok_or("too many connections of this address have no session")?;
        let one = self.strangers.clone().try_acquire_owned().map_err(|_| "too many connections have no session")?;
        let until = Some(Instant::now() + UNKNOWN);
        Ok(Seat { seats: self.clone(), by: By::Address(place), one, until })
    }
}

impl Seat {
    /// The connection ends then, unless something changes; none for a host that has proved its session.
    pub(super) fn until(&self) -> Option<Instant> {
        self.until
    }

    /// It knows the link of a session whose code can be typed for `rest` more. Without effect while too many others
    /// know it as well.
    pub(super) fn invite(&mut self, session: SessionId, rest: Duration) {
        match &self.by {
            By::Proof => return,
            By::Invitation(before, _) if *before == session => {}
            By::Invitation(..) | By::Address(_) => match self.seats.sessions.take(session) {
                Some(place) => self.by = By::Invitation(session, place),
                None => return,
            },
        }
        self.until = Some(Instant::now() + rest + MARGIN);
    }

    /// It has proved its session.
    pub(super) fn prove(&mut self) -> Result<(), &'static str> {
        if !matches!(self.by, By::Proof) {
            self.one = self.seats.hosts.clone().try_acquire_owned().map_err(|_| "too many hosts are connected")?;
            self.by = By::Proof;
            self.until = None;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(n: u128) -> SessionId {
        uuid::Uuid::from_u128(n).to_string().parse().unwrap()
    }

    const HOUR: Duration = Duration::from_secs(3600);

    /// How long it may stay from now on, in whole minutes.
    fn minutes(seat: &Seat) -> Option<u64> {
        seat.until().map(|until| (until - Instant::now()).as_secs().div_ceil(60))
    }

    #[test]
    fn an_address_has_few_seats_for_a_short_time_and_hosts_and_readers_need_none_of_them() {
        let seats = Seats::new();
        let (one, other) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let mut held: Vec<_> = (0..EACH_ADDRESS).map(|_| seats.take(one).unwrap()).collect();
        assert!(seats.take(one).is_err());
        assert!(seats.take(other).is_ok());
        assert!(held.iter().all(|seat| minutes(seat) == Some(1)));

        // A customer reads for 50 minutes.
        held[0].invite(session(1), HOUR);
        assert_eq!(minutes(&held[0]), Some(61));
        held[1].prove().unwrap();
        assert_eq!(minutes(&held[1]), None);
        held[1].invite(session(1), HOUR);
        assert_eq!(minutes(&held[1]), None, "a host stays");
        held.extend([seats.take(one).unwrap(), seats.take(one).unwrap()]);
        assert!(seats.take(one).is_err());

        // Asking again keeps the seat; time does not add up beyond the code's.
        held[0].invite(session(1), HOUR / 2);
        assert_eq!(minutes(&held[0]), Some(31));
        assert_eq!(seats.strangers.available_permits(), STRANGERS - EACH_ADDRESS - 1);
        assert_eq!(seats.hosts.available_permits(), HOSTS - 1);
        drop(held);
        assert_eq!(seats.strangers.available_permits(), STRANGERS);
        assert_eq!(seats.hosts.available_permits(), HOSTS);
        assert!(seats.take(one).is_ok());
    }

    #[test]
    fn one_known_link_holds_few_seats_for_long() {
        let seats = Seats::new();
        let from = "192.0.2.1".parse().unwrap();
        let mut held: Vec<_> = (0..=EACH_SESSION).map(|_| seats.take(from).unwrap()).collect();
        held.iter_mut().for_each(|seat| seat.invite(session(1), HOUR));
        let brief = |seat: &&Seat| minutes(seat) == Some(1);
        assert_eq!(held.iter().filter(brief).count(), 1);
        // Of another session it is told all the same.
        held.last_mut().unwrap().invite(session(2), HOUR);
        assert_eq!(held.iter().filter(brief).count(), 0);
    }
}
