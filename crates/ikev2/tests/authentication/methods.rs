//! What works, and what is refused because nobody asked for it.

use ike_crypto::SignatureScheme;
use ikev2::{AuthenticationFailure, Failure, LocalProof, RemoteProof, Trust};
use ipsec_doi::auth_method::Proof;
use ipsec_doi::{HashId, Identity};
use isakmp_wire::v2::AuthMethod;

use crate::pair::{Pair, connection, credential, name, psk, signs, takes, takes_psk};

const SCHEMES: [(&str, SignatureScheme); 15] = [
    ("RSA", SignatureScheme::RsaPkcs1(HashId::SHA1)),
    ("RSA", SignatureScheme::RsaPkcs1(HashId::SHA2_256)),
    ("RSA", SignatureScheme::RsaPkcs1(HashId::SHA2_384)),
    ("RSA", SignatureScheme::RsaPkcs1(HashId::SHA2_512)),
    ("RSA", SignatureScheme::RsaPss(HashId::SHA2_256)),
    ("RSA", SignatureScheme::RsaPss(HashId::SHA2_384)),
    ("RSA", SignatureScheme::RsaPss(HashId::SHA2_512)),
    ("P-256", SignatureScheme::EcdsaFixed(HashId::SHA2_256)),
    ("P-384", SignatureScheme::EcdsaFixed(HashId::SHA2_384)),
    ("P-521", SignatureScheme::EcdsaFixed(HashId::SHA2_512)),
    ("P-256", SignatureScheme::EcdsaDer(HashId::SHA2_256)),
    ("P-384", SignatureScheme::EcdsaDer(HashId::SHA2_384)),
    ("P-521", SignatureScheme::EcdsaDer(HashId::SHA2_512)),
    ("P-256", SignatureScheme::EcdsaDer(HashId::SHA2_512)),
    ("Ed25519", SignatureScheme::Ed25519),
];

/// RFC 7296 §2.15, RFC 4754 §3, RFC 7427 §3, RFC 8420 §2: each scheme proves either side.
#[test]
fn every_scheme_proves_both_sides() {
    for (key, scheme) in SCHEMES {
        let side = || (signs(key, scheme), vec![takes(&[scheme])]);
        let mut pair = Pair::of(side(), side());
        assert!(
            pair.connect().both_established(),
            "{scheme}: {}",
            pair.sides[1].told()
        );
        for side in 0..2 {
            assert_eq!(pair.sides[side].peer(), Some(&name(1 - side)));
            assert_eq!(pair.sides[side].shown().count(), 1);
        }
    }
}

/// RFC 7427 §4: defaults find one another, whatever the key.
#[test]
fn defaults_work_for_every_kind_of_key() {
    for key in ["RSA", "P-256", "P-384", "P-521", "Ed25519"] {
        let side = || {
            let trust = Trust::new(Vec::new());
            (
                LocalProof::Certificate(vec![credential(key)]),
                vec![RemoteProof::Signature(trust)],
            )
        };
        assert!(
            Pair::of(side(), side()).connect().both_established(),
            "{key}"
        );
    }
}

/// RFC 7296 §2.15: the two sides need not prove themselves in the same way.
#[test]
fn each_side_may_have_a_method_of_its_own() {
    let scheme = SignatureScheme::EcdsaDer(HashId::SHA2_256);
    for swapped in [false, true] {
        let psk = (psk(), vec![takes(&[scheme])]);
        let signer = (signs("P-256", scheme), vec![takes_psk()]);
        let (a, b) = if swapped {
            (signer, psk)
        } else {
            (psk, signer)
        };
        let mut pair = Pair::of(a, b);
        assert!(
            pair.connect().both_established(),
            "{}",
            pair.sides[1].told()
        );
    }
}

/// RFC 7296 §2.15: several proofs may do, and the peer chooses.
#[test]
fn any_of_several_accepted_methods_will_do() {
    let scheme = SignatureScheme::Ed25519;
    let both = || vec![takes_psk(), takes(&[scheme])];
    for local in [psk(), signs("Ed25519", scheme)] {
        assert!(
            Pair::of((local, both()), (psk(), both()))
                .connect()
                .both_established()
        );
    }
}

/// RFC 7619 §2.1, §2.2: who proves nothing is nobody, even under a name.
#[test]
fn null_authentication_makes_a_peer_that_is_nobody() {
    let mut a = connection(0, LocalProof::Null, vec![takes_psk()]);
    a.authentication.local_id = Identity::fqdn("root.example");
    let mut b = connection(1, psk(), vec![RemoteProof::Null]);
    b.authentication.remote_id = None;
    let mut pair = Pair::between(vec![a], vec![b]);
    assert!(
        pair.connect().both_established(),
        "{}",
        pair.sides[1].told()
    );
    assert_eq!(pair.sides[1].peer(), Some(&Identity::nobody()));
    assert_eq!(pair.sides[0].peer(), Some(&name(1)));

    let both = |side| {
        let mut it = connection(side, LocalProof::Null, vec![RemoteProof::Null]);
        it.authentication.local_id = Identity::nobody();
        it.authentication.remote_id = Some(Identity::nobody());
        vec![it]
    };
    assert!(Pair::between(both(0), both(1)).connect().both_established());
}

/// RFC 7619 §2.2, B5: a name without a proof opens nothing that is meant for that name.
#[test]
fn null_authentication_does_not_pass_for_an_expected_identity() {
    let a = (LocalProof::Null, vec![takes_psk()]);
    let mut pair = Pair::of(a, (psk(), vec![RemoteProof::Null, takes_psk()]));
    pair.connect().assert_refused();
    assert!(matches!(
        pair.sides[1].failure(),
        Some(Failure::Authentication(
            AuthenticationFailure::Identity { .. }
        ))
    ));
    // nor does a responder's
    let a = connection(0, psk(), vec![RemoteProof::Null]);
    let b = connection(1, LocalProof::Null, vec![takes_psk()]);
    let mut pair = Pair::between(vec![a], vec![b]);
    pair.connect().assert_refused();
    assert!(
        pair.sides[0].told().contains("nobody"),
        "{}",
        pair.sides[0].told()
    );
}

/// B5: a method is taken only where the connection has it; the failure says what each side had.
#[test]
fn a_method_that_is_not_configured_is_refused() {
    let ed25519 = SignatureScheme::Ed25519;
    let proofs = || [psk(), LocalProof::Null, signs("Ed25519", ed25519)];
    let methods = [
        AuthMethod::SHARED_KEY,
        AuthMethod::NULL,
        AuthMethod::DIGITAL_SIGNATURE,
    ];
    let kinds = [Proof::SharedKey, Proof::Null, Proof::Signature];
    for (accepted, kind) in kinds.into_iter().enumerate() {
        for offered in (0..3).filter(|it| *it != accepted) {
            let remote = || match accepted {
                0 => takes_psk(),
                1 => RemoteProof::Null,
                _ => takes(&[ed25519]),
            };
            let local = proofs().into_iter().nth(offered).unwrap();
            let mut a = connection(0, local, vec![takes_psk()]);
            if offered == 2 {
                // the announcement of a responder that takes no signatures would stop it before
                a.authentication.local = signs("RSA", SignatureScheme::RsaPkcs1(HashId::SHA1));
            }
            let mut b = connection(1, psk(), vec![remote()]);
            b.authentication.remote_id = None;
            let mut pair = Pair::between(vec![a], vec![b]);
            pair.connect().assert_refused();
            let method = if offered == 2 {
                AuthMethod::RSA
            } else {
                methods[offered]
            };
            let expected = AuthenticationFailure::Method {
                peer: name(0),
                method,
                accepted: vec![kind],
            };
            assert_eq!(
                pair.sides[1].failure(),
                Some(&Failure::Authentication(expected))
            );
            assert!(pair.sides[0].told().contains("AUTHENTICATION_FAILED"));
        }
    }
}

/// RFC 8247 §3.2: SHA-1 is for those who ask for it, on either side.
#[test]
fn sha1_is_neither_taken_nor_made_by_default() {
    let old = SignatureScheme::RsaPkcs1(HashId::SHA1);
    let trust = || vec![RemoteProof::Signature(Trust::new(Vec::new()))];
    let mut pair = Pair::of((signs("RSA", old), trust()), (psk(), trust()));
    pair.connect().assert_refused();
    let told = pair.sides[1].told();
    let both = told.contains("signs with RSA with SHA1;") && told.contains("takes only Ed25519");
    assert!(both, "{told}");
    assert!(!credential("RSA").schemes.contains(&old));
}

/// RFC 7427 §4: no scheme whose hash the peer has not announced; who is left without one says so, and
/// says nothing to the peer.
#[test]
fn nothing_is_signed_that_the_peer_cannot_know() {
    let fixed = SignatureScheme::EcdsaFixed(HashId::SHA2_256);
    let a = (
        signs("P-256", SignatureScheme::EcdsaDer(HashId::SHA2_256)),
        vec![takes_psk()],
    );
    let mut pair = Pair::of(a, (psk(), vec![takes(&[fixed])]));
    pair.connect().assert_refused();
    let told = pair.sides[0].told();
    assert!(
        told.contains("'a.example' may sign with ECDSA with SHA2_256"),
        "{told}"
    );
    assert!(pair.sides[1].failure().is_none());

    let a = (
        signs("P-256", SignatureScheme::EcdsaDer(HashId::SHA2_256)),
        vec![takes_psk()],
    );
    let takes = takes(&[SignatureScheme::EcdsaDer(HashId::SHA2_384)]);
    let mut pair = Pair::of(a, (psk(), vec![takes]));
    pair.connect().assert_refused();
    let told = pair.sides[0].told();
    assert!(told.contains("knows the hashes SHA2_384 only"), "{told}");
}

/// RFC 7427 §4: of what the key can do, the first that the peer knows, in the order of our policy.
#[test]
fn the_first_scheme_that_the_peer_knows_is_used() {
    let (first, second) = (
        SignatureScheme::EcdsaDer(HashId::SHA2_512),
        SignatureScheme::EcdsaDer(HashId::SHA2_256),
    );
    let mut credential = credential("P-256");
    credential.schemes = vec![first, second, SignatureScheme::EcdsaFixed(HashId::SHA2_256)];
    let a = (LocalProof::Certificate(vec![credential]), vec![takes_psk()]);
    assert!(
        Pair::of(a, (psk(), vec![takes(&[second])]))
            .connect()
            .both_established()
    );
}

/// RFC 7427 §4: a responder without RFC 7427 gets the old methods.
#[test]
fn without_an_announcement_the_old_methods_are_used() {
    for (key, scheme) in [
        ("RSA", SignatureScheme::RsaPkcs1(HashId::SHA1)),
        ("P-384", SignatureScheme::EcdsaFixed(HashId::SHA2_384)),
    ] {
        let mut credential = credential(key);
        credential.schemes.push(scheme);
        let a = (LocalProof::Certificate(vec![credential]), vec![takes_psk()]);
        let mut pair = Pair::of(a, (psk(), vec![takes(&[scheme])]));
        assert!(
            pair.connect().both_established(),
            "{}",
            pair.sides[0].told()
        );
    }
}

/// RFC 7296 §2.15: who comes first by address and identity need not be the one whose proof holds.
#[test]
fn a_responder_takes_the_connection_whose_proof_holds() {
    let mut wrong = connection(1, psk(), vec![RemoteProof::Psk(b"another".to_vec().into())]);
    wrong.policy = ike_ext::PolicyId::new(7);
    let right = connection(1, psk(), vec![takes_psk()]);
    let a = connection(0, psk(), vec![takes_psk()]);
    let mut pair = Pair::between(vec![a], vec![wrong, right]);
    assert!(
        pair.connect().both_established(),
        "{}",
        pair.sides[1].told()
    );
    assert_eq!(
        pair.sides[1].endpoint.sas().next().unwrap().policy,
        Some(crate::pair::POLICY)
    );
}

/// RFC 7296 §3.5: a certificate's owner may be known by a distinguished name.
#[test]
fn a_distinguished_name_is_an_identity_like_others() {
    let dn = Identity::parse("asn1dn:#300c310a300806035504030c0161").unwrap();
    let scheme = SignatureScheme::Ed25519;
    let mut a = connection(0, signs("Ed25519", scheme), vec![takes_psk()]);
    a.authentication.local_id = dn.clone();
    let mut b = connection(1, psk(), vec![takes(&[scheme])]);
    b.authentication.remote_id = Some(dn.clone());
    let mut pair = Pair::between(vec![a], vec![b]);
    assert!(
        pair.connect().both_established(),
        "{}",
        pair.sides[1].told()
    );
    assert_eq!(pair.sides[1].shown().next().unwrap().identity, dn);
}

/// RFC 7296 §2.15: a key that replaces another is taken beside it.
#[test]
fn any_of_several_shared_keys_will_do() {
    let old = || RemoteProof::Psk(b"before".to_vec().into());
    let mut pair = Pair::of(
        (psk(), vec![old(), takes_psk()]),
        (psk(), vec![old(), takes_psk()]),
    );
    assert!(pair.connect().both_established());
    let mut pair = Pair::of((psk(), vec![takes_psk()]), (psk(), vec![old()]));
    pair.connect().assert_refused();
    assert!(
        pair.sides[1]
            .told()
            .contains("pre-shared key for 'a.example'")
    );
}
