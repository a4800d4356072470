//! Who am I, and what may my company do?

use crate::api::{CompanyView, LimitsView, MeAnswer, ProblemBody, UsageView};
use crate::caller::Caller;
use crate::refusal::Answer;
use crate::routes::views;
use crate::state::App;
use axum::Json;
use axum::extract::State;
use std::sync::Arc;

/// The technician, the company, its plan and what is in use.
#[utoipa::path(get, path = "/me", tag = "auth", responses(
    (status = 200, body = MeAnswer),
    (status = 401, body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn me(State(app): State<Arc<App>>, caller: Caller) -> Answer<Json<MeAnswer>> {
    let (company, entitlement) = app.entitlement(caller.technician.company).await?;
    let (technician_open, company_open) = app.store.usage(company.id, caller.technician.id).await?;
    Ok(Json(MeAnswer {
        technician: views::technician(&caller.technician),
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
