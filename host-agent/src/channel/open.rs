//! From a stream that the server opened to a running plugin. Each check comes before the next thing is touched.

use super::gate::ChannelGate;
use super::plugins;
use super::pump;
use super::state::{self, Channel};
use super::unlock;
use crate::host::Host;
use crate::live::Connected;
use hospes_licence::grant::{Grant, GrantRefusal, SignedGrant};
use hospes_licence::interface::{Consent, consent_of};
use hospes_runtime::gate::{Denial, Gate as _, Verdict};
use hospes_runtime::provider::Providers;
use hospes_runtime::{Budgets, ChannelContext, Plugin, SessionInfo};
use hospes_session::model::Language;
use hospes_transport::{Connection, MessageStream, Receiver, Sender};
use hospes_wire::channel::{FromHost, ToHost};
use hospes_wire::control::HostMessage;
use hospes_wire::message::{from_frame, to_frame};
use hospes_wire::problem::Problem;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Longest wait for the first message of a stream.
const FIRST: Duration = Duration::from_secs(10);
/// Longest wait for a refusal to leave.
const LAST: Duration = Duration::from_secs(1);

/// The technician's side of a stream, while it opens.
pub(super) struct Peer {
    pub(super) sender: Sender,
    pub(super) receiver: Receiver,
}

/// What nobody could foresee, as the technician is told it.
pub(super) fn problem_of(error: &dyn std::fmt::Display) -> Problem {
    Problem::new("host-failed", 500, "The host could not do it").detail(error.to_string())
}

fn cut() -> Problem {
    Problem::new("channel-cut", 499, "The technician's side closed the channel")
}

impl Peer {
    pub(super) async fn say(&mut self, message: &FromHost) -> Result<(), Problem> {
        let frame = to_frame(message).map_err(|error| error.problem())?;
        self.sender.send(frame).await.map_err(|_| cut())
    }

    pub(super) async fn hear(&mut self) -> Result<ToHost, Problem> {
        let frame = self.receiver.recv().await.map_err(|_| cut())?.ok_or_else(cut)?;
        from_frame(&frame).map_err(|error| error.problem())
    }
}

/// Serves one stream that the server opened, to its end.
pub(crate) async fn accept(host: Arc<Host>, connection: Connection, stream: MessageStream) {
    let (sender, receiver) = stream.split();
    let mut peer = Peer { sender, receiver };
    let opening = async {
        match tokio::time::timeout(FIRST, peer.hear()).await {
            Ok(Ok(ToHost::Open { grant, request })) => Ok((admit(&host, &grant)?, request)),
            Ok(Ok(ToHost::Pake { .. })) => Err(Problem::new("no-grant", 403, "A channel opens with a grant")),
            Ok(Err(problem)) => Err(problem),
            Err(_) => Err(Problem::new("no-grant", 408, "No grant came in time")),
        }
    };
    let (channel, request) = match opening.await {
        Ok(admitted) => admitted,
        Err(problem) => return refuse(peer, None, &host, problem).await,
    };
    let id = channel.grant().channel.clone();
    let gate = Arc::new(ChannelGate { host: Arc::clone(&host), channel: Arc::clone(&channel) });
    let ready = tokio::select! {
        ready = Box::pin(prepare(&host, &gate, &connection, &mut peer)) => ready,
        () = channel.closed() => Err(channel.why()),
    };
    match ready {
        Ok((plugin, providers)) => {
            let grant = channel.grant().clone();
            let who = Connected { technician: grant.technician_name.clone(), capability: grant.capability.clone() };
            let shown = host.live.channel(&id, who);
            let problem = Box::pin(run(&host, &gate, request, plugin, providers, peer)).await;
            drop(shown);
            host.tell(HostMessage::ChannelClosed { channel: id.clone(), problem });
        }
        Err(problem) => refuse(peer, Some(&id), &host, problem).await,
    }
    channel.close(Problem::new("channel-closed", 410, "The channel was closed"));
    host.channels.leave(&id);
}

async fn refuse(mut peer: Peer, id: Option<&str>, host: &Host, problem: Problem) {
    tracing::info!(channel = id, code = problem.code(), title = problem.title, detail = problem.detail, "not opened");
    let last = async {
        let _ = peer.say(&FromHost::Refused { problem: problem.clone() }).await;
        let _ = peer.sender.finish().await;
        let _ = peer.sender.delivered().await;
    };
    let _ = tokio::time::timeout(LAST, last).await;
    if let Some(channel) = id {
        host.tell(HostMessage::ChannelClosed { channel: channel.to_owned(), problem: Some(problem) });
    }
}

fn grant_problem(refusal: &GrantRefusal) -> Problem {
    let code = match refusal {
        GrantRefusal::Forged => "grant-forged",
        GrantRefusal::Unreadable(_) => "grant-unreadable",
        GrantRefusal::Foreign(_) => "grant-foreign",
        GrantRefusal::Stale(_) => "grant-stale",
        GrantRefusal::Replayed => "grant-replayed",
        GrantRefusal::TooLong(_) => "grant-too-long",
        GrantRefusal::UnknownInterface(_) => "grant-unknown-interface",
    };
    Problem::new(code, 403, "The host refused the grant").detail(refusal.to_string())
}

/// Lease and grant: nothing else of the stream is looked at before these.
fn admit(host: &Host, signed: &SignedGrant) -> Result<Arc<Channel>, Problem> {
    if !host.lease_runs() {
        return Err(denied(&Denial::LeaseExpired));
    }
    let grant = state::check(host, signed, None).map_err(|refusal| grant_problem(&refusal))?;
    let (id, not_after) = (grant.channel.clone(), grant.not_after);
    // A grant opens a channel once; the moment is kept by the lease's clock, which never goes back.
    let elapsed = host.lease.elapsed();
    let ahead = not_after.saturating_sub(crate::lease_keeper::wall());
    if !host.seen.note(&id, elapsed.saturating_add(ahead), elapsed).map_err(|error| problem_of(&error))? {
        return Err(grant_problem(&GrantRefusal::Replayed));
    }
    let channel = Arc::new(Channel::new(grant));
    host.channels.enter(&channel)?;
    // Looked at once it is listed: whoever leaves says so first and then closes what is listed.
    if host.leaving.is_cancelled() {
        host.channels.leave(&id);
        return Err(Problem::new("session-ended", 410, "The session has ended"));
    }
    Ok(channel)
}

/// A denial as a problem; the code is that of `hospes:base/types.denial`.
fn denied(denial: &Denial) -> Problem {
    let (code, title) = match denial {
        Denial::NotLicensed => ("not-licensed", "The plan does not include it"),
        Denial::LocalUserDenied => ("local-user-denied", "The customer does not allow it"),
        Denial::LocalUserRevoked => ("local-user-revoked", "The customer took the permission back"),
        Denial::NoAnswer => ("no-answer", "The customer was asked and did not answer within 60 s"),
        Denial::LeaseExpired => ("lease-expired", "The lease is over, or this computer's clock leaves it in doubt"),
        Denial::Other(code) => (code.as_str(), "Denied on the customer's computer"),
    };
    Problem::new(code, 403, title)
}

/// Password, customer, plugin; in this order, so that nothing is asked or fetched for who cannot prove the password.
async fn prepare(
    host: &Host,
    gate: &ChannelGate,
    connection: &Connection,
    peer: &mut Peer,
) -> Result<(Arc<Plugin>, Providers), Problem> {
    let grant = gate.channel.grant().clone();
    unlock::unlock(host, &grant.login, peer).await?;
    let lent = host.lend().await?;
    possible(&lent.unavailable, &grant)?;
    allowed(gate, peer).await?;
    Ok((plugins::plugin(host, &grant, connection, peer).await?, lent.providers))
}

/// Refused at once when this computer can do nothing of what the grant is for.
fn possible(unavailable: &BTreeMap<String, String>, grant: &Grant) -> Result<(), Problem> {
    let mut wanted =
        grant.interfaces.iter().filter(|name| matches!(consent_of(name), Some(Consent::Customer(_)))).peekable();
    let Some(first) = wanted.peek().and_then(|name| unavailable.get(name.as_str())) else { return Ok(()) };
    if wanted.all(|name| unavailable.contains_key(name.as_str())) {
        return Err(Problem::new("unavailable", 409, "Not possible on this computer now").detail(first.clone()));
    }
    Ok(())
}

/// The customer's yes to at least one class. Where everything is *ask each time*, the first class is asked about now, the
/// others when they are used.
async fn allowed(gate: &ChannelGate, peer: &mut Peer) -> Result<(), Problem> {
    let said: Vec<_> = gate.classes().into_iter().map(|class| (class, gate.said(class))).collect();
    if said.is_empty() || said.iter().any(|(_, verdict)| *verdict == Verdict::Allow) {
        return Ok(());
    }
    let verdict = match said.iter().find(|(_, verdict)| *verdict == Verdict::Ask) {
        Some((class, _)) => {
            peer.say(&FromHost::Wait { reason: "asking-customer".to_owned() }).await?;
            tokio::select! {
                verdict = gate.ask_class(*class) => verdict,
                _ = peer.sender.abandoned() => return Err(cut()),
            }
        }
        None => said.into_iter().next().map_or(Verdict::Allow, |(_, verdict)| verdict),
    };
    match verdict {
        Verdict::Allow => Ok(()),
        Verdict::Deny(denial) => Err(denied(&denial)),
        Verdict::Ask => Err(denied(&Denial::NoAnswer)),
    }
}

/// Runs the plugin to its end; gives the problem when it did not end by itself.
async fn run(
    host: &Arc<Host>,
    gate: &Arc<ChannelGate>,
    request: String,
    plugin: Arc<Plugin>,
    providers: Providers,
    mut peer: Peer,
) -> Option<Problem> {
    let grant = gate.channel.grant().clone();
    let interfaces = gate.unlocked();
    if let Err(problem) = peer.say(&FromHost::Opened { interfaces }).await {
        return Some(problem);
    }
    let (pipes, incoming, outgoing) = pump::pipes();
    let invitation = &host.pairing.invitation;
    let context = ChannelContext {
        info: SessionInfo {
            id: host.pairing.session.clone(),
            company: invitation.company.clone(),
            technician: grant.technician_name.clone(),
            capability: grant.capability.clone(),
            lease_ends: host.lease_ends().min(host.lease.ends_at()),
            language: match invitation.language {
                Language::En => "en",
                Language::Fr => "fr",
                Language::Es => "es",
            }
            .to_owned(),
        },
        request: if request.trim().is_empty() { "{}".to_owned() } else { request },
        gate: Arc::<ChannelGate>::clone(gate),
        providers,
        licence: None,
        incoming,
        outgoing,
        cancel: pipes.cancel.clone(),
        budgets: Budgets { memory: grant.limits.memory.min(plugin.manifest.memory()), ..Budgets::default() },
    };
    let runtime = Arc::clone(&host.plugins.runtime);
    // A task of its own: a channel that must close does not wait for its plugin.
    let running = host.tasks.spawn(async move { runtime.run(&plugin, context).await });
    pump::pump(&gate.channel, peer, pipes, running).await
}
