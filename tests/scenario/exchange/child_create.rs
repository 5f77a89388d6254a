//! Further children (RFC 7296 §1.3.1).

use isakmp_wire::v2::NotifyType;

use super::{SIDES, Talk, calm, error, passive, rekeyed};
use ikee_tests::keyring::Keyring;
use ikee_tests::wire::Forged;
use ikee_tests::{Packet, Setup, Side};
use ikev2::Event;
use isakmp_wire::v2::kind;
use isakmp_wire::{ExchangeType, OwnedPayload};

/// RFC 7296 §2.9.2 allows several children with the same selectors.
#[test]
fn duplicate_children_stand_side_by_side() {
    for side in SIDES {
        let mut talk = Talk::new(calm(Setup::new()));
        let sa = talk.sa(side);
        talk.pair.create_child(side, sa, 0);
        let request = talk.pass(side);
        assert_eq!(rekeyed(&request), None);
        assert_eq!(error(&talk.pass(side.peer())), None);
        talk.ends_with(2);
    }
    // both at once
    let mut talk = Talk::new(passive());
    for side in SIDES {
        let sa = talk.sa(side);
        talk.pair.create_child(side, sa, 0);
    }
    talk.finish();
    talk.ends_with(3);
}

/// RFC 7296 §2.25.2: each puts off what the other asks, and both are done later.
#[test]
fn collision_ike_rekey() {
    for side in SIDES {
        let mut talk = Talk::new(passive());
        let sa = talk.sa(side);
        let before = talk.pair.a.established().next().map(|it| it.spis);
        talk.pair.create_child(side, sa, 0);
        talk.rekey_ike(side.peer());
        for it in [side, side.peer()] {
            talk.pass(it);
        }
        for it in [side, side.peer()] {
            let answer = talk.pass(it);
            assert_eq!(error(&answer), Some(NotifyType::TEMPORARY_FAILURE));
        }
        talk.pair.run(super::LATER);
        let after = talk.pair.a.established().next().map(|it| it.spis);
        assert_ne!(before, after, "it is rekeyed after all");
        talk.settles_with(2);
    }
}

/// RFC 7296 §1.3, §4: a minimal peer has one child and no more; that is no harm to the SA.
#[test]
fn a_minimal_peer_may_refuse_further_children() {
    let mut talk = Talk::new(passive());
    let sa = talk.sa(Side::A);
    talk.pair.create_child(Side::A, sa, 0);
    let request = talk.hold(Side::A);
    let header = talk.pair.read(&request).header;
    let answer = Forged::response(ExchangeType::CREATE_CHILD_SA, header.message_id);
    let answer = answer.header((header.initiator, header.responder), Side::B);
    let refusal = OwnedPayload::new(kind::NOTIFY, vec![0, 0, 0, 35]);
    let bytes = Keyring::of(&talk.pair).seal_payloads(answer, &[refusal]);
    let (from, to) = (request.to, request.from);
    talk.pair.deliver(&Packet {
        from,
        to,
        bytes: bytes.expect("keys"),
    });
    let events = talk.pair.a.events.iter();
    let failed = events.filter(|it| matches!(it.1, Event::ChildFailed { .. }));
    assert_eq!(failed.count(), 1);
    assert!(talk.pair.a.is_established());
    assert_eq!(talk.pair.a.live().count(), 1);
    talk.assert_silent();
}
