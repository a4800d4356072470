//! The server: HTTP API, relay, the hosts' conversation, and customer pages, composed from the session rules, the store
//! and the transport.
//!
//! Code map: [`settings`] and [`serve()`] start it; `state` is what the parts share; `routes` has one file for each
//! resource of the HTTP surface ([`api`] its bodies), `pages` what customers read, `hosts` the conversation with hosts,
//! `channels` the relay; [`admin`] is what only the command line may do.
//!
//! Invariants: the relay never parses a channel's payload (`channels`); no route can make an administrator; every
//! company sees its own rows only, and another's are not found.

pub mod admin;
pub mod api;
pub mod backup;
mod caller;
mod certificate;
mod channels;
mod clock;
mod embedded;
mod entitlement;
mod events;
mod explain;
mod extract;
pub mod forwarded;
mod guess;
mod hosts;
pub mod keys;
mod live;
mod metrics;
mod middleware;
mod notify;
mod pages;
mod passwords;
pub mod plugins;
mod prompt;
pub mod public;
mod refusal;
mod routes;
mod serve;
pub mod settings;
mod state;
mod sweeper;
mod throttle;
mod tickets;

pub use serve::{Running, ServeError, serve, start};

/// The OpenAPI 3.1 document of the HTTP API, as `GET /api/v1/openapi.json` answers it.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    routes::document()
}
