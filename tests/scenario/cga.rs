//! Main mode between two CGAs ([MS-IKEE] §3.4): the extension in both endpoints, with keys and certificates as they are.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use ike_crypto::SigningKey;
use ike_ext::{
    Context, Credential, Draft, Evidence, Extension, Extensions, Instant, PolicyId, SaId, Trust,
};
use ike_rustcrypto::SystemRandom;
use ike_x509::SelfSigned;
use ikee_cga::{Cga, Identity, METHOD, Parameters, Refusal, Sec};
use ikee_tests::Packet;
use ikee_tests::v1::Host;
use ikev1::{
    Authentication, AuthenticationFailure, Child, Config, Connection, Endpoint, Event, Failure,
    Misbehaviour, Remote,
};
use ipsec_doi::EspProposal;
use ipsec_doi::v1::{IkeProposal, Lifetimes, Phase1};
use isakmp_wire::v1::{AuthMethod, ProtocolId, SaBuilder, SecurityAssociation, kind};
use isakmp_wire::vendor_id::IKE_CGA;
use isakmp_wire::{
    ExchangeType, Flags, Header, Message, MessageWriter, OwnedPayload, PayloadType, Spi, Version,
};

const A: usize = 0;
const B: usize = 1;
const KEYS: [&[u8]; 2] = [
    include_bytes!("../../crates/ikev1/tests/keys/rsa2048.der"),
    include_bytes!("../../crates/ike-x509/tests/keys/rsa.pkcs8.pem"),
];
/// 2026-11-23.
const NOW: Duration = Duration::from_secs(1_795_437_000);

fn key(side: usize) -> Box<dyn SigningKey> {
    ike_x509::private_key(KEYS[side], ike_rustcrypto::provider()).unwrap()
}

/// [MS-IKEE] §3.4.3: key, certificate, address.
fn identity(side: usize, modifier: u8) -> Identity {
    let key = key(side);
    let parameters = Parameters {
        modifier: [modifier; 16],
        prefix: [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0],
        collisions: 0,
        public_key: key.public_key().to_vec(),
        extensions: Vec::new(),
    };
    let address = parameters.address(Sec::ZERO);
    let template = SelfSigned {
        name: &address.to_string(),
        address: address.into(),
        validity: NOW..=NOW + Duration::from_secs(86_400),
    };
    let certificate = template
        .certificate(&*key, &mut SystemRandom::new())
        .unwrap();
    Identity::new(address, parameters, certificate.der()).unwrap()
}

fn address(side: usize) -> Ipv6Addr {
    identity(side, 1).address()
}

/// What becomes of the body of an ID payload.
type Lie = fn(&mut Vec<u8>);

/// The extension, but for what it says of itself.
#[derive(Debug)]
struct Liar {
    inner: Cga,
    lie: Lie,
    /// Instead of its own.
    certificate: Option<Vec<u8>>,
}

impl Extension for Liar {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn on_outgoing(&mut self, cx: &mut Context<'_>, sa: SaId, draft: &mut Draft<'_>) {
        self.inner.on_outgoing(cx, sa, draft);
    }

    fn credential(&mut self) -> Option<&mut dyn Credential> {
        Some(self)
    }
}

impl Credential for Liar {
    fn method(&self) -> AuthMethod {
        self.inner.method()
    }

    fn serves(&self, host: &dyn ike_ext::Host, sa: SaId) -> bool {
        self.inner.serves(host, sa)
    }

    fn identity(&mut self, host: &dyn ike_ext::Host, sa: SaId) -> Option<OwnedPayload> {
        let mut payload = self.inner.identity(host, sa)?;
        (self.lie)(&mut payload.body);
        Some(payload)
    }

    fn certificate(&mut self, host: &dyn ike_ext::Host, sa: SaId) -> Option<OwnedPayload> {
        let mut payload = self.inner.certificate(host, sa)?;
        if let Some(other) = &self.certificate {
            payload.body.truncate(1);
            payload.body.extend_from_slice(other);
        }
        Some(payload)
    }

    fn trust(&mut self, cx: &mut Context<'_>, sa: SaId, peer: &Evidence<'_>) -> Trust {
        self.inner.trust(cx, sa, peer)
    }
}

/// Two endpoints, and what is done to datagrams between them.
struct World {
    sides: [Host; 2],
    crossed: Vec<Packet>,
    meddle: fn(&mut Packet),
}

fn connection(side: usize, authentication: Authentication) -> Connection {
    let mut it = Connection::new(PolicyId::new(1), "peer", authentication);
    it.local = Some(address(side).into());
    it.remote = Some(Remote::new(address(1 - side).into()));
    it.proposals = vec![IkeProposal::parse("aes128-sha256-ecp256").unwrap()];
    let esp = EspProposal::parse("aes128-sha256").unwrap();
    it.children = vec![Child::new("net", vec![esp])];
    it
}

fn cga(side: usize) -> Connection {
    let local = ipsec_doi::Identity::address(address(side).into());
    connection(
        side,
        Authentication::brought(METHOD, key(side), local, None),
    )
}

fn signature(side: usize) -> Connection {
    let local = ipsec_doi::Identity::fqdn("peer");
    let chain = vec![identity(side, 1).certificate().to_vec()];
    let credential = ikev1::Credential::new(chain, key(side));
    let trust = ikev1::Trust::default();
    connection(
        side,
        Authentication::signature(local, None, credential, trust),
    )
}

fn endpoint(side: usize, connections: Vec<Connection>, extensions: Extensions) -> Host {
    let mut config = Config::new(connections);
    config.trace = true;
    let seed = [u8::try_from(side).unwrap() + 1; 32];
    let provider = ike_rustcrypto::provider();
    let endpoint = Endpoint::new(config, provider, extensions, seed).unwrap();
    Host::new(endpoint, address(side).into())
}

fn honest(side: usize) -> Extensions {
    Extensions::none().with(Cga::new().with(identity(side, 1)))
}

impl World {
    fn new(extensions: [Extensions; 2]) -> Self {
        let [a, b] = extensions;
        Self {
            sides: [endpoint(A, vec![cga(A)], a), endpoint(B, vec![cga(B)], b)],
            crossed: Vec::new(),
            meddle: |_| {},
        }
    }

    /// With one side that lies about itself.
    fn with_liar(liar: usize, lie: Lie) -> Self {
        Self::new([A, B].map(|side| {
            let inner = Cga::new().with(identity(side, 1));
            let lie = if side == liar {
                lie
            } else {
                |_: &mut Vec<u8>| {}
            };
            Extensions::none().with(Liar {
                inner,
                lie,
                certificate: None,
            })
        }))
    }

    /// Takes a datagram to the other side, and what follows from it, until nobody says anything.
    fn deliver(&mut self, from: usize, sent: Vec<Packet>) {
        let mut waiting: Vec<_> = sent.into_iter().map(|it| (from, it)).collect();
        while !waiting.is_empty() {
            let (from, mut packet) = waiting.remove(0);
            self.crossed.push(packet.clone());
            (self.meddle)(&mut packet);
            let to = 1 - from;
            let sent = self.sides[to].receive(Instant::EPOCH, &packet);
            waiting.extend(sent.into_iter().map(|it| (to, it)));
        }
    }

    fn connect(&mut self) {
        let (local, policy) = (IpAddr::V6(address(A)), PolicyId::new(1));
        let (begun, sent) = self.sides[A].call(Instant::EPOCH, |endpoint, out| {
            endpoint.initiate(Instant::EPOCH, policy, local, out)
        });
        begun.unwrap();
        self.deliver(A, sent);
    }

    fn established(&self, side: usize) -> usize {
        self.sides[side].count(|it| matches!(it, Event::Established(_)))
    }

    fn failure(&self, side: usize) -> Option<Failure> {
        self.sides[side].events.iter().find_map(|it| match &it.1 {
            Event::Failed { failure, .. } => Some(failure.clone()),
            _ => None,
        })
    }

    /// The types of the payloads of main mode message `n`, as its receiver saw them.
    fn kinds(&self, n: usize) -> Vec<PayloadType> {
        let receiver = if n % 2 == 1 { B } else { A };
        let all = self.sides[receiver]
            .events
            .iter()
            .filter_map(|it| match &it.1 {
                Event::Message(it) if !it.outbound => Some(it.payloads.clone()),
                _ => None,
            });
        all.collect::<Vec<_>>()[(n - 1) / 2].clone()
    }
}

fn refusal(peer: usize, reason: &str) -> Option<Failure> {
    let peer = ipsec_doi::Identity::address(address(peer).into());
    let reason = reason.into();
    Some(AuthenticationFailure::Certificate { peer, reason }.into())
}

/// [MS-IKEE] §3.4.5.2/2, §3.4.5.3/1, §3.4.5.4/1, §3.4.5.5/5: the messages are those of RFC 2409 §5.1.
#[test]
fn both_sides_establish_with_the_messages_of_signature_mode() {
    let mut world = World::new([A, B].map(honest));
    world.connect();
    for side in [A, B] {
        assert_eq!(world.established(side), 1, "{:?}", world.failure(side));
        let established = world.sides[side].events.iter().find_map(|it| match &it.1 {
            Event::Established(it) => Some(it.clone()),
            _ => None,
        });
        let established = established.unwrap();
        assert_eq!(established.method, METHOD);
        let peer = ipsec_doi::Identity::address(address(1 - side).into());
        assert_eq!(established.remote_id, peer);
    }
    for n in [3, 4] {
        assert_eq!(world.kinds(n), [kind::KE, kind::NONCE]);
    }
    let proof = [kind::ID, kind::CERT, kind::SIGNATURE];
    for n in [5, 6] {
        assert_eq!(world.kinds(n)[..3], proof);
    }
}

/// [MS-IKEE] §2.2.4, §3.4.4.1/1, /2, /3: message 1 comes from our CGA, says that we can, and offers 80 03 FD ED.
#[test]
fn message_1_offers_the_method_from_our_address() {
    let mut world = World::new([A, B].map(honest));
    world.connect();
    let first = &world.crossed[0];
    assert_eq!(first.from, SocketAddr::new(address(A).into(), 500));
    let message = Message::parse(&first.bytes).unwrap();
    let offer = message.payloads.first(kind::SA).unwrap();
    let attribute = [0x80, 0x03, 0xfd, 0xed];
    assert!(offer.body.windows(4).any(|it| it == attribute));
    for at in [0, 1] {
        let message = Message::parse(&world.crossed[at].bytes).unwrap();
        let mut ids = message.payloads.all(kind::VENDOR_ID);
        assert!(ids.any(|it| it.body == IKE_CGA), "message {}", at + 1);
    }
}

/// [MS-IKEE] §3.4.5.1/3: the order of the policy decides, not that of the offer.
#[test]
fn a_policy_that_ranks_signatures_over_cga_chooses_signatures() {
    for (connections, expected) in [
        (vec![signature(B), cga(B)], AuthMethod::RSA_SIGNATURE),
        (vec![cga(B), signature(B)], METHOD),
    ] {
        let mut world = World::new([A, B].map(honest));
        world.sides[B] = endpoint(B, connections, honest(B));
        assert_eq!(world.chosen(&[IKE_CGA.to_vec()]), Some(expected));
    }
}

/// [MS-IKEE] §3.4.1/1, §3.4.5.1/1, /2: without the vendor ID the number is not AUTH_CGA.
#[test]
fn a_stranger_without_the_vendor_id_does_not_get_the_method() {
    let mut world = World::new([A, B].map(honest));
    assert_eq!(world.chosen(&[]), None);
    assert_eq!(world.chosen(&[IKE_CGA.to_vec()]), Some(METHOD));
    world.sides[B] = endpoint(B, vec![cga(B), signature(B)], honest(B));
    assert_eq!(world.chosen(&[]), Some(AuthMethod::RSA_SIGNATURE));
}

impl World {
    /// Which method the responder chooses when it is offered both, CGA first.
    fn chosen(&mut self, vendor_ids: &[Vec<u8>]) -> Option<AuthMethod> {
        let mut body = Vec::new();
        let mut builder = SaBuilder::new(&mut body);
        builder.proposal(1, ProtocolId::ISAKMP, &[]);
        let proposal = IkeProposal::parse("aes128-sha256-ecp256").unwrap();
        let suite = proposal.suites().next().unwrap();
        for (number, auth) in [(1, METHOD), (2, AuthMethod::RSA_SIGNATURE)] {
            let lifetimes = Lifetimes::default();
            let offer = Phase1 {
                suite,
                auth,
                lifetimes,
            };
            builder.transform(number, 1);
            for it in &offer.attributes().unwrap() {
                builder.attribute(it.as_attribute());
            }
        }
        builder.finish();
        let mut bytes = Vec::new();
        let mut writer = MessageWriter::begin(&mut bytes, &first_header(vendor_ids.len()));
        writer.payload(kind::SA, false, &body);
        for it in vendor_ids {
            writer.payload(kind::VENDOR_ID, false, it);
        }
        writer.finish();
        let packet = Packet {
            from: SocketAddr::new(address(A).into(), 500),
            to: SocketAddr::new(address(B).into(), 500),
            bytes,
        };
        let answer = self.sides[B].receive(Instant::EPOCH, &packet).remove(0);
        let payloads = Message::parse(&answer.bytes).unwrap().payloads;
        let choice = SecurityAssociation::parse(payloads.first(kind::SA)?).unwrap();
        let transform = choice.proposals().next()?.transforms().next()?;
        Some(Phase1::read(transform.attributes()).unwrap().auth)
    }
}

fn first_header(number: usize) -> Header {
    Header {
        initiator: Spi::new([u8::try_from(number).unwrap() + 1; 8]),
        responder: Spi::ZERO,
        next: PayloadType::NONE,
        version: Version::V1,
        exchange: ExchangeType::MAIN_MODE,
        flags: Flags::NONE,
        message_id: 0,
        length: 0,
    }
}

/// [MS-IKEE] §3.4.5.1/5: not on another address of ours.
#[test]
fn an_address_of_ours_that_is_no_cga_does_not_get_the_method() {
    let mut world = World::new([A, B].map(honest));
    let other = Cga::new().with(identity(B, 9));
    let mut connection = cga(B);
    connection.local = None;
    world.sides[B] = endpoint(B, vec![connection], Extensions::none().with(other));
    assert_eq!(world.chosen(&[IKE_CGA.to_vec()]), None);
}

/// [MS-IKEE] §3.4.5.2/1: the choice of a peer that has not sent the vendor ID means something else.
#[test]
fn a_choice_without_the_vendor_id_is_refused() {
    let mut world = World::new([A, B].map(honest));
    world.meddle = |packet| {
        let spoils = IKE_CGA;
        let from_b = packet.from.ip() == IpAddr::V6(address(B));
        let found = packet.bytes.windows(16).position(|it| it == spoils);
        if let Some(at) = found.filter(|_| from_b) {
            packet.bytes[at] ^= 1;
        }
    };
    world.connect();
    let unoffered = Failure::Misbehaved(Misbehaviour::ChoseUnoffered);
    assert_eq!(world.failure(A), Some(unoffered));
}

/// [MS-IKEE] §3.4.5.5/2, /3, /4, §3.4.5.6/1: modifier, collision count, extension fields and type, in both roles.
#[test]
fn each_lie_in_the_identity_is_refused_with_its_reason_by_both_roles() {
    let hash1 = Refusal::Hash1.reason();
    let lies: [(Lie, &str); 6] = [
        (|body| body[4] ^= 1, hash1),
        (|body| body[20] = 1, hash1),
        (|body| body[20] = 3, Refusal::Collisions.reason()),
        (|body| body.push(0), hash1),
        (
            |body| body[0] = 5,
            "the identity is not of type ID_IPV6_CGA",
        ),
        (|body| body.truncate(20), "the CGA parameters end too early"),
    ];
    for (lie, reason) in lies {
        for liar in [A, B] {
            let mut world = World::with_liar(liar, lie);
            world.connect();
            assert_eq!(world.established(1 - liar), 0);
            let failure = world.failure(1 - liar);
            // an ID payload of type 5 has 16 octets, so that one is not even read
            if reason.contains("type") {
                assert!(failure.is_some());
            } else {
                assert_eq!(failure, refusal(liar, reason), "{reason}");
            }
        }
    }
}

/// [MS-IKEE] §3.4/2, §3.4.5.5/3: the address is the one that the packets come from, and its prefix is the prefix.
#[test]
fn a_peer_that_speaks_from_another_address_or_prefix_is_refused() {
    let moved: [fn(&mut Packet); 2] = [|it| shift(it, 1), |it| shift(it, 1 << 64)];
    for meddle in moved {
        let mut world = World::new([A, B].map(honest));
        let mut connection = cga(B);
        connection.remote = None;
        world.sides[B] = endpoint(B, vec![connection], honest(B));
        world.meddle = meddle;
        world.connect();
        assert_eq!(world.established(B), 0);
        let hash1 = Refusal::Hash1.reason();
        let failure = world.failure(B);
        let refused = matches!(
            &failure,
            Some(Failure::Authentication(AuthenticationFailure::Certificate { reason, .. }))
                if reason == hash1
        );
        assert!(refused, "{failure:?}");
    }
}

/// Somebody between translates the initiator's address.
fn shift(packet: &mut Packet, by: u128) {
    let (own, seen) = (address(A), Ipv6Addr::from_bits(address(A).to_bits() ^ by));
    if packet.from.ip() == own {
        packet.from.set_ip(seen.into());
    } else if packet.to.ip() == seen {
        packet.to.set_ip(own.into());
    }
}

/// [MS-IKEE] §3.4.5.5/1, /3: another key than the address is made of, and a signature by another key.
#[test]
fn a_wrong_key_is_refused() {
    // the signature is by the key of the certificate, and the address is not made of it
    let mut world = World::new([A, B].map(honest));
    let stranger = Liar {
        inner: Cga::new().with(identity(A, 1)),
        lie: |_| {},
        certificate: Some(identity(B, 1).certificate().to_vec()),
    };
    let local = ipsec_doi::Identity::address(address(A).into());
    let other = connection(A, Authentication::brought(METHOD, key(B), local, None));
    world.sides[A] = endpoint(A, vec![other], Extensions::none().with(stranger));
    world.connect();
    assert_eq!(world.failure(B), refusal(A, Refusal::Hash1.reason()));

    // the certificate is the right one, and the signature is by another key
    let mut world = World::new([A, B].map(honest));
    let local = ipsec_doi::Identity::address(address(A).into());
    let other = connection(A, Authentication::brought(METHOD, key(B), local, None));
    world.sides[A] = endpoint(A, vec![other], honest(A));
    world.connect();
    let failure = world.failure(B);
    let signature = AuthenticationFailure::Signature {
        peer: ipsec_doi::Identity::address(address(A).into()),
    };
    assert_eq!(failure, Some(signature.into()));
}
