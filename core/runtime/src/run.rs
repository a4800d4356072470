//! One channel: one store, one fiber, all budgets on. Whatever happens inside ends this channel only.

use crate::budget::{Budgets, Limiter, Rate};
use crate::channel::{ChannelContext, Metrics, Outcome};
use crate::engine::{Plugin, Runtime};
use crate::error::{Budget, Exceeded, RuntimeError};
use crate::host::base::{ChannelHandle, Inbox};
use crate::host::desk::{HeldInput, let_go_when_denied};
use crate::host::log::{Log, Of};
use crate::host::system::Opened;
use crate::host::{HostError, State};
use crate::meter::{Clock, Metered};
use crate::provider::Providers;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmtime::component::{ResourceTable, ResourceTableError};
use wasmtime::{Engine, Store, UpdateDeadline};

impl Runtime {
    /// Runs a plugin for one channel, until it returns, is told to close, or has to be ended. Dropping the future ends
    /// the channel at once.
    ///
    /// Needs tokio's runtime with time and a pool for blocking calls.
    pub async fn run(&self, plugin: &Plugin, context: ChannelContext) -> Outcome {
        let opened = Instant::now();
        let ChannelContext { info, request, gate, providers, licence, incoming, outgoing, cancel, budgets } = context;
        let clock = Arc::new(Clock::new());
        let log = Arc::new(Log::new(&plugin.id, Of::Session(info.id.clone()), &budgets));
        let input = HeldInput::default();
        let let_go = let_go_when_denied(Arc::clone(&input), Arc::clone(&gate));
        let holds = plugin.stated.contains("hospes:desk/input");
        let mut table = ResourceTable::new();
        table.set_max_capacity(budgets.handles);
        let state = State {
            table,
            wasi: crate::wasi::context(&log),
            limiter: Limiter::new(&budgets),
            clock: Arc::clone(&clock),
            gate,
            stated: Arc::clone(&plugin.stated),
            providers: keep_stated(providers, &plugin.stated),
            info,
            licence,
            cancel: cancel.clone(),
            inbox: Arc::new(Inbox::new(incoming)),
            outgoing: Some(outgoing),
            message_rate: Rate::new(budgets.messages, opened),
            log: Arc::clone(&log),
            input: Arc::clone(&input),
            system: Opened::default(),
            metrics: Metrics::default(),
            budgets: budgets.clone(),
        };
        let mut store = bounded(&self.engine, state, &budgets, &clock, |state| &mut state.limiter);

        let mut start = Duration::ZERO;
        let guest = async {
            let instance = plugin.pre.instantiate_async(&mut store).await?;
            let channel = store.data_mut().table.push(ChannelHandle)?;
            start = opened.elapsed();
            instance.hospes_plugin_serve().call_run(&mut store, &request, channel).await
        };
        let guest = Metered::new(guest, Arc::clone(&clock), &self.ticker, budgets.share);
        let overdue = async {
            cancel.cancelled().await;
            tokio::time::sleep(budgets.grace).await;
        };
        let ended = tokio::select! {
            biased;
            answer = guest => Some(answer),
            () = overdue => None,
            () = let_go, if holds => None,
        };

        let cancelled = cancel.is_cancelled();
        let id = || plugin.id.to_string();
        let result = match ended {
            None => Err(RuntimeError::Stopped { plugin: id() }),
            Some(Ok(Ok(()))) => Ok(()),
            Some(Ok(Err(_))) if cancelled => Ok(()),
            Some(Ok(Err(error))) => {
                let (code, message) = HostError::describe(error);
                Err(RuntimeError::Failed { plugin: id(), code, message })
            }
            Some(Err(error)) => Err(ended_by(id(), &error, &log)),
        };
        let state = store.into_data();
        let mut metrics = state.metrics;
        metrics.open = opened.elapsed();
        metrics.start = start;
        metrics.computed = clock.total();
        metrics.memory = state.limiter.memory() as u64;
        (metrics.log_lines, metrics.log_dropped) = log.counts();
        Outcome { result, metrics }
    }
}

/// A store with every budget on.
pub(crate) fn bounded<T: Send + 'static>(
    engine: &Engine,
    state: T,
    budgets: &Budgets,
    clock: &Arc<Clock>,
    limiter: fn(&mut T) -> &mut Limiter,
) -> Store<T> {
    let mut store = Store::new(engine, state);
    store.limiter(move |state| limiter(state));
    store.set_hostcall_fuel(budgets.host_call_bytes);
    // A little above the host's own table, so that it is the one that names the budget.
    store.set_max_component_handles(budgets.handles.saturating_mul(2));
    store.set_epoch_deadline(1);
    let (watched, burst) = (Arc::clone(clock), budgets.burst);
    store.epoch_deadline_callback(move |_| match watched.burst() > burst {
        true => Err(Exceeded(Budget::Cpu).into()),
        false => Ok(UpdateDeadline::Yield(1)),
    });
    store
}

/// What the manifest does not state is not even lent.
fn keep_stated(providers: Providers, stated: &BTreeSet<String>) -> Providers {
    let any = |prefix: &str| stated.iter().any(|name| name.starts_with(prefix));
    Providers {
        screen: providers.screen.filter(|_| any("hospes:desk/screen") || any("hospes:desk/cursor")),
        input: providers.input.filter(|_| any("hospes:desk/input")),
        clipboard: providers.clipboard.filter(|_| any("hospes:desk/clipboard-")),
        files: providers.files.filter(|_| any("hospes:files/")),
        system: providers.system.filter(|_| any("hospes:system/")),
    }
}

/// Names the reason of a trap.
pub(crate) fn ended_by(plugin: String, error: &wasmtime::Error, log: &Log) -> RuntimeError {
    let text = format!("{error:?}");
    let budget = if let Some(Exceeded(budget)) = find(error) {
        Some(*budget)
    } else if matches!(find(error), Some(ResourceTableError::Full)) || text.contains("component handles") {
        Some(Budget::Handles)
    } else if text.contains("fuel allocated for hostcalls") {
        Some(Budget::HostCallBytes)
    } else if text.contains("resource limit exceeded") {
        Some(Budget::Instances)
    } else {
        None
    };
    if let Some(budget) = budget {
        return RuntimeError::Budget { plugin, budget };
    }
    let mut message = match find::<wasmtime_wasi::I32Exit>(error) {
        Some(exit) => format!("it exited with status {} instead of returning", exit.0),
        None => error.root_cause().to_string(),
    };
    let last = log.last_words();
    if !last.is_empty() {
        message = format!("{message} ({last})");
    }
    RuntimeError::Trapped { plugin, message }
}

fn find<E: std::error::Error + Send + Sync + 'static>(error: &wasmtime::Error) -> Option<&E> {
    error.downcast_ref().or_else(|| error.chain().find_map(|cause| cause.downcast_ref()))
}
