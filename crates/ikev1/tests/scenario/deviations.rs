//! Where Windows departs from the RFCs ([MS-IKEE] §3.1.5), and where it does not.

use std::time::Duration;

use ikev1::{AuthenticationFailure, Failure, Profile};
use ipsec_doi::v1::IkeProposal;
use isakmp_wire::v1::kind;
use isakmp_wire::{ExchangeType, Flags, Message};

use crate::pair::{A, B, Pair, config};
use crate::signatures;

fn with(profile: Profile) -> Pair {
    let [a, b] = [A, B].map(|side| {
        let mut it = config(side);
        it.profile = profile;
        it
    });
    Pair::new(a, b)
}

/// [MS-IKEE] §3.1.5: before there are keys a refusal goes out in clear, without HASH.
#[test]
fn an_early_refusal_is_a_notification_in_clear() {
    let mut pair = Pair::changed(|side, it| {
        if side == A {
            it.proposals = vec![IkeProposal::parse("aes256-sha512-modp2048").unwrap()];
        }
    });
    pair.connect();
    let answer = pair
        .crossed
        .iter()
        .find(|it| it.local.ip() == crate::pair::address(B));
    let message = Message::parse(&answer.unwrap().bytes).unwrap();
    assert_eq!(message.header.exchange, ExchangeType::V1_INFORMATIONAL);
    assert!(!message.header.flags.contains(Flags::ENCRYPTED));
    let kinds: Vec<_> = message.iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [kind::NOTIFY]);
}

/// [MS-IKEE] §3.1.5, against RFC 2408 §5.1: only who began an exchange repeats by itself.
#[test]
fn the_responder_repeats_by_itself_only_under_the_rfc() {
    for (profile, repeats) in [(Profile::RFC, true), (Profile::MICROSOFT, false)] {
        let mut pair = with(profile);
        let mut first = true;
        // the initiator dies after its first message
        pair.meddler = Some(Box::new(move |packet| {
            let passes = core::mem::take(&mut first);
            if passes { vec![packet] } else { Vec::new() }
        }));
        pair.initiate(A);
        pair.run(Duration::from_millis(100));
        let sa = pair.hosts[A].endpoint.sas().next().unwrap().sa;
        pair.call(A, |it, now, out| it.delete(now, sa, out))
            .unwrap();
        let before = pair.from(B);
        pair.run(Duration::from_secs(20));
        assert_eq!(pair.from(B) > before, repeats);
        pair.run(Duration::from_secs(100));
        pair.assert_empty();
    }
}

/// [MS-IKEE] §3.1.5: neither a notification nor a delete is repeated.
#[test]
fn a_notification_is_sent_once() {
    let mut pair = with(Profile::RFC);
    let sa = pair.connect();
    let before = pair.from(A);
    pair.link.loss = 1000;
    pair.call(A, |it, now, out| it.delete(now, sa, out))
        .unwrap();
    pair.run(Duration::from_secs(600));
    // one for the child, one for the SA
    assert_eq!(pair.from(A), before + 2);
    pair.assert_empty();
}

/// [MS-IKEE] §3.1.5, against RFC 2408 §3.9: aggressive mode's third message has certificates, but no identity.
#[test]
fn a_certificate_counts_only_beside_an_identity() {
    for (profile, counts) in [(Profile::RFC, true), (Profile::MICROSOFT, false)] {
        let mut pair = signatures::aggressive(profile);
        pair.connect();
        let missing = |it: &Failure| {
            matches!(
                it,
                Failure::Authentication(AuthenticationFailure::NoCertificate { .. })
            )
        };
        assert_eq!(pair.hosts[B].established().len(), usize::from(counts));
        assert_eq!(pair.hosts[B].failures().iter().any(missing), !counts);
    }
    // main mode's fifth and sixth have both
    let mut pair = signatures::main_mode(Profile::MICROSOFT);
    pair.connect();
    pair.assert_joined(1);
}
