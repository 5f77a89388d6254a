use alloc::collections::BTreeMap;
use core::net::IpAddr;
use core::time::Duration;

use ike_ext::{
    Action, Blame, ChildId, Context, Draft, Extension, Hint, Inbound, Instant, Lifecycle, Policy,
    SaId, SaTable, Stage, Verdict,
};
use isakmp_wire::{ExchangeType, Version};

use crate::machine::{IdleLimits, Peer, Side};

/// How long a peer counts as out of reach after the data plane has said so.
const UNCONNECTED: Duration = Duration::from_secs(60);
/// Peers that may count as out of reach at a time.
const MAX_UNCONNECTED: usize = 1024;
/// Retransmissions of the quick mode that is to find out whether a silent node lives.
const RETRANSMISSIONS: u8 = 2;

/// One half of fast failover, or both ([MS-IKEE] §3.5, §3.6).
#[derive(Debug, Default)]
pub struct Failover {
    side: Option<Side>,
    limits: IdleLimits,
    /// Whether what a client says lets the balancer move it.
    rigid: bool,
    peers: SaTable<Row>,
    /// Peers to whom no TCP connection is open while SYNs are repeated, and since when.
    unconnected: BTreeMap<IpAddr, Instant>,
}

/// What is known of one SA.
#[derive(Debug, Default)]
struct Row {
    peer: Peer,
    doubt: Doubt,
}

/// Whether a node is still there. The next quick mode finds out.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Doubt {
    /// It is, as far as is known.
    #[default]
    None,
    /// Nobody has had anything to say for a while.
    Idle,
    /// Packets of this child have had no answer for a while.
    Silent(ChildId),
}

impl Failover {
    /// This half, with the limits of Windows.
    #[must_use]
    pub fn new(side: Side) -> Self {
        Self {
            side: Some(side),
            ..Self::default()
        }
    }

    /// Off.
    #[must_use]
    pub fn off() -> Self {
        Self::default()
    }

    /// With other idle limits ([MS-IKEE] §3.5.7.1).
    #[must_use]
    pub const fn with_idle_limits(mut self, limits: IdleLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Whatever clients say, none is moved to another node: as Windows 2000 ([MS-IKEE] note 22).
    #[must_use]
    pub const fn never_moving(mut self) -> Self {
        self.rigid = true;
        self
    }

    /// Whether the peer of an SA is a node of a cluster ([MS-IKEE] §3.5.1).
    #[must_use]
    pub fn is_cluster(&self, sa: SaId) -> bool {
        self.peers.get(sa).is_some_and(|it| it.peer.fast_failover)
    }

    /// Whether the balancer may send the peer of an SA to another node: it had no SA with us
    /// ([MS-IKEE] §3.6.5.1). The core nudges the application when that is so ([`Action::Nudge`]).
    #[must_use]
    pub fn may_move(&self, sa: SaId) -> bool {
        self.peers.get(sa).is_some_and(|it| it.peer.initial_contact)
    }

    /// Whether no SA is left over.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.peers.is_empty() && self.unconnected.is_empty()
    }

    /// [MS-IKEE] §3.5.4.1 and note 20: no SA with that address, or none that helps.
    fn is_new(&self, cx: &Context<'_>, sa: SaId) -> bool {
        let Some(facts) = cx.host().facts(sa) else {
            return false;
        };
        let peer = facts.peer.ip();
        let since = self.unconnected.get(&peer);
        cx.host().established_with(peer) == 0
            || since.is_some_and(|it| cx.now().since(*it) < UNCONNECTED)
    }

    /// Only nodes are doubted: others have no second one behind their address.
    fn doubt(&mut self, sa: SaId, doubt: Doubt) {
        let row = self.peers.get_mut(sa);
        if let Some(row) = row.filter(|it| it.peer.fast_failover) {
            row.doubt = doubt;
        }
    }

    /// A quick mode has failed. If it was to find out whether the node lives, it does not.
    fn failed(&mut self, cx: &mut Context<'_>, sa: SaId, doubt: Doubt) {
        let row = self.peers.get_mut(sa);
        if let Some(row) = row.filter(|it| it.doubt == doubt) {
            row.doubt = Doubt::None;
            cx.push(Action::Abandon { sa, again: true });
        }
    }

    /// The data plane has something to say about a quick mode SA.
    fn traffic(&mut self, cx: &mut Context<'_>, sa: SaId, what: Lifecycle) {
        match what {
            // [MS-IKEE] §3.5.6.1
            Lifecycle::Traffic(child, Hint::Idle) if self.peers.get(sa).is_some() => {
                self.doubt(sa, Doubt::Idle);
                cx.push(Action::DeleteChild(child));
            }
            // [MS-IKEE] §1.3.4: what we send does not keep a node that is gone
            Lifecycle::Traffic(child, Hint::Unanswered) if self.is_cluster(sa) => {
                self.doubt(sa, Doubt::Silent(child));
                cx.push(Action::RekeyChild(child));
            }
            // [MS-IKEE] note 20
            Lifecycle::Traffic(_, Hint::Unconnected) if self.side.is_some() => {
                let now = cx.now();
                self.unconnected
                    .retain(|_, since| now.since(*since) < UNCONNECTED);
                if let Some(facts) = cx.host().facts(sa)
                    && self.unconnected.len() < MAX_UNCONNECTED
                {
                    self.unconnected.insert(facts.peer.ip(), now);
                }
            }
            _ => {}
        }
    }
}

/// Messages 1 and 2 of main mode: where the vendor IDs are.
fn begins(version: Version, stage: Stage) -> bool {
    version == Version::V1 && [1, 2].map(Stage::main_mode).contains(&stage)
}

impl Extension for Failover {
    fn name(&self) -> &'static str {
        "failover"
    }

    fn on_outgoing(&mut self, cx: &mut Context<'_>, sa: SaId, draft: &mut Draft<'_>) {
        if let Some(side) = self.side.filter(|_| begins(draft.version(), draft.stage())) {
            self.peers.row(sa);
            for id in side.announces(self.is_new(cx, sa)) {
                draft.vendor_id(&id);
            }
        }
    }

    fn on_incoming(&mut self, _: &mut Context<'_>, sa: SaId, msg: &Inbound<'_>) -> Verdict {
        if let Some(side) = self.side.filter(|_| begins(msg.header.version, msg.stage)) {
            let peer = &mut self.peers.row(sa).peer;
            peer.hear(side, msg.vendor_ids());
            peer.initial_contact &= !self.rigid;
        }
        Verdict::Continue
    }

    fn on_lifecycle(&mut self, cx: &mut Context<'_>, sa: SaId, what: Lifecycle) {
        match what {
            // whoever could claim it before was anybody
            Lifecycle::Established if self.may_move(sa) => cx.push(Action::Nudge(sa)),
            Lifecycle::ChildOpened(_) => self.doubt(sa, Doubt::None),
            Lifecycle::ChildFailed(Blame::Timeout) => self.failed(cx, sa, Doubt::Idle),
            Lifecycle::RekeyChildFailed(child) => self.failed(cx, sa, Doubt::Silent(child)),
            Lifecycle::Closed => {
                self.peers.remove(sa);
                if self.peers.is_empty() {
                    self.unconnected.clear();
                }
            }
            _ => self.traffic(cx, sa, what),
        }
    }

    fn policy(&self) -> Option<&dyn Policy> {
        Some(self)
    }
}

impl Policy for Failover {
    // [MS-IKEE] §3.5.2, §3.5.7.1: from the moment that the quick mode SA stands
    fn idle_limit(&self, sa: SaId) -> Option<Duration> {
        let row = self.peers.get(sa);
        row.map(|it| it.peer.idle_limit(self.limits))
    }

    fn retry_limit(&self, sa: SaId, stage: Stage) -> Option<u8> {
        let tries = stage.exchange == ExchangeType::QUICK_MODE;
        let row = self.peers.get(sa).filter(|_| tries);
        row.filter(|it| it.doubt != Doubt::None)
            .map(|_| RETRANSMISSIONS)
    }
}
