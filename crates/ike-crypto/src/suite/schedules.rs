use alloc::vec::Vec;

use ipsec_doi::PrfId;

use super::vectors::Folder;
use super::{Case, Report};
use crate::{PrfKey, Provider, prf_plus};

/// Key schedules of IKE, computed with the provider's PRFs alone.
pub(super) fn vectors(provider: &Provider, folder: &Folder<'_>, report: &mut Report) {
    folder.with("strongswan_ikev2_kdf.json", report, |file, report| {
        for test in file.list("skeyseed") {
            let parts = [test.hex("gir")];
            check_mac(
                provider,
                test,
                "prf",
                &test.hex("ni_nr"),
                &parts,
                "skeyseed",
                report,
            );
        }
        for test in file.list("prf_plus") {
            if let Some((id, key)) = keyed(provider, test.text("prf"), &test.hex("key")) {
                check_plus(id, &*key, &[test.hex("seed")], test, "out", report);
            }
        }
    });
    folder.with("nist-cavs/ikev2_visible.json", report, |file, report| {
        for test in file.list("tests") {
            cavs_v2(provider, test, report);
        }
    });
    folder.with(
        "nist-cavs/ikev1_psk_visible.json",
        report,
        |file, report| {
            for test in file.list("tests") {
                let nonces = [test.hex("Ni"), test.hex("Nr")];
                cavs_v1(provider, test, &test.hex("pre-shared-key"), &nonces, report);
            }
        },
    );
    folder.with(
        "nist-cavs/ikev1_dsa_visible.json",
        report,
        |file, report| {
            for test in file.list("tests") {
                let key = [test.hex("Ni"), test.hex("Nr")].concat();
                cavs_v1(provider, test, &key, &[test.hex("g^xy")], report);
            }
        },
    );
    of_sessions(provider, folder, report);
}

/// What real peers computed.
fn of_sessions(provider: &Provider, folder: &Folder<'_>, report: &mut Report) {
    folder.with(
        "ikev1_aggressive_psk_hash_r.json",
        report,
        |file, report| {
            for test in file
                .list("vectors")
                .filter(|test| !test.text("psk").is_empty())
            {
                let nonces = [test.hex("ni_b"), test.hex("nr_b")];
                let psk = test.text("psk").as_bytes();
                check_mac(provider, test, "prf", psk, &nonces, "SKEYID", report);
                let parts =
                    ["gxr", "gxi", "cky_r", "cky_i", "sai_b", "idir_b"].map(|name| test.hex(name));
                check_mac(
                    provider,
                    test,
                    "prf",
                    &test.hex("SKEYID"),
                    &parts,
                    "HASH_R",
                    report,
                );
            }
        },
    );
    folder.with("aosp_ikev2_psk_session.json", report, |file, report| {
        session(provider, file, report);
    });
}

/// RFC 7296 §2.14, §2.17 and §2.18.
fn cavs_v2(provider: &Provider, test: Case<'_>, report: &mut Report) {
    let group = test.part("group");
    let [ni, nr, shared, again, spi_i, spi_r] =
        ["Ni", "Nr", "g^ir", "g^ir (new)", "SPIi", "SPIr"].map(|name| test.hex(name));
    let nonces = [&ni[..], &nr].concat();
    check_mac(
        provider,
        test,
        group.text("hash"),
        &nonces,
        &[shared],
        "SKEYSEED",
        report,
    );
    let Some((id, key)) = keyed(provider, group.text("hash"), &test.hex("SKEYSEED")) else {
        return;
    };
    let seed = [ni.clone(), nr.clone(), spi_i, spi_r];
    check_plus(id, &*key, &seed, test, "DKM", report);
    let material = test.hex("DKM");
    let sk_d = &material[..id.output_len().min(material.len())];
    let Some((_, key)) = keyed(provider, group.text("hash"), sk_d) else {
        return;
    };
    let with_dh = [again.clone(), ni.clone(), nr.clone()];
    check_plus(id, &*key, &[ni, nr], test, "DKM(Child SA)", report);
    check_plus(id, &*key, &with_dh, test, "DKM(Child SA D-H)", report);
    check_mac(
        provider,
        test,
        group.text("hash"),
        sk_d,
        &with_dh,
        "SKEYSEED(Rekey)",
        report,
    );
}

/// RFC 2409 §5.
fn cavs_v1(provider: &Provider, test: Case<'_>, key: &[u8], seed: &[Vec<u8>], report: &mut Report) {
    let group = test.part("group");
    let hash = group.text("hash");
    check_mac(provider, test, hash, key, seed, "SKEYID", report);
    let skeyid = test.hex("SKEYID");
    let base = ["g^xy", "CKY_I", "CKY_R"].map(|name| test.hex(name));
    let mut previous = alloc::vec![];
    for (name, number) in [("SKEYID_d", 0), ("SKEYID_a", 1), ("SKEYID_e", 2)] {
        let mut parts = alloc::vec![previous];
        parts.extend(base.iter().cloned());
        parts.push(alloc::vec![number]);
        check_mac(provider, test, hash, &skeyid, &parts, name, report);
        previous = test.hex(name);
    }
}

/// RFC 7296 §2.14 with the lengths of AES-CBC-128, HMAC-SHA-1-96 and PRF HMAC-SHA-1.
fn session(provider: &Provider, file: Case<'_>, report: &mut Report) {
    let [ni, nr, spi_i, spi_r] = ["ni", "nr", "spi_i", "spi_r"].map(|name| file.hex(name));
    let nonces = [&ni[..], &nr].concat();
    check_mac(
        provider,
        file,
        "prf",
        &nonces,
        &[file.hex("gir")],
        "SKEYSEED",
        report,
    );
    let Some((id, key)) = keyed(provider, file.text("prf"), &file.hex("SKEYSEED")) else {
        return;
    };
    let names = ["SK_d", "SK_ai", "SK_ar", "SK_ei", "SK_er", "SK_pi", "SK_pr"];
    let expected = names.map(|name| file.hex(name)).concat();
    let mut out = alloc::vec![0; expected.len()];
    let done = prf_plus(
        &*key,
        id.output_len(),
        &[&ni, &nr, &spi_i, &spi_r],
        &mut out,
    );
    report.check(
        done.is_ok() && out == expected,
        format_args!("{file}: SK_*"),
    );
}

/// The PRF that the files name in one of three ways.
fn keyed(
    provider: &Provider,
    name: &str,
    key: &[u8],
) -> Option<(PrfId, alloc::boxed::Box<dyn PrfKey>)> {
    let id = match name {
        "HMAC-MD5" => PrfId::HMAC_MD5,
        "HMAC-SHA1" | "SHA-1" => PrfId::HMAC_SHA1,
        "PRF_HMAC_SHA2_256" | "SHA-256" => PrfId::HMAC_SHA2_256,
        "PRF_HMAC_SHA2_384" | "SHA-384" => PrfId::HMAC_SHA2_384,
        "PRF_HMAC_SHA2_512" | "SHA-512" => PrfId::HMAC_SHA2_512,
        _ => return None,
    };
    provider.prf(id).map(|prf| (id, prf.keyed(key)))
}

/// Compares prf(key, parts) with the field `expected`. `prf` is the name of the PRF, or of the field with it.
fn check_mac(
    provider: &Provider,
    test: Case<'_>,
    prf: &str,
    key: &[u8],
    parts: &[Vec<u8>],
    expected: &str,
    report: &mut Report,
) {
    let name = if prf == "prf" { test.text("prf") } else { prf };
    if let Some((_, key)) = keyed(provider, name, key) {
        let parts: Vec<&[u8]> = parts.iter().map(|part| &part[..]).collect();
        let verified = key.verify(&parts, &test.hex(expected));
        report.check(verified.is_ok(), format_args!("{test}: {expected}"));
    }
}

fn check_plus(
    id: PrfId,
    key: &dyn PrfKey,
    seed: &[Vec<u8>],
    test: Case<'_>,
    expected: &str,
    report: &mut Report,
) {
    let seed: Vec<&[u8]> = seed.iter().map(|part| &part[..]).collect();
    let wanted = test.hex(expected);
    let mut out = alloc::vec![0; wanted.len()];
    let done = prf_plus(key, id.output_len(), &seed, &mut out);
    let right = done.is_ok() && out == wanted && !wanted.is_empty();
    report.check(right, format_args!("{test}: {expected}"));
}
