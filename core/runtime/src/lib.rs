//! The only user of wasmtime: verify, inspect imports, link, budget, run. Knows no session, network or operating
//! system: what a host lends comes in as [`provider::Providers`], what is allowed as a [`gate::Gate`].
//!
//! # How to use it
//! One [`Runtime`] for the process, one [`Plugin`] for each signed file, one [`Runtime::run`] for each channel:
//!
//! ```ignore
//! let runtime = Arc::new(Runtime::new(&Settings { cache: Some(state_dir.join("plugins")), ..Settings::default() })?);
//! let plugin = Arc::new(runtime.load(file_bytes, &trusted_publishers).await?); // verified, inspected, compiled, linked
//!
//! let (to_plugin, incoming) = mpsc::channel(8);   // frames from the stream -> plugin; drop it when the page is done
//! let (outgoing, from_plugin) = mpsc::channel(8); // plugin -> frames to the stream; its end is the plugin's `finish`
//! let outcome = runtime.run(&plugin, ChannelContext {
//!     info, request, gate, providers, licence: None, incoming, outgoing,
//!     cancel: cancel.clone(),                     // cancel it to close the channel; the plugin has 2 s to return
//!     budgets: Budgets { memory: grant.limits.memory, ..Budgets::default() },
//! }).await;
//! match outcome.result {
//!     Ok(()) => { /* returned, or was told to close */ }
//!     Err(error) => { /* error.code(), error.to_string(): names plugin and budget; this channel only */ }
//! }
//! ```
//!
//! `run` is `Send` and meant to be spawned, with the `Arc`s of runtime and plugin moved into the task. Dropping it ends
//! the channel at once. Both mpsc channels should be small (a few messages): they are all that is buffered, so a slow
//! page slows the plugin down.
//!
//! The [`Gate`](gate::Gate) is asked before each call that touches the customer's computer, so what it denies is denied
//! from the next call on, and what it unlocks is unlocked, both without reopening the channel.
//!
//! # Notifiers
//! A notifier is loaded with [`Runtime::load_notifier`] and called once for each delivery; a server uses
//! [`Allocator::Pooling`] for it, which has room for 128 deliveries at once.
//!
//! ```ignore
//! let notifier = runtime.load_notifier(file_bytes, &trusted_publishers).await?;
//! let unlocked = notifier.manifest().unlocked(&features_of_the_plan);
//! let outside = Outside { mail: Some(transport), recipient, http: Some(egress), unlocked };
//! match runtime.deliver(&notifier, delivery, outside, Budgets::default()).await {
//!     Ok(()) => { /* done */ }
//!     Err(why) if why.permanent => { /* dead: why.code, why.reason */ }
//!     Err(why) => { /* later, with the same key */ }
//! }
//! ```
//!
//! The key goes with each try. A delivery whose future is dropped may have gone out all the same.

mod bindings;
mod budget;
mod cache;
mod channel;
mod engine;
mod error;
pub mod gate;
mod host;
pub mod inspect;
mod meter;
mod notifier;
pub mod provider;
mod run;
mod ticker;
mod wasi;

pub use budget::Budgets;
pub use channel::{ChannelContext, Metrics, Outcome, SessionInfo};
pub use engine::{Allocator, Plugin, Runtime, Settings};
pub use error::{Budget, ImportMismatch, RuntimeError};
pub use notifier::{ConfigProblem, Delivery, Notifier, Outside, Undelivered};
