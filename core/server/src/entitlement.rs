//! What a company may use now: its signed licence, looked up in the plan catalogue (R9, R10, R18).

use crate::clock;
use crate::refusal::{Answer, Refusal};
use crate::state::App;
use axum::http::StatusCode;
use hospes_licence::key::PublicKey;
use hospes_licence::licence;
use hospes_session::id::CompanyId;
use hospes_session::model::Millis;
use hospes_session::plan::Plan;
use hospes_session::quota::Limits;
use hospes_store::model::Company;
use std::collections::BTreeSet;

/// What a company may use now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entitlement {
    /// The plan's id.
    pub(crate) plan: String,
    /// Modules that the licence names.
    pub(crate) modules: Vec<String>,
    /// What both unlock; empty while the licence is not in force.
    pub(crate) features: BTreeSet<String>,
    /// Of the plan.
    pub(crate) limits: Limits,
    /// Of the licence; none while it is not in force.
    pub(crate) seats: u32,
    /// Why the licence is not in force.
    pub(crate) problem: Option<String>,
}

impl App {
    /// The company and what it may use now.
    pub(crate) async fn entitlement(&self, company: CompanyId) -> Answer<(Company, Entitlement)> {
        let company = self.store.company(company).await?;
        let entitlement = of(&company, &self.plans, &self.keys.operator.public(), clock::now());
        Ok((company, entitlement))
    }
}

/// Reads a company's licence against the operator's key, the catalogue and the clock.
pub(crate) fn of(company: &Company, plans: &[Plan], operator: &PublicKey, now: Millis) -> Entitlement {
    match licence::verify(&company.licence, &[*operator], &company.id.to_string(), now) {
        Ok(licence) => match plans.iter().find(|plan| plan.id == licence.plan) {
            Some(plan) => Entitlement {
                features: plan.features_with(&licence.modules),
                limits: plan.limits,
                plan: licence.plan,
                modules: licence.modules,
                seats: licence.seats,
                problem: None,
            },
            None => nothing(format!("the licence names the plan '{}', which this server does not have", licence.plan)),
        },
        Err(refusal) => nothing(refusal.to_string()),
    }
}

fn nothing(problem: String) -> Entitlement {
    Entitlement {
        plan: String::new(),
        modules: Vec::new(),
        features: BTreeSet::new(),
        limits: Limits { per_technician: 0, per_company: 0, lease: 0 },
        seats: 0,
        problem: Some(problem),
    }
}

impl Entitlement {
    /// Refuses while the licence is not in force.
    pub(crate) fn in_force(&self) -> Answer<()> {
        match &self.problem {
            None => Ok(()),
            Some(problem) => Err(Refusal::new(
                "licence-not-in-force",
                StatusCode::PAYMENT_REQUIRED,
                "The company's licence is not in force.",
            )
            .detail(problem.clone())),
        }
    }
}
