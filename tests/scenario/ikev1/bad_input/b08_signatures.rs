//! B8: signatures that are none, in place of a responder's own. Aggressive mode has it in clear (RFC 2409 §5.1).

use ikee_tests::v1::pair::identity;
use ikee_tests::v1::{Pair, Setup};
use ikee_tests::{Packet, Side};
use ikev1::{Authentication, Credential, Trust};
use isakmp_wire::v1::kind;
use isakmp_wire::{Message, MessageWriter, OwnedPayload};

const RSA: &[u8] = include_bytes!("../../../../crates/ikev1/tests/keys/rsa2048.der");
const ECDSA: &[u8] = include_bytes!("../../../../crates/ikev1/tests/keys/prime256v1.der");

/// Two parties that sign with the same key, and know it.
fn pair(key: &[u8]) -> (Pair, Vec<u8>) {
    let load = || ike_rustcrypto::provider().load_key(key).expect("a key");
    let mut setup = Setup::new().both(|it| it.options.aggressive = true);
    for (side, config) in [Side::A, Side::B].into_iter().zip(&mut setup.configs) {
        config.connections[0].authentication = Authentication::signature(
            identity(side),
            Some(identity(side.peer())),
            Credential::new(vec![vec![7; 20]], load()),
            Trust::default(),
        );
    }
    let mut pair = setup.build();
    let public = load().public_key().to_vec();
    for host in &mut pair.hosts {
        host.verdict = Ok(public.clone());
    }
    (pair, public)
}

/// Whether the initiator takes message 2 with another signature, made from the genuine one and the public key.
fn is_taken(key: &[u8], other: impl FnOnce(&[u8], &[u8]) -> Vec<u8>) -> bool {
    let (mut pair, public) = pair(key);
    pair.initiate(Side::A);
    for packet in pair.link.clear() {
        pair.deliver(&packet);
    }
    let [second] = &pair.link.clear()[..] else {
        panic!("message 2 goes alone")
    };
    let message = Message::parse(second.message()).expect("message 2");
    let payloads = message.payloads.iter().map(|it| it.to_owned());
    let mut payloads: Vec<OwnedPayload> = payloads.collect();
    let signature = payloads.iter_mut().find(|it| it.kind == kind::SIGNATURE);
    let signature = signature.expect("a signature");
    signature.body = other(&signature.body, &public);
    let bytes = MessageWriter::message(&message.header, &payloads);
    pair.deliver(&Packet {
        bytes,
        ..second.clone()
    });
    let up = pair.host(Side::A).established().next().is_some();
    assert_eq!(up, pair.host(Side::A).failures().next().is_none());
    if !up {
        pair.run(core::time::Duration::from_secs(300));
        pair.assert_empty();
    }
    up
}

/// The modulus in a public key of 2048 bits (RFC 8017 A.1.1).
fn modulus(public: &[u8]) -> Vec<u8> {
    let head = [0x02, 0x82, 0x01, 0x01, 0];
    let at = public.windows(5).position(|it| it == head);
    let at = at.expect("an integer of 2048 bits") + 5;
    public[at..at + 256].to_vec()
}

#[test]
fn a_signature_that_is_none_proves_nothing() {
    for key in [RSA, ECDSA] {
        assert!(is_taken(key, |genuine, _| genuine.to_vec()));
        assert!(!is_taken(key, |_, _| Vec::new()));
        for octet in [0, 1, 0xff] {
            assert!(!is_taken(key, |genuine, _| vec![octet; genuine.len()]));
            assert!(!is_taken(key, |genuine, _| [genuine, &[octet]].concat()));
            assert!(!is_taken(key, |genuine, _| [&[octet], genuine].concat()));
        }
        for len in [1, 31, 32, 63, 64, 65, 255, 256, 257, 4000] {
            assert!(!is_taken(key, |_, _| vec![2; len]), "{len}");
        }
        for at in [0, 20, 63] {
            assert!(!is_taken(key, |genuine, _| genuine[..at].to_vec()), "{at}");
            let flipped = |genuine: &[u8], _: &[u8]| {
                let mut out = genuine.to_vec();
                out[at] ^= 1;
                out
            };
            assert!(!is_taken(key, flipped), "{at}");
        }
    }
}

/// Numbers that RSA leaves as they are, or has no place for: 1, the modulus, the one below it, and the genuine one beyond it.
#[test]
fn numbers_that_are_no_rsa_signatures_prove_nothing() {
    let one = |_: &[u8], _: &[u8]| [vec![0; 255], vec![1]].concat();
    assert!(!is_taken(RSA, one));
    assert!(!is_taken(RSA, |_, public| modulus(public)));
    let below = |_: &[u8], public: &[u8]| {
        let mut out = modulus(public);
        // it is odd
        out[255] ^= 1;
        out
    };
    assert!(!is_taken(RSA, below));
    let beyond = |genuine: &[u8], public: &[u8]| {
        let mut out = vec![0; 257];
        let mut carry = 0;
        for (at, (a, b)) in genuine.iter().zip(modulus(public)).enumerate().rev() {
            let sum = u16::from(*a) + u16::from(b) + carry;
            (out[at + 1], carry) = (sum.to_be_bytes()[1], sum >> 8);
        }
        out[0] = carry.to_be_bytes()[1];
        out
    };
    assert!(!is_taken(RSA, beyond));
}
