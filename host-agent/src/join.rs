//! `join`: who invites, the code, what is allowed, pairing, set-up; then [`crate::serve`].
//!
//! Each step is on the disk before the next one, so a set-up that was cut anywhere is gone on with by the same command:
//! the host's key is kept before a code is tried (the server lets only the key that gave the right code try again).

use crate::cli::{self, Refusal};
use crate::dialogue::Dialogue;
use crate::end;
use crate::install;
use crate::kept::{Choices, Kept, Phase};
use crate::lease_keeper::{self, LeaseKeeper};
use crate::line::{Line, LineError};
use crate::local::{Lock, Status};
use crate::mark;
use crate::network::Network;
use crate::place::Place;
use crate::serve;
use crate::set_up::{SetUp, Stop, Stopped};
use crate::terminal;
use crate::texts::{self, Text};
use hospes_session::lease::Left;
use hospes_session::model::EndReason;
use hospes_wire::control::HostMessage;
use hospes_wire::link::DeploymentLink;
use std::ffi::OsString;
use tokio::signal::unix::{SignalKind, signal};

/// What is found on this computer before a join.
enum Found {
    /// Nothing, or remains that were cleaned up.
    Nothing,
    /// A set-up of the same link that was cut.
    SetUp(Kept),
    /// The same link's active session.
    Session(Kept),
    /// Another session's host (R12).
    Another,
}

/// Joins, and serves until the session's end or a shutdown.
pub(crate) async fn join(
    place: Place,
    link: DeploymentLink,
    code: Option<String>,
    choices: Choices,
) -> Result<(), Refusal> {
    let (dialogue, commands) = cli::dialogue(&choices);
    let Some(lock) = Lock::take(&place)? else {
        return refuse_r12(&dialogue, &link, &choices.network).await;
    };
    if mark::of_another_account(&place, lease_keeper::wall()) {
        return refuse_r12(&dialogue, &link, &choices.network).await;
    }
    let kept = match look(&place, &link)? {
        Found::Another => return refuse_r12(&dialogue, &link, &choices.network).await,
        Found::Session(kept) => return serve::serve(place, lock, kept, dialogue, commands, None).await,
        Found::SetUp(mut kept) => {
            kept.choices = choices;
            kept
        }
        Found::Nothing => Kept::new(&link, choices)?,
    };
    let mut set_up = SetUp { place, link, kept, dialogue, commands };
    let (mut terminate, mut hang_up) = (signal(SignalKind::terminate())?, signal(SignalKind::hangup())?);
    let done = tokio::select! {
        done = Box::pin(set_up.run_through(code)) => done,
        () = lock.until_end(Status::setting_up) => Err(Stop::Over(String::new())),
        _ = tokio::signal::ctrl_c() => Err(Stop::Over(String::new())),
        _ = terminate.recv() => Err(Stop::Retry(String::new())),
        _ = hang_up.recv() => Err(Stop::Retry(String::new())),
    };
    match done.map_err(|stop| set_up.stopped(stop)) {
        Ok(started) => {
            let SetUp { place, kept, dialogue, commands, .. } = set_up;
            serve::serve(place, lock, kept, dialogue, commands, Some(started)).await
        }
        Err(Stopped { over: true, reason }) => {
            let SetUp { place, kept, .. } = set_up;
            if matches!(kept.phase, Phase::Paired { .. }) {
                // The code was right, so the server counts with this host: told of the end, it frees the seat at once.
                end::end_here(&place, kept, EndReason::Customer).await?;
            } else {
                install::remove_or_say(&place)?;
            }
            Err(Refusal::Refused(reason))
        }
        Err(Stopped { over: false, reason }) => Err(Refusal::Refused(reason)),
    }
}

/// Goes on with what is on this computer: what the autostart entry runs.
pub(crate) async fn resume(place: Place) -> Result<(), Refusal> {
    let running = Kept::load(&place).ok().flatten().filter(|kept| matches!(kept.phase, Phase::Active { .. }));
    if let Some(kept) = running
        && !kept.choices.headless
    {
        let mut arguments = vec![OsString::from("resume")];
        if place.scoped() {
            arguments.extend([OsString::from("--state"), place.dir().as_os_str().to_owned()]);
        }
        if terminal::moved_into_one(&arguments).await {
            return Ok(());
        }
    }
    let Some(lock) = Lock::take(&place)? else {
        return Err(Refusal::Refused(Text::AlreadyRuns.get(texts::of_environment()).to_owned()));
    };
    let Some(kept) = Kept::load(&place)? else {
        install::remove_or_say(&place)?;
        return Err(end::nothing());
    };
    match &kept.phase {
        Phase::Ending { .. } => end::finish(&place, kept).await,
        Phase::Active { .. } => {
            let (dialogue, commands) = cli::dialogue(&kept.choices);
            serve::serve(place, lock, kept, dialogue, commands, None).await
        }
        Phase::Joining { .. } => {
            install::remove_or_say(&place)?;
            Err(Refusal::Refused(Text::SetUpCut.get(texts::of_environment()).to_owned()))
        }
        Phase::Paired { .. } => {
            drop(lock);
            let (link, choices) = (kept.link().map_err(Refusal::Refused)?, kept.choices.clone());
            Box::pin(join(place, link, None, choices)).await
        }
    }
}

/// What is on this computer. Remains of what is over are removed here.
fn look(place: &Place, link: &DeploymentLink) -> Result<Found, Refusal> {
    let Some(kept) = Kept::load(place)? else {
        install::remove_or_say(place)?;
        return Ok(Found::Nothing);
    };
    let same = kept.link == link.to_string();
    let found = match &kept.phase {
        Phase::Joining { .. } | Phase::Paired { .. } if same => return Ok(Found::SetUp(kept)),
        Phase::Paired { pairing, .. } => pairing.invitation.expires_at > lease_keeper::wall(),
        Phase::Active { .. } => match LeaseKeeper::load(place)?.map(|lease| lease.left()) {
            Some(Left::Over) | None => false,
            Some(Left::Running(_) | Left::Unsure(_)) if same => return Ok(Found::Session(kept)),
            Some(Left::Running(_) | Left::Unsure(_)) => true,
        },
        Phase::Joining { .. } | Phase::Ending { .. } => false,
    };
    if found {
        return Ok(Found::Another);
    }
    install::remove_or_say(place)?;
    Ok(Found::Nothing)
}

/// R12: tells the customer and, as far as it can be reached, the server.
async fn refuse_r12(dialogue: &Dialogue, link: &DeploymentLink, network: &Network) -> Result<(), Refusal> {
    let tell = async {
        let mut line = Line::greet(hospes_transport::reach(&link.into(), &network.ways()?).await?).await?;
        // Whatever it answers: it knows.
        let _ = line.ask(&HostMessage::AlreadyHosting { token: link.token.0 }).await;
        line.connection.shut("already hosting").await;
        Ok::<_, LineError>(())
    };
    if let Err(error) = tell.await {
        tracing::warn!(%error, "the technician could not be told that this computer already runs a host");
    }
    Err(Refusal::Refused(dialogue.text(Text::AlreadyHosting, &[])))
}
