use alloc::vec::Vec;

use ipsec_doi::HashId;

use super::keys;
use super::vectors::Folder;
use super::{Case, Report, unhex};
use crate::random::SeededRandom;
use crate::{Provider, SignatureScheme, SigningKey};

pub(super) fn properties(provider: &Provider, report: &mut Report) {
    for (name, der) in private_keys() {
        match provider.load_key(&der) {
            Ok(key) => key_properties(provider, provider, name, &*key, report),
            // RSA keys are an option.
            Err(_) if name.starts_with("RSA") => report.skip(alloc::format!("{name}: no loader")),
            Err(_) => report.check(false, format_args!("{name}: cannot be loaded")),
        }
        for cut in 0..der.len() {
            let loaded = provider.load_key(&der[..cut]).is_ok();
            report.check(!loaded, format_args!("{name}: loaded when cut to {cut}"));
        }
    }
    ed25519_known_answer(provider, report);
}

/// Signatures of one provider verified by another.
pub(super) fn between(signer: &Provider, verifier: &Provider, report: &mut Report) {
    for (name, der) in private_keys() {
        if let Ok(key) = signer.load_key(&der) {
            key_properties(signer, verifier, name, &*key, report);
        }
    }
}

/// Private keys in DER by name: `P-256`, `P-256 in SEC1`, `P-384`, `P-521`, `Ed25519`, `RSA`, `RSA in PKCS#1`. They were
/// made for tests and protect nothing.
pub fn private_keys() -> impl Iterator<Item = (&'static str, Vec<u8>)> {
    [
        ("P-256", keys::P256),
        ("P-256 in SEC1", keys::P256_SEC1),
        ("P-384", keys::P384),
        ("P-521", keys::P521),
        ("Ed25519", keys::ED25519),
        ("RSA", keys::RSA),
        ("RSA in PKCS#1", keys::RSA_PKCS1),
    ]
    .into_iter()
    .map(|(name, der)| (name, unhex(der)))
}

const MESSAGE: [&[u8]; 3] = [b"signed ", b"", b"octets"];

fn key_properties(
    signer: &Provider,
    verifier: &Provider,
    name: &str,
    key: &dyn SigningKey,
    report: &mut Report,
) {
    let mut random = SeededRandom::new([9; 32]);
    report.check(
        !key.schemes().is_empty(),
        format_args!("{name}: no schemes"),
    );
    for scheme in key.schemes() {
        let what = alloc::format!("{name}, {scheme:?}, {signer} to {verifier}");
        let Ok(signature) = key.sign(*scheme, &MESSAGE, &mut random) else {
            report.check(false, format_args!("{what}: cannot sign"));
            continue;
        };
        let Some(verify) = verifier.verifier(*scheme) else {
            report.check(false, format_args!("{what}: cannot verify"));
            continue;
        };
        let accepts = |parts: &[&[u8]], signature: &[u8]| {
            verify.verify(key.public_key(), parts, signature).is_ok()
        };
        report.check(
            accepts(&MESSAGE, &signature),
            format_args!("{what}: refused"),
        );
        let joined = accepts(&[b"signed octets"], &signature);
        report.check(joined, format_args!("{what}: refused in one piece"));
        report.check(
            !accepts(&[b"other"], &signature),
            format_args!("{what}: other message"),
        );
        for position in 0..signature.len() {
            let mut changed = signature.clone();
            changed[position] ^= 1;
            let taken = accepts(&MESSAGE, &changed);
            report.check(!taken, format_args!("{what}: octet {position} changed"));
        }
        let (longer, shorter) = ([&signature[..], &[0]].concat(), &signature[1..]);
        let zeroes = alloc::vec![0; signature.len()];
        let ones = alloc::vec![0xFF; signature.len()];
        for wrong in [&longer[..], shorter, &[], &[0], &zeroes, &ones] {
            let taken = accepts(&MESSAGE, wrong);
            report.check(!taken, format_args!("{what}: takes {} octets", wrong.len()));
        }
        foreign_schemes(verifier, key, (*scheme, &signature), report);
        damaged_keys(verifier, key, (*scheme, &signature), report);
    }
    for scheme in ALL.iter().filter(|scheme| !key.schemes().contains(scheme)) {
        // A key may know more than it recommends, but never the scheme of another kind of key.
        let signed = key.sign(*scheme, &MESSAGE, &mut random);
        let foreign = kind(*scheme) != kind(key.schemes()[0]);
        let right = signed.is_err() || !foreign;
        report.check(right, format_args!("{name}: signs with {scheme:?}"));
    }
}

/// A signature in one scheme is none in another.
fn foreign_schemes(
    provider: &Provider,
    key: &dyn SigningKey,
    (scheme, signature): (SignatureScheme, &[u8]),
    report: &mut Report,
) {
    for other in provider.verifiers.iter().chain(provider.legacy.verifiers) {
        if other.scheme() != scheme {
            let taken = other.verify(key.public_key(), &MESSAGE, signature).is_ok();
            let other = other.scheme();
            report.check(!taken, format_args!("{scheme:?}: taken as {other:?}"));
        }
    }
}

fn damaged_keys(
    provider: &Provider,
    key: &dyn SigningKey,
    (scheme, signature): (SignatureScheme, &[u8]),
    report: &mut Report,
) {
    let Some(verify) = provider.verifier(scheme) else {
        return;
    };
    let spki = key.public_key();
    for cut in 0..spki.len() {
        let taken = verify.verify(&spki[..cut], &MESSAGE, signature).is_ok();
        report.check(!taken, format_args!("{scheme:?}: key cut to {cut} taken"));
    }
    let longer = [spki, &[0]].concat();
    let taken = verify.verify(&longer, &MESSAGE, signature).is_ok();
    report.check(
        !taken,
        format_args!("{scheme:?}: key with more octets taken"),
    );
    for position in 0..spki.len() {
        let mut changed = spki.to_vec();
        changed[position] ^= 2;
        let taken = verify.verify(&changed, &MESSAGE, signature).is_ok();
        // An object identifier apart, every octet counts; the encodings have no slack.
        report.check(
            !taken,
            format_args!("{scheme:?}: octet {position} of the key"),
        );
    }
}

fn kind(scheme: SignatureScheme) -> u8 {
    match scheme {
        SignatureScheme::EcdsaBare(_)
        | SignatureScheme::EcdsaDer(_)
        | SignatureScheme::EcdsaFixed(_) => 0,
        SignatureScheme::Ed25519 => 1,
        SignatureScheme::RsaBare | SignatureScheme::RsaPkcs1(_) | SignatureScheme::RsaPss(_) => 2,
    }
}

const ALL: [SignatureScheme; 6] = [
    SignatureScheme::EcdsaDer(HashId::SHA2_256),
    SignatureScheme::EcdsaFixed(HashId::SHA2_384),
    SignatureScheme::Ed25519,
    SignatureScheme::RsaBare,
    SignatureScheme::RsaPkcs1(HashId::SHA2_256),
    SignatureScheme::RsaPss(HashId::SHA2_256),
];

/// RFC 8032 §7.1, TEST 2 and TEST 3.
fn ed25519_known_answer(provider: &Provider, report: &mut Report) {
    let Some(verify) = provider.verifier(SignatureScheme::Ed25519) else {
        return;
    };
    let prefix = unhex("302a300506032b6570032100");
    for (public, message, signature) in [
        (
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac\
             18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ),
    ] {
        let spki = [&prefix[..], &unhex(public)].concat();
        let done = verify.verify(&spki, &[&unhex(message)], &unhex(signature));
        report.check(done.is_ok(), "RFC 8032 §7.1");
    }
}

pub(super) fn vectors(provider: &Provider, folder: &Folder<'_>, report: &mut Report) {
    for (file, scheme) in [
        (
            "ecdsa_secp256r1_sha256_test",
            SignatureScheme::EcdsaDer(HashId::SHA2_256),
        ),
        (
            "ecdsa_secp256r1_sha256_p1363_test",
            SignatureScheme::EcdsaFixed(HashId::SHA2_256),
        ),
        (
            "ecdsa_secp521r1_sha512_p1363_test",
            SignatureScheme::EcdsaFixed(HashId::SHA2_512),
        ),
        (
            "rsa_signature_2048_sha256_test",
            SignatureScheme::RsaPkcs1(HashId::SHA2_256),
        ),
        (
            "rsa_signature_4096_sha512_test",
            SignatureScheme::RsaPkcs1(HashId::SHA2_512),
        ),
    ] {
        let file = alloc::format!("wycheproof/{file}.json");
        folder.with(&file, report, |file, report| {
            for group in file.list("testGroups") {
                for test in group.list("tests") {
                    wycheproof(provider, scheme, group, test, report);
                }
            }
        });
    }
}

/// What Wycheproof calls acceptable, a missing NULL in a DigestInfo, is refused here: there is one encoding.
fn wycheproof(
    provider: &Provider,
    scheme: SignatureScheme,
    group: Case<'_>,
    test: Case<'_>,
    report: &mut Report,
) {
    if let Some(verifier) = provider.verifier(scheme) {
        let spki = group.hex("publicKeyDer");
        let verified = verifier.verify(&spki, &[&test.hex("msg")], &test.hex("sig"));
        report.check(verified.is_ok() == test.is("valid"), test);
    }
}
