//! Deleting IKE SAs (RFC 7296 §1.4.1, §2.25.2).

use super::{SIDES, Talk, calm, deletes_ike, passive};
use ikee_tests::Setup;

/// RFC 7296 §1.4.1: the answer is empty, and the children go without a word.
#[test]
fn regular_the_answer_is_empty() {
    for side in SIDES {
        let mut talk = Talk::new(calm(Setup::new()));
        talk.lossy = true;
        talk.pair.delete(side);
        assert!(deletes_ike(&talk.pass(side)));
        assert!(talk.pass(side.peer()).payloads.is_empty());
        talk.ends_with_nothing();
    }
}

/// RFC 7296 §2.25.2: both answer as usual, whichever comes first.
#[test]
fn collision_both_answer_as_usual() {
    for side in SIDES {
        for lost in [false, true] {
            let mut talk = Talk::new(passive());
            talk.lossy = true;
            for side in SIDES {
                talk.pair.delete(side);
            }
            let held = talk.hold(side);
            talk.pass(side.peer());
            assert!(talk.pass(side).payloads.is_empty());
            if !lost {
                talk.deliver(&held);
            }
            talk.finish();
            talk.ends_with_nothing();
        }
    }
}
