use alloc::vec::Vec;

use ipsec_doi::{HashId, IntegrityId, PrfId};

use super::vectors::Folder;
use super::{Case, Report, some, unhex};
use crate::{Integrity, Prf, Provider};

pub(super) fn properties(provider: &Provider, report: &mut Report) {
    for prf in provider.prfs.iter().chain(provider.legacy.prfs) {
        prf_properties(*prf, report);
    }
    for integrity in provider
        .integrities
        .iter()
        .chain(provider.legacy.integrities)
    {
        integrity_properties(*integrity, report);
    }
    for (id, digest) in ABC {
        if let Some(hash) = provider.hash(id) {
            let mut out = [0; 64];
            let n = hash.digest(&[b"a", b"", b"bc"], &mut out);
            report.check(out[..n] == unhex(digest), format_args!("{id} of abc"));
            let n = hash.digest(&[b"abc"], &mut out[..5]);
            report.check(n == 5, format_args!("{id}: 5 octets of it"));
        }
    }
}

/// FIPS 180-4 examples, RFC 1321 Appendix A.5.
const ABC: [(HashId, &str); 5] = [
    (HashId::MD5, "900150983cd24fb0d6963f7d28e17f72"),
    (HashId::SHA1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
    (
        HashId::SHA2_256,
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    ),
    (
        HashId::SHA2_384,
        "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed\
         8086072ba1e7cc2358baeca134c825a7",
    ),
    (
        HashId::SHA2_512,
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
         2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    ),
];

pub(super) fn vectors(provider: &Provider, folder: &Folder<'_>, report: &mut Report) {
    folder.with("rfc2202_rfc4231_hmac.json", report, |file, report| {
        for test in file.list("tests") {
            hmac(provider, test, report);
        }
    });
    for (file, id) in [
        ("wycheproof/hmac_sha1_test.json", PrfId::HMAC_SHA1),
        ("wycheproof/hmac_sha256_test.json", PrfId::HMAC_SHA2_256),
        ("wycheproof/hmac_sha512_test.json", PrfId::HMAC_SHA2_512),
        ("wycheproof/aes_cmac_test.json", PrfId::AES128_CMAC),
    ] {
        folder.with(file, report, |file, report| {
            for test in file
                .list("testGroups")
                .flat_map(|group| group.list("tests"))
            {
                wycheproof(provider, id, test, report);
            }
        });
    }
    folder.with("rfc3566_rfc4434_aes_xcbc.json", report, |file, report| {
        let ids = (PrfId::AES128_XCBC, IntegrityId::AES_XCBC_96);
        for test in file.list("mac") {
            block_mac(
                provider,
                ids,
                ["aes_xcbc_mac", "aes_xcbc_mac_96"],
                test,
                report,
            );
        }
        for test in file.list("prf") {
            check_prf(provider, ids.0, test, &test.hex("prf"), report);
        }
    });
    let file = "rfc4493_rfc4494_rfc4615_aes_cmac.json";
    folder.with(file, report, |file, report| {
        let ids = (PrfId::AES128_CMAC, IntegrityId::AES_CMAC_96);
        for test in file.list("cmac") {
            block_mac(provider, ids, ["cmac", "cmac_96"], test, report);
        }
        for test in file.list("prf") {
            check_prf(provider, ids.0, test, &test.hex("prf"), report);
        }
    });
}

/// RFC 2202, RFC 4231, and the truncations that IKE makes of them.
fn hmac(provider: &Provider, test: Case<'_>, report: &mut Report) {
    let (prf, integrity) = match test.text("alg") {
        "HMAC-MD5" => (PrfId::HMAC_MD5, IntegrityId::HMAC_MD5_96),
        "HMAC-SHA1" => (PrfId::HMAC_SHA1, IntegrityId::HMAC_SHA1_96),
        "HMAC-SHA256" => (PrfId::HMAC_SHA2_256, IntegrityId::HMAC_SHA2_256_128),
        "HMAC-SHA384" => (PrfId::HMAC_SHA2_384, IntegrityId::HMAC_SHA2_384_192),
        "HMAC-SHA512" => (PrfId::HMAC_SHA2_512, IntegrityId::HMAC_SHA2_512_256),
        other => {
            report.check(false, format_args!("{test}: unknown {other}"));
            return;
        }
    };
    let (key, data, mac) = (test.hex("key"), test.hex("data"), test.hex("mac"));
    if let Some(prf) = provider.prf(prf) {
        let mut out = alloc::vec![0; mac.len()];
        prf.keyed(&key).mac(&[&data], &mut out);
        report.check(out == mac, format_args!("{test}: {prf:?}"));
    }
    let integrity = provider.integrity(integrity);
    if let Some(key) = integrity.and_then(|integrity| integrity.keyed(&key).ok()) {
        let verified = key.verify(&[&data], &test.hex("ike_truncation"));
        report.check(verified.is_ok(), format_args!("{test}: truncated"));
    }
}

fn wycheproof(provider: &Provider, id: PrfId, test: Case<'_>, report: &mut Report) {
    let (key, tag) = (test.hex("key"), test.hex("tag"));
    if test.has_flag("InvalidKeySize") || (id == PrfId::AES128_CMAC && key.len() != 16) {
        // As a PRF it takes any key, by a rule of its own; as integrity transform only 16 octets.
        if let Some(integrity) = provider.integrity(IntegrityId::AES_CMAC_96) {
            let taken = integrity.keyed(&key).is_ok();
            report.check(!taken, format_args!("{test}: key taken"));
        }
        return;
    }
    if let Some(prf) = provider.prf(id) {
        let key = prf.keyed(&key);
        let verified = key.verify(&[&test.hex("msg")], &tag).is_ok();
        report.check(verified == test.is("valid"), test);
    }
}

fn block_mac(
    provider: &Provider,
    (prf, integrity): (PrfId, IntegrityId),
    [whole, truncated]: [&str; 2],
    test: Case<'_>,
    report: &mut Report,
) {
    check_prf(provider, prf, test, &test.hex(whole), report);
    if let Some(integrity) = provider.integrity(integrity) {
        let verified = integrity
            .keyed(&test.hex("key"))
            .and_then(|key| key.verify(&[&test.hex("message")], &test.hex(truncated)));
        report.check(verified.is_ok(), format_args!("{test}: {integrity:?}"));
    }
}

fn check_prf(provider: &Provider, id: PrfId, test: Case<'_>, expected: &[u8], report: &mut Report) {
    if let Some(prf) = provider.prf(id) {
        let mut out = alloc::vec![0; expected.len()];
        prf.keyed(&test.hex("key"))
            .mac(&[&test.hex("message")], &mut out);
        report.check(
            out == expected,
            format_args!("{test}: {prf:?} gives {out:02x?}"),
        );
    }
}

fn prf_properties(prf: &dyn Prf, report: &mut Report) {
    let (what, len) = (prf.id(), prf.id().output_len());
    for key_len in [0, 1, 15, 16, 17, 20, 32, 63, 64, 65, 127, 128, 129, 300] {
        let key = prf.keyed(&some(key_len));
        let message = some(200);
        let mut whole = alloc::vec![0; len];
        key.mac(&[&message], &mut whole);
        for at in (0..=200).step_by(9) {
            let (a, b) = message.split_at(at);
            let split = key.verify(&[a, b"", b], &whole);
            report.check(split.is_ok(), format_args!("{what}: parts cut at {at}"));
        }
        let mut long = alloc::vec![0xEE; len + 7];
        key.mac(&[&message], &mut long);
        let fits = long[..len] == whole && long[len..].iter().all(|octet| *octet == 0xEE);
        report.check(fits, format_args!("{what}: writes beyond its output"));
        let mut short = alloc::vec![0; len / 2];
        key.mac(&[&message], &mut short);
        report.check(
            short == whole[..len / 2],
            format_args!("{what}: half of it"),
        );
    }
}

fn integrity_properties(integrity: &dyn Integrity, report: &mut Report) {
    let (what, len) = (integrity.id(), integrity.id().icv_len());
    for wrong in (0..80).filter(|wrong| *wrong != what.key_len()) {
        let taken = integrity.keyed(&some(wrong)).is_ok();
        report.check(!taken, format_args!("{what}: takes {wrong} octets of key"));
    }
    let Ok(key) = integrity.keyed(&some(what.key_len())) else {
        report.check(false, format_args!("{what}: refuses its key"));
        return;
    };
    let message = some(100);
    let mut icv = alloc::vec![0; len];
    key.sign(&[&message], &mut icv);
    for at in 0..=100 {
        let (a, b) = message.split_at(at);
        let verified = key.verify(&[a, b], &icv);
        report.check(verified.is_ok(), format_args!("{what}: parts cut at {at}"));
        if at < 100 {
            let mut changed = message.clone();
            changed[at] ^= 4;
            let verified = key.verify(&[&changed], &icv);
            report.check(
                verified.is_err(),
                format_args!("{what}: octet {at} changed"),
            );
        }
    }
    for at in 0..len {
        let mut changed = icv.clone();
        changed[at] ^= 0x40;
        let verified = key.verify(&[&message], &changed);
        report.check(
            verified.is_err(),
            format_args!("{what}: octet {at} of the ICV"),
        );
        let verified = key.verify(&[&message], &icv[..at]);
        report.check(verified.is_err(), format_args!("{what}: ICV cut to {at}"));
    }
    let longer: Vec<u8> = icv.iter().copied().chain([0]).collect();
    let verified = key.verify(&[&message], &longer);
    report.check(verified.is_err(), format_args!("{what}: ICV too long"));
    let mut roomy = alloc::vec![0xEE; len + 3];
    key.sign(&[&message], &mut roomy);
    let fits = roomy[..len] == icv && roomy[len..] == [0, 0, 0];
    report.check(fits, format_args!("{what}: zeroes after the ICV"));
}
