//! Silence, and who notices it (RFC 7296 §2.4).

use std::time::Duration;

use ike_ext::Instant;
use ikee_tests::{Setup, Side};
use ikev2::{CloseReason, Failure};
use isakmp_wire::ExchangeType;

/// 1 + 2 + 4 + 8 + 16 + 16 + 16: the default schedule, from the first message to the end.
const PATIENCE: Duration = Duration::from_secs(63);

/// RFC 7296 §2.4: traffic of the peer, its questions included, shows that it lives.
#[test]
fn idle_peers_ask_each_other_no_more_often_than_needed() {
    let mut pair = Setup::new().build();
    pair.connect();
    let before = pair.link.crossed.len();
    pair.run(Duration::from_secs(300));
    assert!(pair.a.is_established() && pair.b.is_established());
    let probes = (pair.link.crossed.len() - before) / 2;
    assert!((9..=20).contains(&probes), "{probes}");
    let last = pair.last_sent_by(Side::A);
    assert_eq!(last.header.exchange, ExchangeType::INFORMATIONAL);
    assert!(last.payloads.is_empty());
}

#[test]
fn without_liveness_checks_an_idle_sa_stays_and_sleeps() {
    let mut setup = Setup::new();
    setup.a.connection().liveness = None;
    setup.b.connection().liveness = None;
    let mut pair = setup.both(ikee_tests::Party::ageless).build();
    pair.connect();
    assert_eq!(pair.a.endpoint.next_timeout(), None);
    assert_eq!(pair.b.endpoint.next_timeout(), None);
}

/// RFC 7296 §2.4.
#[test]
fn a_peer_that_falls_silent_is_given_up_with_its_children() {
    let mut pair = Setup::new().build();
    pair.connect();
    pair.link.conditions.loss = [1000; 2];
    pair.run(Duration::from_secs(30) + PATIENCE + Duration::from_secs(1));
    for host in [&pair.a, &pair.b] {
        assert_eq!(host.closed().collect::<Vec<_>>(), [&CloseReason::Silent]);
    }
    pair.assert_empty();
}

/// RFC 7296 §2.1.
#[test]
fn a_peer_that_never_answers_is_one_clear_failure() {
    let mut pair = Setup::new().build();
    pair.link.conditions.loss = [1000; 2];
    pair.connect();
    assert_eq!(*pair.a.failure(), Failure::Timeout(None));
    assert_eq!(pair.now, Instant::EPOCH + PATIENCE);
    assert_eq!(pair.sent_by(Side::A).len(), 7);
    assert_eq!(pair.a.failure().to_string(), "no answer from the peer");
    pair.assert_empty();
}

/// RFC 7296 §2.1: a retransmission is the same octets.
#[test]
fn a_request_is_repeated_octet_for_octet() {
    let mut pair = Setup::new().build();
    pair.link.conditions.loss = [1000; 2];
    pair.connect();
    let first = &pair.link.crossed[0].packet;
    assert!(pair.link.crossed.iter().all(|it| it.packet == *first));
}

#[test]
fn a_responder_whose_initiator_gave_up_waits_and_forgets() {
    let mut pair = Setup::new().build();
    pair.initiate(Side::A).expect("a negotiation");
    pair.step(pair.now + Duration::from_secs(1));
    assert_eq!(pair.b.endpoint.sas().count(), 1);
    pair.link.conditions.loss = [1000; 2];
    pair.link.clear();
    pair.run(Duration::from_secs(61));
    assert_eq!(*pair.b.failure(), Failure::Timeout(None));
    assert_eq!(pair.b.endpoint.sas().count(), 0);
    pair.run(Duration::from_secs(10));
    pair.assert_empty();
}

/// RFC 7296 §2.4: what is not authentic does not show that anybody lives, nor does what is replayed.
#[test]
fn replayed_messages_do_not_count_as_a_sign_of_life() {
    let mut pair = Setup::new().build();
    pair.connect();
    pair.probe(Side::A);
    pair.settle();
    let mut crossed = pair.link.crossed.iter();
    let old = crossed
        .rfind(|it| it.packet.from == pair.a.socket())
        .expect("a request");
    let old = old.packet.clone();
    pair.link.conditions.loss = [1000; 2];
    for _ in 0..30 {
        pair.run(Duration::from_secs(5));
        pair.deliver(&old);
    }
    assert_eq!(pair.b.closed().collect::<Vec<_>>(), [&CloseReason::Silent]);
}
