//! Negotiation discovery in the userspace data plane ([MS-IKEE] §3.7.4): which packets go in clear, which over an SA, and
//! which wait.
//!
//! The flows are those of `ikee-discovery`; here they meet packets, selectors and installed children. The device for
//! packets in clear is the plane's.

mod outer;

use std::collections::HashMap;
use std::fmt;

use ikee::discovery::{
    Counters, Direction, FlowKey, FlowTable, Found, Letter, Limits, Matching, Packet, Rule, Way,
};
use ikee::doi::TrafficSelector;
use ikee::ext::{ChildId, FlowId, PolicyId};

use crate::clock::Clock;
use crate::dataplane::{Dataplane, Flow};

pub(crate) use outer::Outer;

/// What is discovered, for one child of a connection.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Discovered {
    /// The connection.
    pub(crate) policy: PolicyId,
    /// Which of the connection's children.
    pub(crate) child: usize,
    /// What the policy wants.
    pub(crate) rule: Rule,
    /// What lies behind us.
    pub(crate) local: Vec<TrafficSelector>,
    /// What lies behind the peer, or may.
    pub(crate) remote: Vec<TrafficSelector>,
}

/// What discovery has to know of an installed child.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Traits {
    /// Its peer takes packets in clear.
    pub(crate) boundary: bool,
    /// It serves flows that must be encrypted.
    pub(crate) guaranteed: bool,
    /// A NAT lies on its way. ESP in UDP alone does not say so: here all of it is.
    pub(crate) nat: bool,
    /// The flow for which it was negotiated.
    pub(crate) flow: Option<FlowId>,
}

/// A child that a packet wants.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Wish {
    /// Its connection.
    pub(crate) policy: PolicyId,
    /// Which of the connection's children.
    pub(crate) child: usize,
    /// Whether it is for flows that must be encrypted.
    pub(crate) guaranteed: bool,
    /// The flow that wants it.
    pub(crate) flow: FlowId,
}

/// What becomes of an outbound packet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fate {
    /// It leaves in clear.
    Clear,
    /// It is dropped; whoever sent it sends again.
    Hold,
    /// It leaves over a child: one that is for flows that must be encrypted, or one that is not.
    Protect {
        /// Which of them.
        guaranteed: bool,
    },
}

/// Rules, flows and children.
pub(crate) struct Discovery {
    flows: FlowTable,
    rules: Vec<Discovered>,
    children: HashMap<ChildId, Traits>,
    clock: Clock,
    wishes: Vec<Wish>,
}

impl Discovery {
    /// Without rules: nothing is discovered yet.
    pub(crate) fn new(limits: Limits, letter: Letter, seed: [u8; 16], clock: Clock) -> Self {
        Self {
            flows: FlowTable::new(limits, letter, seed),
            rules: Vec::new(),
            children: HashMap::new(),
            clock,
            wishes: Vec::new(),
        }
    }

    /// Other rules from now on; the flows stay what they are.
    pub(crate) fn set_rules(&mut self, rules: Vec<Discovered>) {
        self.rules = rules;
    }

    /// A child is installed; whether the one that it replaces is for other flows, and goes on sending.
    pub(crate) fn opened(
        &mut self,
        child: ChildId,
        traits: Traits,
        replaces: Option<ChildId>,
    ) -> bool {
        if let Some(flow) = traits.flow {
            self.flows.answered(flow.get());
        }
        self.children.insert(child, traits);
        let old = replaces.and_then(|old| self.children.get(&old));
        old.is_some_and(|old| old.guaranteed != traits.guaranteed)
    }

    /// A child is gone.
    pub(crate) fn closed(&mut self, child: ChildId) {
        self.children.remove(&child);
    }

    /// Whether a child is for flows that must be encrypted.
    pub(crate) fn is_guaranteed(&self, child: ChildId) -> bool {
        self.children.get(&child).is_some_and(|it| it.guaranteed)
    }

    /// What becomes of a packet of the host; `None` for one that no rule is about.
    pub(crate) fn outbound(&mut self, esp: &Dataplane, flow: Flow) -> Option<Fate> {
        let rule = self
            .rules
            .iter()
            .find(|it| flow.goes_to(&it.remote) && flow.comes_from(&it.local))?;
        let found = self.matching(esp, flow);
        if !flow.is_whole() {
            return Some(fragment(rule.rule, found));
        }
        let now = self.clock.now().as_duration();
        let key = key(Direction::Outbound, &flow);
        let verdict = self.flows.outbound(now, &key, rule.rule, found);
        let wish = verdict.negotiate.map(|number| Wish {
            policy: rule.policy,
            child: rule.child,
            guaranteed: verdict.guaranteed,
            flow: FlowId::new(number),
        });
        self.wishes.extend(wish);
        Some(match verdict.way {
            Way::Clear => Fate::Clear,
            Way::Hold => Fate::Hold,
            Way::Protect => Fate::Protect {
                guaranteed: verdict.guaranteed,
            },
        })
    }

    /// Whether a packet that came in clear is handed to the host. A fragment never is.
    pub(crate) fn inbound_clear(&mut self, esp: &Dataplane, flow: Flow) -> bool {
        let rule = self
            .rules
            .iter()
            .find(|it| flow.comes_from(&it.remote) && flow.goes_to(&it.local));
        let Some(rule) = rule.filter(|_| flow.is_whole()).map(|it| it.rule) else {
            return false;
        };
        let guaranteed = self.matching(esp, flow.reversed()).guaranteed.is_some();
        let now = self.clock.now().as_duration();
        let key = key(Direction::Inbound, &flow);
        self.flows.inbound_clear(now, &key, rule, guaranteed)
    }

    /// Notes a packet that has come over a child, after its checks.
    pub(crate) fn inbound_protected(&mut self, flow: Flow, child: ChildId) {
        if flow.is_whole() {
            let now = self.clock.now().as_duration();
            let key = key(Direction::Inbound, &flow);
            let guaranteed = self.is_guaranteed(child);
            self.flows.inbound_protected(now, &key, guaranteed);
        }
    }

    /// What packets have wanted since this was last asked.
    pub(crate) fn wishes(&mut self) -> impl Iterator<Item = Wish> + '_ {
        self.wishes.drain(..)
    }

    /// What the flows have come to, and how many there are.
    pub(crate) fn counters(&self) -> (Counters, usize) {
        (self.flows.counters(), self.flows.len())
    }

    /// The children through which a packet may leave.
    fn matching(&self, esp: &Dataplane, flow: Flow) -> Matching {
        let mut found = Matching::default();
        for child in esp.takers(flow) {
            let traits = self.children.get(&child).copied().unwrap_or_default();
            let place = if traits.guaranteed {
                &mut found.guaranteed
            } else {
                &mut found.plain
            };
            place.get_or_insert(Found {
                boundary: traits.boundary,
                udp: traits.nat,
            });
        }
        found
    }
}

/// A fragment shows no ports, so its flow is not known: it is never in clear.
const fn fragment(rule: Rule, found: Matching) -> Fate {
    match found {
        Matching {
            guaranteed: Some(_),
            ..
        } => Fate::Protect { guaranteed: true },
        Matching { plain: Some(_), .. } if !rule.guaranteed => Fate::Protect { guaranteed: false },
        Matching { .. } => Fate::Hold,
    }
}

fn key(direction: Direction, flow: &Flow) -> FlowKey {
    let (source, destination, protocol) = flow.ends();
    let packet = Packet {
        source,
        destination,
        protocol,
        detail: flow.detail(),
    };
    FlowKey::of(direction, &packet)
}

impl fmt::Debug for Discovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Discovery")
            .field("rules", &self.rules.len())
            .field("flows", &self.flows.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
