use ikee::crypto::random::SeededRandom;
use ikee::doi::encapsulation::Mode;
use ikee::doi::{Encryption, EspSuite};
use ikee::esp::Parameters;

use super::*;
use crate::dataplane::{ChildSpec, Options};

const HERE: [u8; 4] = [10, 1, 0, 1];
const THERE: [u8; 4] = [10, 2, 0, 1];
const PLAIN: ChildId = ChildId::new(1);
const GUARANTEED: ChildId = ChildId::new(2);

fn host(address: [u8; 4]) -> TrafficSelector {
    TrafficSelector::host(address.into())
}

/// Discovery of TCP and all else between the two hosts.
fn discovery(rule: Rule) -> Discovery {
    let clock = Clock::start();
    let mut discovery = Discovery::new(Limits::DEFAULT, Letter::default(), [1; 16], clock);
    discovery.set_rules(vec![Discovered {
        policy: PolicyId::new(7),
        child: 3,
        rule,
        local: vec![host(HERE)],
        remote: vec![host(THERE)],
    }]);
    discovery
}

fn dataplane(children: &[ChildId]) -> Dataplane {
    let random = Box::new(SeededRandom::new([1; 32]));
    let provider = ikee::rustcrypto::provider();
    let mut plane = Dataplane::new(provider, random, Options::default());
    for (spi, id) in (1000..).zip(children) {
        let parameters = Parameters {
            suite: EspSuite {
                encryption: Encryption::AES_GCM_16_128,
                integrity: None,
                group: None,
                esn: false,
            },
            spi,
            mode: Mode::Tunnel,
            encryption: &[7; 20],
            integrity: &[],
        };
        plane
            .install_spec(&ChildSpec {
                id: *id,
                inbound: parameters,
                outbound: parameters,
                local_selectors: &[host(HERE)],
                remote_selectors: &[host(THERE)],
                local: ([192, 0, 2, 1], 4500).into(),
                remote: ([192, 0, 2, 2], 4500).into(),
                udp_encapsulation: true,
            })
            .unwrap();
    }
    plane
}

/// A TCP segment between two hosts, or a fragment of one.
fn segment(from: [u8; 4], to: [u8; 4], fragment: u16) -> Flow {
    let mut packet = vec![0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0];
    packet[6..8].copy_from_slice(&fragment.to_be_bytes());
    packet.extend(from);
    packet.extend(to);
    let (source, destination) = if from == HERE {
        (40_000, 80)
    } else {
        (80_u16, 40_000_u16)
    };
    packet.extend(source.to_be_bytes());
    packet.extend(destination.to_be_bytes());
    packet.resize(40, 0);
    Flow::read(&packet).unwrap()
}

fn out() -> Flow {
    segment(HERE, THERE, 0)
}

fn back() -> Flow {
    segment(THERE, HERE, 0)
}

fn of(guaranteed: bool) -> Traits {
    Traits {
        guaranteed,
        ..Traits::default()
    }
}

#[test]
fn a_packet_begins_in_clear_and_wants_its_child_once() {
    let (mut discovery, esp) = (discovery(Rule::DISCOVER), dataplane(&[]));
    for _ in 0..3 {
        assert_eq!(discovery.outbound(&esp, out()), Some(Fate::Clear));
        assert!(
            discovery.inbound_clear(&esp, back()),
            "the answer is let in"
        );
    }
    let wishes: Vec<Wish> = discovery.wishes().collect();
    let [wish] = wishes.as_slice() else {
        panic!("{wishes:?}");
    };
    assert_eq!((wish.policy, wish.child), (PolicyId::new(7), 3));
    assert!(!wish.guaranteed);
}

#[test]
fn once_a_child_stands_nothing_is_in_clear_even_when_it_goes() {
    let mut discovery = discovery(Rule::DISCOVER);
    let (without, with) = (dataplane(&[]), dataplane(&[PLAIN]));
    assert_eq!(discovery.outbound(&without, out()), Some(Fate::Clear));
    discovery.opened(PLAIN, of(false), None);
    let protect = Some(Fate::Protect { guaranteed: false });
    assert_eq!(discovery.outbound(&with, out()), protect);
    assert!(!discovery.inbound_clear(&with, back()));
    discovery.closed(PLAIN);
    assert_eq!(discovery.outbound(&without, out()), Some(Fate::Hold));
    assert!(!discovery.inbound_clear(&without, back()));
    assert_eq!(discovery.wishes().count(), 2, "it is wanted again");
}

#[test]
fn a_protected_packet_of_the_peer_secures_the_flow() {
    let mut discovery = discovery(Rule::DISCOVER.with_boundary(true));
    let esp = dataplane(&[PLAIN]);
    assert!(discovery.inbound_clear(&esp, back()));
    discovery.inbound_protected(back(), PLAIN);
    assert!(!discovery.inbound_clear(&esp, back()));
    assert_eq!(discovery.outbound(&dataplane(&[]), out()), Some(Fate::Hold));
}

#[test]
fn packets_that_must_be_encrypted_take_a_child_of_their_own() {
    let mut discovery = discovery(Rule::DISCOVER.with_guaranteed(true));
    discovery.opened(PLAIN, of(false), None);
    assert_eq!(
        discovery.outbound(&dataplane(&[PLAIN]), out()),
        Some(Fate::Hold)
    );
    assert!(discovery.wishes().all(|it| it.guaranteed));
    let both = dataplane(&[PLAIN, GUARANTEED]);
    let goes_on = discovery.opened(GUARANTEED, of(true), Some(PLAIN));
    assert!(goes_on, "the plain child is for other flows");
    let protect = Some(Fate::Protect { guaranteed: true });
    assert_eq!(discovery.outbound(&both, out()), protect);
    assert!(discovery.is_guaranteed(GUARANTEED) && !discovery.is_guaranteed(PLAIN));
}

#[test]
fn an_ordinary_successor_takes_its_predecessors_packets() {
    let mut discovery = discovery(Rule::DISCOVER);
    discovery.opened(PLAIN, of(false), None);
    assert!(!discovery.opened(GUARANTEED, of(false), Some(PLAIN)));
}

#[test]
fn a_fragment_is_never_in_clear() {
    const MORE: u16 = 0x2000;
    let mut discovery = discovery(Rule::DISCOVER.with_boundary(true));
    for fragment in [MORE, 5] {
        let (out, back) = (
            segment(HERE, THERE, fragment),
            segment(THERE, HERE, fragment),
        );
        assert_eq!(discovery.outbound(&dataplane(&[]), out), Some(Fate::Hold));
        assert!(!discovery.inbound_clear(&dataplane(&[]), back));
        let protect = Some(Fate::Protect { guaranteed: false });
        assert_eq!(discovery.outbound(&dataplane(&[PLAIN]), out), protect);
    }
}

#[test]
fn what_no_rule_is_about_is_left_to_the_plane_and_never_let_in() {
    let (mut discovery, esp) = (discovery(Rule::DISCOVER), dataplane(&[]));
    let other = [10, 3, 0, 1];
    assert_eq!(discovery.outbound(&esp, segment(HERE, other, 0)), None);
    assert!(!discovery.inbound_clear(&esp, segment(other, HERE, 0)));
}

#[test]
fn through_a_nat_to_a_peer_that_takes_clear_packets_they_go_in_clear() {
    let mut discovery = discovery(Rule::DISCOVER);
    let traits = Traits {
        boundary: true,
        nat: true,
        ..Traits::default()
    };
    discovery.opened(PLAIN, traits, None);
    let esp = dataplane(&[PLAIN]);
    assert_eq!(discovery.outbound(&esp, out()), Some(Fate::Clear));
    discovery.opened(
        PLAIN,
        Traits {
            nat: false,
            ..traits
        },
        None,
    );
    let protect = Some(Fate::Protect { guaranteed: false });
    assert_eq!(discovery.outbound(&esp, out()), protect);
}
