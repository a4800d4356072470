//! What a channel is opened with, and what is known of it at its end.

use crate::budget::Budgets;
use crate::error::RuntimeError;
use crate::gate::Gate;
use crate::provider::Providers;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// What the plugin is told about its session (`hospes:base/session.info`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionInfo {
    /// The session's id.
    pub id: String,
    /// The company that supports.
    pub company: String,
    /// The technician's name, as the customer was told.
    pub technician: String,
    /// The capability this channel was opened for.
    pub capability: String,
    /// When the lease ends, milliseconds since 1970 (R5).
    pub lease_ends: u64,
    /// The customer's language: `en`, `fr` or `es`.
    pub language: String,
}

/// Everything that one channel needs.
pub struct ChannelContext {
    /// What the plugin is told.
    pub info: SessionInfo,
    /// The opener's JSON; `{}` when it gave nothing.
    pub request: String,
    /// Asked before every call that touches the customer's computer.
    pub gate: Arc<dyn Gate>,
    /// What the host lends. The runtime keeps only what the manifest states.
    pub providers: Providers,
    /// The company's signed licence as the server sent it.
    pub licence: Option<Vec<u8>>,
    /// Messages for the plugin, at most 1 MiB each. Its end tells the plugin that the other side is done. Make it small:
    /// what it holds is all that is buffered.
    pub incoming: mpsc::Receiver<Bytes>,
    /// Messages of the plugin; dropped when it finishes. A full one makes the plugin wait.
    pub outgoing: mpsc::Sender<Bytes>,
    /// Cancel it to close the channel: waiting calls answer `cancelled`, and after [`Budgets::grace`] the plugin is
    /// dropped wherever it stands.
    pub cancel: CancellationToken,
    /// What it may use.
    pub budgets: Budgets,
}

/// What one channel did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// How long it was open.
    pub open: Duration,
    /// How long it computed.
    pub computed: Duration,
    /// How long it took from opening to the plugin's first instruction.
    pub start: Duration,
    /// Bytes of linear memory at its end (memories never shrink).
    pub memory: u64,
    /// Calls to the host, WASI's own left out.
    pub host_calls: u64,
    /// Calls that the gate denied.
    pub denied: u64,
    /// Messages from the page.
    pub messages_in: u64,
    /// Bytes from the page.
    pub bytes_in: u64,
    /// Messages to the page.
    pub messages_out: u64,
    /// Bytes to the page.
    pub bytes_out: u64,
    /// Bytes of pixels and files that passed between plugin and providers.
    pub provider_bytes: u64,
    /// Log lines written.
    pub log_lines: u64,
    /// Log lines dropped.
    pub log_dropped: u64,
    /// What the plugin charged, by unit.
    pub charges: BTreeMap<String, u64>,
}

/// How a channel ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// `Ok` when the plugin returned without an error, or was told to close and did so in time.
    pub result: Result<(), RuntimeError>,
    /// What it did.
    pub metrics: Metrics,
}
