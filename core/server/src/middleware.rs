//! Around every request: an id in log and answer, counters, and headers that are right for every answer.

use crate::forwarded;
use crate::metrics::Via;
use crate::refusal::Code;
use crate::state::App;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;
use tracing::Instrument;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives the request an id (never the caller's: log lines must not be forged), and completes the answer.
pub(crate) async fn every_request(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    // HTTP/2 says in the address what HTTP/1 says in `Host`.
    let authority = request.uri().authority().and_then(|host| HeaderValue::from_str(host.as_str()).ok());
    if let Some(host) = authority {
        request.headers_mut().entry(header::HOST).or_insert(host);
    }
    // From here on the caller is whoever the operator's own proxies say it is.
    if let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>().copied() {
        let settings = &app.settings;
        let caller = forwarded::caller(peer, request.headers(), &settings.trusted_proxies, settings.forwarded_header);
        request.extensions_mut().insert(ConnectInfo(caller));
    }
    let id = uuid::Uuid::now_v7().simple().to_string();
    let started = Instant::now();
    // The path of a deployment link holds its secret.
    let path = request.uri().path();
    let path = if path.starts_with("/s/") { "/s/..." } else { path };
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    let span = tracing::info_span!("request", id, method = %request.method(), path);
    let mut response = async {
        let response = next.run(request).await;
        let status = response.status();
        let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(status = status.as_u16(), ms, "answered");
        response
    }
    .instrument(span)
    .await;
    app.metrics.answered(&method, route.as_ref().map(MatchedPath::as_str), response.status().as_u16());
    if let Some(Code(code)) = response.extensions_mut().remove() {
        app.metrics.refused(Via::Http, &code);
    }
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, id);
    }
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        ),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if headers.get(header::X_FRAME_OPTIONS).is_some_and(|value| value == ALLOW_FRAMES) {
        headers.remove(header::X_FRAME_OPTIONS);
    }
    if app.public.secure {
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(HeaderValue::from_static("max-age=31536000"));
    }
    response
}

/// Value of `X-Frame-Options` by which a handler asks that the header be left out: a plugin's page is for a frame, and
/// its policy says whose.
pub(crate) const ALLOW_FRAMES: &str = "ALLOW";
