//! B5: no way to an established SA around the proofs of both sides, whatever comes when.
//!
//! In the code, `Established` can only be made of a `Verified`, and only the check of an AUTH payload makes one. Here is
//! who tries all the same: a stranger with the keys of IKE_SA_INIT, as anybody has them who takes part in it.

use ikee_tests::fault::Letter;
use ikee_tests::wire::Forged;
use ikee_tests::{Fault, Keyring, Packet, Side};
use isakmp_wire::v2::kind;
use isakmp_wire::{ExchangeType, OwnedPayload, Spi};

use super::{Arena, When, cheap, datagram};

const AUTH: ExchangeType = ExchangeType::IKE_AUTH;
const CREATE: ExchangeType = ExchangeType::CREATE_CHILD_SA;
const INFORM: ExchangeType = ExchangeType::INFORMATIONAL;

fn payload(kind: isakmp_wire::PayloadType, body: &[u8]) -> OwnedPayload {
    OwnedPayload::new(kind, body)
}

/// A genuine IKE_AUTH of one side, of another SA: what a stranger knows how to write.
fn genuine(response: bool) -> Vec<OwnedPayload> {
    let letters = Arena::letters(cheap());
    letters[if response { 3 } else { 2 }].payloads.clone()
}

/// The genuine payloads with another AUTH.
fn with_auth(genuine: &[OwnedPayload], auth: Option<&[u8]>) -> Vec<OwnedPayload> {
    let others = genuine.iter().filter(|it| it.kind != kind::AUTH).cloned();
    let auth = auth.map(|it| payload(kind::AUTH, it));
    others.chain(auth).collect()
}

/// Requests of somebody who cannot prove anything.
fn requests() -> Vec<(ExchangeType, Vec<OwnedPayload>)> {
    let genuine = genuine(false);
    let auth = |method: u8, data: &[u8]| {
        let body = [&[method, 0, 0, 0], data].concat();
        (AUTH, with_auth(&genuine, Some(&body)))
    };
    let eap_success = payload(kind::EAP, &[3, 1, 0, 4]);
    let rekey: Vec<_> = genuine
        .iter()
        .filter(|it| [kind::SA, kind::TS_I, kind::TS_R].contains(&it.kind))
        .cloned()
        .collect();
    let nonce = payload(kind::NONCE, &[5; 32]);
    vec![
        (AUTH, Vec::new()),
        // asks for EAP
        (AUTH, with_auth(&genuine, None)),
        (AUTH, vec![eap_success.clone()]),
        (
            AUTH,
            [with_auth(&genuine, None), vec![eap_success]].concat(),
        ),
        auth(2, &[]),
        auth(2, &[0; 32]),
        auth(13, &[0; 32]),
        auth(14, &[0; 64]),
        auth(0, &[0; 32]),
        (CREATE, [rekey, vec![nonce.clone()]].concat()),
        (
            CREATE,
            vec![
                nonce,
                payload(kind::SA, &[]),
                payload(kind::KE, &[0, 31, 0, 0]),
            ],
        ),
        (INFORM, Vec::new()),
        (INFORM, vec![payload(kind::NOTIFY, &[0, 0, 0x40, 0])]),
        (ExchangeType::IKE_INTERMEDIATE, Vec::new()),
    ]
}

/// An SA that is half open at the second party, its first party out of the way.
fn half_open() -> (Arena, (Spi, Spi), Packet) {
    let mut arena = Arena::new(cheap());
    let subject = arena.pair.initiate(Side::A).expect("a negotiation");
    for _ in 0..2 {
        for packet in arena.pair.link.clear() {
            arena.pair.deliver(&packet);
        }
    }
    let packet = arena.pair.link.clear().remove(0);
    let spis = arena.pair.a.endpoint.sas().find(|it| it.sa == subject);
    let spis = spis.expect("the SA").spis;
    (arena, spis, packet)
}

#[test]
fn a_stranger_never_becomes_a_peer_whatever_two_requests_it_sends() {
    let requests = requests();
    let (arena, ..) = half_open();
    arena.survived();
    for first in &requests {
        for second in &requests {
            for ids in [[1, 2], [1, 1], [2, 1]] {
                let (mut arena, spis, like) = half_open();
                for ((exchange, payloads), message_id) in [first, second].into_iter().zip(ids) {
                    let header = Forged::request(*exchange, message_id).header(spis, Side::A);
                    let bytes = Keyring::of(&arena.pair).seal_payloads(header, payloads);
                    arena.pair.deliver(&datagram(&like, bytes.expect("keys")));
                    for answer in arena.pair.link.clear() {
                        let answer = arena.pair.read(&answer);
                        assert!(!answer.kinds().contains(&kind::AUTH));
                        assert!(!answer.kinds().contains(&kind::SA));
                    }
                }
                assert_eq!(arena.pair.b.established().count(), 1);
                assert_eq!(arena.pair.b.children.len(), 1);
            }
        }
    }
}

/// RFC 7296 §2.15: nor does a responder that cannot prove anything, the initiator's own proof sent back included.
#[test]
fn a_responder_without_a_proof_is_never_believed() {
    let auth = genuine(false)
        .into_iter()
        .find(|it| it.kind == kind::AUTH)
        .expect("AUTH")
        .body;
    let genuine = genuine(true);
    let zero = [&[2, 0, 0, 0][..], &[0; 32]].concat();
    let method = |method: u8| [&[method, 0, 0, 0], &auth[4..]].concat();
    let eap = |octet: u8| vec![payload(kind::EAP, &[octet, 1, 0, 4])];
    let instead = [
        Vec::new(),
        with_auth(&genuine, None),
        with_auth(&genuine, Some(&zero)),
        with_auth(&genuine, Some(&[2, 0, 0, 0])),
        with_auth(&genuine, Some(&method(13))),
        with_auth(&genuine, Some(&method(14))),
        [with_auth(&genuine, None), eap(3)].concat(),
        eap(1),
        eap(3),
    ];
    let mut faults: Vec<_> = instead.into_iter().map(Fault::Payloads).collect();
    faults.extend([CREATE, INFORM].map(Fault::Exchange));
    for fault in faults {
        let mut arena = attacked(&fault);
        arena.pair.run(std::time::Duration::from_secs(1));
        assert_eq!(arena.pair.a.established().count(), 1, "{fault:?}");
        assert_eq!(arena.pair.a.children.len(), 1, "{fault:?}");
    }
}

/// The first party's own AUTH comes back to it under the responder's identity.
#[test]
fn a_reflected_proof_is_none() {
    let mut arena = Arena::new(cheap());
    arena.pair.initiate(Side::A).expect("a negotiation");
    let mut own = None;
    arena.pair.intruder = Some(Box::new(move |keyring, side, packet| {
        let Some(mut letter) = Letter::open(keyring, &packet).filter(|it| it.protected) else {
            return vec![packet];
        };
        let auth = letter.payloads.iter_mut().find(|it| it.kind == kind::AUTH);
        match (side, auth, &own) {
            (Side::A, Some(auth), _) => own = Some(auth.body.clone()),
            (Side::B, Some(auth), Some(own)) => auth.body.clone_from(own),
            _ => {}
        }
        let bytes = letter.write(keyring, &letter.header);
        vec![datagram(&packet, bytes)]
    }));
    arena.pair.settle();
    assert_eq!(arena.pair.a.established().count(), 1);
    assert_eq!(arena.pair.a.failures().count(), 1);
}

/// The answer to IKE_AUTH with a fault.
fn attacked(fault: &Fault) -> Arena {
    let mut arena = Arena::new(cheap());
    arena.pair.initiate(Side::A).expect("a negotiation");
    for round in 0..4 {
        for packet in arena.pair.link.clear() {
            let thrown = (round == 3).then(|| fault.apply(&Keyring::of(&arena.pair), &packet));
            arena.pair.deliver(&thrown.flatten().unwrap_or(packet));
        }
    }
    arena
}

/// A genuine proof with one bit of anything that it covers altered is none.
#[test]
fn an_identity_or_proof_with_one_bit_altered_is_refused_on_both_sides() {
    for (n, letter) in Arena::letters(cheap()).iter().enumerate().skip(2).take(2) {
        for (at, payload) in letter.payloads.iter().enumerate() {
            let own = if n == 2 { kind::ID_I } else { kind::ID_R };
            if ![own, kind::AUTH].contains(&payload.kind) {
                continue;
            }
            for octet in 0..payload.body.len() {
                // the reserved octets of AUTH are not read
                if payload.kind == kind::AUTH && (1..4).contains(&octet) {
                    continue;
                }
                let mut body = payload.body.clone();
                body[octet] ^= 1;
                let fault = Fault::Body(at, body);
                let throw = |keyring: &Keyring<'_>, it: &Packet| {
                    fault.apply(keyring, it).into_iter().collect()
                };
                let arena = Arena::live(cheap(), n, When::Instead, &throw);
                let receiver = if n == 2 { &arena.pair.b } else { &arena.pair.a };
                let ups = receiver.events.iter();
                let ups = ups.filter(|it| matches!(it.1, ikev2::Event::Established(_)));
                // only what stands aside
                assert_eq!(ups.count(), 1, "message {n}, payload {at}, octet {octet}");
            }
        }
    }
}
