//! The audit log: page by page, or all of it as a table for other programs.

use crate::api::{AuditAnswer, AuditView, ProblemBody, rfc3339};
use crate::caller::Caller;
use crate::extract::{Parameters, at_most, moment, parameter};
use crate::refusal::{Answer, Refusal};
use crate::state::App;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use futures_util::stream;
use hospes_session::id::{CompanyId, SessionId};
use hospes_store::chain::canonical;
use hospes_store::model::{AuditEntry, AuditFilter};
use hospes_store::{Store, StoreError};
use serde::Deserialize;
use std::sync::Arc;

/// Entries that are read at a time for a table.
const PAGE: u32 = 1000;

/// Which entries; all that is given must fit, and an empty value is as good as none.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditParameters {
    /// At this moment (RFC 3339) or later.
    from: Option<String>,
    /// At this moment (RFC 3339) or earlier.
    to: Option<String>,
    /// One session only.
    session: Option<String>,
    /// Who, e.g. `technician:ID` or `sweeper`; or a kind of actor, e.g. `host`.
    actor: Option<String>,
    /// What, e.g. `channel.open`; or a kind of action, e.g. `channel`.
    action: Option<String>,
    /// `oldest` or `newest` first; oldest when absent.
    order: Option<String>,
    /// Only entries that follow this sequence in that order: `next` of the answer before.
    #[param(value_type = Option<i64>)]
    after: Option<String>,
    /// At most that many, 1 to 1000; 1000 when absent.
    #[param(value_type = Option<u32>)]
    limit: Option<String>,
}

/// Entries of the company, in the order that is asked for; append-only and hash-chained. `next` is there when there are more.
#[utoipa::path(get, path = "/audit", tag = "audit", params(AuditParameters), responses(
    (status = 200, body = AuditAnswer),
    (status = 400, body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Parameters(parameters): Parameters<AuditParameters>,
) -> Answer<axum::Json<AuditAnswer>> {
    let limit = at_most(parameters.limit.as_deref().filter(|text| !text.is_empty()), PAGE, PAGE)?;
    let company = caller.technician.company;
    let mut filter = filter(&app, company, parameters).await?;
    // One more says whether there are more.
    filter.limit = limit + 1;
    let mut entries = app.store.audit_entries(company, &filter).await?;
    let more = entries.len() > limit as usize;
    entries.truncate(limit as usize);
    let next = entries.last().filter(|_| more).map(|last| last.sequence);
    Ok(axum::Json(AuditAnswer { entries: entries.into_iter().map(view).collect(), next }))
}

/// The same entries as a table (RFC 4180) with a line of names: all of them, unless a limit is given. A table that
/// breaks off before its end is not whole: ask again.
#[utoipa::path(get, path = "/audit.csv", tag = "audit", params(AuditParameters), responses(
    (status = 200, body = String, content_type = "text/csv"),
    (status = 400, body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn table(
    State(app): State<Arc<App>>,
    caller: Caller,
    Parameters(parameters): Parameters<AuditParameters>,
) -> Answer<impl IntoResponse> {
    let limit = parameters.limit.as_deref().filter(|text| !text.is_empty());
    let left = limit.map(|limit| at_most(Some(limit), PAGE, PAGE)).transpose()?;
    let company = caller.technician.company;
    let filter = filter(&app, company, parameters).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"audit.csv\""),
    ];
    let names = "sequence,at,session,actor,action,detail,hash\r\n".to_owned();
    let pages = stream::unfold(Some((filter, left)), move |state| {
        let store = app.store.clone();
        async move {
            let (filter, left) = state?;
            page(&*store, company, filter, left).await.transpose().map(|page| match page {
                Ok((lines, next)) => (Ok(lines), Some(next)),
                Err(error) => {
                    tracing::error!(%error, "a table of the audit log broke off");
                    (Err(error), None)
                }
            })
        }
    });
    let body = futures_util::StreamExt::chain(stream::once(async { Ok::<_, StoreError>(names) }), pages);
    Ok((headers, Body::from_stream(body)))
}

/// The next lines and where to go on; none when there are no more.
async fn page(
    store: &dyn Store,
    company: CompanyId,
    mut filter: AuditFilter,
    left: Option<u32>,
) -> Result<Option<(String, (AuditFilter, Option<u32>))>, StoreError> {
    if left == Some(0) {
        return Ok(None);
    }
    filter.limit = left.unwrap_or(PAGE).min(PAGE);
    let entries = store.audit_entries(company, &filter).await?;
    let Some(last) = entries.last() else { return Ok(None) };
    filter.after = last.sequence;
    let read = u32::try_from(entries.len()).unwrap_or(u32::MAX);
    let lines = entries.iter().map(line).collect();
    Ok(Some((lines, (filter, left.map(|left| left.saturating_sub(read))))))
}

/// One entry. The detail is written as the hash covers it, but for `;`, which stands as `\u003b`: the same JSON value.
/// Where lists are separated by `;`, a spreadsheet would split the cell there, quotes or not, and the rest could begin
/// with a formula. No whole cell can: actors and actions are the server's words, details begin with a brace.
fn line(entry: &AuditEntry) -> String {
    let cells = [
        entry.sequence.to_string(),
        rfc3339(entry.at),
        entry.session.map(|id| id.to_string()).unwrap_or_default(),
        entry.actor.clone(),
        entry.action.clone(),
        // In JSON it stands within strings only, and never behind a backslash that is its own.
        canonical(&entry.detail).replace(';', "\\u003b"),
        entry.hash.clone(),
    ];
    let cells = cells.map(|cell| {
        if cell.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
    });
    cells.join(",") + "\r\n"
}

async fn filter(app: &App, company: CompanyId, parameters: AuditParameters) -> Answer<AuditFilter> {
    let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let session = match given(parameters.session) {
        Some(text) => {
            let id: SessionId = text.parse().map_err(|_| Refusal::not_found())?;
            app.store.session(company, id).await?;
            Some(id)
        }
        None => None,
    };
    let after = match given(parameters.after) {
        Some(text) => text.parse().ok().filter(|after| *after >= 0).ok_or_else(|| {
            parameter(&format!("after: found {text:?}, expected the sequence of an entry, as in `next`"))
        })?,
        None => 0,
    };
    let newest_first = match given(parameters.order).as_deref() {
        None | Some("oldest") => false,
        Some("newest") => true,
        Some(other) => return Err(parameter(&format!("order: found {other:?}, expected oldest or newest"))),
    };
    Ok(AuditFilter {
        from: given(parameters.from).as_deref().map(|text| moment("from", text)).transpose()?,
        to: given(parameters.to).as_deref().map(|text| moment("to", text)).transpose()?,
        session,
        actor: given(parameters.actor),
        action: given(parameters.action),
        newest_first,
        after,
        limit: 0,
    })
}

fn view(entry: AuditEntry) -> AuditView {
    AuditView {
        sequence: entry.sequence,
        at: rfc3339(entry.at),
        session: entry.session.map(|id| id.to_string()),
        actor: entry.actor,
        action: entry.action,
        detail: entry.detail,
        hash: entry.hash,
    }
}
