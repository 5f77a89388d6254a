//! Keys against what NIST computed, and whole sessions whose secrets are known.
#![expect(clippy::print_stdout, reason = "a test says what it skipped")]

extern crate std;

use std::path::{Path, PathBuf};
use std::println;

use alloc::string::String;

use ipsec_doi::{Encryption, GroupId};
use isakmp_wire::v1::kind;
use isakmp_wire::{Header, Message, PayloadChain};
use serde_json::Value;

use super::*;
use crate::iv;
use crate::protect::Protection;

/// A file of the shared data, or a line that says that it is not there.
fn data(name: &str) -> Option<Value> {
    let root = std::env::var_os("IKEE_TEST_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    match std::fs::read(root.join(name)) {
        Ok(text) => Some(serde_json::from_slice(&text).unwrap()),
        Err(error) => {
            println!("skipped: {name} (IKEE_TEST_DATA): {error}");
            None
        }
    }
}

fn hex(value: &Value) -> Vec<u8> {
    let digits: String = value.as_str().unwrap().into();
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|it| u8::from_str_radix(core::str::from_utf8(it).unwrap(), 16).unwrap())
        .collect()
}

fn spi(value: &Value) -> Spi {
    Spi::new(hex(value).try_into().unwrap())
}

fn suite(hash: HashId) -> IkeSuite {
    IkeSuite {
        encryption: Encryption::AES_CBC_128,
        hash,
        group: GroupId::MODP_1024,
    }
}

/// RFC 2409 §5: SKEYID, SKEYID_d, SKEYID_a and SKEYID_e, for pre-shared keys and for signatures.
#[test]
fn keys_are_those_that_nist_computed() {
    for (file, psk) in [("ikev1_psk", true), ("ikev1_dsa", false)] {
        let Some(vectors) = data(&std::format!("vectors/nist-cavs/{file}_visible.json")) else {
            continue;
        };
        let tests = vectors["tests"].as_array().unwrap();
        assert!(tests.len() > 80);
        for test in tests {
            let hash = match test["group"]["hash"].as_str().unwrap() {
                "SHA-1" => HashId::SHA1,
                "SHA-256" => HashId::SHA2_256,
                "SHA-384" => HashId::SHA2_384,
                "SHA-512" => HashId::SHA2_512,
                other => panic!("{other}"),
            };
            let shared = SecretVec::from(hex(&test["g^xy"]));
            let key = psk.then(|| SecretVec::from(hex(&test["pre-shared-key"])));
            let basis = key.as_ref().map_or(Basis::Signature, Basis::Psk);
            let exchanged = Exchanged {
                spis: (spi(&test["CKY_I"]), spi(&test["CKY_R"])),
                nonces: (&hex(&test["Ni"]), &hex(&test["Nr"])),
                shared: &shared,
            };
            let provider = ike_rustcrypto::provider();
            let keys = Keys::derive(provider, suite(hash), basis, exchanged).unwrap();
            assert_eq!(keys.skeyid.as_slice(), hex(&test["SKEYID"]));
            assert_eq!(keys.derive.as_slice(), hex(&test["SKEYID_d"]));
            assert_eq!(keys.authenticate.as_slice(), hex(&test["SKEYID_a"]));
            assert_eq!(keys.encrypt.as_slice(), hex(&test["SKEYID_e"]));
        }
    }
}

fn session_keys(session: &Value) -> Keys {
    let psk = SecretVec::from(session["psk"].as_str().unwrap().as_bytes());
    let shared = SecretVec::from(hex(&session["gxy"]));
    let exchanged = Exchanged {
        spis: (spi(&session["icookie"]), spi(&session["rcookie"])),
        nonces: (&hex(&session["ni"]), &hex(&session["nr"])),
        shared: &shared,
    };
    let provider = ike_rustcrypto::provider();
    Keys::derive(provider, suite(HashId::SHA1), Basis::Psk(&psk), exchanged).unwrap()
}

/// RFC 2409 §5: HASH_I and HASH_R cover public values, cookies, the offer and an identity.
#[test]
fn the_proofs_of_recorded_sessions_are_ours() {
    let Some(sessions) = data("captures/rub-nds/ikev1-sessions.json") else {
        return;
    };
    for name in ["aggressive-psk", "main-psk"] {
        let session = &sessions[name];
        let keys = session_keys(session);
        assert_eq!(keys.encrypt.as_slice(), hex(&session["SKEYID_e"]));
        let field = |name: &str| hex(&session[name]);
        let (gxi, gxr, sa) = (field("gxi"), field("gxr"), field("sai_b"));
        let (i, r) = (field("icookie"), field("rcookie"));
        let (idii, idir) = (field("idii_b"), field("idir_b"));
        let provider = ike_rustcrypto::provider();
        let mac = |parts: &[&[u8]]| {
            keys.proof(provider, None, |key, len| {
                let mut out = alloc::vec![0; len];
                key.mac(parts, &mut out);
                out
            })
            .unwrap()
        };
        assert_eq!(mac(&[&gxi, &gxr, &i, &r, &sa, &idii]), field("HASH_I"));
        assert_eq!(mac(&[&gxr, &gxi, &r, &i, &sa, &idir]), field("HASH_R"));
    }
}

/// RFC 2409 App. B: one chain for phase 1, one for each message ID after it; §5.5: HASH(1), HASH(2), HASH(3).
#[test]
fn recorded_sessions_decrypt_message_by_message_and_their_hashes_hold() {
    let Some(sessions) = data("captures/rub-nds/ikev1-sessions.json") else {
        return;
    };
    for name in ["aggressive-psk", "main-psk"] {
        let session = &sessions[name];
        let keys = session_keys(session);
        let provider = ike_rustcrypto::provider();
        let protection = Protection::new(provider, &keys).unwrap();
        let (gxi, gxr) = (hex(&session["gxi"]), hex(&session["gxr"]));
        let mut first = iv::of_phase_1(provider, keys.suite(), (&gxi, &gxr)).unwrap();
        assert_eq!(first, hex(&session["phase1_iv"]));
        let mut second: Option<Vec<u8>> = None;
        let mut nonces: Vec<Vec<u8>> = Vec::new();
        for recorded in session["messages"].as_array().unwrap() {
            let bytes = hex(&recorded["hex"]);
            let message = Message::parse(&bytes).unwrap();
            let Some(body) = message.encrypted_body() else {
                continue;
            };
            let id = message.header.message_id;
            let current = if id == 0 {
                first.clone()
            } else {
                second
                    .clone()
                    .unwrap_or_else(|| iv::of_exchange(provider, keys.suite(), &first, id).unwrap())
            };
            let (plain, next) = protection.open(&current, body).unwrap();
            let expected = hex(&recorded["plaintext"]);
            assert!(plain.starts_with(&expected) || expected.starts_with(&plain));
            if id == 0 {
                first = next;
                continue;
            }
            second = Some(next);
            let (payloads, _) =
                PayloadChain::parse_padded(message.header.next, &plain, Header::LEN).unwrap();
            let hash = payloads.first(kind::HASH).unwrap().body;
            let rest = &payloads.as_bytes()[hash.len() + 4..];
            let (mid, zero) = (id.to_be_bytes(), [0]);
            let parts: Vec<&[u8]> = match nonces.as_slice() {
                [] => alloc::vec![&mid, rest],
                [ni] => alloc::vec![&mid, ni, rest],
                [ni, nr] => alloc::vec![&zero, &mid, ni, nr],
                _ => panic!("more messages than quick mode has"),
            };
            keys.verify(provider, &parts, hash).unwrap();
            let nonce = payloads.first(kind::NONCE);
            nonces.extend(nonce.map(|it| it.body.to_vec()));
        }
        assert_eq!(nonces.len(), 2);
    }
}

/// RFC 2409 §5.4: the hash that aggressive mode gives to everybody who asks.
#[test]
fn recorded_aggressive_answers_are_by_their_passwords() {
    let Some(file) = data("vectors/ikev1_aggressive_psk_hash_r.json") else {
        return;
    };
    for test in file["vectors"].as_array().unwrap() {
        let Some(psk) = test["psk"].as_str() else {
            continue;
        };
        let hash = if test["prf"] == "HMAC-MD5" {
            HashId::MD5
        } else {
            HashId::SHA1
        };
        let psk = SecretVec::from(psk.as_bytes());
        let shared = SecretVec::from(alloc::vec![0; 8]);
        let exchanged = Exchanged {
            spis: (spi(&test["cky_i"]), spi(&test["cky_r"])),
            nonces: (&hex(&test["ni_b"]), &hex(&test["nr_b"])),
            shared: &shared,
        };
        let provider = ike_rustcrypto::provider();
        let keys = Keys::derive(provider, suite(hash), Basis::Psk(&psk), exchanged).unwrap();
        let fields = ["gxr", "gxi", "cky_r", "cky_i", "sai_b", "idir_b"];
        let parts: Vec<_> = fields.iter().map(|it| hex(&test[*it])).collect();
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let right = keys
            .proof(provider, None, |key, _| {
                key.verify(&parts, &hex(&test["HASH_R"])).is_ok()
            })
            .unwrap();
        assert_eq!(right, test["negative"] != true);
    }
}
