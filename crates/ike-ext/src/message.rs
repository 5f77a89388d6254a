use alloc::vec::Vec;
use core::net::SocketAddr;

use crate::handle::ChildId;
use isakmp_wire::{
    Encode, ExchangeType, Header, OwnedPayload, PayloadChain, PayloadType, Spi, Version, v1, v2,
};

/// Which message of which exchange: `Stage::main_mode(5)` is "message #5" of the specification.
///
/// In IKEv2 message 1 is an exchange's request and message 2 its response.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub struct Stage {
    /// The exchange.
    pub exchange: ExchangeType,
    /// The message within it, counted from 1; odd ones travel from the exchange's initiator.
    pub message: u8,
}

impl Stage {
    /// Message `n` of an exchange.
    #[must_use]
    pub const fn new(exchange: ExchangeType, n: u8) -> Self {
        Self {
            exchange,
            message: n,
        }
    }

    /// Main mode message `n` (IKEv1).
    #[must_use]
    pub const fn main_mode(n: u8) -> Self {
        Self::new(ExchangeType::MAIN_MODE, n)
    }

    /// The request of an exchange (IKEv2).
    #[must_use]
    pub const fn request(exchange: ExchangeType) -> Self {
        Self::new(exchange, 1)
    }

    /// The response of an exchange (IKEv2).
    #[must_use]
    pub const fn response(exchange: ExchangeType) -> Self {
        Self::new(exchange, 2)
    }

    /// Whether the exchange's initiator sends it.
    #[must_use]
    pub const fn is_request(self) -> bool {
        self.message & 1 == 1
    }
}

/// Where a contributed payload goes in the chain.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Place {
    /// Immediately before the first payload of this type.
    Before(PayloadType),
    /// At the end.
    Last,
}

/// An outgoing message that is still being composed.
#[derive(Debug)]
pub struct Draft<'a> {
    version: Version,
    stage: Stage,
    message_id: u32,
    payloads: &'a mut Vec<OwnedPayload>,
    responder: &'a mut Spi,
    child: Option<ChildDraft>,
    held: bool,
}

/// The child SA that an outgoing message negotiates.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ChildDraft {
    /// Which of the children of the SA's policy, counted from 0 in the order of its configuration.
    pub index: usize,
    /// The child that it is to take the place of, where we began.
    pub replaces: Option<ChildId>,
}

impl ChildDraft {
    /// One child of a policy.
    #[must_use]
    pub const fn new(index: usize, replaces: Option<ChildId>) -> Self {
        Self { index, replaces }
    }
}

impl<'a> Draft<'a> {
    /// Opens `payloads` for contributions.
    pub const fn new(
        version: Version,
        stage: Stage,
        message_id: u32,
        payloads: &'a mut Vec<OwnedPayload>,
        responder: &'a mut Spi,
    ) -> Self {
        Self {
            version,
            stage,
            message_id,
            payloads,
            responder,
            child: None,
            held: false,
        }
    }

    /// With the child SA that it negotiates.
    #[must_use]
    pub const fn with_child(mut self, child: Option<ChildDraft>) -> Self {
        self.child = child;
        self
    }

    /// The child SA that it negotiates: in the first two messages of a quick mode (IKEv1).
    #[must_use]
    pub const fn child(&self) -> Option<ChildDraft> {
        self.child
    }

    /// Which IKE it is a message of.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Which message this will be.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        self.stage
    }

    /// The message ID it will carry.
    #[must_use]
    pub const fn message_id(&self) -> u32 {
        self.message_id
    }

    /// What is in it so far, in order.
    #[must_use]
    pub fn payloads(&self) -> &[OwnedPayload] {
        self.payloads
    }

    /// Whether a payload of this type is in it.
    #[must_use]
    pub fn has(&self, kind: PayloadType) -> bool {
        self.payloads.iter().any(|p| p.kind == kind)
    }

    /// Adds a payload; `false`, and nothing added, if its place is not there.
    pub fn insert(&mut self, place: Place, payload: OwnedPayload) -> bool {
        let at = match place {
            Place::Before(kind) => self.payloads.iter().position(|p| p.kind == kind),
            Place::Last => Some(self.payloads.len()),
        };
        if let Some(at) = at {
            self.payloads.insert(at, payload);
        }
        at.is_some()
    }

    /// Takes all payloads of a type out again, those of the core included; how many there were.
    pub fn remove(&mut self, kind: PayloadType) -> usize {
        let before = self.payloads.len();
        self.payloads.retain(|it| it.kind != kind);
        before.saturating_sub(self.payloads.len())
    }

    /// Advertises a capability, with the payload type of the message's version; a second
    /// identical vendor ID is dropped.
    pub fn vendor_id(&mut self, id: &[u8]) {
        let kind = vendor_id_kind(self.version);
        if !self.payloads.iter().any(|p| p.kind == kind && p.body == id) {
            self.payloads.push(OwnedPayload::new(kind, id));
        }
    }

    /// Adds an IKEv2 status notify about the IKE SA: protocol 0 and no SPI (RFC 7296 §3.10).
    ///
    /// `false`, and nothing added, in an IKEv1 message: its notifications name a DOI and an SPI.
    pub fn notify(&mut self, kind: v2::NotifyType, data: &[u8]) -> bool {
        let fits = self.version == Version::V2;
        if fits {
            let mut body = Vec::new();
            v2::Notify::new(kind, data).encode(&mut body);
            let payload = OwnedPayload::new(v2::kind::NOTIFY, body);
            self.payloads.push(payload);
        }
        fits
    }

    /// Overrides the responder's cookie in the header, as a first message that answers a cookie
    /// challenge must ([MS-IKEE] §3.9).
    pub const fn set_responder(&mut self, spi: Spi) {
        *self.responder = spi;
    }

    /// Asks the core to keep the encoded message, and the SA, until
    /// [`Action::Release`](crate::Action::Release) or [`Action::Close`](crate::Action::Close); it
    /// may give up after some minutes by itself.
    pub const fn hold(&mut self) {
        self.held = true;
    }

    /// Whether anyone asked for that.
    #[must_use]
    pub const fn is_held(&self) -> bool {
        self.held
    }
}

/// A parsed incoming message.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Inbound<'a> {
    /// Which message it is, as far as the core can tell.
    pub stage: Stage,
    /// Where it came from.
    pub from: SocketAddr,
    /// Where it came to, where the core tells: always if it is shown to a [`Gate`](crate::Gate).
    pub to: Option<SocketAddr>,
    /// Its header.
    pub header: Header,
    /// Whether it was encrypted and authenticated under the keys of the SA.
    pub protected: bool,
    payloads: PayloadChain<'a>,
}

impl<'a> Inbound<'a> {
    /// Describes a message to the extensions; the payloads are those inside the encrypted one, if
    /// there was one.
    #[must_use]
    pub const fn new(
        stage: Stage,
        from: SocketAddr,
        header: Header,
        protected: bool,
        payloads: PayloadChain<'a>,
    ) -> Self {
        Self {
            stage,
            from,
            to: None,
            header,
            protected,
            payloads,
        }
    }

    /// With the address and port of ours that it came to.
    #[must_use]
    pub const fn to(mut self, local: SocketAddr) -> Self {
        self.to = Some(local);
        self
    }

    /// Its payloads, decrypted if they were encrypted.
    #[must_use]
    pub const fn payloads(&self) -> PayloadChain<'a> {
        self.payloads
    }

    /// Whether a payload of this type is in it.
    #[must_use]
    pub fn has(&self, kind: PayloadType) -> bool {
        self.payloads.first(kind).is_some()
    }

    /// The bodies of all payloads of one type.
    pub fn bodies(&self, kind: PayloadType) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let all = self.payloads;
        all.iter().filter(move |p| p.kind == kind).map(|p| p.body)
    }

    /// The vendor IDs in it.
    pub fn vendor_ids(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.bodies(vendor_id_kind(self.header.version))
    }

    /// The data of all IKEv2 notifies of one type, whatever their protocol; malformed ones are
    /// passed over.
    pub fn notifies(&self, kind: v2::NotifyType) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let all = self.payloads;
        all.iter()
            .filter(|p| p.kind == v2::kind::NOTIFY)
            .filter_map(|p| v2::Notify::parse(p).ok())
            .filter(move |notify| notify.kind == kind)
            .map(|notify| notify.data)
    }
}

/// A message of another keying protocol on the ports of IKE: AuthIP ([MS-IKEE] §1.3.8). Nothing
/// of it is known to be true.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "cores build it")]
pub struct Foreign {
    /// Where it came from.
    pub from: SocketAddr,
    /// Its header.
    pub header: Header,
}

/// An encoded message on its way out.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "cores build it")]
pub struct Sent<'a> {
    /// Which message it is.
    pub stage: Stage,
    /// The types of its payloads.
    pub kinds: &'a [PayloadType],
    /// Its octets, from the ISAKMP header on.
    pub bytes: &'a [u8],
}

fn vendor_id_kind(version: Version) -> PayloadType {
    if version == Version::V2 {
        v2::kind::VENDOR_ID
    } else {
        v1::kind::VENDOR_ID
    }
}
