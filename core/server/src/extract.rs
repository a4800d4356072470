//! What a request carries, checked strictly before a handler sees it.

use crate::refusal::Refusal;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use hospes_session::model::Millis;
use serde::de::DeserializeOwned;
use std::str::FromStr;
use std::time::Duration;

/// Longest body of a call, in bytes.
pub(crate) const MAX_BODY: usize = 64 << 10;

/// Longest time for the body of a call.
const BODY: Duration = Duration::from_secs(30);

/// A JSON body: the right content type, not too long, no unknown fields (where the type says so).
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        if !is_json(request.headers()) {
            return Err(Refusal::new("content-type", StatusCode::UNSUPPORTED_MEDIA_TYPE, "The body must be JSON.")
                .detail("Send it with 'Content-Type: application/json'."));
        }
        let body = tokio::time::timeout(BODY, Bytes::from_request(request, state)).await.map_err(|_| {
            Refusal::new("body-too-slow", StatusCode::REQUEST_TIMEOUT, "The body did not come in time.")
                .detail(format!("It must be here within {} s.", BODY.as_secs()))
        })?;
        let body = body.map_err(|rejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                too_large()
            } else {
                Refusal::new("bad-body", StatusCode::BAD_REQUEST, "The body could not be read.")
            }
        })?;
        parse(&body).map(Self)
    }
}

/// More than [`MAX_BODY`].
pub(crate) fn too_large() -> Refusal {
    Refusal::new("body-too-large", StatusCode::PAYLOAD_TOO_LARGE, "The body is too long.")
        .detail(format!("At most {MAX_BODY} bytes are taken."))
}

fn is_json(headers: &axum::http::HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| {
        let text = error.to_string();
        let (code, title) = if !error.is_data() {
            ("bad-json", "The body is not valid JSON.")
        } else if text.starts_with("unknown field") {
            ("unknown-field", "The body has a field that is not known here.")
        } else if text.starts_with("missing field") {
            ("missing-field", "The body lacks a field.")
        } else {
            ("bad-field", "A field of the body has a wrong type or value.")
        };
        Refusal::new(code, StatusCode::BAD_REQUEST, title).detail(text)
    })
}

/// Parameters after `?`; unknown ones are refused where the type says so.
pub(crate) struct Parameters<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Parameters<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Query(value) =
            Query::from_request_parts(parts, state).await.map_err(|rejection| parameter(&rejection.body_text()))?;
        Ok(Self(value))
    }
}

/// A parameter of the address that cannot be used; the detail names it.
pub(crate) fn parameter(detail: &str) -> Refusal {
    Refusal::new("bad-parameter", StatusCode::BAD_REQUEST, "A parameter of the address is wrong.").detail(detail)
}

/// A moment in a parameter, RFC 3339.
pub(crate) fn moment(key: &str, text: &str) -> Result<Millis, Refusal> {
    let parsed = text.parse::<jiff::Timestamp>().ok().and_then(|at| Millis::try_from(at.as_millisecond()).ok());
    parsed.ok_or_else(|| parameter(&format!("{key}: found {text:?}, expected a moment like 2026-11-20T08:15:00Z")))
}

/// The parameter `limit`: 1 to `most`. More is refused, not cut: whoever asks for more would take a part for the whole.
pub(crate) fn at_most(text: Option<&str>, default: u32, most: u32) -> Result<u32, Refusal> {
    let Some(text) = text else { return Ok(default) };
    text.parse()
        .ok()
        .filter(|limit| (1..=most).contains(limit))
        .ok_or_else(|| parameter(&format!("limit: found {text:?}, expected 1 to {most}")))
}

/// An id in the path. What is no id at all is not found, like an id of another company.
pub(crate) struct Id<T>(pub(crate) T);

impl<T: FromStr + Send, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Path(segments) =
            Path::<Vec<(String, String)>>::from_request_parts(parts, state).await.map_err(|_| Refusal::not_found())?;
        let first = segments.first().ok_or_else(Refusal::not_found)?;
        first.1.parse().map(Self).map_err(|_| Refusal::not_found())
    }
}
