//! A look inside what crossed the link, with the keys that the endpoints reported.

use ikev2::KeyLog;
use isakmp_wire::v2::{Notify, NotifyType, kind};
use isakmp_wire::{
    ExchangeType, Flags, Header, Message, OwnedPayload, PayloadChain, PayloadType, Spi,
};

use crate::keyring::{Keyring, Plain, Sealing, chain};
use crate::link::Packet;
use crate::pair::{Pair, Side};

/// One IKE message in clear.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Clear {
    /// Its header.
    pub header: Header,
    /// Its payloads; those inside SK if it has one.
    pub payloads: Vec<OwnedPayload>,
    /// Whether they were inside SK or SKF.
    pub protected: bool,
    /// How many octets the IP packet had.
    pub ip_len: usize,
}

impl Clear {
    /// Whether it is a response.
    #[must_use]
    pub const fn is_response(&self) -> bool {
        self.header.flags.contains(Flags::RESPONSE)
    }

    /// Its payload types.
    #[must_use]
    pub fn kinds(&self) -> Vec<PayloadType> {
        self.payloads.iter().map(|it| it.kind).collect()
    }

    /// The body of its first payload of a type.
    #[must_use]
    pub fn body(&self, kind: PayloadType) -> &[u8] {
        let found = self.payloads.iter().find(|it| it.kind == kind);
        &found.expect("the payload").body
    }

    /// Type and data of its notifies.
    #[must_use]
    pub fn notifies(&self) -> Vec<(NotifyType, Vec<u8>)> {
        let raw = self.payloads.iter().filter(|it| it.kind == kind::NOTIFY);
        raw.map(|it| {
            let notify = Notify::parse(it.as_raw()).expect("a notify");
            (notify.kind, notify.data.to_vec())
        })
        .collect()
    }

    /// Whether it has a notify of a type.
    #[must_use]
    pub fn has_notify(&self, wanted: NotifyType) -> bool {
        self.notifies().iter().any(|it| it.0 == wanted)
    }
}

impl Pair {
    /// Everything that one side ever sent, repetitions and lost ones included; pieces of a message stand for the
    /// whole once its last piece has been sent.
    #[must_use]
    pub fn sent_by(&self, side: Side) -> Vec<Clear> {
        let address = self.host(side).address;
        let sent = self.link.crossed.iter();
        let mut reader = Reader::new(Keyring::of(self));
        sent.filter(|it| it.packet.from.ip() == address)
            .filter_map(|it| reader.read(&it.packet))
            .collect()
    }

    /// What stands in a datagram that is not a fragment.
    #[must_use]
    pub fn read(&self, packet: &Packet) -> Clear {
        let clear = Reader::new(Keyring::of(self)).read(packet);
        clear.expect("a message")
    }

    /// What one side sent last.
    #[must_use]
    pub fn last_sent_by(&self, side: Side) -> Clear {
        self.sent_by(side).pop().expect("a message")
    }

    /// The notifies in everything that one side ever sent, repetitions of a message left out.
    #[must_use]
    pub fn notifies_of(&self, side: Side) -> Vec<NotifyType> {
        let mut seen: Vec<Clear> = Vec::new();
        for clear in self.sent_by(side) {
            if !seen.contains(&clear) {
                seen.push(clear);
            }
        }
        let all = seen.iter().flat_map(Clear::notifies);
        all.map(|it| it.0).collect()
    }

    /// The error notifies in everything that one side ever sent, repetitions left out.
    #[must_use]
    pub fn errors_of(&self, side: Side) -> Vec<NotifyType> {
        let mut all = self.notifies_of(side);
        all.retain(|it| it.is_error());
        all
    }

    /// Seals payloads as a message of one side under the keys of the SA that both have.
    #[must_use]
    pub fn forge(&self, side: Side, message: &Forged, payloads: &[OwnedPayload]) -> Vec<u8> {
        let (first, inner) = chain(payloads);
        self.forge_raw(side, message, first, &inner)
    }

    /// As [`forge`](Self::forge), with any octets for payloads.
    #[must_use]
    pub fn forge_raw(
        &self,
        side: Side,
        message: &Forged,
        first: PayloadType,
        inner: &[u8],
    ) -> Vec<u8> {
        let header = message.header(self.first_spis(), side);
        let sealed = Keyring::of(self).seal(&Sealing {
            header,
            first,
            fragment: None,
            beside: Vec::new(),
            plain: Plain::Padded(inner.to_vec()),
        });
        sealed.expect("keys")
    }

    /// The SPIs of the SA that the first party reported first.
    fn first_spis(&self) -> (Spi, Spi) {
        let spis = self.a.keys().find_map(|it| match it {
            KeyLog::Ike { spis, .. } => Some(*spis),
            _ => None,
        });
        spis.expect("keys")
    }
}

/// The header of a message that a test makes.
#[derive(Clone, Copy, Debug)]
pub struct Forged {
    /// The exchange.
    pub exchange: ExchangeType,
    /// Whether it is a response.
    pub response: bool,
    /// The message ID.
    pub message_id: u32,
}

impl Forged {
    /// A request.
    #[must_use]
    pub const fn request(exchange: ExchangeType, message_id: u32) -> Self {
        Self {
            exchange,
            response: false,
            message_id,
        }
    }

    /// A response.
    #[must_use]
    pub const fn response(exchange: ExchangeType, message_id: u32) -> Self {
        Self {
            exchange,
            response: true,
            message_id,
        }
    }

    /// The header on an SA whose original initiator is the first party.
    #[must_use]
    pub fn header(&self, spis: (Spi, Spi), side: Side) -> Header {
        let sender = if side == Side::A {
            Flags::INITIATOR
        } else {
            Flags::NONE
        };
        let direction = if self.response {
            Flags::RESPONSE
        } else {
            Flags::NONE
        };
        Header {
            initiator: spis.0,
            responder: spis.1,
            next: kind::ENCRYPTED,
            version: isakmp_wire::Version::V2,
            exchange: self.exchange,
            flags: sender | direction,
            message_id: self.message_id,
            length: 0,
        }
    }
}

/// Puts pieces together and opens what is sealed.
struct Reader<'a> {
    keyring: Keyring<'a>,
    pieces: Vec<u8>,
    first: PayloadType,
}

impl<'a> Reader<'a> {
    const fn new(keyring: Keyring<'a>) -> Self {
        Self {
            keyring,
            pieces: Vec::new(),
            first: PayloadType::NONE,
        }
    }

    fn read(&mut self, packet: &Packet) -> Option<Clear> {
        let message = Message::parse(packet.message()).ok()?;
        let clear = |protected, payloads: PayloadChain<'_>| Clear {
            header: message.header,
            payloads: payloads.iter().map(|it| it.to_owned()).collect(),
            protected,
            ip_len: packet.ip_len(),
        };
        let sealed = message.payloads.iter().last();
        let sealed = sealed.map(|it| it.kind);
        if ![Some(kind::ENCRYPTED), Some(kind::ENCRYPTED_FRAGMENT)].contains(&sealed) {
            return Some(clear(false, message.payloads));
        }
        let opened = self.keyring.open(&message).expect("a message that opens");
        let (number, total) = opened.fragment.unwrap_or((1, 1));
        if number == 1 {
            self.pieces.clear();
            self.first = opened.first;
        }
        self.pieces.extend(opened.plain);
        if number < total {
            return None;
        }
        let chain = PayloadChain::parse(self.first, &self.pieces, 0).expect("inner payloads");
        Some(clear(true, chain))
    }
}
