//! Who calls: a technician with a valid token, sent as a bearer token or in the console's session cookie.
//!
//! The cookie alone never changes anything from another page: it is `SameSite=Strict`, and a state-changing call that
//! relies on it must name this server as its `Origin`. Sockets take no cookie at all.

use crate::clock;
use crate::refusal::{Answer, Refusal};
use crate::state::App;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use hospes_session::id::LoginId;
use hospes_session::model::Millis;
use hospes_store::StoreError;
use hospes_store::model::{Role, Technician};
use std::sync::Arc;

/// How old the last use of a login may be before it is written down again, in milliseconds.
const USE_NOTED: Millis = 60_000;

/// Name of the console's cookie.
pub(crate) const COOKIE: &str = "hospes_session";

/// A technician who is logged in.
#[derive(Clone)]
pub(crate) struct Caller {
    /// Who.
    pub(crate) technician: Technician,
    /// By which login.
    pub(crate) login: LoginId,
}

impl Caller {
    /// Refuses while the technician's password is one that somebody else handed over.
    pub(crate) fn settled(self) -> Answer<Self> {
        if self.technician.temporary_password {
            return Err(Refusal::new(
                "password-change-needed",
                StatusCode::FORBIDDEN,
                "The temporary password must be changed first.",
            )
            .detail("Log in to the console and set a password of your own (POST /api/v1/me/password)."));
        }
        Ok(self)
    }

    /// Refuses everybody but owners.
    pub(crate) fn owner(&self) -> Answer<()> {
        match self.technician.role {
            Role::Owner => Ok(()),
            Role::Technician => {
                Err(Refusal::new("owner-only", StatusCode::FORBIDDEN, "Only an owner of the company can do this.")
                    .detail("Ask an owner; who that is stands on the company's page."))
            }
        }
    }

    /// The technician as the audit log names them.
    pub(crate) fn actor(&self) -> String {
        format!("technician:{}", self.technician.id)
    }
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        AnyCaller::from_request_parts(parts, app).await?.0.settled()
    }
}

/// A technician who is logged in, maybe with a password that must be changed first: for the calls with which one sees who
/// one is, changes the password, and leaves.
pub(crate) struct AnyCaller(pub(crate) Caller);

impl FromRequestParts<Arc<App>> for AnyCaller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        if let Some(token) = bearer(&parts.headers) {
            return by_token(app, token).await.map(Self);
        }
        let token = cookie(&parts.headers).ok_or_else(Refusal::unauthenticated)?;
        let caller = by_token(app, token).await?;
        let reads = matches!(parts.method, Method::GET | Method::HEAD);
        let own_page = parts.headers.contains_key(header::ORIGIN) && origin_allowed(app, &parts.headers);
        if !reads && !own_page {
            return Err(foreign_origin());
        }
        Ok(Self(caller))
    }
}

impl axum::extract::OptionalFromRequestParts<Arc<App>> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Option<Self>, Refusal> {
        match <Self as FromRequestParts<Arc<App>>>::from_request_parts(parts, app).await {
            Ok(caller) => Ok(Some(caller)),
            Err(_) => Ok(None),
        }
    }
}

/// The technician of a token.
pub(crate) async fn by_token(app: &App, token: &str) -> Answer<Caller> {
    let now = clock::now();
    let found = app.store.login_by_token(token_hash(token), now).await;
    let login = found.map_err(|error| match error {
        StoreError::NotFound => Refusal::unauthenticated(),
        other => other.into(),
    })?;
    let technician = app.store.technician(login.technician).await.map_err(|error| match error {
        StoreError::NotFound => Refusal::unauthenticated(),
        other => other.into(),
    })?;
    if login.last_used_at.unwrap_or(login.created_at).saturating_add(USE_NOTED) <= now {
        // Nobody waits for it, and a use that is not noted is noted with the next.
        let store = app.store.clone();
        tokio::spawn(async move {
            if let Err(error) = store.login_used(login.id, now).await {
                tracing::warn!(%error, "the use of a login was not noted");
            }
        });
    }
    Ok(Caller { technician, login: login.id })
}

/// What is stored of a token.
pub(crate) fn token_hash(token: &str) -> [u8; 32] {
    *blake3::hash(token.as_bytes()).as_bytes()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == COOKIE).then_some(value))
}

/// Whether `Origin`, when there is one, is this server: by its public address, or by the address that was asked.
pub(crate) fn origin_allowed(app: &App, headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    if origin.eq_ignore_ascii_case(&app.public.origin) {
        return true;
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    authority.zip(host).is_some_and(|(authority, host)| authority.eq_ignore_ascii_case(host))
}

/// The request came from a page of another origin.
pub(crate) fn foreign_origin() -> Refusal {
    Refusal::new("foreign-origin", StatusCode::FORBIDDEN, "This came from a page of another address.")
        .detail("Open the console at this server's own address, or send a bearer token.")
}

/// `Set-Cookie` for a login that lives that many seconds; 0 removes the cookie.
pub(crate) fn set_cookie(app: &App, token: &str, seconds: u64) -> String {
    let secure = if app.public.secure { "; Secure" } else { "" };
    format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}")
}
