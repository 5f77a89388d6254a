//! Floods of first messages at an IKEv1 responder with [MS-IKEE] §3.9, on the real core.

use std::time::Duration;

use ike_ext::{Extensions, Protect, Protection};
use ikee_dos::{Construction, Dos};
use ikee_tests::Packet;
use ikee_tests::net::{Net, address, config};
use ikev1::{Dropped, Event, Failure};
use isakmp_wire::v1::{Notification, NotifyType, kind};
use isakmp_wire::{ExchangeType, Message};

const ALWAYS: Protection = Protection {
    mode: Protect::Always,
    ..Protection::WINDOWS
};

fn with(protection: Protection) -> Extensions {
    Extensions::none().with(Dos::new().with_protection(protection))
}

/// The first host wants to reach the second, which takes anybody.
fn net(first: Extensions, second: Extensions) -> Net {
    Net::new(vec![
        (1, config(1, Some(2)), first),
        (2, config(2, None), second),
    ])
}

fn protected(protection: Protection) -> Net {
    net(with(Protection::WINDOWS), with(protection))
}

/// A first message with another source and initiator's cookie.
fn forged(genuine: &Packet, n: u16) -> Packet {
    let [high, low] = n.to_be_bytes();
    let mut it = genuine.clone();
    it.from = ([198, 18, high, low], 500).into();
    it.bytes[..8].copy_from_slice(&[1, 2, 3, 4, 5, 6, high, low]);
    it
}

/// The cookie that a message asks for, if it is nothing else.
fn cookie(packet: &Packet) -> Option<[u8; 8]> {
    let message = Message::parse(&packet.bytes).ok()?;
    let only = message.payloads.first(kind::NOTIFY)?;
    let notify = Notification::parse(only).ok()?;
    let fits = message.payloads.len() == 1 && notify.kind == NotifyType::NOTIFY_DOS_COOKIE;
    notify.data.try_into().ok().filter(|_| fits)
}

/// A message 1 of the first host, the answer to it, and message 3.
fn challenged(net: &mut Net) -> (Packet, Packet, Packet) {
    net.initiate(0);
    let one = net.intercept().remove(0);
    net.deliver(&one);
    let two = net.intercept().remove(0);
    net.deliver(&two);
    let three = net.intercept().remove(0);
    (one, two, three)
}

/// [MS-IKEE] §3.9.5.1, §3.9.5.2, §3.9.5.3: all four messages, and the SA that comes of them
#[test]
fn message_3_is_message_1_with_the_cookie_and_the_cookie_is_the_responders() {
    for construction in [Construction::Sha256, Construction::Windows] {
        let dos = Dos::new()
            .with_protection(ALWAYS)
            .with_construction(construction);
        let mut net = net(with(Protection::WINDOWS), Extensions::none().with(dos));
        let (one, two, three) = challenged(&mut net);
        let answer = Message::parse(&two.bytes).unwrap().header;
        assert_eq!(answer.exchange, ExchangeType::V1_INFORMATIONAL);
        let y = cookie(&two).expect("a cookie");
        assert_eq!(one.bytes[8..16], [0; 8]);
        assert_eq!(three.bytes[8..16], y);
        assert_eq!(one.bytes[..8], three.bytes[..8]);
        assert_eq!(one.bytes[16..], three.bytes[16..]);
        // nothing is kept of message 1
        assert_eq!(net.hosts[1].endpoint.sas().count(), 0);
        net.send(three);
        net.run(Duration::from_secs(5));
        net.assert_joined(0, 1);
        let fourth = &net
            .crossed
            .iter()
            .find(|(_, it)| it.bytes[16..18] == [1, 16] && it.from.ip() == address(2))
            .unwrap()
            .1;
        assert_eq!(fourth.bytes[8..16], y);
    }
}

/// [MS-IKEE] §3.9.5.1/4
#[test]
fn challenges_have_message_ids_of_their_own() {
    let mut net = protected(ALWAYS);
    net.initiate(0);
    let one = net.intercept().remove(0);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..20 {
        net.deliver(&one);
        let two = net.intercept().remove(0);
        let id = Message::parse(&two.bytes).unwrap().header.message_id;
        assert!(id != 0 && seen.insert(id));
    }
}

/// [MS-IKEE] §3.9.1, §3.9.7, note 29: 501 negotiations without an end, and nothing is kept of what comes then
#[test]
fn a_flood_from_forged_addresses_is_challenged_and_who_is_there_connects() {
    let mut net = protected(Protection::WINDOWS);
    net.initiate(0);
    let genuine = net.intercept().remove(0);
    let mut cookies = 0;
    for n in 0..5000 {
        net.deliver(&forged(&genuine, n));
        let answers = net.intercept();
        assert_eq!(answers.len(), 1);
        assert!(answers[0].bytes.len() <= genuine.bytes.len());
        cookies += usize::from(cookie(&answers[0]).is_some());
        assert!(net.hosts[1].endpoint.sas().count() <= 501);
    }
    assert_eq!(cookies, 5000 - 501);
    assert!(net.hosts[1].extension::<Dos>().is_protecting());
    net.send(genuine);
    net.run(Duration::from_secs(5));
    net.assert_joined(0, 1);
    // the unfinished go by themselves, and with them the protection
    net.run(Duration::from_secs(200));
    assert_eq!(net.hosts[1].endpoint.sas().count(), 1);
    assert_eq!(net.hosts[0].endpoint.sas().count(), 1);
    net.initiate(0);
    let first = net.intercept().remove(0);
    net.deliver(&first);
    assert_eq!(cookie(&net.intercept()[0]), None);
    assert!(!net.hosts[1].extension::<Dos>().is_protecting());
}

/// [MS-IKEE] note 29/2
#[test]
fn one_address_gets_36_and_no_more() {
    let mut net = protected(Protection::WINDOWS);
    net.initiate(0);
    let genuine = net.intercept().remove(0);
    for n in 0..100 {
        let mut it = forged(&genuine, n);
        it.from = ([198, 18, 0, 1], 500).into();
        net.deliver(&it);
    }
    assert_eq!(net.hosts[1].endpoint.sas().count(), 36);
}

/// B13: a cookie is for one address, one port, one initiator and two slices of time
#[test]
fn a_cookie_is_refused_elsewhere_and_later() {
    let mut net = protected(ALWAYS);
    let (_, _, three) = challenged(&mut net);
    let mut elsewhere = three.clone();
    elsewhere.from.set_ip([192, 0, 2, 9].into());
    let mut port = three.clone();
    port.from.set_port(501);
    let mut other_port = three.clone();
    other_port.to.set_port(4500);
    other_port.bytes.splice(0..0, [0; 4]);
    let mut initiator = three.clone();
    initiator.bytes[0] ^= 1;
    for packet in [elsewhere, port, other_port, initiator] {
        net.deliver(&packet);
        let answers = net.intercept();
        assert_eq!(answers.len(), 1);
        let other = cookie_behind_marker(&answers[0]);
        assert!(other.is_some_and(|it| it != three.bytes[8..16]));
        assert_eq!(net.hosts[1].endpoint.sas().count(), 0);
    }
    let mut guess = three.clone();
    guess.bytes[15] ^= 1;
    net.deliver(&guess);
    assert!(net.intercept().iter().all(|it| cookie(it).is_some()));
    assert_eq!(net.hosts[1].endpoint.sas().count(), 0);
    net.now = net.now + Duration::from_secs(301);
    net.deliver(&three);
    assert!(net.intercept().iter().any(|it| cookie(it).is_some()));
    assert_eq!(net.hosts[1].endpoint.sas().count(), 0);
}

fn cookie_behind_marker(packet: &Packet) -> Option<[u8; 8]> {
    let mut plain = packet.clone();
    if packet.from.port() == 4500 {
        plain.bytes.drain(..4);
    }
    let found = cookie(&plain);
    assert!(found.is_some(), "{packet:?}");
    found
}

/// B13: the cookie of an SA that stands is no answer to a challenge
#[test]
fn a_real_responders_cookie_opens_nothing_else() {
    let mut net = protected(ALWAYS);
    let (one, _, three) = challenged(&mut net);
    let cookie = three.bytes[8..16].to_vec();
    net.send(three);
    net.run(Duration::from_secs(5));
    net.assert_joined(0, 1);
    net.crossed.clear();
    let mut stranger = forged(&one, 7);
    stranger.bytes[8..16].copy_from_slice(&cookie);
    net.deliver(&stranger);
    assert_eq!(net.hosts[1].endpoint.sas().count(), 1);
    assert_eq!(net.hosts[1].established().count(), 1);
}

/// [MS-IKEE] §3.9.5.1/1, §3.9.5.1/8, §3.5.5.1/5
#[test]
fn a_malformed_message_1_gets_no_word() {
    let mut net = protected(ALWAYS);
    net.initiate(0);
    let genuine = net.intercept().remove(0);
    for cut in 0..genuine.bytes.len() {
        let mut short = genuine.clone();
        short.bytes.truncate(cut);
        net.deliver(&short);
        assert_eq!(net.intercept(), []);
    }
    assert_eq!(net.hosts[1].endpoint.sas().count(), 0);
}

/// [MS-IKEE] §3.9.5.3/6
#[test]
fn messages_of_no_negotiation_get_no_word() {
    let mut net = protected(ALWAYS);
    let (one, _, _) = challenged(&mut net);
    for exchange in [5, 32, 6] {
        let mut it = forged(&one, 3);
        it.bytes[8..16].fill(9);
        it.bytes[18] = exchange;
        it.bytes[20..24].fill(7);
        net.deliver(&it);
        assert_eq!(net.intercept(), []);
    }
    assert_eq!(net.hosts[1].endpoint.sas().count(), 0);
}

/// A peer without the extension cannot connect while there is a flood, and takes no harm.
#[test]
fn a_plain_initiator_takes_a_cookie_for_a_hint() {
    let mut net = net(Extensions::none(), with(ALWAYS));
    net.initiate(0);
    net.run(Duration::from_secs(200));
    assert_eq!(net.hosts[1].endpoint.sas().count(), 0);
    assert_eq!(net.hosts[0].endpoint.sas().count(), 0);
    let timed_out = |it: &Event| {
        matches!(
            it,
            Event::Failed {
                failure: Failure::Timeout(Some(NotifyType::NOTIFY_DOS_COOKIE)),
                ..
            } | Event::Failed {
                failure: Failure::Timeout(None),
                ..
            }
        )
    };
    assert_eq!(net.hosts[0].count(timed_out), 1);
}

/// [MS-IKEE] §3.9.5.2/4: our bound on forged cookies
#[test]
fn an_initiator_does_not_follow_cookies_without_end() {
    let mut net = protected(ALWAYS);
    net.initiate(0);
    let one = net.intercept().remove(0);
    net.deliver(&one);
    let two = net.intercept().remove(0);
    let mut sent = 0;
    for n in 0..100 {
        let mut other = two.clone();
        let last = other.bytes.len() - 1;
        other.bytes[last] = n;
        other.bytes[23] ^= n;
        net.deliver(&other);
        sent += net.intercept().len();
    }
    assert_eq!(sent, 3);
    let refused = |it: &Dropped| matches!(it, Dropped::Extension(_));
    assert_eq!(net.hosts[0].dropped().filter(refused).count(), 97);
}

/// RFC 7296 §2.6: the same numbers are IKEv2's
#[test]
fn ikev2_takes_the_same_thresholds() {
    assert_eq!(ikev2::Limits::default().protection, Protection::WINDOWS);
}
