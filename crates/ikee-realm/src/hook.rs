use alloc::collections::BTreeMap;

use ike_ext::{
    Context, Draft, Extension, Host, Inbound, Lifecycle, Policy, PolicyId, SaId, SaTable, Stage,
    Verdict,
};
use isakmp_wire::{ExchangeType, v2};

use crate::machine::{RealmId, Told};
use crate::wire;

const INIT: ExchangeType = ExchangeType::IKE_SA_INIT;

/// Policies that are for the members of a security realm.
///
/// Without a policy of a realm it does nothing. A core tries its policies in their order, so that one
/// without a realm that stands before the realm's comes first ([MS-IKEE] §3.14.5.1).
#[derive(Debug, Default)]
pub struct SecurityRealm {
    policies: BTreeMap<PolicyId, RealmId>,
    told: SaTable<Told>,
}

impl SecurityRealm {
    /// No policy has a realm.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Has a policy be for the members of a realm: as initiator, its realm is told in every request
    /// that makes an SA; as responder, it is for those only who tell its realm.
    #[must_use]
    pub fn with(mut self, policy: PolicyId, realm: RealmId) -> Self {
        self.policies.insert(policy, realm);
        self
    }

    /// Replaces all policies that have a realm, as [`with`](Self::with) does one; SAs that stand know what they were told.
    pub fn set_policies(&mut self, policies: impl IntoIterator<Item = (PolicyId, RealmId)>) {
        self.policies = policies.into_iter().collect();
    }

    /// The realm of a policy, if it has one ([MS-IKEE] §3.14.1).
    #[must_use]
    pub fn realm(&self, policy: PolicyId) -> Option<RealmId> {
        self.policies.get(&policy).copied()
    }

    /// The realm that the peer of an SA told when it began it.
    #[must_use]
    pub fn asked(&self, sa: SaId) -> Option<RealmId> {
        self.told.get(sa).and_then(|told| told.first)
    }

    /// Whether no SA is left over.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.told.is_empty()
    }

    /// The realm of the policy that an SA is under.
    fn realm_of(&self, host: &dyn Host, sa: SaId) -> Option<RealmId> {
        let policy = host.facts(sa).and_then(|facts| facts.policy);
        policy.and_then(|policy| self.realm(policy))
    }

    fn told(&self, sa: SaId) -> Told {
        self.told.get(sa).copied().unwrap_or_default()
    }
}

impl Extension for SecurityRealm {
    fn name(&self) -> &'static str {
        "security-realm"
    }

    fn on_outgoing(&mut self, cx: &mut Context<'_>, sa: SaId, draft: &mut Draft<'_>) {
        if draft.stage() == Stage::response(INIT) && self.asked(sa).is_some() {
            // [MS-IKEE] note 39
            draft.remove(v2::kind::CERTREQ);
        }
        if !carries(draft.stage()) {
            return;
        }
        // [MS-IKEE] §3.14.5.1, §3.14.5.2: the same in all of them, for the SA has one policy
        if let Some(realm) = self.realm_of(cx.host(), sa) {
            draft.vendor_id(&wire::vendor_id(realm));
        }
    }

    fn on_incoming(&mut self, _: &mut Context<'_>, sa: SaId, msg: &Inbound<'_>) -> Verdict {
        if self.policies.is_empty() || !carries(msg.stage) {
            return Verdict::Continue;
        }
        let realm = wire::find(msg.vendor_ids());
        if realm.is_none() && self.told.get(sa).is_none() {
            return Verdict::Continue;
        }
        let told = self.told.row(sa);
        told.latest = realm;
        if msg.stage.exchange == INIT {
            told.first = realm;
        }
        Verdict::Continue
    }

    fn on_lifecycle(&mut self, _: &mut Context<'_>, sa: SaId, what: Lifecycle) {
        self.told.follow(sa, what);
    }

    fn policy(&self) -> Option<&dyn Policy> {
        Some(self)
    }
}

impl Policy for SecurityRealm {
    // [MS-IKEE] §3.14.5.1: an exact match, or a policy of no realm
    fn permits(&self, sa: SaId, candidate: PolicyId) -> bool {
        self.told(sa).permits(self.realm(candidate))
    }

    // [MS-IKEE] §3.14.5.2: under a realm, only what is asked for in its name
    fn grants(&self, host: &dyn Host, sa: SaId) -> bool {
        self.told(sa).grants(self.realm_of(host, sa))
    }
}

/// Whether it is a request that makes an SA, of the IKE's or a child ([MS-IKEE] §3.14.5).
fn carries(stage: Stage) -> bool {
    let exchange = matches!(
        stage.exchange,
        INIT | ExchangeType::IKE_AUTH | ExchangeType::CREATE_CHILD_SA
    );
    exchange && stage.is_request()
}
