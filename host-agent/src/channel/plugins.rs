//! Plugins that are ready to run. A plugin in use is shared by its channels; one that is not is only kept on the disk.

use super::fetch;
use super::open::{Peer, problem_of};
use crate::host::Host;
use crate::place::Place;
use hospes_licence::grant::Grant;
use hospes_licence::key::PublicKey;
use hospes_runtime::{Plugin, Runtime, RuntimeError, Settings};
use hospes_transport::Connection;
use hospes_wire::channel::FromHost;
use hospes_wire::problem::Problem;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// The engine and what it has loaded.
pub(crate) struct Plugins {
    pub(super) runtime: Arc<Runtime>,
    loaded: Mutex<HashMap<String, Weak<Plugin>>>,
}

impl Plugins {
    /// Sets the engine up; what it compiles is kept inside the cache directory of `place`.
    pub(crate) fn new(place: &Place) -> Result<Self, RuntimeError> {
        let settings = Settings { cache: Some(place.cache().join("compiled")), ..Settings::default() };
        Ok(Self { runtime: Arc::new(Runtime::new(&settings)?), loaded: Mutex::new(HashMap::new()) })
    }

    fn loaded(&self, hash: &str) -> Option<Arc<Plugin>> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).get(hash).and_then(Weak::upgrade)
    }
}

/// The plugin that the grant names: verified, by a publisher that the customer accepted, and the one that the capability
/// is called after.
pub(super) async fn plugin(
    host: &Host,
    grant: &Grant,
    connection: &Connection,
    peer: &mut Peer,
) -> Result<Arc<Plugin>, Problem> {
    let plugin = match host.plugins.loaded(&grant.component) {
        Some(plugin) => plugin,
        None => load(host, grant, connection, peer).await?,
    };
    if plugin.manifest.id != grant.capability {
        return Err(Problem::new("plugin-untrusted", 403, "The plugin was refused").detail(format!(
            "the grant opens {:?}, the plugin calls itself {:?}",
            grant.capability, plugin.manifest.id
        )));
    }
    Ok(plugin)
}

async fn load(host: &Host, grant: &Grant, connection: &Connection, peer: &mut Peer) -> Result<Arc<Plugin>, Problem> {
    let failed = |error: fetch::FetchError| {
        Problem::new("plugin-fetch", 502, "The plugin could not be fetched").detail(error.to_string())
    };
    let bytes = match fetch::from_cache(&host.place, &grant.component).await.map_err(failed)? {
        Some(bytes) => bytes,
        None => {
            peer.say(&FromHost::Wait { reason: "fetching".to_owned() }).await?;
            fetch::from_server(&host.place, connection, &grant.component).await.map_err(failed)?
        }
    };
    peer.say(&FromHost::Wait { reason: "starting".to_owned() }).await?;
    let publishers: Vec<PublicKey> = host.publishers.iter().map(|publisher| publisher.key).collect();
    let plugin = host.plugins.runtime.load(bytes, &publishers).await.map_err(|error| refused(&error))?;
    let plugin = Arc::new(plugin);
    let mut loaded = host.plugins.loaded.lock().map_err(|_| problem_of(&"the list of plugins is damaged"))?;
    loaded.retain(|_, plugin| plugin.strong_count() > 0);
    loaded.insert(grant.component.clone(), Arc::downgrade(&plugin));
    Ok(plugin)
}

/// What the technician is told of a plugin that is refused, or that ended badly.
pub(super) fn refused(error: &RuntimeError) -> Problem {
    let status = if matches!(error, RuntimeError::Untrusted(_) | RuntimeError::Imports { .. }) { 403 } else { 500 };
    Problem::new(error.code(), status, error.to_string())
}
