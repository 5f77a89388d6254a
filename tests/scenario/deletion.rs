//! How SAs and children end (RFC 7296 §1.4.1).

use std::time::Duration;

use ikee_tests::{Pair, Setup, Side};
use ikev2::CloseReason;
use isakmp_wire::ExchangeType;
use isakmp_wire::v2::{ProtocolId, kind};

fn connected() -> Pair {
    let mut pair = Setup::new().build();
    pair.connect();
    pair
}

fn reasons(pair: &Pair) -> (Vec<CloseReason>, Vec<CloseReason>) {
    (
        pair.a.closed().cloned().collect(),
        pair.b.closed().cloned().collect(),
    )
}

#[test]
fn either_side_may_delete_the_ike_sa() {
    for side in [Side::A, Side::B] {
        let mut pair = connected();
        pair.delete(side);
        pair.settle();
        assert!(pair.a.children.is_empty() && pair.b.children.is_empty());
        let (local, peer) = (vec![CloseReason::Local], vec![CloseReason::Peer]);
        let expected = if side == Side::A {
            (local, peer)
        } else {
            (peer, local)
        };
        assert_eq!(reasons(&pair), expected);
        // the answer is empty
        assert!(pair.last_sent_by(side.peer()).payloads.is_empty());
        pair.shut_down();
        pair.assert_empty();
    }
}

/// RFC 7296 §1.4.1, §2.25.2.
#[test]
fn both_may_delete_the_ike_sa_at_once() {
    let mut pair = connected();
    pair.delete(Side::A);
    pair.delete(Side::B);
    pair.settle();
    assert_eq!(
        reasons(&pair),
        (vec![CloseReason::Local], vec![CloseReason::Local])
    );
    pair.shut_down();
    pair.assert_empty();
}

#[test]
fn a_lost_answer_to_a_delete_is_given_again() {
    let mut pair = connected();
    pair.link.conditions.loss = [0, 1000];
    pair.delete(Side::A);
    pair.run(Duration::from_millis(500));
    assert_eq!(pair.b.closed().count(), 1);
    assert_eq!(pair.a.closed().count(), 0);
    pair.link.conditions.loss = [0; 2];
    pair.run(Duration::from_secs(2));
    assert_eq!(pair.a.closed().count(), 1);
    pair.shut_down();
    pair.assert_empty();
}

/// RFC 7296 §1.4.1: each side names the SPIs of its own inbound half.
#[test]
fn either_side_may_delete_a_child_and_the_ike_sa_stands() {
    for side in [Side::A, Side::B] {
        let mut pair = connected();
        let (child, spi) = {
            let child = pair.host(side).child();
            (child.id, child.inbound.spi)
        };
        let other = pair.host(side.peer()).child().inbound.spi;
        pair.delete_child(side, child);
        pair.settle();
        assert!(pair.a.children.is_empty() && pair.b.children.is_empty());
        assert!(pair.a.is_established() && pair.b.is_established());
        for (who, spi) in [(side, spi), (side.peer(), other)] {
            let said = pair.last_sent_by(who);
            assert_eq!(said.header.exchange, ExchangeType::INFORMATIONAL);
            let mut body = vec![ProtocolId::ESP.get(), 4, 0, 1];
            body.extend(spi.to_be_bytes());
            assert_eq!(said.body(kind::DELETE), body);
        }
        pair.shut_down();
        pair.assert_empty();
    }
}

/// RFC 7296 §1.4.1, §2.25.1.
#[test]
fn both_may_delete_the_same_child_at_once() {
    let mut pair = connected();
    for side in [Side::A, Side::B] {
        let child = pair.host(side).child().id;
        pair.delete_child(side, child);
    }
    pair.settle();
    assert!(pair.a.children.is_empty() && pair.b.children.is_empty());
    // neither answers with a Delete: its own is under way
    assert!(pair.last_sent_by(Side::A).payloads.is_empty());
    assert!(pair.last_sent_by(Side::B).payloads.is_empty());
    assert!(pair.a.is_established() && pair.b.is_established());
    pair.shut_down();
    pair.assert_empty();
}

#[test]
fn a_child_and_its_ike_sa_may_be_deleted_at_once() {
    let mut pair = connected();
    let child = pair.a.child().id;
    pair.delete_child(Side::A, child);
    pair.delete(Side::B);
    pair.settle();
    pair.shut_down();
    pair.assert_empty();
}

#[test]
fn deleting_during_the_negotiation_forgets_it() {
    for steps in 0..4 {
        let mut pair = Setup::new().build();
        pair.initiate(Side::A).expect("a negotiation");
        for _ in 0..steps {
            pair.step(pair.now + Duration::from_secs(1));
        }
        pair.shut_down();
        pair.assert_empty();
    }
}

#[test]
fn a_delete_that_nobody_answers_ends_all_the_same() {
    let mut pair = connected();
    pair.link.conditions.loss = [1000; 2];
    pair.delete(Side::A);
    pair.run(Duration::from_secs(300));
    pair.assert_empty();
    assert_eq!(
        reasons(&pair),
        (vec![CloseReason::Local], vec![CloseReason::Silent])
    );
}
