use super::{Report, some};
use crate::random::SeededRandom;
use crate::{Provider, SignatureScheme};

/// Checks that two providers understand each other: shared secrets, sealed packets, ICVs and signatures of one are right
/// for the other, for all that both have.
#[must_use]
pub fn agree(a: &Provider, b: &Provider) -> Report {
    let mut report = Report::default();
    for (one, other) in [(a, b), (b, a)] {
        groups(one, other, &mut report);
        packets(one, other, &mut report);
        macs(one, other, &mut report);
        super::signatures::between(one, other, &mut report);
    }
    report
}

fn groups(a: &Provider, b: &Provider, report: &mut Report) {
    let mut random = SeededRandom::new([0x17; 32]);
    for group in a.groups.iter().chain(a.legacy.groups) {
        let Some(other) = b.group(group.id()) else {
            continue;
        };
        for _ in 0..4 {
            let agreed = group.start(&mut random).and_then(|ours| {
                let theirs = other.start(&mut random)?;
                let (to_us, to_them) = (theirs.public().to_vec(), ours.public().to_vec());
                let (a, b) = (ours.complete(&to_us)?, theirs.complete(&to_them)?);
                Ok(a.as_slice() == b.as_slice())
            });
            report.check(
                agreed == Ok(true),
                format_args!("{}: disagreement", group.id()),
            );
        }
    }
}

fn packets(a: &Provider, b: &Provider, report: &mut Report) {
    for cipher in a.ciphers.iter().chain(a.legacy.ciphers) {
        let what = cipher.encryption();
        let Some(other) = b.cipher(what) else {
            continue;
        };
        let key = some(what.key_len() + what.salt_len());
        let (iv, aad) = (some(what.iv_len()), some(8));
        for len in [0usize, 1, 16, 48, 63, 64, 65, 240, 1392, 5000] {
            let plain = some(len.next_multiple_of(what.block_len()));
            let (mut data, mut icv) = (plain.clone(), alloc::vec![0; what.icv_len()]);
            let opened = cipher
                .keyed(&key)
                .and_then(|key| key.seal(&iv, &aad, &mut data, &mut icv))
                .and_then(|()| other.keyed(&key)?.open(&iv, &aad, &mut data, &icv));
            let right = opened.is_ok() && data == plain;
            report.check(
                right,
                format_args!("{what}: packet of {len} not understood"),
            );
        }
    }
}

fn macs(a: &Provider, b: &Provider, report: &mut Report) {
    for prf in a.prfs.iter().chain(a.legacy.prfs) {
        if let Some(other) = b.prf(prf.id()) {
            for len in [0, 1, 16, 20, 64, 65, 129, 200] {
                let (key, message) = (some(len), some(3 * len));
                let mut output = alloc::vec![0; prf.id().output_len()];
                prf.keyed(&key).mac(&[&message], &mut output);
                let verified = other.keyed(&key).verify(&[&message], &output);
                report.check(verified.is_ok(), format_args!("{}: disagreement", prf.id()));
            }
        }
    }
    for integrity in a.integrities.iter().chain(a.legacy.integrities) {
        if let Some(other) = b.integrity(integrity.id()) {
            let key = some(integrity.id().key_len());
            let mut icv = alloc::vec![0; integrity.id().icv_len()];
            let verified = integrity.keyed(&key).and_then(|ours| {
                ours.sign(&[b"message"], &mut icv);
                other.keyed(&key)?.verify(&[b"message"], &icv)
            });
            report.check(
                verified.is_ok(),
                format_args!("{}: disagreement", integrity.id()),
            );
        }
    }
    for scheme in a.verifiers.iter().map(|verifier| verifier.scheme()) {
        let both = b.is_legacy_verifier(scheme)
            == matches!(
                scheme,
                SignatureScheme::RsaBare | SignatureScheme::EcdsaBare(_)
            );
        report.check(both, format_args!("{scheme:?}: legacy in one of them only"));
    }
}
