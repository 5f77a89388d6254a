//! B3: fragments that do not fit together, by a peer who has the keys.

use std::time::Duration;

use ikee_fragmentation_v2::FragmentationV2;
use ikee_tests::fault::Letter;
use ikee_tests::keyring::{Plain, Sealing, chain};
use ikee_tests::{Keyring, Packet, Side};
use isakmp_wire::{Header, OwnedPayload, PayloadType};

use super::{Arena, When, cheap, datagram};

/// A fragment: number, total and octets.
type Piece = (u16, u16, Vec<u8>);

/// A genuine protected message's header, with these fragments for what it says.
fn pieces(keyring: &Keyring<'_>, genuine: &Packet, pieces: &[Piece]) -> Vec<Packet> {
    let Some(letter) = Letter::open(keyring, genuine).filter(|it| it.protected) else {
        return Vec::new();
    };
    let (first, _) = chain(&letter.payloads);
    sealed(keyring, genuine, letter.header, first, pieces)
}

fn sealed(
    keyring: &Keyring<'_>,
    like: &Packet,
    header: Header,
    first: PayloadType,
    pieces: &[Piece],
) -> Vec<Packet> {
    let one = |(number, total, octets): &Piece| {
        let sealing = Sealing {
            header,
            first: if *number == 1 {
                first
            } else {
                PayloadType::NONE
            },
            fragment: Some((*number, *total)),
            beside: Vec::new(),
            plain: Plain::Padded(octets.clone()),
        };
        keyring.seal(&sealing).map(|it| datagram(like, it))
    };
    pieces.iter().filter_map(one).collect()
}

/// What a peer may do wrong with fragments, or nearly.
fn sets() -> Vec<Vec<Piece>> {
    let x = |octet: u8, len: usize| vec![octet; len];
    vec![
        vec![(0, 0, x(1, 8))],
        vec![(0, 3, x(1, 8))],
        vec![(1, 0, x(1, 8))],
        vec![(4, 3, x(1, 8))],
        vec![(65_535, 1, x(1, 8))],
        vec![(1, 1, x(1, 8))],
        vec![(1, 2, Vec::new()), (2, 2, Vec::new())],
        // the total grows, and shrinks
        vec![(1, 2, x(1, 8)), (2, 3, x(2, 8)), (3, 3, x(3, 8))],
        vec![(1, 3, x(1, 8)), (2, 2, x(2, 8)), (1, 2, x(3, 8))],
        // the same number with other octets
        vec![
            (1, 2, x(1, 8)),
            (1, 2, x(9, 8)),
            (1, 2, x(9, 80)),
            (2, 2, x(2, 8)),
        ],
        // the last first, and never the rest
        vec![(9, 9, x(1, 8))],
        vec![(65_535, 65_535, x(1, 8)), (1, 65_535, x(2, 8))],
        (1..60).rev().map(|n| (n, 60, x(1, 16))).collect(),
        (1..=60).rev().map(|n| (n, 60, x(1, 16))).collect(),
        // large ones, more than may be kept
        (1..200).map(|n| (n, 65_535, x(1, 1200))).collect(),
    ]
}

#[test]
fn fragments_that_never_fit_are_survived_in_every_state_and_their_memory_is_bounded() {
    let messages = Arena::letters(cheap()).len();
    for n in 0..messages {
        for set in sets() {
            for when in [When::Before, When::Instead, When::After] {
                let arena = Arena::live(cheap(), n, when, &|keyring, it| pieces(keyring, it, &set));
                for host in [&arena.pair.a, &arena.pair.b] {
                    assert!(host.extension::<FragmentationV2>().held() <= 64 << 10);
                }
                arena.survived();
            }
        }
    }
}

/// RFC 7383 §2.6: what is wrong beside it does not keep the whole message from being read.
#[test]
fn a_genuine_message_in_pieces_among_wrong_ones_is_understood() {
    let letters = Arena::letters(cheap());
    for (n, letter) in letters.iter().enumerate().filter(|it| it.1.protected) {
        let (_, inner) = chain(&letter.payloads);
        let half = inner.len() / 2;
        let arena = Arena::live(cheap(), n, When::Instead, &|keyring, genuine| {
            let Some(letter) = Letter::open(keyring, genuine) else {
                return Vec::new();
            };
            let (_, inner) = chain(&letter.payloads);
            let set = [
                (0, 2, vec![1; 8]),
                (3, 2, vec![2; 8]),
                (2, 2, inner[half..].to_vec()),
                (2, 2, vec![3; 8]),
                (1, 2, inner[..half].to_vec()),
            ];
            pieces(keyring, genuine, &set)
        });
        // the life went on to its end: both are left with what stood aside
        assert_eq!(arena.pair.a.established().count(), 1, "message {n}");
        assert_eq!(arena.pair.a.failures().count(), 0, "message {n}");
        assert_eq!(arena.pair.a.closed().count(), 1, "message {n}");
        arena.survived();
    }
}

/// Sets that never complete, under many message IDs and on many SAs.
#[test]
fn many_sets_that_never_complete_keep_no_more_than_the_limit_and_no_longer_than_the_time_out() {
    let mut arena = Arena::new(cheap());
    for _ in 0..20 {
        assert!(arena.pair.initiate(Side::A).is_ok());
        arena.pair.settle();
    }
    let b = arena.pair.b.socket();
    let sas: Vec<_> = arena.pair.a.established().map(|it| it.spis).collect();
    for spis in sas {
        for message_id in 0..8 {
            let header = ikee_tests::wire::Forged::request(
                isakmp_wire::ExchangeType::INFORMATIONAL,
                message_id,
            );
            let header = header.header(spis, Side::A);
            let like = Packet {
                from: arena.pair.a.socket(),
                to: b,
                bytes: Vec::new(),
            };
            let set: Vec<Piece> = (2..40).map(|n| (n, 40, vec![0; 500])).collect();
            let keyring = Keyring::of(&arena.pair);
            for it in sealed(&keyring, &like, header, PayloadType::NONE, &set) {
                arena.pair.deliver(&it);
            }
        }
    }
    let held = arena.pair.b.extension::<FragmentationV2>().held();
    assert!((1..=64 << 10).contains(&held), "{held}");
    arena.pair.run(Duration::from_secs(100));
    let held = arena.pair.b.extension::<FragmentationV2>().held();
    assert_eq!(held, 0);
    arena.survived();
}

/// [MS-IKEE] §3.15: other payloads beside a fragment, and IKEv1's kind of fragment, are not for this SA.
#[test]
fn foreign_payloads_beside_a_fragment_and_fragments_of_the_other_version_are_survived() {
    const V1_FRAGMENT: PayloadType = PayloadType::new(132);
    for n in 0..Arena::letters(cheap()).len() {
        for kind in [
            V1_FRAGMENT,
            isakmp_wire::v2::kind::NOTIFY,
            isakmp_wire::v2::kind::VENDOR_ID,
        ] {
            for fragment in [None, Some((1, 2))] {
                let throw = |keyring: &Keyring<'_>, genuine: &Packet| {
                    let letter = Letter::open(keyring, genuine);
                    let Some(letter) = letter.filter(|it| it.protected) else {
                        return Vec::new();
                    };
                    let (first, inner) = chain(&letter.payloads);
                    let sealing = Sealing {
                        header: letter.header,
                        first,
                        fragment,
                        beside: vec![OwnedPayload::new(kind, vec![0, 1, 1, 0, 7, 7, 7, 7])],
                        plain: Plain::Padded(inner),
                    };
                    let bytes = keyring.seal(&sealing);
                    bytes.map(|it| datagram(genuine, it)).into_iter().collect()
                };
                for when in [When::Before, When::Instead] {
                    Arena::live(cheap(), n, when, &throw).survived();
                }
            }
        }
    }
}
