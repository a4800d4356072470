//! The list of the company's sessions, with filters, page by page.

use crate::api::{ProblemBody, SessionsAnswer};
use crate::caller::Caller;
use crate::extract::{Parameters, at_most, moment, parameter};
use crate::refusal::{Answer, Refusal};
use crate::routes::views;
use crate::state::App;
use axum::extract::State;
use hospes_session::id::{SessionId, TechnicianId};
use hospes_store::model::{Cursor, SessionFilter};
use serde::Deserialize;
use std::sync::Arc;

/// Longest text that is searched for, in characters.
const TEXT: usize = 200;

/// Which sessions; all that is given must fit, and an empty value is as good as none.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct ListParameters {
    /// `prepared`, `active` or `ended`; all when absent.
    state: Option<String>,
    /// Id of the technician who prepared it.
    technician: Option<String>,
    /// Part of the customer's address or name or of the computer's name, whatever the case.
    q: Option<String>,
    /// Prepared at this moment (RFC 3339) or later.
    from: Option<String>,
    /// Prepared at this moment (RFC 3339) or earlier.
    to: Option<String>,
    /// `next` of the answer before.
    before: Option<String>,
    /// At most that many, 1 to 500; 100 when absent.
    #[param(value_type = Option<u32>)]
    limit: Option<String>,
}

/// Sessions of the company, newest first. `next` is there when there are more.
#[utoipa::path(get, path = "/sessions", tag = "sessions", params(ListParameters), responses(
    (status = 200, body = SessionsAnswer),
    (status = 400, body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Parameters(parameters): Parameters<ListParameters>,
) -> Answer<axum::Json<SessionsAnswer>> {
    let company = caller.technician.company;
    let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let state = given(parameters.state);
    if let Some(state) = &state
        && !["prepared", "active", "ended"].contains(&state.as_str())
    {
        return Err(parameter(&format!("state: found {state:?}, expected prepared, active or ended")));
    }
    let text = given(parameters.q);
    if text.as_ref().is_some_and(|text| text.chars().count() > TEXT) {
        return Err(parameter(&format!("q: at most {TEXT} characters are searched for")));
    }
    let technician = match given(parameters.technician) {
        Some(text) => {
            let id: TechnicianId = text.parse().map_err(|_| Refusal::not_found())?;
            let found = app.store.technician(id).await?;
            if found.company != company {
                return Err(Refusal::not_found());
            }
            Some(id)
        }
        None => None,
    };
    let before = match given(parameters.before) {
        Some(text) => {
            let id: SessionId = text.parse().map_err(|_| Refusal::not_found())?;
            Some(Cursor { created_at: app.store.session(company, id).await?.created_at, id })
        }
        None => None,
    };
    let limit = at_most(given(parameters.limit).as_deref(), 100, 500)?;
    let filter = SessionFilter {
        state,
        technician,
        text,
        from: given(parameters.from).as_deref().map(|text| moment("from", text)).transpose()?,
        to: given(parameters.to).as_deref().map(|text| moment("to", text)).transpose()?,
        before,
        // One more says whether there are more.
        limit: limit + 1,
    };
    let mut found = app.store.sessions(company, &filter).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| more).map(|last| last.id.to_string());
    Ok(axum::Json(SessionsAnswer { sessions: views::sessions(&app, found).await?, next }))
}
