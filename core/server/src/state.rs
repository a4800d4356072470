//! What every part of the server shares, and the one way to change a session.

use crate::channels::registry::Channels;
use crate::clock;
use crate::events::Events;
use crate::hosts::registry::Hosts;
use crate::keys::Keys;
use crate::live::Streams;
use crate::metrics::Metrics;
use crate::notify::Notifiers;
use crate::passwords::Passwords;
use crate::plugins::Plugins;
use crate::public::PublicUrl;
use crate::refusal::Answer;
use crate::settings::Settings;
use crate::throttle::Throttle;
use crate::tickets::Tickets;
use hospes_session::id::SessionId;
use hospes_session::plan::Plan;
use hospes_session::rules::{Command, Decision, Event};
use hospes_store::Store;
use hospes_store::model::Audit;
use hospes_transport::Listener;
use hospes_wire::control::ServerMessage;
use hospes_wire::link::KeyPin;
use serde_json::Value;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The server.
pub(crate) struct App {
    pub(crate) settings: Settings,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) keys: Keys,
    /// Whom hosts trust.
    pub(crate) pin: KeyPin,
    pub(crate) public: PublicUrl,
    pub(crate) plans: Vec<Plan>,
    pub(crate) plugins: Plugins,
    pub(crate) notifiers: Notifiers,
    pub(crate) passwords: Passwords,
    pub(crate) events: Events,
    pub(crate) streams: Streams,
    pub(crate) hosts: Hosts,
    /// Takes the connections of hosts.
    pub(crate) listener: Arc<Listener>,
    pub(crate) channels: Channels,
    pub(crate) tickets: Tickets,
    pub(crate) logins: Throttle,
    pub(crate) codes: Throttle,
    pub(crate) metrics: Metrics,
    /// Cancelled when the server shuts down.
    pub(crate) stop: CancellationToken,
}

impl App {
    /// Does something to a session: store, event stream, and whoever is connected learn of it.
    pub(crate) async fn apply(
        &self,
        id: SessionId,
        command: &Command,
        actor: &str,
        action: &str,
        detail: Value,
    ) -> Answer<Decision> {
        let audit =
            Audit { company: None, session: Some(id), actor: actor.to_owned(), action: action.to_owned(), detail };
        let decision = self.store.apply(id, command, clock::now(), &audit).await?;
        self.events.publish_decided(decision.next.company, id, &decision.events);
        if !decision.events.is_empty() {
            self.notifiers.news.notify_one();
        }
        for event in &decision.events {
            match event {
                Event::Ended { reason } => {
                    self.metrics.session_ended(*reason);
                    tracing::info!(session = %id, ?reason, "session ended");
                    self.tickets.sweep(Some(id));
                    self.hosts.forget(id);
                    if let Some(host) = self.hosts.get(id) {
                        host.tell_now(ServerMessage::Ended { reason: *reason });
                    }
                }
                Event::CodeWrong { .. } => {
                    self.metrics.codes_wrong.inc();
                }
                Event::Activated => {
                    self.metrics.activated.inc();
                    tracing::info!(session = %id, "session activated");
                }
                _ => {}
            }
        }
        Ok(decision)
    }
}
