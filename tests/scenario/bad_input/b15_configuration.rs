//! B15: every configuration attribute at every length that is wrong for it, asked and answered.

use ikee_tests::{Fault, Keyring, Packet};
use isakmp_wire::v2::{CfgType, Configuration, OwnedCfgAttr, kind};

use super::{Arena, When, cheap, places, throw_each};

const LENGTHS: [usize; 11] = [0, 1, 2, 3, 4, 5, 15, 16, 17, 18, 300];

/// All attributes that have names, some that have none, and private ones.
fn attributes() -> impl Iterator<Item = u16> {
    (0..=30).chain([16_383, 16_384, 23_456, 23_457, 32_767])
}

fn body(kind: CfgType, attributes: &[OwnedCfgAttr]) -> Vec<u8> {
    let mut body = Vec::new();
    Configuration::write(kind, attributes, &mut body);
    body
}

fn attribute(kind: u16, len: usize) -> OwnedCfgAttr {
    OwnedCfgAttr {
        kind: isakmp_wire::v2::CfgAttribute::new(kind),
        value: vec![10; len],
    }
}

/// [MS-IKEE] §3.11.5.1: what is of no use in it never fails the SA.
#[test]
fn no_attribute_of_any_length_keeps_an_sa_from_being_established() {
    let letters = Arena::letters(cheap());
    for (n, letter) in letters.iter().enumerate() {
        for at in places(letter, kind::CONFIGURATION) {
            let cfg = CfgType::new(letter.payloads[at].body[0]);
            for kind in attributes() {
                // an address of ours is needed where one was asked for
                for len in LENGTHS {
                    let fault = Fault::Body(at, body(cfg, &[attribute(kind, len)]));
                    let throw = |keyring: &Keyring<'_>, it: &Packet| {
                        fault.apply(keyring, it).into_iter().collect()
                    };
                    let arena = Arena::live(cheap(), n, When::Instead, &throw);
                    let ups = arena.pair.b.events.iter();
                    let ups = ups.filter(|it| matches!(it.1, ikev2::Event::Established(_)));
                    assert_eq!(ups.count(), 2, "attribute {kind} of {len} in message {n}");
                    arena.survived();
                }
            }
        }
    }
}

#[test]
fn configuration_payloads_that_cannot_be_read_are_survived_in_every_message() {
    let many: Vec<_> = (0..2000).map(|it| attribute(it % 32, 4)).collect();
    let twice = [
        attribute(1, 4),
        attribute(1, 4),
        attribute(8, 17),
        attribute(8, 17),
    ];
    let mut bodies = vec![Vec::new(), vec![1], vec![2, 0, 0], vec![2, 0, 0, 0, 0]];
    for kind in [0, 1, 2, 3, 4, 5, 255].map(CfgType::new) {
        bodies.extend([body(kind, &[]), body(kind, &many), body(kind, &twice)]);
        let mut overlong = body(kind, &[attribute(1, 4)]);
        overlong[6..8].copy_from_slice(&[0xff, 0xff]);
        bodies.push(overlong);
    }
    let thrown = throw_each(|letter| {
        let at = places(letter, kind::CONFIGURATION);
        let own = at.into_iter().flat_map(|at| {
            let bodies = bodies.clone().into_iter();
            bodies.map(move |it| Fault::Body(at, it))
        });
        // and where nobody expects one
        let odd = bodies.iter().map(|it| {
            let it = isakmp_wire::OwnedPayload::new(kind::CONFIGURATION, it.clone());
            Fault::Insert(usize::MAX, it)
        });
        own.chain(odd).collect()
    });
    assert!(thrown > 500, "{thrown}");
}
