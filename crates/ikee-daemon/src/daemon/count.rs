//! What the metrics show of the daemon's tables.

use std::collections::{BTreeMap, BTreeSet};

use super::Daemon;
use crate::control::Traffic;
use crate::metrics::Snapshot;

impl Daemon {
    /// The metrics as text.
    pub(super) fn metrics_text(&self) -> String {
        let mut traffic: BTreeMap<&str, (Traffic, Traffic)> = BTreeMap::new();
        for (connection, past) in &self.book.past {
            traffic.insert(connection, *past);
        }
        for (child, note) in &self.book.children {
            let (inbound, outbound) = self.traffic(*child);
            let sum = traffic.entry(&note.connection).or_default();
            sum.0.add(inbound);
            sum.1.add(outbound);
        }
        for (connection, (inbound, outbound)) in traffic {
            self.metrics.traffic(connection, inbound, outbound);
        }
        for (reason, count) in self.plane.drops().iter() {
            self.metrics.packets_dropped(reason.name(), count);
        }
        self.metrics.text(&self.snapshot())
    }

    fn snapshot(&self) -> Snapshot {
        let mut up = BTreeSet::new();
        let (mut half_open, mut children) = (0, 0);
        for sa in self.cores.sas() {
            match sa.state() {
                "established" => {
                    up.extend(sa.policy());
                    children += sa.children().len();
                }
                "closing" | "replaced" | "awaiting the end of a rekeying" => {}
                _ => half_open += 1,
            }
        }
        Snapshot {
            configured: self.configuration.connections.len(),
            up: up.len(),
            half_open,
            children,
            uptime: self.clock.now().as_duration(),
        }
    }
}
