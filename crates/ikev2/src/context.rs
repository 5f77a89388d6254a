//! What every step of an exchange may use: the clock's reading, the endpoint's tables, the
//! extensions and the outbox.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::IpAddr;

use ike_crypto::random::SeededRandom;
use ike_crypto::{Provider, Random};
use ike_endpoint::{Path, Phase, Table};
use ike_ext::{
    Action, Alarm, ChildId, Conclusion, Context, Draft, Extensions, Host, Inbound, Instant, Key,
    Lifecycle, PolicyId, Prf, SaFacts, SaId, Verdict,
};
use ipsec_doi::HashId;
use isakmp_wire::{Spi, Version};

use crate::auth::Verified;
use crate::config::{Config, Connection};
use crate::cookie::CookieJar;
use crate::failure::Failure;
use crate::lease::Leases;
use crate::output::Outbox;
use crate::sa::{Facts, Sa};

/// Everything of an endpoint but its extensions.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) config: Config,
    pub(crate) provider: &'static Provider,
    pub(crate) random: SeededRandom,
    pub(crate) table: Table<Sa>,
    pub(crate) cookies: CookieJar,
    pub(crate) alarm: Alarm,
    pub(crate) leases: Leases,
    /// What servers gave us last, by connection.
    pub(crate) assigned: BTreeMap<PolicyId, Vec<(IpAddr, u8)>>,
    /// What extensions asked for in the course of the call.
    pub(crate) actions: Vec<Action>,
    next_child: u64,
}

impl Core {
    pub(crate) fn new(
        config: Config,
        provider: &'static Provider,
        random: SeededRandom,
        table: Table<Sa>,
        cookies: CookieJar,
    ) -> Self {
        Self {
            config,
            provider,
            random,
            table,
            cookies,
            alarm: Alarm::default(),
            leases: Leases::default(),
            assigned: BTreeMap::new(),
            actions: Vec::new(),
            next_child: 1,
        }
    }

    pub(crate) fn connection(&self, index: Option<usize>) -> Option<&Connection> {
        self.config.connections.get(index?)
    }

    /// A handle for a child; never given out twice.
    pub(crate) fn next_child(&mut self) -> ChildId {
        let id = ChildId::new(self.next_child);
        self.next_child = self.next_child.saturating_add(1);
        id
    }
}

/// One call into the endpoint.
#[derive(Debug)]
pub(crate) struct Cx<'a> {
    pub(crate) now: Instant,
    pub(crate) core: &'a mut Core,
    pub(crate) extensions: &'a mut Extensions,
    pub(crate) out: &'a mut Outbox,
    /// Where the request came from that is being served (RFC 7296 §2.11).
    pub(crate) asked_from: Option<Path>,
}

impl Cx<'_> {
    /// Lends the core to the extensions, and keeps what they ask for.
    pub(crate) fn ask<R>(
        &mut self,
        sa: &Sa,
        call: impl FnOnce(&mut Extensions, &mut Context<'_>) -> R,
    ) -> R {
        self.ask_as(sa, None, call)
    }

    /// As [`ask`](Self::ask), when the peer has proved who it is, and nothing has come of it yet.
    fn ask_as<R>(
        &mut self,
        sa: &Sa,
        proven: Option<&Verified>,
        call: impl FnOnce(&mut Extensions, &mut Context<'_>) -> R,
    ) -> R {
        let mut actions = Vec::new();
        let mut view = View {
            core: &mut *self.core,
            current: Some(sa),
            proven,
        };
        let result = call(
            &mut *self.extensions,
            &mut Context::new(self.now, &mut view, &mut actions),
        );
        self.core.actions.append(&mut actions);
        result
    }

    /// The peer has proved who it is: whether an SA is to come of it.
    pub(crate) fn proven(&mut self, sa: &Sa, peer: &Verified) -> Conclusion {
        let id = sa.facts.id;
        self.ask_as(sa, Some(peer), |extensions, cx| {
            extensions.lifecycle(cx, id, Lifecycle::Proven);
        });
        self.extensions.conclusion(id)
    }

    pub(crate) fn lifecycle(&mut self, sa: &Sa, what: Lifecycle) {
        self.ask(sa, |extensions, cx| {
            extensions.lifecycle(cx, sa.facts.id, what);
        });
    }

    pub(crate) fn incoming(&mut self, sa: &Sa, message: &Inbound<'_>) -> Verdict {
        self.ask(sa, |extensions, cx| {
            extensions.incoming(cx, sa.facts.id, message)
        })
    }

    pub(crate) fn outgoing(&mut self, sa: &Sa, draft: &mut Draft<'_>) {
        self.ask(sa, |extensions, cx| {
            extensions.outgoing(cx, sa.facts.id, draft);
        });
    }

    /// As [`ask`](Self::ask), without an SA.
    pub(crate) fn extensions_only(&mut self, call: impl FnOnce(&mut Extensions, &mut Context<'_>)) {
        let mut actions = Vec::new();
        let mut view = View {
            core: &mut *self.core,
            current: None,
            proven: None,
        };
        call(
            &mut *self.extensions,
            &mut Context::new(self.now, &mut view, &mut actions),
        );
        self.core.actions.append(&mut actions);
    }

    /// Answers a read-only question of the form "what do the extensions say about this SA?".
    pub(crate) fn question<R>(
        &mut self,
        sa: &Sa,
        ask: impl FnOnce(&mut Extensions, &dyn Host) -> R,
    ) -> R {
        ask(
            &mut *self.extensions,
            &View {
                core: &mut *self.core,
                current: Some(sa),
                proven: None,
            },
        )
    }

    /// Whether the peer may have what its request asks for.
    pub(crate) fn granted(&mut self, sa: &Sa) -> Result<(), Failure> {
        let granted = self.question(sa, |extensions, host| extensions.grants(host, sa.facts.id));
        granted
            .then_some(())
            .ok_or(Failure::Refused("an extension does not grant it"))
    }
}

/// The core as extensions see it; the SA that is being served stands beside the table.
struct View<'a> {
    core: &'a mut Core,
    current: Option<&'a Sa>,
    /// Who its peer has proved to be, before its state tells.
    proven: Option<&'a Verified>,
}

impl View<'_> {
    fn sa(&self, id: SaId) -> Option<&Sa> {
        self.current
            .filter(|it| it.facts.id == id)
            .or_else(|| self.core.table.get(id))
    }
}

impl Facts {
    fn public(&self) -> SaFacts<'_> {
        SaFacts::new(self.role, Version::V2, self.path.local, self.path.remote)
            .with_policy(self.policy)
            .with_protected(self.phase == Phase::Established)
            .with_spis(self.spis)
            .with_vendor_ids(&self.vendor_ids)
    }
}

impl Host for View<'_> {
    fn facts(&self, sa: SaId) -> Option<SaFacts<'_>> {
        let it = self.sa(sa)?;
        let early = self
            .proven
            .filter(|_| self.current.is_some_and(|current| current.facts.id == sa));
        let proven = early.or_else(|| it.verified()).map(Verified::proven);
        Some(it.facts.public().with_proven(proven))
    }

    fn find(&self, initiator: Spi, responder: Spi) -> Option<SaId> {
        let both = (initiator, responder);
        let candidates = [
            self.core.table.find(initiator),
            self.core.table.find(responder),
        ];
        candidates
            .into_iter()
            .flatten()
            .find(|id| self.sa(*id).is_some_and(|it| it.facts.spis == both))
    }

    fn established_with(&self, peer: IpAddr) -> usize {
        self.core.table.established_with(peer)
    }

    fn half_open(&self, from: Option<IpAddr>) -> usize {
        self.core.table.half_open(from)
    }

    fn fill_random(&mut self, out: &mut [u8]) {
        if self.core.random.fill(out).is_err() {
            out.fill(0);
        }
    }

    fn digest(&self, hash: HashId, parts: &[&[u8]], out: &mut [u8]) -> usize {
        self.core
            .provider
            .hash(hash)
            .map_or(0, |it| it.digest(parts, out))
    }

    fn prf(&self, ask: Prf<'_>, out: &mut [u8]) -> Option<usize> {
        let algorithm = self.sa(ask.function)?.secure.as_ref()?.keys.suite().prf;
        let Key::Integrity(role) = ask.key else {
            return None;
        };
        let owner = self.sa(ask.owner)?.secure.as_ref()?;
        let key = owner.keys.integrity_key(role);
        if key.is_empty() {
            return None;
        }
        self.core
            .provider
            .prf(algorithm)?
            .keyed(key)
            .mac(ask.parts, out);
        Some(algorithm.output_len().min(out.len()))
    }
}
