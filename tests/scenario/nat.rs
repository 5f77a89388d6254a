//! Translators on the path (RFC 7296 §2.23).

use std::time::Duration;

use ikee_tests::setup::ip;
use ikee_tests::{Setup, Side};
use ikev2::Event;

/// RFC 7296 §2.23.
#[test]
fn a_nat_is_seen_and_everything_moves_to_the_other_ports() {
    let mut pair = Setup::behind_nat().build();
    pair.connect();
    pair.assert_children_match();
    assert_eq!(
        pair.a.established().next().expect("an SA").nat,
        (true, false)
    );
    assert_eq!(
        pair.b.established().next().expect("an SA").nat,
        (false, true)
    );
    assert!(pair.a.child().udp_encapsulation && pair.b.child().udp_encapsulation);
    let sent: Vec<_> = pair.link.crossed.iter().map(|it| &it.packet).collect();
    assert_eq!((sent[0].from.port(), sent[0].to.port()), (500, 500));
    assert_eq!((sent[2].from.port(), sent[2].to.port()), (4500, 4500));
    assert_eq!(sent[2].bytes[..4], [0; 4]);
    // the answer goes where the request came from
    assert_eq!(sent[3].to.ip(), ip("198.51.100.7"));
    assert_eq!(pair.b.child().remote, sent[3].to);
    pair.shut_down();
    pair.assert_empty();
}

#[test]
fn without_a_nat_the_ports_stay_and_esp_is_bare() {
    let mut pair = Setup::new().build();
    pair.connect();
    assert_eq!(
        pair.a.established().next().expect("an SA").nat,
        (false, false)
    );
    assert!(!pair.a.child().udp_encapsulation && !pair.b.child().udp_encapsulation);
    assert!(
        pair.link
            .crossed
            .iter()
            .all(|it| it.packet.to.port() == 500)
    );
}

/// RFC 3948 §4.
#[test]
fn the_side_behind_the_nat_keeps_the_mapping_alive() {
    let mut setup = Setup::behind_nat();
    setup.a.connection().liveness = None;
    setup.b.connection().liveness = None;
    let mut pair = setup.build();
    pair.connect();
    pair.run(Duration::from_secs(101));
    assert_eq!(pair.b.keepalives, 5);
    assert_eq!(pair.a.keepalives, 0);
}

#[test]
fn encapsulation_can_be_forced_by_either_side() {
    for force in [Side::A, Side::B] {
        let mut setup = Setup::new();
        match force {
            Side::A => setup.a.connection().force_encapsulation = true,
            Side::B => setup.b.connection().force_encapsulation = true,
        }
        let mut pair = setup.build();
        pair.connect();
        pair.assert_children_match();
        assert!(pair.a.child().udp_encapsulation, "{force:?}");
        assert_eq!(pair.a.child().local.port(), 4500);
        assert_eq!(pair.b.child().remote.port(), 4500);
    }
}

#[test]
fn an_initiator_may_begin_on_the_other_ports() {
    let mut setup = Setup::behind_nat();
    setup.a.connection().start_on_nat_t = true;
    let mut pair = setup.build();
    pair.connect();
    assert!(pair.a.is_established() && pair.b.is_established());
    let crossed = &pair.link.crossed;
    assert!(crossed.iter().all(|it| it.packet.bytes[..4] == [0; 4]));
}

/// RFC 7296 §2.23: the latest authentic request tells where the peer is; forged and old ones do not.
#[test]
fn a_peer_that_moves_behind_its_nat_is_followed() {
    let mut pair = Setup::behind_nat().build();
    pair.connect();
    let before = pair.b.child().remote;
    pair.link
        .nat
        .as_mut()
        .expect("a NAT")
        .rebind(ip("198.51.100.9"));
    pair.probe(Side::A);
    pair.settle();
    let moved = pair
        .b
        .events
        .iter()
        .any(|it| matches!(it.1, Event::Moved { .. }));
    assert!(moved);
    assert_eq!(pair.b.updates.len(), 1);
    assert_eq!(pair.b.updates[0].remote.ip(), ip("198.51.100.9"));
    assert_ne!(pair.b.updates[0].remote, before);
    pair.probe(Side::B);
    pair.settle();
    assert!(pair.b.is_established());
    assert_eq!(pair.b.closed().count(), 0);
}

/// RFC 7296 §2.23.
#[test]
fn a_replayed_request_from_elsewhere_moves_nobody() {
    let mut pair = Setup::behind_nat().build();
    pair.connect();
    pair.probe(Side::A);
    pair.settle();
    let requests = pair
        .link
        .crossed
        .iter()
        .filter(|it| it.packet.from.ip() == pair.a.address);
    let mut replayed = requests
        .max_by_key(|it| it.at)
        .expect("a request")
        .packet
        .clone();
    replayed.from = ([203, 0, 113, 5], 4500).into();
    pair.deliver(&replayed);
    pair.link.clear();
    assert!(pair.b.updates.is_empty());
    let sa = pair.b.established().next().expect("an SA");
    assert_eq!(sa.remote.ip(), ip("198.51.100.7"));
}

/// RFC 7296 §2.23: a host that is not behind a NAT does not wander.
#[test]
fn a_peer_without_nat_is_not_followed() {
    let mut pair = Setup::new().build();
    pair.connect();
    pair.probe(Side::A);
    let mut request = pair.link.clear().remove(0);
    request.from = ([192, 0, 2, 99], 500).into();
    pair.deliver(&request);
    assert!(pair.b.updates.is_empty());
    let sa = pair.b.established().next().expect("an SA");
    assert_eq!(sa.remote, pair.a.socket());
    // RFC 7296 §2.11: it is answered where it came from all the same
    let answer = pair.link.clear().remove(0);
    assert_eq!(answer.to, request.from);
}
