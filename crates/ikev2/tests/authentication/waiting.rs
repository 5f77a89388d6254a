//! The wait for a verdict on certificates.

use std::time::Duration;

use ike_crypto::SignatureScheme;
use ikev2::{AuthenticationFailure, CloseReason, Dropped, Event, Failure, PeerKey};

use crate::pair::{Pair, believe, key, name, psk, signs, takes, takes_psk};

const SCHEME: SignatureScheme = SignatureScheme::Ed25519;

/// The first signs; the second says nothing about it yet.
fn undecided() -> Pair {
    let a = (signs("Ed25519", SCHEME), vec![takes_psk()]);
    let mut pair = Pair::of(a, (psk(), vec![takes(&[SCHEME])]));
    pair.sides[1].judge = Box::new(|_| None);
    pair
}

fn waiting(pair: &Pair, side: usize) -> bool {
    let mut sas = pair.sides[side].endpoint.sas();
    sas.any(|it| it.state.contains("trust"))
}

/// RFC 7296 §2.1: while nothing is known, nothing is answered, and no repetition is lost or does harm.
#[test]
fn a_request_waits_for_the_verdict_and_its_repetitions_find_the_answer() {
    let mut pair = undecided();
    pair.connect();
    assert!(waiting(&pair, 1));
    for _ in 0..3 {
        pair.time_out(0);
        assert!(pair.deliver() && !pair.deliver());
    }
    assert_eq!(pair.sides[1].shown().count(), 1);
    let dropped = |it: &&Event| {
        matches!(
            it,
            Event::Dropped {
                reason: Dropped::Waiting,
                ..
            }
        )
    };
    assert_eq!(pair.sides[1].events.iter().filter(dropped).count(), 3);

    let shown = pair.sides[1].shown().next().unwrap();
    let (sa, verdict) = (shown.sa, believe(shown).unwrap());
    pair.judge(1, sa, verdict);
    // the first answer is lost
    assert_eq!(pair.wire.len(), 1);
    pair.wire.clear();
    pair.time_out(0);
    while pair.deliver() {}
    assert!(pair.both_established());
}

#[test]
fn a_responder_waits_for_a_verdict_for_a_bounded_time() {
    let mut pair = undecided();
    pair.connect();
    let begun = pair.now;
    let next = pair.sides[1].endpoint.next_timeout().unwrap();
    assert_eq!(next.reason, "verdict on certificates");
    pair.time_out(1);
    while pair.deliver() {}
    assert_eq!(pair.now, begun + Duration::from_secs(30));
    let peer = name(0);
    let expected = Failure::Authentication(AuthenticationFailure::Unjudged { peer });
    assert_eq!(pair.sides[1].failure(), Some(&expected));
    assert!(pair.sides[0].told().contains("AUTHENTICATION_FAILED"));
    pair.assert_refused();
    pair.wait_alone(1);
    assert!(pair.sides[1].endpoint.sas().next().is_none());
}

/// RFC 7296 §2.21.2: the responder believes in the SA; an initiator that does not, says so.
#[test]
fn an_initiator_waits_for_a_verdict_for_a_bounded_time_and_tells_the_responder() {
    let b = (signs("Ed25519", SCHEME), vec![takes_psk()]);
    let mut pair = Pair::of((psk(), vec![takes(&[SCHEME])]), b);
    pair.sides[0].judge = Box::new(|_| None);
    pair.connect();
    assert!(waiting(&pair, 0) && pair.sides[1].is_established());
    pair.time_out(0);
    while pair.deliver() {}
    assert!(pair.sides[0].told().contains("nobody said in time"));
    let closed = |it: &Event| {
        matches!(
            it,
            Event::Closed {
                reason: CloseReason::PeerError(_),
                ..
            }
        )
    };
    assert!(pair.sides[1].events.iter().any(closed));
    pair.assert_refused();
}

/// RFC 7296 §2.21.2: a refusal is final on both sides, whoever makes it, and tells our operator the reason.
#[test]
fn a_refused_certificate_ends_the_negotiation_on_both_sides() {
    for side in 0..2 {
        let signer = || (signs("Ed25519", SCHEME), vec![takes(&[SCHEME])]);
        let mut pair = Pair::of(signer(), signer());
        pair.sides[side].judge = Box::new(|_| Some(Err("it expired in 1999".into())));
        pair.connect().assert_refused();
        let told = pair.sides[side].told();
        let peer = ["'b.example'", "'a.example'"][side];
        assert!(
            told.contains(peer) && told.contains("it expired in 1999"),
            "{told}"
        );
        // the reason is ours alone
        assert!(!pair.sides[1 - side].told().contains("1999"));
    }
}

/// B5: a verdict that nobody waits for opens nothing.
#[test]
fn an_unasked_verdict_changes_nothing() {
    let mut pair = undecided();
    let public = PeerKey::new(key("Ed25519").public_key().to_vec());
    pair.begin();
    let sa = pair.sides[0].endpoint.sas().next().unwrap().sa;
    pair.judge(0, sa, Ok(public.clone()));
    pair.judge(1, sa, Ok(public.clone()));
    pair.deliver();
    let half_open = pair.sides[1].endpoint.sas().next().unwrap().sa;
    pair.judge(1, half_open, Ok(public.clone()));
    assert!(!pair.sides[1].is_established());
    while pair.deliver() {}
    pair.judge(1, half_open, Ok(public.clone()));
    while pair.deliver() {}
    assert!(pair.both_established());
    pair.judge(1, half_open, Err("too late".into()));
    pair.judge(0, sa, Err("too late".into()));
    assert!(pair.wire.is_empty() && pair.both_established());
    assert!(pair.sides.iter().all(|it| it.failure().is_none()));
}
