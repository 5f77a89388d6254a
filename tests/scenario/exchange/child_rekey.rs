//! Rekeying children (RFC 7296 §1.3.3, §2.8, §2.25.1).

use ike_ext::Role;
use ikee_tests::keyring::Keyring;
use ikee_tests::wire::{Clear, Forged};
use ikee_tests::{Packet, Setup, Side};
use ikev2::{CloseReason, Event};
use isakmp_wire::v2::{NotifyType, kind};
use isakmp_wire::{ExchangeType, OwnedPayload};

use super::{
    Crossing, LATER, SIDES, Talk, calm, deleted, error, in_every_order, in_every_order_of, passive,
    rekeyed,
};

/// SPIs of a side's only child: inbound, outbound.
fn spis(talk: &Talk, side: Side) -> (u32, u32) {
    let child = talk.pair.host(side).child();
    (child.inbound.spi, child.outbound.spi)
}

/// Both have asked, and each has the other's request, but nobody an answer yet.
fn both_ask(talk: &mut Talk) -> [Clear; 2] {
    talk.both(Talk::rekey_child)
}

/// One child is left: the one that this side made.
fn ends_with_that_of(talk: Talk, side: Side) {
    assert_eq!(talk.pair.host(side).child().life.role, Role::Initiator);
    assert_eq!(
        talk.pair.host(side.peer()).child().life.role,
        Role::Responder
    );
    talk.ends_with(1);
}

/// How often a child was said to be replaced on one side.
fn replaced(talk: &Talk, side: Side) -> usize {
    let events = talk.pair.host(side).events.iter();
    events
        .filter(|it| matches!(it.1, Event::ChildRekeyed { .. }))
        .count()
}

/// RFC 7296 §1.3.3, §2.8: the new pair stands on both sides before the old one goes, which the side that asked deletes.
#[test]
fn regular_the_new_pair_stands_before_the_old_one_goes() {
    for side in SIDES {
        let mut talk = Talk::new(calm(Setup::new()));
        let (own, other) = spis(&talk, side);
        let old = talk.child(side.peer());
        talk.rekey_child(side);
        let request = talk.pass(side);
        assert_eq!(request.header.exchange, ExchangeType::CREATE_CHILD_SA);
        assert_eq!(rekeyed(&request), Some(own));
        // the responder has both, and sends with the old one as long as the initiator may not be ready
        let responder = talk.pair.host(side.peer());
        assert_eq!(responder.live().count(), 2);
        assert_eq!(responder.plane.sending("net"), Some(old));
        let answer = talk.pass(side.peer());
        assert!(answer.kinds().contains(&kind::TS_I) && error(&answer).is_none());
        assert_eq!(talk.pair.host(side).live().count(), 2);
        assert_eq!(deleted(&talk.pass(side)), Some(own));
        assert_eq!(talk.pair.host(side.peer()).live().count(), 1);
        assert_eq!(deleted(&talk.pass(side.peer())), Some(other));
        assert_ne!(spis(&talk, side), (own, other));
        assert_eq!(SIDES.map(|it| replaced(&talk, it)), [1, 1]);
        ends_with_that_of(talk, side);
    }
}

/// One may be rekeyed after the other, from either side, without end.
#[test]
fn regular_again_and_again() {
    let mut talk = Talk::new(passive());
    for n in 0..50 {
        talk.rekey_child(SIDES[n % 2]);
        talk.finish();
    }
    ends_with_that_of(talk, Side::B);
}

/// The two guess differently which group the other prefers.
fn other_guesses() -> Setup {
    let mut setup = passive();
    setup.a.esp("aes256gcm16-ecp256-x25519");
    setup.b.esp("aes256gcm16-x25519-ecp256");
    setup
}

/// RFC 7296 §1.3, §2.7: the group that the peer names instead is taken.
#[test]
fn regular_ke_invalid() {
    for side in SIDES {
        let mut talk = Talk::new(other_guesses());
        talk.rekey_child(side);
        let first = talk.pass(side);
        assert_eq!(
            error(&talk.pass(side.peer())),
            Some(NotifyType::INVALID_KE_PAYLOAD)
        );
        assert_eq!(talk.pair.host(side.peer()).live().count(), 1);
        let second = talk.pass(side);
        assert_ne!(first.body(kind::KE)[..2], second.body(kind::KE)[..2]);
        assert_eq!(rekeyed(&first), rekeyed(&second));
        assert_eq!(error(&talk.pass(side.peer())), None);
        talk.finish();
        ends_with_that_of(talk, side);
    }
}

/// The delete of the old one is lost: until it comes again, both receive what either sends.
#[test]
fn regular_delete_timeout() {
    for side in SIDES {
        let mut talk = Talk::new(passive());
        talk.rekey_child(side);
        talk.pass(side);
        talk.pass(side.peer());
        let lost = talk.hold(side);
        for _ in 0..3 {
            assert!(
                talk.pair
                    .run_until(talk.pair.now + LATER, |it| it.waiting(side) > 0)
            );
            assert_eq!(talk.hold(side), lost);
            talk.check();
            assert_eq!(talk.pair.host(side.peer()).live().count(), 2);
        }
        talk.deliver(&lost);
        talk.finish();
        ends_with_that_of(talk, side);
    }
}

/// Nobody ever answers the delete: the IKE SA goes, and everything with it.
#[test]
fn regular_delete_timeout_for_good() {
    for side in SIDES {
        let mut talk = Talk::new(passive());
        talk.rekey_child(side);
        talk.pass(side);
        talk.pass(side.peer());
        talk.pair.link.conditions.loss = [1000; 2];
        talk.pair.link.clear();
        talk.pair.run(LATER);
        let host = talk.pair.host(side);
        assert_eq!(host.closed().collect::<Vec<_>>(), [&CloseReason::Silent]);
        assert!(host.children.is_empty() && host.plane.is_empty());
        talk.pair.shut_down();
        talk.pair.assert_empty();
    }
}

/// What has been replaced is not replaced again, whatever the data plane says of it.
#[test]
fn regular_responder_ignore_soft_expire() {
    for side in SIDES {
        let mut talk = Talk::new(passive());
        let old = SIDES.map(|it| talk.child(it));
        talk.rekey_child(side);
        talk.pass(side);
        let expire = |talk: &mut Talk, side: Side| {
            let before = talk.pair.waiting(side);
            talk.pair.expire(side, old[side as usize], false);
            assert_eq!(talk.pair.waiting(side), before);
        };
        expire(&mut talk, side.peer());
        talk.pass(side.peer());
        expire(&mut talk, side);
        expire(&mut talk, side.peer());
        talk.pass(side);
        expire(&mut talk, side);
        talk.pass(side.peer());
        expire(&mut talk, side);
        ends_with_that_of(talk, side);
    }
}

/// Should the delete not come, the responder may make an end of the old one by itself.
#[test]
fn regular_responder_handle_hard_expire() {
    for side in SIDES {
        for crossing in [false, true] {
            let mut talk = Talk::new(passive());
            let (own, other) = spis(&talk, side);
            let old = talk.child(side.peer());
            talk.rekey_child(side);
            talk.pass(side);
            talk.pass(side.peer());
            let held = talk.hold(side);
            talk.pair.expire(side.peer(), old, true);
            if crossing {
                assert_eq!(deleted(&talk.deliver(&held)), Some(own));
                assert_eq!(deleted(&talk.pass(side.peer())), Some(other));
                talk.finish();
            } else {
                assert_eq!(deleted(&talk.pass(side.peer())), Some(other));
                talk.finish();
                talk.deliver(&held);
                talk.finish();
            }
            ends_with_that_of(talk, side);
        }
    }
}

/// The responder deletes the new one while the initiator is still deleting the old one.
#[test]
fn regular_responder_delete() {
    for side in SIDES {
        let mut talk = Talk::new(passive());
        let old = talk.child(side.peer());
        talk.rekey_child(side);
        talk.pass(side);
        talk.lossy = true;
        let mut children = talk.pair.host(side.peer()).children.keys().copied();
        let new = children.find(|it| *it != old).expect("the new one");
        drop(children);
        talk.pair.delete_child(side.peer(), new);
        talk.finish();
        talk.ends_with(0);
    }
}

/// RFC 7296 §2.25.1: who hears that a child is not there forgets it, and opens another.
#[test]
fn regular_responder_lost_sa() {
    for side in SIDES {
        let mut talk = Talk::new(passive());
        talk.lossy = true;
        let peer = side.peer();
        let (own, _) = spis(&talk, side);
        // the peer deletes it and believes the answer, of which this side knows nothing
        let child = talk.child(peer);
        talk.pair.delete_child(peer, child);
        let delete = talk.hold(peer);
        let request = talk.pair.read(&delete);
        let spis = (request.header.initiator, request.header.responder);
        let answer = Forged::response(ExchangeType::INFORMATIONAL, request.header.message_id);
        let answer = answer.header(spis, side);
        let bytes = Keyring::of(&talk.pair)
            .seal_payloads(answer, &[])
            .expect("keys");
        let (from, to) = (delete.to, delete.from);
        talk.pair.deliver(&Packet { from, to, bytes });
        assert!(talk.pair.host(peer).children.is_empty());
        talk.rekey_child(side);
        talk.pass(side);
        let answer = talk.pass(peer);
        assert_eq!(error(&answer), Some(NotifyType::CHILD_SA_NOT_FOUND));
        let mut body = vec![3, 4, 0, 44];
        body.extend(own.to_be_bytes());
        assert_eq!(answer.body(kind::NOTIFY), body);
        let anew = talk.pass(side);
        assert_eq!(anew.header.exchange, ExchangeType::CREATE_CHILD_SA);
        assert_eq!(rekeyed(&anew), None);
        talk.finish();
        ends_with_that_of(talk, side);
    }
}

/// The responder deletes the old one, which is not its business: no harm is done.
#[test]
fn regular_responder_incorrect_delete() {
    for side in SIDES {
        for late in [false, true] {
            let mut talk = Talk::new(passive());
            let old = talk.child(side.peer());
            talk.rekey_child(side);
            talk.pass(side);
            if late {
                talk.pass(side.peer());
            }
            talk.pair.delete_child(side.peer(), old);
            talk.finish();
            ends_with_that_of(talk, side);
        }
    }
}

/// RFC 7296 §2.8.1: the pair with the lowest nonce goes, by the side that made it; the other side deletes the old one.
#[test]
fn collision_the_pair_with_the_lowest_nonce_goes() {
    in_every_order(|mut talk| {
        let old = SIDES.map(|it| spis(&talk, it).0);
        let requests = both_ask(&mut talk);
        let crossing = talk.both_answer(&requests);
        let winner = crossing.winner();
        let said = talk.finish();
        let deletes = |side: Side| {
            let requests = said
                .iter()
                .filter(move |it| it.0 == side && !it.1.is_response());
            requests.map(|it| deleted(&it.1)).collect::<Vec<_>>()
        };
        assert_eq!(deletes(winner), [Some(old[winner as usize])]);
        let redundant = deletes(winner.peer());
        assert_eq!(redundant.len(), 1);
        assert!(redundant[0].is_some_and(|it| it != old[winner.peer() as usize]));
        ends_with_that_of(talk, winner);
        crossing
    });
}

/// RFC 7296 §2.7, §2.8.1: both guess wrong, both ask again, and the nonces of the second try count.
#[test]
fn collision_ke_invalid() {
    in_every_order_of(other_guesses, |mut talk| {
        both_ask(&mut talk);
        let crossing = talk.both_try_again();
        talk.finish();
        ends_with_that_of(talk, crossing.winner());
        crossing
    });
}

/// RFC 7296 §2.25.1: one tries again late, when the other has finished.
#[test]
fn collision_ke_invalid_delayed_retry() {
    for side in SIDES {
        for later in [false, true] {
            let mut talk = Talk::new(other_guesses());
            both_ask(&mut talk);
            for side in [Side::B, Side::A] {
                talk.pass(side);
            }
            let held = talk.hold(side);
            talk.pass(side.peer());
            talk.pass(side);
            if later {
                talk.pass(side.peer());
                talk.pass(side);
            }
            talk.deliver(&held);
            talk.finish();
            ends_with_that_of(talk, side.peer());
        }
    }
}

/// One has the answer to its request and decides; the other does not know yet how it ended.
fn delayed_response(delayed: Side, later: bool, mut talk: Talk) -> Crossing {
    let requests = both_ask(&mut talk);
    // as the requests came before, so do the answers
    let held = talk.hold(delayed);
    let seen = talk.pass(delayed.peer());
    talk.pass(delayed);
    if later {
        talk.pass(delayed.peer());
    }
    let late = talk.deliver(&held);
    let answers = match delayed {
        Side::A => [&late, &seen],
        Side::B => [&seen, &late],
    };
    let crossing = Crossing::of(&requests, answers);
    talk.finish();
    ends_with_that_of(talk, crossing.winner());
    crossing
}

/// RFC 7296 §2.8.1: the answer comes after the delete that follows from it.
#[test]
fn collision_delayed_response() {
    for side in SIDES {
        in_every_order(|talk| delayed_response(side, false, talk));
    }
}

/// RFC 7296 §2.8.1: the answer comes after that delete has been answered, too.
#[test]
fn collision_delayed_response_delete() {
    for side in SIDES {
        in_every_order(|talk| delayed_response(side, true, talk));
    }
}

/// RFC 7296 §2.25.1: a request for what is being deleted is put off, and found to be settled.
#[test]
fn collision_delayed_request() {
    for side in SIDES {
        for delete_first in [false, true] {
            let mut talk = Talk::new(passive());
            for side in SIDES {
                talk.rekey_child(side);
            }
            let late = talk.hold(side);
            talk.pass(side.peer());
            talk.pass(side);
            let delete = talk.hold(side.peer());
            talk.deliver(&late);
            if delete_first {
                talk.deliver(&delete);
            }
            let answer = talk.pass(side.peer());
            assert_eq!(error(&answer), Some(NotifyType::TEMPORARY_FAILURE));
            if !delete_first {
                talk.deliver(&delete);
            }
            assert!(deleted(&talk.pass(side)).is_some());
            ends_with_that_of(talk, side.peer());
        }
    }
}

/// RFC 7296 §2.25.1: a request for what is gone.
fn request_too_late(side: Side) -> (Talk, Packet) {
    let mut talk = Talk::new(passive());
    for side in SIDES {
        talk.rekey_child(side);
    }
    let late = talk.hold(side);
    talk.finish();
    talk.assert_silent();
    (talk, late)
}

/// RFC 7296 §2.25.1: there is a successor, so nothing is opened anew.
#[test]
fn collision_delayed_request_more() {
    for side in SIDES {
        let (mut talk, late) = request_too_late(side);
        talk.deliver(&late);
        let answer = talk.pass(side.peer());
        assert_eq!(error(&answer), Some(NotifyType::CHILD_SA_NOT_FOUND));
        ends_with_that_of(talk, side.peer());
    }
}

/// RFC 7296 §2.25.1: the successor was deleted meanwhile, and stays so.
#[test]
fn collision_delayed_request_more_delete() {
    for side in SIDES {
        for deleting in SIDES {
            let (mut talk, late) = request_too_late(side);
            talk.lossy = true;
            let child = talk.child(deleting);
            talk.pair.delete_child(deleting, child);
            talk.finish();
            talk.deliver(&late);
            let answer = talk.pass(side.peer());
            assert_eq!(error(&answer), Some(NotifyType::CHILD_SA_NOT_FOUND));
            talk.finish();
            talk.ends_with(0);
        }
    }
}

/// Both replace it, and one deletes the old one besides, whose business that is or not.
#[test]
fn collision_responder_incorrect_delete() {
    for side in SIDES {
        in_every_order(|mut talk| {
            let old = talk.child(side);
            let requests = both_ask(&mut talk);
            talk.pair.delete_child(side, old);
            let crossing = talk.both_answer(&requests);
            talk.finish();
            ends_with_that_of(talk, crossing.winner());
            crossing
        });
    }
}

/// RFC 7296 §2.25.1: a delete is answered as usual, a rekeying of what is being deleted is put off, and not done.
#[test]
fn collision_delete_and_the_child_goes() {
    for side in SIDES {
        for rekey_first in [false, true] {
            let mut talk = Talk::new(passive());
            talk.lossy = true;
            let child = talk.child(side.peer());
            talk.rekey_child(side);
            talk.pair.delete_child(side.peer(), child);
            let order = if rekey_first {
                [side, side.peer()]
            } else {
                [side.peer(), side]
            };
            for it in order {
                talk.pass(it);
            }
            let answer = talk.pass(side.peer());
            assert_eq!(error(&answer), Some(NotifyType::TEMPORARY_FAILURE));
            assert!(deleted(&talk.pass(side)).is_some());
            talk.ends_with(0);
        }
    }
}

/// The old one is deleted by the side that has just agreed to replace it; the other learns of that afterwards.
#[test]
fn collision_delete_delayed_response() {
    for side in SIDES {
        let mut talk = Talk::new(passive());
        talk.lossy = true;
        let old = talk.child(side.peer());
        talk.rekey_child(side);
        talk.pass(side);
        let late = talk.hold(side.peer());
        talk.pair.delete_child(side.peer(), old);
        assert!(deleted(&talk.pass(side.peer())).is_some());
        talk.pass(side);
        talk.deliver(&late);
        talk.finish();
        ends_with_that_of(talk, side);
    }
}

/// RFC 7296 §2.25.1: the delete is lost, the rekeying put off; then the delete comes, and there is nothing to be tried again.
#[test]
fn collision_delete_drop_delete() {
    for side in SIDES {
        let mut talk = Talk::new(passive());
        talk.lossy = true;
        let child = talk.child(side.peer());
        talk.rekey_child(side);
        talk.pair.delete_child(side.peer(), child);
        let lost = talk.hold(side.peer());
        talk.pass(side);
        let answer = talk.pass(side.peer());
        assert_eq!(error(&answer), Some(NotifyType::TEMPORARY_FAILURE));
        talk.assert_silent();
        talk.deliver(&lost);
        talk.finish();
        talk.ends_with(0);
    }
}

/// RFC 7296 §2.25.1: the rekeying is lost, the child deleted; what comes again is about nothing.
#[test]
fn collision_delete_drop_rekey() {
    for side in SIDES {
        let mut talk = Talk::new(passive());
        talk.lossy = true;
        let child = talk.child(side.peer());
        talk.rekey_child(side);
        let lost = talk.hold(side);
        talk.pair.delete_child(side.peer(), child);
        talk.finish();
        talk.deliver(&lost);
        let answer = talk.pass(side.peer());
        assert_eq!(error(&answer), Some(NotifyType::CHILD_SA_NOT_FOUND));
        talk.ends_with(0);
    }
}

/// RFC 7296 §2.25.2: each puts off what the other asks; later both are done.
#[test]
fn collision_ike_rekey() {
    for side in SIDES {
        for order in [SIDES, [Side::B, Side::A]] {
            let mut talk = Talk::new(passive());
            let before = (
                spis(&talk, Side::A),
                talk.pair.a.established().next().map(|it| it.spis),
            );
            talk.rekey_child(side);
            talk.rekey_ike(side.peer());
            for it in order {
                talk.pass(it);
            }
            for it in order {
                let answer = talk.pass(it);
                assert_eq!(error(&answer), Some(NotifyType::TEMPORARY_FAILURE));
            }
            talk.pair.run(LATER);
            let after = (
                spis(&talk, Side::A),
                talk.pair.a.established().next().map(|it| it.spis),
            );
            assert_ne!(before.0, after.0, "the child is rekeyed after all");
            assert_ne!(before.1, after.1, "the IKE SA is rekeyed after all");
            talk.settles_with(1);
        }
    }
}

/// RFC 7296 §2.25.2: with the IKE SA everything goes.
#[test]
fn collision_ike_delete() {
    for side in SIDES {
        for rekey_first in [false, true] {
            let mut talk = Talk::new(passive());
            talk.lossy = true;
            talk.rekey_child(side);
            talk.pair.delete(side.peer());
            let order = if rekey_first {
                [side, side.peer()]
            } else {
                [side.peer(), side]
            };
            for it in order {
                talk.pass(it);
            }
            talk.finish();
            talk.ends_with_nothing();
        }
    }
}

/// A child that the peer has never heard of leads to nothing but its answer.
#[test]
fn a_request_to_rekey_what_never_was_is_refused() {
    let mut talk = Talk::new(passive());
    talk.rekey_child(Side::A);
    let request = talk.hold(Side::A);
    let clear = talk.pair.read(&request);
    let mut payloads = clear.payloads.clone();
    for it in payloads
        .iter_mut()
        .filter(|it| it.kind == kind::NOTIFY && it.body[2..4] == [0x40, 9])
    {
        *it = OwnedPayload::new(kind::NOTIFY, vec![3, 4, 0x40, 9, 9, 9, 9, 9]);
    }
    assert_ne!(payloads, clear.payloads);
    let bytes = Keyring::of(&talk.pair)
        .seal_payloads(clear.header, &payloads)
        .expect("keys");
    talk.pair.deliver(&Packet { bytes, ..request });
    assert_eq!(talk.pair.b.children.len(), 1);
    let answer = talk.hold(Side::B);
    assert_eq!(
        error(&talk.pair.read(&answer)),
        Some(NotifyType::CHILD_SA_NOT_FOUND)
    );
}
