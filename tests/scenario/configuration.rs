//! Virtual addresses and what else the configuration payload carries (RFC 7296 §2.19).

use ikee_server_address::{Addresses, Families, ServerAddress};
use ikee_tests::setup::ip;
use ikee_tests::{Setup, Side};
use ikev2::{Event, Failure, Incompatibility, Selectors};
use ipsec_doi::TrafficSelector;
use isakmp_wire::v2::{NotifyType, kind};

fn road_warrior() -> Setup {
    let mut setup = Setup::new();
    setup.a.connection().addressing.request_v4 = true;
    setup.b.connection().addressing.assign_v4 = Some([10, 9, 0, 5].into());
    setup.b.connection().addressing.dns = vec![ip("10.9.0.1")];
    let everything = Selectors::Fixed(vec![TrafficSelector::any_v4()]);
    setup.a.child().remote = everything.clone();
    setup.b.child().local = everything;
    setup
}

/// RFC 7296 §2.19.
#[test]
fn a_client_gets_an_address_and_its_child_is_narrowed_to_it() {
    let mut pair = road_warrior().build();
    pair.connect();
    pair.assert_children_match();
    let host = vec![TrafficSelector::host(ip("10.9.0.5"))];
    assert_eq!(pair.a.child().local_selectors, host);
    assert_eq!(pair.b.child().remote_selectors, host);
    assert_eq!(pair.a.child().remote_selectors, [TrafficSelector::any_v4()]);
    let assigned = pair.a.events.iter().find_map(|(_, it)| match it {
        Event::Configured { assigned, .. } => Some(assigned),
        _ => None,
    });
    let assigned = assigned.expect("an assignment");
    assert_eq!(assigned.addresses, [(ip("10.9.0.5"), 32)]);
    assert_eq!(assigned.dns, [ip("10.9.0.1")]);
}

#[test]
fn both_families_may_be_assigned() {
    let mut setup = road_warrior();
    setup.a.connection().addressing.request_v6 = true;
    setup.b.connection().addressing.assign_v6 = Some(("fd00::5".parse().expect("an address"), 64));
    let everything = vec![TrafficSelector::any_v4(), TrafficSelector::any_v6()];
    setup.a.child().remote = Selectors::Fixed(everything.clone());
    setup.b.child().local = Selectors::Fixed(everything);
    let mut pair = setup.build();
    pair.connect();
    pair.assert_children_match();
    let hosts = [ip("10.9.0.5"), ip("fd00::5")].map(TrafficSelector::host);
    assert_eq!(pair.a.child().local_selectors, hosts);
}

#[test]
fn a_client_that_asks_in_vain_has_no_child() {
    let mut setup = road_warrior();
    setup.b.connection().addressing.assign_v4 = None;
    let mut pair = setup.build();
    pair.connect();
    assert_eq!(
        pair.errors_of(Side::B),
        [NotifyType::INTERNAL_ADDRESS_FAILURE]
    );
    for host in [&pair.a, &pair.b] {
        let expected = Failure::from(Incompatibility::Addresses);
        assert_eq!(*host.failure(), expected);
        assert!(host.is_established() && host.children.is_empty());
    }
    pair.shut_down();
    pair.assert_empty();
}

#[test]
fn who_does_not_ask_gets_nothing() {
    let mut setup = Setup::new();
    setup.b.connection().addressing.assign_v4 = Some([10, 9, 0, 5].into());
    let mut pair = setup.build();
    pair.connect();
    pair.assert_children_match();
    assert!(
        !pair
            .last_sent_by(Side::B)
            .kinds()
            .contains(&kind::CONFIGURATION)
    );
}

/// [MS-IKEE] §3.11.5.1, §3.11.5.2.
#[test]
fn the_servers_own_addresses_reach_a_client_that_asks() {
    let mut setup = road_warrior();
    let server = Addresses::default()
        .with_v4([10, 9, 0, 1].into())
        .with_v6("fd00::1".parse().expect("an address"));
    setup.b.extend(ServerAddress::new().answering(server));
    setup.a.extend(ServerAddress::new().asking(Families::Both));
    let mut pair = setup.build();
    pair.connect();
    pair.assert_children_match();
    let learned = pair.a.extension::<ServerAddress>().addresses(pair.a.sa());
    assert_eq!(learned, Some(server));
    assert!(
        pair.a
            .events
            .iter()
            .any(|it| matches!(it.1, Event::Nudge(_)))
    );
    pair.shut_down();
    pair.assert_empty();
}

/// [MS-IKEE] §3.11.5.1.
#[test]
fn a_client_that_does_not_ask_is_not_told_the_servers_addresses() {
    let mut setup = road_warrior();
    let server = Addresses::default().with_v4([10, 9, 0, 1].into());
    setup.b.extend(ServerAddress::new().answering(server));
    let mut pair = setup.build();
    pair.connect();
    pair.assert_children_match();
    let reply = pair.last_sent_by(Side::B);
    let private = [0x5b, 0xa0, 0, 4];
    assert!(
        !reply
            .body(kind::CONFIGURATION)
            .windows(4)
            .any(|it| it == private)
    );
}
