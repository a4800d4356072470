//! Logging in and out.

use crate::api::{LoginAnswer, LoginRequest, ProblemBody, rfc3339};
use crate::caller::{self, AnyCaller};
use crate::clock;
use crate::extract::Json;
use crate::guess;
use crate::refusal::{Answer, Refusal};
use crate::routes::logins;
use crate::state::App;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use hospes_session::id::LoginId;
use hospes_store::StoreError;
use hospes_store::accounts::Which;
use hospes_store::model::{Audit, Login};
use serde_json::json;
use std::net::SocketAddr;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Logs in: a bearer token for programs, and the same in a cookie for the console.
#[utoipa::path(post, path = "/auth/login", tag = "auth", security(()), request_body = LoginRequest, responses(
    (status = 200, body = LoginAnswer),
    (status = 401, body = ProblemBody, content_type = "application/problem+json", description = "wrong-credentials"),
    (status = 403, body = ProblemBody, content_type = "application/problem+json", description = "account-disabled"),
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
    let technician = match app.store.technician_by_email(request.email.trim()).await {
        Ok(technician) => Some(technician),
        Err(StoreError::NotFound) => None,
        Err(other) => return Err(other.into()),
    };
    let hash = technician.as_ref().map(|technician| technician.password_hash.clone());
    let right = guess::right(&app, address.ip(), Zeroizing::new(request.password), hash).await?;
    let now = clock::now();
    let audit = |action: &str, detail| Audit {
        company: technician.as_ref().map(|technician| technician.company),
        session: None,
        actor: format!("address:{}", address.ip()),
        action: action.to_owned(),
        detail,
    };
    let Some(technician) = technician.as_ref().filter(|_| right) else {
        app.metrics.logins_failed.inc();
        let email: String = request.email.chars().take(254).collect();
        app.store.audit(&audit("login.failed", json!({ "email": email })), now).await?;
        return Err(wrong_credentials());
    };
    // Only whoever knows the password learns that it is of no use.
    if technician.disabled_at.is_some() {
        app.store
            .audit(&audit("login.refused", json!({ "technician": technician.id, "reason": "disabled" })), now)
            .await?;
        return Err(Refusal::new("account-disabled", StatusCode::FORBIDDEN, "This account is disabled.")
            .detail("Ask an owner of your company to enable it again."));
    }
    let token = clock::secret_text()?;
    let seconds = u64::from(app.settings.token_hours) * 3600;
    let login = Login {
        id: LoginId::from_parts(now, clock::random()?),
        technician: technician.id,
        token_hash: caller::token_hash(&token),
        created_at: now,
        expires_at: now + seconds * 1000,
        last_used_at: Some(now),
        address: Some(address.ip().to_canonical().to_string()),
        agent: agent(&headers),
    };
    let entry = audit("login", json!({ "technician": technician.id, "login": login.id }));
    app.store.log_in(&login, &technician.password_hash, &entry).await.map_err(|error| match error {
        // Disabled or reset while the password was checked.
        StoreError::NotFound => wrong_credentials(),
        other => other.into(),
    })?;
    let cookie = caller::set_cookie(&app, &token, seconds);
    let answer = LoginAnswer { token, expires_at: rfc3339(login.expires_at) };
    Ok(([(header::SET_COOKIE, cookie)], axum::Json(answer)))
}

/// Ends this login.
#[utoipa::path(post, path = "/auth/logout", tag = "auth", responses(
    (status = 204, description = "The token is worth nothing any more."),
    (status = 401, body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn log_out(State(app): State<Arc<App>>, AnyCaller(caller): AnyCaller) -> Answer<impl IntoResponse> {
    logins::end(&app, &caller, Which::One(caller.login), "logout").await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, caller::set_cookie(&app, "", 0))]))
}

fn wrong_credentials() -> Refusal {
    Refusal::new("wrong-credentials", StatusCode::UNAUTHORIZED, "E-mail address or password is wrong.")
}

/// What the program says of itself, for the list of one's logins: text, shortened.
fn agent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::USER_AGENT)?.to_str().ok()?;
    Some(text.chars().filter(|c| !c.is_control()).take(300).collect())
}
