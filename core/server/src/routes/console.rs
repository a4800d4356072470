//! The console: static files with a fallback to its page, so that its own addresses work when they are opened directly.

use crate::embedded;
use crate::refusal::Refusal;
use crate::state::App;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, html};
use std::sync::Arc;

/// A file of the console, or its page.
pub(super) async fn file(State(app): State<Arc<App>>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if !matches!(method, Method::GET | Method::HEAD) {
        return Refusal::new(
            "method-not-allowed",
            StatusCode::METHOD_NOT_ALLOWED,
            "This address does not take this method.",
        )
        .into_response();
    }
    let path = uri.path().trim_start_matches('/');
    let path = if path.is_empty() { "index.html" } else { path };
    if let Some(bytes) = find(path) {
        return answer(&app, &headers, path, bytes);
    }
    // What looks like a file does not exist; what looks like an address of the console is its page.
    let looks_like_file = path.rsplit('/').next().is_some_and(|last| last.contains('.'));
    match find("index.html").filter(|_| !looks_like_file) {
        Some(page) => answer(&app, &headers, "index.html", page),
        None if path == "index.html" => not_built(),
        None => Refusal::not_found().into_response(),
    }
}

fn find(path: &str) -> Option<&'static [u8]> {
    embedded::CONSOLE.iter().find(|(name, _)| *name == path).map(|(_, bytes)| *bytes)
}

fn answer(app: &App, headers: &HeaderMap, path: &str, bytes: &'static [u8]) -> Response {
    // Vite puts a hash of the content into the name of everything under assets/.
    let cache = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = [
        (header::CONTENT_TYPE, content_type(path).to_owned()),
        (header::CACHE_CONTROL, cache.to_owned()),
        (header::CONTENT_SECURITY_POLICY, policy(app, headers)),
    ];
    (headers, bytes).into_response()
}

/// The console's policy. Sockets are named by address too, since not every browser counts them under `'self'`.
fn policy(app: &App, headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).filter(|host| is_plain(host));
    let scheme = if app.public.secure { "wss" } else { "ws" };
    let socket = host.map(|host| format!(" {scheme}://{host}")).unwrap_or_default();
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'{socket}; \
         img-src 'self' data: blob:; font-src 'self'; frame-src 'self'; worker-src 'self'; manifest-src 'self'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}

/// Nothing that would end a directive.
pub(super) fn is_plain(host: &str) -> bool {
    !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b))
}

fn not_built() -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; title { "Hospes" } }
            body {
                h1 { "The console is not part of this build" }
                p { "The API works. To build the console into the program, run " code { "cargo xtask build" } "." }
            }
        }
    };
    (StatusCode::OK, [(header::CACHE_CONTROL, "no-store")], page).into_response()
}

/// By the name's ending.
pub(super) fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
