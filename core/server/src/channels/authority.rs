//! May this technician use this capability in this session now, and with which interfaces? Asked when a channel opens
//! and again while it is open (R9, R10, R20), by a login that still lives; the answer goes to the host as a signed grant.

use crate::caller::Caller;
use crate::channels::registry::Channel;
use crate::clock;
use crate::refusal::{Answer, Refusal};
use crate::state::App;
use axum::http::StatusCode;
use hospes_licence::grant::{Grant, LIFETIME, Limits, Mode, SignedGrant, sign};
use hospes_licence::key::PublicKey;
use hospes_licence::plugin_file::PluginFile;
use hospes_session::capability::CapabilityId;
use hospes_session::id::SessionId;
use hospes_session::model::{HostKey, Millis, SessionState};
use hospes_store::StoreError;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What is allowed now.
#[derive(Clone, Debug)]
pub(crate) struct Authority {
    /// The plugin that serves it.
    pub(crate) plugin: Arc<PluginFile>,
    /// What plan and choice leave.
    pub(crate) interfaces: BTreeSet<String>,
    /// The host that may act on it.
    pub(crate) host_key: HostKey,
    /// When everything ends.
    pub(crate) lease_ends: Millis,
    /// When the login ends that it was asked with, at the latest.
    pub(crate) login_ends: Millis,
}

/// Decides.
///
/// # Errors
/// The first thing that is missing: the login (`unauthenticated`), the session, the plugin, the plan, the choice.
pub(crate) async fn decide(
    app: &App,
    caller: &Caller,
    session: SessionId,
    capability: &CapabilityId,
) -> Answer<Authority> {
    let login = app.store.login(caller.login, clock::now()).await.map_err(|error| match error {
        StoreError::NotFound => Refusal::new("unauthenticated", StatusCode::UNAUTHORIZED, "Log in again.")
            .detail("The login that this channel was opened with is over: logged out, or too old."),
        other => other.into(),
    })?;
    let session = app.store.session(caller.technician.company, session).await?;
    let active = match &session.state {
        SessionState::Active(active) if active.lease_expires_at > clock::now() => active,
        SessionState::Prepared(_) => {
            return Err(Refusal::new("session-not-active", StatusCode::CONFLICT, "The session is not active yet.")
                .detail("The customer has not entered the security code."));
        }
        SessionState::Active(_) | SessionState::Ended(_) => {
            return Err(
                Refusal::new("session-ended", StatusCode::GONE, "The session is over.").detail("Prepare a new one.")
            );
        }
    };
    let Some(plugin) = app.plugins.capability(capability.as_str()) else {
        return Err(Refusal::new("not-installed", StatusCode::NOT_FOUND, "There is no such capability here.")
            .detail(format!("No plugin '{capability}' is installed on this server.")));
    };
    // The plan first: what it does not have cannot be chosen either, and the plan is the reason that helps.
    let (_, entitlement) = app.entitlement(session.company).await?;
    entitlement.in_force()?;
    if !plugin.manifest.licensed(&entitlement.features) {
        return Err(Refusal::new("not-licensed", StatusCode::FORBIDDEN, "The company's plan does not have this."));
    }
    if !session.capabilities.contains(capability) {
        return Err(Refusal::new("not-chosen", StatusCode::FORBIDDEN, "This session does not include it.")
            .detail(format!("'{capability}' is not chosen; choose it on the session's page, also while it runs.")));
    }
    Ok(Authority {
        plugin: plugin.clone(),
        interfaces: plugin.manifest.unlocked(&entitlement.features),
        host_key: active.host_key,
        lease_ends: active.lease_expires_at,
        login_ends: login.expires_at,
    })
}

/// Signs what is allowed now, for a minute.
pub(crate) fn grant(app: &App, channel: &Channel, authority: &Authority, generation: u64) -> Answer<SignedGrant> {
    let now = clock::now();
    let grant = Grant {
        session: channel.session.to_string(),
        channel: channel.id.to_string(),
        host_key: PublicKey(authority.host_key.0),
        technician: channel.caller.technician.id.to_string(),
        technician_name: channel.caller.technician.name.clone(),
        login: channel.caller.login.to_string(),
        capability: channel.capability.to_string(),
        component: authority.plugin.hash.clone(),
        interfaces: authority.interfaces.clone(),
        mode: Mode::Full,
        limits: Limits { memory: authority.plugin.manifest.memory() },
        generation,
        issued_at: now,
        not_after: now.saturating_add(LIFETIME).min(authority.lease_ends).min(authority.login_ends),
    };
    sign(&grant, &app.keys.grant).map_err(|error| Refusal::internal(format!("a grant was not signed: {error}")))
}
