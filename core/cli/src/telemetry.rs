//! Traces for an OpenTelemetry collector, when the operator names one: the server's spans, not its log lines, and
//! nothing of libraries.

use anyhow::{Context, Result};
use hospes_server::settings::Telemetry;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{Protocol, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::runtime::Handle;
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

/// Sends until it is told to finish.
pub(crate) struct Traces(SdkTracerProvider);

impl Traces {
    /// Starts sending; none when no collector is set.
    pub(crate) fn start(settings: &Telemetry) -> Result<Option<Self>> {
        let Some(endpoint) = &settings.otlp_endpoint else { return Ok(None) };
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
            .build()
            .context("traces cannot be sent to the setting telemetry.otlp_endpoint")?;
        let exporter =
            OnRuntime { exporter: Arc::new(exporter), runtime: Handle::current(), failing: AtomicBool::new(false) };
        let resource = Resource::builder().with_service_name("hospes").build();
        Ok(Some(Self(SdkTracerProvider::builder().with_resource(resource).with_batch_exporter(exporter).build())))
    }

    /// Makes traces of the spans that the log has.
    pub(crate) fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(&self) -> impl Layer<S> + use<S> {
        let own = filter_fn(|data| data.is_span() && data.target().starts_with("hospes"));
        let layer = tracing_opentelemetry::layer().with_tracer(self.0.tracer("hospes"));
        layer.with_location(false).with_threads(false).with_tracked_inactivity(false).with_filter(own)
    }

    /// Sends what is left, at most 5 s.
    pub(crate) async fn finish(self) {
        // It waits for its own thread, which needs this runtime.
        let _nobody_is_left_to_tell = tokio::task::spawn_blocking(move || self.0.shutdown()).await;
    }
}

/// Batches come on a thread of their own; the HTTP client needs the runtime.
#[derive(Debug)]
struct OnRuntime {
    exporter: Arc<opentelemetry_otlp::SpanExporter>,
    runtime: Handle,
    failing: AtomicBool,
}

impl SpanExporter for OnRuntime {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let exporter = Arc::clone(&self.exporter);
        let sent = self.runtime.spawn(async move { exporter.export(batch).await }).await;
        let sent = sent.unwrap_or_else(|error| Err(OTelSdkError::InternalFailure(error.to_string())));
        // Told once for each time that it goes away, not for each batch.
        let failed_before = self.failing.swap(sent.is_err(), Ordering::Relaxed);
        match &sent {
            Err(error) if !failed_before => tracing::warn!(%error, "traces are lost: the collector does not take them"),
            Ok(()) if failed_before => tracing::info!("traces are sent again"),
            _ => {}
        }
        sent
    }

    fn set_resource(&mut self, resource: &Resource) {
        if let Some(exporter) = Arc::get_mut(&mut self.exporter) {
            exporter.set_resource(resource);
        }
    }
}
