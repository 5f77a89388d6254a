//! Transport mode (RFC 7296 §1.3.1, §2.23.1).

use ikee_tests::{Pair, Setup, Side};
use ikev2::{Failure, Incompatibility};
use ipsec_doi::TrafficSelector;
use ipsec_doi::encapsulation::Mode;

fn transport(setup: Setup) -> Setup {
    setup.both(|it| {
        let child = it.child();
        child.mode = Mode::Transport;
        child.local = ikev2::Selectors::Dynamic;
        child.remote = ikev2::Selectors::Dynamic;
    })
}

fn connected(setup: Setup) -> Pair {
    let mut pair = setup.build();
    pair.connect();
    pair
}

#[test]
fn two_hosts_agree_on_transport_mode_and_keep_it_when_rekeyed() {
    let mut pair = connected(transport(Setup::new()));
    for _ in 0..2 {
        for host in [&pair.a, &pair.b] {
            assert_eq!(host.child().mode, Mode::Transport);
            assert_eq!(host.child().original, None);
        }
        pair.assert_children_match();
        let child = pair.b.child().id;
        pair.rekey_child(Side::B, child);
        pair.settle();
        pair.run(core::time::Duration::from_secs(6));
    }
}

/// RFC 7296 §2.23.1: the responder sees the translator's address, and remembers the other.
#[test]
fn through_a_nat_each_side_has_selectors_of_the_addresses_that_it_sees() {
    for rekey in [None, Some(Side::A), Some(Side::B)] {
        let mut pair = connected(transport(Setup::behind_nat()));
        if let Some(side) = rekey {
            let child = pair.host(side).child().id;
            pair.rekey_child(side, child);
            pair.settle();
            pair.run(core::time::Duration::from_secs(6));
        }
        let (client, server) = (pair.a.child(), pair.b.child());
        let host = |it: &str| vec![TrafficSelector::host(it.parse().unwrap())];
        assert_eq!(client.local_selectors, host("10.0.0.2"));
        assert_eq!(client.remote_selectors, host("192.0.2.2"));
        assert_eq!(server.local_selectors, host("192.0.2.2"));
        assert_eq!(server.remote_selectors, host("198.51.100.7"));
        assert_eq!(
            (client.mode, server.mode),
            (Mode::Transport, Mode::Transport)
        );
        assert!(client.udp_encapsulation && server.udp_encapsulation);
        if rekey != Some(Side::B) {
            let original = server.original.expect("the addresses before translation");
            assert_eq!(
                original.remote,
                "10.0.0.2".parse::<core::net::IpAddr>().unwrap()
            );
        }
    }
}

/// RFC 7296 §1.3.1: who wants transport mode does not put up with a tunnel, nor the other way round.
#[test]
fn a_tunnel_is_no_substitute_for_transport_mode() {
    for side in [Side::A, Side::B] {
        let mut setup = Setup::new();
        let party = if side == Side::A {
            &mut setup.a
        } else {
            &mut setup.b
        };
        party.child().mode = Mode::Transport;
        let pair = connected(setup);
        assert!(pair.a.children.is_empty());
        let failures = pair.a.failures().chain(pair.b.failures());
        let mut failures = failures.filter(|it| match it {
            Failure::Incompatible(what) => matches!(**what, Incompatibility::Mode { .. }),
            _ => false,
        });
        assert!(failures.next().is_some());
    }
}

#[test]
fn selectors_of_many_addresses_are_not_for_transport_mode() {
    let mut setup = transport(Setup::new());
    setup.a.child().remote = ikev2::Selectors::Fixed(vec![TrafficSelector::any_v4()]);
    setup.b.child().local = ikev2::Selectors::Fixed(vec![TrafficSelector::any_v4()]);
    let pair = connected(setup);
    assert!(pair.a.children.is_empty() && pair.b.children.is_empty());
}
