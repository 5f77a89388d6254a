use alloc::collections::BTreeMap;

use ike_ext::{
    Context, Draft, Extension, Inbound, Lifecycle, Policy, PolicyId, Role, SaId, SaTable, Stage,
    Verdict,
};
use isakmp_wire::{ExchangeType, Version};

use crate::machine::{Counts, Negotiation};
use crate::wire::{MARK, read_type, with_type};

/// The message in which an initiator says that it is an Xbox.
const FIRST: Stage = Stage::request(ExchangeType::IKE_SA_INIT);

/// Negotiations for multiplayer games: their type, and how many run at once.
///
/// Of Windows, 10 and Server 2016 (and Server 2019) have it ([MS-IKEE] notes 6 and 35).
#[derive(Debug)]
pub struct Xbox {
    announces: Option<Negotiation>,
    policies: BTreeMap<PolicyId, Negotiation>,
    listens: bool,
    counts: Counts,
    sas: SaTable<Row>,
}

impl Xbox {
    /// Neither announces nor listens.
    #[must_use]
    pub fn new() -> Self {
        Self {
            announces: None,
            policies: BTreeMap::new(),
            listens: false,
            counts: Counts::default(),
            sas: SaTable::new(),
        }
    }

    /// As an initiator, sends both vendor IDs with this type in IKE_SA_INIT, which is then never
    /// repeated ([MS-IKEE] §3.13.5, §3.13.6).
    #[must_use]
    pub const fn announcing(mut self, negotiation: Negotiation) -> Self {
        self.announces = Some(negotiation);
        self
    }

    /// Replaces the policies under which negotiations are announced; others are as [`announcing`](Self::announcing) says.
    pub fn set_policies(&mut self, policies: impl IntoIterator<Item = (PolicyId, Negotiation)>) {
        self.policies = policies.into_iter().collect();
    }

    /// As a responder, takes note of the type, and counts ([MS-IKEE] §3.13.5.2).
    #[must_use]
    pub const fn listening(mut self) -> Self {
        self.listens = true;
        self
    }

    /// As a responder, also lets no more negotiations of a type run at once; any number, since
    /// peers may know other types ([MS-IKEE] §3.13.3).
    #[must_use]
    pub fn with_limit(mut self, number: u32, limit: usize) -> Self {
        self.listens = true;
        self.counts.set_limit(number, limit);
        self
    }

    /// The type of the negotiation that led to an SA ([MS-IKEE] §3.13.1).
    #[must_use]
    pub fn negotiation_type(&self, sa: SaId) -> Option<u32> {
        self.sas.get(sa).map(|row| row.number)
    }

    /// How many negotiations of a type run on the responder's side.
    #[must_use]
    pub fn running(&self, number: u32) -> usize {
        self.counts.running(number)
    }

    /// Whether no SA is left over.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.sas.is_empty() && self.counts.is_empty()
    }

    /// A negotiation is over, well or badly; it counts once.
    fn ended(&mut self, sa: SaId) {
        if let Some(row) = self.sas.get_mut(sa)
            && core::mem::take(&mut row.counted)
        {
            self.counts.end(row.number);
        }
    }
}

impl Default for Xbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Extension for Xbox {
    fn name(&self) -> &'static str {
        "xbox"
    }

    fn on_outgoing(&mut self, cx: &mut Context<'_>, sa: SaId, draft: &mut Draft<'_>) {
        let first = draft.version() == Version::V2 && draft.stage() == FIRST;
        if !first {
            return;
        }
        let policy = cx.host().facts(sa).and_then(|facts| facts.policy);
        let special = policy.and_then(|policy| self.policies.get(&policy).copied());
        if let Some(negotiation) = special.or(self.announces) {
            draft.vendor_id(&MARK);
            draft.vendor_id(&with_type(negotiation.number()));
            let row = Row {
                number: negotiation.number(),
                role: Role::Initiator,
                counted: false,
            };
            self.sas.insert(sa, row);
        }
    }

    fn on_incoming(&mut self, _: &mut Context<'_>, sa: SaId, msg: &Inbound<'_>) -> Verdict {
        let first = msg.header.version == Version::V2 && msg.stage == FIRST;
        if !self.listens || !first || self.sas.get(sa).is_some() {
            return Verdict::Continue;
        }
        let Some(number) = msg.vendor_ids().find_map(read_type) else {
            return Verdict::Continue;
        };
        if !self.counts.begin(number) {
            return Verdict::Abort("too many Xbox negotiations of this type run already");
        }
        let row = Row {
            number,
            role: Role::Responder,
            counted: true,
        };
        self.sas.insert(sa, row);
        Verdict::Continue
    }

    fn on_lifecycle(&mut self, _: &mut Context<'_>, sa: SaId, what: Lifecycle) {
        match what {
            Lifecycle::Established => self.ended(sa),
            Lifecycle::Succeeded(successor) => {
                if let Some(row) = self.sas.get(sa) {
                    let row = Row {
                        counted: false,
                        ..*row
                    };
                    self.sas.insert(successor, row);
                }
            }
            Lifecycle::Closed => {
                self.ended(sa);
                self.sas.remove(sa);
            }
            _ => {}
        }
    }

    fn policy(&self) -> Option<&dyn Policy> {
        Some(self)
    }
}

impl Policy for Xbox {
    // [MS-IKEE] §3.13.6: at the first time-out the negotiation has failed
    fn retry_limit(&self, sa: SaId, stage: Stage) -> Option<u8> {
        let row = self.sas.get(sa).filter(|_| stage == FIRST)?;
        (row.role == Role::Initiator).then_some(0)
    }
}

/// What is known of one SA.
#[derive(Clone, Copy, Debug)]
struct Row {
    /// "Xbox negotiation type" of [MS-IKEE] §3.13.1.
    number: u32,
    /// Who began it.
    role: Role,
    /// Whether it counts as in progress.
    counted: bool,
}
