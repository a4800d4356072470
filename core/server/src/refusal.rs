//! An error with a message for outside (a problem of RFC 9457) and one for inside (the log).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hospes_session::prepare::InvalidField;
use hospes_session::quota::QuotaRefusal;
use hospes_store::StoreError;
use hospes_wire::problem::Problem;
use serde_json::Value;

/// Why a request is not done.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// For outside.
    problem: Box<Problem>,
    /// For the log only.
    cause: Option<String>,
    /// Seconds, for `Retry-After`.
    retry_after: Option<u64>,
    /// What is wrong with which field, as `problems` of the body.
    fields: Option<Value>,
}

/// Answer of a handler.
pub(crate) type Answer<T> = Result<T, Refusal>;

impl Refusal {
    /// A problem with a stable code.
    pub(crate) fn new(code: &str, status: StatusCode, title: impl Into<String>) -> Self {
        Self {
            problem: Box::new(Problem::new(code, status.as_u16(), title)),
            cause: None,
            retry_after: None,
            fields: None,
        }
    }

    /// What to do, or what exactly was wrong.
    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.problem.detail = Some(detail.into());
        self
    }

    /// What is wrong field by field: a list of `{field, message}`.
    pub(crate) fn fields(mut self, fields: Value) -> Self {
        self.fields = Some(fields);
        self
    }

    /// When to come back.
    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// No such thing, or another company's: both look the same.
    pub(crate) fn not_found() -> Self {
        Self::new("not-found", StatusCode::NOT_FOUND, "There is nothing with this id.")
    }

    /// No valid token.
    pub(crate) fn unauthenticated() -> Self {
        Self::new("unauthenticated", StatusCode::UNAUTHORIZED, "Log in first.")
            .detail("Send a valid token as 'Authorization: Bearer TOKEN', or the console's session cookie.")
    }

    /// The server's own fault; only the log says which.
    pub(crate) fn internal(cause: impl Into<String>) -> Self {
        let mut refusal = Self::new("internal", StatusCode::INTERNAL_SERVER_ERROR, "The server could not do this.")
            .detail("Try again; the server's log says more under this answer's x-request-id.");
        refusal.cause = Some(cause.into());
        refusal
    }

    /// The outside part.
    pub(crate) fn into_problem(self) -> Problem {
        if let Some(cause) = &self.cause {
            tracing::error!(code = self.problem.code(), cause, "not done");
        }
        *self.problem
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::not_found(),
            StoreError::Quota(quota) => {
                let (code, status) = match quota {
                    QuotaRefusal::Technician(_) => ("quota-technician", StatusCode::CONFLICT),
                    QuotaRefusal::Company(_) => ("quota-company", StatusCode::CONFLICT),
                    QuotaRefusal::NoSeat(_) => ("no-seat", StatusCode::PAYMENT_REQUIRED),
                };
                Self::new(code, status, "No more support sessions can be opened now.").detail(quota.to_string())
            }
            error @ StoreError::LastOwner => {
                Self::new("last-owner", StatusCode::CONFLICT, "The company would have no owner left.")
                    .detail(error.to_string())
            }
            error @ StoreError::Stale => {
                Self::new("stale", StatusCode::CONFLICT, "Somebody else changed this just now.")
                    .detail(error.to_string())
            }
            StoreError::Exists(what) => Self::new("exists", StatusCode::CONFLICT, format!("{what} already exists.")),
            error @ (StoreError::Database(_) | StoreError::Corrupt(_)) => Self::internal(error.to_string()),
        }
    }
}

impl From<InvalidField> for Refusal {
    fn from(invalid: InvalidField) -> Self {
        Self::new("bad-field", StatusCode::BAD_REQUEST, "A field of the body has a wrong type or value.")
            .detail(invalid.to_string())
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        refusal.into_problem()
    }
}

/// A problem's code beside the answer, for the counters.
#[derive(Clone)]
pub(crate) struct Code(pub(crate) String);

/// A problem as an answer.
pub(crate) fn respond(problem: &Problem) -> Response {
    written(problem, &serde_json::to_value(problem).unwrap_or_default())
}

/// A problem as an answer with this body: its own members, and maybe more.
fn written(problem: &Problem, body: &Value) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = serde_json::to_vec(body).unwrap_or_default();
    let headers = [(header::CONTENT_TYPE, "application/problem+json"), (header::CACHE_CONTROL, "no-store")];
    let mut response = (status, headers, body).into_response();
    response.extensions_mut().insert(Code(problem.code().to_owned()));
    response
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (retry_after, fields) = (self.retry_after, self.fields.clone());
        let problem = self.into_problem();
        let mut response = match fields {
            None => respond(&problem),
            Some(fields) => {
                let mut extended = serde_json::to_value(&problem).unwrap_or_default();
                if let Some(members) = extended.as_object_mut() {
                    members.insert("problems".to_owned(), fields);
                }
                written(&problem, &extended)
            }
        };
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if response.status() == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
