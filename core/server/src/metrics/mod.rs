//! What is counted for `GET /metrics`, as OpenMetrics text. `OPERATIONS.md` lists every metric; a test compares.
//!
//! No label ever comes from outside: routes are the router's own patterns, capabilities and notifiers those of installed
//! plugins, reasons the codes of this program, where hosts have a say by a fixed list. So nobody who talks to the server can make
//! the number of series grow.

mod labels;

use hospes_store::operation::Figures;
use hospes_store::outbox::DeliveryState;
use labels::{Budget, Build, Capability, Delivery, Direction, Ended, Refusal, Request, State};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

pub(crate) use labels::{Via, budget_of};

/// The counters.
pub(crate) struct Metrics {
    registry: Mutex<Registry>,
    requests: Family<Request, Counter>,
    refusals: Family<Refusal, Counter>,
    /// Failed log-ins.
    pub(crate) logins_failed: Counter,
    /// Wrong security codes.
    pub(crate) codes_wrong: Counter,
    /// Sessions prepared.
    pub(crate) prepared: Counter,
    /// Sessions activated.
    pub(crate) activated: Counter,
    ended: Family<Ended, Counter>,
    channels_opened: Family<Capability, Counter>,
    /// Bytes of plugin messages from technicians to hosts.
    pub(crate) bytes_to_hosts: Counter,
    /// Bytes of plugin messages from hosts to technicians.
    pub(crate) bytes_from_hosts: Counter,
    deliveries: Family<Delivery, Counter>,
    budgets: Family<Budget, Counter>,
    sessions: Family<State, Gauge>,
    hosts_online: Gauge,
    channels_open: Family<Capability, Gauge>,
    outbox_waiting: Gauge,
    outbox_oldest: Gauge,
}

impl Metrics {
    /// All at zero.
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("hospes");
        registry.register("build", "Version of this server", Info::new(Build { version: env!("CARGO_PKG_VERSION") }));
        let requests = Family::default();
        registry.register("http_requests", "Answers by method, route and status", requests.clone());
        let refusals = Family::default();
        registry.register(
            "refusals",
            "What was refused, by a call or when opening a channel, by code",
            refusals.clone(),
        );
        let logins_failed = Counter::default();
        registry.register("logins_failed", "Failed log-ins", logins_failed.clone());
        let codes_wrong = Counter::default();
        registry.register("codes_wrong", "Wrong security codes", codes_wrong.clone());
        let prepared = Counter::default();
        registry.register("sessions_prepared", "Sessions prepared", prepared.clone());
        let activated = Counter::default();
        registry.register("sessions_activated", "Sessions activated", activated.clone());
        let ended = Family::default();
        registry.register("sessions_ended", "Sessions ended, by reason", ended.clone());
        let channels_opened = Family::default();
        registry.register("channels_opened", "Channels opened, by capability", channels_opened.clone());
        let relayed = Family::<Direction, Counter>::default();
        registry.register_with_unit("relayed", "Plugin messages that went through", Unit::Bytes, relayed.clone());
        let deliveries = Family::default();
        registry.register("deliveries", "Tries to deliver a notification, by notifier and outcome", deliveries.clone());
        let budgets = Family::default();
        let help = "Channels and deliveries that ended because a plugin used up a budget";
        registry.register("plugin_budgets_exceeded", help, budgets.clone());
        let sessions = Family::default();
        registry.register("sessions", "Open sessions by state", sessions.clone());
        let hosts_online = Gauge::default();
        registry.register("hosts_online", "Hosts that are connected", hosts_online.clone());
        let channels_open = Family::default();
        registry.register("channels_open", "Channels that are open, by capability", channels_open.clone());
        let outbox_waiting = Gauge::default();
        registry.register("outbox_waiting", "Notifications that still have to arrive", outbox_waiting.clone());
        let outbox_oldest = Gauge::default();
        let help = "Age of the oldest notification that still has to arrive";
        registry.register_with_unit("outbox_oldest", help, Unit::Seconds, outbox_oldest.clone());
        let direction = |direction| relayed.get_or_create_owned(&Direction { direction });
        Self {
            bytes_to_hosts: direction("to-host"),
            bytes_from_hosts: direction("from-host"),
            registry: Mutex::new(registry),
            requests,
            refusals,
            logins_failed,
            codes_wrong,
            prepared,
            activated,
            ended,
            channels_opened,
            deliveries,
            budgets,
            sessions,
            hosts_online,
            channels_open,
            outbox_waiting,
            outbox_oldest,
        }
    }

    /// An answer went out. `route` is the router's pattern; none for pages and files of the console.
    pub(crate) fn answered(&self, method: &axum::http::Method, route: Option<&str>, status: u16) {
        self.requests.get_or_create(&Request::new(method, route, status)).inc();
    }

    /// Something was not done.
    pub(crate) fn refused(&self, via: Via, code: &str) {
        self.refusals.get_or_create(&Refusal::new(via, code)).inc();
    }

    /// A session ended.
    pub(crate) fn session_ended(&self, reason: hospes_session::model::EndReason) {
        self.ended.get_or_create(&Ended::new(reason)).inc();
    }

    /// A channel of an installed plugin was opened.
    pub(crate) fn channel_opened(&self, capability: &str) {
        self.channels_opened.get_or_create(&Capability::new(capability)).inc();
    }

    /// An installed notifier was tried, and the delivery stands so.
    pub(crate) fn tried(&self, notifier: &str, now: DeliveryState) {
        self.deliveries.get_or_create(&Delivery::new(notifier, now)).inc();
    }

    /// An installed plugin used up a budget.
    pub(crate) fn budget_exceeded(&self, plugin: &str, budget: &'static str) {
        self.budgets.get_or_create(&Budget::new(plugin, budget)).inc();
    }

    /// The text; the arguments are numbers of now.
    pub(crate) fn text(&self, now: &Now) -> String {
        // Held until the end, so that two readers do not see each other's numbers half written.
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        self.sessions.get_or_create(&State { state: "prepared" }).set(now.figures.prepared);
        self.sessions.get_or_create(&State { state: "active" }).set(now.figures.active);
        self.hosts_online.set(i64::try_from(now.hosts_online).unwrap_or(i64::MAX));
        self.channels_open.clear();
        for (capability, open) in &now.channels_open {
            self.channels_open.get_or_create(&Capability::new(capability)).set(*open);
        }
        self.outbox_waiting.set(now.figures.waiting);
        let age = now.figures.oldest.map_or(0, |oldest| now.at.saturating_sub(oldest) / 1000);
        self.outbox_oldest.set(i64::try_from(age).unwrap_or(i64::MAX));
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &registry);
        text
    }
}

/// Numbers of now.
pub(crate) struct Now {
    /// Milliseconds since 1970.
    pub(crate) at: u64,
    /// What the store counts.
    pub(crate) figures: Figures,
    /// Hosts that are connected.
    pub(crate) hosts_online: usize,
    /// Open channels by capability.
    pub(crate) channels_open: BTreeMap<String, i64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Method;
    use hospes_session::model::EndReason;

    fn now() -> Now {
        let figures = Figures { prepared: 1, active: 2, waiting: 3, oldest: Some(40_000) };
        Now { at: 100_000, figures, hosts_online: 4, channels_open: BTreeMap::from([("file-manager".to_owned(), 5)]) }
    }

    /// One of each.
    fn counted() -> Metrics {
        let metrics = Metrics::new();
        metrics.answered(&Method::GET, Some("/api/v1/sessions/{id}"), 200);
        metrics.refused(Via::Http, "quota-company");
        metrics.session_ended(EndReason::CodeBurned);
        metrics.channel_opened("file-manager");
        metrics.tried("notify-email", DeliveryState::Delivered);
        metrics.budget_exceeded("file-manager", "memory");
        metrics.bytes_to_hosts.inc_by(7);
        metrics
    }

    #[test]
    fn numbers_are_served_with_their_labels() {
        let text = counted().text(&now());
        for line in [
            "hospes_build_info{version=\"0.1.0\"} 1",
            "hospes_http_requests_total{method=\"GET\",route=\"/api/v1/sessions/{id}\",status=\"200\"} 1",
            "hospes_refusals_total{via=\"http\",reason=\"quota-company\"} 1",
            "hospes_sessions_ended_total{reason=\"code-burned\"} 1",
            "hospes_channels_opened_total{capability=\"file-manager\"} 1",
            "hospes_relayed_bytes_total{direction=\"to-host\"} 7",
            "hospes_relayed_bytes_total{direction=\"from-host\"} 0",
            "hospes_deliveries_total{notifier=\"notify-email\",outcome=\"delivered\"} 1",
            "hospes_plugin_budgets_exceeded_total{plugin=\"file-manager\",budget=\"memory\"} 1",
            "hospes_sessions{state=\"prepared\"} 1",
            "hospes_sessions{state=\"active\"} 2",
            "hospes_hosts_online 4",
            "hospes_channels_open{capability=\"file-manager\"} 5",
            "hospes_outbox_waiting 3",
            "hospes_outbox_oldest_seconds 60",
        ] {
            assert!(text.lines().any(|served| served == line), "{text}\nlacks {line}");
        }
        assert!(text.ends_with("# EOF\n"));
    }

    #[test]
    fn a_channel_that_closed_is_not_open_any_more() {
        let metrics = counted();
        metrics.text(&now());
        let text = metrics.text(&Now { channels_open: BTreeMap::new(), ..now() });
        assert!(!text.contains("hospes_channels_open{"), "{text}");
    }

    /// Whoever talks to the server does not choose labels: that would be memory without bound.
    #[test]
    fn hostile_words_make_no_series() {
        let metrics = Metrics::new();
        for number in 0..1000 {
            metrics.refused(Via::Channel, &format!("made-up-{number}"));
            let method = Method::from_bytes(format!("X{number}").as_bytes()).unwrap();
            metrics.answered(&method, None, 404);
        }
        let text = metrics.text(&now());
        assert!(text.contains("hospes_refusals_total{via=\"channel\",reason=\"other\"} 1000"), "{text}");
        assert!(
            text.contains("hospes_http_requests_total{method=\"other\",route=\"other\",status=\"404\"} 1000"),
            "{text}"
        );
    }

    /// Name and labels of every metric stand in OPERATIONS.md, and nothing else does.
    #[test]
    fn every_metric_is_documented() {
        let text = counted().text(&now());
        let served: BTreeMap<&str, &str> =
            text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' ')).collect();
        let table = include_str!("../../OPERATIONS.md").lines().filter_map(|line| line.strip_prefix("| `hospes_"));
        let mut documented = BTreeMap::new();
        for line in table {
            let cells: Vec<&str> = line.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
            let series = format!("hospes_{}", cells[0]);
            let own = |line: &&str| line.split(['{', ' ']).next() == Some(series.as_str());
            let found = text.lines().find(own).unwrap_or_else(|| panic!("{series} is documented and not served"));
            let name = series.trim_end_matches("_total").trim_end_matches("_info").to_owned();
            let labels: Vec<&str> = found
                .split_once('{')
                .map(|(_, rest)| rest.split("\",").map(|label| label.split('=').next().unwrap()).collect())
                .unwrap_or_default();
            assert_eq!(
                cells[2].split(", ").filter(|label| *label != "-").map(|l| l.trim_matches('`')).collect::<Vec<_>>(),
                labels,
                "{series}"
            );
            documented.insert(name, cells[1].to_owned());
        }
        let documented: BTreeMap<&str, &str> = documented.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(documented, served);
    }
}
