//! B7: values of the key exchange that are none; B8: a HASH that is none.

use isakmp_wire::OwnedPayload;
use isakmp_wire::v1::kind;

use super::{Arena, State};

/// A point off the curve, the identity, values too short and too long.
fn values() -> Vec<Vec<u8>> {
    let mut out = vec![vec![0; 64], vec![0xff; 64], vec![1; 64]];
    for len in [0, 1, 31, 32, 33, 63, 65, 66, 128, 2000] {
        out.push(vec![2; len]);
    }
    let mut off = vec![0; 64];
    off[63] = 1;
    out.push(off);
    out
}

#[test]
fn public_values_that_are_none_do_no_harm() {
    let mut arena = Arena::new();
    for value in values() {
        for nonce in [20, 0, 7, 8, 256, 257] {
            arena.throw(State::Chosen, |it| {
                let (guard, _) = it.genuine(State::Chosen);
                let bad = [
                    OwnedPayload::new(kind::KE, value.clone()),
                    OwnedPayload::new(kind::NONCE, vec![5; nonce]),
                ];
                vec![it.wrap(guard, &bad)]
            });
        }
    }
    arena.survived();
}

/// A key exchange in quick mode that nobody offered, and values in it that are none.
#[test]
fn public_values_in_quick_mode_do_no_harm() {
    let mut arena = Arena::new();
    for value in values() {
        arena.throw(State::Up, |it| {
            let (guard, mut payloads) = it.genuine(State::Up);
            payloads.push(OwnedPayload::new(kind::KE, value));
            vec![it.wrap(guard, &payloads)]
        });
    }
    assert_eq!(arena.pair.hosts[1].children.len(), 1);
    arena.survived();
}

/// RFC 2409 §5: a proof that is empty, short, long or of zeroes proves nothing.
#[test]
fn a_hash_that_is_none_proves_nothing() {
    let mut arena = Arena::new();
    for len in [0, 1, 16, 31, 32, 33, 64, 1000] {
        for octet in [0, 0xff] {
            arena.throw(State::Keyed, |it| {
                let (guard, mut payloads) = it.genuine(State::Keyed);
                payloads[1] = OwnedPayload::new(kind::HASH, vec![octet; len]);
                vec![it.wrap(guard, &payloads)]
            });
            assert_eq!(arena.pair.hosts[1].established().count(), 1);
        }
    }
    // nor does a signature where a shared key is wanted
    arena.throw(State::Keyed, |it| {
        let (guard, mut payloads) = it.genuine(State::Keyed);
        payloads[1].kind = kind::SIGNATURE;
        vec![it.wrap(guard, &payloads)]
    });
    assert_eq!(arena.pair.hosts[1].established().count(), 1);
    arena.survived();
}
