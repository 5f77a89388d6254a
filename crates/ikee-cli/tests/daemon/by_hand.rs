//! A peer written from the documents: its messages are octets put down by hand (RFC 7296), and of our code it uses
//! nothing but cryptographic primitives.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use ike_crypto::{KeyExchange, Random};
use ike_rustcrypto::SystemRandom;
use ipsec_doi::{Encryption, GroupId, IntegrityId, PrfId};

use super::{Place, SECRET};

pub(super) const IKE_SA_INIT: u8 = 34;
pub(super) const IKE_AUTH: u8 = 35;
pub(super) const CREATE_CHILD_SA: u8 = 36;
pub(super) const INFORMATIONAL: u8 = 37;

pub(super) const SA: u8 = 33;
pub(super) const KE: u8 = 34;
pub(super) const ID_I: u8 = 35;
pub(super) const ID_R: u8 = 36;
pub(super) const CERTREQ: u8 = 38;
pub(super) const AUTH: u8 = 39;
pub(super) const NONCE: u8 = 40;
pub(super) const NOTIFY: u8 = 41;
pub(super) const DELETE: u8 = 42;
pub(super) const VENDOR_ID: u8 = 43;
pub(super) const TS_I: u8 = 44;
pub(super) const TS_R: u8 = 45;
const SK: u8 = 46;

const INITIATOR: u8 = 0x08;
const RESPONSE: u8 = 0x20;

/// A payload: its type, and what follows its first four octets.
pub(super) type Payload = (u8, Vec<u8>);
type Spi = [u8; 8];

/// AES-256 in this mode, HMAC-SHA-256, X25519.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Suite {
    Cbc,
    /// Without an integrity key.
    Gcm,
}

impl Suite {
    /// The body of an SA payload that proposes it, or takes it.
    fn body(self, spi: &[u8]) -> Vec<u8> {
        match self {
            Self::Cbc => proposal(
                1,
                spi,
                &[
                    (1, 12, Some(256)),
                    (2, 5, None),
                    (3, 12, None),
                    (4, 31, None),
                ],
            ),
            Self::Gcm => proposal(1, spi, &[(1, 20, Some(256)), (2, 5, None), (4, 31, None)]),
        }
    }
}

/// RFC 7296 §3.3.1, §3.3.2: number 1, the last one; transforms by type, number and key length.
fn proposal(protocol: u8, spi: &[u8], transforms: &[(u8, u16, Option<u16>)]) -> Vec<u8> {
    let mut all = Vec::new();
    for (at, (kind, id, bits)) in transforms.iter().enumerate() {
        let more = if at + 1 < transforms.len() { 3 } else { 0 };
        let length = if bits.is_some() { 12 } else { 8 };
        let [high, low] = id.to_be_bytes();
        all.extend([more, 0, 0, length, *kind, 0, high, low]);
        if let Some(bits) = bits {
            all.extend([0x80, 14]);
            all.extend(bits.to_be_bytes());
        }
    }
    let counts = [spi.len(), transforms.len()].map(|it| u8::try_from(it).unwrap());
    let head = [1, protocol, counts[0], counts[1]];
    let length = two(8 + spi.len() + all.len());
    [&[0, 0], &length[..], &head, spi, &all].concat()
}

/// An ESP proposal: AES-256 in CBC, HMAC-SHA-256, no extended sequence numbers.
pub(super) fn esp(spi: u32) -> Payload {
    let transforms = [(1, 12, Some(256)), (3, 12, None), (5, 0, None)];
    (SA, proposal(3, &spi.to_be_bytes(), &transforms))
}

/// Everything of IPv4, for either side (RFC 7296 §3.13).
pub(super) fn selectors() -> [Payload; 2] {
    let any = [
        1, 0, 0, 0, 7, 0, 0, 16, 0, 0, 255, 255, 0, 0, 0, 0, 255, 255, 255, 255,
    ];
    [TS_I, TS_R].map(|kind| (kind, any.to_vec()))
}

/// A notify about no SA (RFC 7296 §3.10).
pub(super) fn notify(kind: u16, data: &[u8]) -> Payload {
    (NOTIFY, [&[0, 0], &kind.to_be_bytes()[..], data].concat())
}

/// A request for a child, or for a new one in place of that which receives with `replaces`.
pub(super) fn child(spi: u32, replaces: Option<u32>) -> Vec<Payload> {
    let mut all = Vec::new();
    if let Some(old) = replaces {
        const REKEY_SA: [u8; 2] = 16393_u16.to_be_bytes();
        let body = [&[3, 4], &REKEY_SA[..], &old.to_be_bytes()].concat();
        all.push((NOTIFY, body));
    }
    all.extend([esp(spi), (NONCE, random(32))]);
    all.extend(selectors());
    all
}

/// The types of the errors among the notifies.
pub(super) fn errors(payloads: &[Payload]) -> Vec<u16> {
    let notifies = payloads.iter().filter(|it| it.0 == NOTIFY);
    let kinds = notifies.map(|it| u16::from_be_bytes([it.1[2], it.1[3]]));
    kinds.filter(|it| *it < 16384).collect()
}

pub(super) fn body(payloads: &[Payload], kind: u8) -> Option<&[u8]> {
    let found = payloads.iter().find(|it| it.0 == kind);
    found.map(|it| &it.1[..])
}

pub(super) fn kinds(payloads: &[Payload]) -> Vec<u8> {
    payloads.iter().map(|it| it.0).collect()
}

/// Octets from hexadecimal digits.
pub(super) fn hex(digits: &str) -> Vec<u8> {
    let digits = digits.as_bytes().chunks(2);
    let octet = |it: &[u8]| u8::from_str_radix(std::str::from_utf8(it).unwrap(), 16).unwrap();
    digits.map(octet).collect()
}

fn random(length: usize) -> Vec<u8> {
    let mut octets = vec![0; length];
    SystemRandom::new().fill(&mut octets).unwrap();
    octets
}

fn spi() -> Spi {
    random(8).try_into().unwrap()
}

fn two(number: usize) -> [u8; 2] {
    u16::try_from(number).unwrap().to_be_bytes()
}

pub(super) fn prf(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let prf = ike_rustcrypto::provider().prf(PrfId::HMAC_SHA2_256);
    let mut out = vec![0; 32];
    prf.unwrap().keyed(key).mac(parts, &mut out);
    out
}

/// RFC 7296 §2.13
fn prf_plus(key: &[u8], seed: &[u8], length: usize) -> Vec<u8> {
    let (mut all, mut block) = (Vec::new(), Vec::new());
    for number in 1..=u8::MAX {
        block = prf(key, &[&block, seed, &[number]]);
        all.extend(&block);
        if all.len() >= length {
            break;
        }
    }
    all.truncate(length);
    all
}

fn key_exchange() -> Box<dyn KeyExchange> {
    let group = ike_rustcrypto::provider().group(GroupId::CURVE25519);
    group.unwrap().start(&mut SystemRandom::new()).unwrap()
}

fn ke(own: &dyn KeyExchange) -> Payload {
    (KE, [&[0, 31, 0, 0], own.public()].concat())
}

/// The keys of an IKE SA (RFC 7296 §2.14).
#[derive(Clone)]
pub(super) struct Keys {
    d: Vec<u8>,
    /// The integrity keys, the initiator's first.
    pub(super) a: [Vec<u8>; 2],
    e: [Vec<u8>; 2],
    p: [Vec<u8>; 2],
}

impl Keys {
    fn derive(suite: Suite, seed: &[u8], nonces: &[Vec<u8>; 2], spis: &(Spi, Spi)) -> Self {
        let (integrity, encryption) = match suite {
            Suite::Cbc => (32, 32),
            Suite::Gcm => (0, 36),
        };
        let [i, r] = nonces;
        let text = [&i[..], r, &spis.0, &spis.1].concat();
        let length = 32 + 2 * (integrity + encryption + 32);
        let mut all = prf_plus(seed, &text, length).into_iter();
        let mut cut = |length| -> Vec<u8> { all.by_ref().take(length).collect() };
        Self {
            d: cut(32),
            a: [cut(integrity), cut(integrity)],
            e: [cut(encryption), cut(encryption)],
            p: [cut(32), cut(32)],
        }
    }
}

/// Who the peer says it is; without a secret it proves nothing (RFC 7619).
#[derive(Clone, Copy)]
pub(super) struct Who {
    pub(super) name: &'static str,
    pub(super) secret: Option<&'static str>,
}

/// As the daemon's connection wants it.
pub(super) const B: Who = Who {
    name: "b.example",
    secret: Some(SECRET),
};

/// An IKE SA with the daemon.
#[derive(Clone)]
pub(super) struct Sa {
    pub(super) spis: (Spi, Spi),
    pub(super) keys: Keys,
    suite: Suite,
    /// 0 if we began it, 1 if the daemon did.
    role: usize,
    /// The numbers of our next request, and of the daemon's.
    next: u32,
    theirs: u32,
    /// IKE_SA_INIT, and the nonces.
    messages: [Vec<u8>; 2],
    nonces: [Vec<u8>; 2],
}

impl Sa {
    fn identity(name: &str) -> Vec<u8> {
        [&[2, 0, 0, 0], name.as_bytes()].concat()
    }

    /// The AUTH payload of one side (RFC 7296 §2.15, RFC 7619 §2.1).
    fn proof(&self, role: usize, identity: &[u8], secret: Option<&str>) -> Payload {
        let secret = secret.map_or(&self.keys.p[role][..], str::as_bytes);
        let method = if secret == self.keys.p[role] { 13 } else { 2 };
        let key = prf(secret, &[b"Key Pad for IKEv2"]);
        let id = prf(&self.keys.p[role], &[identity]);
        let signed = [&self.messages[role][..], &self.nonces[1 - role], &id];
        (AUTH, [&[method, 0, 0, 0], &prf(&key, &signed)[..]].concat())
    }

    /// Who we are, and the proof of it.
    pub(super) fn own(&self, who: Who) -> [Payload; 2] {
        let identity = Self::identity(who.name);
        let proof = self.proof(self.role, &identity, who.secret);
        [([ID_I, ID_R][self.role], identity), proof]
    }

    /// The daemon has proved that it is `a.example`.
    pub(super) fn assert_proven(&self, payloads: &[Payload]) {
        let theirs = 1 - self.role;
        let identity = Self::identity("a.example");
        let shown = body(payloads, [ID_I, ID_R][theirs]);
        assert_eq!(shown, Some(&identity[..]), "{payloads:?}");
        let (_, proof) = self.proof(theirs, &identity, Some(SECRET));
        assert_eq!(body(payloads, AUTH), Some(&proof[..]), "{payloads:?}");
    }

    /// A message of ours (RFC 7296 §3.14).
    fn seal(&self, exchange: u8, response: bool, id: u32, payloads: &[Payload]) -> Vec<u8> {
        let (first, mut plain) = chain(payloads);
        let iv = random(if self.suite == Suite::Cbc { 16 } else { 8 });
        let padding = match self.suite {
            Suite::Cbc => 15 - plain.len() % 16,
            Suite::Gcm => 0,
        };
        plain.extend(vec![0; padding]);
        plain.push(u8::try_from(padding).unwrap());
        let length = 4 + iv.len() + plain.len() + 16;
        let flags = [INITIATOR, 0][self.role] | if response { RESPONSE } else { 0 };
        let mut message = header(&self.spis, SK, exchange, flags, id, 28 + length);
        message.extend([first, 0]);
        message.extend(two(length));
        let mut tag = [0; 16];
        let open = message.clone();
        let key = cipher(self.suite, &self.keys.e[self.role]);
        match self.suite {
            Suite::Cbc => key.seal(&iv, &[], &mut plain, &mut []).unwrap(),
            Suite::Gcm => key.seal(&iv, &open, &mut plain, &mut tag).unwrap(),
        }
        message.extend(iv);
        message.extend(plain);
        if self.suite == Suite::Cbc {
            tag.copy_from_slice(&icv(&self.keys.a[self.role], &message));
        }
        message.extend(tag);
        message
    }

    /// What stands in a message of the daemon's.
    fn open(&self, message: &[u8]) -> Vec<Payload> {
        assert_eq!(message[16], SK, "one payload, and it is encrypted");
        let length = usize::from(u16::from_be_bytes([message[30], message[31]]));
        assert_eq!(length, message.len() - 28, "nothing follows it");
        let (rest, tag) = message.split_at(message.len() - 16);
        let theirs = 1 - self.role;
        let key = cipher(self.suite, &self.keys.e[theirs]);
        let (open, rest) = rest.split_at(32);
        let mut plain;
        match self.suite {
            Suite::Cbc => {
                let covered = &message[..message.len() - 16];
                assert_eq!(icv(&self.keys.a[theirs], covered), tag, "the ICV");
                plain = rest[16..].to_vec();
                key.open(&rest[..16], &[], &mut plain, &[]).unwrap();
            }
            Suite::Gcm => {
                plain = rest[8..].to_vec();
                key.open(&rest[..8], open, &mut plain, tag).unwrap();
            }
        }
        let padding = usize::from(*plain.last().unwrap());
        plain.truncate(plain.len() - padding - 1);
        unchain(message[28], &plain)
    }

    /// The SA that comes of CREATE_CHILD_SA for new keys (RFC 7296 §2.18), which we asked for.
    fn successor(&self, spis: (Spi, Spi), shared: &[u8], nonces: [Vec<u8>; 2]) -> Self {
        let seed = prf(&self.keys.d, &[shared, &nonces[0], &nonces[1]]);
        Self {
            spis,
            keys: Keys::derive(self.suite, &seed, &nonces, &spis),
            role: 0,
            next: 0,
            theirs: 0,
            nonces,
            ..self.clone()
        }
    }
}

fn cipher(suite: Suite, key: &[u8]) -> Box<dyn ike_crypto::CipherKey> {
    let encryption = match suite {
        Suite::Cbc => Encryption::AES_CBC_256,
        Suite::Gcm => Encryption::AES_GCM_16_256,
    };
    let cipher = ike_rustcrypto::provider().cipher(encryption);
    cipher.unwrap().keyed(key).unwrap()
}

fn icv(key: &[u8], message: &[u8]) -> [u8; 16] {
    let integrity = ike_rustcrypto::provider().integrity(IntegrityId::HMAC_SHA2_256_128);
    let mut icv = [0; 16];
    let key = integrity.unwrap().keyed(key).unwrap();
    key.sign(&[message], &mut icv);
    icv
}

/// RFC 7296 §3.1
fn header(spis: &(Spi, Spi), next: u8, exchange: u8, flags: u8, id: u32, length: usize) -> Vec<u8> {
    let length = u32::try_from(length).unwrap().to_be_bytes();
    let kinds = [next, 0x20, exchange, flags];
    [&spis.0[..], &spis.1, &kinds, &id.to_be_bytes(), &length].concat()
}

/// Payloads one behind the other, and the type of the first (RFC 7296 §3.2).
fn chain(payloads: &[Payload]) -> (u8, Vec<u8>) {
    let mut all = Vec::new();
    for (at, (_, body)) in payloads.iter().enumerate() {
        let next = payloads.get(at + 1).map_or(0, |it| it.0);
        all.extend([next, 0]);
        all.extend(two(4 + body.len()));
        all.extend(body);
    }
    (payloads.first().map_or(0, |it| it.0), all)
}

/// The payloads, none of which is critical.
fn unchain(first: u8, mut octets: &[u8]) -> Vec<Payload> {
    let (mut kind, mut all) = (first, Vec::new());
    while kind != 0 {
        let length = usize::from(u16::from_be_bytes([octets[2], octets[3]]));
        assert_eq!(octets[1], 0, "the critical bit and seven zeros");
        all.push((kind, octets[4..length].to_vec()));
        kind = octets[0];
        octets = &octets[length..];
    }
    assert!(octets.is_empty(), "octets behind the last payload");
    all
}

fn clear(spis: &(Spi, Spi), flags: u8, payloads: &[Payload]) -> Vec<u8> {
    let (first, octets) = chain(payloads);
    let length = 28 + octets.len();
    let mut message = header(spis, first, IKE_SA_INIT, flags, 0, length);
    message.extend(octets);
    message
}

/// The first octets of a message.
struct Head {
    spis: (Spi, Spi),
    exchange: u8,
    flags: u8,
    id: u32,
}

impl Head {
    fn of(message: &[u8]) -> Self {
        let four = |at: usize| u32::from_be_bytes(message[at..at + 4].try_into().unwrap());
        assert_eq!(message[17], 0x20, "the version");
        assert_eq!(four(24), u32::try_from(message.len()).unwrap());
        Self {
            spis: (
                message[..8].try_into().unwrap(),
                message[8..16].try_into().unwrap(),
            ),
            exchange: message[18],
            flags: message[19],
            id: four(20),
        }
    }
}

/// A request of the daemon's on an SA.
pub(super) struct Asked {
    pub(super) exchange: u8,
    pub(super) payloads: Vec<Payload>,
    id: u32,
}

/// Where the peer is, and where the daemon.
pub(super) struct Peer {
    socket: UdpSocket,
    daemon: SocketAddr,
}

impl Peer {
    pub(super) fn new(here: Place, daemon: Place) -> Self {
        let socket = UdpSocket::bind((here.address, here.ports[0])).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        let address = daemon.address.parse().unwrap();
        Self {
            socket,
            daemon: SocketAddr::new(address, daemon.ports[0]),
        }
    }

    fn send(&self, message: &[u8]) {
        self.socket.send_to(message, self.daemon).unwrap();
    }

    fn receive(&self) -> Vec<u8> {
        let mut buffer = [0; 4000];
        let (length, from) = self.socket.recv_from(&mut buffer).expect("a message");
        assert_eq!(from, self.daemon);
        buffer[..length].to_vec()
    }

    /// Every message that comes until this long nothing has.
    pub(super) fn listen(&self, patience: Duration) -> Vec<Vec<u8>> {
        self.socket.set_read_timeout(Some(patience)).unwrap();
        let mut buffer = [0; 4000];
        let mut all = Vec::new();
        while let Ok((length, _)) = self.socket.recv_from(&mut buffer) {
            all.push(buffer[..length].to_vec());
        }
        let patience = Some(Duration::from_secs(10));
        self.socket.set_read_timeout(patience).unwrap();
        all
    }

    /// Begins an SA, with these payloads more: the SA and the answer's payloads, or those of a refusal.
    pub(super) fn init(
        &self,
        suite: Suite,
        more: &[Payload],
    ) -> Result<(Sa, Vec<Payload>), Vec<Payload>> {
        let (ours, nonce, own) = (spi(), random(32), key_exchange());
        let mut payloads = vec![(SA, suite.body(&[])), ke(&*own), (NONCE, nonce.clone())];
        payloads.extend_from_slice(more);
        let request = clear(&(ours, [0; 8]), INITIATOR, &payloads);
        self.send(&request);
        let response = self.receive();
        let head = Head::of(&response);
        assert_eq!((head.spis.0, head.id), (ours, 0));
        assert_eq!((head.exchange, head.flags), (IKE_SA_INIT, RESPONSE));
        let answer = unchain(response[16], &response[28..]);
        let Some(share) = body(&answer, KE) else {
            return Err(answer);
        };
        let shared = own.complete(&share[4..]).unwrap();
        let nonces = [nonce, body(&answer, NONCE).unwrap().to_vec()];
        let seed = prf(&nonces.concat(), &[shared.as_slice()]);
        let sa = Sa {
            spis: head.spis,
            keys: Keys::derive(suite, &seed, &nonces, &head.spis),
            suite,
            role: 0,
            next: 1,
            theirs: 0,
            messages: [request, response],
            nonces,
        };
        Ok((sa, answer))
    }

    /// IKE_AUTH with these payloads directly before SA, and those at the end: what is answered.
    pub(super) fn auth(
        &self,
        sa: &mut Sa,
        who: Who,
        before: &[Payload],
        after: &[Payload],
    ) -> Vec<Payload> {
        let mut payloads = sa.own(who).to_vec();
        payloads.extend_from_slice(before);
        payloads.push(esp(0x0b0b_0001));
        payloads.extend(selectors());
        payloads.extend_from_slice(after);
        self.request(sa, IKE_AUTH, &payloads)
    }

    /// An SA with a child, by the book.
    pub(super) fn establish(&self, suite: Suite, who: Who) -> Sa {
        let (mut sa, _) = self.init(suite, &[]).expect("an SA");
        let answer = self.auth(&mut sa, who, &[], &[]);
        sa.assert_proven(&answer);
        assert!(body(&answer, SA).is_some(), "a child: {answer:?}");
        sa
    }

    /// Asks on an SA.
    pub(super) fn request(&self, sa: &mut Sa, exchange: u8, payloads: &[Payload]) -> Vec<Payload> {
        let id = sa.next;
        self.send(&sa.seal(exchange, false, id, payloads));
        sa.next += 1;
        loop {
            let message = self.receive();
            let head = Head::of(&message);
            let response = head.flags & RESPONSE != 0;
            if head.spis == sa.spis && response && head.id == id {
                assert_eq!(head.exchange, exchange);
                return sa.open(&message);
            }
        }
    }

    /// Asks for new keys of the IKE SA, with these payloads more: the new SA, or the errors.
    pub(super) fn renew(&self, sa: &mut Sa, more: &[Payload]) -> Result<Sa, Vec<u16>> {
        let (ours, nonce, own) = (spi(), random(32), key_exchange());
        let proposed = (SA, sa.suite.body(&ours));
        let mut payloads = vec![proposed, (NONCE, nonce.clone()), ke(&*own)];
        payloads.extend_from_slice(more);
        let answer = self.request(sa, CREATE_CHILD_SA, &payloads);
        let Some(share) = body(&answer, KE) else {
            return Err(errors(&answer));
        };
        let shared = own.complete(&share[4..]).unwrap();
        // behind the proposal's first eight octets
        let theirs = body(&answer, SA).unwrap()[8..16].try_into().unwrap();
        let nonces = [nonce, body(&answer, NONCE).unwrap().to_vec()];
        Ok(sa.successor((ours, theirs), shared.as_slice(), nonces))
    }

    /// It answers.
    pub(super) fn assert_lives(&self, sa: &mut Sa) {
        assert_eq!(self.request(sa, INFORMATIONAL, &[]), []);
    }

    /// The daemon does not answer on the first any more, and does on the second.
    pub(super) fn assert_gone(&self, gone: &Sa, lives: &mut Sa) {
        self.send(&gone.seal(INFORMATIONAL, false, gone.next, &[]));
        let id = lives.next;
        self.send(&lives.seal(INFORMATIONAL, false, id, &[]));
        lives.next += 1;
        loop {
            let message = self.receive();
            let head = Head::of(&message);
            assert_ne!(head.spis, gone.spis, "it still answers");
            if head.spis == lives.spis && head.id == id && head.flags & RESPONSE != 0 {
                return;
            }
        }
    }

    /// Takes the daemon's IKE_SA_INIT: the SA, and what it asked with.
    pub(super) fn accept(&self) -> (Sa, Vec<Payload>) {
        let request = loop {
            let message = self.receive();
            let head = Head::of(&message);
            if (head.exchange, head.flags) == (IKE_SA_INIT, INITIATOR) {
                break message;
            }
        };
        let head = Head::of(&request);
        assert_eq!((head.spis.1, head.id), ([0; 8], 0));
        let asked = unchain(request[16], &request[28..]);
        let (own, nonce) = (key_exchange(), random(32));
        let spis = (head.spis.0, spi());
        let payloads = [
            (SA, Suite::Cbc.body(&[])),
            ke(&*own),
            (NONCE, nonce.clone()),
        ];
        let response = clear(&spis, RESPONSE, &payloads);
        self.send(&response);
        let share = body(&asked, KE).unwrap();
        assert_eq!(share[..2], [0, 31], "X25519");
        let shared = own.complete(&share[4..]).unwrap();
        let nonces = [body(&asked, NONCE).unwrap().to_vec(), nonce];
        let seed = prf(&nonces.concat(), &[shared.as_slice()]);
        let sa = Sa {
            spis,
            keys: Keys::derive(Suite::Cbc, &seed, &nonces, &spis),
            suite: Suite::Cbc,
            role: 1,
            next: 0,
            theirs: 1,
            messages: [request, response],
            nonces,
        };
        (sa, asked)
    }

    /// The daemon's next request of this exchange on an SA; others are answered with nothing inside.
    pub(super) fn asked(&self, sa: &mut Sa, exchange: u8) -> Asked {
        loop {
            let message = self.receive();
            let head = Head::of(&message);
            let repeated = head.exchange == IKE_SA_INIT || head.id < sa.theirs;
            if head.spis != sa.spis || head.flags & RESPONSE != 0 || repeated {
                continue;
            }
            assert_eq!(head.id, sa.theirs, "one after the other");
            sa.theirs += 1;
            let asked = Asked {
                exchange: head.exchange,
                payloads: sa.open(&message),
                id: head.id,
            };
            if asked.exchange == exchange {
                return asked;
            }
            self.answer(sa, &asked, &[]);
        }
    }

    pub(super) fn answer(&self, sa: &Sa, asked: &Asked, payloads: &[Payload]) {
        self.send(&sa.seal(asked.exchange, true, asked.id, payloads));
    }

    /// Answers IKE_AUTH by the book.
    pub(super) fn agree(&self, sa: &Sa, asked: &Asked) {
        sa.assert_proven(&asked.payloads);
        let mut payloads = sa.own(B).to_vec();
        payloads.push(esp(0x0b0b_0002));
        for kind in [TS_I, TS_R] {
            payloads.push((kind, body(&asked.payloads, kind).unwrap().to_vec()));
        }
        self.answer(sa, asked, &payloads);
    }
}
