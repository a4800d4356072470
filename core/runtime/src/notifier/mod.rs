//! Notifiers: plugins that run in the server, once for each delivery (R19). They take the same way in as capabilities
//! (signature, publisher, imports, compilation) and get a store of their own for each call, all budgets on. A notifier
//! that was a long-lived instance could keep what it learned from one company for the next; this one forgets everything.

mod check;

pub(crate) use check::{RefusedRequest, check_key, check_mail, check_request};

use crate::bindings::hospes::base::types::{Denial, Error};
use crate::bindings::notifier::NotifierSdk;
use crate::bindings::notifier::NotifierSdkPre;
use crate::bindings::notifier::exports::hospes::notify::sink;
use crate::budget::{Budgets, Limiter};
use crate::engine::{Prepared, Runtime};
use crate::error::{Budget, RuntimeError};
use crate::host::HostError;
use crate::host::log::{Log, Of, clean};
use crate::host::notify::NotifierState;
use crate::meter::{Clock, Metered};
use crate::provider::notify::{HttpProvider, MailProvider};
use crate::run::{bounded, ended_by};
use hospes_licence::key::PublicKey;
use hospes_licence::manifest::{Kind, Manifest};
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use wasmtime::Store;
use wasmtime::component::ResourceTable;

/// Longest reason that is kept of a notifier's words, in bytes.
const MAX_REASON: usize = 500;
/// Most problems of a channel's settings that are kept.
const MAX_PROBLEMS: usize = 32;

/// A notifier that was verified, inspected, compiled and linked.
pub struct Notifier {
    id: Arc<str>,
    pre: NotifierSdkPre<NotifierState>,
    hash: String,
    manifest: Arc<Manifest>,
}

impl std::fmt::Debug for Notifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Notifier").field("id", &self.id).field("hash", &self.hash).finish_non_exhaustive()
    }
}

impl Notifier {
    /// What its author states.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// BLAKE3 of the signed file, hex.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }
}

/// One event to deliver (`hospes:notify/sink.delivery`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The same for every try of the same delivery: 1 to 160 letters, digits, `-`, `_` and `.`.
    pub key: String,
    /// Which try this is, from 1.
    pub attempt: u32,
    /// The event's name, e.g. `session.prepared`.
    pub event: String,
    /// The event as JSON.
    pub payload: String,
    /// The channel's settings as JSON.
    pub config: String,
}

/// What a notifier can reach during one delivery. Nothing by default.
#[derive(Clone, Default)]
pub struct Outside {
    /// `hospes:notify/mail`; without it the notifier is told `unavailable`.
    pub mail: Option<Arc<dyn MailProvider>>,
    /// The one address that this delivery is for: no other can be mailed to, so that no notifier uses the operator's mail
    /// server for letters of its own. Without one nobody is.
    pub recipient: Option<String>,
    /// `hospes:notify/http`; without it the notifier is told `unavailable`.
    pub http: Option<Arc<dyn HttpProvider>>,
    /// Interfaces that the company's plan unlocks (`Manifest::unlocked`); any other answers `denied(not-licensed)`.
    pub unlocked: BTreeSet<String>,
}

/// Why a delivery did not go out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Undelivered {
    /// Whether another try is useless.
    pub permanent: bool,
    /// Stable code in kebab-case, e.g. `unavailable`, `not-licensed`, `plugin-budget`.
    pub code: String,
    /// English sentence on one line; names the plugin and its budget when the runtime ended it.
    pub reason: String,
}

/// What is wrong with one field of a channel's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigProblem {
    /// The field's name.
    pub field: String,
    /// One sentence on one line, in the language that was asked for.
    pub message: String,
}

type Answer<'a, R> = Pin<Box<dyn Future<Output = wasmtime::Result<R>> + Send + 'a>>;

impl Runtime {
    /// Takes a signed notifier in, as [`Runtime::load`] takes a capability. Compiling runs off the async threads.
    ///
    /// # Errors
    /// [`RuntimeError::Untrusted`], [`RuntimeError::Imports`] or [`RuntimeError::Unusable`].
    pub async fn load_notifier(
        self: &Arc<Self>,
        file: Vec<u8>,
        publishers: &[PublicKey],
    ) -> Result<Notifier, RuntimeError> {
        let (runtime, publishers) = (Arc::clone(self), publishers.to_vec());
        tokio::task::spawn_blocking(move || runtime.load_notifier_blocking(file, &publishers))
            .await
            .map_err(|error| RuntimeError::Engine(format!("compiling did not finish: {error}")))?
    }

    /// [`Runtime::load_notifier`] on the caller's own thread.
    ///
    /// # Errors
    /// Like [`Runtime::load_notifier`].
    pub fn load_notifier_blocking(&self, file: Vec<u8>, publishers: &[PublicKey]) -> Result<Notifier, RuntimeError> {
        let Prepared { file, component, .. } = self.prepare(file, publishers, Kind::Notifier)?;
        let id: Arc<str> = file.manifest.id.as_str().into();
        let pre = crate::host::notify::link(&self.engine, &file.manifest.interfaces())
            .and_then(|linker| linker.instantiate_pre(&component))
            .and_then(NotifierSdkPre::new)
            .map_err(|error| RuntimeError::Unusable { plugin: id.to_string(), message: format!("{error:#}") })?;
        Ok(Notifier { id, pre, hash: file.hash, manifest: Arc::new(file.manifest) })
    }

    /// Delivers one event: one store for this call, all budgets on. Never fails the process; a notifier that crashed or
    /// used a budget up is not permanent, since its next version, or a quieter moment, may deliver.
    ///
    /// # Errors
    /// Why it did not go out, in the notifier's words or in the runtime's.
    pub async fn deliver(
        &self,
        notifier: &Notifier,
        delivery: Delivery,
        outside: Outside,
        budgets: Budgets,
    ) -> Result<(), Undelivered> {
        if !check_key(&delivery.key) {
            let reason =
                "the delivery's key is not 1 to 160 letters, digits, hyphens, underscores and points".to_owned();
            return Err(Undelivered { permanent: true, code: "invalid".into(), reason });
        }
        let key = delivery.key.clone();
        let delivery = sink::Delivery {
            key: delivery.key,
            attempt: delivery.attempt,
            event: delivery.event,
            payload: delivery.payload,
            config: delivery.config,
        };
        let answer = self
            .call(notifier, key, outside, budgets, move |guest, store| {
                Box::pin(async move { guest.hospes_notify_sink().call_deliver(store, &delivery).await })
            })
            .await;
        match answer {
            Ok(Ok(())) => Ok(()),
            Ok(Err(undelivered)) => Err(in_its_words(undelivered)),
            Err(error) => {
                let reason = clean(&error.to_string(), MAX_REASON);
                Err(Undelivered { permanent: false, code: error.code().into(), reason })
            }
        }
    }

    /// Asks a notifier what is wrong with a channel's settings (JSON), in `language` (`en`, `fr` or `es`). Empty when
    /// nothing is. It reaches nothing outside meanwhile.
    ///
    /// # Errors
    /// [`RuntimeError::Budget`] or [`RuntimeError::Trapped`].
    pub async fn check_config(
        &self,
        notifier: &Notifier,
        config: String,
        language: &str,
        budgets: Budgets,
    ) -> Result<Vec<ConfigProblem>, RuntimeError> {
        let language = language.to_owned();
        let problems = self
            .call(notifier, "check-config".into(), Outside::default(), budgets, move |guest, store| {
                Box::pin(async move { guest.hospes_notify_sink().call_check_config(store, &config, &language).await })
            })
            .await?;
        let problem = |problem: sink::Problem| ConfigProblem {
            field: clean(&problem.field, 64),
            message: clean(&problem.message, MAX_REASON),
        };
        Ok(problems.into_iter().take(MAX_PROBLEMS).map(problem).collect())
    }

    /// One call into a fresh store.
    async fn call<R: Send>(
        &self,
        notifier: &Notifier,
        key: String,
        outside: Outside,
        mut budgets: Budgets,
        call: impl for<'a> FnOnce(&'a NotifierSdk, &'a mut Store<NotifierState>) -> Answer<'a, R> + Send,
    ) -> Result<R, RuntimeError> {
        budgets.memory = budgets.memory.min(notifier.manifest.memory());
        let clock = Arc::new(Clock::new());
        let log = Arc::new(Log::new(&notifier.id, Of::Delivery(key.clone()), &budgets));
        let mut table = ResourceTable::new();
        table.set_max_capacity(budgets.handles);
        let state = NotifierState {
            table,
            wasi: crate::wasi::context(&log),
            limiter: Limiter::new(&budgets),
            clock: Arc::clone(&clock),
            log: Arc::clone(&log),
            key,
            manifest: Arc::clone(&notifier.manifest),
            outside,
            outside_calls: budgets.outside_calls,
            host_call_time: budgets.host_call_time,
        };
        let mut store = bounded(&self.engine, state, &budgets, &clock, |state| &mut state.limiter);
        let guest = async {
            let instance = notifier.pre.instantiate_async(&mut store).await?;
            call(&instance, &mut store).await
        };
        let guest = Metered::new(guest, clock, &self.ticker, budgets.share);
        let plugin = notifier.id.to_string();
        match tokio::time::timeout(budgets.delivery_time, guest).await {
            Ok(answer) => answer.map_err(|error| ended_by(plugin, &error, &log)),
            Err(_) => Err(RuntimeError::Budget { plugin, budget: Budget::DeliveryTime }),
        }
    }
}

/// A notifier's own reason, made fit for lists and logs: whatever it says stays one short line and one code.
fn in_its_words(undelivered: sink::Undelivered) -> Undelivered {
    let permanent = undelivered.permanent;
    let (code, reason) = match undelivered.reason {
        Error::Denied(Denial::NotLicensed) => ("not-licensed".into(), "the company's plan does not include it".into()),
        error => HostError::describe(error),
    };
    let sound = (1..=64).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let code = if sound { code } else { "plugin-failed".into() };
    let reason = clean(&reason, MAX_REASON);
    Undelivered { permanent, code, reason: if reason.trim().is_empty() { code_only() } else { reason } }
}

fn code_only() -> String {
    "the notifier gave no reason".into()
}
