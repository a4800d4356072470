//! Keeps the outbox moving: plans deliveries, tries those that are due, forgets old ones.

use super::courier;
use super::notifiers::ByNotifier;
use super::plan::{self, People, Taking};
use super::queue::{Window, next_due};
use super::{compose, presence};
use crate::clock;
use crate::metrics::budget_of;
use crate::refusal::Answer;
use crate::routes::views;
use crate::state::App;
use hospes_session::id::{CompanyId, DeliveryId, SessionId, TechnicianId};
use hospes_session::model::Millis;
use hospes_store::StoreError;
use hospes_store::model::{OutboxEntry, Technician};
use hospes_store::outbox::{ChannelUse, Delivery};
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{Id, JoinSet};
use tokio::time::MissedTickBehavior;

/// How long what is done is kept for the lists, in milliseconds (30 days).
const KEPT: Millis = 30 * 24 * 60 * 60 * 1000;
/// How often old ones are looked for.
const PRUNING: Duration = Duration::from_secs(60 * 60);
/// How long tries that are under way may take at shutdown.
const DRAIN: Duration = Duration::from_secs(4);

/// Runs until the server shuts down.
pub(crate) async fn run(app: Arc<App>) {
    // The lock of the data directory says that no other server has any of them.
    if let Err(error) = app.store.release_claims().await {
        tracing::error!(%error, "claims of before are not released; they run out by themselves");
    }
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut pruning = tokio::time::interval(PRUNING);
    let mut tries = Tries::default();
    let mut window = Window::default();
    let mut away = presence::Away::default();
    away.begin(&app).await;
    loop {
        tokio::select! {
            _ = ticks.tick() => away.look(&app).await,
            () = app.notifiers.news.notified() => {}
            Some(ended) = tries.running.join_next_with_id() => tries.ended(ended),
            _ = pruning.tick() => prune(&app).await,
            () = app.stop.cancelled() => break,
        }
        plan_entries(&app, &mut window).await;
        if let Err(error) = tries.start(&app).await {
            tracing::error!(%error, "deliveries were not tried; trying again");
        }
    }
    // A try that is broken off may have arrived, and would arrive twice.
    let _in_time = tokio::time::timeout(DRAIN, async { while tries.running.join_next().await.is_some() {} }).await;
}

/// Tries that are under way.
#[derive(Default)]
struct Tries {
    running: JoinSet<()>,
    companies: HashMap<Id, CompanyId>,
}

impl Tries {
    fn ended(&mut self, ended: Result<(Id, ()), tokio::task::JoinError>) {
        let id = match ended {
            Ok((id, ())) => id,
            Err(error) => {
                tracing::error!(%error, "a try of a delivery broke off");
                error.id()
            }
        };
        self.companies.remove(&id);
    }

    async fn start(&mut self, app: &Arc<App>) -> Result<(), StoreError> {
        let running: Vec<_> = self.companies.values().copied().collect();
        for (id, company) in next_due(&*app.store, clock::now(), &running).await? {
            let task = self.running.spawn(try_due(app.clone(), id));
            self.companies.insert(task.id(), company);
        }
        Ok(())
    }
}

fn carrier(app: &App) -> ByNotifier<'_> {
    ByNotifier {
        notifiers: &app.notifiers,
        store: &*app.store,
        plans: &app.plans,
        operator: app.keys.operator.public(),
    }
}

fn chance() -> u32 {
    clock::random().map(u32::from_le_bytes).unwrap_or(u32::MAX / 2)
}

#[tracing::instrument(name = "deliver", skip_all, fields(delivery = %id))]
async fn try_due(app: Arc<App>, id: DeliveryId) {
    match courier::try_once(&*app.store, &carrier(&app), id, clock::now, chance()).await {
        Ok(Some(delivery)) => told(&app, &delivery),
        Ok(None) => {}
        Err(error) => tracing::error!(%error, delivery = %id, "what came of a try was not written down"),
    }
}

/// Tries a delivery that is claimed already; answers how it stands then.
pub(crate) async fn try_now(app: &App, delivery: Delivery) -> Answer<Delivery> {
    let (company, id) = (delivery.company, delivery.id);
    match courier::finish(&*app.store, &carrier(app), delivery, clock::now, chance()).await? {
        Some(delivery) => {
            told(app, &delivery);
            Ok(delivery)
        }
        None => Ok(app.store.delivery(company, id).await?),
    }
}

/// Log and event stream.
fn told(app: &App, delivery: &Delivery) {
    let error = delivery.error.as_ref().map(|error| error.code.as_str());
    tracing::info!(
        delivery = %delivery.id,
        event = delivery.event,
        notifier = delivery.notifier,
        state = delivery.state.name(),
        attempts = delivery.attempts,
        error,
        "delivery tried"
    );
    let detail = json!({ "delivery": views::delivery(delivery) });
    app.events.publish(delivery.company, delivery.session, "notification.changed", detail);
    // Of a notifier that is not there any more nothing is counted: labels are of what is installed.
    if app.notifiers.get(&delivery.notifier).is_some() {
        app.metrics.tried(&delivery.notifier, delivery.state);
        if let Some(error) = delivery.error.as_ref().filter(|error| error.code == "plugin-budget") {
            app.metrics.budget_exceeded(&delivery.notifier, budget_of(&error.detail));
        }
    }
}

/// Turns what the outbox has into deliveries. An entry that fails is tried again later and keeps no other waiting.
async fn plan_entries(app: &App, window: &mut Window) {
    let entries = match window.next(&*app.store).await {
        Ok(entries) => entries,
        Err(error) => {
            tracing::error!(%error, "the outbox was not read; trying again");
            return;
        }
    };
    for entry in entries {
        if let Err(error) = plan_entry(app, &entry).await {
            tracing::error!(%error, entry = entry.id, "no deliveries were made; trying again");
        }
    }
}

async fn plan_entry(app: &App, entry: &OutboxEntry) -> Result<(), StoreError> {
    let company = app.store.company(entry.company).await?;
    let features = crate::entitlement::of(&company, &app.plans, &app.keys.operator.public(), clock::now()).features;
    let channels = app.store.notification_channels(company.id).await?;
    let taking: Vec<_> = channels
        .iter()
        .filter(|channel| channel.enabled && channel.events.contains(&entry.event))
        .filter(|channel| app.notifiers.delivers(&channel.notifier, &features))
        .map(|channel| {
            let by_recipient = app.notifiers.get(&channel.notifier).is_some_and(|found| found.by_recipient());
            Taking { channel, by_recipient }
        })
        .collect();
    let planned = if taking.is_empty() {
        Vec::new()
    } else {
        let technician = technician(app, entry.snapshot.technician).await?;
        let uses = match entry.event.as_str() {
            "session.ended" => Some(uses(app, company.id, entry.session).await?),
            _ => None,
        };
        let payload = compose::payload(&compose::Told {
            event: &entry.event,
            at: entry.at,
            server: &app.public.origin,
            company: &company,
            technician: technician.as_ref(),
            session: Some(&entry.snapshot),
            uses,
        });
        let people = People { customer: &entry.snapshot.customer, technician: technician.as_ref() };
        let cause = format!("{}/{}", company.id, entry.id);
        plan::deliveries(&cause, entry.at, &taking, &people, &payload)
    };
    for delivery in app.store.fan_out(entry.id, &planned, clock::now()).await? {
        let detail = json!({ "delivery": views::delivery(&delivery) });
        app.events.publish(delivery.company, delivery.session, "notification.changed", detail);
    }
    Ok(())
}

async fn technician(app: &App, id: TechnicianId) -> Result<Option<Technician>, StoreError> {
    match app.store.technician(id).await {
        Ok(found) => Ok(Some(found)),
        Err(StoreError::NotFound) => Ok(None),
        Err(other) => Err(other),
    }
}

/// What a session was used for, each with the technician's name.
async fn uses(app: &App, company: CompanyId, session: SessionId) -> Result<Vec<(ChannelUse, String)>, StoreError> {
    let mut names: HashMap<String, String> = HashMap::new();
    let mut named = Vec::new();
    for used in app.store.channel_uses(company, session).await? {
        let name = match names.get(&used.actor) {
            Some(known) => known.clone(),
            None => {
                let id = used.actor.strip_prefix("technician:").and_then(|id| id.parse().ok());
                let found = match id {
                    Some(id) => technician(app, id).await?,
                    None => None,
                };
                let name = found.map(|technician| technician.name).unwrap_or_default();
                names.insert(used.actor.clone(), name.clone());
                name
            }
        };
        named.push((used, name));
    }
    Ok(named)
}

async fn prune(app: &App) {
    match app.store.prune_outbox(clock::now().saturating_sub(KEPT)).await {
        Ok(0) => {}
        Ok(gone) => tracing::info!(gone, "old deliveries forgotten"),
        Err(error) => tracing::error!(%error, "old deliveries were not forgotten"),
    }
}
