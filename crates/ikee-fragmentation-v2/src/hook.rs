use core::time::Duration;

use ike_ext::{
    Budget, Chunk, Chunking, Context, Draft, Extension, Gather, Host, Inbound, Instant, Lifecycle,
    SaId, SaTable, Stage, Timers, Verdict,
};
use isakmp_wire::ExchangeType;
use isakmp_wire::v2::kind;

use crate::machine::{Added, Fragment, Limits, MessageKey, Queued, Reassembler, cost};
use crate::wire::{PACKET_SIZE_V4, PACKET_SIZE_V6, SUPPORTED};

/// The first message of an SA, which announces the extension ([MS-IKEE] §2.2.11.1).
const REQUEST: Stage = Stage::request(ExchangeType::IKE_SA_INIT);
/// The answer to it, which agrees.
const RESPONSE: Stage = Stage::response(ExchangeType::IKE_SA_INIT);

/// The longest that fragments of a message wait for the others ([MS-IKEE] §3.15.2, §3.3.2).
const REASSEMBLY_TIMEOUT: Duration = Duration::from_secs(90);

/// Octets that the fragments of all SAs may hold, unless set otherwise.
const MEMORY: usize = 16 << 20;

/// Negotiates IKEv2 fragmentation, says when to fragment, and queues the peer's fragments.
///
/// Adding it to an endpoint enables it; it detects what a peer can do by the notify, never by its
/// release ([MS-IKEE] note 2).
#[derive(Debug)]
pub struct FragmentationV2 {
    enabled: bool,
    packet_v4: usize,
    packet_v6: usize,
    timeout: Duration,
    limits: Limits,
    memory: Memory,
    sas: SaTable<Row>,
    timers: Timers<Timer>,
    counters: Counters,
}

impl FragmentationV2 {
    /// With the sizes and limits of the specification.
    #[must_use]
    pub fn new() -> Self {
        Self {
            enabled: true,
            packet_v4: PACKET_SIZE_V4,
            packet_v6: PACKET_SIZE_V6,
            timeout: REASSEMBLY_TIMEOUT,
            limits: Limits::DEFAULT,
            memory: Memory::new(MEMORY),
            sas: SaTable::new(),
            timers: Timers::new(),
            counters: Counters::default(),
        }
    }

    /// Switches it on or off; off, it neither announces nor fragments nor joins.
    #[must_use]
    pub const fn with_enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// Sets the size in octets of a whole IP packet beyond which messages are fragmented, for a
    /// network that is known to carry more. Smaller values than the defaults,
    /// [`PACKET_SIZE_V4`] and [`PACKET_SIZE_V6`], are raised to them: every network carries those.
    #[must_use]
    pub fn with_packet_sizes(mut self, v4: usize, v6: usize) -> Self {
        self.packet_v4 = v4.max(PACKET_SIZE_V4);
        self.packet_v6 = v6.max(PACKET_SIZE_V6);
        self
    }

    /// Sets what one SA may hold.
    #[must_use]
    pub const fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets how many octets the fragments of all SAs may hold; those of SAs that are not
    /// authenticated yet may hold half of it. Default 16 MiB.
    #[must_use]
    pub const fn with_memory(mut self, octets: usize) -> Self {
        self.memory = Memory::new(octets);
        self
    }

    /// Sets how long the fragments of a message wait for the others; more than 90 s is 90 s.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout.min(REASSEMBLY_TIMEOUT);
        self
    }

    /// Whether it is on: "fragmentation supported" of [MS-IKEE] §3.15.1.
    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// Whether both sides of an SA fragment.
    #[must_use]
    pub fn is_negotiated(&self, sa: SaId) -> bool {
        self.enabled && self.sas.get(sa).is_some_and(|row| row.peer_supports)
    }

    /// What has been received since the start ([MS-IKEE] §3.15.1).
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// The messages of an SA that are in pieces.
    pub fn queued(&self, sa: SaId) -> impl Iterator<Item = Queued> {
        self.sas
            .get(sa)
            .into_iter()
            .flat_map(|row| row.reassembler.queued())
    }

    /// Octets that the fragments of all SAs hold.
    #[must_use]
    pub const fn held(&self) -> usize {
        self.memory.all.used()
    }

    /// Whether no SA, no timer and no fragment is left over.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.sas.is_empty() && self.timers.is_empty() && self.held() == 0
    }

    fn close(&mut self, sa: SaId) {
        if let Some(row) = self.sas.remove(sa) {
            self.memory.give(&row, row.reassembler.held());
        }
        self.timers
            .stop_range(Timer(sa, MessageKey::FIRST)..=Timer(sa, MessageKey::LAST));
    }
}

impl Default for FragmentationV2 {
    fn default() -> Self {
        Self::new()
    }
}

impl Extension for FragmentationV2 {
    fn name(&self) -> &'static str {
        "fragmentation-v2"
    }

    fn on_outgoing(&mut self, _: &mut Context<'_>, sa: SaId, draft: &mut Draft<'_>) {
        if !self.enabled || !draft.has(kind::SA) {
            return;
        }
        // [MS-IKEE] §2.2.11.1: the responder answers the initiator's notify, and only then.
        let agrees = draft.stage() == RESPONSE && self.is_negotiated(sa);
        if draft.stage() == REQUEST || agrees {
            draft.notify(SUPPORTED, &[]);
        }
    }

    fn on_incoming(&mut self, _: &mut Context<'_>, sa: SaId, msg: &Inbound<'_>) -> Verdict {
        let first = [REQUEST, RESPONSE].contains(&msg.stage) && msg.has(kind::SA);
        // Such a message is not authenticated: it changes nothing once the peer is.
        let proven = self.sas.get(sa).is_some_and(|row| row.proven);
        if self.enabled && first && !proven {
            // [MS-IKEE] §2.2.11.1: protocol and reserved octets are not looked at.
            let supports = msg.notifies(SUPPORTED).next().is_some();
            // [MS-IKEE] §3.15.5.1, §3.15.5.2: only with both notifies does either side fragment.
            if supports {
                self.sas.row(sa).peer_supports = true;
            } else {
                self.close(sa);
            }
        }
        Verdict::Continue
    }

    fn on_lifecycle(&mut self, _: &mut Context<'_>, sa: SaId, what: Lifecycle) {
        match what {
            Lifecycle::Closed => self.close(sa),
            Lifecycle::Established => {
                if let Some(row) = self.sas.get_mut(sa) {
                    self.memory.prove(row);
                }
            }
            // RFC 7296 §2.18: a rekeyed SA has no IKE_SA_INIT of its own.
            Lifecycle::Succeeded(successor) if self.is_negotiated(sa) => {
                let row = self.sas.row(successor);
                row.peer_supports = true;
                self.memory.prove(row);
            }
            _ => {}
        }
    }

    fn on_timeout(&mut self, cx: &mut Context<'_>) {
        while let Some(Timer(sa, key)) = self.timers.pop_due(cx.now()) {
            if let Some(row) = self.sas.get_mut(sa) {
                let before = row.reassembler.held();
                // [MS-IKEE] §3.15.2: when the timer expires, all of the message goes.
                if row.reassembler.expire(key) {
                    self.counters.expired = self.counters.expired.saturating_add(1);
                }
                let freed = before.saturating_sub(row.reassembler.held());
                self.memory.give(row, freed);
            }
        }
    }

    fn next_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    fn chunking(&mut self) -> Option<&mut dyn Chunking> {
        Some(self)
    }
}

impl Chunking for FragmentationV2 {
    fn limit(&self, host: &dyn Host, sa: SaId) -> Option<usize> {
        if !self.is_negotiated(sa) {
            return None;
        }
        // [MS-IKEE] §3.15.1, §3.15.5.3: by the size of the whole IP packet, so that nothing is
        // cut that fits.
        let peer = host.facts(sa)?.peer.ip().to_canonical();
        Some(if peer.is_ipv4() {
            self.packet_v4
        } else {
            self.packet_v6
        })
    }

    fn collect(&mut self, cx: &mut Context<'_>, sa: SaId, chunk: &Chunk<'_>) -> Gather {
        let row = self.sas.get_mut(sa).filter(|row| row.peer_supports);
        let Some(row) = row.filter(|_| self.enabled) else {
            return Gather::Discard("fragment, although fragmentation was not negotiated");
        };
        self.counters.count(chunk.data.len());
        let key = MessageKey::new(chunk.message_id, chunk.response);
        let piece = Fragment {
            first: chunk.first,
            number: chunk.number,
            total: chunk.total,
            data: chunk.data,
        };
        let before = row.reassembler.held().saturating_add(cost(&piece));
        if !self.memory.take(row, cost(&piece)) {
            self.counters.dropped = self.counters.dropped.saturating_add(1);
            return Gather::Discard("fragments: nothing more is held for all SAs together");
        }
        let added = row.reassembler.add(&self.limits, key, piece);
        let freed = before.saturating_sub(row.reassembler.held());
        self.memory.give(row, freed);
        // [MS-IKEE] §3.15.2: one timer for each message ID, from its first fragment on.
        if row.reassembler.is_pending(key) {
            self.timers.start(Timer(sa, key), cx.now() + self.timeout);
        } else {
            self.timers.stop(Timer(sa, key));
        }
        match added {
            Added::Dropped(why) => {
                self.counters.dropped = self.counters.dropped.saturating_add(1);
                Gather::Discard(why.reason())
            }
            Added::Kept => Gather::Pending,
            Added::Whole { first, data } => {
                self.counters.messages = self.counters.messages.saturating_add(1);
                Gather::Whole { first, data }
            }
        }
    }
}

/// What has been received, of all SAs ([MS-IKEE] §3.15.1).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Counters {
    /// Fragments that came, used or not.
    pub fragments: u64,
    /// Octets of plaintext in them.
    pub octets: u64,
    /// Fragments that were not used.
    pub dropped: u64,
    /// Messages that were completed.
    pub messages: u64,
    /// Messages of which something was missing when their time was up.
    pub expired: u64,
}

impl Counters {
    fn count(&mut self, octets: usize) {
        let octets = u64::try_from(octets).unwrap_or(u64::MAX);
        self.fragments = self.fragments.saturating_add(1);
        self.octets = self.octets.saturating_add(octets);
    }
}

/// What is known of one SA.
#[derive(Debug, Default)]
struct Row {
    /// "Peer supports fragmentation" of [MS-IKEE] §3.15.1.
    peer_supports: bool,
    /// Whether the peer is authenticated.
    proven: bool,
    reassembler: Reassembler,
}

/// The reassembly timer of one message of one SA.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Timer(SaId, MessageKey);

/// The endpoint's budget, of which peers that are not authenticated can use up only a part.
#[derive(Debug)]
struct Memory {
    all: Budget,
    unproven: Budget,
}

impl Memory {
    const fn new(octets: usize) -> Self {
        Self {
            all: Budget::new(octets),
            unproven: Budget::new(octets >> 1),
        }
    }

    fn take(&mut self, row: &Row, octets: usize) -> bool {
        if row.proven {
            return self.all.take(octets);
        }
        if !self.unproven.take(octets) {
            return false;
        }
        let fits = self.all.take(octets);
        if !fits {
            self.unproven.give(octets);
        }
        fits
    }

    fn give(&mut self, row: &Row, octets: usize) {
        self.all.give(octets);
        if !row.proven {
            self.unproven.give(octets);
        }
    }

    /// The peer of an SA is authenticated: what it holds no longer counts as unproven.
    fn prove(&mut self, row: &mut Row) {
        if !row.proven {
            self.unproven.give(row.reassembler.held());
            row.proven = true;
        }
    }
}
