//! Logging in and out.

use crate::api::{LoginAnswer, LoginRequest, ProblemBody, rfc3339};
use crate::caller::{self, Caller};
use crate::clock;
use crate::extract::Json;
use crate::passwords;
use crate::refusal::{Answer, Refusal};
use crate::state::App;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use hospes_session::id::LoginId;
use hospes_store::StoreError;
use hospes_store::model::{Audit, Login};
use serde_json::json;
use std::net::SocketAddr;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Logs in: a bearer token for programs, and the same in a cookie for the console.
#[utoipa::path(post, path = "/auth/login", tag = "auth", security(()), request_body = LoginRequest, responses(
    (status = 200, body = LoginAnswer),
    (status = 401, body = ProblemBody, content_type = "application/problem+json", description = "wrong-credentials"),
    (status = 429, body = ProblemBody, content_type = "application/problem+json", description = "too-many-tries"),
))]
pub(super) async fn log_in(
    State(app): State<Arc<App>>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Json(request): Json<LoginRequest>,
) -> Answer<impl IntoResponse> {
    if !caller::origin_allowed(&app, &headers) {
        return Err(caller::foreign_origin());
    }
    let turn = app.passwords.turn().await?;
    app.logins.check(address.ip()).map_err(too_many)?;
    let password = Zeroizing::new(request.password);
    let technician = match app.store.technician_by_email(request.email.trim()).await {
        Ok(technician) => Some(technician),
        Err(StoreError::NotFound) => None,
        Err(other) => return Err(other.into()),
    };
    let hash = technician.as_ref().map(|technician| technician.password_hash.clone());
    // The room is kept until a failure is counted.
    let (right, _turn) = match password.len() {
        ..=passwords::LONGEST => {
            let (right, turn) = app.passwords.check(turn, password, hash).await?;
            (right, Some(turn))
        }
        _ => (false, None),
    };
    let now = clock::now();
    let audit = |action: &str, detail| Audit {
        company: technician.as_ref().map(|technician| technician.company),
        session: None,
        actor: format!("address:{}", address.ip()),
        action: action.to_owned(),
        detail,
    };
    let Some(technician) = technician.as_ref().filter(|_| right) else {
        app.logins.failed(address.ip());
        app.metrics.logins_failed.add(1);
        let email: String = request.email.chars().take(254).collect();
        app.store.audit(&audit("login.failed", json!({ "email": email })), now).await?;
        return Err(Refusal::new(
            "wrong-credentials",
            StatusCode::UNAUTHORIZED,
            "E-mail address or password is wrong.",
        ));
    };
    let token = clock::secret_text()?;
    let seconds = u64::from(app.settings.token_hours) * 3600;
    let login = Login {
        id: LoginId::from_parts(now, clock::random()?),
        technician: technician.id,
        token_hash: caller::token_hash(&token),
        created_at: now,
        expires_at: now + seconds * 1000,
    };
    app.store.add_login(&login).await?;
    app.store.audit(&audit("login", json!({ "technician": technician.id, "login": login.id })), now).await?;
    let cookie = caller::set_cookie(&app, &token, seconds);
    let answer = LoginAnswer { token, expires_at: rfc3339(login.expires_at) };
    Ok(([(header::SET_COOKIE, cookie)], axum::Json(answer)))
}

/// Ends this login.
#[utoipa::path(post, path = "/auth/logout", tag = "auth", responses(
    (status = 204, description = "The token is worth nothing any more."),
    (status = 401, body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn log_out(State(app): State<Arc<App>>, caller: Caller) -> Answer<impl IntoResponse> {
    let audit = Audit {
        company: Some(caller.technician.company),
        session: None,
        actor: format!("technician:{}", caller.technician.id),
        action: "logout".to_owned(),
        detail: json!({ "technician": caller.technician.id, "login": caller.login }),
    };
    app.store.remove_login(caller.login, clock::now(), &audit).await?;
    // After the login is gone, so that what is asked again is told no.
    app.channels.ask_again(caller.login);
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, caller::set_cookie(&app, "", 0))]))
}

fn too_many(seconds: u64) -> Refusal {
    Refusal::new("too-many-tries", StatusCode::TOO_MANY_REQUESTS, "Too many failed tries from this address.")
        .detail(format!("Try again in {seconds} s."))
        .retry_after(seconds)
}
