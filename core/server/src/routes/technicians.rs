//! The company's technicians: all of them see each other, owners add, disable and reset them. No call makes an owner: that
//! takes the server's own command line.

use crate::api::accounts::{
    AccountView, AddTechnicianRequest, AddedTechnician, ChangeTechnicianRequest, ResetAnswer, ResetRequest,
    TechniciansAnswer,
};
use crate::api::{ProblemBody, rfc3339};
use crate::caller::Caller;
use crate::clock;
use crate::extract::{Id, Json};
use crate::guess;
use crate::refusal::{Answer, Refusal};
use crate::routes::views;
use crate::state::App;
use axum::extract::{ConnectInfo, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use hospes_session::account::temporary_password;
use hospes_session::id::TechnicianId;
use hospes_session::prepare::{InvalidField, NAME_LENGTH, email, text};
use hospes_store::accounts::{AccountChange, NewPassword};
use hospes_store::model::{Audit, Role, Technician};
use serde_json::json;
use std::net::SocketAddr;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The company's technicians, by name.
#[utoipa::path(get, path = "/technicians", tag = "company", responses(
    (status = 200, body = TechniciansAnswer),
    (status = 401, body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn list(State(app): State<Arc<App>>, caller: Caller) -> Answer<axum::Json<TechniciansAnswer>> {
    let technicians = app.store.technicians(caller.technician.company).await?;
    let technicians = technicians.into_iter().map(view).collect();
    Ok(axum::Json(TechniciansAnswer { technicians, editable: caller.owner().is_ok() }))
}

/// Adds a technician with a temporary password. Owners only.
#[utoipa::path(post, path = "/technicians", tag = "company", request_body = AddTechnicianRequest, responses(
    (status = 201, body = AddedTechnician),
    (status = 400, body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, body = ProblemBody, content_type = "application/problem+json", description = "owner-only, wrong-password"),
    (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "exists"),
    (status = 429, body = ProblemBody, content_type = "application/problem+json", description = "too-many-tries"),
))]
pub(super) async fn add(
    State(app): State<Arc<App>>,
    caller: Caller,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    Json(body): Json<AddTechnicianRequest>,
) -> Answer<impl IntoResponse> {
    let own_password = Zeroizing::new(body.own_password);
    caller.owner()?;
    let (email, name) = (email("email", &body.email)?, name(&body.name)?);
    guess::confirm(&app, &caller, address.ip(), own_password, "own_password", "technician.add").await?;
    let (password, hash) = temporary(&app).await?;
    let now = clock::now();
    let technician = Technician {
        id: TechnicianId::from_parts(now, clock::random()?),
        company: caller.technician.company,
        email,
        name,
        role: Role::Technician,
        password_hash: hash,
        temporary_password: true,
        language: None,
        created_at: now,
        disabled_at: None,
        last_login_at: None,
    };
    app.store.add_colleague(&technician, &audit(&caller, "technician.add")).await?;
    tell(&app, &technician);
    Ok((StatusCode::CREATED, axum::Json(AddedTechnician { technician: view(technician), password })))
}

/// Renames a technician, disables or enables them. Owners only.
#[utoipa::path(patch, path = "/technicians/{id}", tag = "company", params(("id" = String, Path)),
    request_body = ChangeTechnicianRequest, responses(
    (status = 200, body = AccountView),
    (status = 403, body = ProblemBody, content_type = "application/problem+json", description = "owner-only"),
    (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "own-account, last-owner"),
))]
pub(super) async fn change(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<TechnicianId>,
    Json(body): Json<ChangeTechnicianRequest>,
) -> Answer<axum::Json<AccountView>> {
    let name = body.name.as_deref().map(name).transpose()?;
    colleague(&app, &caller, id).await?;
    if id == caller.technician.id && body.disabled == Some(true) {
        return Err(own_account("You cannot disable your own account.", "Ask another owner to do it."));
    }
    let change = AccountChange { name, disabled: body.disabled, ..AccountChange::default() };
    let technician = changed(&app, &caller, id, &change, "technician.change").await?;
    Ok(axum::Json(view(technician)))
}

/// Gives a technician a temporary password and ends their logins. Owners only.
#[utoipa::path(post, path = "/technicians/{id}/reset", tag = "company", params(("id" = String, Path)),
    request_body = ResetRequest, responses(
    (status = 200, body = ResetAnswer),
    (status = 403, body = ProblemBody, content_type = "application/problem+json", description = "owner-only, wrong-password"),
    (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "own-account"),
    (status = 429, body = ProblemBody, content_type = "application/problem+json", description = "too-many-tries"),
))]
pub(super) async fn reset(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<TechnicianId>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    Json(body): Json<ResetRequest>,
) -> Answer<axum::Json<ResetAnswer>> {
    let own_password = Zeroizing::new(body.own_password);
    colleague(&app, &caller, id).await?;
    if id == caller.technician.id {
        return Err(own_account("You cannot reset your own password.", "Change it on your profile's page."));
    }
    guess::confirm(&app, &caller, address.ip(), own_password, "own_password", "technician.reset").await?;
    let (password, hash) = temporary(&app).await?;
    let new = NewPassword { hash, replaces: None, temporary: true, keep: None };
    let change = AccountChange { password: Some(new), ..AccountChange::default() };
    changed(&app, &caller, id, &change, "technician.reset").await?;
    Ok(axum::Json(ResetAnswer { password }))
}

/// Refuses ids of other companies before anything else, so that nobody learns whose they are; then all but owners.
async fn colleague(app: &App, caller: &Caller, id: TechnicianId) -> Answer<()> {
    let found = app.store.technician(id).await?;
    if found.company != caller.technician.company {
        return Err(Refusal::not_found());
    }
    caller.owner()
}

fn own_account(title: &str, detail: &str) -> Refusal {
    Refusal::new("own-account", StatusCode::CONFLICT, title).detail(detail)
}

/// Changes an account of the caller's company; what its ended logins keep open ends, and the company is told.
pub(super) async fn changed(
    app: &App,
    caller: &Caller,
    id: TechnicianId,
    change: &AccountChange,
    action: &str,
) -> Answer<Technician> {
    let company = caller.technician.company;
    let done = app.store.change_account(company, id, change, clock::now(), &audit(caller, action)).await?;
    app.logins_ended(&done.ended);
    tell(app, &done.technician);
    Ok(done.technician)
}

/// Readers of the company's events look again.
fn tell(app: &App, technician: &Technician) {
    app.events.publish(technician.company, None, "technician.changed", json!({ "technician": technician.id }));
}

/// A temporary password and its hash.
async fn temporary(app: &App) -> Answer<(String, String)> {
    let password = temporary_password(clock::random()?);
    let hash = app.passwords.hash(Zeroizing::new(password.reveal().to_owned())).await?;
    Ok((password.reveal().to_owned(), hash))
}

/// A technician's name as customers read it.
pub(super) fn name(given: &str) -> Answer<String> {
    let empty = || InvalidField { field: "name", problem: "is empty; 1 to 200 characters are needed".to_owned() };
    Ok(text("name", Some(given), NAME_LENGTH, false)?.ok_or_else(empty)?)
}

fn audit(caller: &Caller, action: &str) -> Audit {
    Audit {
        company: Some(caller.technician.company),
        session: None,
        actor: caller.actor(),
        action: action.to_owned(),
        detail: json!({}),
    }
}

fn view(technician: Technician) -> AccountView {
    AccountView {
        id: technician.id.to_string(),
        role: views::role(technician.role).to_owned(),
        email: technician.email,
        name: technician.name,
        disabled: technician.disabled_at.is_some(),
        created_at: rfc3339(technician.created_at),
        last_login_at: technician.last_login_at.map(rfc3339),
    }
}
