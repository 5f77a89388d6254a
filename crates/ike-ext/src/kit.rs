//! Test kit: a core without IKE, and the four tests that every extension passes.
//!
//! It asserts, and so panics: it is for tests only.
#![expect(clippy::exhaustive_structs, reason = "tests build them")]

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use ipsec_doi::HashId;
use isakmp_wire::v2::CfgAttribute;
use isakmp_wire::{
    ChainWriter, ExchangeType, Flags, Header, OwnedPayload, PayloadChain, Spi, Version, v1, v2,
};

use crate::action::{Action, Lifecycle, Verdict};
use crate::context::{ChildFacts, Context, Host, Key, Prf, SaFacts};
use crate::extension::Extension;
use crate::facet::Chunk;
use crate::handle::{ChildId, Role, SaId};
use crate::message::{Draft, Inbound, Stage};
use crate::set::Extensions;
use crate::time::Instant;

/// A core that has SAs as the test says, and a hash and randomness that are none.
#[derive(Debug, Default)]
pub struct FakeHost {
    /// Its SAs: facts, and the vendor IDs of the peer.
    pub sas: BTreeMap<SaId, (SaFacts<'static>, Vec<Vec<u8>>)>,
    /// Those of them that have no keys for [`Host::prf`].
    pub keyless: BTreeSet<SaId>,
    /// How many authenticated SAs it has with anybody.
    pub established: usize,
    /// How many half-open negotiations.
    pub half_open: usize,
    /// Its children.
    pub children: BTreeMap<ChildId, ChildFacts>,
    /// Its children, by the SPI that their packets go out under.
    pub child_to: BTreeMap<u32, ChildId>,
}

impl Host for FakeHost {
    fn facts(&self, sa: SaId) -> Option<SaFacts<'_>> {
        let (facts, vendor_ids) = self.sas.get(&sa)?;
        Some(facts.with_vendor_ids(vendor_ids))
    }
    fn find(&self, initiator: Spi, responder: Spi) -> Option<SaId> {
        let mut sas = self.sas.iter();
        let found = sas.find(|(_, (facts, _))| facts.spis == (initiator, responder));
        found.map(|(id, _)| *id)
    }
    fn child(&self, child: ChildId) -> Option<ChildFacts> {
        self.children.get(&child).copied()
    }
    fn child_to(&self, _: SaId, spi: u32) -> Option<ChildId> {
        self.child_to.get(&spi).copied()
    }
    fn established_with(&self, _: IpAddr) -> usize {
        self.established
    }
    fn half_open(&self, _: Option<IpAddr>) -> usize {
        self.half_open
    }
    fn fill_random(&mut self, out: &mut [u8]) {
        out.fill(0x5a);
    }
    fn digest(&self, hash: HashId, parts: &[&[u8]], out: &mut [u8]) -> usize {
        let all = parts.iter().flat_map(|part| part.iter());
        out.fill(all.fold(0, |sum, octet| sum ^ octet));
        out.len().min(hash.output_len())
    }
    fn prf(&self, ask: Prf<'_>, out: &mut [u8]) -> Option<usize> {
        self.sas
            .get(&ask.owner)
            .filter(|_| self.sas.contains_key(&ask.function))?;
        if self.keyless.contains(&ask.owner) {
            return None;
        }
        let key = match ask.key {
            Key::Integrity(Role::Initiator) => 1,
            Key::Integrity(Role::Responder) => 2,
            Key::SkeyidA => 3,
        };
        // FNV-1a: anything that depends on all of it, and on the order
        let step = |sum: u64, octet: u64| (sum ^ octet).wrapping_mul(0x0100_0000_01b3);
        let seed = [0xcbf2_9ce4_8422_2325, ask.owner.get(), key];
        let octets = ask.parts.iter().flat_map(|part| part.iter());
        let mut sum = octets.fold(seed.into_iter().fold(0, step), |sum, octet| {
            step(sum, u64::from(*octet))
        });
        let len = out.len().min(HashId::SHA1.output_len());
        for octet in out.iter_mut().take(len) {
            sum = step(sum, 0);
            *octet = sum.to_be_bytes().first().copied().unwrap_or_default();
        }
        Some(len)
    }
}

/// One extension, a [`FakeHost`], a clock, and what the extension has asked for.
#[derive(Debug)]
pub struct Rig {
    /// The extension.
    pub set: Extensions,
    /// The core.
    pub host: FakeHost,
    /// The time.
    pub now: Instant,
    /// What was asked for and not taken by the test.
    pub actions: Vec<Action>,
    /// Which IKE the SA is of.
    pub version: Version,
}

impl Rig {
    /// The SA that it begins with.
    pub const SA: SaId = SaId::new(1);

    /// With an IKEv2 SA in which we are `role`, between two addresses of 192.0.2.0/24.
    #[must_use]
    pub fn new(extension: impl Extension, role: Role) -> Self {
        Self::of(Version::V2, extension, role)
    }

    /// With an SA of this IKE in which we are `role`, between two addresses of 192.0.2.0/24.
    #[must_use]
    pub fn of(version: Version, extension: impl Extension, role: Role) -> Self {
        let at = |host| SocketAddr::from(([192, 0, 2, host], 500));
        let facts = SaFacts::new(role, version, at(1), at(2))
            .with_spis((Spi::new([1; 8]), Spi::new([2; 8])))
            .with_hash(Some(HashId::SHA1).filter(|_| version == Version::V1));
        let mut host = FakeHost::default();
        host.sas.insert(Self::SA, (facts, Vec::new()));
        Self {
            set: Extensions::none().with(extension),
            host,
            now: Instant::EPOCH,
            actions: Vec::new(),
            version,
        }
    }

    /// Calls the set as a core would.
    pub fn call<T>(&mut self, f: impl FnOnce(&mut Extensions, &mut Context<'_>) -> T) -> T {
        let mut cx = Context::new(self.now, &mut self.host, &mut self.actions);
        f(&mut self.set, &mut cx)
    }

    /// Lets the extension contribute to a message.
    pub fn outgoing(&mut self, stage: Stage, mut payloads: Vec<OwnedPayload>) -> Vec<OwnedPayload> {
        let mut responder = Spi::ZERO;
        let id = message_id(stage);
        let mut draft = Draft::new(self.version, stage, id, &mut payloads, &mut responder);
        self.call(|set, cx| set.outgoing(cx, Self::SA, &mut draft));
        payloads
    }

    /// Shows a message to the extension; it counts as protected after IKE_SA_INIT, or from main
    /// mode message 5 and aggressive mode message 3 on.
    pub fn incoming(&mut self, stage: Stage, payloads: &[OwnedPayload]) -> Verdict {
        let mut bytes = Vec::new();
        let mut writer = ChainWriter::begin(&mut bytes);
        for payload in payloads {
            writer.owned(payload);
        }
        let first = writer.finish();
        let Ok(chain) = PayloadChain::parse(first, &bytes, Header::LEN) else {
            return Verdict::Discard("malformed");
        };
        let header = Header {
            initiator: Spi::ZERO,
            responder: Spi::ZERO,
            next: chain.first_type(),
            version: self.version,
            exchange: stage.exchange,
            flags: Flags::new(0),
            message_id: message_id(stage),
            length: 0,
        };
        let protected = match stage.exchange {
            ExchangeType::MAIN_MODE => stage.message > 4,
            ExchangeType::AGGRESSIVE => stage.message > 2,
            exchange => exchange != ExchangeType::IKE_SA_INIT,
        };
        let from = SocketAddr::from(([192, 0, 2, 2], 500));
        let msg = Inbound::new(stage, from, header, protected, chain);
        self.call(|set, cx| set.incoming(cx, Self::SA, &msg))
    }

    /// Tells the extension what happened to the SA.
    pub fn lifecycle(&mut self, what: Lifecycle) {
        self.call(|set, cx| set.lifecycle(cx, Self::SA, what));
    }

    /// Lets time pass, waking the extension when it wants to be.
    pub fn advance(&mut self, by: Duration) {
        let end = self.now + by;
        while let Some(at) = self.set.next_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.call(Extensions::timeout);
        }
        self.now = end;
    }

    /// Shows octets as a fragment, and as the value of every attribute.
    fn break_off(&mut self, payload: &OwnedPayload) {
        let data = payload.body.as_slice();
        for (number, total) in [(0, 0), (1, 2), (2, 1), (1, u16::MAX), (2, 2)] {
            let (message_id, response, first) = (1, false, payload.kind);
            let chunk = Chunk {
                message_id,
                response,
                first,
                number,
                total,
                data,
            };
            self.call(|set, cx| set.collect(cx, Self::SA, &chunk));
        }
        for attribute in (0..32).chain(23_450..23_460).map(CfgAttribute::new) {
            self.call(|set, cx| {
                set.request_attributes(cx.host(), Self::SA, &mut Vec::new());
                set.reply_attributes(cx.host(), Self::SA, attribute, &mut Vec::new());
                set.learned_attribute(cx, Self::SA, attribute, data);
            });
        }
    }

    /// A short life of the SA; `peer` holds those messages of the peer that are not plain.
    fn live(&mut self, role: Role, peer: &[(Stage, Vec<OwnedPayload>)]) -> Vec<OwnedPayload> {
        let mut sent = Vec::new();
        let plain = plain(self.version);
        for stage in stages(self.version) {
            if stage.is_request() == (role == Role::Initiator) {
                sent.append(&mut self.outgoing(stage, plain.clone()));
                continue;
            }
            let special = peer.iter().find(|(at, _)| *at == stage);
            let message = special.map_or(&plain, |(_, it)| it);
            assert_eq!(self.incoming(stage, message), Verdict::Continue);
        }
        self.lifecycle(Lifecycle::Established);
        sent
    }
}

/// The four tests that every extension passes.
#[derive(Debug)]
pub struct Stock<E> {
    /// Makes the extension, on.
    pub on: fn() -> E,
    /// Makes the extension, off.
    pub off: fn() -> E,
    /// Whether it keeps nothing.
    pub idle: fn(&E) -> bool,
    /// Which IKE it is for.
    pub version: Version,
    /// Messages of a peer that has the extension.
    pub peer: Vec<(Stage, Vec<OwnedPayload>)>,
}

impl<E: Extension> Stock<E> {
    /// Off, it adds nothing, asks for nothing, keeps nothing, whatever the peer sends.
    pub fn silent_when_off(&self) {
        for role in [Role::Initiator, Role::Responder] {
            let mut rig = Rig::of(self.version, (self.off)(), role);
            assert_eq!(rig.live(role, &self.peer), untouched(self.version, role));
            assert_eq!(rig.actions, []);
            assert_eq!(rig.set.chunk_limit(&rig.host, Rig::SA), None);
            self.assert_idle(&rig);
        }
    }

    /// On, it leaves alone what the core says to a peer without it, and what that peer says.
    pub fn harmless_to_a_plain_peer(&self) {
        for role in [Role::Initiator, Role::Responder] {
            let mut rig = Rig::of(self.version, (self.on)(), role);
            let untouched = untouched(self.version, role);
            let mut sent = rig.live(role, &[]);
            sent.retain(|payload| untouched.contains(payload));
            assert_eq!(sent, untouched);
            assert!(!rig.actions.iter().any(Action::needs_protection));
            assert_eq!(rig.set.chunk_limit(&rig.host, Rig::SA), None);
        }
    }

    /// When the SA is gone, so is all that was kept for it.
    pub fn leaves_no_row_and_no_timer(&self) {
        for role in [Role::Initiator, Role::Responder] {
            let mut rig = Rig::of(self.version, (self.on)(), role);
            rig.live(role, &self.peer);
            rig.lifecycle(Lifecycle::Closed);
            self.assert_idle(&rig);
        }
    }

    /// Every payload of the peer's messages may break off anywhere, and its octets may come as a
    /// fragment, or as the value of an attribute. (A chain that breaks off stops at the core.)
    pub fn survives_truncation(&self) {
        let mut rig = Rig::of(self.version, (self.on)(), Role::Responder);
        rig.live(Role::Responder, &self.peer);
        for (stage, payloads) in &self.peer {
            for (at, payload) in payloads.iter().enumerate() {
                for cut in 0..=payload.body.len() {
                    let mut broken = payloads.clone();
                    let mut part = payload.clone();
                    part.body.truncate(cut);
                    rig.break_off(&part);
                    broken.splice(at..=at, [part]);
                    rig.incoming(*stage, &broken);
                }
            }
        }
        rig.lifecycle(Lifecycle::Closed);
        self.assert_idle(&rig);
    }

    fn assert_idle(&self, rig: &Rig) {
        assert!(rig.set.get::<E>().is_some_and(self.idle), "state is left");
        assert_eq!(rig.set.next_timeout(), None, "a timer is left");
    }
}

/// A message of a core without extensions, much simplified.
fn plain(version: Version) -> Vec<OwnedPayload> {
    let kinds = match version {
        Version::V1 => [v1::kind::ID, v1::kind::SA, v1::kind::NONCE],
        _ => [v2::kind::ID_I, v2::kind::SA, v2::kind::NONCE],
    };
    Vec::from(kinds.map(|kind| OwnedPayload::new(kind, [kind.get(); 16])))
}

/// What a core without extensions sends in [`Rig::live`].
fn untouched(version: Version, role: Role) -> Vec<OwnedPayload> {
    let own = |stage: &Stage| stage.is_request() == (role == Role::Initiator);
    let stages = stages(version);
    let sent = stages.into_iter().filter(own);
    sent.flat_map(|_| plain(version)).collect()
}

/// The messages of [`Rig::live`], in order.
fn stages(version: Version) -> Vec<Stage> {
    let all = |exchange, last| (1..=last).map(move |n| Stage::new(exchange, n));
    let exchanges = match version {
        Version::V1 => V1,
        _ => V2,
    };
    exchanges
        .into_iter()
        .flat_map(|(exchange, last)| all(exchange, last))
        .collect()
}

/// Zero in IKEv2 and in phase 1 of IKEv1.
const fn message_id(stage: Stage) -> u32 {
    match stage.exchange {
        ExchangeType::QUICK_MODE => 0x5eed_0032,
        _ => 0,
    }
}

/// Exchanges and how many messages they have.
const V1: [(ExchangeType, u8); 3] = [
    (ExchangeType::MAIN_MODE, 6),
    (ExchangeType::QUICK_MODE, 3),
    (ExchangeType::V1_INFORMATIONAL, 1),
];
const V2: [(ExchangeType, u8); 3] = [
    (ExchangeType::IKE_SA_INIT, 2),
    (ExchangeType::IKE_AUTH, 2),
    (ExchangeType::INFORMATIONAL, 2),
];
