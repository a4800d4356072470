//! Plugins' pages, for a sandboxed frame of the console: an opaque origin, nothing of the console's, and no way out but
//! the port that the console gives it (sdk/bridge/PROTOCOL.md).

use crate::middleware::ALLOW_FRAMES;
use crate::refusal::{Answer, Refusal};
use crate::routes::console::{content_type, is_plain};
use crate::state::App;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// A file of a plugin's page. The address names the plugin file's hash, so it never changes.
pub(super) async fn file(
    State(app): State<Arc<App>>,
    Path((hash, path)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answer<Response> {
    let plugin = app.plugins.by_hash(&hash).ok_or_else(Refusal::not_found)?;
    let bytes = plugin.ui.get(&path).ok_or_else(Refusal::not_found)?.clone();
    let headers = [
        (header::CONTENT_TYPE, content_type(&path).to_owned()),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable".to_owned()),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*".to_owned()),
        (RESOURCE_POLICY, "cross-origin".to_owned()),
        (header::X_FRAME_OPTIONS, ALLOW_FRAMES.to_owned()),
        (header::VARY, "Host".to_owned()),
        (header::CONTENT_SECURITY_POLICY, policy(&origins(&app, &headers))),
    ];
    Ok((headers, bytes).into_response())
}

/// This server's origins, written out: an opaque origin has no `'self'` that every browser agrees on.
fn origins(app: &App, headers: &HeaderMap) -> String {
    let asked = headers.get(header::HOST).and_then(|host| host.to_str().ok()).filter(|host| is_plain(host));
    let scheme = if app.public.secure { "https" } else { "http" };
    let asked = asked.map(|host| format!("{scheme}://{host}"));
    match asked.filter(|asked| *asked != app.public.origin) {
        Some(asked) => format!("{} {asked}", app.public.origin),
        None => app.public.origin.clone(),
    }
}

fn policy(origin: &str) -> String {
    format!(
        "default-src 'none'; script-src {origin} 'wasm-unsafe-eval'; style-src {origin}; img-src {origin} data: blob:; \
         font-src {origin}; connect-src {origin}; worker-src data: blob:; base-uri 'none'; form-action 'none'; \
         frame-ancestors {origin}; sandbox allow-scripts"
    )
}
