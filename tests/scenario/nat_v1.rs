//! Translators on the path of IKEv1 (RFC 3947, [MS-IKEE] §3.2).

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ikee_nat_t::{NatT, Revisions};
use ikee_tests::Side;
use ikee_tests::link::Conditions;
use ikee_tests::nat::Nat;
use ikee_tests::v1::pair::address;
use ikee_tests::v1::{Pair, Setup};
use ikev1::{Event, Selector};
use ipsec_doi::TrafficSelector;
use ipsec_doi::encapsulation::{Mode, NatRevision};

const PUBLIC: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 7));

/// Both with NAT traversal; the second takes whoever has the secret, wherever it is.
fn setup(a: NatT, b: NatT) -> Setup {
    let mut setup = Setup::new().extend(Side::A, a).extend(Side::B, b);
    setup.configs[1].connections[0].remote = None;
    let net = |third| {
        let (start, end) = ([10, third, 0, 0].into(), [10, third, 0, 255].into());
        Selector::Fixed(TrafficSelector {
            start,
            end,
            ..TrafficSelector::host(start)
        })
    };
    for (config, (own, other)) in setup.configs.iter_mut().zip([(1, 2), (2, 1)]) {
        let child = &mut config.connections[0].children[0];
        (child.local, child.remote) = (net(own), net(other));
    }
    setup
}

fn transport(mut setup: Setup) -> Setup {
    for config in &mut setup.configs {
        let child = &mut config.connections[0].children[0];
        child.mode = Mode::Transport;
        (child.local, child.remote) = (Selector::Dynamic, Selector::Dynamic);
    }
    setup
}

/// With a translator in front of one side.
fn behind(setup: Setup, side: Side) -> Pair {
    let mut pair = setup.build();
    pair.link.nat = Some(Nat::new(address(side), PUBLIC));
    pair
}

fn both() -> Setup {
    setup(NatT::new(), NatT::new())
}

fn revision(pair: &Pair, side: Side) -> Option<NatRevision> {
    let extensions = pair.host(side).endpoint.extensions();
    let sa = pair.host(side).established().next().expect("an SA").sa;
    extensions.get::<NatT>().expect("it").revision(sa)
}

fn found(pair: &Pair, side: Side) -> (bool, bool) {
    let extensions = pair.host(side).endpoint.extensions();
    let sa = pair.host(side).established().next().expect("an SA").sa;
    let nat = extensions.get::<NatT>().expect("it").nat(sa);
    nat.map(|it| (it.here, it.there)).expect("NAT detection")
}

fn udp(pair: &Pair) -> Option<NatRevision> {
    let [a, b] = &pair.hosts;
    let of = |host: &ikee_tests::v1::Host| {
        let child = host.children.values().next().expect("a child");
        child.encapsulation.udp
    };
    assert_eq!(of(a), of(b));
    of(a)
}

fn keepalives(pair: &Pair, side: Side) -> usize {
    let sent = pair.link.crossed.iter();
    let own = sent.filter(|it| it.packet.from.ip() == address(side));
    own.filter(|it| it.packet.bytes == [0xff]).count()
}

/// [MS-IKEE] §2.1: 500 up to the detection, 4500 with four octets of zero after it.
#[test]
fn a_nat_is_seen_and_message_5_goes_to_the_other_ports() {
    let mut pair = behind(both(), Side::A);
    pair.connect();
    pair.assert_joined(1);
    assert_eq!(found(&pair, Side::A), (true, false));
    assert_eq!(found(&pair, Side::B), (false, true));
    assert_eq!(udp(&pair), Some(NatRevision::Rfc3947));
    let sent: Vec<_> = pair.link.crossed.iter().map(|it| &it.packet).collect();
    for packet in &sent[..4] {
        assert!([packet.from.port(), packet.to.port()].contains(&500));
        assert_ne!(packet.bytes[..4], [0; 4]);
    }
    for packet in &sent[4..] {
        assert!([packet.from.port(), packet.to.port()].contains(&4500));
        assert_eq!(packet.bytes[..4], [0; 4]);
    }
    // the answer goes where message 5 came from
    assert_eq!(sent[5].to.ip(), PUBLIC);
    let child = pair
        .host(Side::B)
        .children
        .values()
        .next()
        .expect("a child");
    assert_eq!(
        child.ends,
        (SocketAddr::new(address(Side::B), 4500), sent[5].to)
    );
    pair.shut_down();
    pair.assert_empty();
}

/// [MS-IKEE] §3.2.5.1, [MS-IKEE] §3.2.5.2: the numbers of the revision that both have, in every message.
#[test]
fn both_sides_use_the_newest_revision_that_both_have() {
    let all = [
        (Revisions::BOTH, Revisions::BOTH, Some(NatRevision::Rfc3947)),
        (Revisions::BOTH, Revisions::DRAFT, Some(NatRevision::Draft)),
        (Revisions::DRAFT, Revisions::BOTH, Some(NatRevision::Draft)),
        (
            Revisions::RFC_3947,
            Revisions::BOTH,
            Some(NatRevision::Rfc3947),
        ),
    ];
    for (a, b, wanted) in all {
        let with = |it| NatT::new().with_revisions(it);
        let mut pair = behind(setup(with(a), with(b)), Side::A);
        pair.connect();
        pair.assert_joined(1);
        assert_eq!((revision(&pair, Side::A), udp(&pair)), (wanted, wanted));
    }
}

/// [MS-IKEE] §3.2.5.1: with none in common, or a peer that has no NAT traversal at all, main mode goes on without.
#[test]
fn without_a_common_revision_nothing_moves() {
    let with = |it| NatT::new().with_revisions(it);
    for b in [Revisions::RFC_3947, Revisions::NONE] {
        let mut pair = setup(with(Revisions::DRAFT), with(b)).build();
        pair.connect();
        pair.assert_joined(1);
        assert_eq!((revision(&pair, Side::A), udp(&pair)), (None, None));
        let sent = pair.link.crossed.iter();
        assert!(sent.into_iter().all(|it| it.packet.to.port() == 500));
    }
}

#[test]
fn without_a_nat_the_ports_stay_and_esp_is_bare() {
    let mut pair = both().build();
    pair.connect();
    pair.assert_joined(1);
    assert_eq!(found(&pair, Side::A), (false, false));
    assert_eq!(udp(&pair), None);
    let mut sent = pair.link.crossed.iter();
    assert!(sent.all(|it| it.packet.to.port() == 500));
}

/// RFC 3947 §3.1: vendor IDs and NAT-D of aggressive mode stand in fewer messages.
#[test]
fn aggressive_mode_floats_with_its_last_message() {
    for nat in [true, false] {
        let setup = both().both(|it| it.options.aggressive = true);
        let mut pair = if nat {
            behind(setup, Side::A)
        } else {
            setup.build()
        };
        pair.connect();
        pair.assert_joined(1);
        assert_eq!(found(&pair, Side::A), (nat, false));
        assert_eq!(found(&pair, Side::B), (false, nat));
        assert_eq!(udp(&pair).is_some(), nat);
        let third = &pair.link.crossed[2].packet;
        assert_eq!(third.to.port(), if nat { 4500 } else { 500 });
        pair.shut_down();
        pair.assert_empty();
    }
}

/// A translator in front of the responder, which forwards the ports: the initiator finds it.
#[test]
fn a_responder_behind_a_nat_is_found() {
    let mut setup = both().both(|it| it.options.liveness = None);
    setup.configs[0].connections[0].remote = Some(ikev1::Remote::new(PUBLIC));
    let mut pair = setup.build();
    let mut nat = Nat::new(address(Side::B), PUBLIC);
    nat.forward(500);
    nat.forward(4500);
    pair.link.nat = Some(nat);
    pair.connect();
    pair.assert_joined(1);
    assert_eq!(found(&pair, Side::A), (false, true));
    assert_eq!(found(&pair, Side::B), (true, false));
    pair.run(Duration::from_secs(65));
    assert_eq!(
        (keepalives(&pair, Side::A), keepalives(&pair, Side::B)),
        (0, 3)
    );
}

/// [MS-IKEE] §3.1.5: the side behind the translator tells the addresses as it knows them, in transport mode.
#[test]
fn transport_mode_tells_the_original_addresses() {
    for revisions in [Revisions::BOTH, Revisions::DRAFT] {
        let with = || NatT::new().with_revisions(revisions);
        let mut pair = behind(transport(setup(with(), with())), Side::A);
        pair.connect();
        let [a, b] = &pair.hosts;
        let child = |host: &ikee_tests::v1::Host| {
            let child = host.children.values().next().expect("a child");
            (child.encapsulation.mode, child.original)
        };
        let (own, peer) = (Some(address(Side::B)), Some(address(Side::A)));
        assert_eq!(child(b), (Mode::Transport, (own, peer)));
        // the responder is not behind one, and tells nothing
        assert_eq!(child(a), (Mode::Transport, (None, None)));
        assert!(udp(&pair).is_some());
    }
}

/// [MS-IKEE] §3.2.2, note 14.
#[test]
fn the_side_behind_the_nat_keeps_the_mapping_alive() {
    let mut pair = behind(both().both(|it| it.options.liveness = None), Side::A);
    pair.connect();
    pair.run(Duration::from_secs(101));
    assert_eq!(
        (keepalives(&pair, Side::A), keepalives(&pair, Side::B)),
        (5, 0)
    );
    let last = pair.link.crossed.last().expect("a keep-alive");
    assert_eq!(
        (last.packet.from.port(), last.packet.to.port()),
        (4500, 4500)
    );
    pair.shut_down();
    pair.assert_empty();
}

#[test]
fn encapsulation_can_be_forced_by_either_side() {
    for (a, b) in [(true, false), (false, true)] {
        let with = |forced| NatT::new().with_forced(forced);
        let mut pair = setup(with(a), with(b)).build();
        pair.connect();
        pair.assert_joined(1);
        assert_eq!(udp(&pair), Some(NatRevision::Rfc3947));
        assert_eq!(pair.link.crossed[4].packet.to.port(), 4500);
    }
}

/// RFC 3947 §4: whoever is behind the translator is where its latest authentic message came from.
#[test]
fn a_peer_is_followed_to_its_new_mapping() {
    let second: IpAddr = [198, 51, 100, 8].into();
    let setup = both().both(|it| it.options.liveness = Some(Duration::from_secs(30)));
    let mut pair = behind(setup, Side::A);
    pair.connect();
    if let Some(nat) = &mut pair.link.nat {
        nat.rebind(second);
    }
    pair.run(Duration::from_secs(100));
    let moved = pair.host(Side::B).events.iter().find_map(|it| match it.1 {
        Event::Moved { remote, .. } => Some(remote.ip()),
        _ => None,
    });
    assert_eq!(moved, Some(second));
    assert!(pair.is_up());
    assert_eq!(pair.host(Side::B).children.len(), 1);
    // and there it can be rekeyed, with a main mode on the same ports
    let sa = pair.host(Side::A).established().next().expect("an SA").sa;
    let rekeyed = pair.call(Side::A, |endpoint, now, out| endpoint.rekey(now, sa, out));
    rekeyed.expect("an SA that can be rekeyed");
    pair.settle();
    pair.run(Duration::from_secs(10));
    assert_eq!(found(&pair, Side::A), (true, false));
    assert!(pair.is_agreed(), "{pair:?}");
}

/// Loss, repetition and reordering change nothing of it.
#[test]
fn it_stands_a_bad_link() {
    let mut stood = 0;
    for seed in 0..30 {
        let mut pair = behind(both().seed(seed).conditions(Conditions::AWFUL), Side::A);
        pair.connect();
        if pair.is_up() {
            assert_eq!(found(&pair, Side::A), (true, false));
            assert_eq!(found(&pair, Side::B), (false, true));
            stood += 1;
        }
        pair.shut_down();
        pair.assert_empty();
        for host in &pair.hosts {
            assert!(
                host.endpoint
                    .extensions()
                    .get::<NatT>()
                    .expect("it")
                    .is_idle()
            );
        }
    }
    assert!(stood > 20, "{stood} of 30");
}
