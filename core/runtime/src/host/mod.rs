//! The host's side of every interface: what a guest's call does. Each call that touches the customer's computer asks the
//! [`Gate`] first, then runs the provider off the async threads and within the wall-clock budget. What a notifier has in
//! the server is in [`notify`].

pub(crate) mod base;
pub(crate) mod desk;
pub(crate) mod files;
pub(crate) mod log;
pub(crate) mod notify;
pub(crate) mod system;

use crate::bindings::hospes::base::types::{self, Denial as WitDenial, Error, Failure};
use crate::budget::{Budgets, Limiter, Rate};
use crate::channel::{Metrics, SessionInfo};
use crate::error::{Budget, Exceeded};
use crate::gate::{Denial, Gate, Verdict};
use crate::meter::Clock;
use crate::provider::{self, Providers};
use std::collections::BTreeSet;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use wasmtime::component::{ResourceTable, ResourceTableError};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

/// Everything that one channel's store holds.
pub(crate) struct State {
    pub(crate) table: ResourceTable,
    pub(crate) wasi: WasiCtx,
    pub(crate) limiter: Limiter,
    pub(crate) budgets: Budgets,
    pub(crate) clock: Arc<Clock>,
    pub(crate) gate: Arc<dyn Gate>,
    /// What the manifest states: the most that this plugin can ever be told to be unlocked.
    pub(crate) stated: Arc<BTreeSet<String>>,
    pub(crate) providers: Providers,
    pub(crate) info: SessionInfo,
    pub(crate) licence: Option<Vec<u8>>,
    pub(crate) cancel: CancellationToken,
    pub(crate) inbox: Arc<base::Inbox>,
    pub(crate) outgoing: Option<tokio::sync::mpsc::Sender<bytes::Bytes>>,
    pub(crate) message_rate: Rate,
    pub(crate) log: Arc<log::Log>,
    pub(crate) input: desk::HeldInput,
    pub(crate) system: system::Opened,
    pub(crate) metrics: Metrics,
}

/// A provider's object that a blocking call borrows for its time.
pub(crate) type Shared<T> = Arc<Mutex<Box<T>>>;

/// Locks; a provider that panicked in an earlier call does not poison the next.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How a host call fails: with an answer for the guest, or by ending it.
#[derive(Debug)]
#[allow(unreachable_pub, reason = "the generated bindings re-export it")]
pub enum HostError {
    /// The guest is told.
    Guest(Error),
    /// The guest is ended.
    Trap(wasmtime::Error),
}

pub(crate) type HostResult<T> = Result<T, HostError>;

pub(crate) fn invalid<T>(why: impl Into<String>) -> HostResult<T> {
    Err(HostError::Guest(Error::Invalid(why.into())))
}

pub(crate) fn unavailable(why: &str) -> HostError {
    HostError::Guest(Error::Unavailable(why.into()))
}

impl From<ResourceTableError> for HostError {
    fn from(error: ResourceTableError) -> Self {
        Self::Trap(error.into())
    }
}

impl From<Exceeded> for HostError {
    fn from(error: Exceeded) -> Self {
        Self::Trap(error.into())
    }
}

impl From<wasmtime::Error> for HostError {
    fn from(error: wasmtime::Error) -> Self {
        Self::Trap(error)
    }
}

impl From<provider::Error> for HostError {
    fn from(error: provider::Error) -> Self {
        Self::Guest(error.into())
    }
}

impl From<provider::Error> for Error {
    fn from(error: provider::Error) -> Self {
        match error {
            provider::Error::NotFound => Self::NotFound,
            provider::Error::AlreadyExists => Self::AlreadyExists,
            provider::Error::Invalid(why) => Self::Invalid(why),
            provider::Error::Unavailable(why) => Self::Unavailable(why),
            provider::Error::Other(code, message) => Self::Other(Failure { code: code.into(), message }),
        }
    }
}

impl From<Denial> for WitDenial {
    fn from(denial: Denial) -> Self {
        match denial {
            Denial::NotLicensed => Self::NotLicensed,
            Denial::LocalUserDenied => Self::LocalUserDenied,
            Denial::LocalUserRevoked => Self::LocalUserRevoked,
            Denial::NoAnswer => Self::NoAnswer,
            Denial::LeaseExpired => Self::LeaseExpired,
            Denial::Other(code) => Self::Other(code),
        }
    }
}

/// Runs a provider's call off the async threads, for at most `limit`. A call that takes longer ends the channel; the
/// call itself cannot be broken off and finishes by itself.
pub(crate) fn blocking<T: Send + 'static>(
    limit: Duration,
    call: impl FnOnce() -> provider::Result<T> + Send + 'static,
) -> impl Future<Output = HostResult<T>> + Send {
    let task = tokio::task::spawn_blocking(call);
    async move {
        match tokio::time::timeout(limit, task).await {
            Err(_) => Err(Exceeded(Budget::HostCallTime).into()),
            Ok(Ok(answer)) => Ok(answer?),
            Ok(Err(error)) => {
                tracing::error!(%error, "a provider's call did not finish");
                let message = "the host's own part failed; its log says more".to_owned();
                Err(HostError::Guest(Error::Other(Failure { code: "host-failure".into(), message })))
            }
        }
    }
}

impl HostError {
    /// Code and sentence of an error that a plugin returned.
    pub(crate) fn describe(error: Error) -> (String, String) {
        let (code, message) = match error {
            Error::Denied(denial) => ("denied", format!("denied: {denial:?}")),
            Error::NotFound => ("not-found", "there is no such thing".into()),
            Error::AlreadyExists => ("already-exists", "something of that name is already there".into()),
            Error::Invalid(why) => ("invalid", why),
            Error::Unavailable(why) => ("unavailable", why),
            Error::Budget(which) => ("budget", format!("budget used up: {which}")),
            Error::Cancelled => ("cancelled", "the channel is closing".into()),
            Error::Other(failure) => return (failure.code, failure.message),
        };
        (code.into(), message)
    }
}

impl State {
    /// To be called first by every host call.
    pub(crate) fn enter(&mut self) {
        self.clock.host_call();
        self.metrics.host_calls += 1;
    }

    /// Whether a call to `interface` may go on: asks grant, consent and lease afresh each time.
    pub(crate) async fn allow(&mut self, interface: &'static str) -> HostResult<()> {
        self.enter();
        if self.cancel.is_cancelled() {
            return Err(HostError::Guest(Error::Cancelled));
        }
        let gate = Arc::clone(&self.gate);
        let verdict = match gate.verdict(interface) {
            Verdict::Ask => {
                let cancel = self.cancel.clone();
                tokio::select! {
                    biased;
                    () = cancel.cancelled() => return Err(HostError::Guest(Error::Cancelled)),
                    verdict = gate.ask(interface) => verdict,
                }
            }
            verdict => verdict,
        };
        // Answering counts as the host's time.
        self.clock.host_call();
        let denial = match verdict {
            Verdict::Allow => return Ok(()),
            Verdict::Deny(denial) => denial,
            Verdict::Ask => Denial::NoAnswer,
        };
        self.metrics.denied += 1;
        Err(HostError::Guest(Error::Denied(denial.into())))
    }
}

impl types::Host for State {
    fn convert_error(&mut self, error: HostError) -> wasmtime::Result<Error> {
        match error {
            HostError::Guest(error) => Ok(error),
            HostError::Trap(error) => Err(error),
        }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}
