//! New keys for children and IKE SAs, by request, by age and at the same time (RFC 7296 §1.3, §2.8, §2.25).

use std::time::Duration;

use ike_ext::{ChildId, SaId};
use ikee_tests::{Pair, Setup, Side};
use ikev2::{Event, Failure};
use isakmp_wire::v2::{NotifyType, kind};

/// Long enough for a replaced child to be gone.
const FADED: Duration = Duration::from_secs(6);

fn connected(setup: Setup) -> Pair {
    let mut pair = setup.build();
    pair.connect();
    pair
}

/// The child that carries the traffic of one side.
fn child(pair: &Pair, side: Side) -> ChildId {
    pair.host(side).plane.sending("net").expect("a child")
}

fn sa(pair: &Pair, side: Side) -> SaId {
    let mut established = pair.host(side).established();
    established.next().expect("an SA").sa
}

/// Delivers everything in order, and looks for gaps after each step.
fn settle_without_gaps(pair: &mut Pair) {
    let until = pair.now + Duration::from_secs(900);
    let quiet =
        |it: &Pair| it.link.next().is_none() && !it.a.is_negotiating() && !it.b.is_negotiating();
    while !quiet(pair) && pair.step(until) {
        assert_eq!(pair.gaps(), []);
    }
    pair.run(FADED);
    assert_eq!(pair.gaps(), []);
}

fn assert_one_of_each(pair: &Pair) {
    for host in [&pair.a, &pair.b] {
        assert!(host.is_established(), "{:?}", host.events);
        assert_eq!(host.children.len(), 1, "{:?}", host.events);
    }
    pair.assert_agreed();
}

fn end(mut pair: Pair) {
    pair.shut_down();
    pair.assert_empty();
}

fn rekeyed(pair: &Pair, side: Side) -> usize {
    let events = pair.host(side).events.iter();
    events
        .filter(|it| matches!(it.1, Event::ChildRekeyed { .. } | Event::Rekeyed { .. }))
        .count()
}

/// RFC 7296 §1.3.3, §2.8, §2.17.
#[test]
fn either_side_gives_a_child_new_keys_with_and_without_a_key_exchange() {
    for esp in [
        "aes256gcm16",
        "aes256gcm16-ecp256",
        "aes128-sha256-x25519-esn",
    ] {
        for side in [Side::A, Side::B] {
            let mut pair = connected(Setup::new().suites("aes256gcm16-prfsha256-x25519", esp));
            let old = child(&pair, side);
            pair.rekey_child(side, old);
            settle_without_gaps(&mut pair);
            assert_one_of_each(&pair);
            assert_ne!(child(&pair, side), old);
            assert_eq!((rekeyed(&pair, Side::A), rekeyed(&pair, Side::B)), (1, 1));
            let group = pair.host(side).child().suite.group;
            assert_eq!(
                group.is_some(),
                esp.contains("ecp") || esp.contains("x25519")
            );
            end(pair);
        }
    }
}

/// RFC 7296 §1.3.2, §2.18.
#[test]
fn either_side_gives_the_ike_sa_new_keys_and_the_children_go_with_it() {
    for side in [Side::A, Side::B] {
        let mut pair = connected(Setup::new());
        let before = child(&pair, Side::A);
        for _ in 0..3 {
            let old = sa(&pair, side);
            pair.rekey_sa(side, old);
            settle_without_gaps(&mut pair);
            assert_one_of_each(&pair);
            assert_ne!(sa(&pair, side), old);
        }
        assert_eq!(child(&pair, Side::A), before);
        assert_eq!((rekeyed(&pair, Side::A), rekeyed(&pair, Side::B)), (3, 3));
        assert_eq!(pair.a.closed().count() + pair.b.closed().count(), 0);
        let again = child(&pair, side.peer());
        pair.rekey_child(side.peer(), again);
        settle_without_gaps(&mut pair);
        assert_one_of_each(&pair);
        end(pair);
    }
}

/// RFC 7296 §1.3: the group that the peer asks for is tried.
#[test]
fn another_group_is_tried_when_the_peer_wants_it() {
    let mut setup = Setup::new();
    setup.a.ike("aes256gcm16-prfsha256-ecp256-x25519");
    setup.b.ike("aes256gcm16-prfsha256-x25519");
    setup.a.esp("aes256gcm16-ecp256-x25519");
    setup.b.esp("aes256gcm16-x25519");
    let mut pair = connected(setup);
    let old = child(&pair, Side::A);
    pair.rekey_child(Side::A, old);
    let request = pair.pass(Side::A);
    assert!(request.payloads.iter().any(|it| it.kind == kind::KE));
    let refusal = pair.pass(Side::B);
    assert_eq!(refusal.payloads.len(), 1);
    settle_without_gaps(&mut pair);
    assert_one_of_each(&pair);
    assert_ne!(child(&pair, Side::A), old);
    let ike = sa(&pair, Side::A);
    pair.rekey_sa(Side::A, ike);
    settle_without_gaps(&mut pair);
    assert_one_of_each(&pair);
    assert_eq!(pair.a.failures().count(), 0);
    end(pair);
}

/// RFC 7296 §1.3.1.
#[test]
fn further_children_are_opened_and_deleted() {
    let mut setup = Setup::new().both(|it| {
        let mut second = it.child().clone();
        second.name = "more".into();
        it.connection().children.push(second);
    });
    setup.a.connection().children[1].proposals = ikee_tests::setup::esp("aes128gcm16-x25519");
    setup.b.connection().children[1].proposals = ikee_tests::setup::esp("aes128gcm16-x25519");
    for side in [Side::A, Side::B] {
        let mut pair = connected(Setup::new().both(|it| {
            let mut second = it.child().clone();
            second.name = "more".into();
            it.connection().children.push(second);
        }));
        let ike = sa(&pair, side);
        pair.create_child(side, ike, 1);
        pair.settle();
        assert_eq!((pair.a.children.len(), pair.b.children.len()), (2, 2));
        pair.assert_agreed();
        pair.rekey_sa(side, ike);
        settle_without_gaps(&mut pair);
        assert_eq!((pair.a.children.len(), pair.b.children.len()), (2, 2));
        let first = child(&pair, side);
        pair.delete_child(side, first);
        pair.settle();
        assert_eq!((pair.a.children.len(), pair.b.children.len()), (1, 1));
        end(pair);
    }
    let mut pair = connected(setup);
    let ike = sa(&pair, Side::A);
    pair.create_child(Side::A, ike, 1);
    pair.settle();
    pair.assert_agreed();
    end(pair);
}

/// One side replaces its child.
fn replace_child(pair: &mut Pair, side: Side) {
    let old = child(pair, side);
    pair.rekey_child(side, old);
}

/// One side replaces its IKE SA.
fn replace_sa(pair: &mut Pair, side: Side) {
    let old = sa(pair, side);
    pair.rekey_sa(side, old);
}

/// Both replace the same at once: one successor stays.
fn replaced_at_once(replace: fn(&mut Pair, Side), check: impl Fn(&Pair)) {
    for seed in 0..12 {
        for first in [Side::A, Side::B] {
            let mut pair = connected(Setup::new().seed(seed));
            for side in [first, first.peer()] {
                replace(&mut pair, side);
            }
            settle_without_gaps(&mut pair);
            assert_one_of_each(&pair);
            check(&pair);
            end(pair);
        }
    }
}

/// The same, but the answer to one side comes late, or its request does.
fn replaced_at_once_with_one_late(replace: fn(&mut Pair, Side)) {
    for seed in 0..8 {
        for late_answer in [true, false] {
            let mut pair = connected(Setup::new().seed(seed));
            for side in [Side::A, Side::B] {
                replace(&mut pair, side);
            }
            let held = if late_answer {
                pair.pass(Side::A);
                pair.take(Side::B)
            } else {
                pair.take(Side::A)
            };
            settle_now(&mut pair);
            pair.deliver(&held);
            settle_without_gaps(&mut pair);
            assert_one_of_each(&pair);
            end(pair);
        }
    }
}

/// RFC 7296 §2.8.1: whichever nonce is the lowest, and whoever hears of it first.
#[test]
fn of_two_simultaneous_rekeyings_of_a_child_one_stays() {
    replaced_at_once(replace_child, |_| {});
}

/// RFC 7296 §2.8.1, §2.25.1: the answer to one side comes late, or its request does.
#[test]
fn a_late_message_does_not_leave_two_children() {
    replaced_at_once_with_one_late(replace_child);
}

/// Delivers what is on the wire, and what follows, without letting time pass.
fn settle_now(pair: &mut Pair) {
    for _ in 0..50 {
        for side in [Side::A, Side::B] {
            if pair.waiting(side) > 0 {
                pair.pass(side);
                assert_eq!(pair.gaps(), []);
            }
        }
    }
}

/// RFC 7296 §2.8.2.
#[test]
fn of_two_simultaneous_rekeyings_of_an_ike_sa_one_stays() {
    replaced_at_once(replace_sa, |pair| {
        assert_eq!((rekeyed(pair, Side::A), rekeyed(pair, Side::B)), (1, 1));
        assert_eq!(pair.a.closed().count() + pair.b.closed().count(), 0);
    });
}

/// RFC 7296 §2.8.2, §2.25.2.
#[test]
fn a_late_message_does_not_leave_two_ike_sas() {
    replaced_at_once_with_one_late(replace_sa);
}

/// RFC 7296 §2.25: a child while the IKE SA gets new keys, and the other way round.
#[test]
fn a_child_and_its_ike_sa_may_get_new_keys_at_once() {
    for seed in 0..4 {
        for first in [Side::A, Side::B] {
            let mut pair = connected(Setup::new().seed(seed));
            let (old, ike) = (child(&pair, first), sa(&pair, first.peer()));
            pair.rekey_child(first, old);
            pair.rekey_sa(first.peer(), ike);
            settle_without_gaps(&mut pair);
            pair.run(Duration::from_secs(60));
            assert_one_of_each(&pair);
            assert_ne!(child(&pair, first), old);
            assert_ne!(sa(&pair, first.peer()), ike);
            end(pair);
        }
    }
}

/// RFC 7296 §2.25.1.
#[test]
fn a_child_that_one_side_deletes_is_not_rekeyed_by_the_other() {
    for first in [Side::A, Side::B] {
        let mut pair = connected(Setup::new());
        let (ours, theirs) = (child(&pair, first), child(&pair, first.peer()));
        pair.rekey_child(first, ours);
        pair.delete_child(first.peer(), theirs);
        pair.settle();
        pair.run(Duration::from_secs(60));
        assert!(pair.a.children.is_empty() && pair.b.children.is_empty());
        assert!(pair.a.is_established() && pair.b.is_established());
        end(pair);
    }
}

/// RFC 7296 §2.8.
#[test]
fn sas_live_on_for_days() {
    let mut pair = connected(Setup::new());
    let day = Duration::from_secs(24 * 3600);
    let until = pair.now + day * 2;
    while pair.step(until) {
        assert_eq!(pair.gaps(), []);
    }
    pair.run(FADED);
    assert_one_of_each(&pair);
    assert!(rekeyed(&pair, Side::A) > 50, "{}", rekeyed(&pair, Side::A));
    assert_eq!(pair.a.closed().count() + pair.b.closed().count(), 0);
    assert_eq!(pair.a.failures().count() + pair.b.failures().count(), 0);
    end(pair);
}

#[test]
fn what_the_data_plane_counts_rekeys_a_child_and_then_deletes_it() {
    let mut pair = connected(Setup::new());
    let old = child(&pair, Side::B);
    pair.expire(Side::B, old, false);
    settle_without_gaps(&mut pair);
    assert_one_of_each(&pair);
    let new = child(&pair, Side::B);
    assert_ne!(new, old);
    pair.expire(Side::B, new, true);
    pair.settle();
    assert!(pair.a.children.is_empty() && pair.b.children.is_empty());
    let closed = pair.b.events.iter();
    let mut closed = closed.filter(|it| matches!(it.1, Event::ChildClosed { .. }));
    assert!(closed.next().is_some());
    end(pair);
}

/// RFC 7296 §2.8.3.
#[test]
fn fresh_proofs_replace_an_sa_before_it_goes() {
    let mut setup = Setup::new();
    setup.a.connection().lifetime.reauthenticate = Some(Duration::from_secs(3600));
    let mut pair = connected(setup);
    let old = sa(&pair, Side::A);
    let until = pair.now + Duration::from_secs(3700);
    while pair.step(until) {
        // the responder sends with the new child when it answers, as in any IKE_AUTH
        assert!(pair.gaps().iter().all(|it| it.0 == Side::B));
    }
    assert_eq!(pair.gaps(), []);
    assert_ne!(sa(&pair, Side::A), old);
    assert_one_of_each(&pair);
    let reasons: Vec<_> = pair.a.closed().collect();
    assert_eq!(reasons, [&ikev2::CloseReason::Reauthenticated]);
    end(pair);
}

/// RFC 7296 §2.8.3: fresh proofs are not worth a child.
#[test]
fn an_sa_outlives_a_reauthentication_that_would_lose_its_child() {
    let mut pair = connected(Setup::new());
    let (old, child) = (sa(&pair, Side::A), child(&pair, Side::A));
    let now = pair.now;
    let mut other = Setup::new();
    other.b.esp("aes128-sha256");
    let config = other.b.config;
    pair.b
        .call(now, |endpoint, out| endpoint.reconfigure(now, config, out));
    pair.reauthenticate(Side::A, old);
    pair.run(Duration::from_secs(1));
    assert_eq!(sa(&pair, Side::A), old, "{:?}", pair.a.events);
    assert_eq!(pair.a.established().count(), 1);
    assert_eq!(pair.a.plane.sending("net"), Some(child));
    let reasons: Vec<_> = pair.a.closed().collect();
    assert_eq!(reasons, [&ikev2::CloseReason::Superseded]);
    assert_eq!(pair.gaps(), []);
    end(pair);
}

/// RFC 7296 §2.4.
#[test]
fn a_peer_that_has_forgotten_everything_leaves_no_second_sa() {
    let mut pair = connected(Setup::new());
    // the first party starts anew
    pair.a = Setup::new().seed(9).build().a;
    pair.connect();
    assert!(pair.b.is_established(), "{:?}", pair.b);
    assert_eq!(pair.b.children.len(), 1);
    let reasons: Vec<_> = pair.b.closed().collect();
    assert_eq!(reasons, [&ikev2::CloseReason::Superseded]);
    end(pair);
}

/// RFC 7296 §2.25.
#[test]
fn a_peer_that_has_lost_a_child_gets_it_anew() {
    let mut pair = connected(Setup::new());
    let old = child(&pair, Side::A);
    // the second party's own delete is lost with its data plane
    let theirs = child(&pair, Side::B);
    pair.delete_child(Side::B, theirs);
    let request = pair.take(Side::B);
    pair.rekey_child(Side::A, old);
    let refusal = {
        pair.pass(Side::A);
        pair.pass(Side::B)
    };
    let says = |it: &isakmp_wire::OwnedPayload| {
        it.body.get(2..4) == Some(&NotifyType::TEMPORARY_FAILURE.get().to_be_bytes())
    };
    assert!(refusal.payloads.iter().any(says));
    pair.deliver(&request);
    pair.settle();
    pair.run(Duration::from_secs(30));
    assert!(pair.a.children.is_empty() && pair.b.children.is_empty());
    assert_eq!(pair.a.failures().count(), 0, "{:?}", pair.a.failure());
    end(pair);
}

/// Connections of the same handle stay, and others go.
#[test]
fn another_configuration_leaves_what_is_in_it_alone() {
    let mut pair = connected(Setup::new());
    let mut same = Setup::new().a.config;
    let mut other = same.connections[0].children[0].clone();
    other.name = "other".into();
    same.connections[0].children.insert(0, other);
    let now = pair.now;
    let (_, packets) = pair
        .a
        .call(now, |endpoint, out| endpoint.reconfigure(now, same, out));
    assert!(packets.is_empty());
    assert_one_of_each(&pair);
    let old = child(&pair, Side::A);
    pair.rekey_child(Side::A, old);
    settle_without_gaps(&mut pair);
    assert_eq!(pair.a.child().name, "net");
    let none = ikev2::Config::new(Vec::new());
    let (_, packets) = pair
        .a
        .call(now, |endpoint, out| endpoint.reconfigure(now, none, out));
    pair.send(Side::A, packets);
    pair.settle();
    assert!(pair.a.children.is_empty() && pair.b.children.is_empty());
    let failed = |it: &&Failure| !matches!(it, Failure::Timeout(_));
    assert_eq!(pair.b.failures().filter(failed).count(), 0);
    end(pair);
}
