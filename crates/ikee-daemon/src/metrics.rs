//! What is counted, as OpenMetrics text, and the small server that shows it.

pub(crate) mod server;

use core::time::Duration;

use ikee::ext::Role;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::control::Traffic;
use crate::fault::Fault;

/// Upper ends of the histogram of handshakes, in seconds.
const SECONDS: [f64; 12] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];

/// A counter for each value of one label.
type By<const LABELS: usize> = Family<[(&'static str, &'static str); LABELS], Counter>;
/// A counter for each connection and direction.
type ByConnection = Family<[(&'static str, String); 2], Counter>;

/// Everything that is counted.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    handshakes: By<3>,
    handshake_time: Histogram,
    rekeys: By<1>,
    pub(crate) retransmissions: Counter,
    drops: By<1>,
    refusals: By<1>,
    pub(crate) bugs: Counter,
    reloads: By<1>,
    now: Now,
    esp: Esp,
}

/// What is looked up when somebody asks.
#[derive(Debug, Default)]
struct Now {
    configured: Gauge,
    up: Gauge,
    half_open: Gauge,
    children: Gauge,
    uptime: Gauge,
}

#[derive(Debug, Default)]
struct Esp {
    packets: ByConnection,
    octets: ByConnection,
    drops: By<1>,
}

/// A look at the daemon's tables.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Snapshot {
    /// Connections in the configuration.
    pub(crate) configured: usize,
    /// Those of them with an established SA.
    pub(crate) up: usize,
    /// IKE SAs that are not established yet.
    pub(crate) half_open: usize,
    /// Child SAs.
    pub(crate) children: usize,
    /// Since the start.
    pub(crate) uptime: Duration,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("ikee"),
            handshakes: Family::default(),
            handshake_time: Histogram::new(SECONDS),
            rekeys: Family::default(),
            retransmissions: Counter::default(),
            drops: Family::default(),
            refusals: Family::default(),
            bugs: Counter::default(),
            reloads: Family::default(),
            now: Now::default(),
            esp: Esp::default(),
        };
        metrics.register_counters();
        metrics.register_gauges();
        metrics
    }

    fn register_counters(&mut self) {
        let to = &mut self.registry;
        to.register(
            "handshakes",
            "Negotiations of IKE SAs that have ended, by our part, result and reason",
            self.handshakes.clone(),
        );
        to.register_with_unit(
            "handshake",
            "Time from the first message to the established IKE SA",
            Unit::Seconds,
            self.handshake_time.clone(),
        );
        to.register(
            "rekeys",
            "SAs that were replaced by new ones",
            self.rekeys.clone(),
        );
        to.register(
            "retransmissions",
            "Requests that were sent again",
            self.retransmissions.clone(),
        );
        to.register(
            "dropped_datagrams",
            "IKE datagrams that led to nothing, by reason",
            self.drops.clone(),
        );
        to.register(
            "refused",
            "First messages that were answered with an error, by reason",
            self.refusals.clone(),
        );
        to.register(
            "bugs",
            "Internal errors that were contained; each has cost an SA",
            self.bugs.clone(),
        );
        to.register(
            "reloads",
            "Readings of a new configuration, by result",
            self.reloads.clone(),
        );
        let (packets, octets) = (self.esp.packets.clone(), self.esp.octets.clone());
        to.register("esp_packets", "Inner packets, by connection", packets);
        to.register_with_unit(
            "esp_payload",
            "Octets of inner packets, by connection",
            Unit::Bytes,
            octets,
        );
        to.register(
            "esp_dropped_packets",
            "Packets that the data plane has dropped, by reason",
            self.esp.drops.clone(),
        );
    }

    fn register_gauges(&mut self) {
        let to = &mut self.registry;
        to.register(
            "build",
            "The program",
            Info::new([("version", env!("CARGO_PKG_VERSION"))]),
        );
        for (name, help, gauge) in [
            (
                "connections_configured",
                "Connections in the configuration",
                &self.now.configured,
            ),
            (
                "connections_up",
                "Connections with an established IKE SA",
                &self.now.up,
            ),
            (
                "half_open",
                "IKE SAs that are not established yet",
                &self.now.half_open,
            ),
            ("children", "Child SAs", &self.now.children),
        ] {
            to.register(name, help, gauge.clone());
        }
        to.register_with_unit(
            "uptime",
            "Time since the start",
            Unit::Seconds,
            self.now.uptime.clone(),
        );
    }

    /// An SA stands after a negotiation of this length.
    pub(crate) fn established(&self, role: Role, took: Duration) {
        let role = match role {
            Role::Initiator => "initiator",
            Role::Responder => "responder",
        };
        self.handshake(role, "established", "");
        self.handshake_time.observe(took.as_secs_f64());
    }

    pub(crate) fn failed(&self, role: &'static str, fault: &Fault) {
        self.handshake(role, "failed", fault.reason);
        if fault.bug {
            self.bugs.inc();
        }
    }

    fn handshake(&self, role: &'static str, result: &'static str, reason: &'static str) {
        let labels = [("role", role), ("result", result), ("reason", reason)];
        self.handshakes.get_or_create(&labels).inc();
    }

    pub(crate) fn refused(&self, fault: &Fault) {
        let labels = [("reason", fault.reason)];
        self.refusals.get_or_create(&labels).inc();
    }

    pub(crate) fn dropped(&self, reason: &'static str) {
        self.drops.get_or_create(&[("reason", reason)]).inc();
    }

    /// An SA of this kind ("ike", "child") was replaced.
    pub(crate) fn rekeyed(&self, what: &'static str) {
        self.rekeys.get_or_create(&[("what", what)]).inc();
    }

    /// A configuration was read again: "done" or "refused".
    pub(crate) fn reloaded(&self, result: &'static str) {
        self.reloads.get_or_create(&[("result", result)]).inc();
    }

    /// What a connection's children have carried since the start, those that are gone included.
    pub(crate) fn traffic(&self, connection: &str, inbound: Traffic, outbound: Traffic) {
        for (direction, traffic) in [("in", inbound), ("out", outbound)] {
            let labels = [
                ("connection", connection.to_owned()),
                ("direction", direction.to_owned()),
            ];
            set(&self.esp.packets.get_or_create(&labels), traffic.packets);
            set(&self.esp.octets.get_or_create(&labels), traffic.octets);
        }
    }

    /// How many packets the data plane has dropped since the start, for one reason.
    pub(crate) fn packets_dropped(&self, reason: &'static str, count: u64) {
        set(&self.esp.drops.get_or_create(&[("reason", reason)]), count);
    }

    /// Everything as text, with the gauges as they are now.
    pub(crate) fn text(&self, now: &Snapshot) -> String {
        let whole = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.now.configured.set(whole(now.configured));
        self.now.up.set(whole(now.up));
        self.now.half_open.set(whole(now.half_open));
        self.now.children.set(whole(now.children));
        let uptime = i64::try_from(now.uptime.as_secs()).unwrap_or(i64::MAX);
        self.now.uptime.set(uptime);
        let mut text = String::new();
        // a String takes everything
        encode(&mut text, &self.registry).unwrap_or_default();
        text
    }
}

/// Sets a counter whose count is kept elsewhere; it never goes back.
fn set(counter: &Counter, count: u64) {
    counter.inc_by(count.saturating_sub(counter.get()));
}

#[cfg(test)]
mod tests;
