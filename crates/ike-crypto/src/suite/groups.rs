use alloc::vec::Vec;

use ipsec_doi::GroupId;

use super::vectors::Folder;
use super::{Case, Given, Report};
use crate::random::SeededRandom;
use crate::{Error, Group, KeyExchange, Provider, Random, SecretVec};

pub(super) fn properties(provider: &Provider, report: &mut Report) {
    let mut random = SeededRandom::new([0x51; 32]);
    for group in provider.groups.iter().chain(provider.legacy.groups) {
        group_properties(*group, &mut random, report);
    }
}

fn group_properties(group: &dyn Group, random: &mut SeededRandom, report: &mut Report) {
    let what = group.id();
    let (Ok(a), Ok(b)) = (group.start(random), group.start(random)) else {
        report.check(false, format_args!("{what}: does not start"));
        return;
    };
    let (to_b, to_a) = (a.public().to_vec(), b.public().to_vec());
    let len_is_right = Some(to_a.len()) == what.public_len();
    report.check(len_is_right, format_args!("{what}: {} octets", to_a.len()));
    report.check(to_a != to_b, format_args!("{what}: twice the same key"));
    let same = match (a.complete(&to_a), b.complete(&to_b)) {
        (Ok(a), Ok(b)) => a.as_slice() == b.as_slice(),
        _ => false,
    };
    report.check(same, format_args!("{what}: both sides do not agree"));

    for len in [0, 1, to_a.len() - 1, to_a.len() + 1, 2 * to_a.len()] {
        let mut peer = to_a.clone();
        peer.resize(len, 1);
        refused(group, random, &peer, format_args!("{len} octets"), report);
    }
    refused(group, random, &alloc::vec![0; to_a.len()], "zero", report);
    if !is_x25519(what) {
        refused(
            group,
            random,
            &alloc::vec![0xFF; to_a.len()],
            "all ones",
            report,
        );
        let started = group.start(&mut Broken).is_ok();
        report.check(!started, format_args!("{what}: starts without randomness"));
    }
    if is_ecp(what) {
        for position in [0, to_a.len() / 2 - 1, to_a.len() / 2, to_a.len() - 1] {
            let mut peer = to_a.clone();
            peer[position] ^= 1;
            refused(group, random, &peer, "a point off the curve", report);
        }
    }
}

struct Broken;

impl Random for Broken {
    fn fill(&mut self, _: &mut [u8]) -> Result<(), Error> {
        Err(Error)
    }
}

fn is_x25519(id: GroupId) -> bool {
    id == GroupId::CURVE25519
}

fn is_ecp(id: GroupId) -> bool {
    matches!(id, GroupId::ECP_256 | GroupId::ECP_384 | GroupId::ECP_521)
}

fn refused(
    group: &dyn Group,
    random: &mut SeededRandom,
    peer: &[u8],
    name: impl core::fmt::Display,
    report: &mut Report,
) {
    let what = group.id();
    let completed = group.start(random).and_then(|ours| ours.complete(peer));
    report.check(completed.is_err(), format_args!("{what}: takes {name}"));
}

pub(super) fn vectors(provider: &Provider, folder: &Folder<'_>, report: &mut Report) {
    folder.with("modp_groups.json", report, |file, report| {
        for test in file.list("groups") {
            modp(provider, test, report);
        }
    });
    folder.with("rfc5903_ecp_dh.json", report, |file, report| {
        for test in file.list("groups") {
            if let Some(group) = by_number(provider, test) {
                let [i, r] = [("i", "ke_payload_i"), ("r", "ke_payload_r")];
                let shared = Some(test.hex("girx"));
                for ((private, public), (_, peer)) in [(i, r), (r, i)] {
                    let (peer, public) = (test.hex(peer), test.hex(public));
                    exchange(
                        group,
                        &test.hex(private),
                        &peer,
                        Some(&public),
                        &shared,
                        test,
                        report,
                    );
                }
            }
        }
    });
    folder.with("rfc7748_x25519.json", report, |file, report| {
        if let Some(group) = provider.group(GroupId::CURVE25519) {
            for test in file.list("tests") {
                let shared = Some(test.hex("out"));
                exchange(
                    group,
                    &test.hex("scalar"),
                    &test.hex("u"),
                    None,
                    &shared,
                    test,
                    report,
                );
            }
        }
    });
    of_wycheproof(provider, folder, report);
}

fn of_wycheproof(provider: &Provider, folder: &Folder<'_>, report: &mut Report) {
    folder.with("wycheproof/x25519_test.json", report, |file, report| {
        if let Some(group) = provider.group(GroupId::CURVE25519) {
            for test in file
                .list("testGroups")
                .flat_map(|group| group.list("tests"))
            {
                // RFC 8031 §2 and RFC 7748 §6.1: a shared secret of zeroes ends the exchange.
                let shared = Some(test.hex("shared"))
                    .filter(|shared| shared.iter().any(|octet| *octet != 0));
                let (private, public) = (test.hex("private"), test.hex("public"));
                exchange(group, &private, &public, None, &shared, test, report);
            }
        }
    });
    for (file, id, len) in [
        (
            "wycheproof/ecdh_secp256r1_ecpoint_test.json",
            GroupId::ECP_256,
            32,
        ),
        (
            "wycheproof/ecdh_secp384r1_ecpoint_test.json",
            GroupId::ECP_384,
            48,
        ),
        (
            "wycheproof/ecdh_secp521r1_ecpoint_test.json",
            GroupId::ECP_521,
            66,
        ),
    ] {
        if id == GroupId::ECP_384 && !folder.has(file) {
            continue;
        }
        folder.with(file, report, |file, report| {
            if let Some(group) = provider.group(id) {
                for test in file
                    .list("testGroups")
                    .flat_map(|group| group.list("tests"))
                {
                    wycheproof_ecp(group, len, test, report);
                }
            }
        });
    }
}

/// The points have a leading 04 there; what begins otherwise cannot be said in IKE.
fn wycheproof_ecp(group: &dyn Group, len: usize, test: Case<'_>, report: &mut Report) {
    let private = fitted(&test.hex("private"), len);
    let shared = Some(test.hex("shared")).filter(|_| test.is("valid"));
    match test.hex("public").split_first() {
        Some((4, point)) => exchange(group, &private, point, None, &shared, test, report),
        Some((_, other)) => exchange(group, &private, other, None, &None, test, report),
        None => exchange(group, &private, &[], None, &None, test, report),
    }
}

/// A big-endian number in `len` octets.
fn fitted(number: &[u8], len: usize) -> Vec<u8> {
    let significant = number.iter().position(|octet| *octet != 0);
    let digits = &number[significant.unwrap_or(number.len())..];
    let mut fitted = alloc::vec![0; len.saturating_sub(digits.len())];
    fitted.extend_from_slice(digits);
    fitted
}

/// One side with a given private value: its public value, and the shared secret with `peer` or, with `None`, a refusal.
fn exchange(
    group: &dyn Group,
    private: &[u8],
    peer: &[u8],
    public: Option<&[u8]>,
    shared: &Option<Vec<u8>>,
    test: Case<'_>,
    report: &mut Report,
) {
    let Ok(ours) = group.start(&mut Given(private)) else {
        report.check(false, format_args!("{test}: private value refused"));
        return;
    };
    if let Some(public) = public {
        report.check(
            ours.public() == public,
            format_args!("{test}: public value"),
        );
    }
    let completed = ours.complete(peer).ok();
    let right = completed.as_ref().map(SecretVec::as_slice) == shared.as_deref();
    report.check(right, format_args!("{test}: shared secret"));
}

fn by_number(provider: &Provider, test: Case<'_>) -> Option<&'static dyn Group> {
    let number = u16::try_from(test.number("group")).ok()?;
    provider.group(GroupId::new(number))
}

/// The prime, through what the group answers: 2^x for small x is known, 2^n is 2^n - p for a prime of n bits, and of the
/// values at the edges only 2 and p-2 are accepted.
fn modp(provider: &Provider, test: Case<'_>, report: &mut Report) {
    let Some(group) = by_number(provider, test) else {
        return;
    };
    let prime = test.hex("p");
    let (bits, len) = (prime.len() * 8, prime.len());
    let at_one_bit_less = power_of_two(bits - 1, len);
    let wrapped: Vec<u8> = prime.iter().map(|octet| !octet).collect();
    for (exponent, public) in [
        (2, power_of_two(2, len)),
        (700, power_of_two(700, len)),
        (bits - 1, at_one_bit_less),
        // 2^n - p; for an odd p, the complement plus one changes the last octet only.
        (bits, plus_one(wrapped.clone())),
        (bits + 1, doubled(plus_one(wrapped))),
    ] {
        match start_with_exponent(group, exponent) {
            Some(ours) => {
                let right = ours.public() == public;
                report.check(right, format_args!("{test}: 2^{exponent}"));
            }
            None => report.check(false, format_args!("{test}: exponent {exponent} refused")),
        }
    }
    let minus = |n: u8| {
        let mut value = prime.clone();
        value[len - 1] -= n;
        value
    };
    for (peer, accepted) in [
        (power_of_two(0, len), false),
        (power_of_two(1, len), true),
        (minus(2), true),
        (minus(1), false),
        (minus(0), false),
        (plus_one(prime.iter().map(|_| 0xFF).collect()), false),
    ] {
        let ours = start_with_exponent(group, 700);
        let completed = ours.is_some_and(|ours| ours.complete(&peer).is_ok());
        let right = completed == accepted;
        report.check(
            right,
            format_args!("{test}: …{:02x?} taken or not", &peer[len - 2..]),
        );
    }
}

/// The length of the exponent is the provider's choice, so several are tried.
fn start_with_exponent(
    group: &dyn Group,
    exponent: usize,
) -> Option<alloc::boxed::Box<dyn KeyExchange>> {
    (16..=128).find_map(|len| {
        let mut octets = alloc::vec![0; len - 8];
        octets.extend_from_slice(&u64::try_from(exponent).ok()?.to_be_bytes());
        let mut given = Given(&octets);
        let started = group.start(&mut given).ok()?;
        given.0.is_empty().then_some(started)
    })
}

fn power_of_two(exponent: usize, len: usize) -> Vec<u8> {
    let mut value = alloc::vec![0; len];
    value[len - 1 - exponent / 8] = 1 << (exponent % 8);
    value
}

/// Adds one where the last octet does not overflow.
fn plus_one(mut value: Vec<u8>) -> Vec<u8> {
    if let Some(last) = value.last_mut() {
        *last = last.saturating_add(1);
    }
    value
}

/// Twice a number whose top bit is clear.
fn doubled(value: Vec<u8>) -> Vec<u8> {
    let next = value.iter().skip(1).copied().chain([0]);
    value
        .iter()
        .zip(next)
        .map(|(octet, next)| octet << 1 | next >> 7)
        .collect()
}
