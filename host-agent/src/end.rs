//! `status`, `end`, `uninstall`, and the end of a session: everything that was made is undone.

use crate::cli::Refusal;
use crate::install;
use crate::kept::{Kept, Phase};
use crate::lease_keeper::LeaseKeeper;
use crate::line::{Line, LineError};
use crate::local::{self, Running, Status};
use crate::place::Place;
use crate::texts::{self, Text};
use crate::words;
use hospes_session::model::{EndReason, Language};
use hospes_wire::control::{HostMessage, ServerMessage};
use std::io::Write as _;
use std::time::Duration;

/// How long the server is tried for, when another process than the host itself ends the session.
const TELL: Duration = Duration::from_secs(8);
/// How long the host that runs is given to end and remove itself.
const RUNNING_ENDS: Duration = Duration::from_secs(30);

/// Prints a line; whoever does not read it any more is no reason to stop.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn foreign() -> Refusal {
    Refusal::Refused(Text::ForeignSession.get(texts::of_environment()).to_owned())
}

/// No host, and nothing of one.
pub(crate) fn nothing() -> Refusal {
    Refusal::Refused(Text::NoSession.get(texts::of_environment()).to_owned())
}

/// Prints how the session stands; exit code 1 when there is none.
pub(crate) async fn status(place: &Place) -> Result<(), Refusal> {
    let status = match local::find(place)? {
        Running::Own(stream) => {
            let answer = local::call(stream, "status", Duration::from_secs(5)).await?;
            serde_json::from_slice(&answer).map_err(|_| Text::NoStatus.get(texts::of_environment()))?
        }
        Running::Foreign => return Err(foreign()),
        Running::No => match Kept::load(place)? {
            Some(kept) => of_disk(place, &kept)?,
            None => return Err(nothing()),
        },
    };
    print(&status);
    Ok(())
}

fn of_disk(place: &Place, kept: &Kept) -> Result<Status, Refusal> {
    let state = match kept.phase {
        Phase::Joining { .. } | Phase::Paired { .. } => "setting-up",
        Phase::Active { .. } => "active",
        Phase::Ending { .. } => "ending",
    };
    let invitation = kept.pairing().map(|pairing| &pairing.invitation);
    Ok(Status {
        state: state.to_owned(),
        live: "not running".to_owned(),
        session: kept.pairing().map(|pairing| pairing.session.clone()),
        company: invitation.map(|invitation| invitation.company.clone()),
        technician: invitation.map(|invitation| invitation.technician.clone()),
        lease_ends: LeaseKeeper::load(place)?.map(|lease| words::moment(lease.ends_at())),
        channels: Vec::new(),
    })
}

fn print(status: &Status) {
    let line = |name: &str, value: &str| say(&format!("{name:<11} {}", texts::printable(value)));
    line("state", &status.state);
    line("connection", &status.live);
    for (name, value) in [
        ("session", &status.session),
        ("company", &status.company),
        ("technician", &status.technician),
        ("until", &status.lease_ends),
    ] {
        if let Some(value) = value {
            line(name, value);
        }
    }
    for channel in &status.channels {
        line("connected", channel);
    }
}

/// Ends the session, through the host that runs or in its place (R13).
pub(crate) async fn end(place: &Place) -> Result<(), Refusal> {
    match local::find(place)? {
        Running::Own(stream) => {
            local::call(stream, "end", RUNNING_ENDS).await?;
            if Kept::load(place)?.is_some() {
                return Err(Text::NotDone.get(texts::of_environment()).into());
            }
        }
        Running::Foreign => return Err(foreign()),
        Running::No => match Kept::load(place)? {
            Some(kept) => end_here(place, kept, EndReason::Customer).await?,
            None if install::remove_or_say(place)?.is_empty() => return Err(nothing()),
            None => {}
        },
    }
    say(Text::Gone.get(texts::of_environment()));
    Ok(())
}

/// As [`end`], but a damaged state or an absent server or session is no obstacle.
pub(crate) async fn uninstall(place: &Place) -> Result<(), Refusal> {
    match local::find(place)? {
        Running::Own(stream) => {
            // Removing what a host still uses would be no end of it: one that does not answer is a refusal.
            local::call(stream, "end", RUNNING_ENDS).await?;
        }
        Running::Foreign => return Err(foreign()),
        Running::No => {
            if let Ok(Some(kept)) = Kept::load(place) {
                end_here(place, kept, EndReason::Customer).await?;
            }
        }
    }
    for line in install::remove(place)? {
        say(&texts::printable(&line));
    }
    say(Text::Gone.get(texts::of_environment()));
    Ok(())
}

/// Finishes a removal that was cut.
pub(crate) async fn finish(place: &Place, kept: Kept) -> Result<(), Refusal> {
    let reason = match kept.phase {
        Phase::Ending { reason, .. } => reason,
        _ => EndReason::Customer,
    };
    end_here(place, kept, reason).await
}

/// Writes down that the removal has begun: whoever starts next goes on with it.
pub(crate) fn begin(place: &Place, kept: &mut Kept, reason: EndReason) {
    let session = match &kept.phase {
        Phase::Ending { session, .. } => session.clone(),
        _ => kept.pairing().map(|pairing| pairing.session.clone()),
    };
    let language = kept.pairing().map_or(Language::En, |pairing| pairing.invitation.language);
    kept.phase = Phase::Ending { session, reason, language };
    if let Err(error) = kept.save(place) {
        tracing::warn!(%error, "the removal could not be written down");
    }
}

/// Ends and removes without a session that runs; the server is told as far as it can be reached.
pub(crate) async fn end_here(place: &Place, mut kept: Kept, reason: EndReason) -> Result<(), Refusal> {
    begin(place, &mut kept, reason);
    let line = tokio::time::timeout(TELL, reach(&kept, reason)).await.unwrap_or(Err(LineError::Silent));
    let undone = install::remove_or_say(place)?;
    match line {
        Ok(Some(line)) => {
            let removed = HostMessage::Removed { undone };
            let _ = tokio::time::timeout(TELL, line.farewell(&removed)).await;
        }
        Ok(None) => {}
        Err(error) => tracing::warn!(%error, "the server could not be told"),
    }
    Ok(())
}

/// A conversation in which this host is known; none when there never was a session.
async fn reach(kept: &Kept, reason: EndReason) -> Result<Option<Line>, LineError> {
    let Phase::Ending { session: Some(session), .. } = &kept.phase else { return Ok(None) };
    let link = kept.link().map_err(LineError::Unexpected)?;
    let mut line = Line::greet(hospes_transport::reach(&(&link).into(), &kept.choices.network.ways()?).await?).await?;
    let (host_key, proof) = line.proof(&kept.key())?;
    let resumed = line.ask(&HostMessage::Resume { session: session.clone(), host_key, proof }).await?;
    if matches!(resumed, ServerMessage::Resumed { .. }) && reason == EndReason::Customer {
        line.send(&HostMessage::End {}).await?;
    }
    Ok(Some(line))
}
