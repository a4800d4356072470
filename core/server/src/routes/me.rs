//! Who am I, and what may my company do? What one changes of oneself.

use crate::api::accounts::{ChangeMeRequest, OwnView, PasswordRequest};
use crate::api::{CompanyView, LimitsView, MeAnswer, ProblemBody, UsageView};
use crate::caller::AnyCaller;
use crate::clock;
use crate::extract::Json;
use crate::guess;
use crate::refusal::Answer;
use crate::routes::technicians::{changed, name};
use crate::routes::{sessions, views};
use crate::state::App;
use axum::extract::{ConnectInfo, State};
use axum::http::StatusCode;
use hospes_session::account;
use hospes_store::accounts::{AccountChange, NewPassword};
use hospes_store::model::Technician;
use std::net::SocketAddr;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The technician, the company, its plan and what is in use.
#[utoipa::path(get, path = "/me", tag = "auth", responses(
    (status = 200, body = MeAnswer),
    (status = 401, body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn me(State(app): State<Arc<App>>, AnyCaller(caller): AnyCaller) -> Answer<axum::Json<MeAnswer>> {
    answer(&app, &caller.technician).await
}

/// Changes one's name or language.
#[utoipa::path(patch, path = "/me", tag = "auth", request_body = ChangeMeRequest, responses(
    (status = 200, body = MeAnswer),
    (status = 400, body = ProblemBody, content_type = "application/problem+json"),
    (status = 401, body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn change(
    State(app): State<Arc<App>>,
    AnyCaller(caller): AnyCaller,
    Json(body): Json<ChangeMeRequest>,
) -> Answer<axum::Json<MeAnswer>> {
    let change = AccountChange {
        name: body.name.as_deref().map(name).transpose()?,
        language: body.language.as_deref().map(sessions::language).transpose()?,
        ..AccountChange::default()
    };
    let technician = changed(&app, &caller, caller.technician.id, &change, "technician.profile").await?;
    answer(&app, &technician).await
}

/// Changes one's password, and ends one's other logins.
#[utoipa::path(post, path = "/me/password", tag = "auth", request_body = PasswordRequest, responses(
    (status = 204, description = "The new password counts from now on."),
    (status = 400, body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, body = ProblemBody, content_type = "application/problem+json", description = "wrong-password"),
    (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "stale"),
    (status = 429, body = ProblemBody, content_type = "application/problem+json", description = "too-many-tries"),
))]
pub(super) async fn password(
    State(app): State<Arc<App>>,
    AnyCaller(caller): AnyCaller,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    Json(body): Json<PasswordRequest>,
) -> Answer<StatusCode> {
    let (current, new) = (Zeroizing::new(body.current_password), Zeroizing::new(body.new_password));
    account::new_password(&current, &new)?;
    guess::confirm(&app, &caller, address.ip(), current, "current_password", "password.change").await?;
    let password = NewPassword {
        hash: app.passwords.hash(new).await?,
        replaces: Some(caller.technician.password_hash.clone()),
        temporary: false,
        keep: Some(caller.login),
    };
    let change = AccountChange { password: Some(password), ..AccountChange::default() };
    changed(&app, &caller, caller.technician.id, &change, "password.change").await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn answer(app: &App, technician: &Technician) -> Answer<axum::Json<MeAnswer>> {
    let (company, entitlement) = app.entitlement(technician.company).await?;
    let (technician_open, company_open) = app.store.usage(company.id, technician.id).await?;
    let logins = app.store.logins(technician.id, clock::now()).await?.len();
    Ok(axum::Json(MeAnswer {
        technician: OwnView {
            technician: views::technician(technician),
            language: technician.language.map(|language| views::language(language).to_owned()),
        },
        password_change_needed: technician.temporary_password,
        logins: u32::try_from(logins).unwrap_or(u32::MAX),
        company: CompanyView { id: company.id.to_string(), name: company.name },
        plan: entitlement.plan,
        modules: entitlement.modules,
        features: entitlement.features.into_iter().collect(),
        limits: LimitsView {
            per_technician: entitlement.limits.per_technician,
            per_company: entitlement.limits.per_company,
            seats: entitlement.seats,
            lease_seconds: app.settings.lease(entitlement.limits.lease) / 1000,
        },
        usage: UsageView { technician: technician_open, company: company_open },
        licence_problem: entitlement.problem,
    }))
}
