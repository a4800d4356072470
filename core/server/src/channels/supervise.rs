//! While a channel lives: renews its grant, narrows or widens it with the licence, and revokes it when the session, the
//! choice or the licence no longer covers it, or the login is over. Felt by the host within a second, either way.

use crate::channels::authority::{self, Authority};
use crate::channels::registry::Channel;
use crate::channels::revoke;
use crate::clock;
use crate::events::Happened;
use crate::hosts::registry::OnlineHost;
use crate::state::App;
use hospes_wire::control::ServerMessage;
use hospes_wire::problem::Problem;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// How often a grant is renewed; it lives 60 s, so one lost renewal is survived.
const RENEW: Duration = Duration::from_secs(25);
/// How soon a decision that could not be made (the database) is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// Runs until the channel must end, and says why. The host has been told then. `events` are those since before the first
/// decision, so that no change falls between.
pub(super) async fn run(
    app: &App,
    channel: &Channel,
    host: &OnlineHost,
    mut allowed: Authority,
    mut events: Receiver<Happened>,
) -> Problem {
    let mut generation = 0u64;
    let mut wait = next(&allowed);
    loop {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = changed(&mut events, channel) => {}
            () = channel.asked_again() => {}
        }
        wait = next(&allowed);
        match authority::decide(app, &channel.caller, channel.session, &channel.capability).await {
            Ok(now) => {
                allowed.interfaces = now.interfaces;
                generation += 1;
                match authority::grant(app, channel, &allowed, generation) {
                    Ok(grant) => {
                        host.tell_now(ServerMessage::Renew { grant });
                    }
                    Err(refusal) => {
                        tracing::error!(channel = %channel.id, code = refusal.into_problem().code(), "not renewed");
                        wait = AGAIN;
                    }
                }
            }
            Err(refusal) => {
                let problem = refusal.into_problem();
                if problem.status == 500 {
                    wait = AGAIN;
                    continue;
                }
                host.tell_now(revoke(channel, problem.clone()));
                return problem;
            }
        }
    }
}

/// How long to wait before asking again: a login that ends earlier than the next renewal ends on time.
fn next(allowed: &Authority) -> Duration {
    RENEW.min(Duration::from_millis(allowed.login_ends.saturating_sub(clock::now())))
}

/// Waits for something that may change the decision.
async fn changed(events: &mut Receiver<Happened>, channel: &Channel) {
    loop {
        match events.recv().await {
            Ok(happened) if happened.company == channel.company => {
                let concerns_session =
                    happened.session == Some(channel.session) && happened.name.starts_with("session.");
                if concerns_session || happened.name == "licence.changed" {
                    return;
                }
            }
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => return,
            // The sender lives as long as the server.
            Err(RecvError::Closed) => std::future::pending::<()>().await,
        }
    }
}
