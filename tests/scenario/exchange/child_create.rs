//! Further children (RFC 7296 §1.3.1).

use isakmp_wire::v2::NotifyType;

use super::{SIDES, Talk, calm, error, passive, rekeyed};
use ikee_tests::Setup;

/// RFC 7296 §2.9.2 allows several children with the same selectors.
#[test]
fn duplicate() {
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
