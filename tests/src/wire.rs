//! A look inside what crossed the link, with the keys that the endpoints reported.

use ike_crypto::Provider;
use ikev2::KeyLog;
use isakmp_wire::v2::{EncryptedFragment, Notify, NotifyType, kind};
use isakmp_wire::{
    ChainWriter, ExchangeType, Flags, Header, Message, OwnedPayload, PayloadChain, PayloadType,
};

use crate::link::Crossed;
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
        let mut reader = Reader::new(self);
        sent.filter(|it| it.packet.from.ip() == address)
            .filter_map(|it| reader.read(it))
            .collect()
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
        let mut inner = Vec::new();
        let mut chain = ChainWriter::begin(&mut inner);
        for it in payloads {
            chain.owned(it);
        }
        let first = chain.finish();
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
        let keys = self.a.keys().find(|it| matches!(it, KeyLog::Ike { .. }));
        seal(
            self.provider,
            keys.expect("keys"),
            message,
            first,
            inner,
            side == Side::A,
        )
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
}

/// Puts pieces together and opens what is sealed.
struct Reader<'a> {
    pair: &'a Pair,
    pieces: Vec<u8>,
    first: PayloadType,
}

impl<'a> Reader<'a> {
    const fn new(pair: &'a Pair) -> Self {
        Self {
            pair,
            pieces: Vec::new(),
            first: PayloadType::NONE,
        }
    }

    fn read(&mut self, crossed: &Crossed) -> Option<Clear> {
        let bytes = crossed.packet.message();
        let message = Message::parse(bytes).ok()?;
        let raw = message.payloads.iter().last();
        let sealed =
            raw.filter(|it| [kind::ENCRYPTED, kind::ENCRYPTED_FRAGMENT].contains(&it.kind));
        let clear = |protected, payloads: PayloadChain<'_>| Clear {
            header: message.header,
            payloads: payloads.iter().map(|it| it.to_owned()).collect(),
            protected,
            ip_len: crossed.packet.ip_len(),
        };
        let Some(raw) = sealed else {
            return Some(clear(false, message.payloads));
        };
        let fragment = EncryptedFragment::parse(raw).ok();
        let fragment = fragment.filter(|_| raw.kind == kind::ENCRYPTED_FRAGMENT);
        let skip = if fragment.is_some() { 4 } else { 0 };
        let plain = self.open(&message.header, bytes, raw.body_offset() + skip);
        let (number, total) = fragment.map_or((1, 1), |it| (it.number, it.total));
        if number == 1 {
            self.pieces.clear();
            self.first = raw.next;
        }
        self.pieces.extend(plain);
        if number < total {
            return None;
        }
        let chain = PayloadChain::parse(self.first, &self.pieces, 0).expect("inner payloads");
        Some(clear(true, chain))
    }

    fn open(&self, header: &Header, bytes: &[u8], body: usize) -> Vec<u8> {
        let keys = self.pair.a.keys().chain(self.pair.b.keys());
        let mut fitting = keys.filter(|it| match it {
            KeyLog::Ike { spis, .. } => *spis == (header.initiator, header.responder),
            _ => false,
        });
        let by_initiator = header.flags.contains(Flags::INITIATOR);
        fitting
            .find_map(|it| open(self.pair.provider, it, bytes, body, by_initiator))
            .expect("a message that opens")
    }
}

/// Cipher, key, ICV length and integrity key of one direction.
type Direction = (
    Box<dyn ike_crypto::CipherKey>,
    Option<Box<dyn ike_crypto::IntegrityKey>>,
    ipsec_doi::Encryption,
    usize,
);

fn direction(provider: &Provider, keys: &KeyLog, initiator: bool) -> Option<Direction> {
    let KeyLog::Ike {
        suite,
        encryption,
        integrity,
        ..
    } = keys
    else {
        return None;
    };
    let (cipher_key, integrity_key) = if initiator {
        (&encryption.0, &integrity.0)
    } else {
        (&encryption.1, &integrity.1)
    };
    let cipher = provider.cipher(suite.encryption)?;
    let cipher = cipher.keyed(cipher_key.as_slice()).ok()?;
    let Some(id) = suite.integrity else {
        return Some((cipher, None, suite.encryption, suite.encryption.icv_len()));
    };
    let integrity = provider.integrity(id)?.keyed(integrity_key.as_slice());
    Some((cipher, integrity.ok(), suite.encryption, id.icv_len()))
}

/// Decrypts the payload whose body begins at `body` and ends the message.
#[must_use]
pub fn open(
    provider: &Provider,
    keys: &KeyLog,
    message: &[u8],
    body: usize,
    by_initiator: bool,
) -> Option<Vec<u8>> {
    let (cipher, integrity, encryption, icv_len) = direction(provider, keys, by_initiator)?;
    let (signed, icv) = message.split_at_checked(message.len().checked_sub(icv_len)?)?;
    let (aad, rest) = signed.split_at_checked(body)?;
    let (iv, sealed) = rest.split_at_checked(encryption.iv_len())?;
    let mut plain = sealed.to_vec();
    match integrity {
        None => cipher.open(iv, aad, &mut plain, icv).ok()?,
        Some(integrity) => {
            integrity.verify(&[signed], icv).ok()?;
            cipher.open(iv, aad, &mut plain, &[]).ok()?;
        }
    }
    let pad = usize::from(*plain.last()?);
    plain.truncate(plain.len().checked_sub(pad + 1)?);
    Some(plain)
}

/// Makes a message with one SK payload around any octets.
#[must_use]
pub fn seal(
    provider: &Provider,
    keys: &KeyLog,
    forged: &Forged,
    first: PayloadType,
    inner: &[u8],
    by_initiator: bool,
) -> Vec<u8> {
    let (cipher, integrity, encryption, icv_len) =
        direction(provider, keys, by_initiator).expect("the algorithms");
    let KeyLog::Ike { spis, .. } = keys else {
        panic!("not the keys of an IKE SA");
    };
    let side = if by_initiator {
        Flags::INITIATOR
    } else {
        Flags::NONE
    };
    let direction = if forged.response {
        Flags::RESPONSE
    } else {
        Flags::NONE
    };
    let block = encryption.block_len().max(1);
    let pad = (block - (inner.len() + 1) % block) % block;
    let body_len = 4 + encryption.iv_len() + inner.len() + pad + 1 + icv_len;
    let header = Header {
        initiator: spis.0,
        responder: spis.1,
        next: kind::ENCRYPTED,
        version: isakmp_wire::Version::V2,
        exchange: forged.exchange,
        flags: side | direction,
        message_id: forged.message_id,
        length: u32::try_from(Header::LEN + body_len).expect("a length"),
    };
    let mut out = Vec::new();
    header.encode(&mut out);
    out.extend([first.get(), 0]);
    out.extend(u16::try_from(body_len).expect("a length").to_be_bytes());
    let aad_len = out.len();
    // no endpoint counts that far
    out.extend(vec![0xf0; encryption.iv_len()]);
    let data_at = out.len();
    out.extend_from_slice(inner);
    out.extend(vec![0; pad]);
    out.push(u8::try_from(pad).expect("a pad length"));
    let mut icv = vec![0; icv_len];
    let (clear, data) = out.split_at_mut(data_at);
    let (aad, iv) = clear.split_at(aad_len);
    match integrity {
        None => cipher.seal(iv, aad, data, &mut icv).expect("sealed"),
        Some(integrity) => {
            cipher.seal(iv, aad, data, &mut []).expect("sealed");
            integrity.sign(&[&out], &mut icv);
        }
    }
    out.extend(icv);
    out
}
