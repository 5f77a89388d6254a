//! Children that outlive their SA, and SAs that have had all their quick modes: [MS-IKEE] §3.8.4.1, §3.8.7.2.

use std::num::NonZeroU32;
use std::time::Duration;

use ikev1::{
    Child, Config, Connection, Event, Failure, Incompatibility, Misuse, Outliving, Profile,
    Selector, Transmit,
};
use ipsec_doi::{EspProposal, TrafficSelector};
use isakmp_wire::v1::NotifyType;

use crate::pair::{A, B, Pair, config};

const SECOND: Duration = Duration::from_secs(1);

fn both(outliving: Outliving, change: impl Fn(usize, &mut Connection)) -> Pair {
    let [a, b] = [A, B].map(|side| {
        let mut it: Config = config(side);
        it.profile = Profile::RFC;
        it.profile.outliving = outliving;
        change(side, &mut it.connections[0]);
        it
    });
    Pair::new(a, b)
}

/// The SA lives for 100 s, its child for 300.
fn short(_: usize, it: &mut Connection) {
    it.lifetime.time = SECOND * 100;
    it.lifetime.margin = SECOND * 20;
    it.children[0].lifetime.time = SECOND * 300;
    it.children[0].lifetime.margin = SECOND * 60;
    it.options.liveness = None;
}

/// Nothing of main mode crosses the link.
fn no_main_mode(pair: &mut Pair) {
    pair.meddler = Some(Box::new(|it: Transmit| {
        if it.bytes[18] == 2 {
            Vec::new()
        } else {
            vec![it]
        }
    }));
}

fn closed(pair: &Pair, side: usize) -> usize {
    pair.hosts[side].count(|it| matches!(it, Event::Closed { .. }))
}

fn states(pair: &Pair, side: usize) -> Vec<&'static str> {
    pair.hosts[side].endpoint.sas().map(|it| it.state).collect()
}

/// An SA that ends without a successor, and whose child goes on.
fn orphaned() -> Pair {
    let mut pair = both(Outliving::Everybody, short);
    pair.connect();
    no_main_mode(&mut pair);
    pair.run(SECOND * 130);
    pair
}

/// [MS-IKEE] §3.8.4.1, note 26: the one side has deleted the SA, the other one heard of it, and both have the child.
#[test]
fn children_live_on_when_their_sa_is_deleted() {
    let mut pair = orphaned();
    pair.assert_joined(1);
    for side in [A, B] {
        let sa = pair.hosts[side]
            .endpoint
            .sas()
            .find(|it| it.state == "closing");
        let sa = sa.map(|it| (it.sa, it.children().count()));
        let (sa, children) = sa.expect("it is there for its child");
        assert_eq!(children, 1);
        assert_eq!(closed(&pair, side), 0);
        assert_eq!(pair.hosts[side].established(), []);
        assert!(!pair.hosts[side].endpoint.is_idle());
        // it is not used any more
        let asked = pair.call(side, |it, now, out| it.request_child(now, sa, 0, out));
        assert_eq!(asked, Err(Misuse::NotEstablished));
    }
}

/// [MS-IKEE] §3.8.4.1: the last child takes the SA with it, whatever its end: its lifetime, or a delete under that SA.
#[test]
fn with_its_last_child_a_deleted_sa_goes() {
    for by_hand in [None, Some(A), Some(B)] {
        let mut pair = orphaned();
        match by_hand {
            None => pair.run(SECOND * 400),
            Some(side) => {
                let child = *pair.hosts[side].children.keys().next().unwrap();
                pair.call(side, |it, now, out| it.delete_child(now, child, out))
                    .unwrap();
                pair.run(SECOND * 100);
            }
        }
        for side in [A, B] {
            assert_eq!(states(&pair, side), [""; 0], "{by_hand:?}");
            assert!(pair.hosts[side].children.is_empty());
            assert_eq!(closed(&pair, side), 1);
        }
        pair.assert_empty();
    }
}

/// [MS-IKEE] §3.8.4.1: a child that goes on is renewed in time, under a new SA.
#[test]
fn a_child_of_a_deleted_sa_is_renewed_under_a_new_one() {
    let mut pair = orphaned();
    let old = *pair.hosts[A].children.keys().next().unwrap();
    pair.meddler = None;
    pair.run(SECOND * 200);
    pair.assert_joined(1);
    assert!(!pair.hosts[A].children.contains_key(&old));
    for side in [A, B] {
        assert!(states(&pair, side).iter().all(|it| *it == "established"));
        assert!(pair.hosts[side].count(|it| matches!(it, Event::ChildRekeyed { .. })) > 0);
    }
}

/// [MS-IKEE] §3.8.4.1: policy that changes takes children with it that go on under a deleted SA, and so does an operator.
#[test]
fn an_operator_can_end_what_goes_on() {
    let mut pair = orphaned();
    let sa = pair.hosts[A]
        .endpoint
        .sas()
        .find(|it| it.state == "closing");
    let sa = sa.unwrap().sa;
    pair.call(A, |it, now, out| it.delete(now, sa, out))
        .unwrap();
    pair.run(SECOND);
    assert!(pair.hosts.iter().all(|it| it.children.is_empty()));
    let mut pair = orphaned();
    pair.call(B, |it, now, out| {
        it.reconfigure(now, Config::new(Vec::new()), out);
    });
    pair.run(SECOND);
    assert!(pair.hosts.iter().all(|it| it.children.is_empty()));
}

/// RFC 2408 §3.15: a peer without Microsoft's vendor ID forgets its children with their SA, and so do we.
#[test]
fn children_of_other_peers_go_with_their_sa() {
    for outliving in [Outliving::Nobody, Outliving::Microsoft] {
        let mut pair = both(outliving, short);
        pair.connect();
        no_main_mode(&mut pair);
        pair.run(SECOND * 130);
        pair.assert_joined(0);
        assert_eq!((closed(&pair, A), closed(&pair, B)), (1, 1));
    }
}

/// Children with networks of their own.
fn networks(count: u8) -> Vec<Child> {
    let net = |first, n| Selector::Fixed(TrafficSelector::subnet([first, n, 0, 0].into(), 16));
    let esp = || vec![EspProposal::parse("aes128-sha256").unwrap()];
    let child = |n: u8| {
        let mut it = Child::new(format!("net{n}"), esp());
        (it.local, it.remote) = (net(10, n), net(11, n));
        it
    };
    (0..count).map(child).collect()
}

fn limited(limits: [Option<u32>; 2], children: u8) -> Pair {
    both(Outliving::Nobody, |side, it| {
        it.children = networks(children);
        if side == B {
            for child in &mut it.children {
                std::mem::swap(&mut child.local, &mut child.remote);
            }
        }
        it.lifetime.quick_modes = limits[side].and_then(NonZeroU32::new);
    })
}

/// [MS-IKEE] §3.8.7.2: the SA that has had all its quick modes stands, and for the third one a main mode begins.
#[test]
fn for_more_quick_modes_than_an_sa_may_have_another_one_is_negotiated() {
    let mut pair = limited([Some(2), None], 5);
    pair.connect();
    pair.assert_joined(5);
    for side in [A, B] {
        let mut counts: Vec<usize> = pair.hosts[side]
            .endpoint
            .sas()
            .map(|it| it.children().count())
            .collect();
        counts.sort_unstable();
        assert_eq!(counts, [1, 2, 2]);
        assert_eq!(closed(&pair, side), 0);
        assert_eq!(pair.hosts[side].failures(), []);
    }
    // they live, and nothing more is negotiated
    let before = pair.crossed.len();
    pair.run(SECOND * 20);
    assert_eq!(pair.crossed.len(), before);
}

/// [MS-IKEE] §3.8.7.2: a successor is a quick mode, too.
#[test]
fn children_of_an_sa_that_is_used_up_are_renewed_under_another_one() {
    let limits = [Some(2), Some(2)];
    let mut pair = limited(limits, 1);
    for it in [A, B] {
        assert_eq!(pair.hosts[it].children.len(), 0);
    }
    pair.connect();
    for round in 1..6 {
        let child = *pair.hosts[A].children.keys().next_back().unwrap();
        pair.call(A, |it, now, out| it.rekey_child(now, child, out))
            .unwrap();
        pair.run(SECOND * 20);
        pair.assert_joined(1);
        assert!(!pair.hosts[A].children.contains_key(&child), "{round}");
        for host in &pair.hosts {
            assert_eq!(host.failures(), []);
            assert_eq!(
                host.count(|it| matches!(it, Event::ChildRekeyed { .. })),
                round
            );
        }
    }
    assert_eq!(pair.hosts[A].established().len(), 3);
}

/// [MS-IKEE] §3.8.7.2: one that the peer begins beyond that is refused, and the SA stands.
#[test]
fn a_peers_quick_mode_beyond_the_limit_is_refused() {
    let mut pair = limited([None, Some(1)], 2);
    pair.connect();
    pair.assert_joined(1);
    let spent = Failure::from(Incompatibility::QuickModes);
    assert_eq!(pair.hosts[B].failures(), [spent]);
    let refused = Failure::PeerError(NotifyType::NO_PROPOSAL_CHOSEN);
    assert_eq!(pair.hosts[A].failures(), [refused]);
    for side in [A, B] {
        assert_eq!(states(&pair, side), ["established"]);
    }
}
