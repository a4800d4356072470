//! Liveness, readiness, metrics: without a log-in, and without anything of a company.

use crate::refusal::{Answer, Refusal};
use crate::state::App;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use std::sync::Arc;

/// The process answers.
#[utoipa::path(get, path = "/healthz", tag = "health", security(()), responses((status = 200, body = String)))]
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// The server can do its work: its database answers, and it is not shutting down.
#[utoipa::path(get, path = "/readyz", tag = "health", security(()), responses(
    (status = 200, body = String),
    (status = 503, body = crate::api::ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn readyz(State(app): State<Arc<App>>) -> Answer<&'static str> {
    let not_ready = |detail: &str| {
        Refusal::new("not-ready", StatusCode::SERVICE_UNAVAILABLE, "The server is not ready.").detail(detail)
    };
    if app.stop.is_cancelled() {
        return Err(not_ready("It is shutting down."));
    }
    app.store.ping().await.map_err(|error| {
        tracing::error!(%error, "the database does not answer");
        not_ready("Its database does not answer.")
    })?;
    Ok("ready\n")
}

/// Prometheus' text format.
#[utoipa::path(get, path = "/metrics", tag = "health", security(()), responses((status = 200, body = String)))]
pub(super) async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    let text = app.metrics.text(app.hosts.count(), app.channels.count());
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}
