//! Negotiation discovery: what packets want reaches the endpoint, and what was negotiated reaches the packets.

use ikee::discovery::Discovery;
use ikee::ikev1;
use ikee::nat_t::NatT;

use super::Daemon;
use crate::child::ChildSa;
use crate::control::DiscoveryReport;
use crate::discovery::{Discovered, Traits, Wish};

/// The NAT traversal port (RFC 3947 §4).
const NAT_T: u16 = 4500;

impl Daemon {
    /// Tells the data plane and the extension what is discovered, and nothing else any more.
    pub(super) fn set_discovery(&mut self) {
        let mut rules = Vec::new();
        for connection in &self.configuration.connections {
            let children = connection.children.iter().enumerate();
            rules.extend(children.filter_map(|(number, child)| {
                Some(Discovered {
                    policy: connection.policy,
                    child: number,
                    rule: child.discovery?,
                    local: child.local.clone()?,
                    remote: child.remote.clone()?,
                })
            }));
        }
        if let Some(discovery) = self.discovery_mut() {
            discovery.clear_rules();
            for it in &rules {
                discovery.set_rule(it.policy, it.child, Some(it.rule));
            }
        }
        self.plane.discover(rules);
    }

    /// A packet wants a child: it is negotiated, unless that is under way.
    pub(super) fn discovered(&mut self, wish: Wish) {
        let Wish {
            policy,
            child,
            guaranteed,
            flow,
        } = wish;
        if let Some(discovery) = self.discovery_mut() {
            discovery.want(policy, child, guaranteed, flow);
        }
        self.wanted(policy, child);
    }

    /// What the data plane's discovery has to know of a child.
    pub(super) fn traits(&self, child: &ChildSa) -> Traits {
        let v1 = self.cores.v1.as_ref();
        let Some(extensions) = v1.map(ikev1::Endpoint::extensions) else {
            return Traits::default();
        };
        let flags = extensions.get::<Discovery>().map(|it| it.child(child.id));
        let flags = flags.unwrap_or_default();
        // In this plane all of ESP is in UDP, and a peer of our kind says that it is behind a NAT to have it so. What
        // [MS-IKEE] §3.7.4.1 asks for is a real one: before us, or one that has changed the peer's port.
        let nat = extensions.get::<NatT>().and_then(|it| it.nat(child.sa));
        let changed = ![NAT_T, child.local.port()].contains(&child.remote.port());
        Traits {
            boundary: flags.boundary,
            guaranteed: flags.guaranteed,
            nat: nat.is_some_and(|it| it.here || (it.there && changed)),
            flow: flags.flow,
        }
    }

    /// What it has come to, for the status.
    pub(super) fn discovery_report(&self) -> Option<DiscoveryReport> {
        let (counters, flows) = self.plane.discovery()?;
        Some(DiscoveryReport {
            flows: flows as u64,
            clear: counters.clear,
            accepted: counters.accepted,
            refused: counters.refused,
            held: counters.held,
            negotiations: counters.negotiations,
        })
    }

    fn discovery_mut(&mut self) -> Option<&mut Discovery> {
        let extensions = self.cores.v1.as_mut()?.extensions_mut();
        extensions.get_mut()
    }
}
