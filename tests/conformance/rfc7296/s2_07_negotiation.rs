//! RFC 7296 §2.7 to §2.13: proposals, groups, selectors, nonces, keys.

use ikee_tests::{Pair, Setup, Side};
use isakmp_wire::v2::{NotifyType, Proposal, SecurityAssociation, TransformType, kind};
use isakmp_wire::{OwnedPayload, RawPayload};

use super::{answer_to, connected, first_request, rewrite};

/// Adds a transform to the only proposal, in front of the others.
fn add_transform(payloads: &mut [OwnedPayload], transform: [u8; 8]) {
    let body = &mut payloads[0].body;
    body.splice(8..8, transform);
    body[7] += 1;
    body[3] += 8;
}

/// What is done to a payload's body.
type Change = fn(&mut Vec<u8>);

fn proposals(pair: &Pair, side: Side, message: usize) -> Vec<(u8, usize)> {
    let sent = pair.sent_by(side);
    let raw = RawPayload::new(kind::SA, sent[message].body(kind::SA));
    let sa = SecurityAssociation::parse(raw).expect("an SA payload");
    let size = |it: Proposal<'_>| (it.number, it.transforms().count());
    sa.proposals().map(size).collect()
}

/// RFC 7296 §2.7: the answer is one proposal under the initiator's number, with one transform of each kind.
#[test]
fn a_choice_is_one_proposal_with_one_transform_of_each_kind() {
    let mut setup = Setup::new();
    setup
        .a
        .ike("aes128-sha384-x25519,aes256-aes128-sha384-sha256-x25519-ecp256");
    setup.b.ike("aes128-sha256-x25519");
    setup.a.esp("aes256gcm16,aes256-aes128-sha256");
    setup.b.esp("aes128-sha256");
    let mut pair = setup.build();
    pair.connect();
    assert!(pair.a.is_established());
    assert_eq!(proposals(&pair, Side::A, 0).len(), 2);
    assert_eq!(proposals(&pair, Side::B, 0), [(2, 4)]);
    assert_eq!(proposals(&pair, Side::B, 1), [(2, 3)]);
}

/// RFC 7296 §2.7, §3.3.6: a choice that was not offered is none; the initiator goes on waiting.
#[test]
fn an_answer_that_was_not_offered_is_not_taken() {
    let changes: [fn(&mut Vec<u8>); 4] = [
        // another proposal number
        |sa| sa[4] = 2,
        // another protocol
        |sa| sa[5] = 3,
        // another key length
        |sa| sa[18] ^= 0x01,
        // another group
        |sa| *sa.last_mut().expect("octets") ^= 0x01,
    ];
    for change in changes {
        let mut pair = Setup::new().build();
        let request = first_request(&mut pair);
        pair.deliver(&request);
        let genuine = pair.link.clear().remove(0);
        let mut altered = genuine.clone();
        altered.bytes = rewrite(&genuine, |payloads| change(&mut payloads[0].body));
        pair.deliver(&altered);
        assert_eq!(pair.sent_by(Side::A).len(), 1);
        pair.deliver(&genuine);
        pair.settle();
        assert!(pair.a.is_established() && pair.b.is_established());
    }
}

/// RFC 7296 §3.3.6: a transform that we do not know spoils itself, one of an unknown type its proposal; neither the rest.
#[test]
fn unknown_transforms_are_passed_over() {
    let unknown_id = [3, 0, 0, 8, 1, 0, 0x7f, 0xff];
    let unknown_type = [3, 0, 0, 8, 99, 0, 0, 1];
    for (transform, accepted) in [(unknown_id, true), (unknown_type, false)] {
        let mut pair = Setup::new().build();
        let request = first_request(&mut pair);
        let bytes = rewrite(&request, |payloads| add_transform(payloads, transform));
        let answer = answer_to(&mut pair, bytes).expect("an answer");
        assert_eq!(answer.kinds().contains(&kind::SA), accepted);
        assert_eq!(answer.has_notify(NotifyType::NO_PROPOSAL_CHOSEN), !accepted);
    }
}

/// RFC 7296 §2.7: a combined-mode cipher goes without integrity; one that has it nevertheless is not taken.
#[test]
fn a_combined_cipher_with_integrity_is_not_taken() {
    let mut pair = Setup::new().build();
    let request = first_request(&mut pair);
    let integrity = [3, 0, 0, 8, TransformType::INTEG.get(), 0, 0, 12];
    let bytes = rewrite(&request, |payloads| add_transform(payloads, integrity));
    let answer = answer_to(&mut pair, bytes).expect("an answer");
    assert!(answer.has_notify(NotifyType::NO_PROPOSAL_CHOSEN));
}

/// RFC 7296 §1.2, §3.4: the group of the KE payload is the one that was chosen, or the right one is named.
#[test]
fn a_key_share_of_another_group_is_answered_with_the_right_one() {
    let mut pair = Setup::new().build();
    let request = first_request(&mut pair);
    let bytes = rewrite(&request, |payloads| payloads[1].body[1] = 19);
    let answer = answer_to(&mut pair, bytes).expect("an answer");
    assert_eq!(
        answer.notifies(),
        [(NotifyType::INVALID_KE_PAYLOAD, vec![0, 31])]
    );
    assert_eq!(pair.b.endpoint.sas().count(), 0);
}

/// RFC 7296 §2.12, RFC 6989 §2: public values that are none are refused.
#[test]
fn a_key_share_that_is_none_is_refused() {
    let cases: [(&str, Change); 5] = [
        ("aes256gcm16-prfsha256-x25519", |ke| ke[4..].fill(0)),
        ("aes256gcm16-prfsha256-x25519", |ke| ke.truncate(35)),
        ("aes256gcm16-prfsha256-ecp256", |ke| ke[20] ^= 1),
        ("aes256gcm16-prfsha256-ecp256", |ke| ke[4..].fill(0)),
        ("aes256gcm16-prfsha256-modp2048", |ke| {
            ke[4..].fill(0);
            *ke.last_mut().expect("octets") = 1;
        }),
    ];
    for (ike, change) in cases {
        let mut pair = Setup::new().suites(ike, "aes256gcm16").build();
        let request = first_request(&mut pair);
        let bytes = rewrite(&request, |payloads| change(&mut payloads[1].body));
        let answer = answer_to(&mut pair, bytes).expect("an answer");
        assert_eq!(
            answer.notifies(),
            [(NotifyType::INVALID_SYNTAX, vec![])],
            "{ike}"
        );
        assert_eq!(pair.b.endpoint.sas().count(), 0);
    }
}

/// RFC 7296 §2.10: at least 128 bits, at least half the PRF's key, and never the same.
#[test]
fn nonces_are_fresh_and_long_enough() {
    let nonces = |seed| {
        let mut pair = Setup::new().seed(seed).build();
        pair.connect();
        [Side::A, Side::B].map(|it| pair.sent_by(it)[0].body(kind::NONCE).to_vec())
    };
    let all = [nonces(1), nonces(2)].concat();
    for (n, nonce) in all.iter().enumerate() {
        assert!(nonce.len() >= 32);
        assert!(!all[..n].contains(nonce));
    }
    assert_eq!(nonces(1), nonces(1));
}

/// RFC 7296 §2.10, §3.9: 16 to 256 octets, and half the PRF's key.
#[test]
fn a_nonce_that_is_too_short_or_too_long_is_refused() {
    for (ike, len, good) in [
        ("aes256gcm16-prfsha256-x25519", 15, false),
        ("aes256gcm16-prfsha256-x25519", 16, true),
        ("aes256gcm16-prfsha512-x25519", 31, false),
        ("aes256gcm16-prfsha512-x25519", 32, true),
        ("aes256gcm16-prfsha256-x25519", 256, true),
        ("aes256gcm16-prfsha256-x25519", 257, false),
    ] {
        let mut pair = Setup::new().suites(ike, "aes256gcm16").build();
        let request = first_request(&mut pair);
        let bytes = rewrite(&request, |payloads| payloads[2].body = vec![5; len]);
        let answer = answer_to(&mut pair, bytes).expect("an answer");
        assert_eq!(answer.kinds().contains(&kind::SA), good, "{ike} {len}");
        assert_eq!(answer.has_notify(NotifyType::INVALID_SYNTAX), !good);
    }
}

/// RFC 7296 §2.12: a key share is used once.
#[test]
fn every_negotiation_has_its_own_key_share() {
    let mut pair = connected();
    pair.delete(Side::A);
    pair.settle();
    pair.connect();
    let requests = pair.sent_by(Side::A).into_iter();
    let first = requests.filter(|it| !it.protected);
    let shares: Vec<_> = first.map(|it| it.body(kind::KE).to_vec()).collect();
    assert_eq!(shares.len(), 2);
    assert_ne!(shares[0], shares[1]);
}

/// RFC 7296 §2.17: a child's keys are of the suite's length, and different in each direction.
#[test]
fn childrens_keys_have_the_length_of_their_suite() {
    for (esp, encryption, integrity) in [
        ("aes256gcm16", 36, 0),
        ("aes128-sha256", 16, 32),
        ("aes256-sha512", 32, 64),
        ("chacha20poly1305", 36, 0),
        ("null-sha1", 0, 20),
    ] {
        let setup = Setup::new().suites("aes256gcm16-prfsha256-x25519", esp);
        let mut pair = setup.build();
        pair.connect();
        pair.assert_children_match();
        let keys = &pair.a.child().outbound;
        let lengths = (keys.encryption.len(), keys.integrity.len());
        assert_eq!(lengths, (encryption, integrity), "{esp}");
    }
}
