use core::time::Duration;

use alloc::vec::Vec;
use ike_ext::{
    Budget, Context, Draft, Extension, Framing, Host, Inbound, Instant, Join, Lifecycle, SaId,
    SaTable, Sent, Stage, Timers, Verdict,
};
use isakmp_wire::v1::{Fragment, kind};
use isakmp_wire::{ExchangeType, Header};

use crate::machine::{Added, Limits, MessageKey, Queued, Reassembler, cost, cut};
use crate::sender::{LONGEST, Name, SHORTEST, Sender, TimerRule, USUAL};
use crate::wire::{Carrier, VENDOR_ID, encode};

/// The messages that announce the extension ([MS-IKEE] §3.3.4.1, §3.3.5.1).
const FIRST: [Stage; 4] = [
    Stage::main_mode(1),
    Stage::main_mode(2),
    Stage::new(ExchangeType::AGGRESSIVE, 1),
    Stage::new(ExchangeType::AGGRESSIVE, 2),
];

/// Octets that the fragments of all SAs may hold, unless set otherwise.
const MEMORY: usize = 16 << 20;

/// Port 4500, where messages have a marker (RFC 3947 §4).
const NAT_T: u16 = 4500;

/// Negotiates IKEv1 fragmentation, sends fragments when messages do not get through, and joins the
/// peer's.
///
/// Adding it to an endpoint enables it; it detects what a peer can do by the vendor ID, never by
/// its release.
#[derive(Debug)]
pub struct Fragmentation {
    enabled: bool,
    eager: bool,
    identity_only: bool,
    rule: TimerRule,
    delay: Duration,
    limits: Limits,
    memory: Memory,
    /// The fragment ID of the message fragmented last, of whichever SA.
    counter: u16,
    sas: SaTable<Row>,
    timers: Timers<Timer>,
    counters: Counters,
}

impl Fragmentation {
    /// As Windows does since Vista: an initiator whose message is not answered within three
    /// seconds repeats it in fragments.
    #[must_use]
    pub fn new() -> Self {
        Self {
            enabled: true,
            eager: false,
            identity_only: false,
            rule: TimerRule::default(),
            delay: USUAL,
            limits: Limits::DEFAULT,
            memory: Memory::new(MEMORY),
            // [MS-IKEE] §3.3.3: so that the first one is 1
            counter: 0,
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

    /// With `true`, fragments what does not fit one packet from the first time on, without waiting
    /// for the timer: for networks that are known to lose IP fragments.
    #[must_use]
    pub const fn with_eager(mut self, eager: bool) -> Self {
        self.eager = eager;
        self
    }

    /// With `true`, takes only those joined messages that have an ID payload, as the sender's rule
    /// of [MS-IKEE] §3.3.6.1 has it and Windows keeps to it. Other peers fragment whatever is
    /// large, so the default is `false`.
    #[must_use]
    pub const fn with_identity_only(mut self, identity_only: bool) -> Self {
        self.identity_only = identity_only;
        self
    }

    /// Sets which messages start the fragmentation timer.
    #[must_use]
    pub const fn with_timer_rule(mut self, rule: TimerRule) -> Self {
        self.rule = rule;
        self
    }

    /// Sets the time of the fragmentation timer, 1 to 5 s ([MS-IKEE] §3.3.2); what is beyond is
    /// taken to the nearer end. Default 3 s.
    #[must_use]
    pub fn with_delay(mut self, delay: Duration) -> Self {
        self.delay = delay.clamp(SHORTEST, LONGEST);
        self
    }

    /// Sets what one SA may hold, and how long.
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

    /// Sets the fragment ID of the message fragmented last, as after a restart.
    #[must_use]
    pub const fn with_counter(mut self, counter: u16) -> Self {
        self.counter = counter;
        self
    }

    /// Whether messages of an SA go out in fragments: "fragmentation active" of [MS-IKEE] §3.3.1.
    #[must_use]
    pub fn is_active(&self, sa: SaId) -> bool {
        self.sas.get(sa).is_some_and(|row| row.sender.is_active())
    }

    /// When the fragmentation timer of an SA fires, while it runs.
    #[must_use]
    pub fn fires_at(&self, sa: SaId) -> Option<Instant> {
        let at = self.sas.get(sa)?.sender.deadline()?;
        Some(Instant::from_duration(at))
    }

    /// What was sent and received since the start.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// The messages of an SA that are in fragments.
    pub fn queued(&self, sa: SaId) -> impl Iterator<Item = Queued> {
        let row = self.sas.get(sa).into_iter();
        row.flat_map(|row| row.reassembler.queued())
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
        self.timers.stop(Timer::Sending(sa));
        self.timers.stop(Timer::Joining(sa));
    }

    /// Sets the timers of an SA to what its row says.
    fn arm(&mut self, sa: SaId) {
        let row = self.sas.get(sa);
        let all = [
            (Timer::Sending(sa), row.and_then(|it| it.sender.deadline())),
            (
                Timer::Joining(sa),
                row.and_then(|it| it.reassembler.deadline()),
            ),
        ];
        for (timer, at) in all {
            match at {
                Some(at) => self.timers.set(timer, Instant::from_duration(at)),
                None => {
                    self.timers.stop(timer);
                }
            }
        }
    }

    /// Takes one fragment for an SA.
    fn collect(&mut self, now: Duration, sa: SaId, key: MessageKey, it: &Fragment<'_>) -> Join {
        let row = self.sas.row(sa);
        if !self.memory.take(row, cost(it)) {
            self.counters.dropped = self.counters.dropped.saturating_add(1);
            return Join::Discard;
        }
        let before = row.reassembler.held().saturating_add(cost(it));
        let added = row.reassembler.add(&self.limits, now, key, it);
        let freed = before.saturating_sub(row.reassembler.held());
        self.memory.give(row, freed);
        self.arm(sa);
        match added {
            Added::Dropped(_) => {
                self.counters.dropped = self.counters.dropped.saturating_add(1);
                Join::Discard
            }
            Added::Kept => Join::Pending,
            Added::Whole(message) => {
                self.counters.joined = self.counters.joined.saturating_add(1);
                let header = Header::parse(&message).ok();
                self.sas.row(sa).joined = header.filter(|_| self.identity_only);
                Join::Whole(message)
            }
        }
    }
}

impl Default for Fragmentation {
    fn default() -> Self {
        Self::new()
    }
}

impl Extension for Fragmentation {
    fn name(&self) -> &'static str {
        "fragmentation"
    }

    fn on_outgoing(&mut self, _: &mut Context<'_>, _: SaId, draft: &mut Draft<'_>) {
        if self.enabled && FIRST.contains(&draft.stage()) && draft.has(kind::SA) {
            draft.vendor_id(&VENDOR_ID);
        }
    }

    fn on_incoming(&mut self, _: &mut Context<'_>, sa: SaId, msg: &Inbound<'_>) -> Verdict {
        let Some(row) = self.sas.get_mut(sa).filter(|_| self.enabled) else {
            return Verdict::Continue;
        };
        let joined = row.joined.take();
        // [MS-IKEE] §3.3.6.1: none but messages with an ID payload are fragmented
        let same = joined.is_some_and(|it| {
            (it.exchange, it.message_id, it.length)
                == (
                    msg.header.exchange,
                    msg.header.message_id,
                    msg.header.length,
                )
        });
        if same && !msg.has(kind::ID) {
            return Verdict::Discard("fragments of a message without an ID payload");
        }
        row.sender.receives(Name {
            exchange: msg.stage.exchange,
            message_id: msg.header.message_id,
            message: msg.stage.message,
        });
        self.arm(sa);
        Verdict::Continue
    }

    fn on_lifecycle(&mut self, _: &mut Context<'_>, sa: SaId, what: Lifecycle) {
        if what == Lifecycle::Closed {
            return self.close(sa);
        }
        let Some(row) = self.sas.get_mut(sa) else {
            return;
        };
        if what == Lifecycle::Established {
            self.memory.prove(row);
        }
        if matches!(what, Lifecycle::Established | Lifecycle::ChildOpened(_)) {
            row.sender.rest();
            self.arm(sa);
        }
    }

    fn on_timeout(&mut self, cx: &mut Context<'_>) {
        let now = cx.now().as_duration();
        while let Some(timer) = self.timers.pop_due(cx.now()) {
            let (Timer::Sending(sa) | Timer::Joining(sa)) = timer;
            let Some(row) = self.sas.get_mut(sa) else {
                continue;
            };
            if row.sender.fires(now) && supports(cx.host(), sa) {
                row.sender.activate();
            }
            let before = row.reassembler.held();
            // [MS-IKEE] §3.3.6.2: all of that message goes
            let expired = u64::try_from(row.reassembler.expire(now)).unwrap_or(u64::MAX);
            self.counters.expired = self.counters.expired.saturating_add(expired);
            let freed = before.saturating_sub(row.reassembler.held());
            self.memory.give(row, freed);
            self.arm(sa);
        }
    }

    fn next_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    fn framing(&mut self) -> Option<&mut dyn Framing> {
        Some(self)
    }
}

impl Framing for Fragmentation {
    fn split(&mut self, cx: &mut Context<'_>, sa: SaId, sent: &Sent<'_>, out: &mut Vec<Vec<u8>>) {
        let (true, Ok(header)) = (self.enabled, Header::parse(sent.bytes)) else {
            return;
        };
        let name = Name {
            exchange: sent.stage.exchange,
            message_id: header.message_id,
            message: sent.stage.message,
        };
        let supported = supports(cx.host(), sa);
        let delay = self.rule.starts(name).then_some(self.delay);
        if delay.is_none() && !supported {
            return;
        }
        let row = self.sas.row(sa);
        let called_for = row.sender.sends(cx.now().as_duration(), name, delay);
        if called_for && supported {
            row.sender.activate();
        }
        self.arm(sa);
        if !supported || !(called_for || self.eager) {
            return;
        }
        let carrier = carrier(cx.host(), sa);
        let fits = carrier.is_none_or(|it| sent.bytes.len() <= it.message());
        // [MS-IKEE] §3.3.6.1: only messages with an ID payload
        let (false, true, Some(carrier)) = (fits, sent.kinds.contains(&kind::ID), carrier) else {
            return;
        };
        let id = self.counter.wrapping_add(1);
        if let Some(all) = cut(id, sent.bytes, carrier.room()) {
            out.extend(all.map(|it| encode(&header, &it)));
            self.counter = id;
            self.counters.fragmented = self.counters.fragmented.saturating_add(1);
        }
    }

    fn join(&mut self, cx: &mut Context<'_>, sa: SaId, msg: &Inbound<'_>) -> Join {
        let Some(raw) = msg
            .payloads()
            .first(kind::FRAGMENT)
            .filter(|_| self.enabled)
        else {
            return Join::NotMine;
        };
        self.counters.count(raw.body.len());
        // [MS-IKEE] §3.3.5.3: alone, or not at all
        let alone = msg.payloads().iter().count() == 1;
        let (Ok(fragment), true) = (Fragment::parse(raw), alone) else {
            self.counters.dropped = self.counters.dropped.saturating_add(1);
            return Join::Discard;
        };
        // [MS-IKEE] §3.3.5.3, note 18: who sends fragments needs them
        if supports(cx.host(), sa) {
            self.sas.row(sa).sender.activate();
        }
        let key = MessageKey {
            fragment_id: fragment.id,
            message_id: msg.header.message_id,
        };
        self.collect(cx.now().as_duration(), sa, key, &fragment)
    }
}

/// "Fragmentation supported" of [MS-IKEE] §3.3.1: the core remembers the vendor IDs of the first
/// message, or of the second ([MS-IKEE] §3.3.5.2).
fn supports(host: &dyn Host, sa: SaId) -> bool {
    let facts = host.facts(sa);
    facts.is_some_and(|it| it.peer_sent(&VENDOR_ID))
}

fn carrier(host: &dyn Host, sa: SaId) -> Option<Carrier> {
    let facts = host.facts(sa)?;
    Some(Carrier {
        v6: facts.peer.ip().to_canonical().is_ipv6(),
        marker: facts.local.port() == NAT_T || facts.peer.port() == NAT_T,
    })
}

/// What was sent and received, of all SAs.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Counters {
    /// Fragments that came, used or not.
    pub fragments: u64,
    /// Octets in them.
    pub octets: u64,
    /// Fragments that were not used.
    pub dropped: u64,
    /// Messages that were completed.
    pub joined: u64,
    /// Messages of which something was missing when their time was up.
    pub expired: u64,
    /// Messages that went out in fragments, each repetition counted.
    pub fragmented: u64,
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
    /// Whether the peer is authenticated.
    proven: bool,
    sender: Sender,
    reassembler: Reassembler,
    /// The header of the message that was joined last, until it is seen decrypted.
    joined: Option<Header>,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Timer {
    /// The fragmentation timer.
    Sending(SaId),
    /// The earliest of the reassembly timers.
    Joining(SaId),
}

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
