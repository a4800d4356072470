//! Once a second: ends what is over (R4, R5), closes what an ended login keeps open, and tells open channels and readers of
//! events of a changed licence.

use crate::clock;
use crate::live;
use crate::refusal::Answer;
use crate::state::App;
use hospes_session::id::CompanyId;
use hospes_session::rules::Command;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::MissedTickBehavior;

/// Runs until the server shuts down.
pub(crate) async fn run(app: Arc<App>) {
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut licences = HashMap::new();
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = app.stop.cancelled() => return,
        }
        if let Err(refusal) = sweep(&app).await {
            tracing::error!(code = refusal.into_problem().code(), "sessions were not swept; trying again");
        }
        live::sweep(&app).await;
        watch_licences(&app, &mut licences).await;
        app.tickets.sweep(None);
        app.logins.sweep();
        app.codes.sweep();
        app.notifiers.again.sweep();
    }
}

/// Ends what is over (also asked before a quota is counted). One that fails is tried again in a second and keeps no other from its end.
pub(crate) async fn sweep(app: &App) -> Answer<()> {
    for id in app.store.due(clock::now()).await? {
        if let Err(refusal) = app.apply(id, &Command::Tick, "sweeper", "session.tick", json!({})).await {
            tracing::error!(session = %id, code = refusal.into_problem().code(), "not swept");
        }
    }
    Ok(())
}

/// The operator's command line changes licences behind the server's back: open channels must feel it within a second,
/// and so must whoever reads the company's events. One that cannot be read keeps no other company from its news.
async fn watch_licences(app: &App, seen: &mut HashMap<CompanyId, crate::entitlement::Entitlement>) {
    let mut companies = app.channels.companies();
    companies.extend(app.events.companies());
    seen.retain(|company, _| companies.contains(company));
    for company in companies {
        let now = match app.entitlement(company).await {
            Ok((_, now)) => now,
            Err(refusal) => {
                let code = refusal.into_problem().code().to_owned();
                tracing::error!(%company, code, "its licence was not looked at; trying again");
                continue;
            }
        };
        if let Some(before) = seen.insert(company, now.clone())
            && before != now
        {
            app.events.publish(company, None, "licence.changed", json!({ "plan": now.plan, "features": now.features }));
        }
    }
}
