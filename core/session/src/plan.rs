//! Plans are data (R9, R10): features, modules, limits. The default catalogue is that of the mission.

use crate::quota::Limits;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What a company bought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Its id, e.g. `base`.
    pub id: String,
    /// False for a former plan: companies keep it, nobody new gets it.
    pub sold: bool,
    /// Features that the plan has by itself.
    pub features: BTreeSet<String>,
    /// Modules and the features that each adds.
    pub modules: BTreeMap<String, BTreeSet<String>>,
    /// R5, R7.
    pub limits: Limits,
}

impl Plan {
    /// The features of this plan with these modules; modules that the plan does not know add nothing.
    #[must_use]
    pub fn features_with(&self, modules: &[String]) -> BTreeSet<String> {
        let mut features = self.features.clone();
        for module in modules {
            features.extend(self.modules.get(module).into_iter().flatten().cloned());
        }
        features
    }
}

/// The plans of the mission.
#[must_use]
pub fn default_catalogue() -> Vec<Plan> {
    const DAY: u64 = 24 * 60 * 60 * 1000;
    let limits = Limits { per_technician: 1, per_company: 5, lease: DAY };
    let set = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<BTreeSet<_>>();
    let plan = |id: &str, sold, features: &[&str], modules: &[(&str, &[&str])]| Plan {
        id: id.to_owned(),
        sold,
        features: set(features),
        modules: modules.iter().map(|(name, adds)| ((*name).to_owned(), set(adds))).collect(),
        limits,
    };
    let former = ["remote-control", "file-manager", "dashboard", "notify-email", "notify-webhook"];
    vec![
        plan("essential", true, &["remote-control", "notify-email"], &[]),
        plan(
            "base",
            true,
            &["remote-control", "file-manager", "notify-email", "notify-webhook"],
            &[("insight", &["dashboard"])],
        ),
        plan("plus", false, &former, &[]),
        plan("premier", false, &former, &[]),
    ]
}
