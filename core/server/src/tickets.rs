//! Tickets: what a page shows to open one channel, instead of its cookie. Single use, 30 s, in memory: a server that
//! restarts forgets them, and the page asks for another.

use crate::caller::Caller;
use crate::clock;
use crate::refusal::Answer;
use hospes_session::capability::CapabilityId;
use hospes_session::id::SessionId;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a ticket lives.
const LIFETIME: Duration = Duration::from_secs(30);

/// What a ticket stands for.
pub(crate) struct Ticket {
    /// Who asked for it.
    pub(crate) caller: Caller,
    /// The session that it opens a channel of.
    pub(crate) session: SessionId,
    /// The capability that it opens.
    pub(crate) capability: CapabilityId,
    until: Instant,
}

/// Tickets that were not used yet, by the hash of their text.
#[derive(Default)]
pub(crate) struct Tickets(Mutex<HashMap<[u8; 32], Ticket>>);

impl Tickets {
    /// Makes one.
    pub(crate) fn issue(&self, caller: Caller, session: SessionId, capability: CapabilityId) -> Answer<String> {
        let text = clock::secret_text()?;
        let ticket = Ticket { caller, session, capability, until: Instant::now() + LIFETIME };
        let mut tickets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tickets.insert(key(&text), ticket);
        Ok(text)
    }

    /// Uses one up. None when it is unknown, used, or too old.
    pub(crate) fn redeem(&self, text: &str, now: Instant) -> Option<Ticket> {
        let ticket = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&key(text))?;
        (ticket.until > now).then_some(ticket)
    }

    /// Forgets those that are too old, and those of an ended session.
    pub(crate) fn sweep(&self, ended: Option<SessionId>) {
        let now = Instant::now();
        let mut tickets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tickets.retain(|_, ticket| ticket.until > now && Some(ticket.session) != ended);
    }
}

fn key(text: &str) -> [u8; 32] {
    *blake3::hash(text.as_bytes()).as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hospes_session::id::{CompanyId, LoginId, TechnicianId};
    use hospes_store::model::{Role, Technician};

    #[test]
    fn a_ticket_works_once_within_thirty_seconds_and_not_after_the_sessions_end() {
        let technician = Technician {
            id: TechnicianId::from_parts(1, [1; 16]),
            company: CompanyId::from_parts(1, [2; 16]),
            email: String::new(),
            name: String::new(),
            role: Role::Technician,
            password_hash: String::new(),
            temporary_password: false,
            language: None,
            created_at: 1,
            disabled_at: None,
            last_login_at: None,
        };
        let caller = Caller { technician, login: LoginId::from_parts(1, [3; 16]) };
        let session = SessionId::from_parts(1, [4; 16]);
        let capability = CapabilityId::new("file-manager").unwrap();
        let tickets = Tickets::default();
        let issue = || tickets.issue(caller.clone(), session, capability.clone()).unwrap();
        let after = |seconds| Instant::now() + Duration::from_secs(seconds);

        let ticket = issue();
        assert!(tickets.redeem(&ticket, after(29)).is_some());
        assert!(tickets.redeem(&ticket, after(0)).is_none(), "used twice");
        assert!(tickets.redeem(&issue(), after(31)).is_none(), "too old");
        let ticket = issue();
        tickets.sweep(Some(session));
        assert!(tickets.redeem(&ticket, after(0)).is_none(), "the session had ended");
    }
}
