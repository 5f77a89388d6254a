//! RFC 7296 §3: what stands in the messages that we send; each format is tested with its parser.

use ikee_tests::wire::{Clear, Forged};
use ikee_tests::{Pair, Setup, Side};
use isakmp_wire::v2::{AuthMethod, IdType, NotifyType, kind};
use isakmp_wire::{ExchangeType, Flags, Message, Version};

use super::{answer_to, ask, connected, first_request, informational, payload, rewrite};

/// RFC 7296 §3.1: version 2.0, the flags of role and direction and no others, the length of the whole.
#[test]
fn headers_say_who_speaks_and_how_much() {
    let mut pair = connected();
    pair.probe(Side::B);
    pair.settle();
    for crossed in &pair.link.crossed {
        let packet = &crossed.packet;
        let message = Message::parse(&packet.bytes).expect("a message");
        let header = message.header;
        assert_eq!(header.version, Version::V2);
        assert_eq!(header.length as usize, packet.bytes.len());
        let by_a = packet.from.ip() == pair.a.address;
        assert_eq!(header.flags.contains(Flags::INITIATOR), by_a);
        let known = Flags::INITIATOR | Flags::RESPONSE;
        assert_eq!(header.flags.get() & !known.get(), 0);
    }
    let last = pair.last_sent_by(Side::A);
    assert!(last.is_response() && last.header.flags.contains(Flags::INITIATOR));
}

/// RFC 7296 §3.2: reserved bits are zero, and nothing that we send is critical.
#[test]
fn generic_headers_have_no_bits_set() {
    let pair = connected();
    for crossed in &pair.link.crossed {
        let message = Message::parse(&crossed.packet.bytes).expect("a message");
        assert!(message.payloads.iter().all(|it| it.reserved == 0));
    }
    let all = [Side::A, Side::B].map(|it| pair.sent_by(it)).concat();
    assert!(
        all.iter()
            .flat_map(|it| &it.payloads)
            .all(|it| !it.critical)
    );
}

/// RFC 7296 §3.3, §3.4, §3.5, §3.8, §3.9, §3.13: the bodies, octet by octet.
#[test]
fn the_bodies_of_the_first_messages_are_as_drawn() {
    let mut setup = Setup::new();
    setup.a.child().local = ikev2::Selectors::Fixed(vec![
        ipsec_doi::TrafficSelector::parse("10.0.0.0/8[tcp/80]").expect("a selector"),
    ]);
    setup.b.child().remote = setup.a.child().local.clone();
    let mut pair = setup.build();
    pair.connect();
    let sent = pair.sent_by(Side::A);
    // one proposal of three transforms, IKE: AES-GCM-16 with 256 bits, HMAC-SHA-256, group 31
    let sa = [
        0, 0, 0, 36, 1, 1, 0, 3, 3, 0, 0, 12, 1, 0, 0, 20, 0x80, 14, 1, 0, 3, 0, 0, 8, 2, 0, 0, 5,
        0, 0, 0, 8, 4, 0, 0, 31,
    ];
    assert_eq!(sent[0].body(kind::SA), sa);
    assert_eq!(sent[0].body(kind::KE)[..4], [0, 31, 0, 0]);
    assert_eq!(sent[0].body(kind::KE).len(), 36);
    let id = [&[IdType::FQDN.get(), 0, 0, 0][..], b"a.example"].concat();
    assert_eq!(sent[1].body(kind::ID_I), id);
    let auth = sent[1].body(kind::AUTH);
    assert_eq!(auth[..4], [AuthMethod::SHARED_KEY.get(), 0, 0, 0]);
    assert_eq!(auth.len(), 36);
    let tsi = [
        1, 0, 0, 0, 7, 6, 0, 16, 0, 80, 0, 80, 10, 0, 0, 0, 10, 255, 255, 255,
    ];
    assert_eq!(sent[1].body(kind::TS_I), tsi);
    let tsr = [
        1, 0, 0, 0, 7, 0, 0, 16, 0, 0, 255, 255, 192, 0, 2, 2, 192, 0, 2, 2,
    ];
    assert_eq!(sent[1].body(kind::TS_R), tsr);
}

/// RFC 7296 §3.14, RFC 5282 §3: the initialization vector of a counter mode never comes again.
#[test]
fn no_initialization_vector_comes_twice_in_one_direction() {
    for ike in ["aes256gcm16-prfsha256-x25519", "aes128-sha256-x25519"] {
        let mut pair = Setup::new().suites(ike, "aes256gcm16").build();
        pair.connect();
        for _ in 0..20 {
            pair.probe(Side::A);
            pair.settle();
        }
        for address in [pair.a.address, pair.b.address] {
            let mut ivs = Vec::new();
            for crossed in pair
                .link
                .crossed
                .iter()
                .filter(|it| it.packet.from.ip() == address)
            {
                let message = Message::parse(&crossed.packet.bytes).expect("a message");
                if let Some(sealed) = message.payloads.first(kind::ENCRYPTED) {
                    ivs.push(sealed.body[..8].to_vec());
                }
            }
            let count = ivs.len();
            ivs.sort();
            ivs.dedup();
            assert_eq!((ivs.len(), count), (21, 21), "{ike}");
        }
    }
}

/// RFC 7296 §3.14: SK without payloads is a message without payloads.
#[test]
fn an_empty_encrypted_payload_is_taken() {
    let mut pair = connected();
    let empty = pair.forge_raw(
        Side::A,
        &informational(2),
        isakmp_wire::PayloadType::NONE,
        &[],
    );
    assert!(answer_to(&mut pair, empty).is_some());
}

/// Changes the SA payload of a first request; the answer.
fn with_sa(change: impl FnOnce(&mut Vec<u8>)) -> (Pair, Option<Clear>) {
    let mut pair = Setup::new().build();
    let request = first_request(&mut pair);
    let bytes = rewrite(&request, |payloads| change(&mut payloads[0].body));
    let answer = answer_to(&mut pair, bytes);
    (pair, answer)
}

/// RFC 7296 §3.3.1, §3.3.2: lengths, sizes and counts that do not agree.
#[test]
fn an_sa_payload_whose_lengths_disagree_is_refused() {
    // proposal length, SPI size, number of transforms, first transform's length
    for (at, wide) in [(2, true), (6, false), (7, false), (10, true)] {
        for value in [0_u16, 1, 2, 4, 7, 8, 9, 35, 37, 255, 0xffff] {
            let (pair, answer) = with_sa(|sa| {
                let octets = value.to_be_bytes();
                let before = sa.clone();
                if wide {
                    sa[at..at + 2].copy_from_slice(&octets);
                } else {
                    sa[at] = octets[1];
                }
                if *sa == before {
                    sa[at] = 77;
                }
            });
            let refusal = answer.expect("an answer");
            assert!(!refusal.kinds().contains(&kind::SA), "{at} {value}");
            assert_eq!(pair.b.endpoint.sas().count(), 0);
        }
    }
}

/// RFC 7296 §3.3.3: a proposal that lacks a transform is not taken.
#[test]
fn a_proposal_without_a_transform_that_it_needs_is_not_taken() {
    for (at, len) in [(8, 12), (20, 8), (28, 8)] {
        let (_, answer) = with_sa(|sa| {
            sa.drain(at..at + len);
            sa[3] = u8::try_from(sa.len()).expect("a length");
            sa[7] = 2;
            // the last one says so
            let last = if at == 8 { 16 } else { 20 };
            sa[last] = 0;
        });
        let answer = answer.expect("an answer");
        assert!(answer.has_notify(NotifyType::NO_PROPOSAL_CHOSEN), "{at}");
    }
}

/// RFC 7296 §3.3.5: a cipher of variable key size needs its size, and the right one.
#[test]
fn a_cipher_without_its_key_length_is_not_taken() {
    let (_, answer) = with_sa(|sa| {
        sa.drain(16..20);
        sa[3] -= 4;
        sa[11] -= 4;
    });
    let answer = answer.expect("an answer");
    assert!(answer.has_notify(NotifyType::NO_PROPOSAL_CHOSEN));
    for bits in [0, 1, 128, 255, 257, 0xffff_u16] {
        let (_, answer) = with_sa(|sa| sa[18..20].copy_from_slice(&bits.to_be_bytes()));
        let answer = answer.expect("an answer");
        assert!(answer.has_notify(NotifyType::NO_PROPOSAL_CHOSEN));
    }
}

/// RFC 7296 §3.10: an SPI size that does not fit makes a notify unreadable; nothing else comes of it.
#[test]
fn a_notify_whose_spi_does_not_fit_does_no_harm() {
    let mut pair = connected();
    let bodies = [&[0, 9, 0, 24][..], &[0, 0], &[], &[3, 4, 0, 24, 1, 2, 3]];
    for (id, body) in (2..).zip(bodies) {
        let odd = payload(kind::NOTIFY, false, body);
        let answer = ask(&mut pair, informational(id), &[odd]).expect("an answer");
        assert!(answer.protected);
    }
    assert!(pair.b.is_established());
}

/// RFC 7296 §3.11: sizes and counts that do not agree delete nothing.
#[test]
fn a_delete_whose_numbers_disagree_deletes_nothing() {
    let mut pair = connected();
    let bodies = [
        &[3, 0, 0, 1][..],
        &[3, 4, 0, 1],
        &[3, 4, 0xff, 0xff, 1, 2, 3, 4],
        &[3, 8, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8],
        &[3, 4, 0],
        &[0, 0, 0, 0],
        &[77, 0, 0, 0],
    ];
    for (id, body) in (2..).zip(bodies) {
        let odd = payload(kind::DELETE, false, body);
        assert!(ask(&mut pair, informational(id), &[odd]).is_some());
        assert!(pair.b.is_established(), "{body:?}");
        assert_eq!(pair.b.children.len(), 1);
    }
}

/// RFC 7296 §3.12: any number of vendor IDs, anywhere, of any length.
#[test]
fn vendor_ids_may_stand_anywhere() {
    let mut pair = Setup::new().build();
    let request = first_request(&mut pair);
    let bytes = rewrite(&request, |payloads| {
        for at in [0, 2, 4, 6] {
            payloads.insert(at, payload(kind::VENDOR_ID, false, &vec![7; at * 100]));
        }
        for n in 0..40 {
            payloads.push(payload(kind::VENDOR_ID, false, &[n; 16]));
        }
    });
    let answer = answer_to(&mut pair, bytes).expect("an answer");
    assert!(answer.kinds().contains(&kind::SA));
}

/// RFC 7296 §3.13.1: ranges that end before they begin match nothing.
#[test]
fn selectors_that_end_before_they_begin_match_nothing() {
    for (at, octets) in [(16, [192, 0, 2, 1]), (12, [192, 0, 2, 3])] {
        let mut pair = Setup::new().build();
        pair.initiate(Side::A).expect("a negotiation");
        for _ in 0..2 {
            for packet in pair.link.clear() {
                pair.deliver(&packet);
            }
        }
        pair.link.clear();
        let mut payloads = pair.last_sent_by(Side::A).payloads;
        let tsr = payloads.iter_mut().find(|it| it.kind == kind::TS_R);
        tsr.expect("TSr").body[at..at + 4].copy_from_slice(&octets);
        let auth = Forged::request(ExchangeType::IKE_AUTH, 1);
        let answer = ask(&mut pair, auth, &payloads).expect("an answer");
        assert!(answer.has_notify(NotifyType::TS_UNACCEPTABLE), "{at}");
        assert!(pair.b.is_established() && pair.b.children.is_empty());
    }
}
