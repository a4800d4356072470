//! Counters for `GET /metrics`, in Prometheus' text format.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only grows.
#[derive(Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// Grows it.
    pub(crate) fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }
}

/// What is counted.
#[derive(Default)]
pub(crate) struct Metrics {
    /// Answers by class: 1xx, 2xx, ...
    pub(crate) responses: [Counter; 5],
    /// Failed log-ins.
    pub(crate) logins_failed: Counter,
    /// Wrong security codes.
    pub(crate) codes_wrong: Counter,
    /// Sessions prepared.
    pub(crate) prepared: Counter,
    /// Channels opened.
    pub(crate) channels_opened: Counter,
    /// Bytes of plugin messages from technicians to hosts.
    pub(crate) bytes_to_hosts: Counter,
    /// Bytes of plugin messages from hosts to technicians.
    pub(crate) bytes_from_hosts: Counter,
}

impl Metrics {
    /// The text; the arguments are numbers of now.
    pub(crate) fn text(&self, hosts_online: usize, channels_open: usize) -> String {
        let mut text = String::new();
        text.push_str("# HELP hospes_http_responses_total Answers by class of status.\n");
        text.push_str("# TYPE hospes_http_responses_total counter\n");
        for (class, counter) in (1..).zip(&self.responses) {
            let count = counter.0.load(Ordering::Relaxed);
            let _ = writeln!(text, "hospes_http_responses_total{{class=\"{class}xx\"}} {count}");
        }
        let counters = [
            ("logins_failed", "Failed log-ins.", &self.logins_failed),
            ("codes_wrong", "Wrong security codes.", &self.codes_wrong),
            ("sessions_prepared", "Sessions prepared.", &self.prepared),
            ("channels_opened", "Channels opened.", &self.channels_opened),
            ("relay_to_hosts_bytes", "Bytes of plugin messages to hosts.", &self.bytes_to_hosts),
            ("relay_from_hosts_bytes", "Bytes of plugin messages from hosts.", &self.bytes_from_hosts),
        ];
        for (name, help, counter) in counters {
            let count = counter.0.load(Ordering::Relaxed);
            let _ = writeln!(
                text,
                "# HELP hospes_{name}_total {help}\n# TYPE hospes_{name}_total counter\nhospes_{name}_total {count}"
            );
        }
        for (name, help, now) in [
            ("hosts_online", "Hosts that are connected.", hosts_online),
            ("channels_open", "Channels that are open.", channels_open),
        ] {
            let _ = writeln!(text, "# HELP hospes_{name} {help}\n# TYPE hospes_{name} gauge\nhospes_{name} {now}");
        }
        text
    }
}
