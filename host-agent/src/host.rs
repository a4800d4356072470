//! What all parts of a running host share.

use crate::consent::ConsentBook;
use crate::dialogue::Dialogue;
use crate::journal::{Journal, Thing};
use crate::lease_keeper::LeaseKeeper;
use crate::live::Live;
use crate::place::Place;
use crate::provider::linux::{self, Options};
use crate::provider::{Lent, SharedFolder};
use crate::seen::SeenChannels;
use crate::unlock::Unlocks;
use hospes_licence::key::PublicKey;
use hospes_session::lease::Left;
use hospes_wire::control::{HostMessage, Pairing, Publisher};
use hospes_wire::problem::Problem;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A host with an active session.
pub(crate) struct Host {
    /// Where it keeps what it keeps.
    pub place: Place,
    /// What it has made on this computer.
    pub journal: Arc<Journal>,
    /// Its own key's public half.
    pub key: PublicKey,
    /// What was handed over at pairing.
    pub pairing: Pairing,
    /// Whose plugins may run.
    pub publishers: Vec<Publisher>,
    /// The lease.
    pub lease: LeaseKeeper,
    /// When the lease ends by the server's clock; only ever earlier. Grants that live longer are refused.
    pub lease_ends: AtomicU64,
    /// What the customer allows.
    pub consent: ConsentBook,
    /// Which logins have proved the session password.
    pub unlocks: Unlocks,
    /// Which channels were opened.
    pub seen: SeenChannels,
    /// The customer.
    pub dialogue: Dialogue,
    /// What the customer sees.
    pub live: Live,
    /// The shared folders.
    pub folders: Vec<SharedFolder>,
    /// What this computer could not do when it was last looked at, per interface.
    pub unavailable: Mutex<BTreeMap<String, String>>,
    /// Fetches and runs plugins.
    pub plugins: crate::channel::Plugins,
    /// The channels that are open or opening.
    pub channels: crate::channel::Channels,
    /// Set when the session is over or the process goes: nothing is opened or written any more.
    pub leaving: CancellationToken,
    /// Channels and plugins that run: waited for before anything is removed.
    pub tasks: TaskTracker,
    /// Messages for the server; dropped while it is not reached, for what matters is said again on resume.
    pub outgoing: mpsc::Sender<HostMessage>,
}

impl Host {
    /// When the lease ends by the server's clock, milliseconds since 1970.
    pub(crate) fn lease_ends(&self) -> u64 {
        self.lease_ends.load(Ordering::SeqCst)
    }

    /// The server says when it ends: the earlier counts.
    pub(crate) fn narrow_lease_end(&self, ends: u64) {
        self.lease_ends.fetch_min(ends, Ordering::SeqCst);
    }

    /// Whether anything may be opened or used now.
    pub(crate) fn lease_runs(&self) -> bool {
        matches!(self.lease.left(), Left::Running(_))
    }

    /// Says something to the server if it is reached.
    pub(crate) fn tell(&self, message: HostMessage) {
        if let Err(error) = self.outgoing.try_send(message) {
            tracing::debug!(%error, "a message for the server was dropped");
        }
    }

    /// What the customer allows now, and what this computer cannot do.
    pub(crate) fn consent_message(&self) -> HostMessage {
        let unavailable = self.unavailable.lock().unwrap_or_else(PoisonError::into_inner).clone();
        HostMessage::Consent { classes: self.consent.classes(), unavailable }
    }

    /// What this computer lends now. Asked anew for each channel: the desktop may have come (after a reboot) or gone since.
    /// The server is told when something became possible or impossible.
    pub(crate) async fn lend(&self) -> Result<Lent, Problem> {
        let journal = Arc::clone(&self.journal);
        let options = Options {
            display: None,
            folders: self.folders.clone(),
            before_making: Arc::new(move |path| journal.note(Thing::Partial { path: path.to_owned() })),
        };
        let lent = tokio::task::spawn_blocking(move || linux::providers(options)).await;
        let lent = lent.map_err(|error| {
            Problem::new("host-failed", 500, "The host could not look at what this computer lends")
                .detail(error.to_string())
        })?;
        let changed = {
            let mut before = self.unavailable.lock().unwrap_or_else(PoisonError::into_inner);
            let changed = *before != lent.unavailable;
            before.clone_from(&lent.unavailable);
            changed
        };
        if changed {
            self.tell(self.consent_message());
        }
        Ok(lent)
    }
}
