//! [MS-IKEE] §2.2.4, §2.2.5, §3.4: one test for each requirement that the extension meets alone, by its number in the
//! ledger. What needs a core is in `tests/scenario/cga.rs`.

use core::net::{IpAddr, Ipv6Addr};
use std::net::SocketAddr;

use hex_literal::hex;
use ike_ext::kit::{Rig, Stock};
use ike_ext::{Evidence, Role, SaFacts, Stage, Trust, Verdict};
use ikee_cga::{Cga, Claim, Identity, METHOD, Malformed, Parameters, Refusal, Sec, subnet, verify};
use ipsec_doi::v1::{IkeSuite, Lifetimes, Phase1};
use ipsec_doi::{Encryption, EncryptionId, GroupId, HashId};
use isakmp_wire::v1::{AuthMethod, ProtocolId, SaBuilder, kind};
use isakmp_wire::vendor_id::{IKE_CGA, XAUTH};
use isakmp_wire::{ChainWriter, OwnedPayload, Spi, Version};

/// What stands for the DER of a key; the extension hashes it, and no more.
const KEY: &[u8] = &hex!("3006 0401 aa 0401 bb");
const OTHER_KEY: &[u8] = &hex!("3006 0401 aa 0401 cc");
const CERTIFICATE: &[u8] = b"a self-signed certificate";
const STRANGER: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x17);

fn parameters(key: &[u8], modifier: u8) -> Parameters {
    Parameters {
        modifier: [modifier; 16],
        prefix: hex!("20010db800000000"),
        collisions: 0,
        public_key: key.to_vec(),
        extensions: Vec::new(),
    }
}

fn identity(modifier: u8) -> Identity {
    let parameters = parameters(KEY, modifier);
    Identity::new(parameters.address(Sec::ZERO), parameters, CERTIFICATE).unwrap()
}

fn own() -> Identity {
    identity(1)
}

fn peer() -> Identity {
    identity(2)
}

fn body_of(identity: &Identity) -> Vec<u8> {
    Claim::from(identity.parameters()).payload().body
}

/// A main mode between two CGAs, as far as an extension sees it.
struct Main {
    rig: Rig,
    sent: Vec<Vec<u8>>,
}

impl Main {
    fn of(extension: Cga, role: Role) -> Self {
        let mut main = Self {
            rig: Rig::of(Version::V1, extension, role),
            sent: Vec::new(),
        };
        main.place(role, own().address().into(), peer().address().into());
        main
    }

    fn new(role: Role) -> Self {
        Self::of(Cga::new().with(own()), role)
    }

    /// One whose peer has said that it can.
    fn negotiated(role: Role) -> Self {
        let mut main = Self::new(role);
        main.learn_cookie();
        main.peer_sends(&[&IKE_CGA]);
        main
    }

    fn place(&mut self, role: Role, local: IpAddr, peer: IpAddr) {
        let at = |ip| SocketAddr::new(ip, 500);
        let facts = SaFacts::new(role, Version::V1, at(local), at(peer))
            .with_spis((Spi::new([1; 8]), Spi::ZERO));
        let sas = &mut self.rig.host.sas;
        let sent = sas.remove(&Rig::SA).map(|it| it.1).unwrap_or_default();
        sas.insert(Rig::SA, (facts, sent));
    }

    /// The SA, but at this address of ours.
    fn to(mut self, local: Ipv6Addr) -> Self {
        let facts = self.rig.host.sas[&Rig::SA].0;
        self.place(facts.role, local.into(), facts.peer.ip());
        self
    }

    /// Message 2 brings the responder's cookie.
    fn learn_cookie(&mut self) {
        let facts = &mut self.rig.host.sas.get_mut(&Rig::SA).unwrap().0;
        facts.spis.1 = Spi::new([2; 8]);
    }

    fn peer_sends(&mut self, ids: &[&[u8]]) {
        let sas = &mut self.rig.host.sas;
        sas.get_mut(&Rig::SA).unwrap().1 = ids.iter().map(|it| it.to_vec()).collect();
    }

    fn serves(&mut self) -> bool {
        let Rig { set, host, .. } = &mut self.rig;
        let cga = set.credential(METHOD).unwrap();
        cga.serves(host, Rig::SA)
    }

    fn identity(&mut self) -> Option<OwnedPayload> {
        let Rig { set, host, .. } = &mut self.rig;
        set.credential(METHOD).unwrap().identity(host, Rig::SA)
    }

    fn certificate(&mut self) -> Option<OwnedPayload> {
        let Rig { set, host, .. } = &mut self.rig;
        set.credential(METHOD).unwrap().certificate(host, Rig::SA)
    }

    /// What is added to message `n`.
    fn outgoing(&mut self, n: u8) -> Vec<OwnedPayload> {
        let payloads = self.rig.outgoing(Stage::main_mode(n), Vec::new());
        self.sent.extend(payloads.iter().map(|it| it.body.clone()));
        payloads
    }

    fn incoming(&mut self, n: u8, payloads: &[OwnedPayload]) -> Verdict {
        self.rig.incoming(Stage::main_mode(n), payloads)
    }

    /// What becomes of a peer at `address` with this identity and key.
    fn judge(&mut self, address: Ipv6Addr, identity: &[u8], public_key: &[u8]) -> Trust {
        let evidence = Evidence {
            method: METHOD,
            peer: address.into(),
            identity,
            certificate: CERTIFICATE,
            public_key,
        };
        self.rig.call(|set, cx| set.trust(cx, Rig::SA, &evidence))
    }
}

fn refused(refusal: Refusal) -> Trust {
    Trust::Reject(refusal.reason())
}

/// [MS-IKEE] §2.2.4/1, /2, /3: the attribute is 80 03 FD ED.
#[test]
fn the_method_is_attribute_3_in_short_form_with_fded() {
    let offer = Phase1 {
        suite: IkeSuite {
            encryption: Encryption::new(EncryptionId::AES_CBC, 256),
            hash: HashId::SHA2_256,
            group: GroupId::MODP_2048,
        },
        auth: METHOD,
        lifetimes: Lifetimes::default(),
    };
    let mut body = Vec::new();
    let mut builder = SaBuilder::new(&mut body);
    builder.proposal(1, ProtocolId::ISAKMP, &[]).transform(1, 1);
    for attribute in &offer.attributes().unwrap() {
        builder.attribute(attribute.as_attribute());
    }
    builder.finish();
    // all attributes are short, and so all begin at a multiple of four octets
    assert!(body.chunks(4).any(|it| it == [0x80, 0x03, 0xfd, 0xed]));
}

/// [MS-IKEE] §2.2.5/1: the length counts the generic header.
#[test]
fn the_length_of_the_identity_is_25_and_its_extension_fields() {
    for extra in [0, 1, 4, 300] {
        let claim = Claim {
            extensions: vec![9; extra],
            ..Claim::from(own().parameters())
        };
        let mut octets = Vec::new();
        let mut writer = ChainWriter::begin(&mut octets);
        writer.owned(&claim.payload());
        writer.finish();
        let length = usize::from(u16::from_be_bytes([octets[2], octets[3]]));
        assert_eq!(length, 25 + extra);
        assert_eq!(octets.len(), length);
    }
}

/// [MS-IKEE] §2.2.5/2, /4, /5, /6: type, zeros, modifier, collision count.
#[test]
fn the_identity_is_laid_out_as_drawn() {
    let claim = Claim {
        modifier: hex!("000102030405060708090a0b0c0d0e0f"),
        collisions: 2,
        extensions: vec![0xee],
    };
    let payload = claim.payload();
    assert_eq!(payload.kind, kind::ID);
    let expected = hex!("fa 00 0000 000102030405060708090a0b0c0d0e0f 02 ee");
    assert_eq!(payload.body, expected);
}

/// [MS-IKEE] §2.2.5/3: protocol and port are ignored.
#[test]
fn an_identity_with_a_protocol_and_a_port_is_accepted() {
    let mut body = body_of(&peer());
    body[1] = 17;
    body[2..4].copy_from_slice(&500_u16.to_be_bytes());
    let mut main = Main::negotiated(Role::Responder);
    assert_eq!(main.judge(peer().address(), &body, KEY), Trust::Accept);
}

/// [MS-IKEE] §2.2.5/6: a collision count of 3 or more fails.
#[test]
fn a_collision_count_of_3_is_refused_though_the_address_is_made_with_it() {
    for collisions in [3, 4, 255] {
        let mut parameters = parameters(KEY, 2);
        parameters.collisions = collisions;
        let address = parameters.address(Sec::ZERO);
        assert_eq!(verify(address, &parameters), Err(Refusal::Collisions));
        let body = Claim::from(&parameters).payload().body;
        let verdict = Main::negotiated(Role::Responder).judge(address, &body, KEY);
        assert_eq!(verdict, refused(Refusal::Collisions));
    }
}

/// [MS-IKEE] §2.2.5/6: up to 2 is fine.
#[test]
fn collision_counts_up_to_2_are_accepted() {
    for collisions in 0..=2 {
        let mut parameters = parameters(KEY, 2);
        parameters.collisions = collisions;
        let address = parameters.address(Sec::ZERO);
        let body = Claim::from(&parameters).payload().body;
        let verdict = Main::negotiated(Role::Initiator).judge(address, &body, KEY);
        assert_eq!(verdict, Trust::Accept);
    }
}

/// [MS-IKEE] §2.2.5/7, RFC 3972 §3: extension fields are carried and hashed, known or not.
#[test]
fn extension_fields_come_back_unchanged_and_count_in_both_hashes() {
    let plain = parameters(KEY, 2);
    let mut extended = plain.clone();
    // with a type and a length as RFC 4581 has them; nobody has assigned this type
    extended.extensions = hex!("fffe 0003 010203").to_vec();
    assert_ne!(plain.hash1(), extended.hash1());
    assert_ne!(plain.hash2(), extended.hash2());
    let body = Claim::from(&extended).payload().body;
    let read = Claim::parse(&body).unwrap();
    assert_eq!(read.complete(extended.prefix, KEY), extended);

    let mut main = Main::negotiated(Role::Responder);
    let address = extended.address(Sec::ZERO);
    assert_eq!(main.judge(address, &body, KEY), Trust::Accept);
    let without = Claim::from(&plain).payload().body;
    assert_eq!(main.judge(address, &without, KEY), refused(Refusal::Hash1));
}

/// [MS-IKEE] §3.4/1: 88 bits in 3ffe:831e::/32, 64 elsewhere.
#[test]
fn the_subnet_has_88_bits_in_one_block_and_64_elsewhere() {
    let expect = |address: &str, net: &str, length: u8| {
        let (address, net): (Ipv6Addr, Ipv6Addr) = (address.parse().unwrap(), net.parse().unwrap());
        assert_eq!(subnet(address), (net, length));
    };
    expect("3ffe:831e::1", "3ffe:831e::", 88);
    expect(
        "3ffe:831e:1:2:3:4455:6677:8899",
        "3ffe:831e:1:2:3:4400::",
        88,
    );
    expect("2001:db8::1", "2001:db8::", 64);
    expect("3ffe:831f::1", "3ffe:831f::", 64);
}

/// [MS-IKEE] §3.4/2: the prefix is that of the peer's address, the leftmost 64 bits even where a subnet has 88.
#[test]
fn the_prefix_is_that_of_the_address_that_the_peer_speaks_from() {
    for prefix in [hex!("20010db800000042"), hex!("3ffe831e00010002")] {
        let mut parameters = parameters(KEY, 2);
        parameters.prefix = prefix;
        let address = parameters.address(Sec::ZERO);
        let body = Claim::from(&parameters).payload().body;
        let mut main = Main::negotiated(Role::Responder);
        assert_eq!(main.judge(address, &body, KEY), Trust::Accept);
        // the same parameters in another subnet are another address
        let mut elsewhere = address.octets();
        elsewhere[7] ^= 1;
        let verdict = main.judge(elsewhere.into(), &body, KEY);
        assert_eq!(verdict, refused(Refusal::Hash1));
    }
}

/// [MS-IKEE] §3.4.1/1: without the vendor ID the number means something else.
#[test]
fn the_method_serves_only_with_a_peer_that_has_sent_the_vendor_id() {
    let mut main = Main::new(Role::Responder);
    assert!(!main.serves());
    main.peer_sends(&[&IKE_CGA]);
    assert!(main.serves());
    // as Cisco's clients mean it
    main.peer_sends(&[&XAUTH]);
    assert!(!main.serves());
    assert_eq!((main.identity(), main.certificate()), (None, None));
    let verdict = main.judge(peer().address(), &body_of(&peer()), KEY);
    assert_eq!(verdict, Trust::NotMine);
}

/// [MS-IKEE] §3.4.1/2: it is among the methods if it is configured.
#[test]
fn the_method_serves_when_there_is_an_identity() {
    let mut main = Main::new(Role::Initiator);
    let methods: Vec<_> = main.rig.set.auth_methods().collect();
    assert_eq!(methods, [AuthMethod::new(0xfded)]);
    assert!(main.serves());
    assert!(!Main::of(Cga::new(), Role::Initiator).serves());
}

/// [MS-IKEE] §3.4.1/3: what is kept yields the same address when it is loaded again.
#[test]
fn an_identity_that_is_stored_and_loaded_has_the_same_address() {
    let kept = own();
    let octets = kept.parameters().to_octets();
    let loaded = Parameters::parse(&octets).unwrap();
    assert_eq!(loaded.address(Sec::ZERO), kept.address());
    let again = Identity::new(kept.address(), loaded, kept.certificate()).unwrap();
    assert_eq!(again, kept);
    // one that has been tampered with is none
    let other = parameters(OTHER_KEY, 1);
    let refused = Identity::new(kept.address(), other, CERTIFICATE);
    assert_eq!(refused, Err(Refusal::Hash1));
}

/// [MS-IKEE] §3.4.3/3, §3.4.4.1/3, §3.4.5.1/5: from and to our CGA, and not at another address of ours, or over IPv4.
#[test]
fn the_method_serves_only_from_and_to_our_own_cga() {
    for role in [Role::Initiator, Role::Responder] {
        assert!(Main::negotiated(role).serves());
        let mut elsewhere = Main::negotiated(role).to(STRANGER);
        assert!(!elsewhere.serves());
        assert_eq!(elsewhere.identity(), None);
        let mut v4 = Main::negotiated(role);
        v4.place(role, [192, 0, 2, 1].into(), [192, 0, 2, 2].into());
        assert!(!v4.serves());
    }
}

/// [MS-IKEE] §3.4.4.1/1: message 1 says that we can.
#[test]
fn message_1_has_the_vendor_id() {
    let mut main = Main::new(Role::Initiator);
    let vendor_id = hex!("e3a5966a76379fe707228231e5ce8652");
    assert_eq!(
        main.outgoing(1),
        [OwnedPayload::new(kind::VENDOR_ID, vendor_id)]
    );
    assert_eq!(main.outgoing(3), []);
    assert_eq!(main.outgoing(5), []);
}

/// [MS-IKEE] §3.4.5.1/1, /2: it is found wherever it stands in message 1.
#[test]
fn the_vendor_id_is_found_anywhere_in_message_1() {
    for at in 0..3 {
        let mut ids: Vec<&[u8]> = vec![&[1; 16], &[2; 20]];
        ids.insert(at, &IKE_CGA);
        let mut main = Main::new(Role::Responder);
        main.peer_sends(&ids);
        assert!(main.serves());
    }
}

/// [MS-IKEE] §3.4.5.1/4: message 2 has the vendor ID, if message 1 had it.
#[test]
fn message_2_has_the_vendor_id_if_message_1_had() {
    let mut main = Main::new(Role::Responder);
    assert_eq!(main.outgoing(2), []);
    main.peer_sends(&[&IKE_CGA]);
    let sent = main.outgoing(2);
    assert_eq!(sent, [OwnedPayload::new(kind::VENDOR_ID, IKE_CGA)]);
    assert_eq!(main.outgoing(4), []);
    assert_eq!(main.outgoing(6), []);
}

/// [MS-IKEE] §3.4.5.2/1: the choice of AUTH_CGA counts only with the vendor ID beside it.
#[test]
fn the_choice_in_message_2_counts_only_with_the_vendor_id() {
    let mut main = Main::new(Role::Initiator);
    assert!(main.serves(), "nothing is known of the peer yet");
    main.learn_cookie();
    assert!(!main.serves(), "it has answered without");
    main.peer_sends(&[&IKE_CGA]);
    assert!(main.serves());
}

/// [MS-IKEE] §3.4.5.4/2, §3.4.5.5/5: messages 5 and 6 have our own parameters.
#[test]
fn our_identity_holds_our_modifier_collision_count_and_extension_fields() {
    for role in [Role::Initiator, Role::Responder] {
        let payload = Main::negotiated(role).identity().unwrap();
        assert_eq!(payload.kind, kind::ID);
        let claim = Claim::parse(&payload.body).unwrap();
        let parameters = claim.complete(hex!("20010db800000000"), KEY);
        assert_eq!(&parameters, own().parameters());
        assert_eq!(verify(own().address(), &parameters), Ok(Sec::ZERO));
    }
}

/// [MS-IKEE] §3.4.5.4/3, §3.4.5.5/5: and the self-signed certificate, encoding 4.
#[test]
fn our_certificate_is_sent_as_x509_for_signatures() {
    for role in [Role::Initiator, Role::Responder] {
        let payload = Main::negotiated(role).certificate().unwrap();
        assert_eq!(payload.kind, kind::CERT);
        assert_eq!(payload.body, [&[4], CERTIFICATE].concat());
    }
}

/// [MS-IKEE] §3.4.5.5/2: another type, or less than a whole identity, fails.
#[test]
fn an_identity_of_another_type_or_too_short_is_refused() {
    let mut main = Main::negotiated(Role::Responder);
    let address = peer().address();
    let body = body_of(&peer());
    for short in 0..21 {
        let verdict = main.judge(address, &body[..short], KEY);
        assert_eq!(verdict, Trust::Reject(Malformed::Truncated.reason()));
    }
    let mut plain = vec![5, 0, 0, 0];
    plain.extend(address.octets());
    plain.extend([0; 5]);
    let verdict = main.judge(address, &plain, KEY);
    assert_eq!(verdict, Trust::Reject(Malformed::Kind.reason()));
}

/// [MS-IKEE] §3.4.5.5/3: good parameters from another address fail.
#[test]
fn a_good_identity_from_another_address_is_refused() {
    let mut main = Main::negotiated(Role::Responder);
    let body = body_of(&peer());
    assert_eq!(main.judge(peer().address(), &body, KEY), Trust::Accept);
    let verdict = main.judge(STRANGER, &body, KEY);
    assert_eq!(verdict, refused(Refusal::Hash1));
}

/// [MS-IKEE] §3.4.5.5/4, §3.4.5.6/1: a wrong modifier, collision count, key or security parameter fails in both roles.
#[test]
fn every_single_corruption_is_refused_in_both_roles() {
    let address = peer().address();
    let good = body_of(&peer());
    for role in [Role::Initiator, Role::Responder] {
        let mut main = Main::negotiated(role);
        assert_eq!(main.judge(address, &good, KEY), Trust::Accept);
        for at in 4..good.len() {
            for bit in 0..8 {
                let mut body = good.clone();
                body[at] ^= 1 << bit;
                let verdict = main.judge(address, &body, KEY);
                assert!(matches!(verdict, Trust::Reject(_)), "octet {at}, bit {bit}");
            }
        }
        let wrong_key = main.judge(address, &good, OTHER_KEY);
        assert_eq!(wrong_key, refused(Refusal::Hash1));
        // the address claims a search that was not made
        let mut octets = address.octets();
        octets[8] |= 0x20;
        let mismatch = main.judge(octets.into(), &good, KEY);
        assert_eq!(mismatch, refused(Refusal::Hash2));
    }
}

/// [MS-IKEE] §3.4.5.2/1: another method follows its own rules.
#[test]
fn other_methods_are_left_to_the_core() {
    let mut main = Main::negotiated(Role::Responder);
    let body = body_of(&peer());
    let evidence = Evidence {
        method: AuthMethod::RSA_SIGNATURE,
        peer: peer().address().into(),
        identity: &body,
        certificate: CERTIFICATE,
        public_key: KEY,
    };
    let verdict = main.rig.call(|set, cx| set.trust(cx, Rig::SA, &evidence));
    assert_eq!(verdict, Trust::NotMine);
}

/// What a peer with the extension says in addition.
fn said_by_a_peer(n: u8) -> Vec<OwnedPayload> {
    if n < 3 {
        return vec![OwnedPayload::new(kind::VENDOR_ID, IKE_CGA)];
    }
    let certificate = [&[4], CERTIFICATE].concat();
    vec![
        Claim::from(peer().parameters()).payload(),
        OwnedPayload::new(kind::CERT, certificate),
    ]
}

fn stock() -> Stock<Cga> {
    Stock {
        on: || Cga::new().with(own()),
        off: Cga::new,
        // it keeps nothing of any SA
        idle: |_| true,
        version: Version::V1,
        peer: [1, 2, 5, 6]
            .map(|n| (Stage::main_mode(n), said_by_a_peer(n)))
            .to_vec(),
    }
}

/// All messages of a main mode, ours and a peer's that sends `theirs` in each.
fn live(main: &mut Main, role: Role, theirs: &[OwnedPayload]) {
    for n in 1..=6 {
        if Stage::main_mode(n).is_request() == (role == Role::Initiator) {
            main.outgoing(n);
        } else {
            assert_eq!(main.incoming(n, theirs), Verdict::Continue);
            main.learn_cookie();
        }
    }
}

#[test]
fn silent_when_off() {
    stock().silent_when_off();
    for role in [Role::Initiator, Role::Responder] {
        let mut main = Main::of(Cga::new(), role);
        main.peer_sends(&[&IKE_CGA]);
        live(&mut main, role, &[]);
        assert!(main.sent.is_empty() && main.rig.actions.is_empty());
    }
}

#[test]
fn harmless_to_a_plain_peer() {
    stock().harmless_to_a_plain_peer();
    for role in [Role::Initiator, Role::Responder] {
        let mut main = Main::new(role);
        live(&mut main, role, &[]);
        // a vendor ID that it does not know, and nothing it has not asked for
        let expected: &[Vec<u8>] = match role {
            Role::Initiator => &[IKE_CGA.to_vec()],
            Role::Responder => &[],
        };
        assert_eq!(main.sent, expected);
        assert!(main.rig.actions.is_empty() && !main.serves());
    }
}

#[test]
fn leaves_no_row_and_no_timer() {
    stock().leaves_no_row_and_no_timer();
}

#[test]
fn survives_truncation_of_what_a_peer_says() {
    stock().survives_truncation();
    let mut main = Main::negotiated(Role::Responder);
    let payload = Claim::from(peer().parameters()).payload();
    for cut in 0..payload.body.len() {
        let mut part = payload.clone();
        part.body.truncate(cut);
        assert_eq!(main.incoming(5, &[part]), Verdict::Continue);
        let verdict = main.judge(peer().address(), &payload.body[..cut], KEY);
        assert!(matches!(verdict, Trust::Reject(_)));
    }
}
