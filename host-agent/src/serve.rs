//! A host with an active session, until the session's end or a shutdown.
//!
//! The connection comes and goes; lease, consent and journal do not depend on it. Whoever ends the session (technician,
//! customer, lease), the end is the same: channels close, everything is undone, the server gets the receipt if it can be
//! reached. A shutdown (SIGTERM, Ctrl-C, log-out) undoes nothing: the host is back at the next log-in (R11).

use crate::cli::Refusal;
use crate::commands;
use crate::connection::{self, Outgoing};
use crate::consent::ConsentBook;
use crate::dialogue::Dialogue;
use crate::end;
use crate::host::Host;
use crate::install;
use crate::journal::Journal;
use crate::kept::{Kept, Phase};
use crate::lease_keeper::{self, LeaseKeeper};
use crate::line::Line;
use crate::live::Live;
use crate::local::Lock;
use crate::place::Place;
use crate::provider::SharedFolder;
use crate::seen::SeenChannels;
use crate::texts::{self, Text};
use crate::unlock::Unlocks;
use crate::words;
use hospes_session::lease::Left;
use hospes_session::model::EndReason;
use hospes_wire::control::HostMessage;
use hospes_wire::problem::Problem;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long the server is tried for with the customer's end and the receipt.
const FAREWELL: Duration = Duration::from_secs(8);
/// The same, when the session ended otherwise and there is no connection: the server knows or will know by itself.
const FAREWELL_OFFLINE: Duration = Duration::from_secs(2);
/// How long closing channels and their plugins get: more than a plugin's grace.
const CLOSING: Duration = Duration::from_secs(3);

/// A conversation in which the session has just been activated.
pub(crate) struct Started {
    pub line: Line,
    pub lease_ends: u64,
}

/// Why serving stops.
pub(crate) enum Stop {
    /// The session is over.
    Ended(EndReason),
    /// The process must go; the session goes on.
    Shutdown,
}

/// Serves to the end of the session or a shutdown.
pub(crate) async fn serve(
    place: Place,
    lock: Lock,
    mut kept: Kept,
    dialogue: Dialogue,
    typed: mpsc::Receiver<String>,
    started: Option<Started>,
) -> Result<(), Refusal> {
    // Signals count from here on: before, dying is right.
    let (mut terminate, mut hang_up) = (signal(SignalKind::terminate())?, signal(SignalKind::hangup())?);
    let (outgoing, messages) = mpsc::channel(64);
    let (host, link) = match assemble(place.clone(), &kept, dialogue.clone(), outgoing)? {
        Some(host) => (Arc::new(host), kept.link().map_err(Refusal::Refused)?),
        None => return end::finish(&place, kept).await,
    };
    dialogue.speak(host.pairing.invitation.language);
    dialogue.take_commands();
    // A lease that was over while the computer was off is noticed below, with a connection for the receipt.
    if host.lease.left() != Left::Over {
        announce(&host).await;
    }
    let (farewells, out) = mpsc::channel::<Outgoing>(1);
    let (ended, mut end_heard) = mpsc::channel(1);
    let ways = kept.choices.network.ways()?;
    let connecting = tokio::spawn(Box::pin(connection::run(
        connection::Server { address: (&link).into(), ways, key: kept.key(), session: host.pairing.session.clone() },
        Arc::clone(&host),
        started,
        messages,
        out,
        ended,
    )));
    let showing = tokio::spawn(commands::show_live(Arc::clone(&host)));
    let stop = tokio::select! {
        reason = end_heard.recv() => Stop::Ended(reason.unwrap_or(EndReason::Operator)),
        () = watch_lease(&host) => Stop::Ended(EndReason::LeaseExpired),
        () = commands::obey(&host, typed) => Stop::Ended(EndReason::Customer),
        () = lock.until_end(|| commands::status(&host)) => Stop::Ended(EndReason::Customer),
        _ = terminate.recv() => Stop::Shutdown,
        _ = hang_up.recv() => Stop::Shutdown,
        _ = tokio::signal::ctrl_c() => Stop::Shutdown,
    };
    showing.abort();
    let done = match stop {
        Stop::Ended(reason) => leave(&host, &mut kept, reason, &farewells).await,
        Stop::Shutdown => {
            host.lease.left();
            host.lease.persist()?;
            dialogue.say(Text::ShuttingDown, &[]);
            let problem = Problem::new("host-shutdown", 503, "The customer's computer is shutting down");
            close_channels(&host, &problem).await;
            let (reply, gone) = oneshot::channel();
            let _ = farewells.try_send(Outgoing { last: None, reply });
            let _ = tokio::time::timeout(CLOSING, gone).await;
            Ok(())
        }
    };
    connecting.abort();
    done
}

/// Puts the parts together; none when the disk says that there is no active session.
fn assemble(
    place: Place,
    kept: &Kept,
    dialogue: Dialogue,
    outgoing: mpsc::Sender<HostMessage>,
) -> Result<Option<Host>, Refusal> {
    let Phase::Active { pairing, publishers } = &kept.phase else { return Ok(None) };
    let (Some(lease), Some(consent)) = (LeaseKeeper::load(&place)?, ConsentBook::load(&place)?) else {
        return Ok(None);
    };
    let folders = kept.choices.roots.iter().map(|(name, path)| SharedFolder {
        name: name.clone(),
        path: path.clone(),
        writable: true,
    });
    Ok(Some(Host {
        journal: Arc::new(Journal::open(&place.journal())?),
        key: kept.key().public(),
        pairing: (**pairing).clone(),
        publishers: publishers.clone(),
        lease,
        lease_ends: AtomicU64::new(u64::MAX),
        consent,
        unlocks: Unlocks::load(&place)?,
        seen: SeenChannels::load(&place)?,
        dialogue,
        live: Live::default(),
        folders: folders.collect(),
        unavailable: Mutex::default(),
        plugins: crate::channel::Plugins::new(&place)?,
        channels: crate::channel::Channels::default(),
        leaving: CancellationToken::new(),
        tasks: TaskTracker::new(),
        outgoing,
        place,
    }))
}

/// What the customer reads at the start.
async fn announce(host: &Host) {
    let dialogue = &host.dialogue;
    if let Ok(lent) = host.lend().await {
        let desk = ["hospes:desk/screen", "hospes:desk/input"];
        let why: std::collections::BTreeSet<_> = desk.iter().filter_map(|name| lent.unavailable.get(*name)).collect();
        for what in why {
            let known = (what == crate::provider::NO_DISPLAY).then(|| dialogue.text(Text::NoDisplay, &[]));
            dialogue.say(Text::Unavailable, &[("what", known.as_ref().unwrap_or(what))]);
        }
    }
    dialogue.say(Text::Installing, &[]);
    for thing in host.journal.things().iter().filter(|thing| thing.path().exists()) {
        dialogue.print(&format!("  {}", texts::printable(&thing.path().display().to_string())));
    }
    words::show_consent(dialogue, &host.consent.classes());
    dialogue.say(Text::Activated, &[("time", &words::moment(host.lease.ends_at()))]);
    words::show_help(dialogue);
}

/// Returns at the end of the lease (R5). Writes down what is used meanwhile.
async fn watch_lease(host: &Host) {
    let mut written = Instant::now();
    let mut looked = Instant::now();
    loop {
        if host.lease.left() == Left::Over {
            return;
        }
        if written.elapsed() >= lease_keeper::PERSIST {
            if let Err(error) = host.lease.persist() {
                tracing::warn!(%error, "the lease could not be written down");
            }
            written = Instant::now();
        }
        if looked.elapsed() >= Duration::from_secs(20) && host.live.now().channels.is_empty() {
            // A desktop may have come since.
            let _ = host.lend().await;
            looked = Instant::now();
        }
        tokio::time::sleep(lease_keeper::LOOK).await;
    }
}

/// Closes all channels and waits until none can touch the computer any more.
async fn close_channels(host: &Host, problem: &Problem) {
    host.leaving.cancel();
    host.channels.close_all(problem);
    host.tasks.close();
    if tokio::time::timeout(CLOSING, host.tasks.wait()).await.is_err() {
        tracing::warn!("a plugin is still in a system call");
    }
}

/// The end of the session: nothing stays.
async fn leave(
    host: &Arc<Host>,
    kept: &mut Kept,
    reason: EndReason,
    farewells: &mpsc::Sender<Outgoing>,
) -> Result<(), Refusal> {
    end::begin(&host.place, kept, reason);
    host.dialogue.say(texts::ended(reason), &[]);
    let online = host.live.now().online;
    close_channels(host, &Problem::new("session-ended", 410, "The session has ended")).await;
    let undone = install::remove(&host.place)?;
    for line in &undone {
        host.dialogue.print(&format!("  {}", texts::printable(line)));
    }
    host.dialogue.say(Text::Gone, &[]);
    let (reply, told) = oneshot::channel();
    let patience = if online || reason == EndReason::Customer { FAREWELL } else { FAREWELL_OFFLINE };
    if farewells.send(Outgoing { last: Some((reason, HostMessage::Removed { undone })), reply }).await.is_ok() {
        let _ = tokio::time::timeout(patience, told).await;
    }
    Ok(())
}
