//! Authentication by signatures. The certificates are whatever octets the parties exchange: who judges them is outside,
//! and names the key. The keys in `tests/keys` are for these tests only.

use std::time::Duration;

use ikev1::{
    Authentication, AuthenticationFailure, Credential, Event, Failure, Profile, Proof, Trust,
};
use isakmp_wire::v1::{AuthMethod, NotifyType};

use crate::pair::{A, B, BAD, Pair, config, identity};

const RSA: &[u8] = include_bytes!("../keys/rsa2048.der");
const P256: &[u8] = include_bytes!("../keys/prime256v1.der");
const P384: &[u8] = include_bytes!("../keys/secp384r1.der");
const P521: &[u8] = include_bytes!("../keys/secp521r1.der");

pub(crate) fn credential(key: &[u8], side: usize) -> Credential {
    let key = ike_rustcrypto::provider().load_key(key).unwrap();
    let certificate = format!("the certificate of {}", identity(side)).into_bytes();
    Credential::new(vec![certificate, b"its issuer's".to_vec()], key)
}

fn public(key: &[u8]) -> Vec<u8> {
    let key = ike_rustcrypto::provider().load_key(key).unwrap();
    key.public_key().to_vec()
}

fn pair(keys: [&[u8]; 2], aggressive: bool, profile: Profile) -> Pair {
    let both = [A, B].map(|side| {
        let mut it = config(side);
        let authentication = Authentication::signature(
            identity(side),
            Some(identity(1 - side)),
            credential(keys[side], side),
            Trust::default(),
        );
        it.connections[0].authentication = authentication;
        it.connections[0].options.aggressive = aggressive;
        it.profile = profile;
        it
    });
    let [a, b] = both;
    let mut pair = Pair::new(a, b);
    for side in [A, B] {
        pair.hosts[side].verdict = Ok(public(keys[1 - side]));
    }
    pair
}

pub(crate) fn aggressive(profile: Profile) -> Pair {
    pair([P256, P256], true, profile)
}

pub(crate) fn main_mode(profile: Profile) -> Pair {
    pair([P256, P256], false, profile)
}

fn method(pair: &Pair) -> Option<AuthMethod> {
    pair.hosts[A].events.iter().find_map(|it| match it {
        Event::Established(it) => Some(it.method),
        _ => None,
    })
}

/// RFC 2409 §5.1: PKCS #1 around the bare hash; RFC 4754 §3: the hash of the curve.
#[test]
fn every_kind_of_key_proves_its_owner_in_both_modes() {
    for (key, expected) in [
        (RSA, AuthMethod::RSA_SIGNATURE),
        (P256, AuthMethod::ECDSA_256),
        (P384, AuthMethod::ECDSA_384),
        (P521, AuthMethod::ECDSA_521),
    ] {
        for aggressive in [false, true] {
            let mut pair = pair([key, key], aggressive, Profile::RFC);
            pair.connect();
            pair.assert_joined(1);
            assert_eq!(method(&pair), Some(expected));
        }
    }
}

#[test]
fn the_judge_sees_identity_and_chain() {
    let mut pair = pair([RSA, RSA], false, Profile::MICROSOFT);
    pair.connect();
    pair.assert_joined(1);
    let asked = pair.hosts[B].events.iter().find_map(|it| match it {
        Event::PeerCertificates(it) => Some(it.clone()),
        _ => None,
    });
    let asked = asked.unwrap();
    assert_eq!(asked.identity, identity(A));
    assert_eq!(asked.chain.len(), 2);
    assert_eq!(asked.chain[0], b"the certificate of a.example");
}

#[test]
fn loss_and_duplicates_do_no_harm() {
    for seed in 0..20 {
        let mut pair = pair([P256, P256], seed % 2 == 0, Profile::RFC).seeded(seed);
        pair.link = BAD;
        pair.initiate(A);
        pair.run(Duration::from_secs(110));
        pair.assert_joined(1);
    }
}

#[test]
fn a_refused_certificate_ends_the_negotiation_with_its_reason() {
    let mut pair = pair([RSA, RSA], false, Profile::RFC);
    pair.hosts[B].verdict = Err("it has expired".into());
    pair.connect();
    let Failure::Authentication(AuthenticationFailure::Certificate { reason, .. }) =
        &pair.hosts[B].failures()[0]
    else {
        panic!("{:?}", pair.hosts[B].failures());
    };
    assert_eq!(reason, "it has expired");
    let told = Failure::PeerError(NotifyType::INVALID_CERTIFICATE);
    assert_eq!(pair.hosts[A].failures(), [told]);
    pair.assert_empty();
}

#[test]
fn a_signature_by_another_key_is_refused() {
    for aggressive in [false, true] {
        let mut pair = pair([P256, P256], aggressive, Profile::RFC);
        // the judge names a key that did not sign
        let other = ike_rustcrypto::provider().load_key(P384).unwrap();
        pair.hosts[B].verdict = Ok(other.public_key().to_vec());
        pair.connect();
        assert!(matches!(
            pair.hosts[B].failures()[0],
            Failure::Authentication(AuthenticationFailure::Signature { .. })
        ));
        assert_eq!(pair.hosts[B].established(), []);
        assert!(pair.hosts[B].children.is_empty());
    }
}

/// The connection follows the identity, which comes in the fifth message only.
#[test]
fn the_connection_is_that_of_the_identity() {
    let mut pair = {
        let mut a = config(A);
        let mut b = config(B);
        let signature = |side: usize, other| {
            let key = credential(RSA, side);
            Authentication::signature(identity(side), Some(other), key, Trust::default())
        };
        a.connections[0].authentication = signature(A, identity(B));
        let mut first = crate::pair::connection(B, signature(B, ipsec_doi::Identity::fqdn("c")));
        first.policy = ike_ext::PolicyId::new(9);
        b.connections[0].authentication = signature(B, identity(A));
        b.connections.insert(0, first);
        Pair::new(a, b)
    };
    for side in [A, B] {
        pair.hosts[side].verdict = Ok(public(RSA));
    }
    pair.connect();
    pair.assert_joined(1);
    let policies: Vec<_> = pair.hosts[B].endpoint.sas().map(|it| it.policy).collect();
    assert_eq!(policies, [Some(crate::pair::POLICY)]);
}

/// Methods do not mix: RSA on one side and ECDSA on the other have no common offer.
#[test]
fn both_sides_sign_with_the_same_kind_of_key() {
    let mut pair = pair([RSA, P256], false, Profile::RFC);
    pair.connect();
    assert!(matches!(
        pair.hosts[B].failures()[0],
        Failure::Incompatible(_)
    ));
}

/// RFC 2408 §3.10: authorities are asked for by name.
#[test]
fn authorities_go_into_certificate_requests() {
    let mut a = config(A);
    let mut b = config(B);
    for (side, it) in [&mut a, &mut b].into_iter().enumerate() {
        let mut trust = Trust::default();
        trust.authorities = vec![b"a distinguished name".to_vec(); 2];
        it.connections[0].authentication.proof = Proof::Signature {
            credential: credential(P256, side),
            trust,
        };
    }
    let mut pair = Pair::new(a, b);
    for side in [A, B] {
        pair.hosts[side].verdict = Ok(public(P256));
    }
    pair.connect();
    pair.assert_joined(1);
    let asked = |it: &&ikev1::Transmit| {
        it.bytes
            .windows(20)
            .filter(|it| *it == b"a distinguished name")
            .count()
            == 2
    };
    assert_eq!(pair.crossed.iter().filter(asked).count(), 2);
}

/// Windows XP may wrap its chain in PKCS #7: it is handed on as it is, and is enough to prove an identity by.
#[test]
fn a_chain_in_pkcs_7_is_handed_on() {
    let mut pair = aggressive(Profile::RFC);
    // the second message is in clear, and its certificates are under no HASH
    pair.meddler = Some(Box::new(|mut packet| {
        let encoding = |at: usize| [b"\x04the certificate of b", b"\x04its issuer's........"][at];
        for (at, len) in [(0, 20), (1, 12)] {
            let wanted = &encoding(at)[..len];
            let found = packet.bytes.windows(len).position(|it| it == wanted);
            if let Some(found) = found {
                packet.bytes[found] = 1;
            }
        }
        vec![packet]
    }));
    pair.connect();
    pair.assert_joined(1);
    let shown = pair.hosts[A].events.iter().find_map(|it| match it {
        Event::PeerCertificates(it) => Some(it.clone()),
        _ => None,
    });
    let shown = shown.unwrap();
    assert!(shown.chain.is_empty());
    assert_eq!(
        shown.wrapped,
        [
            b"the certificate of b.example".to_vec(),
            b"its issuer's".to_vec()
        ]
    );
}
