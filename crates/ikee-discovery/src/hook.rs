use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use ike_ext::{
    ChildDraft, ChildId, Context, Draft, Extension, FlowId, Inbound, Lifecycle, Place, PolicyId,
    SaId, SaTable, Stage, Verdict,
};
use isakmp_wire::{ExchangeType, RawPayload, Version};

use crate::machine::Rule;
use crate::wire::{ExchangeInfo, MICROSOFT, VENDOR_ID};

/// Quick modes of one SA that may be under way at a time; of more, the oldest is forgotten.
const QUICK_MODES: usize = 64;

/// Announces negotiation discovery, and says and hears in quick mode what the policies want.
///
/// The flows are the data plane's: it asks a [`FlowTable`](crate::FlowTable) for every packet, tells this extension
/// by [`want`](Self::want) why it has a child negotiated, and learns by [`child`](Self::child) what that child is for.
#[derive(Debug)]
pub struct Discovery {
    on: bool,
    rules: BTreeMap<Traffic, Rule>,
    wanted: BTreeMap<Traffic, Want>,
    exchanges: SaTable<Vec<Exchange>>,
    children: BTreeMap<ChildId, (SaId, ChildFlags)>,
}

/// A policy, and which of its children.
type Traffic = (PolicyId, usize);

/// Why the data plane wants a child.
#[derive(Clone, Copy, Debug, Default)]
struct Want {
    guaranteed: bool,
    flow: Option<FlowId>,
}

/// A quick mode that has not made its child yet.
#[derive(Clone, Copy, Debug)]
struct Exchange {
    message_id: u32,
    /// What the peer said.
    heard: ExchangeInfo,
    /// What we want, as initiator.
    want: Want,
}

/// The flags of a child SA ([MS-IKEE] §3.7.1).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct ChildFlags {
    /// It hit an inbound discovery rule of the peer that takes packets in clear.
    pub boundary: bool,
    /// It serves flows that must be encrypted.
    pub guaranteed: bool,
    /// The flow for which we had it negotiated.
    pub flow: Option<FlowId>,
}

impl Default for Discovery {
    fn default() -> Self {
        Self::new()
    }
}

impl Discovery {
    /// Announces itself; without rules it says nothing more.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            on: true,
            rules: BTreeMap::new(),
            wanted: BTreeMap::new(),
            exchanges: SaTable::new(),
            children: BTreeMap::new(),
        }
    }

    /// Says nothing, hears nothing: as Windows 2000, XP and 2003 ([MS-IKEE] note 2).
    #[must_use]
    pub const fn off() -> Self {
        let mut off = Self::new();
        off.on = false;
        off
    }

    /// With the rule for a policy's child, counted from 0 in the order of the policy's configuration.
    #[must_use]
    pub fn with_rule(mut self, policy: PolicyId, child: usize, rule: Rule) -> Self {
        self.set_rule(policy, child, Some(rule));
        self
    }

    /// Changes the rule for a policy's child, or takes it away.
    pub fn set_rule(&mut self, policy: PolicyId, child: usize, rule: Option<Rule>) {
        match rule {
            Some(rule) => self.rules.insert((policy, child), rule),
            None => self.rules.remove(&(policy, child)),
        };
    }

    /// Takes all rules away, for others to be set.
    pub fn clear_rules(&mut self) {
        self.rules.clear();
        self.wanted.clear();
    }

    /// The data plane is about to have a child negotiated, for this flow. Without a rule it is ignored.
    pub fn want(&mut self, policy: PolicyId, child: usize, guaranteed: bool, flow: FlowId) {
        if self.rules.contains_key(&(policy, child)) {
            let flow = Some(flow);
            self.wanted
                .insert((policy, child), Want { guaranteed, flow });
        }
    }

    /// The flags of a child; none are set for one that is not known.
    #[must_use]
    pub fn child(&self, child: ChildId) -> ChildFlags {
        self.children
            .get(&child)
            .map_or_else(ChildFlags::default, |it| it.1)
    }

    /// Whether nothing is left of any SA.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.exchanges.is_empty() && self.children.is_empty()
    }

    /// Whether the peer of an SA supports discovery: it has said so in main mode's first or second message
    /// ([MS-IKEE] §3.7.1, §3.7.5.1, §3.7.5.2).
    #[must_use]
    pub fn supported(cx: &Context<'_>, sa: SaId) -> bool {
        cx.peer_sent(sa, &VENDOR_ID)
    }

    fn exchange(&mut self, sa: SaId, message_id: u32) -> Option<&mut Exchange> {
        let all = self.exchanges.row(sa);
        if !all.iter().any(|it| it.message_id == message_id) {
            if all.len() >= QUICK_MODES {
                all.remove(0);
            }
            all.push(Exchange {
                message_id,
                heard: ExchangeInfo::default(),
                want: Want::default(),
            });
        }
        all.iter_mut().find(|it| it.message_id == message_id)
    }

    /// What to say in a quick mode of ours: [MS-IKEE] §3.7.4.1. A successor is for what its predecessor was for.
    fn ask(&mut self, sa: SaId, policy: PolicyId, child: ChildDraft, id: u32) -> ExchangeInfo {
        let rule = self.rules.get(&(policy, child.index)).copied();
        let mut want = match child.replaces {
            Some(old) => Want {
                guaranteed: self.child(old).guaranteed,
                flow: None,
            },
            None => self
                .wanted
                .remove(&(policy, child.index))
                .unwrap_or_default(),
        };
        let rule = rule.unwrap_or_default();
        want.guaranteed |= rule.guaranteed;
        if (want.guaranteed || want.flow.is_some())
            && let Some(exchange) = self.exchange(sa, id)
        {
            exchange.want = want;
        }
        ExchangeInfo {
            boundary: rule.takes_clear(),
            guaranteed: want.guaranteed,
        }
    }

    /// What to say in a quick mode of the peer: [MS-IKEE] §3.7.5.3.
    fn answer(&self, policy: PolicyId, child: ChildDraft) -> ExchangeInfo {
        let rule = self.rules.get(&(policy, child.index));
        ExchangeInfo {
            boundary: rule.is_some_and(Rule::takes_clear),
            guaranteed: false,
        }
    }

    fn opened(&mut self, cx: &Context<'_>, child: ChildId) {
        let Some(facts) = cx.host().child(child) else {
            return;
        };
        let all = self.exchanges.get_mut(facts.sa);
        let at = all.as_ref().and_then(|all| {
            let mut ids = all.iter().map(|it| it.message_id);
            ids.position(|it| it == facts.message_id)
        });
        if let Some((all, at)) = all.zip(at) {
            let done = all.remove(at);
            // [MS-IKEE] §3.7.1: it encrypts, and serves flows that have to be
            let ours = done.want.guaranteed && facts.encrypts;
            let flags = ChildFlags {
                boundary: done.heard.boundary,
                guaranteed: done.heard.guaranteed || ours,
                flow: done.want.flow,
            };
            self.children.insert(child, (facts.sa, flags));
        }
        if self.exchanges.get(facts.sa).is_some_and(Vec::is_empty) {
            self.exchanges.remove(facts.sa);
        }
    }
}

impl Extension for Discovery {
    fn name(&self) -> &'static str {
        "discovery"
    }

    fn on_outgoing(&mut self, cx: &mut Context<'_>, sa: SaId, draft: &mut Draft<'_>) {
        if !self.on || draft.version() != Version::V1 {
            return;
        }
        let stage = draft.stage();
        // [MS-IKEE] §3.7.4.1, §3.7.5.1: messages 1 and 2
        if stage == Stage::main_mode(1) || stage == Stage::main_mode(2) {
            draft.vendor_id(&VENDOR_ID);
        }
        let policy = cx.host().facts(sa).and_then(|it| it.policy);
        let Some((child, policy)) = draft.child().zip(policy) else {
            return;
        };
        let id = draft.message_id();
        let info = if stage.is_request() {
            self.ask(sa, policy, child, id)
        } else {
            self.answer(policy, child)
        };
        if info != ExchangeInfo::default() && Self::supported(cx, sa) {
            let id = Some(id).filter(|_| cx.peer_sent(sa, &MICROSOFT));
            draft.insert(Place::Last, info.payload(id));
        }
    }

    // [MS-IKEE] §3.7.5.3, §3.7.5.4: quick mode's first two messages, our messages 5 and 6
    fn on_incoming(&mut self, _: &mut Context<'_>, sa: SaId, msg: &Inbound<'_>) -> Verdict {
        let quick = msg.stage.exchange == ExchangeType::QUICK_MODE && msg.stage.message <= 2;
        if !self.on || !quick || !msg.protected {
            return Verdict::Continue;
        }
        let id = msg.header.message_id;
        let read = |payload: RawPayload<'_>| ExchangeInfo::read(payload, id);
        let mut heard = msg.payloads().iter().find_map(read).unwrap_or_default();
        heard.guaranteed &= msg.stage.is_request();
        if heard != ExchangeInfo::default()
            && let Some(exchange) = self.exchange(sa, id)
        {
            exchange.heard = heard;
        }
        Verdict::Continue
    }

    fn on_lifecycle(&mut self, cx: &mut Context<'_>, sa: SaId, what: Lifecycle) {
        match what {
            Lifecycle::ChildOpened(child) if self.on => self.opened(cx, child),
            Lifecycle::ChildClosed(child) => {
                self.children.remove(&child);
            }
            Lifecycle::Closed => {
                self.exchanges.remove(sa);
                // those that have moved to another SA stay
                let stays = |child: ChildId| cx.host().child(child).is_some_and(|it| it.sa != sa);
                self.children
                    .retain(|child, (under, _)| *under != sa || stays(*child));
            }
            _ => {}
        }
    }
}
