//! B4: every exchange type, version and flag in every state; B5: no way around authentication; B14: ciphertexts that are none.

use ikee_tests::v1::peer::{Cover, notify, phase_2};
use isakmp_wire::v1::{ConfigType, Configuration, NotifyType, kind};
use isakmp_wire::{Attribute, Encode, ExchangeType, Flags, OwnedPayload};

use super::{Arena, STATES, State};

#[test]
fn exchanges_and_versions_and_flags_in_the_wrong_place_do_no_harm() {
    let mut arena = Arena::new();
    for state in STATES {
        for exchange in [0, 1, 2, 3, 4, 5, 6, 7, 32, 33, 34, 36, 37, 243, 255] {
            arena.throw(state, |it| {
                let (guard, payloads) = it.genuine(state);
                let right = it.wrap(guard, &payloads);
                let mut out = Vec::new();
                for version in [0x10, 0x11, 0x1f, 0x20, 0x21, 0x00, 0xff] {
                    for flags in [0, 1, 2, 4, 8, 0x28, 0xff] {
                        let mut bad = right.clone();
                        bad.bytes[17] = version;
                        bad.bytes[18] = exchange;
                        bad.bytes[19] = flags;
                        let genuine = bad == right;
                        // another exchange would only begin another negotiation
                        if !genuine && (state != State::Nothing || exchange > 4) {
                            out.push(bad);
                        }
                    }
                }
                out
            });
        }
    }
    arena.survived();
}

/// B5: quick mode, transactions and notifications under keys that nobody has been authenticated for.
#[test]
fn keys_alone_open_nothing() {
    let mut arena = Arena::new();
    let attributes = |kind: ConfigType| {
        let mut body = Vec::new();
        Configuration::write_head(kind, 7, &mut body);
        Attribute::short(16_527, 1).encode(&mut body);
        Attribute::long(1, &[]).encode(&mut body);
        OwnedPayload::new(kind::ATTRIBUTES, body)
    };
    let kinds = [1, 2, 3, 4].map(ConfigType::new);
    for (n, kind) in (1_u32..).zip(kinds) {
        arena.throw(State::Keyed, |it| {
            let header = it.peer.header(ExchangeType::TRANSACTION, n);
            let bad = it
                .peer
                .hashed(&header, Cover::default(), &[attributes(kind)]);
            vec![bad.clone(), bad]
        });
    }
    arena.throw(State::Keyed, |it| {
        let ids = it.ids();
        let (quick, nonce) = it.peer.ask(77, phase_2(0x4000, 1), &ids);
        let third = it.peer.confirm(77, (&nonce, &nonce));
        let contact = it
            .peer
            .inform(78, &[notify(NotifyType::INITIAL_CONTACT, &[])]);
        vec![quick, third, contact]
    });
    let host = &arena.pair.hosts[1];
    assert_eq!(host.established().count(), 1);
    assert_eq!(host.children.len(), 1);
    arena.survived();
}

/// B14: empty, not a multiple of the block, and every octet of the ciphertext changed.
#[test]
fn ciphertexts_that_are_none_do_no_harm() {
    let mut arena = Arena::new();
    for state in [State::Keyed, State::Up, State::Quick] {
        arena.throw(state, |it| {
            let (guard, payloads) = it.genuine(state);
            let right = it.wrap(guard, &payloads);
            let mut out = Vec::new();
            for len in 28..right.bytes.len() {
                let mut bad = right.clone();
                bad.bytes.truncate(len);
                bad.bytes[24..28]
                    .copy_from_slice(&u32::try_from(len).expect("short").to_be_bytes());
                out.push(bad);
            }
            for at in 28..right.bytes.len() {
                let mut bad = right.clone();
                bad.bytes[at] ^= 0x55;
                out.push(bad);
            }
            assert!(Flags::ENCRYPTED.get() & right.bytes[19] != 0);
            for bad in out {
                assert!(it.hand(&bad).len() <= 1);
            }
            // main mode has no more than HASH to tell a damaged message from a wrong proof; phase 2 goes on
            if state == State::Up {
                assert_eq!(it.hand(&right).len(), 1, "the true message is lost");
            }
            Vec::new()
        });
    }
    arena.survived();
}
