//! Rekeying IKE SAs (RFC 7296 §1.3.2, §2.8, §2.18, §2.25.2).

use ike_ext::Role;
use ikee_tests::wire::Clear;
use ikee_tests::{Setup, Side};
use ikev2::Event;
use isakmp_wire::v2::{NotifyType, kind};
use isakmp_wire::{ExchangeType, Spi};

use super::{
    Crossing, LATER, SIDES, Talk, calm, deletes_ike, error, in_every_order, in_every_order_of,
    passive,
};

/// Both have asked, and each has the other's request, but nobody an answer yet.
fn both_ask(talk: &mut Talk) -> [Clear; 2] {
    talk.both(Talk::rekey_ike)
}

fn spis(talk: &Talk) -> (Spi, Spi) {
    talk.pair.a.established().next().expect("an SA").spis
}

/// One SA is left: the one that this side made, with the child that was there.
fn ends_with_that_of(talk: Talk, side: Side) {
    for (it, role) in [(side, Role::Initiator), (side.peer(), Role::Responder)] {
        let sas: Vec<_> = talk.pair.host(it).endpoint.sas().collect();
        assert_eq!(sas.len(), 1, "{it:?}: {sas:?}");
        assert_eq!(sas[0].role, role, "of {it:?}");
    }
    talk.ends_with(1);
}

/// RFC 7296 §1.3.2, §2.8, §2.18: the children change over at once, the old SA goes by the side that asked; message IDs
/// begin anew.
#[test]
fn regular_the_children_change_over_and_the_old_sa_goes() {
    for side in SIDES {
        let mut talk = Talk::new(calm(Setup::new()));
        let (old, child) = (spis(&talk), talk.child(side));
        talk.rekey_ike(side);
        let request = talk.pass(side);
        assert_eq!(request.header.exchange, ExchangeType::CREATE_CHILD_SA);
        for it in [kind::SA, kind::NONCE, kind::KE] {
            assert!(request.kinds().contains(&it));
        }
        assert!(!request.kinds().contains(&kind::TS_I));
        assert_eq!(error(&talk.pass(side.peer())), None);
        let delete = talk.pass(side);
        assert!(deletes_ike(&delete));
        assert_eq!((delete.header.initiator, delete.header.responder), old);
        assert!(talk.pass(side.peer()).payloads.is_empty());
        assert_ne!(spis(&talk), old);
        assert_eq!(talk.child(side), child);
        for host in [&talk.pair.a, &talk.pair.b] {
            let events = host.events.iter();
            let rekeyed = events.filter(|it| matches!(it.1, Event::Rekeyed { .. }));
            assert_eq!(rekeyed.count(), 1);
            assert_eq!(host.closed().count(), 0);
        }
        talk.pair.probe(side.peer());
        let probe = talk.pass(side.peer());
        assert_eq!(probe.header.message_id, 0);
        talk.finish();
        ends_with_that_of(talk, side);
    }
}

/// Again and again, from either side, with the child rekeyed between.
#[test]
fn regular_again_and_again() {
    let mut talk = Talk::new(passive());
    for n in 0..50 {
        talk.rekey_ike(SIDES[n % 2]);
        talk.finish();
        talk.rekey_child(SIDES[n / 2 % 2]);
        talk.finish();
    }
    ends_with_that_of(talk, Side::B);
}

/// After the first message both share Curve25519; the two prefer other groups by now.
fn other_guesses() -> Setup {
    let mut setup = passive();
    setup.a.ike("aes256gcm16-prfsha256-x25519-ecp256");
    setup.b.ike("aes256gcm16-prfsha256-x25519-ecp256");
    setup
}

/// Has one side prefer this group from now on.
fn prefer(talk: &mut Talk, side: Side, suite: &str) {
    let mut setup = passive();
    let party = match side {
        Side::A => &mut setup.a,
        Side::B => &mut setup.b,
    };
    party.ike(suite);
    let config = std::mem::replace(&mut party.config, ikev2::Config::new(Vec::new()));
    let now = talk.pair.now;
    let host = talk.pair.host_mut(side);
    let (_, packets) = host.call(now, |endpoint, out| endpoint.reconfigure(now, config, out));
    assert!(packets.is_empty());
}

const ECP: &str = "aes256gcm16-prfsha256-ecp256-x25519";

/// Both guess the group that they had before, and prefer another.
fn guess_wrong(talk: &mut Talk) {
    prefer(talk, Side::A, ECP);
    prefer(talk, Side::B, ECP);
}

/// RFC 7296 §1.3, §2.7.
#[test]
fn regular_ke_invalid() {
    for side in SIDES {
        let mut talk = Talk::new(other_guesses());
        guess_wrong(&mut talk);
        talk.rekey_ike(side);
        let first = talk.pass(side);
        assert_eq!(
            error(&talk.pass(side.peer())),
            Some(NotifyType::INVALID_KE_PAYLOAD)
        );
        let second = talk.pass(side);
        assert_ne!(first.body(kind::KE)[..2], second.body(kind::KE)[..2]);
        assert_eq!(error(&talk.pass(side.peer())), None);
        talk.finish();
        ends_with_that_of(talk, side);
    }
}

/// RFC 7296 §2.8.2: the SA with the lowest nonce goes, by the side that made it; the other side deletes the old one, and the
/// child belongs to what is left.
#[test]
fn collision_the_sa_with_the_lowest_nonce_goes() {
    in_every_order(|mut talk| {
        let old = spis(&talk);
        let requests = both_ask(&mut talk);
        let crossing = talk.both_answer(&requests);
        let winner = crossing.winner();
        for (side, message) in talk.finish() {
            if !message.is_response() {
                assert!(deletes_ike(&message));
                let on_old = (message.header.initiator, message.header.responder) == old;
                assert_eq!(on_old, side == winner);
            }
        }
        ends_with_that_of(talk, winner);
        crossing
    });
}

/// RFC 7296 §2.7, §2.8.2: both guess wrong, both ask again, and the nonces of the second try count.
#[test]
fn collision_ke_invalid() {
    in_every_order_of(other_guesses, |mut talk| {
        guess_wrong(&mut talk);
        both_ask(&mut talk);
        let crossing = talk.both_try_again();
        talk.finish();
        ends_with_that_of(talk, crossing.winner());
        crossing
    });
}

/// One tries again late, when the other has finished.
#[test]
fn collision_ke_invalid_delayed_retry() {
    for side in SIDES {
        for later in [false, true] {
            let mut talk = Talk::new(other_guesses());
            guess_wrong(&mut talk);
            both_ask(&mut talk);
            for side in [Side::B, Side::A] {
                talk.pass(side);
            }
            let held = talk.hold(side);
            talk.pass(side.peer());
            talk.pass(side);
            if later {
                talk.pass(side.peer());
                talk.pass(side);
            }
            talk.pair.deliver(&held);
            talk.finish();
            ends_with_that_of(talk, side.peer());
        }
    }
}

/// RFC 7296 §2.8.2: one has the answer to its request and decides; the other does not know yet how it ended.
#[test]
fn collision_delayed_response() {
    for delayed in SIDES {
        for later in [false, true] {
            in_every_order(|mut talk| {
                let requests = both_ask(&mut talk);
                let held = talk.hold(delayed);
                let seen = talk.pass(delayed.peer());
                talk.pass(delayed);
                if later {
                    talk.pass(delayed.peer());
                }
                let late = talk.pair.read(&held);
                talk.deliver(&held);
                let answers = match delayed {
                    Side::A => [&late, &seen],
                    Side::B => [&seen, &late],
                };
                let crossing = Crossing::of(&requests, answers);
                // who has its delete answered before its answer arrives may have lost the old SA by then
                talk.pair.run(LATER);
                talk.settles_with(1);
                crossing
            });
        }
    }
}

/// RFC 7296 §2.25.2: who has finished deletes the old SA; the request that comes on it then is not served.
#[test]
fn collision_delayed_request() {
    for side in SIDES {
        let mut talk = Talk::new(passive());
        for side in SIDES {
            talk.rekey_ike(side);
        }
        let late = talk.hold(side);
        talk.finish();
        talk.pair.deliver(&late);
        talk.finish();
        ends_with_that_of(talk, side.peer());
    }
}

/// RFC 7296 §2.25.2: as before, but the request comes before the delete has arrived.
#[test]
fn collision_delayed_request_and_delete() {
    for side in SIDES {
        for delete_first in [false, true] {
            let mut talk = Talk::new(passive());
            for side in SIDES {
                talk.rekey_ike(side);
            }
            let late = talk.hold(side);
            talk.pass(side.peer());
            talk.pass(side);
            let delete = talk.hold(side.peer());
            talk.deliver(&late);
            if delete_first {
                talk.deliver(&delete);
            }
            let answer = talk.pass(side.peer());
            assert_eq!(error(&answer), Some(NotifyType::TEMPORARY_FAILURE));
            if !delete_first {
                talk.deliver(&delete);
            }
            talk.finish();
            ends_with_that_of(talk, side.peer());
        }
    }
}

/// The request is lost and never repeated, as the SA that it was on is gone.
#[test]
fn collision_dropped_request() {
    for side in SIDES {
        let mut talk = Talk::new(passive());
        for side in SIDES {
            talk.rekey_ike(side);
        }
        talk.hold(side);
        talk.finish();
        ends_with_that_of(talk, side.peer());
    }
}

/// RFC 7296 §2.25.2: a delete is answered as usual, and everything goes.
#[test]
fn collision_delete_and_everything_goes() {
    for side in SIDES {
        for rekey_first in [false, true] {
            let mut talk = Talk::new(passive());
            talk.lossy = true;
            talk.rekey_ike(side);
            talk.pair.delete(side.peer());
            let order = if rekey_first {
                [side, side.peer()]
            } else {
                [side.peer(), side]
            };
            for it in order {
                talk.pass(it);
            }
            if rekey_first {
                let answer = talk.pass(side.peer());
                assert_eq!(error(&answer), Some(NotifyType::TEMPORARY_FAILURE));
            }
            talk.finish();
            talk.ends_with_nothing();
        }
    }
}

/// RFC 7296 §2.25.2: the delete is lost, the rekeying put off; then the delete comes, and everything goes.
#[test]
fn collision_delete_drop_delete() {
    for side in SIDES {
        let mut talk = Talk::new(passive());
        talk.lossy = true;
        talk.rekey_ike(side);
        talk.pair.delete(side.peer());
        let lost = talk.hold(side.peer());
        talk.pass(side);
        let answer = talk.pass(side.peer());
        assert_eq!(error(&answer), Some(NotifyType::TEMPORARY_FAILURE));
        talk.assert_silent();
        talk.deliver(&lost);
        talk.finish();
        talk.ends_with_nothing();
    }
}
