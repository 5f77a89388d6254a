//! Cookies against floods (RFC 7296 §2.6).

use std::time::Duration;

use ikee_tests::{Packet, Setup, Side};
use ikev2::{Dropped, Failure, Misbehaviour};
use isakmp_wire::Message;
use isakmp_wire::v2::{NotifyType, kind};

fn wary() -> Setup {
    let mut setup = Setup::new();
    setup.b.config.limits.protection.mode = ike_ext::Protect::Always;
    setup
}

/// RFC 7296 §2.6.
#[test]
fn a_wary_responder_keeps_nothing_before_it_has_seen_its_cookie() {
    let mut pair = wary().build();
    pair.initiate(Side::A).expect("a negotiation");
    pair.step(pair.now + Duration::from_secs(1));
    assert_eq!(pair.sent_by(Side::B).len(), 1);
    assert_eq!(pair.b.endpoint.sas().count(), 0);
    assert_eq!(pair.b.endpoint.next_timeout(), None);
    pair.settle();
    assert!(pair.a.is_established() && pair.b.is_established());
    let sent = pair.sent_by(Side::A);
    assert_eq!(sent[1].kinds()[0], kind::NOTIFY);
    assert_eq!(sent[1].notifies()[0].0, NotifyType::COOKIE);
    let cookie = pair.sent_by(Side::B)[0].notifies()[0].1.clone();
    assert_eq!(sent[1].notifies()[0].1, cookie);
    // everything else is as before
    assert_eq!(sent[0].payloads, sent[1].payloads[1..]);
}

#[test]
fn both_may_be_wary() {
    let mut setup = wary();
    setup.a.config.limits.protection.mode = ike_ext::Protect::Always;
    let mut pair = setup.build();
    pair.initiate(Side::A).expect("a negotiation");
    pair.initiate(Side::B).expect("a negotiation");
    pair.settle();
    assert_eq!(pair.a.established().count(), 2);
}

#[test]
fn a_flood_from_nowhere_leaves_a_wary_responder_empty() {
    let mut pair = wary().build();
    pair.initiate(Side::A).expect("a negotiation");
    let genuine = pair.link.clear().remove(0);
    for n in 0..500_u16 {
        let mut forged = genuine.clone();
        forged.from = ([198, 51, 100, n.to_be_bytes()[1]], 1000 + n).into();
        forged.bytes[..2].copy_from_slice(&n.to_be_bytes());
        pair.deliver(&forged);
    }
    assert_eq!(pair.b.endpoint.sas().count(), 0);
    let answers = pair
        .link
        .crossed
        .iter()
        .filter(|it| it.packet.from.ip() == pair.b.address);
    // no more goes out than came in
    assert!(answers.clone().count() <= 500);
    assert!(
        answers
            .clone()
            .all(|it| it.packet.bytes.len() < genuine.bytes.len())
    );
    pair.link.clear();
    pair.settle();
    assert!(pair.a.is_established() && pair.b.is_established());
}

#[test]
fn a_cookie_for_another_address_or_port_is_none() {
    let mut pair = wary().build();
    pair.initiate(Side::A).expect("a negotiation");
    pair.step(pair.now + Duration::from_secs(1));
    pair.step(pair.now + Duration::from_secs(1));
    let mut with_cookie = pair.link.clear().remove(0);
    with_cookie.from.set_port(501);
    pair.deliver(&with_cookie);
    assert_eq!(pair.b.endpoint.sas().count(), 0);
    with_cookie.from = ([192, 0, 2, 3], 500).into();
    pair.deliver(&with_cookie);
    assert_eq!(pair.b.endpoint.sas().count(), 0);
}

#[test]
fn a_cookie_outlives_one_change_of_the_secret_and_not_two() {
    let minutes = |n: u64| Duration::from_secs(60 * n);
    for (wait, valid) in [(minutes(3), true), (minutes(11), false)] {
        let mut pair = wary().build();
        pair.run(minutes(4));
        pair.initiate(Side::A).expect("a negotiation");
        pair.step(pair.now + Duration::from_secs(1));
        pair.step(pair.now + Duration::from_secs(1));
        let with_cookie = pair.link.clear().remove(0);
        pair.now = pair.now + wait;
        pair.deliver(&with_cookie);
        assert_eq!(pair.b.endpoint.sas().count(), usize::from(valid));
    }
}

/// RFC 7296 §2.6, §2.21.1: whoever forges cookies cannot make us spin, nor end the negotiation.
#[test]
fn cookies_without_end_are_not_humoured() {
    let mut pair = wary().build();
    let mut n = 0;
    pair.link.meddler = Some(Box::new(move |mut packet: Packet| {
        let message = Message::parse(&packet.bytes).expect("a message");
        if message.payloads.len() == 1 {
            n += 1;
            *packet.bytes.last_mut().expect("octets") = n;
        }
        vec![packet]
    }));
    pair.connect();
    let sent = pair.sent_by(Side::A);
    let different = sent
        .iter()
        .enumerate()
        .filter(|(i, it)| !sent[..*i].contains(it));
    assert!(different.count() <= 5);
    assert_eq!(
        *pair.a.failure(),
        Failure::Misbehaved(Misbehaviour::EndlessRetry)
    );
    assert!(pair.now.as_duration() > Duration::from_secs(60));
    pair.shut_down();
    pair.assert_empty();
}

#[test]
fn half_open_sas_are_bounded_in_all_and_per_address() {
    let mut setup = Setup::new();
    setup.b.config.limits.protection.on = 1000;
    setup.b.config.limits.protection.per_address = 3;
    setup.b.config.limits.half_open = 10;
    setup.b.connection().remote = None;
    let mut pair = setup.build();
    pair.initiate(Side::A).expect("a negotiation");
    let genuine = pair.link.clear().remove(0);
    for n in 0..40_u8 {
        let mut forged = genuine.clone();
        forged.from = ([198, 51, 100, n % 8], 500).into();
        forged.bytes[0] = n;
        pair.deliver(&forged);
    }
    assert_eq!(pair.b.endpoint.sas().count(), 10);
    let limited = pair.b.dropped().filter(|it| *it == Dropped::HalfOpenLimit);
    assert_eq!(limited.count(), 30);
    pair.run(Duration::from_secs(61));
    assert_eq!(pair.b.endpoint.sas().count(), 0);
    pair.shut_down();
    pair.assert_empty();
}
