//! RFC 7296 §1: the exchanges.

use ikee_tests::{Setup, Side};
use isakmp_wire::ExchangeType;
use isakmp_wire::v2::{NotifyType, kind};

use super::{ask, connected, informational, notify, payload};
use ikee_tests::wire::Forged;

/// RFC 7296 §1.2: SA, KE and nonce; then, protected, identity, proof, SA and selectors.
#[test]
fn the_initial_exchanges_have_the_payloads_that_they_need() {
    let pair = connected();
    let (a, b) = (pair.sent_by(Side::A), pair.sent_by(Side::B));
    for it in [&a[0], &b[0]] {
        assert!(!it.protected);
        assert_eq!(it.kinds()[..3], [kind::SA, kind::KE, kind::NONCE]);
    }
    let after = [kind::AUTH, kind::SA, kind::TS_I, kind::TS_R];
    for (it, id) in [(&a[1], kind::ID_I), (&b[1], kind::ID_R)] {
        assert!(it.protected);
        assert_eq!(it.kinds()[0], id);
        assert!(after.iter().all(|kind| it.kinds().contains(kind)));
    }
}

/// RFC 7296 §1.2: the responder's SPI is zero until it has one, and stays from then on.
#[test]
fn the_spis_are_set_in_the_first_exchange() {
    let pair = connected();
    let (a, b) = (pair.sent_by(Side::A), pair.sent_by(Side::B));
    assert!(a[0].header.responder.is_zero());
    let spis = (b[0].header.initiator, b[0].header.responder);
    assert_eq!(a[0].header.initiator, spis.0);
    assert!(!spis.1.is_zero());
    assert_eq!((a[1].header.initiator, a[1].header.responder), spis);
}

/// RFC 7296 §1.3, §2.21.3: a request without what belongs in it is refused, and the SA stands.
#[test]
fn an_empty_request_for_a_further_child_is_refused_in_due_form() {
    let mut pair = connected();
    let request = Forged::request(ExchangeType::CREATE_CHILD_SA, 2);
    let answer = ask(&mut pair, request, &[]).expect("an answer");
    assert_eq!(answer.header.exchange, ExchangeType::CREATE_CHILD_SA);
    assert!(answer.protected && answer.is_response());
    assert!(answer.has_notify(NotifyType::INVALID_SYNTAX));
    assert!(pair.b.is_established());
}

/// RFC 7296 §1.4: every request is answered, an empty one by an empty answer.
#[test]
fn an_empty_informational_request_has_an_empty_answer() {
    let mut pair = connected();
    let answer = ask(&mut pair, informational(2), &[]).expect("an answer");
    assert!(answer.protected && answer.is_response() && answer.payloads.is_empty());
    assert_eq!(answer.header.message_id, 2);
}

/// RFC 7296 §1.4: before the SA is authenticated there is no INFORMATIONAL exchange.
#[test]
fn before_authentication_other_exchanges_lead_to_nothing() {
    for exchange in [
        ExchangeType::INFORMATIONAL,
        ExchangeType::CREATE_CHILD_SA,
        ExchangeType::new(77),
    ] {
        let mut pair = Setup::new().build();
        pair.initiate(Side::A).expect("a negotiation");
        for _ in 0..2 {
            for packet in pair.link.clear() {
                pair.deliver(&packet);
            }
        }
        let genuine = pair.link.clear();
        // under the keys, and with the message ID, of the IKE_AUTH that is awaited
        let answer = ask(&mut pair, Forged::request(exchange, 1), &[]);
        assert_eq!(answer, None);
        pair.deliver(&genuine[0]);
        pair.settle();
        assert!(pair.a.is_established() && pair.b.is_established());
    }
}

/// RFC 7296 §1.4.1: SPIs that are not known are passed over.
#[test]
fn a_delete_for_unknown_children_is_answered_without_spis() {
    let mut pair = connected();
    let unknown = payload(kind::DELETE, false, &[3, 4, 0, 2, 9, 9, 9, 9, 8, 8, 8, 8]);
    let answer = ask(&mut pair, informational(2), &[unknown]).expect("an answer");
    assert!(answer.payloads.is_empty());
    assert_eq!(pair.b.children.len(), 1);
}

/// RFC 7296 §1.4.1: two deletes of one child in one message are one.
#[test]
fn a_child_that_is_deleted_twice_in_one_message_goes_once() {
    let mut pair = connected();
    let mut body = vec![3, 4, 0, 2];
    let spi = pair.a.child().inbound.spi.to_be_bytes();
    body.extend(spi);
    body.extend(spi);
    let delete = payload(kind::DELETE, false, &body);
    let answer = ask(&mut pair, informational(2), &[delete.clone(), delete]).expect("an answer");
    assert_eq!(answer.body(kind::DELETE)[..4], [3, 4, 0, 1]);
    assert!(pair.b.children.is_empty() && pair.b.is_established());
}

/// RFC 7296 §1.4.1: deleting the IKE SA deletes its children, without a word about them.
#[test]
fn a_delete_of_the_ike_sa_takes_its_children() {
    let mut pair = connected();
    let delete = payload(kind::DELETE, false, &[1, 0, 0, 0]);
    let late = notify(NotifyType::INITIAL_CONTACT, &[]);
    let answer = ask(&mut pair, informational(2), &[delete, late]).expect("an answer");
    assert!(answer.payloads.is_empty());
    assert!(pair.b.children.is_empty());
    assert_eq!(pair.b.endpoint.sas().count(), 0);
}

/// RFC 7296 §1.4.1, §1.5: a delete that nobody protects deletes nothing.
#[test]
fn a_delete_in_clear_is_ignored() {
    let mut pair = connected();
    let mut packet = pair.link.crossed[0].packet.clone();
    let spis = pair.sent_by(Side::B)[0].header;
    packet.bytes = super::rewrite(&packet, |payloads| {
        *payloads = vec![payload(kind::DELETE, false, &[1, 0, 0, 0])];
    });
    packet.bytes[8..16].copy_from_slice(spis.responder.as_bytes());
    packet.bytes[18] = ExchangeType::INFORMATIONAL.get();
    packet.bytes[23] = 2;
    assert_eq!(super::answer_to(&mut pair, packet.bytes), None);
    assert!(pair.b.is_established());
}

/// RFC 7296 §1.5: a message for an SA that is not there is not answered under keys that are not there.
#[test]
fn a_message_for_an_unknown_sa_is_not_answered() {
    let mut pair = connected();
    let mut bytes = pair.forge(Side::A, &informational(2), &[]);
    bytes[8] ^= 0xff;
    assert_eq!(super::answer_to(&mut pair, bytes), None);
}
