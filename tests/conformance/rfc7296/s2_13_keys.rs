//! RFC 7296 §2.13, §2.14, §2.17: every key, computed again from what crossed the wire.
//!
//! The cryptography is one without secrets: the shared secret is the exclusive or of the two public values.

use ike_crypto::{Provider, SecretVec};
use ikee_tests::{Pair, Setup, Side};
use ikev2::KeyLog;
use ipsec_doi::PrfId;
use isakmp_wire::v2::kind;

fn prf(provider: &Provider, id: PrfId, key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut out = vec![0; id.output_len()];
    let prf = provider.prf(id).expect("the PRF");
    prf.keyed(key).mac(parts, &mut out);
    out
}

/// RFC 7296 §2.13: T1 = prf(K, S | 1), T2 = prf(K, T1 | S | 2), and so on.
fn prf_plus(provider: &Provider, id: PrfId, key: &[u8], seed: &[u8], len: usize) -> Vec<u8> {
    let (mut out, mut last, mut n) = (Vec::new(), Vec::new(), 1_u8);
    while out.len() < len {
        last = prf(provider, id, key, &[&last, seed, &[n]]);
        out.extend_from_slice(&last);
        n += 1;
    }
    out.truncate(len);
    out
}

fn connected(ike: &str, esp: &str) -> Pair {
    let setup = Setup {
        provider: ike_crypto::null::provider(),
        ..Setup::new().suites(ike, esp)
    };
    let mut pair = setup.build();
    pair.connect();
    pair.assert_children_match();
    pair
}

/// Nonces, initiator's first; SPIs; the shared secret.
fn exchanged(pair: &Pair) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let [i, r] = [Side::A, Side::B].map(|it| pair.sent_by(it).remove(0));
    let nonces = [i.body(kind::NONCE), r.body(kind::NONCE)].concat();
    let spis = [
        *r.header.initiator.as_bytes(),
        *r.header.responder.as_bytes(),
    ]
    .concat();
    let both = i.body(kind::KE)[4..].iter().zip(&r.body(kind::KE)[4..]);
    (nonces, spis, both.map(|(a, b)| a ^ b).collect())
}

/// RFC 7296 §2.14: SK_d, SK_ai, SK_ar, SK_ei, SK_er, SK_pi, SK_pr, in this order; RFC 7296 §2.17: a child's from SK_d.
#[test]
fn all_keys_follow_from_the_shared_secret_and_the_nonces() {
    for (ike, esp, id, integrity, encryption) in [
        (
            "aes256gcm16-prfsha256-x25519",
            "aes256gcm16",
            PrfId::HMAC_SHA2_256,
            0,
            36,
        ),
        (
            "aes128-sha384-x25519",
            "aes128-sha256",
            PrfId::HMAC_SHA2_384,
            48,
            16,
        ),
    ] {
        let pair = connected(ike, esp);
        let provider = pair.provider;
        let (nonces, spis, secret) = exchanged(&pair);
        let skeyseed = prf(provider, id, &nonces, &[&secret]);
        let size = id.output_len();
        let seed = [nonces.clone(), spis].concat();
        let all = 3 * size + 2 * integrity + 2 * encryption;
        let keys = prf_plus(provider, id, &skeyseed, &seed, all);
        let log = pair.a.keys().find_map(|it| match it {
            KeyLog::Ike {
                encryption,
                integrity,
                ..
            } => Some([&integrity.0, &integrity.1, &encryption.0, &encryption.1]),
            _ => None,
        });
        let reported: Vec<u8> = log.expect("keys").map(SecretVec::as_slice).concat();
        assert_eq!(reported, keys[size..size + 2 * (integrity + encryption)]);

        let initiator = pair.a.child();
        let one = [&initiator.outbound, &initiator.inbound].map(|it| {
            let parts = [it.encryption.as_slice(), it.integrity.as_slice()];
            parts.concat()
        });
        let keymat = one.concat();
        let expected = prf_plus(provider, id, &keys[..size], &nonces, keymat.len());
        assert_eq!(keymat, expected);
    }
}

/// RFC 7296 §2.15: prf(prf(secret, "Key Pad for IKEv2"), first message | the other's nonce | prf(SK_p, identity)).
#[test]
fn proofs_are_computed_as_prescribed() {
    let pair = connected("aes256gcm16-prfsha256-x25519", "aes256gcm16");
    let (provider, id) = (pair.provider, PrfId::HMAC_SHA2_256);
    let (nonces, spis, secret) = exchanged(&pair);
    let skeyseed = prf(provider, id, &nonces, &[&secret]);
    let seed = [nonces.clone(), spis].concat();
    let keys = prf_plus(provider, id, &skeyseed, &seed, 3 * 32 + 2 * 36);
    let (sk_pi, sk_pr) = (&keys[32 + 72..64 + 72], &keys[64 + 72..]);
    let padded = prf(
        provider,
        id,
        ikee_tests::setup::PSK,
        &[b"Key Pad for IKEv2"],
    );
    let sides = [
        (Side::A, 0, sk_pi, &nonces[32..], kind::ID_I),
        (Side::B, 1, sk_pr, &nonces[..32], kind::ID_R),
    ];
    for (side, message, sk_p, other_nonce, id_kind) in sides {
        let auth = &pair.sent_by(side)[1];
        let maced = prf(provider, id, sk_p, &[auth.body(id_kind)]);
        let first = &pair.link.crossed[message].packet.bytes;
        let expected = prf(provider, id, &padded, &[first, other_nonce, &maced]);
        assert_eq!(auth.body(kind::AUTH)[4..], expected);
    }
}
