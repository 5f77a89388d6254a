//! RFC 7296 §2.1 to §2.4: retransmission, message IDs, windows, liveness.

use std::time::Duration;

use ikee_tests::wire::Forged;
use ikee_tests::{Setup, Side};
use ikev2::Dropped;
use isakmp_wire::ExchangeType;

use super::{answer_to, ask, connected, informational};

/// RFC 7296 §2.1: a responder repeats its answer when it is asked again, and never by itself.
#[test]
fn a_responder_repeats_its_answer_only_when_asked() {
    let mut pair = Setup::new().build();
    let request = super::first_request(&mut pair);
    pair.link.conditions.loss = [0, 1000];
    pair.deliver(&request);
    let first = pair.link.crossed.last().expect("an answer").clone();
    pair.link.conditions.loss = [1000, 1000];
    pair.run(Duration::from_secs(30));
    let by_b = |pair: &ikee_tests::Pair| {
        let all = pair.link.crossed.iter();
        all.filter(|it| it.packet.from.ip() == pair.b.address)
            .count()
    };
    assert_eq!(by_b(&pair), 1);
    pair.deliver(&request);
    assert_eq!(
        pair.link.crossed.last().expect("an answer").packet,
        first.packet
    );
    assert_eq!(by_b(&pair), 2);
}

/// RFC 7296 §2.1: once it is over, the first exchange is not answered again.
#[test]
fn a_stale_first_request_opens_nothing_while_its_sa_lives() {
    let mut pair = connected();
    let request = pair.link.crossed[0].packet.bytes.clone();
    assert_eq!(answer_to(&mut pair, request), None);
    assert!(pair.b.is_established());
}

/// RFC 7296 §2.2: 0 for the first exchange, 1 for the second, then each side counts its own requests.
#[test]
fn each_side_counts_its_own_requests() {
    let mut pair = connected();
    for side in [Side::A, Side::A, Side::B, Side::B] {
        pair.probe(side);
        pair.settle();
    }
    let ids = |side| {
        let sent = pair.sent_by(side).into_iter();
        let requests = sent.filter(|it| !it.is_response());
        requests.map(|it| it.header.message_id).collect::<Vec<_>>()
    };
    assert_eq!(ids(Side::A), [0, 1, 2, 3]);
    assert_eq!(ids(Side::B), [0, 1]);
}

/// RFC 7296 §2.2: an authentic request that was answered brings the same answer again, without being carried out again.
#[test]
fn a_repeated_request_has_the_same_answer_and_no_other_effect() {
    let mut pair = connected();
    let bytes = pair.forge(Side::A, &informational(2), &[]);
    let first = answer_to(&mut pair, bytes.clone()).expect("an answer");
    assert_eq!(answer_to(&mut pair, bytes), Some(first));
    assert!(ask(&mut pair, informational(3), &[]).is_some());
}

/// RFC 7296 §2.3: a request outside the window, before or behind, is not answered.
#[test]
fn requests_outside_the_window_are_ignored() {
    let mut pair = connected();
    for id in [0, 3, 4, 1000, u32::MAX] {
        assert_eq!(ask(&mut pair, informational(id), &[]), None, "{id}");
    }
    assert!(pair.b.dropped().all(|it| it == Dropped::MessageId));
    assert!(ask(&mut pair, informational(2), &[]).is_some());
}

/// RFC 7296 §2.2, §2.3: one request is under way at a time; a second waits for the first one's answer.
#[test]
fn a_second_request_waits_for_the_answer_to_the_first() {
    let mut pair = connected();
    let before = pair.link.crossed.len();
    pair.probe(Side::A);
    pair.probe(Side::A);
    assert_eq!(pair.link.crossed.len(), before + 1);
    pair.settle();
    assert_eq!(pair.link.crossed.len(), before + 4);
}

/// RFC 7296 §2.2: an answer to nothing, or to another exchange, is ignored.
#[test]
fn answers_that_nobody_awaits_are_ignored() {
    let mut pair = connected();
    let deliver_to_a = |pair: &mut ikee_tests::Pair, forged: Forged| {
        let bytes = pair.forge(Side::B, &forged, &[]);
        let packet = ikee_tests::Packet {
            from: pair.b.socket(),
            to: pair.a.socket(),
            bytes,
        };
        pair.deliver(&packet);
    };
    deliver_to_a(&mut pair, Forged::response(ExchangeType::INFORMATIONAL, 2));
    deliver_to_a(&mut pair, Forged::response(ExchangeType::IKE_AUTH, 1));
    pair.probe(Side::A);
    deliver_to_a(
        &mut pair,
        Forged::response(ExchangeType::CREATE_CHILD_SA, 2),
    );
    assert_eq!(pair.a.dropped().count(), 3);
    assert!(pair.a.is_established());
    pair.settle();
    pair.probe(Side::A);
    pair.settle();
    assert!(pair.a.is_established() && pair.b.is_established());
}

/// RFC 7296 §2.4: any fresh message of the peer postpones the question whether it lives.
#[test]
fn a_peer_that_speaks_is_not_asked() {
    let mut setup = Setup::new();
    setup.a.connection().liveness = Some(Duration::from_secs(10));
    setup.b.connection().liveness = None;
    let mut pair = setup.build();
    pair.connect();
    for _ in 0..20 {
        pair.run(Duration::from_secs(9));
        pair.probe(Side::B);
        pair.settle();
    }
    let asked = pair.sent_by(Side::A);
    assert!(
        asked
            .iter()
            .all(|it| it.is_response() || it.header.message_id < 2)
    );
}
