//! Another configuration under SAs that stand, and the end of all of them.

use std::time::Duration;

use ike_ext::PolicyId;

use crate::pair::{A, B, Pair, config};

const MOMENT: Duration = Duration::from_millis(500);

/// [MS-IKEE] §3.8.7
#[test]
fn an_sa_whose_connection_stays_is_left_alone_and_one_without_is_deleted() {
    let mut pair = Pair::changed(|_, _| {});
    let sa = pair.connect();
    pair.call(A, |endpoint, now, out| {
        endpoint.reconfigure(now, config(A), out);
    });
    pair.run(MOMENT);
    assert_eq!(pair.hosts[A].established(), [sa]);
    assert_eq!(pair.hosts[A].children.len(), 1);
    pair.call(A, |endpoint, now, out| {
        let mut other = config(A);
        other.connections[0].policy = PolicyId::new(2);
        endpoint.reconfigure(now, other, out);
    });
    pair.run(MOMENT);
    for side in [A, B] {
        assert_eq!(pair.hosts[side].established(), []);
        assert!(pair.hosts[side].children.is_empty());
    }
}

#[test]
fn a_child_that_is_configured_no_longer_is_deleted() {
    let mut pair = Pair::changed(|_, _| {});
    let sa = pair.connect();
    pair.call(A, |endpoint, now, out| {
        let mut other = config(A);
        other.connections[0].children[0].name = "another".into();
        endpoint.reconfigure(now, other, out);
    });
    pair.run(MOMENT);
    assert_eq!(pair.hosts[A].established(), [sa]);
    assert!(pair.hosts[A].children.is_empty() && pair.hosts[B].children.is_empty());
}

/// [MS-IKEE] §3.8.7
#[test]
fn all_end_at_once_and_the_peer_hears_of_it() {
    let mut pair = Pair::changed(|_, _| {});
    pair.connect();
    pair.call(A, ikev1::Endpoint::shutdown);
    assert!(pair.hosts[A].endpoint.is_idle());
    pair.run(MOMENT);
    assert_eq!(pair.hosts[B].established(), []);
    assert!(pair.hosts[B].children.is_empty());
}

#[test]
fn handles_are_above_the_configured_number() {
    const FIRST: u64 = 1 << 63;
    let mut a = config(A);
    a.first_handle = FIRST;
    let mut pair = Pair::new(a, config(B));
    let sa = pair.connect();
    assert!(sa.get() > FIRST);
    assert_eq!(pair.hosts[A].established(), [sa]);
    assert!(pair.hosts[A].children.keys().all(|it| it.get() > FIRST));
    assert!(pair.hosts[B].children.keys().all(|it| it.get() < FIRST));
}
