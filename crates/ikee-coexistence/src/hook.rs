use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use ike_ext::{
    Action, Context, Draft, Extension, Foreign, Inbound, Instant, Lifecycle, Role, SaId, Stage,
    Timers, Verdict,
};
use isakmp_wire::{ExchangeType, Version};

use crate::machine::{Holding, Outcome, Race};
use crate::wire::{AUTHIP, KeyingModule};

/// The first messages of IKEv1 that are put off are those of no more peers than this.
const MAX_HELD: usize = 1024;

/// How long a peer is remembered beyond the grace, for its repetitions to be let in.
const MEMORY: Duration = Duration::from_secs(60);

/// IKEv1 and AuthIP on one host: who has both, and which of them serves a peer.
///
/// Without an AuthIP module it only recognises peers that have one, and IKEv1 always wins.
#[derive(Debug)]
pub struct Coexistence {
    enabled: bool,
    module: bool,
    announces: bool,
    modules: Vec<KeyingModule>,
    held: Option<Holding<IpAddr>>,
    memory: Timers<IpAddr>,
    grace: Duration,
    sas: BTreeMap<SaId, Row>,
}

impl Coexistence {
    /// Without an AuthIP module: nothing is announced.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            enabled: true,
            module: false,
            announces: false,
            modules: Vec::new(),
            held: None,
            memory: Timers::new(),
            grace: Duration::ZERO,
            sas: BTreeMap::new(),
        }
    }

    /// Switches it on or off.
    #[must_use]
    pub const fn with_enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// Says whether the application has an AuthIP module. With one, the peer is told
    /// (`MS-MamieExists` in message 1), and the application is nudged when the module is to send
    /// its first message, and when it is decided who goes on.
    #[must_use]
    pub const fn with_module(mut self, module: bool) -> Self {
        self.module = module;
        self.announces = module;
        self
    }

    /// Sends `MS-MamieExists` although there is no module, to look like a release of Windows;
    /// those before Vista and Server 2008 do not send it ([MS-IKEE] note 3).
    #[must_use]
    pub const fn with_announcement(mut self, announces: bool) -> Self {
        self.announces = announces;
        self
    }

    /// Tells of these keying modules in message 1, in this order ([MS-IKEE] note 6).
    #[must_use]
    pub fn with_keying_modules(mut self, modules: impl IntoIterator<Item = KeyingModule>) -> Self {
        self.modules = modules.into_iter().collect();
        self
    }

    /// As a responder with a module, prefers AuthIP: message 1 of an IKEv1 peer that also has
    /// AuthIP is dropped until this much time has passed since the first one.
    #[must_use]
    pub fn with_preference(mut self, grace: Duration) -> Self {
        self.held = Some(Holding::new(grace, MAX_HELD));
        self.grace = grace;
        self
    }

    /// Who serves the peer of an SA of ours; [`Outcome::Ike`] for any other SA.
    #[must_use]
    pub fn outcome(&self, sa: SaId) -> Outcome {
        let race = self.sas.get(&sa).and_then(|row| row.race);
        race.map_or(Outcome::Ike, Race::outcome)
    }

    /// Whether the peer of an SA has said that it has AuthIP.
    #[must_use]
    pub fn peer_has_authip(&self, sa: SaId) -> bool {
        self.sas
            .get(&sa)
            .is_some_and(|row| row.mamie || row.modules.contains(&KeyingModule::AuthIp))
    }

    /// The keying modules that the peer of an SA has told of.
    pub fn peer_modules(&self, sa: SaId) -> impl Iterator<Item = KeyingModule> {
        let row = self.sas.get(&sa).into_iter();
        row.flat_map(|row| row.modules.iter().copied())
    }

    /// Whether no SA, no peer and no timer is left over.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let held = self.held.as_ref().is_none_or(Holding::is_empty);
        self.sas.is_empty() && held && self.memory.is_empty()
    }

    /// What the peer's first message says of its modules.
    fn learn(&mut self, sa: SaId, msg: &Inbound<'_>) -> bool {
        let mamie = msg.vendor_ids().any(|id| id == AUTHIP);
        let modules: BTreeSet<_> = msg.vendor_ids().filter_map(KeyingModule::told).collect();
        if mamie || !modules.is_empty() {
            let row = self.sas.entry(sa).or_default();
            row.mamie = mamie;
            row.modules = modules;
        }
        mamie
    }

    /// [MS-IKEE] §1.3.8: the peer's AuthIP is about to knock, and is wanted more.
    fn puts_off(&mut self, now: Instant, peer: IpAddr) -> bool {
        let Some(held) = self.held.as_mut().filter(|_| self.module) else {
            return false;
        };
        let off = held.puts_off(peer, now.as_duration());
        if off {
            self.memory.start(peer, now + self.grace + MEMORY);
        }
        off
    }

    fn answered(&mut self, cx: &mut Context<'_>, sa: SaId) {
        let race = self.sas.get_mut(&sa).and_then(|row| row.race.as_mut());
        if race.is_some_and(Race::ike_answered) {
            cx.push(Action::Nudge(sa));
        }
    }
}

impl Default for Coexistence {
    fn default() -> Self {
        Self::new()
    }
}

impl Extension for Coexistence {
    fn name(&self) -> &'static str {
        "coexistence"
    }

    fn on_outgoing(&mut self, cx: &mut Context<'_>, sa: SaId, draft: &mut Draft<'_>) {
        if !self.enabled || draft.version() != Version::V1 || draft.stage() != FIRST {
            return;
        }
        for it in &self.modules {
            draft.vendor_id(&it.vendor_id());
        }
        if self.announces {
            draft.vendor_id(&AUTHIP);
        }
        let peer = cx.host().facts(sa).map(|it| it.peer.ip());
        if !self.module {
            return;
        }
        let row = self.sas.entry(sa).or_default();
        // message 1 may be composed more than once, and is one start
        if row.race.is_none() {
            row.race = Some(Race::begin(true));
            row.peer = peer;
            cx.push(Action::Nudge(sa));
        }
    }

    fn on_incoming(&mut self, cx: &mut Context<'_>, sa: SaId, msg: &Inbound<'_>) -> Verdict {
        if !self.enabled || msg.header.version != Version::V1 {
            return Verdict::Continue;
        }
        if msg.stage == FIRST {
            let mamie = self.learn(sa, msg);
            if mamie && self.puts_off(cx.now(), msg.from.ip()) {
                return Verdict::Discard("AuthIP is preferred, and the peer has it");
            }
            if mamie && self.module {
                cx.push(Action::Nudge(sa));
            }
        } else if msg.stage == SECOND {
            self.answered(cx, sa);
        }
        Verdict::Continue
    }

    fn on_foreign(&mut self, cx: &mut Context<'_>, foreign: &Foreign) {
        let header = &foreign.header;
        let answer = header.exchange == ExchangeType::AUTHIP_MAIN_MODE;
        if !self.enabled || !answer || header.responder.is_zero() {
            return;
        }
        let peer = Some(foreign.from.ip());
        for (sa, row) in &mut self.sas {
            let race = row.race.as_mut().filter(|_| row.peer == peer);
            if race.is_some_and(Race::authip_answered) {
                cx.push(Action::Nudge(*sa));
            }
        }
    }

    fn on_lifecycle(&mut self, cx: &mut Context<'_>, sa: SaId, what: Lifecycle) {
        match what {
            Lifecycle::Closed => {
                self.sas.remove(&sa);
            }
            Lifecycle::Established => {
                self.answered(cx, sa);
                let peer = cx.host().facts(sa).filter(|it| it.role == Role::Responder);
                if let Some((held, peer)) = self.held.as_mut().zip(peer) {
                    held.forget(peer.peer.ip());
                    self.memory.stop(peer.peer.ip());
                }
            }
            _ => {}
        }
    }

    fn on_timeout(&mut self, cx: &mut Context<'_>) {
        while let Some(peer) = self.memory.pop_due(cx.now()) {
            if let Some(held) = &mut self.held {
                held.forget(peer);
            }
        }
    }

    fn next_timeout(&self) -> Option<Instant> {
        self.memory.next()
    }
}

const FIRST: Stage = Stage::main_mode(1);
const SECOND: Stage = Stage::main_mode(2);

/// What is known of one SA.
#[derive(Debug, Default)]
struct Row {
    /// Of an initiator with a module.
    race: Option<Race>,
    /// Whom the first messages went to.
    peer: Option<IpAddr>,
    /// Whether the peer has sent `MS-MamieExists`.
    mamie: bool,
    modules: BTreeSet<KeyingModule>,
}
