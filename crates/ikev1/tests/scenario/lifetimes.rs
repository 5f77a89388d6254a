//! What time brings: successors, ends, liveness.

use std::time::Duration;

use ikev1::{CloseReason, Event, Input};

use crate::pair::{A, B, BAD, Pair};

fn short(_: usize, it: &mut ikev1::Connection) {
    it.children[0].lifetime.time = Duration::from_secs(300);
    it.children[0].lifetime.margin = Duration::from_secs(60);
    it.lifetime.time = Duration::from_secs(1200);
    it.lifetime.margin = Duration::from_secs(200);
}

/// RFC 2409 §5.5: a successor first, then the old one goes; at no time is there none.
#[test]
fn children_and_sas_are_replaced_before_they_end() {
    let mut pair = Pair::changed(short);
    pair.connect();
    for _ in 0..400 {
        pair.run(Duration::from_secs(10));
        for host in &pair.hosts {
            assert!(
                (1..=3).contains(&host.children.len()),
                "{:?}",
                host.children
            );
            assert!((1..=2).contains(&host.established().len()));
            assert_eq!(host.failures(), []);
        }
    }
    for host in &pair.hosts {
        assert!(host.count(|it| matches!(it, Event::ChildRekeyed { .. })) >= 10);
        assert!(host.count(|it| matches!(it, Event::Rekeyed { .. })) >= 3);
        assert_eq!(host.count(|it| matches!(it, Event::Closed { .. })), 0);
    }
}

#[test]
fn replacing_survives_a_bad_link() {
    for seed in 0..6 {
        let mut pair = Pair::changed(short).seeded(seed);
        pair.connect();
        pair.link = BAD;
        for _ in 0..150 {
            pair.run(Duration::from_secs(20));
            for host in &pair.hosts {
                assert!(!host.children.is_empty(), "{seed} {:?}", host.events);
                assert!(host.children.len() < 8, "{seed}");
            }
        }
    }
}

#[test]
fn both_sides_may_begin_at_once() {
    let mut pair = Pair::changed(short);
    pair.connect();
    for side in [A, B] {
        let child = *pair.hosts[side].children.keys().next().unwrap();
        pair.call(side, |it, now, out| it.rekey_child(now, child, out))
            .unwrap();
        let sa = pair.hosts[side].established()[0];
        pair.call(side, |it, now, out| it.rekey(now, sa, out))
            .unwrap();
    }
    pair.run(Duration::from_secs(1000));
    for host in &pair.hosts {
        assert!((1..=3).contains(&host.children.len()));
        assert_eq!(host.failures(), []);
    }
}

/// The data plane counts octets: soft begins a successor, hard deletes.
#[test]
fn volume_ends_a_child_as_time_does() {
    let mut pair = Pair::changed(|_, it| it.children[0].lifetime.kilobytes = Some(1000));
    pair.connect();
    let child = pair.hosts[A].children.values().next().unwrap();
    assert_eq!(child.limits.octets.unwrap().1, 1000 * 1024);
    let id = child.id;
    let expired = |child, hard| Input::ChildExpired { child, hard };
    pair.call(A, |it, now, out| it.handle(now, expired(id, false), out));
    pair.run(Duration::from_secs(20));
    pair.assert_joined(1);
    let next = pair.hosts[A].children.values().next().unwrap().id;
    assert_ne!(next, id);
    pair.call(A, |it, now, out| it.handle(now, expired(next, true), out));
    pair.run(Duration::from_secs(1));
    pair.assert_joined(0);
}

/// RFC 2407 §4.6.3.1: the responder's shorter lifetime is told, and counts.
#[test]
fn the_shorter_lifetime_counts() {
    for shorter in [A, B] {
        let mut pair = Pair::changed(|side, it| {
            it.children[0].lifetime.time =
                Duration::from_secs(if side == shorter { 100 } else { 900 });
        });
        pair.connect();
        for host in &pair.hosts {
            let child = host.children.values().next().unwrap();
            assert_eq!(child.limits.time, Duration::from_secs(100));
        }
    }
}

/// RFC 3706 §5.5: a peer that does not answer is gone, one that does is left alone.
#[test]
fn a_silent_peer_is_noticed() {
    let mut pair = Pair::changed(|_, _| {});
    pair.connect();
    pair.run(Duration::from_secs(300));
    pair.assert_joined(1);
    pair.link.loss = 1000;
    pair.run(Duration::from_secs(200));
    for host in &pair.hosts {
        assert!(host.events.iter().any(|it| matches!(
            it,
            Event::Closed {
                reason: CloseReason::Silent,
                ..
            }
        )));
    }
    pair.assert_empty();
}

#[test]
fn without_liveness_nobody_asks() {
    let mut pair = Pair::changed(|_, it| it.options.liveness = None);
    pair.connect();
    let before = pair.crossed.len();
    pair.run(Duration::from_secs(600));
    assert_eq!(pair.crossed.len(), before);
}

/// RFC 2408 §3.15: a delete needs no answer, and the peer forgets, too.
#[test]
fn deletion_leaves_nothing_on_either_side() {
    let mut pair = Pair::changed(|_, _| {});
    let sa = pair.connect();
    pair.call(A, |it, now, out| it.delete(now, sa, out))
        .unwrap();
    pair.run(Duration::from_secs(1));
    pair.assert_empty();
}

/// RFC 2407 §4.6.3.3: a peer that has lost everything says so.
#[test]
fn a_restarted_peer_takes_its_old_sas_with_it() {
    let mut pair = Pair::changed(|_, _| {});
    pair.connect();
    pair.restart(A);
    pair.connect();
    assert_eq!(pair.hosts[B].established().len(), 1);
    assert_eq!(pair.hosts[B].children.len(), 1);
    assert!(pair.hosts[B].events.iter().any(|it| matches!(
        it,
        Event::Closed {
            reason: CloseReason::Restarted,
            ..
        }
    )));
}
