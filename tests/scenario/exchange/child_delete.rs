//! Deleting children (RFC 7296 §1.4.1, §2.25).

use isakmp_wire::v2::NotifyType;

use super::{SIDES, Talk, calm, deleted, error, passive};
use ikee_tests::{Setup, Side};

/// RFC 7296 §1.4.1: each names its own inbound half.
#[test]
fn regular_each_names_its_own_half() {
    for side in SIDES {
        let mut talk = Talk::new(calm(Setup::new()));
        let (own, other) = {
            let child = talk.pair.host(side).child();
            (child.inbound.spi, child.outbound.spi)
        };
        let child = talk.child(side);
        talk.lossy = true;
        talk.pair.delete_child(side, child);
        assert_eq!(deleted(&talk.pass(side)), Some(own));
        assert_eq!(deleted(&talk.pass(side.peer())), Some(other));
        talk.ends_with(0);
    }
}

/// RFC 7296 §1.4.1: neither answer has a Delete, as its sender's own is under way.
#[test]
fn collision_neither_answer_has_a_delete() {
    let mut talk = Talk::new(passive());
    talk.lossy = true;
    for side in SIDES {
        let child = talk.child(side);
        talk.pair.delete_child(side, child);
    }
    for side in SIDES {
        assert!(deleted(&talk.pass(side)).is_some());
    }
    for side in SIDES {
        assert!(talk.pass(side).payloads.is_empty());
    }
    talk.ends_with(0);
}

/// One of two deletes is lost; when it comes again, the child has gone long ago.
#[test]
fn collision_drop_and_what_comes_late_is_about_nothing() {
    for side in SIDES {
        let mut talk = Talk::new(passive());
        talk.lossy = true;
        for side in SIDES {
            let child = talk.child(side);
            talk.pair.delete_child(side, child);
        }
        let lost = talk.hold(side);
        talk.pass(side.peer());
        assert!(talk.pass(side).payloads.is_empty());
        talk.assert_silent();
        assert!(talk.deliver(&lost).payloads.len() == 1);
        assert!(talk.pass(side.peer()).payloads.is_empty());
        talk.ends_with(0);
    }
}

/// RFC 7296 §2.25.2: a delete is answered as usual while the IKE SA is being rekeyed; rekeying it is put off while a child
/// is being deleted, and done later.
#[test]
fn collision_ike_rekey() {
    for side in SIDES {
        let mut talk = Talk::new(passive());
        talk.lossy = true;
        let child = talk.child(side);
        let before = talk.pair.a.established().next().map(|it| it.spis);
        talk.pair.delete_child(side, child);
        talk.rekey_ike(side.peer());
        talk.pass(side);
        talk.pass(side.peer());
        let answer = talk.pass(side);
        assert_eq!(error(&answer), Some(NotifyType::TEMPORARY_FAILURE));
        assert!(deleted(&talk.pass(side.peer())).is_some());
        talk.assert_silent();
        talk.pair.run(super::LATER);
        let after = talk.pair.a.established().next().map(|it| it.spis);
        assert_ne!(before, after, "it is rekeyed after all");
        talk.settles_with(0);
    }
}

/// RFC 7296 §2.25.2: with the IKE SA everything goes.
#[test]
fn collision_ike_delete() {
    for side in SIDES {
        for delete_first in [true, false] {
            let mut talk = Talk::new(passive());
            talk.lossy = true;
            let (child, sa) = (talk.child(side), talk.sa(side.peer()));
            talk.pair.delete_child(side, child);
            talk.pair.delete_sa(side.peer(), sa);
            let order = if delete_first {
                [side.peer(), side]
            } else {
                [side, side.peer()]
            };
            for it in order {
                talk.pass(it);
            }
            talk.finish();
            talk.ends_with_nothing();
        }
    }
    let _ = Side::A;
}
