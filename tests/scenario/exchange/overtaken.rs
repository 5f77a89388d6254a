//! Messages that overtake the answer which they build on: what random schedules have found, one by one.

use std::time::Duration;

use ike_ext::ChildId;
use ikee_tests::Side;
use isakmp_wire::v2::NotifyType;

use super::{SIDES, Talk, deleted, error, passive};

/// One side asks for new keys; the other has made them, and its answer is on the way. Both sides' part in it.
fn answered(side: Side) -> (Talk, ikee_tests::Packet, ChildId) {
    let mut talk = Talk::new(passive());
    let old = talk.child(side.peer());
    talk.rekey_child(side);
    talk.pass(side);
    let held = talk.hold(side.peer());
    let mut live = talk.pair.host(side.peer()).live().map(|it| it.id);
    let new = live.find(|it| *it != old).expect("the new one");
    drop(live);
    (talk, held, new)
}

/// The new child is deleted before its maker has heard of it: the old one stays, on both sides.
#[test]
fn a_delete_that_overtakes_the_answer_leaves_no_half_of_a_child() {
    for side in SIDES {
        let (mut talk, held, new) = answered(side);
        talk.pair.delete_child(side.peer(), new);
        assert!(deleted(&talk.pass(side.peer())).is_some());
        assert!(talk.pass(side).payloads.is_empty());
        talk.deliver(&held);
        talk.finish();
        talk.ends_with(1);
    }
}

/// So is one that is wholly new.
#[test]
fn a_delete_that_overtakes_the_answer_for_a_further_child_leaves_no_half_of_it() {
    for side in SIDES {
        let mut talk = Talk::new(passive());
        let first = talk.child(side.peer());
        let sa = talk.sa(side);
        talk.pair.create_child(side, sa, 0);
        talk.pass(side);
        let held = talk.hold(side.peer());
        let mut live = talk.pair.host(side.peer()).live().map(|it| it.id);
        let new = live.find(|it| *it != first).expect("the new one");
        drop(live);
        talk.pair.delete_child(side.peer(), new);
        talk.pass(side.peer());
        talk.pass(side);
        talk.deliver(&held);
        talk.finish();
        talk.ends_with(1);
    }
}

/// RFC 7296 §2.25.1: what the awaited answer may tell of is not missing, only not there yet.
#[test]
fn a_rekeying_that_overtakes_the_answer_is_put_off_and_done() {
    for side in SIDES {
        let (mut talk, held, new) = answered(side);
        talk.pair.rekey_child(side.peer(), new);
        talk.pass(side.peer());
        let answer = talk.pass(side);
        assert_eq!(error(&answer), Some(NotifyType::TEMPORARY_FAILURE));
        talk.deliver(&held);
        talk.finish();
        talk.pair.run(super::LATER);
        let last = talk.pair.host(side.peer()).child();
        assert_eq!(last.life.role, ike_ext::Role::Initiator);
        talk.settles_with(1);
    }
}

/// RFC 7296 §2.8.2: the peer, which has not heard of our rekeying, uses what its own has made; the child is there.
#[test]
fn an_ike_sa_that_the_peer_uses_has_the_children_although_our_request_is_under_way() {
    for side in SIDES {
        let mut talk = Talk::new(passive());
        for it in SIDES {
            talk.rekey_ike(it);
        }
        let late = talk.hold(side);
        talk.pass(side.peer());
        talk.pass(side);
        let delete = talk.hold(side.peer());
        let child = talk.child(side.peer());
        talk.pair.rekey_child(side.peer(), child);
        talk.pass(side.peer());
        let answer = talk.pass(side);
        assert_eq!(error(&answer), None);
        talk.deliver(&late);
        talk.deliver(&delete);
        talk.finish();
        talk.ends_with(1);
    }
}

/// RFC 7296 §2.4: both begin at once, and one's INITIAL_CONTACT is overtaken by the SA that the other has made: the peer
/// has not forgotten that.
#[test]
fn an_initial_contact_that_is_overtaken_ends_nothing_that_stands() {
    for late in SIDES {
        let mut pair = passive().build();
        for side in SIDES {
            assert!(pair.initiate(side).is_ok());
            pair.run(Duration::from_millis(1));
        }
        for side in [Side::A, Side::B, Side::B, Side::A] {
            pair.pass(side);
        }
        let held = pair.take(late);
        assert!(pair.read(&held).has_notify(NotifyType::INITIAL_CONTACT));
        pair.pass(late.peer());
        pair.pass(late);
        assert_eq!(pair.host(late.peer()).established().count(), 1);
        pair.deliver(&held);
        pair.settle();
        assert_eq!(SIDES.map(|it| pair.host(it).established().count()), [2, 2]);
        pair.assert_agreed();
        pair.shut_down();
        pair.assert_empty();
    }
}
