//! Which capabilities a session has (R20): chosen among those that the plan licenses (R9, R10), when it is prepared and
//! while it is open.

use crate::capability::CapabilityId;
use crate::prepare::InvalidField;
use std::collections::BTreeSet;

/// Checks a choice. None stands for everything that is licensed. What the session `has` already may stay chosen when the
/// plan no longer licenses it: it opens nothing, and a choice about another capability is no reason to lose it.
///
/// # Errors
/// A name that is none, a capability that is neither licensed nor chosen already, or nothing at all.
pub fn choose(
    wanted: Option<&[String]>,
    licensed: &BTreeSet<CapabilityId>,
    has: &[CapabilityId],
) -> Result<Vec<CapabilityId>, InvalidField> {
    let wrong = |problem: String| InvalidField { field: "capabilities", problem };
    let list = || licensed.iter().map(CapabilityId::as_str).collect::<Vec<_>>().join(", ");
    let Some(wanted) = wanted else {
        return if licensed.is_empty() {
            Err(wrong("cannot be chosen: the plan licenses none; ask for another plan or module".to_owned()))
        } else {
            Ok(licensed.iter().cloned().collect())
        };
    };
    let mut chosen = BTreeSet::new();
    for name in wanted {
        let id = CapabilityId::new(name.as_str()).map_err(|bad| wrong(format!("has a wrong name: {bad}")))?;
        if !licensed.contains(&id) && !has.contains(&id) {
            return Err(wrong(format!("names {id}, which the plan does not license; it licenses: {}", list())));
        }
        chosen.insert(id);
    }
    if chosen.is_empty() {
        return Err(wrong(format!("is empty; choose at least one of: {}", list())));
    }
    Ok(chosen.into_iter().collect())
}
