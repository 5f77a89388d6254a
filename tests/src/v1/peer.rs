//! An IKEv1 peer that is written from RFC 2409 and shares no code with the core: its messages are whatever a test wants
//! them to be, under a HASH that is right.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;

use ike_crypto::random::SeededRandom;
use ike_crypto::{CipherKey, KeyExchange, PrfKey, Provider, Random};
use ike_ext::{Instant, Role};
use ipsec_doi::{Encryption, EncryptionId, GroupId, HashId, PrfId};
use isakmp_wire::v1::{Doi, Notification, NotifyType, ProtocolId, SaBuilder, kind};
use isakmp_wire::{
    Attribute, ChainWriter, Encode, ExchangeType, Flags, Header, Message, MessageWriter,
    OwnedPayload, PayloadChain, PayloadType, Spi, Version, marker,
};

use crate::link::Packet;
use crate::v1::pair::{Host, PSK};

/// A peer with the suite and the secret of [`pair`](crate::v1::pair), in main mode.
pub struct Peer {
    /// Its address and port, and the endpoint's.
    pub ends: (SocketAddr, SocketAddr),
    /// Cookies, the initiator's first.
    pub spis: (Spi, Spi),
    /// What its first message has besides the SA: vendor IDs.
    pub vendor_ids: Vec<Vec<u8>>,
    /// What its message 3 or 4 has besides KE and nonce.
    pub third: Vec<OwnedPayload>,
    /// The IV of the next message of phase 1.
    pub iv: Vec<u8>,
    /// Last blocks of phase 1: of what it sent, and of what it took.
    pub last: (Vec<u8>, Vec<u8>),
    role: Role,
    provider: &'static Provider,
    random: SeededRandom,
    sa: Vec<u8>,
    kex: Option<Box<dyn KeyExchange>>,
    publics: [Vec<u8>; 2],
    nonces: [Vec<u8>; 2],
    keys: Option<Keys>,
    ivs: BTreeMap<u32, Vec<u8>>,
}

struct Keys {
    id: Box<dyn PrfKey>,
    derive: Box<dyn PrfKey>,
    authenticate: Box<dyn PrfKey>,
    cipher: Box<dyn CipherKey>,
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer")
            .field("role", &self.role)
            .field("spis", &self.spis)
            .finish_non_exhaustive()
    }
}

/// Octets of the cipher's block, and of the PRF's output.
const BLOCK: usize = 16;
const HASH: usize = 32;

/// What HASH of a phase 2 message covers besides the message ID and the payloads (RFC 2409 §5.5).
#[derive(Clone, Copy, Debug, Default)]
pub struct Cover<'a> {
    /// Before the message ID.
    pub before: &'a [u8],
    /// Between the message ID and the payloads.
    pub after: &'a [u8],
    /// Whether the payloads are left out.
    pub bare: bool,
}

/// A payload.
#[must_use]
pub fn payload(kind: PayloadType, body: &impl Encode) -> OwnedPayload {
    let mut octets = Vec::new();
    body.encode(&mut octets);
    OwnedPayload::new(kind, octets)
}

/// A notification about no SA in particular.
#[must_use]
pub fn notify(kind: NotifyType, data: &[u8]) -> OwnedPayload {
    let body = Notification {
        doi: Doi::IPSEC,
        protocol: ProtocolId::ISAKMP,
        spi: &[],
        kind,
        data,
    };
    payload(kind::NOTIFY, &body)
}

/// An ID payload: type, protocol, port, data.
#[must_use]
pub fn id(kind: u8, protocol: u8, port: u16, data: &[u8]) -> OwnedPayload {
    let [high, low] = port.to_be_bytes();
    let body = [&[kind, protocol, high, low], data].concat();
    OwnedPayload::new(kind::ID, body)
}

/// The proposal of phase 1: AES-128, SHA-256, a shared key, ECP-256, eight hours (RFC 2409 App. A).
fn phase_1() -> Vec<u8> {
    let mut body = Vec::new();
    let mut builder = SaBuilder::new(&mut body);
    builder.proposal(1, ProtocolId::ISAKMP, &[]);
    builder.transform(1, 1);
    for (kind, value) in [
        (1, 7),
        (14, 128),
        (2, 4),
        (3, 1),
        (4, 19),
        (11, 1),
        (12, 28_800),
    ] {
        builder.attribute(Attribute::short(kind, value));
    }
    builder.finish();
    body
}

/// The proposal of quick mode: ESP with AES-128 and HMAC-SHA-256, in this encapsulation mode (RFC 2407 §4.5).
#[must_use]
pub fn phase_2(spi: u32, mode: u16) -> OwnedPayload {
    let mut body = Vec::new();
    let mut builder = SaBuilder::new(&mut body);
    builder.proposal(1, ProtocolId::ESP, &spi.to_be_bytes());
    builder.transform(1, 12);
    for (kind, value) in [(1, 1), (2, 3600), (4, mode), (5, 5), (6, 128)] {
        builder.attribute(Attribute::short(kind, value));
    }
    builder.finish();
    OwnedPayload::new(kind::SA, body)
}

impl Peer {
    /// A peer between two sockets: its own, and the endpoint's.
    #[must_use]
    pub fn new(
        role: Role,
        own: SocketAddr,
        endpoint: SocketAddr,
        provider: &'static Provider,
    ) -> Self {
        let mut random = SeededRandom::new([0x77; 32]);
        let mut cookie = [0; 8];
        random.fill(&mut cookie).expect("randomness");
        let spis = match role {
            Role::Initiator => (Spi::new(cookie), Spi::ZERO),
            Role::Responder => (Spi::ZERO, Spi::new(cookie)),
        };
        Self {
            ends: (own, endpoint),
            spis,
            vendor_ids: Vec::new(),
            third: Vec::new(),
            iv: Vec::new(),
            last: (Vec::new(), Vec::new()),
            role,
            provider,
            random,
            sa: phase_1(),
            kex: None,
            publics: [Vec::new(), Vec::new()],
            nonces: [Vec::new(), Vec::new()],
            keys: None,
            ivs: BTreeMap::new(),
        }
    }

    /// Which of two things is its own: the first is the initiator's.
    const fn own(&self) -> usize {
        match self.role {
            Role::Initiator => 0,
            Role::Responder => 1,
        }
    }

    fn packet(&self, bytes: &[u8]) -> Packet {
        let floated = self.ends.1.port() != 500;
        let marker: &[u8] = if floated {
            &marker::NON_ESP_MARKER
        } else {
            &[]
        };
        Packet {
            from: self.ends.0,
            to: self.ends.1,
            bytes: [marker, bytes].concat(),
        }
    }

    /// A header of the SA.
    #[must_use]
    pub const fn header(&self, exchange: ExchangeType, message_id: u32) -> Header {
        Header {
            initiator: self.spis.0,
            responder: self.spis.1,
            next: PayloadType::NONE,
            version: Version::V1,
            exchange,
            flags: Flags::NONE,
            message_id,
            length: 0,
        }
    }

    /// A message in clear.
    #[must_use]
    pub fn clear(&self, header: &Header, payloads: &[OwnedPayload]) -> Packet {
        let mut bytes = Vec::new();
        let mut writer = MessageWriter::begin(&mut bytes, header);
        for it in payloads {
            writer.owned(it);
        }
        writer.finish();
        self.packet(&bytes)
    }

    /// An encrypted message with this chain of payloads, whatever it is; `iv` becomes that of the next one.
    fn encrypt(
        &self,
        header: &Header,
        first: PayloadType,
        chain: &[u8],
        iv: &mut Vec<u8>,
    ) -> Vec<u8> {
        let keys = self.keys.as_ref().expect("keys");
        let mut body = chain.to_vec();
        body.resize(body.len().next_multiple_of(BLOCK), 0);
        keys.cipher
            .seal(iv, &[], &mut body, &mut [])
            .expect("a cipher");
        if let Some(last) = body.last_chunk::<BLOCK>() {
            *iv = last.to_vec();
        }
        let mut bytes = Vec::new();
        Header {
            next: first,
            flags: header.flags | Flags::ENCRYPTED,
            length: u32::try_from(Header::LEN + body.len()).expect("short"),
            ..*header
        }
        .encode(&mut bytes);
        bytes.extend(body);
        bytes
    }

    /// A message of phase 1 under its keys.
    pub fn sealed(&mut self, payloads: &[OwnedPayload]) -> Packet {
        let header = self.header(ExchangeType::MAIN_MODE, 0);
        let (first, chain) = chain(payloads);
        let mut iv = std::mem::take(&mut self.iv);
        let bytes = self.encrypt(&header, first, &chain, &mut iv);
        self.last.0.clone_from(&iv);
        self.iv = iv;
        self.packet(&bytes)
    }

    /// A message of phase 2 with HASH before these payloads.
    pub fn hashed(
        &mut self,
        header: &Header,
        cover: Cover<'_>,
        payloads: &[OwnedPayload],
    ) -> Packet {
        let (first, rest) = chain(payloads);
        self.hashed_chain(header, cover, first, &rest)
    }

    /// A message of phase 2 with HASH before a chain of payloads, whatever that is.
    pub fn hashed_chain(
        &mut self,
        header: &Header,
        cover: Cover<'_>,
        first: PayloadType,
        rest: &[u8],
    ) -> Packet {
        let id = header.message_id;
        let covered = if cover.bare { &[] } else { rest };
        let hash = self.hash(&[cover.before, &id.to_be_bytes(), cover.after, covered]);
        let mut all = vec![first.get(), 0, 0, u8::try_from(HASH + 4).expect("short")];
        all.extend(hash);
        all.extend_from_slice(rest);
        let mut iv = self.iv_of(id);
        let bytes = self.encrypt(header, kind::HASH, &all, &mut iv);
        self.ivs.insert(id, iv);
        self.packet(&bytes)
    }

    /// An informational message.
    pub fn inform(&mut self, message_id: u32, payloads: &[OwnedPayload]) -> Packet {
        let header = self.header(ExchangeType::V1_INFORMATIONAL, message_id);
        self.hashed(&header, Cover::default(), payloads)
    }

    /// HASH of phase 2 (RFC 2409 §5.5).
    #[must_use]
    pub fn hash(&self, parts: &[&[u8]]) -> Vec<u8> {
        let keys = self.keys.as_ref().expect("keys");
        mac(&*keys.authenticate, parts)
    }

    /// Where the chain of an exchange is (RFC 2409 App. B).
    #[must_use]
    pub fn iv_of(&self, message_id: u32) -> Vec<u8> {
        let known = self.ivs.get(&message_id).cloned();
        known.unwrap_or_else(|| {
            self.digest(&[&self.iv, &message_id.to_be_bytes()])[..BLOCK].to_vec()
        })
    }

    /// Sets where the chain of an exchange is.
    pub fn set_iv(&mut self, message_id: u32, iv: Vec<u8>) {
        self.ivs.insert(message_id, iv);
    }

    /// SHA-256.
    #[must_use]
    pub fn digest(&self, parts: &[&[u8]]) -> Vec<u8> {
        let mut out = vec![0; HASH];
        let hash = self.provider.hash(HashId::SHA2_256).expect("SHA-256");
        hash.digest(parts, &mut out);
        out
    }

    /// What an endpoint's message has in it, decrypted; checks no HASH.
    pub fn open(&mut self, packet: &Packet) -> (Header, Vec<OwnedPayload>) {
        let message = Message::parse(packet.message()).expect("a message");
        let header = message.header;
        let Some(body) = message.encrypted_body() else {
            return (header, owned(message.payloads));
        };
        let iv = if header.message_id == 0 {
            self.iv.clone()
        } else {
            self.iv_of(header.message_id)
        };
        let mut plain = body.to_vec();
        let keys = self.keys.as_ref().expect("keys");
        keys.cipher
            .open(&iv, &[], &mut plain, &[])
            .expect("a cipher");
        let next = body[body.len() - BLOCK..].to_vec();
        if header.message_id == 0 {
            self.last.1.clone_from(&next);
            self.iv = next;
        } else {
            self.ivs.insert(header.message_id, next);
        }
        let (chain, _) =
            PayloadChain::parse_padded(header.next, &plain, Header::LEN).expect("a chain");
        (header, owned(chain))
    }

    /// As initiator, message 1; as responder, what follows from it.
    pub fn first(&mut self) -> Packet {
        let mut payloads = vec![OwnedPayload::new(kind::SA, self.sa.clone())];
        let ids = self.vendor_ids.iter();
        payloads.extend(ids.map(|it| OwnedPayload::new(kind::VENDOR_ID, it.clone())));
        self.clear(&self.header(ExchangeType::MAIN_MODE, 0), &payloads)
    }

    /// Message 3 or 4: its half of the key exchange.
    pub fn half(&mut self) -> Packet {
        let group = self.provider.group(GroupId::ECP_256).expect("ECP-256");
        let kex = group.start(&mut self.random).expect("a group");
        let mut nonce = vec![0; 20];
        self.random.fill(&mut nonce).expect("randomness");
        let own = self.own();
        self.publics[own] = kex.public().to_vec();
        self.nonces[own].clone_from(&nonce);
        let mut payloads = vec![
            OwnedPayload::new(kind::KE, kex.public()),
            OwnedPayload::new(kind::NONCE, nonce),
        ];
        payloads.extend(self.third.iter().cloned());
        self.kex = Some(kex);
        self.clear(&self.header(ExchangeType::MAIN_MODE, 0), &payloads)
    }

    /// Takes the endpoint's half, and derives the keys of a shared secret (RFC 2409 §5, App. B).
    pub fn take_half(&mut self, payloads: &[OwnedPayload]) {
        let other = 1 - self.own();
        self.publics[other].clone_from(&body(payloads, kind::KE));
        self.nonces[other].clone_from(&body(payloads, kind::NONCE));
        let kex = self.kex.take().expect("a half of its own");
        let shared = kex.complete(&self.publics[other]).expect("a public value");
        let prf = self.provider.prf(PrfId::HMAC_SHA2_256).expect("a PRF");
        let skeyid = mac(&*prf.keyed(PSK), &[&self.nonces[0], &self.nonces[1]]);
        let key = prf.keyed(&skeyid);
        let (i, r) = (self.spis.0.as_bytes(), self.spis.1.as_bytes());
        let next = |before: &[u8], n: u8| mac(&*key, &[before, shared.as_slice(), i, r, &[n]]);
        let derive = next(&[], 0);
        let authenticate = next(&derive, 1);
        let encrypt = next(&authenticate, 2);
        let cipher = Encryption::new(EncryptionId::AES_CBC, 128);
        let cipher = self.provider.cipher(cipher).expect("AES");
        self.keys = Some(Keys {
            derive: prf.keyed(&derive),
            authenticate: prf.keyed(&authenticate),
            cipher: cipher.keyed(&encrypt[..BLOCK]).expect("a key"),
            id: key,
        });
        self.iv = self.digest(&[&self.publics[0], &self.publics[1]])[..BLOCK].to_vec();
        self.last = (self.iv.clone(), self.iv.clone());
    }

    /// HASH_I or HASH_R of a side (RFC 2409 §5).
    fn proof(&self, side: usize, id: &[u8]) -> Vec<u8> {
        let keys = self.keys.as_ref().expect("keys");
        let spis = [self.spis.0.as_bytes(), self.spis.1.as_bytes()];
        let (own, other) = (side, 1 - side);
        let (x, y) = (&self.publics[own], &self.publics[other]);
        mac(&*keys.id, &[x, y, spis[own], spis[other], &self.sa, id])
    }

    /// Its identity and proof.
    #[must_use]
    pub fn proof_of(&self, name: &str) -> Vec<OwnedPayload> {
        let id = id(2, 0, 0, name.as_bytes());
        let hash = self.proof(self.own(), &id.body);
        vec![id, OwnedPayload::new(kind::HASH, hash)]
    }

    /// Message 5 or 6: its identity and proof, then whatever else.
    pub fn identify(&mut self, name: &str, more: &[OwnedPayload]) -> Packet {
        let mut payloads = self.proof_of(name);
        payloads.extend_from_slice(more);
        self.sealed(&payloads)
    }

    /// Asserts that the endpoint's message 5 or 6 proves its identity.
    pub fn check(&self, payloads: &[OwnedPayload]) {
        let id = body(payloads, kind::ID);
        let right = self.proof(1 - self.own(), &id);
        assert_eq!(body(payloads, kind::HASH), right, "the proof is wrong");
    }

    /// As initiator, goes through messages 1 to 4; what the endpoint said in the fourth.
    pub fn begin(&mut self, host: &mut Host, now: Instant) -> Vec<OwnedPayload> {
        let first = self.first();
        let second = only(host.receive(now, &first));
        self.spis.1 = Message::parse(second.message())
            .expect("a message")
            .header
            .responder;
        let third = self.half();
        let fourth = only(host.receive(now, &third));
        let (_, payloads) = self.open(&fourth);
        self.take_half(&payloads);
        payloads
    }

    /// As initiator, goes through main mode under a name; what the endpoint sent in the end.
    pub fn connect(&mut self, host: &mut Host, now: Instant, name: &str) -> Vec<Packet> {
        self.begin(host, now);
        let fifth = self.identify(name, &[]);
        let mut answer = host.receive(now, &fifth);
        let sixth = answer.remove(0);
        let (_, payloads) = self.open(&sixth);
        self.check(&payloads);
        answer
    }

    /// As responder, goes through main mode with an endpoint that has sent `first`; what that sent in the end.
    pub fn serve(
        &mut self,
        host: &mut Host,
        now: Instant,
        first: &Packet,
        name: &str,
    ) -> Vec<Packet> {
        let (header, payloads) = self.open(first);
        self.spis.0 = header.initiator;
        self.sa = body(&payloads, kind::SA);
        let answer = self.first();
        let third = only(host.receive(now, &answer));
        let (_, payloads) = self.open(&third);
        let fourth = self.half();
        self.take_half(&payloads);
        let fifth = only(host.receive(now, &fourth));
        let (_, payloads) = self.open(&fifth);
        self.check(&payloads);
        let sixth = self.identify(name, &[]);
        host.receive(now, &sixth)
    }

    /// Message 1 of quick mode; its nonce, too.
    pub fn ask(
        &mut self,
        message_id: u32,
        sa: OwnedPayload,
        more: &[OwnedPayload],
    ) -> (Packet, Vec<u8>) {
        let nonce = vec![0x5a; 20];
        let mut payloads = vec![sa, OwnedPayload::new(kind::NONCE, nonce.clone())];
        payloads.extend_from_slice(more);
        let header = self.header(ExchangeType::QUICK_MODE, message_id);
        (self.hashed(&header, Cover::default(), &payloads), nonce)
    }

    /// Message 3 of quick mode: both nonces.
    pub fn confirm(&mut self, message_id: u32, nonces: (&[u8], &[u8])) -> Packet {
        let both = [nonces.0, nonces.1].concat();
        let header = self.header(ExchangeType::QUICK_MODE, message_id);
        let cover = Cover {
            before: &[0],
            after: &both,
            bare: true,
        };
        self.hashed(&header, cover, &[])
    }

    /// KEYMAT of ESP packets to whoever chose the SPI (RFC 2409 §5.5).
    #[must_use]
    pub fn keymat(&self, spi: u32, nonces: (&[u8], &[u8])) -> Vec<u8> {
        let keys = self.keys.as_ref().expect("keys");
        let spi = spi.to_be_bytes();
        let seed: [&[u8]; 4] = [&[ProtocolId::ESP.get()], &spi, nonces.0, nonces.1];
        let first = mac(&*keys.derive, &seed);
        let second = mac(&*keys.derive, &[&[first.as_slice()], &seed[..]].concat());
        [first, second].concat()
    }
}

fn mac(key: &dyn PrfKey, parts: &[&[u8]]) -> Vec<u8> {
    let mut out = vec![0; HASH];
    key.mac(parts, &mut out);
    out
}

/// The octets of a chain of payloads, and the type of the first.
#[must_use]
pub fn chain(payloads: &[OwnedPayload]) -> (PayloadType, Vec<u8>) {
    let mut out = Vec::new();
    let mut writer = ChainWriter::begin(&mut out);
    for it in payloads {
        writer.owned(it);
    }
    let first = writer.finish();
    (first, out)
}

fn owned(payloads: PayloadChain<'_>) -> Vec<OwnedPayload> {
    payloads
        .iter()
        .map(|it| OwnedPayload::new(it.kind, it.body))
        .collect()
}

/// The body of the first payload of a type.
#[must_use]
pub fn body(payloads: &[OwnedPayload], kind: PayloadType) -> Vec<u8> {
    let found = payloads.iter().find(|it| it.kind == kind);
    let found = found.unwrap_or_else(|| panic!("no payload {kind}"));
    found.body.clone()
}

/// The only datagram.
#[must_use]
pub fn only(mut packets: Vec<Packet>) -> Packet {
    assert_eq!(packets.len(), 1, "{packets:?}");
    packets.remove(0)
}
