//! B2: every length, count and size in an SA payload, and the lengths of the payloads around it, in every message.

use ikee_tests::Fault;
use isakmp_wire::v2::kind;

use super::{places, throw_each};

/// What a length field of two octets may say, where its right value is `len` and what it counts has a header.
fn wrong(len: u16, header: u16) -> impl Iterator<Item = u16> {
    let near = [len.wrapping_sub(1), len.wrapping_add(1)];
    [0, header - 1, header, 0xffff].into_iter().chain(near)
}

fn short(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

fn with_short(bytes: &[u8], at: usize, value: u16) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at..at + 2].copy_from_slice(&value.to_be_bytes());
    bytes
}

fn with_octet(bytes: &[u8], at: usize, value: u8) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] = value;
    bytes
}

/// An SA body with one length, count or size wrong, in every way.
fn wrong_bodies(body: &[u8]) -> Vec<Vec<u8>> {
    let (mut all, mut proposal) = (Vec::new(), 0);
    while proposal < body.len() {
        let len = short(body, proposal + 2);
        let lens = wrong(len, 8).map(|it| with_short(body, proposal + 2, it));
        all.extend(lens);
        // protocol, SPI size, transforms
        for octet in [0, 1, 3, 4, 7, 8, 9, 16, 255] {
            all.extend([5, 6, 7].map(|at| with_octet(body, proposal + at, octet)));
        }
        // last or more
        all.extend([0, 1, 2, 3, 255].map(|it| with_octet(body, proposal, it)));
        let end = proposal + usize::from(len);
        let mut transform = proposal + 8 + usize::from(body[proposal + 6]);
        while transform < end {
            let len = short(body, transform + 2);
            all.extend(wrong(len, 8).map(|it| with_short(body, transform + 2, it)));
            all.extend([0, 1, 2, 3, 255].map(|it| with_octet(body, transform, it)));
            if len > 8 {
                // the attribute: with a length of its own, and its value one
                let attribute = transform + 8;
                all.push(with_short(body, attribute, 14));
                all.extend([0, 1, 4, 0xffff].map(|it| with_short(body, attribute + 2, it)));
                let long = with_short(body, attribute, 14);
                all.extend([0, 1, 4, 0xffff].map(|it| with_short(&long, attribute + 2, it)));
            }
            transform += usize::from(len);
        }
        proposal = end;
    }
    all
}

#[test]
fn wrong_lengths_counts_and_sizes_in_an_sa_payload_are_survived_in_every_message() {
    let thrown = throw_each(|letter| {
        let at = places(letter, kind::SA);
        let bodies = |at: usize| wrong_bodies(&letter.payloads[at].body);
        at.into_iter()
            .flat_map(|at| bodies(at).into_iter().map(move |it| Fault::Body(at, it)))
            .collect()
    });
    assert!(thrown > 800, "{thrown}");
}

/// The generic header's length of each payload, under SK too, so that nothing but the parser stands in its way.
#[test]
fn wrong_payload_lengths_are_survived_in_every_message() {
    let thrown = throw_each(|letter| {
        let (_, chain) = ikee_tests::keyring::chain(&letter.payloads);
        let mut at = 0;
        let mut faults = Vec::new();
        while at < chain.len() {
            let len = short(&chain, at + 2);
            let bad = wrong(len, 4).map(|it| Fault::Inner(with_short(&chain, at + 2, it)));
            faults.extend(bad);
            at += usize::from(len);
        }
        faults.extend([Fault::Inner(vec![0; 3]), Fault::Inner(vec![255; 4])]);
        faults
    });
    assert!(thrown > 500, "{thrown}");
}

/// The header's own length against the datagram's.
#[test]
fn a_datagram_whose_header_counts_otherwise_is_survived_in_every_state() {
    let thrown = throw_each(|_| {
        // these bits of the genuine length
        let wrong = [1_u32, 2, 28, 64, 0xff00, 0x7fff_0000, 0xffff_ff00];
        wrong
            .map(|it| Fault::Corrupt {
                at: 24,
                bits: it.to_be_bytes().to_vec(),
            })
            .into()
    });
    assert!(thrown > 200, "{thrown}");
}
