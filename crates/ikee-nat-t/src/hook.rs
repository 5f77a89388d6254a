use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::time::Duration;

use ike_ext::{
    Action, Context, Draft, Extension, Inbound, Instant, Lifecycle, Place, Policy, PolicyId, Role,
    SaFacts, SaId, SaTable, Stage, Timers, Verdict,
};
use ipsec_doi::encapsulation::NatRevision;
use isakmp_wire::v1::kind;
use isakmp_wire::{ExchangeType, OwnedPayload, Version};

use crate::machine::{KEEPALIVE, KEEPALIVE_INTERVAL, Nat, Revisions, detect, hash};
use crate::wire::{is_udp_transport, nat_d, original};

/// The port that a negotiation moves to ([MS-IKEE] §2.1, RFC 3947 §4).
const NAT_T_PORT: u16 = 4500;

/// The message with which an initiator floats in aggressive mode.
const AGGRESSIVE_3: Stage = Stage::new(ExchangeType::AGGRESSIVE, 3);

/// NAT traversal for IKEv1: revisions, detection, floating, original addresses, keep-alives.
///
/// Adding it to an endpoint enables it.
#[derive(Debug)]
pub struct NatT {
    revisions: Revisions,
    ipv6: bool,
    interval: Option<Duration>,
    forced: bool,
    forced_for: BTreeSet<PolicyId>,
    sas: SaTable<Row>,
    keepalives: Timers<SaId>,
}

impl NatT {
    /// Both revisions, over IPv4 and IPv6, with a keep-alive every 20 s.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            revisions: Revisions::BOTH,
            ipv6: true,
            interval: Some(KEEPALIVE_INTERVAL),
            forced: false,
            forced_for: BTreeSet::new(),
            sas: SaTable::new(),
            keepalives: Timers::new(),
        }
    }

    /// Sets the supported revisions; with [`Revisions::NONE`] it is off.
    #[must_use]
    pub const fn with_revisions(mut self, revisions: Revisions) -> Self {
        self.revisions = revisions;
        self
    }

    /// Sets whether it takes part in negotiations over IPv6; Windows does not
    /// ([MS-IKEE] note 15).
    #[must_use]
    pub const fn with_ipv6(mut self, ipv6: bool) -> Self {
        self.ipv6 = ipv6;
        self
    }

    /// Sets how long nothing may have been sent before a keep-alive goes; `None` for none at all,
    /// as Vista and Server 2008 before SP2 have it ([MS-IKEE] note 14).
    #[must_use]
    pub const fn with_keepalive(mut self, interval: Option<Duration>) -> Self {
        self.interval = interval;
        self
    }

    /// Sets whether everything is encapsulated in UDP, NAT or not, where the peer has NAT
    /// traversal: it is made to believe in a translator in front of us.
    #[must_use]
    pub const fn with_forced(mut self, forced: bool) -> Self {
        self.forced = forced;
        self
    }

    /// The same for what is negotiated under one policy.
    #[must_use]
    pub fn with_forced_policy(mut self, policy: PolicyId) -> Self {
        self.forced_for.insert(policy);
        self
    }

    /// The revision that was selected for an SA, if any ([MS-IKEE] §3.2.1).
    #[must_use]
    pub fn revision(&self, sa: SaId) -> Option<NatRevision> {
        Some(self.sas.get(sa)?.revision)
    }

    /// Where translators were found; `None` if the two sides have not looked for any.
    #[must_use]
    pub fn nat(&self, sa: SaId) -> Option<Nat> {
        self.sas.get(sa)?.nat
    }

    /// Whether no SA and no timer is left over.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.sas.is_empty() && self.keepalives.is_empty()
    }

    fn announces(&self, facts: &SaFacts<'_>) -> bool {
        facts.version == Version::V1 && (self.ipv6 || facts.peer.ip().to_canonical().is_ipv4())
    }

    fn is_forced(&self, facts: &SaFacts<'_>) -> bool {
        let policy = facts.policy;
        self.forced || policy.is_some_and(|it| self.forced_for.contains(&it))
    }

    /// [MS-IKEE] §3.2.5.1, §3.2.5.2: what both have; with nothing in common there is no NAT-T.
    fn select(&mut self, cx: &Context<'_>, sa: SaId, msg: &Inbound<'_>) {
        let Some(facts) = cx.host().facts(sa) else {
            return;
        };
        let theirs = Revisions::announced(msg.vendor_ids());
        let common = self.revisions.common(theirs);
        match common.filter(|_| self.announces(&facts)) {
            Some(revision) => {
                let row = Row {
                    revision,
                    nat: None,
                    forced: false,
                    proven: false,
                };
                self.sas.insert(sa, row);
            }
            None => {
                self.sas.remove(sa);
            }
        }
    }

    /// Looks at NAT-D payloads, and floats once a translator is found (RFC 3947 §3.2, §4).
    fn look(&mut self, cx: &mut Context<'_>, sa: SaId, msg: &Inbound<'_>) {
        let Some((row, facts)) = self.sas.get(sa).zip(cx.host().facts(sa)) else {
            return;
        };
        // aggressive mode's last message is the first on the new port: the SA is not there yet
        let floated = (msg.stage == AGGRESSIVE_3).then_some(NAT_T_PORT);
        let ports = [facts.local.port()].into_iter().chain(floated);
        let local = ports.map(|port| SocketAddr::new(facts.local.ip(), port));
        let bodies = msg.bodies(nat_d(row.revision));
        let nat = detect(|end| digest(cx, &facts, end), local, msg.from, bodies);
        let (initiator, forced) = (facts.role == Role::Initiator, self.is_forced(&facts));
        let Some(row) = self.sas.get_mut(sa) else {
            return;
        };
        row.nat = nat;
        row.forced = forced;
        if initiator && row.encapsulates() {
            cx.push(Action::FloatPorts(sa));
        }
    }

    /// NAT-D of the peer's end, then of ours (RFC 3947 §3.2).
    fn reveal(&self, cx: &Context<'_>, sa: SaId, draft: &mut Draft<'_>) {
        let Some((row, facts)) = self.sas.get(sa).zip(cx.host().facts(sa)) else {
            return;
        };
        let own = if self.is_forced(&facts) {
            // no hash of a real end is that of this one
            SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0)
        } else {
            facts.local
        };
        for end in [facts.peer, own] {
            let body = digest(cx, &facts, end);
            if body.is_empty() {
                return;
            }
            draft.insert(Place::Last, OwnedPayload::new(nat_d(row.revision), body));
        }
    }

    /// [MS-IKEE] §3.1.5: original addresses if we are behind a translator, for transport mode
    /// only (RFC 3947 §5.2); the initiator of quick mode's first.
    fn originals(&self, cx: &Context<'_>, sa: SaId, draft: &mut Draft<'_>) {
        let Some((row, facts)) = self.sas.get(sa).zip(cx.host().facts(sa)) else {
            return;
        };
        let transport =
            |it: &OwnedPayload| it.kind == kind::SA && is_udp_transport(row.revision, it);
        if !row.nat.is_some_and(|it| it.here) || !draft.payloads().iter().any(transport) {
            return;
        }
        let (own, peer) = (facts.local.ip(), facts.peer.ip());
        let both: [IpAddr; 2] = if draft.stage().is_request() {
            [own, peer]
        } else {
            [peer, own]
        };
        for address in both {
            draft.insert(Place::Last, original(row.revision, address.to_canonical()));
        }
    }

    fn arm(&mut self, now: Instant, sa: SaId) {
        if let Some(interval) = self.interval {
            self.keepalives.set(sa, now + interval);
        }
    }
}

impl Default for NatT {
    fn default() -> Self {
        Self::new()
    }
}

impl Extension for NatT {
    fn name(&self) -> &'static str {
        "nat-t"
    }

    fn on_outgoing(&mut self, cx: &mut Context<'_>, sa: SaId, draft: &mut Draft<'_>) {
        if draft.version() != Version::V1 {
            return;
        }
        let part = Part::of(draft.stage());
        let facts = cx.host().facts(sa);
        // [MS-IKEE] §3.2.4.1, §3.2.5.1: whatever the peer has announced
        if part.announces && facts.is_some_and(|it| self.announces(&it)) {
            self.revisions
                .vendor_ids()
                .for_each(|it| draft.vendor_id(it));
        }
        if part.reveals {
            self.reveal(cx, sa, draft);
        }
        if draft.stage().exchange == ExchangeType::QUICK_MODE && draft.stage().message <= 2 {
            self.originals(cx, sa, draft);
        }
        // RFC 3948 §4: whatever is sent keeps the translator's mapping alive
        if self.keepalives.stop(sa).is_some() {
            self.arm(cx.now(), sa);
        }
    }

    fn on_incoming(&mut self, cx: &mut Context<'_>, sa: SaId, msg: &Inbound<'_>) -> Verdict {
        let proven = self.sas.get(sa).is_some_and(|row| row.proven);
        if msg.header.version == Version::V1 && !proven {
            let part = Part::of(msg.stage);
            if part.announces {
                self.select(cx, sa, msg);
            }
            if part.reveals {
                self.look(cx, sa, msg);
            }
        }
        Verdict::Continue
    }

    fn on_lifecycle(&mut self, cx: &mut Context<'_>, sa: SaId, what: Lifecycle) {
        match what {
            Lifecycle::Closed => {
                self.sas.remove(sa);
                self.keepalives.stop(sa);
            }
            Lifecycle::Established => {
                let Some(row) = self.sas.get_mut(sa) else {
                    return;
                };
                row.proven = true;
                // [MS-IKEE] §3.2.2: it is the side behind the translator that keeps it awake
                if row.nat.is_some_and(|it| it.here) {
                    self.arm(cx.now(), sa);
                }
            }
            _ => {}
        }
    }

    fn on_timeout(&mut self, cx: &mut Context<'_>) {
        while let Some(sa) = self.keepalives.pop_due(cx.now()) {
            cx.push(Action::Raw(sa, Vec::from(KEEPALIVE)));
            self.arm(cx.now(), sa);
        }
    }

    fn next_timeout(&self) -> Option<Instant> {
        self.keepalives.next()
    }

    fn policy(&self) -> Option<&dyn Policy> {
        Some(self)
    }
}

impl Policy for NatT {
    // [MS-IKEE] §3.2.5.3: the revision rules the numbers of every SA payload to come
    fn encapsulation(&self, sa: SaId) -> Option<NatRevision> {
        let row = self.sas.get(sa).filter(|row| row.encapsulates())?;
        Some(row.revision)
    }
}

/// What is known of one SA.
#[derive(Debug)]
struct Row {
    /// "Selected NAT-T revision" of [MS-IKEE] §3.2.1.
    revision: NatRevision,
    /// What the peer's NAT-D payloads say, if it has sent any.
    nat: Option<Nat>,
    forced: bool,
    /// Whether the peer is authenticated, and nothing in clear changes anything.
    proven: bool,
}

impl Row {
    fn encapsulates(&self) -> bool {
        self.nat.is_some_and(|it| it.any() || self.forced)
    }
}

/// What a message of phase 1 is for (RFC 3947 §3).
#[derive(Clone, Copy)]
struct Part {
    /// It has vendor IDs.
    announces: bool,
    /// It has NAT-D payloads.
    reveals: bool,
}

impl Part {
    const fn of(stage: Stage) -> Self {
        let number = stage.message;
        match stage.exchange {
            ExchangeType::MAIN_MODE => Self {
                announces: matches!(number, 1 | 2),
                reveals: matches!(number, 3 | 4),
            },
            ExchangeType::AGGRESSIVE => Self {
                announces: matches!(number, 1 | 2),
                reveals: matches!(number, 2 | 3),
            },
            _ => Self {
                announces: false,
                reveals: false,
            },
        }
    }
}

/// The hash of one end, by the hash function of phase 1.
fn digest(cx: &Context<'_>, facts: &SaFacts<'_>, end: SocketAddr) -> Vec<u8> {
    let Some(function) = facts.hash else {
        return Vec::new();
    };
    let end = SocketAddr::new(end.ip().to_canonical(), end.port());
    let digest = |parts: &[&[u8]], out: &mut [u8]| cx.host().digest(function, parts, out);
    hash(digest, facts.spis, end)
}
