use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use ike_ext::{
    Action, ChildId, Context, Draft, Extension, Hint, Inbound, Instant, Lifecycle, Policy,
    PolicyId, SaId, SaTable, Stage, Timers, Verdict,
};
use isakmp_wire::{ExchangeType, Version};

use crate::machine::{Cause, Detector, Ladder, Next, Rung};
use crate::wire::CLUSTER;

/// Retransmissions of a main mode that is to find out whether the peer lives ([MS-IKEE] §3.12.4.1).
const RETRANSMISSIONS: u8 = 2;

/// Notices dead peers by the traffic of their SAs ([MS-IKEE] §3.12).
#[derive(Debug)]
pub struct Dpd {
    v1: Option<Ladder>,
    v2: Option<Ladder>,
    clusters_only: bool,
    restart: bool,
    rows: SaTable<Row>,
    timers: Timers<SaId>,
    /// Peers that are searched for, and by which SA.
    searched: BTreeSet<(Peer, SaId)>,
    /// Main modes of ours that find out whether the peer lives.
    attempts: SaTable<()>,
}

/// Who is at the other end, for as much as two SAs of one peer have in common.
type Peer = (Option<PolicyId>, IpAddr);

#[derive(Clone, Copy, Debug)]
struct Row {
    detector: Detector,
    ladder: Ladder,
    peer: Peer,
}

/// What is known of an SA's peer ([MS-IKEE] §3.12.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "what §3.12.1 lists")]
pub struct Status {
    /// When a packet came in last, as far as the data plane has said.
    pub last_inbound: Instant,
    /// Whether it is being found out if the peer is dead.
    pub searching: bool,
}

impl Default for Dpd {
    fn default() -> Self {
        Self::new()
    }
}

impl Dpd {
    /// In both IKEs, for every peer.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            v1: Some(Ladder::IKEV1),
            v2: Some(Ladder::IKEV2),
            clusters_only: false,
            restart: true,
            rows: SaTable::new(),
            timers: Timers::new(),
            searched: BTreeSet::new(),
            attempts: SaTable::new(),
        }
    }

    /// Not in IKEv1: as Windows ([MS-IKEE] note 33).
    #[must_use]
    pub const fn without_ikev1(mut self) -> Self {
        self.v1 = None;
        self
    }

    /// Not in IKEv2: as §3.12 has it.
    #[must_use]
    pub const fn without_ikev2(mut self) -> Self {
        self.v2 = None;
        self
    }

    /// With another time for each step; 10 s unless told.
    #[must_use]
    pub const fn with_patience(mut self, patience: Duration) -> Self {
        if let Some(ladder) = &mut self.v1 {
            ladder.patience = patience;
        }
        if let Some(ladder) = &mut self.v2 {
            ladder.patience = patience;
        }
        self
    }

    /// UDP counts with nodes of a cluster only, as §3.12.1 has it.
    #[must_use]
    pub const fn clusters_only(mut self) -> Self {
        self.clusters_only = true;
        self
    }

    /// A dead peer is not called again: that is for whoever drives the endpoint ([MS-IKEE]
    /// §3.12.4.1).
    #[must_use]
    pub const fn without_restart(mut self) -> Self {
        self.restart = false;
        self
    }

    /// What is known of an SA's peer.
    #[must_use]
    pub fn status(&self, sa: SaId) -> Option<Status> {
        self.rows.get(sa).map(|row| Status {
            last_inbound: Instant::from_duration(row.detector.last_inbound()),
            searching: row.detector.is_searching(),
        })
    }

    /// Whether no SA is left over.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let tables = self.rows.is_empty() && self.attempts.is_empty();
        tables && self.searched.is_empty() && self.timers.is_empty()
    }

    fn peer(cx: &Context<'_>, sa: SaId) -> Option<Peer> {
        let facts = cx.host().facts(sa)?;
        Some((facts.policy, facts.peer.ip()))
    }

    /// An SA stands from now on.
    fn open(&mut self, cx: &Context<'_>, sa: SaId) {
        let Some(facts) = cx.host().facts(sa) else {
            return;
        };
        let ladder = match facts.version {
            Version::V1 => self.v1,
            _ => self.v2,
        };
        let Some(ladder) = ladder.filter(|_| self.rows.get(sa).is_none()) else {
            return;
        };
        let detector = Detector::new(cx.now().as_duration());
        let peer = (facts.policy, facts.peer.ip());
        let row = Row {
            detector,
            ladder,
            peer,
        };
        self.rows.insert(sa, row);
    }

    /// [MS-IKEE] §3.12.7.1: a main mode with that peer has succeeded, which clears all flags.
    fn cleared(&mut self, cx: &mut Context<'_>, sa: SaId) {
        let Some(peer) = Self::peer(cx, sa) else {
            return;
        };
        let from = (peer, SaId::new(0))..=(peer, SaId::new(u64::MAX));
        let found: Vec<SaId> = self.searched.range(from).map(|it| it.1).collect();
        for sa in found {
            self.lives(cx, sa);
        }
    }

    fn lives(&mut self, cx: &mut Context<'_>, sa: SaId) {
        let now = cx.now().as_duration();
        self.step(cx, sa, |row| {
            row.detector.lives(now, &row.ladder);
            Next::Nothing
        });
    }

    fn failed(&mut self, cx: &mut Context<'_>, sa: SaId, rung: Rung) {
        let now = cx.now().as_duration();
        self.step(cx, sa, |row| row.detector.failed(rung, now, &row.ladder));
    }

    /// [MS-IKEE] §3.12.4.1, §3.12.4.2, §3.12.5.1
    fn traffic(&mut self, cx: &mut Context<'_>, sa: SaId, child: ChildId, hint: Hint) {
        let now = cx.now().as_duration();
        let cause = match hint {
            Hint::Inbound => {
                if let Some(row) = self.rows.get_mut(sa) {
                    row.detector.inbound(now);
                }
                return;
            }
            Hint::Retransmission | Hint::Unconnected => Cause::Retransmission,
            Hint::OneSided if self.clusters_only && !cx.peer_sent(sa, &CLUSTER) => return,
            Hint::OneSided => Cause::OneSided,
            _ => return,
        };
        self.take(cx, sa, Some(child), |row| {
            row.detector.suspect(cause, now, &row.ladder)
        });
    }

    fn step(&mut self, cx: &mut Context<'_>, sa: SaId, call: impl FnOnce(&mut Row) -> Next) {
        self.take(cx, sa, None, call);
    }

    /// Lets a search go on, and does what follows.
    fn take(
        &mut self,
        cx: &mut Context<'_>,
        sa: SaId,
        child: Option<ChildId>,
        call: impl FnOnce(&mut Row) -> Next,
    ) {
        let Some(row) = self.rows.get_mut(sa) else {
            return;
        };
        let next = call(row);
        match row.detector.deadline() {
            Some(until) => {
                self.timers.set(sa, Instant::from_duration(until));
                self.searched.insert((row.peer, sa));
            }
            None => {
                self.timers.stop(sa);
                self.searched.remove(&(row.peer, sa));
            }
        }
        match next {
            Next::Nothing => {}
            Next::Try(Rung::Probe) => cx.push(Action::Inform {
                sa,
                message_id: 0,
                prefix: Vec::new(),
                payloads: Vec::new(),
            }),
            Next::Try(Rung::RekeyChild) => {
                if let Some(child) = child {
                    cx.push(Action::RekeyChild(child));
                }
            }
            Next::Try(Rung::RekeySa) => cx.push(Action::RekeySa(sa)),
            Next::Dead => {
                cx.push(Action::Nudge(sa));
                let again = self.restart;
                cx.push(Action::Abandon { sa, again });
            }
        }
    }

    fn close(&mut self, sa: SaId) {
        if let Some(row) = self.rows.remove(sa) {
            self.searched.remove(&(row.peer, sa));
        }
        self.timers.stop(sa);
        self.attempts.remove(sa);
    }
}

impl Extension for Dpd {
    fn name(&self) -> &'static str {
        "dpd"
    }

    // [MS-IKEE] §3.12.7.1: main and quick mode are as ever; what is seen here is that one begins
    fn on_outgoing(&mut self, cx: &mut Context<'_>, sa: SaId, draft: &mut Draft<'_>) {
        if draft.version() != Version::V1 || draft.stage() != Stage::main_mode(1) {
            return;
        }
        let Some(peer) = Self::peer(cx, sa) else {
            return;
        };
        let from = (peer, SaId::new(0))..=(peer, SaId::new(u64::MAX));
        if self.searched.range(from).next().is_some() {
            self.attempts.insert(sa, ());
        }
    }

    fn on_incoming(&mut self, cx: &mut Context<'_>, sa: SaId, msg: &Inbound<'_>) -> Verdict {
        // RFC 7296 §2.4: whatever is authentic shows that the peer lives
        if msg.protected && msg.header.version == Version::V2 {
            self.lives(cx, sa);
        }
        Verdict::Continue
    }

    fn on_lifecycle(&mut self, cx: &mut Context<'_>, sa: SaId, what: Lifecycle) {
        match what {
            Lifecycle::Established => {
                self.attempts.remove(sa);
                self.open(cx, sa);
                self.cleared(cx, sa);
            }
            Lifecycle::Succeeded(successor) => {
                self.lives(cx, sa);
                self.open(cx, successor);
            }
            Lifecycle::Closed => self.close(sa),
            Lifecycle::ChildOpened(_) => self.lives(cx, sa),
            Lifecycle::RekeyChildFailed(_) => self.failed(cx, sa, Rung::RekeyChild),
            Lifecycle::RekeyFailed => self.failed(cx, sa, Rung::RekeySa),
            Lifecycle::Traffic(child, hint) => self.traffic(cx, sa, child, hint),
            _ => {}
        }
    }

    fn on_timeout(&mut self, cx: &mut Context<'_>) {
        let now = cx.now().as_duration();
        while let Some(sa) = self.timers.pop_due(cx.now()) {
            self.step(cx, sa, |row| row.detector.time_out(now, &row.ladder));
        }
    }

    fn next_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    fn policy(&self) -> Option<&dyn Policy> {
        Some(self)
    }
}

impl Policy for Dpd {
    fn retry_limit(&self, sa: SaId, stage: Stage) -> Option<u8> {
        let tries = stage.exchange == ExchangeType::MAIN_MODE;
        self.attempts
            .get(sa)
            .filter(|()| tries)
            .map(|()| RETRANSMISSIONS)
    }
}
