//! One's own logins: where one is logged in, and ending that.

use crate::api::accounts::{LoginView, LoginsAnswer};
use crate::api::{ProblemBody, rfc3339};
use crate::caller::{self, Caller};
use crate::clock;
use crate::extract::Id;
use crate::refusal::{Answer, Refusal};
use crate::state::App;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use hospes_session::id::LoginId;
use hospes_store::accounts::Which;
use hospes_store::model::Audit;
use serde_json::json;
use std::sync::Arc;

/// One's own logins, newest first.
#[utoipa::path(get, path = "/me/logins", tag = "auth", responses(
    (status = 200, body = LoginsAnswer),
    (status = 401, body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn list(State(app): State<Arc<App>>, caller: Caller) -> Answer<axum::Json<LoginsAnswer>> {
    let logins = app.store.logins(caller.technician.id, clock::now()).await?;
    let logins = logins.into_iter().map(|login| LoginView {
        id: login.id.to_string(),
        created_at: rfc3339(login.created_at),
        last_used_at: login.last_used_at.map(rfc3339),
        expires_at: rfc3339(login.expires_at),
        address: login.address,
        agent: login.agent,
        current: login.id == caller.login,
    });
    Ok(axum::Json(LoginsAnswer { logins: logins.collect() }))
}

/// Ends one of one's own logins: its token is worth nothing, its event streams and channels close.
#[utoipa::path(delete, path = "/me/logins/{id}", tag = "auth", params(("id" = String, Path)), responses(
    (status = 204, description = "It is over."),
    (status = 404, body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn end_one(State(app): State<Arc<App>>, caller: Caller, Id(id): Id<LoginId>) -> Answer<StatusCode> {
    if end(&app, &caller, Which::One(id), "logout").await? == 0 {
        return Err(Refusal::not_found());
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Ends all of one's logins, this one too.
#[utoipa::path(post, path = "/me/logout-everywhere", tag = "auth", responses(
    (status = 204, description = "No token of this technician is worth anything any more."),
    (status = 401, body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn end_all(State(app): State<Arc<App>>, caller: Caller) -> Answer<impl IntoResponse> {
    end(&app, &caller, Which::All, "logout.everywhere").await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, caller::set_cookie(&app, "", 0))]))
}

/// Ends logins of the caller and what they keep open; gives how many there were.
pub(super) async fn end(app: &App, caller: &Caller, which: Which, action: &str) -> Answer<usize> {
    let audit = Audit {
        company: Some(caller.technician.company),
        session: None,
        actor: caller.actor(),
        action: action.to_owned(),
        detail: json!({ "login": caller.login }),
    };
    let ended = app.store.end_logins(caller.technician.id, which, clock::now(), &audit).await?;
    app.logins_ended(&ended);
    Ok(ended.len())
}
