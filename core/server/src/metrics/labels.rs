//! Labels: each is made here, from words that this program knows.

use axum::http::Method;
use hospes_session::model::EndReason;
use hospes_store::outbox::DeliveryState;
use prometheus_client::encoding::EncodeLabelSet;

/// What stands for a word that is not known.
const OTHER: &str = "other";

/// Codes by which channels are refused, by server or host; a host is foreign, so another one is counted as `other`.
const CHANNEL_CODES: &[&str] = &[
    "bad-message",
    "bad-ticket",
    "channel-closed",
    "channel-cut",
    "closed",
    "foreign-origin",
    "grant-expired",
    "grant-foreign",
    "grant-forged",
    "grant-replayed",
    "grant-stale",
    "grant-too-long",
    "grant-unknown-interface",
    "grant-unreadable",
    "host-failed",
    "host-offline",
    "host-shutdown",
    "internal",
    "lease-expired",
    "local-user-denied",
    "local-user-revoked",
    "message-too-long",
    "no-answer",
    "no-grant",
    "not-chosen",
    "not-found",
    "not-installed",
    "not-licensed",
    "owner-only",
    "password-change-needed",
    "plugin-budget",
    "plugin-crashed",
    "plugin-engine",
    "plugin-failed",
    "plugin-fetch",
    "plugin-imports",
    "plugin-stopped",
    "plugin-untrusted",
    "plugin-unusable",
    "server-restarting",
    "session-ended",
    "session-not-active",
    "session-password-wrong",
    "silent",
    "too-many-channels",
    "unauthenticated",
    "unavailable",
    "unsupported-version",
];

/// Budgets of plugins, by the names of `core/runtime`.
const BUDGETS: &[&str] =
    &["memory", "tables", "instances", "cpu", "handles", "host-call-bytes", "host-call-time", "log", "messages"];

/// The budget that a plugin's end names (`... its memory budget is used up`), as host and server word it.
pub(crate) fn budget_of(title: &str) -> &'static str {
    let named = |budget: &&&str| title.contains(&format!("its {budget} budget"));
    BUDGETS.iter().find(named).copied().unwrap_or(OTHER)
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Build {
    pub(super) version: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Request {
    method: &'static str,
    route: String,
    status: u16,
}

impl Request {
    pub(super) fn new(method: &Method, route: Option<&str>, status: u16) -> Self {
        let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT"];
        let method = known.into_iter().find(|known| *known == method.as_str()).unwrap_or(OTHER);
        Self { method, route: route.unwrap_or(OTHER).to_owned(), status }
    }
}

/// Where something was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Via {
    /// In answer to a call; the code is this program's own.
    Http,
    /// When a channel was to be opened; the code may be the host's.
    Channel,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Refusal {
    via: &'static str,
    reason: String,
}

impl Refusal {
    pub(super) fn new(via: Via, code: &str) -> Self {
        match via {
            Via::Http => Self { via: "http", reason: code.to_owned() },
            Via::Channel => {
                let known = CHANNEL_CODES.iter().find(|known| **known == code).copied();
                Self { via: "channel", reason: known.unwrap_or(OTHER).to_owned() }
            }
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Ended {
    reason: String,
}

impl Ended {
    pub(super) fn new(reason: EndReason) -> Self {
        let name = serde_json::to_value(reason).ok().and_then(|name| name.as_str().map(str::to_owned));
        Self { reason: name.unwrap_or_else(|| OTHER.to_owned()) }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct State {
    pub(super) state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Capability {
    capability: String,
}

impl Capability {
    pub(super) fn new(capability: &str) -> Self {
        Self { capability: capability.to_owned() }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Direction {
    pub(super) direction: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Delivery {
    notifier: String,
    outcome: &'static str,
}

impl Delivery {
    pub(super) fn new(notifier: &str, state: DeliveryState) -> Self {
        let outcome = match state {
            DeliveryState::Delivered => "delivered",
            DeliveryState::Waiting => "retry",
            DeliveryState::Dead => "dead",
        };
        Self { notifier: notifier.to_owned(), outcome }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Budget {
    plugin: String,
    budget: &'static str,
}

impl Budget {
    pub(super) fn new(plugin: &str, budget: &'static str) -> Self {
        Self { plugin: plugin.to_owned(), budget }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_is_read_from_the_ends_own_words() {
        let check = |title: &str, expect: &str| assert_eq!(budget_of(title), expect, "{title}");
        for budget in
            [hospes_runtime::Budget::Memory, hospes_runtime::Budget::HostCallTime, hospes_runtime::Budget::Messages]
        {
            let error = hospes_runtime::RuntimeError::Budget { plugin: "x".to_owned(), budget };
            check(&error.to_string(), budget.name());
        }
        check("its \u{202e} budget", "other");
        check("", "other");
    }
}
