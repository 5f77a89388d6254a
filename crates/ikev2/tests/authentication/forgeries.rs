//! B8: what is no signature, through AUTH.

use crypto_bigint::U2048;
use ike_crypto::{Random, SignatureScheme, SigningKey};
use ikev2::{AuthenticationFailure, Credential, Failure, LocalProof, PeerKey};
use ipsec_doi::HashId;

use crate::pair::{Crook, Pair, key, name, psk, signs, takes, takes_psk};

const SHA256: SignatureScheme = SignatureScheme::RsaPkcs1(HashId::SHA2_256);

fn sign(
    key: &dyn SigningKey,
    scheme: SignatureScheme,
    parts: &[&[u8]],
    random: &mut dyn Random,
) -> Vec<u8> {
    key.sign(scheme, parts, random).unwrap()
}

/// A pair whose `side` signs crookedly; the other's application vouches for the key, or for another one.
fn with_crook(
    side: usize,
    (name, scheme): (&str, SignatureScheme),
    public: Option<Vec<u8>>,
    trick: impl Fn(&dyn SigningKey, SignatureScheme, &[&[u8]], &mut dyn Random) -> Vec<u8>
    + Send
    + Sync
    + 'static,
) -> Pair {
    let key = key(name);
    let known = public.unwrap_or_else(|| key.public_key().to_vec());
    let crook = Crook {
        key,
        schemes: vec![scheme],
        trick: Box::new(trick),
    };
    let mut credential = Credential::new(Vec::new(), Box::new(crook));
    credential.schemes = vec![scheme];
    let signer = (LocalProof::Certificate(vec![credential]), vec![takes_psk()]);
    let verifier = (psk(), vec![takes(&[scheme])]);
    let (a, b) = if side == 0 {
        (signer, verifier)
    } else {
        (verifier, signer)
    };
    let mut pair = Pair::of(a, b);
    pair.sides[1 - side].judge = Box::new(move |_| Some(Ok(PeerKey::new(known.clone()))));
    pair
}

fn assert_forged(mut pair: Pair, side: usize, scheme: SignatureScheme, what: &str) {
    pair.connect().assert_refused();
    let failure = pair.sides[1 - side].failure();
    let expected = |it: &Failure| {
        matches!(it, Failure::Authentication(AuthenticationFailure::WrongSignature { peer, schemes, .. })
            if *peer == name(side) && schemes[..] == [scheme])
    };
    assert!(
        failure.is_some_and(expected),
        "{what}, {scheme}: {failure:?}"
    );
}

const KINDS: [(&str, SignatureScheme); 7] = [
    ("RSA", SHA256),
    ("RSA", SignatureScheme::RsaPkcs1(HashId::SHA1)),
    ("RSA", SignatureScheme::RsaPss(HashId::SHA2_256)),
    ("P-256", SignatureScheme::EcdsaDer(HashId::SHA2_256)),
    ("P-256", SignatureScheme::EcdsaFixed(HashId::SHA2_256)),
    ("P-521", SignatureScheme::EcdsaFixed(HashId::SHA2_512)),
    ("Ed25519", SignatureScheme::Ed25519),
];

/// The harness itself: an honest crook is taken.
#[test]
fn an_untouched_signature_is_taken() {
    for side in 0..2 {
        for kind in KINDS {
            let mut pair = with_crook(side, kind, None, sign);
            assert!(pair.connect().both_established(), "{}", kind.1);
        }
    }
}

/// RFC 7296 §2.15: the key that the application vouches for, and no other, whatever the certificate says.
#[test]
fn a_signature_by_another_key_is_refused() {
    for side in 0..2 {
        let other = ike_rustcrypto::provider().load_key(&seeded(7)).unwrap();
        let public = Some(other.public_key().to_vec());
        let scheme = SignatureScheme::Ed25519;
        let pair = with_crook(side, ("Ed25519", scheme), public, sign);
        assert_forged(pair, side, scheme, "another key");
        // and one of another kind
        let public = Some(key("RSA").public_key().to_vec());
        let pair = with_crook(side, ("Ed25519", scheme), public, sign);
        assert_forged(pair, side, scheme, "another kind");
        let pair = with_crook(side, ("Ed25519", scheme), Some(Vec::new()), sign);
        assert_forged(pair, side, scheme, "no key at all");
    }
}

/// An Ed25519 key in PKCS#8 (RFC 8410 §7).
fn seeded(seed: u8) -> Vec<u8> {
    let mut der = vec![
        0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20,
    ];
    der.extend([seed; 32]);
    der
}

#[test]
fn zeroes_empty_cut_and_lengthened_signatures_are_refused() {
    for side in 0..2 {
        for kind in KINDS {
            let zeroes = with_crook(side, kind, None, |key, scheme, parts, random| {
                vec![0; sign(key, scheme, parts, random).len()]
            });
            assert_forged(zeroes, side, kind.1, "zeroes");
            let empty = with_crook(side, kind, None, |_, _, _, _| Vec::new());
            assert_forged(empty, side, kind.1, "empty");
            let cut = with_crook(side, kind, None, |key, scheme, parts, random| {
                sign(key, scheme, parts, random)[1..].to_vec()
            });
            assert_forged(cut, side, kind.1, "cut");
            let longer = with_crook(side, kind, None, |key, scheme, parts, random| {
                [&sign(key, scheme, parts, random)[..], &[0]].concat()
            });
            assert_forged(longer, side, kind.1, "lengthened");
            let leading = with_crook(side, kind, None, |key, scheme, parts, random| {
                [&[0], &sign(key, scheme, parts, random)[..]].concat()
            });
            assert_forged(leading, side, kind.1, "with a zero in front");
        }
    }
}

/// RFC 7296 §2.15: over the first message, the nonce and the identity; one octet less is something else.
#[test]
fn a_signature_over_something_else_is_refused() {
    for side in 0..2 {
        for part in 0..3 {
            let scheme = SignatureScheme::Ed25519;
            let kind = ("Ed25519", scheme);
            let pair = with_crook(side, kind, None, move |key, scheme, parts, random| {
                let mut parts = parts.to_vec();
                parts[part] = &parts[part][1..];
                sign(key, scheme, &parts, random)
            });
            assert_forged(pair, side, scheme, "another message");
        }
    }
}

fn sha256(parts: &[&[u8]]) -> Vec<u8> {
    let hash = ike_rustcrypto::provider().hash(HashId::SHA2_256).unwrap();
    let mut digest = vec![0; 32];
    hash.digest(parts, &mut digest);
    digest
}

/// DigestInfo of SHA-256 without the digest (RFC 8017 §9.2).
const DIGEST_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
];

/// What is padded, made from a digest.
type Encoding = fn(Vec<u8>) -> Vec<u8>;

/// RFC 8017 §8.2.2: a DigestInfo has one encoding, and nothing beside it.
#[test]
fn a_digest_info_that_is_cut_lengthened_or_encoded_otherwise_is_refused() {
    let encodings: [(&str, Encoding); 6] = [
        ("bare hash", |digest| digest),
        ("cut", |digest| [&DIGEST_INFO[..], &digest[..31]].concat()),
        ("garbage behind", |digest| {
            [&DIGEST_INFO[..], &digest, &[1, 2, 3]].concat()
        }),
        ("without NULL", |digest| {
            let head = [
                0x30, 0x2f, 0x30, 0x0b, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1,
            ];
            [&head[..], &[4, 0x20], &digest].concat()
        }),
        ("long lengths", |digest| {
            [&[0x30, 0x81, 0x31], &DIGEST_INFO[2..], &digest].concat()
        }),
        ("one octet", |_| vec![0]),
    ];
    for (what, encode) in encodings {
        let pair = with_crook(0, ("RSA", SHA256), None, move |key, _, parts, random| {
            let encoded = encode(sha256(parts));
            sign(key, SignatureScheme::RsaBare, &[&encoded], random)
        });
        assert_forged(pair, 0, SHA256, what);
    }
    let right = with_crook(0, ("RSA", SHA256), None, |key, _, parts, random| {
        let encoded = [&DIGEST_INFO[..], &sha256(parts)].concat();
        sign(key, SignatureScheme::RsaBare, &[&encoded], random)
    });
    let mut right = right;
    assert!(
        right.connect().both_established(),
        "the test signs as it thinks"
    );
}

/// The modulus of the suite's RSA key, and its SubjectPublicKeyInfo with 3 for an exponent.
fn exponent_3() -> Vec<u8> {
    let spki = key("RSA").public_key().to_vec();
    // … INTEGER 65537 at the end becomes INTEGER 3; four lengths around it are two less
    let (head, tail) = spki.split_at(spki.len() - 5);
    assert_eq!(tail, [2, 3, 1, 0, 1]);
    let mut spki = [head, &[2, 1, 3]].concat();
    let shrink = |spki: &mut Vec<u8>, at: usize| {
        assert_eq!(spki[at], 0x82);
        let length = u16::from_be_bytes([spki[at + 1], spki[at + 2]]) - 2;
        spki[at + 1..at + 3].copy_from_slice(&length.to_be_bytes());
    };
    // SEQUENCE, BIT STRING behind the algorithm of 15 octets, SEQUENCE inside
    shrink(&mut spki, 1);
    shrink(&mut spki, 4 + 15 + 1);
    shrink(&mut spki, 4 + 15 + 5 + 1);
    spki
}

/// The largest number whose cube begins as `target` does.
fn cube_root(target: &U2048) -> U2048 {
    let mut root = U2048::ZERO;
    for bit in (0..680).rev() {
        let tried: U2048 = root | (U2048::ONE << bit);
        let cube = tried.wrapping_mul(&tried).wrapping_mul(&tried);
        if cube <= *target {
            root = tried;
        }
    }
    root
}

/// Bleichenbacher's forgery of 2006: under the exponent 3, a cube root is a signature for those who do not look at what
/// stands behind the digest.
#[test]
fn a_cube_root_is_no_signature_under_exponent_3() {
    let public = exponent_3();
    let pair = with_crook(0, ("RSA", SHA256), Some(public), |_, _, parts, _| {
        let mut encoded = vec![0, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0];
        encoded.extend(DIGEST_INFO);
        encoded.extend(sha256(parts));
        let wanted = encoded.len();
        encoded.resize(256, 0xFF);
        let root = cube_root(&U2048::from_be_slice(&encoded));
        let cube = root.wrapping_mul(&root).wrapping_mul(&root);
        let made = cube.to_be_bytes();
        assert_eq!(
            made.as_ref()[..wanted],
            encoded[..wanted],
            "a forgery worth the name"
        );
        root.to_be_bytes().as_ref().to_vec()
    });
    assert_forged(pair, 0, SHA256, "cube root");
}

/// RFC 7427 §3: the algorithm that AUTH names is the one that counts; another that would fit the key is refused unless
/// the connection has it.
#[test]
fn a_scheme_that_is_not_configured_is_refused_before_anybody_is_asked() {
    let (used, taken) = (
        SignatureScheme::RsaPss(HashId::SHA2_256),
        SignatureScheme::RsaPkcs1(HashId::SHA2_256),
    );
    let mut pair = Pair::of(
        (signs("RSA", used), vec![takes_psk()]),
        (psk(), vec![takes(&[taken])]),
    );
    pair.connect().assert_refused();
    assert_eq!(pair.sides[1].shown().count(), 0);
    let told = pair.sides[1].told();
    assert!(told.contains("signs with RSA PSS with SHA2_256"), "{told}");
    assert!(told.contains("takes only RSA with SHA2_256"), "{told}");
}
