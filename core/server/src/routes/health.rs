//! Liveness, readiness, metrics: without a log-in, and without anything of a company. Metrics are the operator's only.

use crate::clock;
use crate::metrics::Now;
use crate::refusal::{Answer, Refusal};
use crate::settings::Settings;
use crate::state::App;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use std::net::{IpAddr, SocketAddr};
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

/// OpenMetrics text, for Prometheus. Counts of all companies together are nobody's business but the operator's: read it
/// with the setting `metrics.token` as a bearer token. Without that setting, `trusted_proxies` and `public_url` it is
/// also read from the server's own machine, not through a proxy.
#[utoipa::path(get, path = "/metrics", tag = "health", security(()), responses(
    (status = 200, body = String, content_type = "application/openmetrics-text"),
    (status = 403, body = crate::api::ProblemBody, content_type = "application/problem+json", description = "metrics-closed"),
))]
pub(super) async fn metrics(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Answer<impl IntoResponse> {
    let token = app.settings.metrics.token.as_deref();
    let here = by_itself(&app.settings) && own_machine(peer.ip(), &headers);
    if !here && !shows(token, &headers) {
        return Err(Refusal::new("metrics-closed", StatusCode::FORBIDDEN, "The metrics are for the operator.").detail(
            "Set metrics.token and send it as 'Authorization: Bearer TOKEN'. Without that setting, trusted_proxies and \
             public_url they can also be read from the server's own machine, not through a proxy.",
        ));
    }
    let now = Now {
        at: clock::now(),
        figures: app.store.figures().await?,
        hosts_online: app.hosts.count(),
        channels_open: app.channels.open_by_capability(),
    };
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], app.metrics.text(&now)))
}

/// Whether nothing says that a proxy stands in front: one on this machine that adds no header (a TCP proxy, a tunnel)
/// cannot be told from a program of this machine, and would give the metrics to everybody.
fn by_itself(settings: &Settings) -> bool {
    settings.metrics.token.is_none() && settings.trusted_proxies.is_empty() && settings.public_url.is_none()
}

/// A program of this machine that came by itself: a proxy says whom it speaks for.
fn own_machine(peer: IpAddr, headers: &HeaderMap) -> bool {
    let proxied = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];
    peer.to_canonical().is_loopback() && !proxied.iter().any(|name| headers.contains_key(*name))
}

/// Compared by hashes, in the same time whatever is wrong.
fn shows(token: Option<&str>, headers: &HeaderMap) -> bool {
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    token.zip(shown).is_some_and(|(token, shown)| blake3::hash(token.as_bytes()) == blake3::hash(shown))
}
