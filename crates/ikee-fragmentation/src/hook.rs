use core::time::Duration;

use ike_ext::{
    Context, Draft, Extension, Framing, Host, Inbound, Instant, Lifecycle, SaId, SaTable, Stage,
    Timers, Verdict,
};
use isakmp_wire::v1::kind;
use isakmp_wire::{ExchangeType, Header};

use self::memory::Memory;
use crate::machine::{Limits, Queued, Reassembler};
use crate::sender::{LONGEST, Name, SHORTEST, Sender, TimerRule, USUAL};
use crate::wire::VENDOR_ID;

mod counters;
mod framing;
mod memory;

pub use self::counters::Counters;

/// The messages that announce the extension ([MS-IKEE] §3.3.4.1, §3.3.5.1).
const FIRST: [Stage; 4] = [
    Stage::main_mode(1),
    Stage::main_mode(2),
    Stage::new(ExchangeType::AGGRESSIVE, 1),
    Stage::new(ExchangeType::AGGRESSIVE, 2),
];

/// Octets that the fragments of all SAs may hold, unless set otherwise.
const MEMORY: usize = 16 << 20;

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

/// "Fragmentation supported" of [MS-IKEE] §3.3.1: the core remembers the vendor IDs of the first
/// message, or of the second ([MS-IKEE] §3.3.5.2).
fn supports(host: &dyn Host, sa: SaId) -> bool {
    let facts = host.facts(sa);
    facts.is_some_and(|it| it.peer_sent(&VENDOR_ID))
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
