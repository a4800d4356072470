//! Customer pages: `GET /s/{ticket}` and the host's download. A GET never consumes anything: mail scanners follow links.

use crate::clock;
use crate::pages::invitation::{self, Download, Invited};
use crate::pages::texts::{self, Texts, choose_language};
use crate::refusal::{Answer, Refusal};
use crate::state::App;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hospes_session::code::hash_token;
use hospes_session::model::{EndReason, Prepared, Session, SessionState};
use hospes_store::StoreError;
use hospes_wire::link::{DeploymentLink, parse_ticket};
use maud::Markup;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use tokio_util::io::ReaderStream;

const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What a ticket leads to.
enum Found {
    Unknown,
    Open(Box<Session>, Prepared, DeploymentLink),
    Used,
    Over(EndReason),
}

/// The style sheet of customer pages.
pub(super) async fn style() -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "public, max-age=3600")];
    (headers, invitation::STYLE)
}

/// Who invites, for what, for how long, and the host for the customer's system (R3).
pub(super) async fn page(
    State(app): State<Arc<App>>,
    Path(ticket): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Answer<Response> {
    let (found, link_language) = find(&app, &ticket).await?;
    let language = choose_language(query.get("lang").map(String::as_str), link_language, &headers);
    let t = texts::of(language);
    let (status, page) = match found {
        Found::Open(session, prepared, link) => {
            (StatusCode::OK, open_page(&app, t, &session, &prepared, &link, &ticket).await?)
        }
        Found::Unknown => (StatusCode::NOT_FOUND, invitation::over(t, t.unknown_title, t.unknown)),
        Found::Used => (StatusCode::GONE, invitation::over(t, t.used_title, t.used)),
        Found::Over(reason) => {
            let (title, what) = t.over(reason);
            (StatusCode::GONE, invitation::over(t, title, what))
        }
    };
    let headers: [(HeaderName, &str); 3] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CONTENT_LANGUAGE, t.code),
        (header::VARY, "Accept-Language"),
    ];
    Ok((status, headers, page).into_response())
}

async fn open_page(
    app: &App,
    t: &Texts,
    session: &Session,
    prepared: &Prepared,
    link: &DeploymentLink,
    ticket: &str,
) -> Answer<Markup> {
    let company = app.store.company(session.company).await?;
    let technician = app.store.technician(session.technician).await?;
    let title = |id: &str| {
        let titles = app.plugins.titles(id);
        titles.get(t.code).or_else(|| titles.get("en")).cloned().unwrap_or_else(|| id.to_owned())
    };
    let mut downloads = Vec::new();
    for (id, label, system) in [("windows-x86_64", t.for_windows, "Windows"), ("linux-x86_64", t.for_linux, "Linux")] {
        let there = executable(app, id).is_some_and(|path| path.is_file());
        downloads.push(Download { href: there.then(|| format!("/s/{ticket}/host/{id}")), label, system });
    }
    Ok(invitation::invited(
        t,
        &Invited {
            company: &company.name,
            technician: &technician.name,
            confirmed: false,
            capabilities: app
                .plugins
                .announced(&session.capabilities)
                .into_iter()
                .map(|id| title(id.as_str()))
                .collect(),
            lease: session.lease_length,
            valid_until: t.at(prepared.expires_at),
            downloads,
            linux_file: &link.file_name(),
            claimed: prepared.claimed_by.is_some(),
        },
    ))
}

/// The host for one system, under a name that carries address, token and pin.
pub(super) async fn download(
    State(app): State<Arc<App>>,
    Path((ticket, system)): Path<(String, String)>,
) -> Answer<Response> {
    let link = match find(&app, &ticket).await?.0 {
        Found::Open(_, _, link) => link,
        Found::Unknown => return Err(Refusal::not_found()),
        Found::Used | Found::Over(_) => {
            return Err(Refusal::new("link-over", StatusCode::GONE, "This link no longer works.")
                .detail("Ask your technician for a new link."));
        }
    };
    let missing = || {
        Refusal::new("no-host-for-system", StatusCode::NOT_FOUND, "There is no host for this system here.")
            .detail("The link's page lists the systems that this server has the program for.")
    };
    let path = executable(&app, &system).ok_or_else(missing)?;
    let file = match tokio::fs::File::open(&path).await {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(missing()),
        Err(error) => return Err(Refusal::internal(format!("{}: {error}", path.display()))),
    };
    let length = file.metadata().await.map_err(|error| Refusal::internal(error.to_string()))?.len();
    let suffix = if system.starts_with("windows") { ".exe" } else { "" };
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, length.to_string()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}{suffix}\"", link.file_name())),
    ];
    Ok((headers, Body::from_stream(ReaderStream::with_capacity(file, 64 << 10))).into_response())
}

/// Where the host's executable for a system would be; none for a system that does not exist.
fn executable(app: &App, system: &str) -> Option<PathBuf> {
    let name = match system {
        "linux-x86_64" => "hospes-agent",
        "windows-x86_64" => "hospes-agent.exe",
        _ => return None,
    };
    Some(app.settings.agent_dir().ok()?.join(name))
}

async fn find(app: &App, ticket: &str) -> Answer<(Found, Option<hospes_session::model::Language>)> {
    // The address is ours whatever the browser used; only token and pin are in the ticket.
    let Some((token, _)) = parse_ticket(ticket).ok().filter(|(_, pin)| *pin == app.pin) else {
        return Ok((Found::Unknown, None));
    };
    let link = app.public.link(token.0, app.pin);
    let session = match app.store.session_by_token(hash_token(&link.token.0)).await {
        Ok(session) => session,
        Err(StoreError::NotFound) => return Ok((Found::Unknown, None)),
        Err(other) => return Err(other.into()),
    };
    let language = Some(session.customer.language);
    let found = match &session.state {
        SessionState::Prepared(prepared) if prepared.expires_at <= clock::now() => Found::Over(EndReason::LinkExpired),
        SessionState::Prepared(prepared) => {
            let prepared = prepared.clone();
            Found::Open(Box::new(session), prepared, link)
        }
        SessionState::Active(_) => Found::Used,
        SessionState::Ended(ended) => Found::Over(ended.reason),
    };
    Ok((found, language))
}
