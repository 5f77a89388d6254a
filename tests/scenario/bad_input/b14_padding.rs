//! B14: ciphertext, padding and checksums that are wrong in every state, the checksums right too.

use ikee_tests::fault::Letter;
use ikee_tests::keyring::chain;
use ikee_tests::{Fault, Keyring, Packet, Setup};

use super::{Arena, When};

const SUITES: [&str; 3] = [
    "aes256gcm16-prfsha256-x25519",
    "aes128-sha256-x25519",
    "chacha20poly1305-prfsha256-x25519",
];

fn setup(suite: &'static str) -> Setup {
    Setup::new().suites(suite, "aes256gcm16")
}

/// Ends of what is under the cipher; its checksum is right.
fn paddings(letter: &Letter) -> Vec<Fault> {
    let inner = chain(&letter.payloads).1.len();
    let ragged = |short: usize| Fault::Padding(vec![0; (16 - (inner + short) % 16) % 16 + 16]);
    let claiming = |claim: u8| {
        let mut octets = vec![0; (31 - inner % 16) % 16];
        octets.push(claim);
        Fault::Padding(octets)
    };
    vec![
        Fault::NoCiphertext,
        Fault::Padding(Vec::new()),
        claiming(255),
        claiming(254),
        claiming(u8::try_from(inner.min(200)).expect("small") + 17),
        ragged(1),
        ragged(7),
        ragged(15),
    ]
}

/// RFC 7296 §2.21, §3.14.
#[test]
fn wrong_padding_under_a_right_checksum_is_survived_in_every_state() {
    for suite in SUITES {
        let letters = Arena::letters(setup(suite));
        for (n, letter) in letters.iter().enumerate().filter(|it| it.1.protected) {
            for fault in paddings(letter) {
                for when in [When::Before, When::Instead, When::After] {
                    let throw = |keyring: &Keyring<'_>, it: &Packet| {
                        fault.apply(keyring, it).into_iter().collect()
                    };
                    Arena::live(setup(suite), n, when, &throw).survived();
                }
            }
        }
    }
}

/// More padding than needed is allowed.
#[test]
fn two_hundred_octets_of_padding_are_understood_in_every_message() {
    for suite in SUITES {
        for (n, letter) in Arena::letters(setup(suite)).iter().enumerate() {
            if !letter.protected {
                continue;
            }
            let inner = chain(&letter.payloads).1.len();
            let pad = (16 - (inner + 1) % 16) % 16 + 192;
            let mut octets = vec![0xaa; pad];
            octets.push(u8::try_from(pad).expect("small"));
            let fault = Fault::Padding(octets);
            let throw =
                |keyring: &Keyring<'_>, it: &Packet| fault.apply(keyring, it).into_iter().collect();
            let arena = Arena::live(setup(suite), n, When::Instead, &throw);
            assert_eq!(arena.pair.a.closed().count(), 1, "message {n}");
            assert_eq!(arena.pair.a.failures().count(), 0, "message {n}");
            arena.survived();
        }
    }
}

/// The checksum wrong in each octet; the genuine message goes through before and after.
#[test]
fn a_checksum_wrong_in_any_octet_touches_nothing() {
    for suite in SUITES {
        for (n, letter) in Arena::letters(setup(suite)).iter().enumerate() {
            if !letter.protected {
                continue;
            }
            let throw = |_: &Keyring<'_>, genuine: &Packet| {
                let flip = |at: usize| {
                    let mut packet = genuine.clone();
                    let len = packet.bytes.len();
                    packet.bytes[len - 1 - at] ^= 0x10;
                    packet
                };
                (0..16).map(flip).collect()
            };
            for when in [When::Before, When::After] {
                let arena = Arena::live(setup(suite), n, when, &throw);
                assert_eq!(arena.pair.a.closed().count(), 1, "message {n}");
                assert_eq!(arena.pair.b.closed().count(), 1, "message {n}");
                assert_eq!(arena.pair.a.failures().count(), 0, "message {n}");
                arena.survived();
            }
        }
    }
}
