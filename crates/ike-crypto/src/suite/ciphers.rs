use alloc::vec::Vec;

use ipsec_doi::{Encryption, EncryptionId};

use super::known::{KNOWN, Known};
use super::vectors::Folder;
use super::{Case, Report, some, unhex};
use crate::{Cipher, CipherKey, Provider};

pub(super) fn properties(provider: &Provider, report: &mut Report) {
    for cipher in provider.ciphers.iter().chain(provider.legacy.ciphers) {
        lengths(*cipher, report);
        for blocks in [0, 1, 2, 3, 8, 9, 33, 88] {
            back_and_forth(*cipher, blocks * cipher.encryption().block_len(), report);
        }
        if cipher.encryption().is_aead() {
            for len in [7, 15, 17, 40, 1400] {
                back_and_forth(*cipher, len, report);
            }
            changes_are_noticed(*cipher, report);
        }
    }
    for known in KNOWN {
        known_answer(provider, known, report);
    }
}

pub(super) fn vectors(provider: &Provider, folder: &Folder<'_>, report: &mut Report) {
    folder.with("wycheproof/aes_gcm_test.json", report, |file, report| {
        for group in file.list("testGroups") {
            for test in group.list("tests") {
                gcm(provider, group, test, report);
            }
        }
    });
    folder.with(
        "wycheproof/aes_cbc_pkcs5_test.json",
        report,
        |file, report| {
            for group in file.list("testGroups") {
                for test in group.list("tests") {
                    cbc_with_padding(provider, test, report);
                }
            }
        },
    );
    of_rfcs(provider, folder, report);
}

/// RFC 3602 §4.
fn of_rfcs(provider: &Provider, folder: &Folder<'_>, report: &mut Report) {
    folder.with("rfc3602_aes_cbc_esp.json", report, |file, report| {
        let cipher = provider.cipher(Encryption::new(EncryptionId::AES_CBC, 128));
        let Some(cipher) = cipher else { return };
        for test in file.list("aes_cbc") {
            let (plain, sealed) = (test.hex("plaintext"), test.hex("ciphertext"));
            let expected = (&plain[..], &sealed[..], &[][..]);
            exact(
                cipher,
                &test.hex("key"),
                &test.hex("iv"),
                b"",
                expected,
                test,
                report,
            );
        }
        for test in file.list("esp") {
            let packet = test.hex("packet");
            let mut plain = test.hex("payload");
            let pad = u8::try_from(test.number("pad_length")).unwrap_or(0);
            plain.extend(1..=pad);
            plain.push(pad);
            plain.push(u8::try_from(test.number("next_header")).unwrap_or(0));
            let expected = (&plain[..], &packet[24..], &[][..]);
            exact(
                cipher,
                &test.hex("key"),
                &packet[8..24],
                b"",
                expected,
                test,
                report,
            );
        }
    });
    chacha20_poly1305(provider, folder, report);
}

/// RFC 7634 Appendices A and B.
fn chacha20_poly1305(provider: &Provider, folder: &Folder<'_>, report: &mut Report) {
    folder.with(
        "rfc7634_chacha20poly1305_esp_ikev2.json",
        report,
        |file, report| {
            let cipher = provider.cipher(Encryption::new(EncryptionId::CHACHA20_POLY1305, 0));
            let Some(cipher) = cipher else { return };
            let key = [file.hex("key"), file.hex("salt")].concat();
            let esp = file.part("esp");
            let packet = esp.hex("packet");
            let plain = esp.hex("plaintext");
            let (data, tag) = packet[16..].split_at(plain.len());
            let iv = file.hex("iv");
            exact(
                cipher,
                &key,
                &iv,
                &esp.hex("aad"),
                (&plain, data, tag),
                esp,
                report,
            );
            let ike = file.part("ikev2");
            let (plain, sealed) = (ike.hex("plaintext"), ike.hex("ciphertext_and_tag"));
            let (data, tag) = sealed.split_at(plain.len());
            let aad = ike.hex("aad_header_and_sk_header");
            exact(cipher, &key, &iv, &aad, (&plain, data, tag), ike, report);
        },
    );
}

fn gcm(provider: &Provider, group: Case<'_>, test: Case<'_>, report: &mut Report) {
    let bits = u16::try_from(group.number("keySize")).unwrap_or(0);
    // Other lengths of nonce do not occur in IPsec.
    if group.number("ivSize") != 96 {
        return;
    }
    let nonce = test.hex("iv");
    let (salt, iv) = nonce.split_at(4);
    let key = [&test.hex("key"), salt].concat();
    let (aad, plain, data) = (test.hex("aad"), test.hex("msg"), test.hex("ct"));
    let tag = test.hex("tag");
    for (id, tag_len) in [
        (EncryptionId::AES_GCM_16, 16),
        (EncryptionId::AES_GCM_12, 12),
        (EncryptionId::AES_GCM_8, 8),
    ] {
        let Some(cipher) = provider.cipher(Encryption::new(id, bits)) else {
            continue;
        };
        let tag = &tag[..tag_len];
        if test.is("valid") {
            exact(cipher, &key, iv, &aad, (&plain, &data, tag), test, report);
        } else if tag_len == 16 {
            // Cut short, a modified tag may be right again.
            let opened = keyed(cipher, &key).open(iv, &aad, &mut data.clone(), tag);
            report.check(opened.is_err(), format_args!("{test}: opened"));
        }
    }
}

/// The vectors pad as PKCS#7 does; the padding of IPsec is the protocol's, so only the valid ones say something.
fn cbc_with_padding(provider: &Provider, test: Case<'_>, report: &mut Report) {
    let key = test.hex("key");
    let bits = u16::try_from(key.len() * 8).unwrap_or(0);
    let cipher = provider.cipher(Encryption::new(EncryptionId::AES_CBC, bits));
    if let Some(cipher) = cipher.filter(|_| test.is("valid")) {
        let mut plain = test.hex("msg");
        let pad = 16 - plain.len() % 16;
        plain.extend(core::iter::repeat_n(pad.to_le_bytes()[0], pad));
        let expected = (&plain[..], &test.hex("ct")[..], &[][..]);
        exact(cipher, &key, &test.hex("iv"), b"", expected, test, report);
    }
}

/// Sealing gives exactly these octets, opening gives them back.
fn exact(
    cipher: &dyn Cipher,
    key: &[u8],
    iv: &[u8],
    aad: &[u8],
    (plain, sealed, tag): (&[u8], &[u8], &[u8]),
    test: impl core::fmt::Display,
    report: &mut Report,
) {
    let key = keyed(cipher, key);
    let mut data = plain.to_vec();
    let mut icv = alloc::vec![0; tag.len()];
    let done = key.seal(iv, aad, &mut data, &mut icv);
    let right = done.is_ok() && data == sealed && icv == tag;
    report.check(
        right,
        format_args!("{test}: {cipher:?} seals to {data:02x?} {icv:02x?}"),
    );
    let mut data = sealed.to_vec();
    let done = key.open(iv, aad, &mut data, tag);
    let right = done.is_ok() && data == plain;
    report.check(
        right,
        format_args!("{test}: {cipher:?} opens to {data:02x?}"),
    );
}

fn back_and_forth(cipher: &dyn Cipher, len: usize, report: &mut Report) {
    let what = cipher.encryption();
    let key = keyed(cipher, &some(what.key_len() + what.salt_len()));
    let (iv, aad, plain) = (some(what.iv_len()), some(13), some(len));
    let mut data = plain.clone();
    let mut icv = alloc::vec![0; what.icv_len()];
    let sealed = key.seal(&iv, &aad, &mut data, &mut icv);
    report.check(sealed.is_ok(), format_args!("{what}: cannot seal {len}"));
    let hides = len < 8 || data != plain || what.id == EncryptionId::NULL;
    report.check(hides, format_args!("{what}: does not encrypt"));
    let opened = key.open(&iv, &aad, &mut data, &icv);
    let right = opened.is_ok() && data == plain;
    report.check(
        right,
        format_args!("{what}: does not come back, {len} octets"),
    );
}

fn lengths(cipher: &dyn Cipher, report: &mut Report) {
    let what = cipher.encryption();
    let key_len = what.key_len() + what.salt_len();
    for wrong in [0, key_len.wrapping_sub(1), key_len + 1, key_len + 8, 100] {
        if wrong != key_len && wrong < 1000 {
            let taken = cipher.keyed(&some(wrong)).is_ok();
            report.check(!taken, format_args!("{what}: takes {wrong} octets of key"));
        }
    }
    let key = keyed(cipher, &some(key_len));
    let (iv_len, icv_len, data_len) = (what.iv_len(), what.icv_len(), 4 * what.block_len());
    let attempt = |iv: usize, icv: usize, data: usize| {
        let (iv, mut data, mut icv) = (some(iv), some(data), some(icv));
        let before = data.clone();
        let sealed = key.seal(&iv, b"", &mut data, &mut icv).is_ok();
        let touched = !sealed && data != before;
        (sealed, touched, key.open(&iv, b"", &mut data, &icv).is_ok())
    };
    for iv in (0..20).filter(|iv| *iv != iv_len) {
        let (sealed, touched, opened) = attempt(iv, icv_len, data_len);
        let wrong = sealed || touched || opened;
        report.check(!wrong, format_args!("{what}: takes {iv} octets of IV"));
    }
    for icv in (0..20).filter(|icv| *icv != icv_len) {
        let (sealed, touched, opened) = attempt(iv_len, icv, data_len);
        let wrong = sealed || touched || opened;
        report.check(!wrong, format_args!("{what}: takes {icv} octets of ICV"));
    }
    for data in (0..data_len).filter(|data| data % what.block_len() != 0) {
        let (sealed, touched, opened) = attempt(iv_len, icv_len, data);
        let wrong = sealed || touched || opened;
        report.check(!wrong, format_args!("{what}: takes {data} octets of data"));
    }
}

fn changes_are_noticed(cipher: &dyn Cipher, report: &mut Report) {
    let what = cipher.encryption();
    let key = keyed(cipher, &some(what.key_len() + what.salt_len()));
    let sound = [
        some(what.iv_len()),
        some(12),
        some(37),
        some(what.icv_len()),
    ];
    let [iv, aad, mut data, mut icv] = sound;
    let sealed = key.seal(&iv, &aad, &mut data, &mut icv);
    report.check(sealed.is_ok(), format_args!("{what}: cannot seal"));
    let sound = [iv, aad, data, icv];
    for (part, name) in ["iv", "aad", "data", "icv"].into_iter().enumerate() {
        for position in 0..sound[part].len() {
            for bit in [1, 0x80] {
                let mut changed = sound.clone();
                changed[part][position] ^= bit;
                let [iv, aad, mut data, icv] = changed;
                let opened = key.open(&iv, &aad, &mut data, &icv).is_ok();
                let leaks = data == some(37);
                let what = format_args!("{what}: octet {position} of {name} changed unnoticed");
                report.check(!opened && !leaks, what);
            }
        }
        for cut in 0..sound[part].len() {
            let mut changed = sound.clone();
            changed[part].truncate(cut);
            let [iv, aad, mut data, icv] = changed;
            let opened = key.open(&iv, &aad, &mut data, &icv).is_ok();
            report.check(
                !opened,
                format_args!("{what}: {name} cut to {cut} unnoticed"),
            );
        }
    }
}

fn keyed(cipher: &dyn Cipher, key: &[u8]) -> alloc::boxed::Box<dyn CipherKey> {
    // A provider that refuses a key of the right length fails all that follows.
    cipher
        .keyed(key)
        .unwrap_or_else(|_| alloc::boxed::Box::new(Refused))
}

struct Refused;

impl CipherKey for Refused {
    fn seal(&self, _: &[u8], _: &[u8], _: &mut [u8], _: &mut [u8]) -> Result<(), crate::Error> {
        Err(crate::Error)
    }

    fn open(&self, _: &[u8], _: &[u8], _: &mut [u8], _: &[u8]) -> Result<(), crate::Error> {
        Err(crate::Error)
    }
}

fn known_answer(provider: &Provider, known: &Known, report: &mut Report) {
    if let Some(cipher) = provider.cipher(known.encryption) {
        let [key, iv, aad, plain, sealed, icv]: [Vec<u8>; 6] = [
            known.key,
            known.iv,
            known.aad,
            known.plain,
            known.sealed,
            known.icv,
        ]
        .map(unhex);
        let expected = (&plain[..], &sealed[..], &icv[..]);
        exact(cipher, &key, &iv, &aad, expected, known.source, report);
    }
}
