//! The HTTP surface: one file for each resource. Routes and their documentation stand in one place, so the OpenAPI
//! document lists exactly what is served.

mod audit;
mod auth;
mod capabilities;
mod channels;
mod choice;
mod console;
mod customer;
mod deliveries;
mod events;
mod health;
mod history;
mod hosts;
mod logins;
mod masked;
mod me;
mod notifications;
mod plugin_pages;
mod sessions;
mod technicians;
mod tickets;
pub(crate) mod views;

use crate::extract::MAX_BODY;
use crate::refusal::Refusal;
use crate::state::App;
use crate::{caller, middleware, refusal};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::get;
use std::sync::Arc;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What the document says of itself.
#[derive(OpenApi)]
#[openapi(info(
    title = "Hospes",
    description = "One-time remote support. Errors are RFC 9457 problems with a stable `type`; times are RFC 3339."
), security(("bearer" = []), ("cookie" = [])), modifiers(&Security))]
struct Document;

/// How callers say who they are.
struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
        components
            .add_security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(caller::COOKIE))));
    }
}

fn api() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(auth::log_in))
        .routes(routes!(auth::log_out))
        .routes(routes!(me::me, me::change))
        .routes(routes!(me::password))
        .routes(routes!(logins::list))
        .routes(routes!(logins::end_one))
        .routes(routes!(logins::end_all))
        .routes(routes!(technicians::list, technicians::add))
        .routes(routes!(technicians::change))
        .routes(routes!(technicians::reset))
        .routes(routes!(sessions::prepare, history::list))
        .routes(routes!(sessions::show, choice::change))
        .routes(routes!(sessions::end))
        .routes(routes!(capabilities::list))
        .routes(routes!(tickets::issue))
        .routes(routes!(channels::open))
        .routes(routes!(events::stream))
        .routes(routes!(audit::list))
        .routes(routes!(audit::table))
        .routes(routes!(notifications::overview))
        .routes(routes!(notifications::add))
        .routes(routes!(notifications::change, notifications::remove))
        .routes(routes!(notifications::test))
        .routes(routes!(deliveries::list))
        .routes(routes!(deliveries::of_session))
        .routes(routes!(deliveries::send_again))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(health::metrics))
}

/// The OpenAPI 3.1 document.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    OpenApiRouter::with_openapi(Document::openapi()).nest("/api/v1", api()).into_openapi()
}

/// Everything that is served.
pub(crate) fn router(app: Arc<App>) -> Router {
    let (api, _) = OpenApiRouter::new().nest("/api/v1", api()).split_for_parts();
    Router::new()
        .merge(api)
        .route("/api/v1/openapi.json", get(openapi))
        .route("/api/{*rest}", axum::routing::any(no_such_call))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .route(hospes_transport::SOCKET_PATH, get(hosts::socket))
        .route("/s/page.css", get(customer::style))
        .route("/s/{ticket}", get(customer::page))
        .route("/s/{ticket}/host/{system}", get(customer::download))
        .route("/plugins/{hash}/{*path}", get(plugin_pages::file))
        .fallback(console::file)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(CatchPanicLayer::custom(after_panic))
        .layer(axum::middleware::from_fn_with_state(app.clone(), middleware::every_request))
        .with_state(app)
}

async fn openapi() -> axum::Json<utoipa::openapi::OpenApi> {
    axum::Json(document())
}

async fn no_such_call() -> Refusal {
    Refusal::new("not-found", StatusCode::NOT_FOUND, "There is no such call.")
        .detail("The calls are listed at /api/v1/openapi.json.")
}

async fn wrong_method() -> Refusal {
    Refusal::new("method-not-allowed", StatusCode::METHOD_NOT_ALLOWED, "This address does not take this method.")
        .detail("The calls are listed at /api/v1/openapi.json.")
}

fn after_panic(_: Box<dyn std::any::Any + Send>) -> axum::response::Response {
    refusal::respond(&Refusal::internal("a handler panicked").into_problem())
}
