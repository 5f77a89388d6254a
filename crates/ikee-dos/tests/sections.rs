//! [MS-IKEE] §2.2.6, §3.9 and its notes: one test for each requirement, by its number in the ledger.

use std::net::SocketAddr;
use std::time::Duration;

use ike_ext::kit::{Rig, Stock};
use ike_ext::{
    Action, Admission, Draft, Inbound, Lifecycle, Protect, Protection, Role, Stage, Verdict,
};
use ikee_dos::{Claim, Construction, Dos, Jar};
use ipsec_doi::HashId;
use isakmp_wire::v1::{Doi, Notification, NotifyType, ProtocolId, kind};
use isakmp_wire::{
    ChainWriter, Encode, ExchangeType, Flags, Header, OwnedPayload, PayloadChain, Spi, Version,
};

const ALWAYS: Protection = Protection {
    mode: Protect::Always,
    ..Protection::WINDOWS
};
const NEVER: Protection = Protection {
    mode: Protect::Never,
    ..Protection::WINDOWS
};
/// An SA payload: the situation, one proposal, one transform without attributes.
const SA: [u8; 24] = [
    0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 16, 1, 1, 0, 1, 0, 0, 0, 8, 1, 1, 0, 0,
];
const INITIATOR: Spi = Spi::new([1, 2, 3, 4, 5, 6, 7, 8]);

fn peer() -> SocketAddr {
    ([192, 0, 2, 2], 500).into()
}

fn local() -> SocketAddr {
    ([192, 0, 2, 1], 500).into()
}

fn rig(dos: Dos, role: Role) -> Rig {
    Rig::of(Version::V1, dos, role)
}

fn protecting() -> Rig {
    rig(Dos::new().with_protection(ALWAYS), Role::Responder)
}

/// A message on its way, all of which a test may change.
#[derive(Clone)]
struct Packet {
    stage: Stage,
    from: SocketAddr,
    to: SocketAddr,
    responder: Spi,
    payloads: Vec<OwnedPayload>,
}

/// Message 1, or message 3 with this cookie.
fn first(responder: Spi) -> Packet {
    Packet {
        stage: Stage::main_mode(1),
        from: peer(),
        to: local(),
        responder,
        payloads: vec![OwnedPayload::new(kind::SA, SA)],
    }
}

impl Packet {
    fn shown<T>(&self, then: impl FnOnce(&Inbound<'_>) -> T) -> T {
        let mut bytes = Vec::new();
        let mut writer = ChainWriter::begin(&mut bytes);
        for payload in &self.payloads {
            writer.owned(payload);
        }
        let next = writer.finish();
        let chain = PayloadChain::parse(next, &bytes, Header::LEN).unwrap();
        let header = Header {
            initiator: INITIATOR,
            responder: self.responder,
            next,
            version: Version::V1,
            exchange: self.stage.exchange,
            flags: Flags::NONE,
            message_id: 0,
            length: 0,
        };
        then(&Inbound::new(self.stage, self.from, header, false, chain).to(self.to))
    }
}

fn admit(rig: &mut Rig, packet: &Packet) -> Admission {
    packet.shown(|it| rig.call(|set, cx| set.admit(cx, it)))
}

fn hear(rig: &mut Rig, packet: &Packet) -> Verdict {
    packet.shown(|it| rig.call(|set, cx| set.incoming(cx, Rig::SA, it)))
}

fn cookie_of(admission: &Admission) -> Option<Spi> {
    let Admission::Challenge(payload) = admission else {
        return None;
    };
    let raw = isakmp_wire::RawPayload::new(payload.kind, &payload.body);
    let data: [u8; 8] = Notification::parse(raw).unwrap().data.try_into().unwrap();
    Some(Spi::new(data))
}

/// The cookie for a message 1.
fn challenge(rig: &mut Rig) -> Spi {
    let asked = admit(rig, &first(Spi::ZERO));
    cookie_of(&asked).expect("a challenge")
}

fn notify(kind_of: NotifyType, data: &[u8]) -> OwnedPayload {
    let mut body = Vec::new();
    Notification {
        doi: Doi::IPSEC,
        protocol: ProtocolId::ISAKMP,
        spi: &[],
        kind: kind_of,
        data,
    }
    .encode(&mut body);
    OwnedPayload::new(kind::NOTIFY, body)
}

/// An informational message in clear.
fn informational(payloads: Vec<OwnedPayload>) -> Packet {
    Packet {
        stage: Stage::new(ExchangeType::V1_INFORMATIONAL, 1),
        payloads,
        ..first(Spi::ZERO)
    }
}

/// Composes message `n` of ours; the responder's cookie in its header, and its payloads.
fn compose(rig: &mut Rig, n: u8) -> (Spi, Vec<OwnedPayload>) {
    let mut payloads = vec![OwnedPayload::new(kind::SA, SA)];
    let mut responder = Spi::ZERO;
    let stage = Stage::main_mode(n);
    let mut draft = Draft::new(Version::V1, stage, 0, &mut payloads, &mut responder);
    rig.call(|set, cx| set.outgoing(cx, Rig::SA, &mut draft));
    (responder, payloads)
}

fn initiator() -> Rig {
    let mut rig = rig(Dos::new(), Role::Initiator);
    compose(&mut rig, 1);
    rig
}

/// [MS-IKEE] §2.2.6/8
#[test]
fn a_cookie_never_carries_a_message_id() {
    let mut rig = protecting();
    let microsoft = isakmp_wire::vendor_id::MS_NT5_ISAKMPOAKLEY;
    let mut packet = first(Spi::ZERO);
    packet
        .payloads
        .push(OwnedPayload::new(kind::VENDOR_ID, microsoft));
    let Admission::Challenge(payload) = admit(&mut rig, &packet) else {
        panic!("no challenge");
    };
    // DOI, protocol, SPI size, type: 8 octets
    assert_eq!((payload.body.len(), payload.body[5]), (16, 0));
}

/// [MS-IKEE] §2.2.6/13
#[test]
fn only_eight_octets_are_a_cookie() {
    for length in 0..=17 {
        let mut rig = initiator();
        let data = notify(NotifyType::NOTIFY_DOS_COOKIE, &[7; 17][..length]);
        let verdict = hear(&mut rig, &informational(vec![data]));
        let taken = verdict == Verdict::Consume;
        assert_eq!(taken, length == 8, "{length}");
        assert_eq!(rig.actions.len(), usize::from(taken));
    }
}

/// [MS-IKEE] §3.9.1/1
#[test]
fn the_mode_can_be_seen() {
    let mut rig = rig(Dos::new(), Role::Responder);
    let on = |rig: &Rig| rig.set.get::<Dos>().unwrap().is_protecting();
    assert!(!on(&rig));
    rig.host.half_open = 501;
    admit(&mut rig, &first(Spi::ZERO));
    assert!(on(&rig));
}

/// [MS-IKEE] §3.9.1/2
#[test]
fn nothing_is_kept_of_who_is_challenged() {
    let mut rig = protecting();
    for n in 0..10_000_u16 {
        let mut packet = first(Spi::ZERO);
        packet.from = ([198, 18, n.to_be_bytes()[0], n.to_be_bytes()[1]], 500).into();
        assert!(cookie_of(&admit(&mut rig, &packet)).is_some());
    }
    assert!(rig.set.get::<Dos>().unwrap().is_idle());
    assert_eq!((rig.set.next_timeout(), rig.actions.len()), (None, 0));
}

/// [MS-IKEE] §3.9.5.1/1
#[test]
fn what_is_no_message_1_gets_no_cookie() {
    let mut broken = first(Spi::ZERO);
    broken.payloads = vec![OwnedPayload::new(kind::SA, &SA[..10])];
    let mut without = first(Spi::ZERO);
    without.payloads = vec![OwnedPayload::new(kind::NONCE, [0; 16])];
    let mut aggressive = first(Spi::ZERO);
    aggressive.stage = Stage::new(ExchangeType::AGGRESSIVE, 1);
    for packet in [broken, without, aggressive] {
        assert_eq!(admit(&mut protecting(), &packet), Admission::Refuse);
    }
}

/// [MS-IKEE] §3.9.5.1/2
#[test]
fn a_sound_message_1_is_answered_with_a_cookie() {
    let asked = admit(&mut protecting(), &first(Spi::ZERO));
    assert!(matches!(asked, Admission::Challenge(_)));
}

/// [MS-IKEE] §3.9.5.1/3
#[test]
fn the_answer_is_one_notification() {
    let Admission::Challenge(payload) = admit(&mut protecting(), &first(Spi::ZERO)) else {
        panic!("no challenge");
    };
    assert_eq!(payload.kind.get(), 11);
}

/// [MS-IKEE] §3.9.5.1/5
#[test]
fn its_type_is_9c44() {
    let Admission::Challenge(payload) = admit(&mut protecting(), &first(Spi::ZERO)) else {
        panic!("no challenge");
    };
    assert_eq!(payload.body[..8], [0, 0, 0, 1, 1, 0, 0x9c, 0x44]);
}

/// [MS-IKEE] §3.9.5.1/6
#[test]
fn its_data_are_eight_octets() {
    let cookie = challenge(&mut protecting());
    assert_eq!(cookie.as_bytes().len(), 8);
    assert!(!cookie.is_zero());
}

/// [MS-IKEE] §3.9.5.1/7
#[test]
fn the_same_message_1_gets_the_same_cookie_in_one_slice() {
    let mut rig = protecting();
    let cookie = challenge(&mut rig);
    rig.advance(Duration::from_secs(149));
    assert_eq!(challenge(&mut rig), cookie);
}

/// [MS-IKEE] §3.9.5.1/8
#[test]
fn message_1_is_forgotten() {
    let mut rig = protecting();
    challenge(&mut rig);
    assert!(rig.set.get::<Dos>().unwrap().is_idle());
}

/// [MS-IKEE] §3.9.5.2/1
#[test]
fn a_cookie_without_a_negotiation_leads_to_nothing() {
    let mut rig = rig(Dos::new(), Role::Initiator);
    let cookie = notify(NotifyType::NOTIFY_DOS_COOKIE, &[7; 8]);
    let verdict = hear(&mut rig, &informational(vec![cookie]));
    assert_eq!((verdict, rig.actions.len()), (Verdict::Continue, 0));
    assert!(rig.set.get::<Dos>().unwrap().is_idle());
}

/// [MS-IKEE] §3.9.5.2/2
#[test]
fn only_a_lone_cookie_is_taken_and_its_value_is_not_judged() {
    let cookie = |octet| notify(NotifyType::NOTIFY_DOS_COOKIE, &[octet; 8]);
    for octet in [0, 1, 0xff] {
        let mut rig = initiator();
        assert_eq!(
            hear(&mut rig, &informational(vec![cookie(octet)])),
            Verdict::Consume
        );
    }
    let other = notify(NotifyType::NOTIFY_STATUS, &[7; 8]);
    for payloads in [
        vec![cookie(1), cookie(1)],
        vec![other.clone()],
        vec![other, cookie(1)],
        vec![],
    ] {
        let mut rig = initiator();
        assert_eq!(hear(&mut rig, &informational(payloads)), Verdict::Continue);
        assert_eq!(rig.actions, []);
    }
}

/// [MS-IKEE] §3.9.5.2/3
#[test]
fn message_3_is_message_1_with_the_cookie() {
    let mut rig = initiator();
    let (none, before) = compose(&mut rig, 1);
    let cookie = notify(NotifyType::NOTIFY_DOS_COOKIE, &[7; 8]);
    hear(&mut rig, &informational(vec![cookie]));
    assert_eq!(rig.actions, [Action::Recompose(Rig::SA)]);
    let (responder, after) = compose(&mut rig, 1);
    assert_eq!((none, responder), (Spi::ZERO, Spi::new([7; 8])));
    assert_eq!(before, after);
}

/// [MS-IKEE] §3.9.5.2/4
#[test]
fn an_ordinary_message_2_goes_on_and_cookies_are_over() {
    let mut rig = initiator();
    let mut second = first(Spi::new([9; 8]));
    second.stage = Stage::main_mode(2);
    assert_eq!(hear(&mut rig, &second), Verdict::Continue);
    let (responder, _) = compose(&mut rig, 3);
    assert_eq!(responder, Spi::ZERO);
    let cookie = notify(NotifyType::NOTIFY_DOS_COOKIE, &[7; 8]);
    let late = hear(&mut rig, &informational(vec![cookie]));
    assert!(matches!(late, Verdict::Discard(_)));
    assert_eq!(rig.actions, []);
}

/// [MS-IKEE] §3.9.5.2/4: our bound
#[test]
fn whoever_forges_cookies_does_not_make_us_spin() {
    let mut rig = initiator();
    for n in 0..100_u8 {
        let cookie = notify(NotifyType::NOTIFY_DOS_COOKIE, &[n; 8]);
        hear(&mut rig, &informational(vec![cookie]));
    }
    assert_eq!(rig.actions.len(), 3);
}

/// [MS-IKEE] §3.9.5.3/1
#[test]
fn a_cookie_does_not_make_a_broken_message_right() {
    let mut rig = protecting();
    challenge(&mut rig);
    let mut broken = first(Spi::new([1; 8]));
    broken.payloads = vec![OwnedPayload::new(kind::SA, &SA[..10])];
    assert_eq!(admit(&mut rig, &broken), Admission::Refuse);
}

/// [MS-IKEE] §3.9.5.3/2
#[test]
fn only_the_cookie_for_this_path_and_initiator_is_right() {
    let mut rig = protecting();
    let cookie = challenge(&mut rig);
    assert_eq!(admit(&mut rig, &first(cookie)), Admission::Proven);
    let mut flipped = *cookie.as_bytes();
    flipped[7] ^= 1;
    let elsewhere = |from: ([u8; 4], u16), to: ([u8; 4], u16)| Packet {
        from: from.into(),
        to: to.into(),
        ..first(cookie)
    };
    for other in [
        first(Spi::new(flipped)),
        elsewhere(([192, 0, 2, 3], 500), ([192, 0, 2, 1], 500)),
        elsewhere(([192, 0, 2, 2], 501), ([192, 0, 2, 1], 500)),
        elsewhere(([192, 0, 2, 2], 500), ([192, 0, 2, 9], 500)),
        elsewhere(([192, 0, 2, 2], 500), ([192, 0, 2, 1], 4501)),
    ] {
        let again = admit(&mut rig, &other);
        assert!(cookie_of(&again).is_some(), "{again:?}");
    }
}

/// [MS-IKEE] §3.9.5.3/3
#[test]
fn the_right_cookie_opens_the_negotiation_even_if_the_flood_is_over() {
    let mut rig = rig(Dos::new(), Role::Responder);
    rig.host.half_open = 501;
    let limits = Protection {
        per_address: 1000,
        ..Protection::WINDOWS
    };
    rig.set = ike_ext::Extensions::none().with(Dos::new().with_protection(limits));
    let cookie = challenge(&mut rig);
    rig.host.half_open = 0;
    assert_eq!(admit(&mut rig, &first(Spi::ZERO)), Admission::Admit);
    assert_eq!(admit(&mut rig, &first(cookie)), Admission::Proven);
}

/// [MS-IKEE] §3.9.5.3/4
#[test]
fn an_old_cookie_gets_a_new_one() {
    let mut rig = protecting();
    let cookie = challenge(&mut rig);
    rig.advance(Duration::from_secs(301));
    let again = cookie_of(&admit(&mut rig, &first(cookie)));
    assert!(again.is_some_and(|it| it != cookie));
}

/// [MS-IKEE] §3.9.5.3/5
#[test]
fn later_messages_pass_the_same_check_until_the_negotiation_is_complete() {
    let mut rig = protecting();
    let cookie = challenge(&mut rig);
    assert_eq!(hear(&mut rig, &first(cookie)), Verdict::Continue);
    let later = |n, from: [u8; 4], cookie| Packet {
        stage: Stage::main_mode(n),
        from: (from, 4500).into(),
        ..first(cookie)
    };
    for n in [3, 5] {
        let right = later(n, [192, 0, 2, 2], cookie);
        assert_eq!(hear(&mut rig, &right), Verdict::Continue);
        for wrong in [
            later(n, [192, 0, 2, 3], cookie),
            later(n, [192, 0, 2, 2], Spi::new([9; 8])),
        ] {
            assert!(matches!(hear(&mut rig, &wrong), Verdict::Discard(_)));
        }
    }
    rig.advance(Duration::from_secs(301));
    let old = later(5, [192, 0, 2, 2], cookie);
    assert!(matches!(hear(&mut rig, &old), Verdict::Discard(_)));
    rig.lifecycle(Lifecycle::Established);
    assert_eq!(hear(&mut rig, &old), Verdict::Continue);
}

/// [MS-IKEE] §3.9.5.3/6
#[test]
fn a_message_of_no_negotiation_is_no_message_1() {
    let mut quick = first(Spi::new([9; 8]));
    quick.stage = Stage::new(ExchangeType::QUICK_MODE, 1);
    assert_eq!(admit(&mut protecting(), &quick), Admission::Refuse);
    let mut late = first(Spi::new([9; 8]));
    late.stage = Stage::main_mode(3);
    assert_eq!(admit(&mut protecting(), &late), Admission::Refuse);
}

/// [MS-IKEE] §3.9.7/1, note 29/1, note 29/3
#[test]
fn the_mode_goes_on_above_one_number_and_off_below_another() {
    let limits = Protection {
        per_address: usize::MAX,
        ..Protection::WINDOWS
    };
    let mut rig = rig(Dos::new().with_protection(limits), Role::Responder);
    let mut asks = |half_open| {
        rig.host.half_open = half_open;
        cookie_of(&admit(&mut rig, &first(Spi::ZERO))).is_some()
    };
    assert!(!asks(500));
    assert!(asks(501));
    assert!(asks(100));
    assert!(!asks(99));
}

/// [MS-IKEE] note 27/1, note 27/3
#[test]
fn cookies_are_those_of_the_vectors() {
    let claim = |peer: &str, local: &str| Claim {
        initiator: INITIATOR,
        peer: peer.parse().unwrap(),
        local: local.parse().unwrap(),
    };
    let v4 = claim("192.0.2.1:500", "192.0.2.2:500");
    let v6 = claim("[2001:db8::1]:500", "[2001:db8::2]:4500");
    // computed with Python's hashlib
    for (construction, claim, expected) in [
        (Construction::Windows, v4, 0xcc63_42c8_6e04_e978_u64),
        (Construction::Sha256, v4, 0x63b1_c147_ff20_6771),
        (Construction::Windows, v6, 0xcbcd_2087_9d12_79b4),
        (Construction::Sha256, v6, 0xe054_2637_9579_5986),
    ] {
        let jar = Jar::new(construction, |key| {
            for (octet, n) in key.iter_mut().zip(0..) {
                *octet = n;
            }
        });
        let cookie = jar.make(&claim, Duration::from_secs(300), digest).unwrap();
        assert_eq!(u64::from_be_bytes(cookie), expected, "{construction:?}");
        let other = Claim {
            local: SocketAddr::new(claim.local.ip(), 501),
            ..claim
        };
        assert_ne!(
            jar.make(&other, Duration::from_secs(300), digest),
            Some(cookie)
        );
    }
}

fn digest(id: HashId, parts: &[&[u8]], out: &mut [u8]) -> usize {
    use sha1::Digest;
    let all = parts.concat();
    let whole = match id {
        HashId::SHA1 => sha1::Sha1::digest(&all).to_vec(),
        HashId::SHA2_256 => sha2::Sha256::digest(&all).to_vec(),
        _ => return 0,
    };
    out.copy_from_slice(&whole[..out.len()]);
    out.len()
}

/// [MS-IKEE] note 27/2
#[test]
fn the_slice_turns_at_exact_multiples() {
    let jar = Jar::new(Construction::Sha256, |key| key.fill(1));
    let claim = Claim {
        initiator: INITIATOR,
        peer: peer(),
        local: local(),
    };
    let at = |seconds| jar.make(&claim, Duration::from_secs(seconds), digest);
    assert_eq!(at(300), at(449));
    assert_ne!(at(449), at(450));
    assert_ne!(at(299), at(300));
}

/// [MS-IKEE] note 28/1
#[test]
fn a_cookie_is_right_in_its_slice_and_in_the_next() {
    let jar = Jar::new(Construction::Sha256, |key| key.fill(1));
    let claim = Claim {
        initiator: INITIATOR,
        peer: peer(),
        local: local(),
    };
    let at = Duration::from_secs;
    let cookie = Spi::new(jar.make(&claim, at(150), digest).unwrap());
    let valid = |seconds| jar.check(cookie, &claim, at(seconds), digest);
    assert!(valid(150) && valid(299) && valid(300) && valid(449));
    assert!(!valid(450) && !valid(149) && !valid(100_000));
    assert!(!jar.check(Spi::ZERO, &claim, at(150), digest));
}

/// [MS-IKEE] note 29/2
#[test]
fn an_address_with_more_than_35_begins_no_more() {
    let mut rig = rig(Dos::new(), Role::Responder);
    rig.host.half_open = 35;
    assert_eq!(admit(&mut rig, &first(Spi::ZERO)), Admission::Admit);
    rig.host.half_open = 36;
    assert_eq!(admit(&mut rig, &first(Spi::ZERO)), Admission::Refuse);
}

/// [MS-IKEE] note 29/4
#[test]
fn the_mode_may_be_off_and_on_for_good() {
    let mut never = rig(Dos::new().with_protection(NEVER), Role::Responder);
    never.host.half_open = 100_000;
    assert_eq!(admit(&mut never, &first(Spi::ZERO)), Admission::Admit);
    let mut always = protecting();
    assert!(cookie_of(&admit(&mut always, &first(Spi::ZERO))).is_some());
}

/// RFC 7296 §2.6: IKEv2 has its own cookies
#[test]
fn ikev2_is_left_to_its_core() {
    let mut rig = protecting();
    let packet = first(Spi::ZERO);
    let admission = packet.shown(|it| {
        let mut v2 = *it;
        v2.header.version = Version::V2;
        rig.call(|set, cx| set.admit(cx, &v2))
    });
    assert_eq!(admission, Admission::Admit);
}

fn stock() -> Stock<Dos> {
    Stock {
        version: Version::V1,
        on: || Dos::new().with_protection(ALWAYS),
        off: || Dos::new().with_protection(NEVER).responder_only(),
        idle: Dos::is_idle,
        peer: vec![(
            Stage::new(ExchangeType::V1_INFORMATIONAL, 1),
            vec![OwnedPayload::new(kind::VENDOR_ID, [1; 16])],
        )],
    }
}

#[test]
fn it_is_silent_when_off() {
    stock().silent_when_off();
}

#[test]
fn it_is_harmless_to_a_plain_peer() {
    stock().harmless_to_a_plain_peer();
}

#[test]
fn it_leaves_no_row_and_no_timer() {
    stock().leaves_no_row_and_no_timer();
}

#[test]
fn it_survives_truncation() {
    stock().survives_truncation();
}
