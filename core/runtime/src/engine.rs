//! The engine, and the way of a plugin file into it: signature, publisher, imports, compilation, linking. Each step
//! comes before the next; a plugin that fails one never reaches the next.

use crate::bindings::{CapabilitySdkPre, hospes};
use crate::cache::Cache;
use crate::error::RuntimeError;
use crate::host::State;
use crate::inspect;
use crate::ticker::Ticker;
use hospes_licence::key::PublicKey;
use hospes_licence::manifest::{Kind, Manifest};
use hospes_licence::plugin_file;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Strategy};

/// Where the memory of instances comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Allocator {
    /// Asked for when a channel opens: a host has few channels and should cost nothing while it has none.
    #[default]
    OnDemand,
    /// Kept ready: a server starts a notifier for each delivery.
    Pooling,
}

/// How a runtime is set up.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Where instances' memory comes from.
    pub allocator: Allocator,
    /// Directory for compiled plugins, made when it is not there; none compiles each plugin at each load.
    pub cache: Option<PathBuf>,
}

/// The engine. One for the whole process; cheap to share in an `Arc`.
pub struct Runtime {
    pub(crate) engine: Engine,
    pub(crate) ticker: Ticker,
    cache: Option<Cache>,
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime").field("cache", &self.cache).finish_non_exhaustive()
    }
}

/// A plugin that was verified, inspected, compiled and linked: channels can be opened with it.
pub struct Plugin {
    pub(crate) id: Arc<str>,
    pub(crate) stated: Arc<BTreeSet<String>>,
    pub(crate) pre: CapabilitySdkPre<State>,
    /// BLAKE3 of the signed file, hex.
    pub hash: String,
    /// What its author states.
    pub manifest: Manifest,
    /// What compiling, or loading from the cache, took.
    pub prepared_in: Duration,
    /// Whether it came from the cache.
    pub from_cache: bool,
}

/// A plugin that was verified, inspected and compiled, but not linked.
pub(crate) struct Prepared {
    pub(crate) file: plugin_file::PluginFile,
    pub(crate) component: Component,
    pub(crate) prepared_in: Duration,
    pub(crate) from_cache: bool,
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plugin").field("id", &self.id).field("hash", &self.hash).finish_non_exhaustive()
    }
}

impl Runtime {
    /// Sets the engine up.
    ///
    /// # Errors
    /// [`RuntimeError::Engine`] when this computer cannot run it, or the cache's directory cannot be made.
    pub fn new(settings: &Settings) -> Result<Self, RuntimeError> {
        let engine =
            Engine::new(&config(settings.allocator)).map_err(|error| RuntimeError::Engine(format!("{error:#}")))?;
        let cache = settings.cache.as_deref().map(|directory| Cache::open(directory, &engine)).transpose()?;
        let ticker = Ticker::start(engine.clone())
            .map_err(|error| RuntimeError::Engine(format!("its clock thread does not start: {error}")))?;
        Ok(Self { engine, ticker, cache })
    }

    /// Takes a signed plugin file in: checks signature and publisher, compares its imports with its manifest, then
    /// compiles it (or takes it from the cache) and links it. Compiling takes from milliseconds to seconds of all
    /// processors; it runs off the async threads.
    ///
    /// # Errors
    /// [`RuntimeError::Untrusted`], [`RuntimeError::Imports`] or [`RuntimeError::Unusable`].
    pub async fn load(self: &Arc<Self>, file: Vec<u8>, publishers: &[PublicKey]) -> Result<Plugin, RuntimeError> {
        let (runtime, publishers) = (Arc::clone(self), publishers.to_vec());
        tokio::task::spawn_blocking(move || runtime.load_blocking(file, &publishers))
            .await
            .map_err(|error| RuntimeError::Engine(format!("compiling did not finish: {error}")))?
    }

    /// [`Runtime::load`] on the caller's own thread.
    ///
    /// # Errors
    /// Like [`Runtime::load`].
    pub fn load_blocking(&self, file: Vec<u8>, publishers: &[PublicKey]) -> Result<Plugin, RuntimeError> {
        let Prepared { file, component, prepared_in, from_cache } = self.prepare(file, publishers, Kind::Capability)?;
        let id = file.manifest.id.clone();
        let unusable = |message| RuntimeError::Unusable { plugin: id.clone(), message };
        let stated = file.manifest.interfaces();
        let pre = link(&self.engine, &stated)
            .and_then(|linker| linker.instantiate_pre(&component))
            .and_then(CapabilitySdkPre::new)
            .map_err(|error| unusable(format!("{error:#}")))?;
        let (id, stated) = (id.into(), Arc::new(stated));
        Ok(Plugin { id, stated, pre, hash: file.hash, manifest: file.manifest, prepared_in, from_cache })
    }

    /// The steps that every kind of plugin takes before it is linked: signature, publisher, imports, kind, compilation.
    pub(crate) fn prepare(
        &self,
        file: Vec<u8>,
        publishers: &[PublicKey],
        kind: Kind,
    ) -> Result<Prepared, RuntimeError> {
        let untrusted = |error: plugin_file::BadPlugin| RuntimeError::Untrusted(error.to_string());
        let file = plugin_file::verify(file).map_err(untrusted)?;
        plugin_file::trusted(&file, publishers).map_err(untrusted)?;
        inspect::inspect(&file.bytes, &file.manifest)?;
        let id = file.manifest.id.clone();
        let unusable = |message| RuntimeError::Unusable { plugin: id.clone(), message };
        match (file.manifest.kind, kind) {
            (Kind::Notifier, Kind::Capability) => return Err(unusable("a notifier opens no channels".into())),
            (Kind::Capability, Kind::Notifier) => return Err(unusable("a capability delivers nothing".into())),
            _ => {}
        }
        let started = Instant::now();
        let (component, from_cache) =
            self.component(&file.hash, &file.bytes).map_err(|error| unusable(format!("{error:#}")))?;
        Ok(Prepared { file, component, prepared_in: started.elapsed(), from_cache })
    }

    fn component(&self, hash: &str, bytes: &[u8]) -> wasmtime::Result<(Component, bool)> {
        if let Some(component) = self.cache.as_ref().and_then(|cache| cache.load(hash, &self.engine)) {
            return Ok((component, true));
        }
        let component = Component::new(&self.engine, bytes)?;
        if let Some(cache) = &self.cache {
            cache.store(hash, &component);
        }
        Ok((component, false))
    }
}

fn config(allocator: Allocator) -> Config {
    let mut config = Config::new();
    config
        .strategy(Strategy::Cranelift)
        .wasm_component_model(true)
        .epoch_interruption(true)
        .memory_init_cow(true)
        .parallel_compilation(true)
        // What no tool chain of a plugin needs, or what differs from one computer to the next.
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_relaxed_simd(false)
        .wasm_component_model_implements(false);
    if allocator == Allocator::Pooling {
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(128)
            .total_core_instances(1024)
            .max_core_instances_per_component(64)
            .total_memories(256)
            .max_memories_per_component(16)
            .total_tables(1024)
            .max_tables_per_component(32)
            .table_elements(100_000)
            .max_memory_size(512 << 20)
            .total_stacks(128);
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    }
    config
}

/// Links the inert floor, the inert interfaces of the host, and of the others those that the manifest states. Which of
/// them answer is the gate's to say, call by call; the rest does not exist in this sandbox.
fn link(engine: &Engine, stated: &BTreeSet<String>) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::<State>::new(engine);
    let l = &mut linker;
    crate::wasi::link(l)?;
    type Own = HasSelf<State>;
    hospes::base::types::add_to_linker::<_, Own>(l, |state| state)?;
    hospes::base::session::add_to_linker::<_, Own>(l, |state| state)?;
    hospes::base::log::add_to_linker::<_, Own>(l, |state| state)?;
    hospes::base::channel::add_to_linker::<_, Own>(l, |state| state)?;
    hospes::desk::types::add_to_linker::<_, Own>(l, |state| state)?;
    for name in stated {
        match name.as_str() {
            "hospes:desk/screen" => hospes::desk::screen::add_to_linker::<_, Own>(l, |state| state)?,
            "hospes:desk/cursor" => hospes::desk::cursor::add_to_linker::<_, Own>(l, |state| state)?,
            "hospes:desk/input" => hospes::desk::input::add_to_linker::<_, Own>(l, |state| state)?,
            "hospes:desk/clipboard-read" => hospes::desk::clipboard_read::add_to_linker::<_, Own>(l, |state| state)?,
            "hospes:desk/clipboard-write" => hospes::desk::clipboard_write::add_to_linker::<_, Own>(l, |state| state)?,
            "hospes:files/read" => hospes::files::read::add_to_linker::<_, Own>(l, |state| state)?,
            "hospes:files/write" => hospes::files::write::add_to_linker::<_, Own>(l, |state| state)?,
            "hospes:system/insight" => hospes::system::insight::add_to_linker::<_, Own>(l, |state| state)?,
            "hospes:system/processes" => hospes::system::processes::add_to_linker::<_, Own>(l, |state| state)?,
            "hospes:system/process-control" => {
                hospes::system::process_control::add_to_linker::<_, Own>(l, |state| state)?;
            }
            "hospes:system/services" => hospes::system::services::add_to_linker::<_, Own>(l, |state| state)?,
            "hospes:system/event-log" => hospes::system::event_log::add_to_linker::<_, Own>(l, |state| state)?,
            "hospes:system/power" => hospes::system::power::add_to_linker::<_, Own>(l, |state| state)?,
            // Refused by `inspect` before; a name that is new there and forgotten here fails to link.
            _ => {}
        }
    }
    Ok(linker)
}
