//! B7: values of the key exchange that are none; B8: a HASH that is none.

use ikee_tests::v1::Setup;
use ikee_tests::{Packet, Side};
use ipsec_doi::v1::IkeProposal;
use isakmp_wire::v1::kind;
use isakmp_wire::{Message, MessageWriter, OwnedPayload};

use super::{Arena, State};
use crate::bad_input::b07_key_exchange::values as wrong;

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

/// Whether message 3, or 4, has an answer with the value that `other` makes of the genuine one.
fn goes_on(suite: &str, number: usize, other: impl FnOnce(&[u8]) -> Vec<u8>) -> bool {
    let proposal = || vec![IkeProposal::parse(suite).expect("a suite")];
    let mut pair = Setup::new().both(|it| it.proposals = proposal()).build();
    pair.initiate(Side::A);
    for _ in 1..number {
        for packet in pair.link.clear() {
            pair.deliver(&packet);
        }
    }
    let [packet] = &pair.link.clear()[..] else {
        panic!("one message")
    };
    let message = Message::parse(packet.message()).expect("a message");
    let payloads = message.payloads.iter().map(|it| it.to_owned());
    let mut payloads: Vec<OwnedPayload> = payloads.collect();
    let value = payloads.iter_mut().find(|it| it.kind == kind::KE);
    let value = value.expect("a public value");
    value.body = other(&value.body);
    let bytes = MessageWriter::message(&message.header, &payloads);
    pair.deliver(&Packet {
        bytes,
        ..packet.clone()
    });
    let answers = pair.link.clear();
    let answered = answers.iter().any(|it| {
        let answer = Message::parse(it.message()).expect("a message");
        answer.header.exchange == message.header.exchange
    });
    if !answered {
        pair.run(core::time::Duration::from_secs(400));
        pair.assert_empty();
    }
    answered
}

/// 0, 1, p - 1, p and beyond, points off the curve, wrong lengths; from an initiator, and from a responder.
#[test]
fn public_values_that_are_not_of_the_group_end_main_mode() {
    for (suite, group, len) in [
        ("aes128-sha256-modp2048", 14, 256),
        ("aes128-sha256-ecp256", 19, 64),
    ] {
        for number in [3, 4] {
            assert!(goes_on(suite, number, <[u8]>::to_vec));
            for at in 0..wrong(group, &vec![7; len]).len() {
                let other = |own: &[u8]| wrong(group, own).swap_remove(at);
                assert!(!goes_on(suite, number, other), "{suite} {number} {at}");
            }
        }
    }
}
