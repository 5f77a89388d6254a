//! What every step of an exchange may use: the clock's reading, the endpoint's tables, the
//! extensions and the outbox.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use ike_crypto::random::SeededRandom;
use ike_crypto::{Error, PrfKey, Provider, Random};
use ike_endpoint::{Path, Phase, Table};
use ike_ext::{
    Action, ChildFacts, ChildId, Context, Draft, Extensions, Host, Inbound, Instant, Key,
    Lifecycle, Prf, SaFacts, SaId, Verdict,
};
use ipsec_doi::{HashId, PrfId};
use isakmp_wire::{Spi, Version};

use crate::config::{Config, Connection};
use crate::failure::Failure;
use crate::output::Outbox;
use crate::sa::{Facts, Sa, same_peer};

/// Everything of an endpoint but its extensions.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) config: Config,
    pub(crate) provider: &'static Provider,
    pub(crate) random: SeededRandom,
    pub(crate) table: Table<Sa>,
    /// What extensions asked for in the course of the call.
    pub(crate) actions: Vec<Action>,
    naming: Box<dyn PrfKey>,
    next_child: u64,
}

impl Core {
    pub(crate) fn new(
        config: Config,
        provider: &'static Provider,
        seed: [u8; 32],
    ) -> Result<Self, Error> {
        let mut random = SeededRandom::new(seed);
        let table = Table::new(&mut random, config.first_handle)?;
        let mut key = [0; 32];
        random.fill(&mut key)?;
        let naming = provider.prf(PrfId::HMAC_SHA2_256).ok_or(Error)?.keyed(&key);
        let next_child = config.first_handle.saturating_add(1);
        Ok(Self {
            config,
            provider,
            random,
            table,
            actions: Vec::new(),
            naming,
            next_child,
        })
    }

    pub(crate) fn connection(&self, index: Option<usize>) -> Option<&Connection> {
        self.config.connections.get(index?)
    }

    /// The connection of an SA that must have one.
    pub(crate) fn connection_of(&self, sa: &Sa) -> Result<&Connection, Failure> {
        self.connection(sa.connection)
            .ok_or(Failure::Bug("the connection is gone"))
    }

    /// A handle for a child; never given out twice.
    pub(crate) fn next_child(&mut self) -> ChildId {
        let id = ChildId::new(self.next_child);
        self.next_child = self.next_child.saturating_add(1);
        id
    }

    /// A short name for a message, to know it again when it is repeated.
    pub(crate) fn digest(&self, message: &[u8]) -> [u8; 8] {
        let mut out = [0; 8];
        self.naming.mac(&[message], &mut out);
        out
    }

    /// Random octets.
    pub(crate) fn fresh<const N: usize>(&mut self) -> Result<[u8; N], Failure> {
        let mut out = [0; N];
        self.random.fill(&mut out)?;
        Ok(out)
    }

    /// A message ID for an exchange of ours on `sa`: random, not zero, not used (RFC 2408 §3.1).
    pub(crate) fn message_id(&mut self, sa: &Sa) -> Result<u32, Failure> {
        for _ in 0..16 {
            let id = u32::from_be_bytes(self.fresh()?);
            let known = sa.used.contains(&id) || sa.exchanges.iter().any(|it| it.message_id == id);
            if id != 0 && !known {
                return Ok(id);
            }
        }
        Err(Failure::Bug("the random source repeats itself"))
    }
}

/// One call into the endpoint.
#[derive(Debug)]
pub(crate) struct Cx<'a> {
    pub(crate) now: Instant,
    pub(crate) core: &'a mut Core,
    pub(crate) extensions: &'a mut Extensions,
    pub(crate) out: &'a mut Outbox,
    /// Where the message came from that is being answered.
    pub(crate) asked_from: Option<Path>,
}

impl Cx<'_> {
    /// Lends the core to the extensions, and keeps what they ask for.
    pub(crate) fn ask<R>(
        &mut self,
        sa: Option<&Sa>,
        call: impl FnOnce(&mut Extensions, &mut Context<'_>) -> R,
    ) -> R {
        let mut actions = Vec::new();
        let mut view = View {
            core: &mut *self.core,
            current: sa,
        };
        let result = call(
            &mut *self.extensions,
            &mut Context::new(self.now, &mut view, &mut actions),
        );
        self.core.actions.append(&mut actions);
        result
    }

    pub(crate) fn lifecycle(&mut self, sa: &Sa, what: Lifecycle) {
        self.ask(Some(sa), |extensions, cx| {
            extensions.lifecycle(cx, sa.facts.id, what);
        });
    }

    /// What the extensions say to a message. A wish to float is granted at once: the answer has to come from the new
    /// port (RFC 3947 §4).
    pub(crate) fn incoming(&mut self, sa: &mut Sa, message: &Inbound<'_>) -> Verdict {
        let id = sa.facts.id;
        let verdict = self.ask(Some(sa), |extensions, cx| {
            extensions.incoming(cx, id, message)
        });
        let before = self.core.actions.len();
        self.core.actions.retain(|it| *it != Action::FloatPorts(id));
        if self.core.actions.len() != before {
            self.float(sa);
        }
        verdict
    }

    /// Moves an SA to the NAT traversal ports.
    pub(crate) fn float(&self, sa: &mut Sa) {
        let remote = self
            .core
            .connection(sa.connection)
            .and_then(|it| it.remote)
            .map_or(4500, |it| it.ports.nat_t);
        let path = sa.facts.path;
        if !path.marker {
            sa.facts.path = Path {
                local: SocketAddr::new(path.local.ip(), self.core.config.ports.nat_t),
                remote: SocketAddr::new(path.remote.ip(), remote),
                marker: true,
            };
        }
    }

    pub(crate) fn outgoing(&mut self, sa: &Sa, draft: &mut Draft<'_>) {
        self.ask(Some(sa), |extensions, cx| {
            extensions.outgoing(cx, sa.facts.id, draft);
        });
    }
}

/// The core as extensions see it; the SA that is being served stands beside the table.
struct View<'a> {
    core: &'a mut Core,
    current: Option<&'a Sa>,
}

impl View<'_> {
    fn sa(&self, id: SaId) -> Option<&Sa> {
        self.current
            .filter(|it| it.facts.id == id)
            .or_else(|| self.core.table.get(id))
    }
}

impl Facts {
    fn public(&self, protected: bool) -> SaFacts<'_> {
        SaFacts::new(self.role, Version::V1, self.path.local, self.path.remote)
            .with_policy(self.policy)
            .with_protected(protected)
            .with_spis(self.spis)
            .with_hash(self.hash)
            .with_vendor_ids(&self.vendor_ids)
    }
}

impl Host for View<'_> {
    fn facts(&self, sa: SaId) -> Option<SaFacts<'_>> {
        let sa = self.sa(sa)?;
        let protected = sa.secure.is_some() && sa.facts.phase == Phase::Established;
        Some(sa.facts.public(protected))
    }

    fn child(&self, child: ChildId) -> Option<ChildFacts> {
        let others = self.core.table.iter();
        self.current.into_iter().chain(others).find_map(|sa| {
            let entry = sa.children.iter().find(|it| it.id == child)?;
            let facts = ChildFacts::new(sa.facts.id, entry.index, entry.message_id);
            Some(facts.with_encrypts(entry.encrypts))
        })
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

    fn child_to(&self, sa: SaId, spi: u32) -> Option<ChildId> {
        let sa = self.sa(sa)?;
        // what an SA left behind that was deleted, counts under its successor
        let others = self.core.table.iter();
        let others = others.filter(|it| it.lingers() && same_peer(it, sa));
        let mut children = [sa].into_iter().chain(others).flat_map(|it| &it.children);
        children.find(|it| it.spi_out == spi).map(|it| it.id)
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
        if ask.key != Key::SkeyidA {
            return None;
        }
        let owner = &self.sa(ask.owner)?.secure.as_ref()?.keys;
        let id = self.sa(ask.function)?.secure.as_ref()?.keys.prf();
        // one function and one key: an SA of another function would need the key in the clear
        if id != owner.prf() {
            return None;
        }
        owner
            .authenticator(self.core.provider)
            .ok()?
            .mac(ask.parts, out);
        Some(id.output_len().min(out.len()))
    }
}
