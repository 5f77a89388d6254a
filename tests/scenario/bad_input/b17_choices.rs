//! B17: answers that choose what was not offered, cannot be, or has a key of no length.

use ikee_tests::{Fault, Keyring, Packet, Setup};
use isakmp_wire::v2::{ProtocolId, SaBuilder, TransformType, kind};

use super::{Arena, When, places};

/// Type, number and key length of a transform.
type Transform = (TransformType, u16, Option<u16>);

const ENCR: TransformType = TransformType::ENCR;
const PRF: TransformType = TransformType::PRF;
const INTEG: TransformType = TransformType::INTEG;
const KE: TransformType = TransformType::KE;
const ESN: TransformType = TransformType::ESN;

fn body(proposals: &[(u8, ProtocolId, &[u8], &[Transform])]) -> Vec<u8> {
    let mut body = Vec::new();
    let mut builder = SaBuilder::new(&mut body);
    for (number, protocol, spi, transforms) in proposals {
        builder.proposal(*number, *protocol, spi);
        for (kind, id, key) in *transforms {
            builder.transform(*kind, *id, *key);
        }
    }
    builder.finish();
    body
}

const GCM: Transform = (ENCR, 20, Some(256));
const IKE: [Transform; 3] = [GCM, (PRF, 5, None), (KE, 31, None)];
const ESP: [Transform; 2] = [GCM, (ESN, 0, None)];

/// Choices of an IKE suite, where AES-GCM with 256 bits, PRF-HMAC-SHA2-256 and Curve25519 was offered.
fn ike_choices() -> Vec<Vec<u8>> {
    let one = |transforms: &[Transform]| body(&[(1, ProtocolId::IKE, &[], transforms)]);
    let with = |at: usize, other: Transform| {
        let mut transforms = IKE;
        transforms[at] = other;
        one(&transforms)
    };
    vec![
        Vec::new(),
        one(&[]),
        with(0, (ENCR, 20, None)),
        with(0, (ENCR, 20, Some(0))),
        with(0, (ENCR, 20, Some(1))),
        with(0, (ENCR, 20, Some(128))),
        with(0, (ENCR, 20, Some(65_535))),
        with(0, (ENCR, 11, None)),
        with(0, (ENCR, 12, Some(256))),
        with(0, (ENCR, 2, None)),
        with(0, (ENCR, 0, None)),
        with(0, (ENCR, 65_535, None)),
        with(1, (PRF, 2, None)),
        with(1, (PRF, 1, None)),
        with(1, (PRF, 5, Some(256))),
        with(1, (PRF, 65_535, None)),
        with(2, (KE, 14, None)),
        with(2, (KE, 0, None)),
        with(2, (KE, 1024, None)),
        one(&IKE[..2]),
        one(&IKE[1..]),
        one(&[IKE[0], IKE[2]]),
        one(&[IKE[0], IKE[0], IKE[1], IKE[2]]),
        one(&[IKE[0], IKE[1], IKE[2], (INTEG, 12, None)]),
        one(&[IKE[0], IKE[1], IKE[2], (ESN, 1, None)]),
        one(&[IKE[0], IKE[1], IKE[2], (TransformType::new(200), 1, None)]),
        body(&[(0, ProtocolId::IKE, &[], &IKE)]),
        body(&[(2, ProtocolId::IKE, &[], &IKE)]),
        body(&[(255, ProtocolId::IKE, &[], &IKE)]),
        body(&[(1, ProtocolId::ESP, &[7; 4], &IKE)]),
        body(&[(1, ProtocolId::IKE, &[7; 8], &IKE)]),
        body(&[
            (1, ProtocolId::IKE, &[], &IKE),
            (2, ProtocolId::IKE, &[], &IKE),
        ]),
    ]
}

/// Choices of an ESP suite, where AES-GCM with 256 bits and no extended sequence numbers was offered.
fn esp_choices() -> Vec<Vec<u8>> {
    let one = |transforms: &[Transform]| body(&[(1, ProtocolId::ESP, &[1, 2, 3, 4], transforms)]);
    let spi = |spi: &[u8]| body(&[(1, ProtocolId::ESP, spi, &ESP)]);
    let with = |at: usize, other: Transform| {
        let mut transforms = ESP;
        transforms[at] = other;
        one(&transforms)
    };
    vec![
        Vec::new(),
        one(&[]),
        with(0, (ENCR, 20, None)),
        with(0, (ENCR, 20, Some(0))),
        with(0, (ENCR, 20, Some(128))),
        with(0, (ENCR, 11, None)),
        with(0, (ENCR, 12, Some(256))),
        with(0, (ENCR, 2, None)),
        with(1, (ESN, 1, None)),
        with(1, (ESN, 2, None)),
        one(&ESP[1..]),
        one(&[ESP[0], ESP[0], ESP[1]]),
        one(&[ESP[0], ESP[1], (INTEG, 12, None)]),
        one(&[ESP[0], ESP[1], (KE, 31, None)]),
        spi(&[]),
        spi(&[0; 4]),
        spi(&[0, 0, 0, 255]),
        spi(&[1, 2, 3]),
        spi(&[1; 8]),
        body(&[(2, ProtocolId::ESP, &[1, 2, 3, 4], &ESP)]),
        body(&[(1, ProtocolId::AH, &[1, 2, 3, 4], &ESP)]),
        body(&[(1, ProtocolId::IKE, &[], &ESP)]),
        body(&[
            (1, ProtocolId::ESP, &[1, 2, 3, 4], &ESP),
            (1, ProtocolId::ESP, &[1, 2, 3, 4], &ESP),
        ]),
    ]
}

/// The life of an SA whose `n`th message has another SA payload.
fn answered(n: usize, when: When, body: &[u8]) -> Arena {
    let letters = Arena::letters(Setup::new());
    let at = places(&letters[n], kind::SA)[0];
    let fault = Fault::Body(at, body.to_vec());
    let throw = |keyring: &Keyring<'_>, it: &Packet| fault.apply(keyring, it).into_iter().collect();
    Arena::live(Setup::new(), n, when, &throw)
}

fn established(arena: &Arena) -> usize {
    let events = arena.pair.a.events.iter();
    events
        .filter(|it| matches!(it.1, ikev2::Event::Established(_)))
        .count()
}

/// RFC 7296 §2.7, §3.3.6.
#[test]
fn an_ike_suite_that_was_not_offered_is_never_accepted() {
    for choice in ike_choices() {
        let arena = answered(1, When::Instead, &choice);
        assert_eq!(established(&arena), 1, "{choice:02x?}");
        arena.survived();
        answered(1, When::Before, &choice).survived();
        answered(1, When::After, &choice).survived();
    }
}

/// RFC 7296 §1.2, §2.7, §3.3.6: the IKE SA stands, or is deleted; such a child never is.
#[test]
fn an_esp_suite_that_was_not_offered_is_never_installed() {
    for choice in esp_choices() {
        let arena = answered(3, When::Instead, &choice);
        let installed = arena.pair.a.keys();
        let esp = installed.filter(|it| matches!(it, ikev2::KeyLog::Esp { .. }));
        // both directions of what stands aside
        assert_eq!(esp.count(), 2, "{choice:02x?}");
        arena.survived();
    }
}

/// RFC 7296 §3.3.6: what a responder cannot read or does not want in a request it refuses or passes over.
#[test]
fn surprising_offers_are_survived() {
    for choice in ike_choices() {
        answered(0, When::Instead, &choice).survived();
        answered(0, When::Before, &choice).survived();
    }
    for choice in esp_choices() {
        answered(2, When::Instead, &choice).survived();
    }
}

/// RFC 7296 §2.7, §3.3.6: what holds when an SA is opened holds when it is replaced.
#[test]
fn a_suite_that_was_not_offered_is_never_accepted_for_what_replaces_an_sa_either() {
    for (n, letter) in Arena::letters(Setup::new()).iter().enumerate() {
        let rekeys = letter.header.exchange == isakmp_wire::ExchangeType::CREATE_CHILD_SA;
        if !rekeys || places(letter, kind::SA).is_empty() {
            continue;
        }
        let of_child = !places(letter, kind::TS_I).is_empty();
        let choices = if of_child {
            esp_choices()
        } else {
            ike_choices()
        };
        for choice in choices {
            let arena = answered(n, When::Instead, &choice);
            for keys in arena.pair.a.keys().chain(arena.pair.b.keys()) {
                let suite = match keys {
                    ikev2::KeyLog::Esp { suite, .. } => suite.to_string(),
                    ikev2::KeyLog::Ike { suite, .. } => suite.to_string(),
                    _ => continue,
                };
                let offered = ["aes256gcm16", "aes256gcm16-prfsha256-x25519"];
                assert!(
                    offered.contains(&suite.as_str()),
                    "{suite} by {choice:02x?}"
                );
            }
            arena.survived();
        }
    }
}
