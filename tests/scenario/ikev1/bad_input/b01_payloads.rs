//! B1: payloads that are missing, doubled, in another order, empty, or unknown, in every message and state. B12: the
//! first message, where there is no SA.

use isakmp_wire::OwnedPayload;

use super::{Arena, STATES, State, UNKNOWN};

/// Every way to get the payloads wrong.
fn wrong(payloads: &[OwnedPayload]) -> Vec<Vec<OwnedPayload>> {
    let mut out = vec![Vec::new()];
    for at in 0..payloads.len() {
        let change = |change: &dyn Fn(&mut Vec<OwnedPayload>)| {
            let mut it = payloads.to_vec();
            change(&mut it);
            it
        };
        out.push(change(&|it| drop(it.remove(at))));
        out.push(change(&|it| it.insert(at, it[at].clone())));
        out.push(change(&|it| it.push(it[at].clone())));
        out.push(change(&|it| it.rotate_left(at)));
        out.push(change(&|it| it[at].body.clear()));
        out.push(change(&|it| it[at].body.truncate(3)));
        out.push(change(&|it| it[at].kind = UNKNOWN));
        out.push(change(&|it| {
            it.insert(at, OwnedPayload::new(UNKNOWN, [7; 5]));
        }));
        out.push(change(&|it| it.swap(0, at)));
    }
    out
}

#[test]
fn payloads_in_disorder_do_no_harm() {
    let mut arena = Arena::new();
    for state in STATES {
        arena.next();
        arena.go(state);
        let (_, payloads) = arena.genuine(state);
        for n in 0..wrong(&payloads).len() {
            arena.throw(state, |it| {
                let (guard, payloads) = it.genuine(state);
                let wrong = wrong(&payloads).swap_remove(n);
                let bad = it.wrap(guard, &wrong);
                vec![bad.clone(), bad]
            });
        }
    }
    arena.survived();
}

/// What is in clear may be anybody's: the true message after it is taken all the same.
#[test]
fn what_lacks_something_in_clear_ends_nothing() {
    let mut arena = Arena::new();
    let count = 2 * 9 + 1;
    for n in 0..count {
        arena.throw(State::Chosen, |it| {
            let (guard, payloads) = it.genuine(State::Chosen);
            let wrong = wrong(&payloads).swap_remove(n);
            // what can be read and has both halves is the peer's own
            let lacks = wrong.len() < payloads.len();
            let bad = it.wrap(guard, &wrong);
            if !lacks {
                return vec![bad];
            }
            it.hand(&bad);
            let right = it.wrap(guard, &payloads);
            assert_eq!(it.hand(&right).len(), 1, "the true message is lost");
            Vec::new()
        });
    }
    arena.survived();
}
