//! Two endpoints on a perfect link, without cryptography: the order of messages and events.

use core::net::SocketAddr;
use std::collections::VecDeque;
use std::time::Duration;

use ike_ext::{Extensions, Instant, PolicyId, SaId};
use ikev2::{
    Authentication, Child, CloseReason, Config, Connection, Datagram, Endpoint, Event, Failure,
    Input, Outbox, Output, Remote, Selectors, Transmit,
};
use ipsec_doi::{EspProposal, Identity, IkeProposal, TrafficSelector};
use isakmp_wire::marker::{self, Datagram as Demuxed};
use isakmp_wire::v2::NotifyType;

const POLICY: PolicyId = PolicyId::new(1);

struct Side {
    endpoint: Endpoint,
    address: SocketAddr,
    events: Vec<Event>,
    children: Vec<ikev2::ChildSa>,
    deleted: usize,
}

struct Pair {
    sides: [Side; 2],
    now: Instant,
    wire: VecDeque<(usize, Transmit)>,
    messages: usize,
}

fn connection(local: &str, remote: &str, remote_address: Option<&str>) -> Connection {
    let identity = |name| Identity::parse(name).unwrap();
    let secret = b"lab".to_vec().into();
    let authentication = Authentication::psk(identity(local), Some(identity(remote)), secret);
    let mut connection = Connection::new(POLICY, "lab", authentication);
    connection.remote = remote_address.map(|it| Remote::new(it.parse().unwrap()));
    connection.proposals = vec![IkeProposal::parse("aes256-sha256-ecp256").unwrap()];
    let mut child = Child::new("net", vec![EspProposal::parse("aes256gcm16").unwrap()]);
    let subnet = |name: &str| {
        let text = if name == "a.lab" {
            "10.99.1.1/32"
        } else {
            "10.99.2.0/24"
        };
        Selectors::Fixed(vec![TrafficSelector::parse(text).unwrap()])
    };
    child.local = subnet(local);
    child.remote = subnet(remote);
    connection.children = vec![child];
    connection
}

impl Side {
    fn new(connection: Connection, address: &str, seed: u8) -> Self {
        let mut config = Config::new(vec![connection]);
        if seed == 3 {
            config.limits.protection.mode = ike_ext::Protect::Always;
        }
        let provider = ike_crypto::null::provider();
        let endpoint = Endpoint::new(config, provider, Extensions::none(), [seed; 32]).unwrap();
        Self {
            endpoint,
            address: address.parse().unwrap(),
            events: Vec::new(),
            children: Vec::new(),
            deleted: 0,
        }
    }
}

impl Pair {
    fn new(adjust: impl FnOnce(&mut Connection, &mut Connection)) -> Self {
        let mut a = connection("a.lab", "b.lab", Some("192.0.2.2"));
        let mut b = connection("b.lab", "a.lab", None);
        adjust(&mut a, &mut b);
        Self {
            sides: [
                Side::new(a, "192.0.2.1:500", 1),
                Side::new(b, "192.0.2.2:500", 2),
            ],
            now: Instant::EPOCH,
            wire: VecDeque::new(),
            messages: 0,
        }
    }

    fn initiate(&mut self) -> SaId {
        let mut out = Outbox::new();
        let side = &mut self.sides[0];
        let local = side.address.ip();
        let sa = side
            .endpoint
            .initiate(self.now, POLICY, local, &mut out)
            .unwrap();
        self.absorb(0, &mut out);
        self.run();
        sa
    }

    fn absorb(&mut self, from: usize, out: &mut Outbox) {
        for output in out.drain() {
            let side = &mut self.sides[from];
            match output {
                Output::Transmit(it) => self.wire.push_back((1 - from, it)),
                Output::InstallChild(it) => side.children.push(*it),
                Output::DeleteChild(_) => side.deleted += 1,
                Output::UpdateChild(_) | Output::UseChild(_) => {}
                Output::Event(it) => side.events.push(it),
            }
        }
    }

    fn run(&mut self) {
        let mut out = Outbox::new();
        while let Some((to, it)) = self.wire.pop_front() {
            self.messages += 1;
            let (marker, bytes) = if it.remote.port() == 4500 {
                match marker::classify(&it.bytes) {
                    Demuxed::Ike(bytes) => (true, bytes),
                    other => panic!("{other:?}"),
                }
            } else {
                (false, &it.bytes[..])
            };
            let datagram = Datagram {
                local: it.remote,
                remote: it.local,
                marker,
                bytes,
            };
            self.sides[to]
                .endpoint
                .handle(self.now, Input::Datagram(datagram), &mut out);
            self.absorb(to, &mut out);
        }
    }

    fn until_quiet(&mut self) {
        let mut out = Outbox::new();
        for _ in 0..200 {
            let next = [0, 1].map(|it| self.sides[it].endpoint.next_timeout().map(|it| it.at));
            let Some(at) = next.into_iter().flatten().min() else {
                return;
            };
            self.now = self.now.max(at);
            for side in 0..2 {
                self.sides[side]
                    .endpoint
                    .handle(self.now, Input::Timeout, &mut out);
                self.absorb(side, &mut out);
            }
            self.run();
        }
    }

    fn failures(&self, side: usize) -> Vec<&Failure> {
        let failure = |it: &'_ Event| {
            matches!(
                it,
                Event::Failed { .. } | Event::ChildFailed { .. } | Event::Refused { .. }
            )
        };
        self.sides[side]
            .events
            .iter()
            .filter(|it| failure(it))
            .map(|it| match it {
                Event::Failed { failure, .. }
                | Event::ChildFailed { failure, .. }
                | Event::Refused { failure, .. } => failure,
                _ => unreachable!(),
            })
            .collect()
    }

    fn established(&self) -> [bool; 2] {
        [0, 1].map(|it| {
            self.sides[it]
                .events
                .iter()
                .any(|it| matches!(it, Event::Established(_)))
        })
    }
}

/// RFC 7296 §1.2: four messages make an IKE SA and a child.
#[test]
fn four_messages_make_an_sa_and_a_child_with_mirrored_keys() {
    let mut pair = Pair::new(|_, _| {});
    pair.initiate();
    assert_eq!(pair.established(), [true, true], "{:?}", pair.failures(0));
    assert_eq!(pair.messages, 4);
    let [a, b] = [0, 1].map(|it| &pair.sides[it].children[0]);
    assert_eq!(a.inbound.spi, b.outbound.spi);
    assert_eq!(a.outbound.spi, b.inbound.spi);
    assert_eq!(
        a.inbound.encryption.as_slice(),
        b.outbound.encryption.as_slice()
    );
    assert_eq!(
        a.outbound.encryption.as_slice(),
        b.inbound.encryption.as_slice()
    );
    assert_ne!(
        a.inbound.encryption.as_slice(),
        a.outbound.encryption.as_slice()
    );
    assert_eq!(a.local_selectors, b.remote_selectors);
    assert!(!a.udp_encapsulation);
}

/// RFC 7296 §2.6: with a cookie it takes six.
#[test]
fn a_responder_in_doubt_asks_for_a_cookie_and_keeps_nothing() {
    let mut pair = Pair::new(|_, _| {});
    let responder = connection("b.lab", "a.lab", None);
    pair.sides[1] = Side::new(responder, "192.0.2.2:500", 3);
    pair.initiate();
    assert_eq!(pair.established(), [true, true]);
    assert_eq!(pair.messages, 6);
}

/// RFC 7296 §1.3, §2.7: a wrong guess of the group costs one round trip.
#[test]
fn another_group_is_tried_when_the_responder_asks_for_it() {
    let mut pair = Pair::new(|a, _| {
        a.proposals = vec![IkeProposal::parse("aes256-sha256-modp2048-ecp256").unwrap()];
    });
    pair.initiate();
    assert_eq!(pair.established(), [true, true]);
    assert_eq!(pair.messages, 6);
}

/// RFC 7296 §2.21.1: an unprotected refusal is a hint, and the reason in the end.
#[test]
fn without_a_common_suite_the_hint_becomes_the_reason_at_the_time_out() {
    let mut pair = Pair::new(|a, _| {
        a.proposals = vec![IkeProposal::parse("aes128-sha1-modp2048").unwrap()];
    });
    pair.initiate();
    assert!(matches!(
        pair.sides[0].events[0],
        Event::Hint {
            notify: NotifyType::NO_PROPOSAL_CHOSEN,
            ..
        }
    ));
    pair.until_quiet();
    let told = pair.failures(0)[0].to_string();
    assert!(
        told.contains("NO_PROPOSAL_CHOSEN") && told.contains("aes128-sha1-modp2048"),
        "{told}"
    );
    let told = pair.failures(1)[0].to_string();
    assert!(
        told.contains("aes256-sha256-ecp256") && told.contains("aes128-sha1-modp2048"),
        "{told}"
    );
    assert!(
        pair.sides
            .iter()
            .all(|it| it.endpoint.sas().next().is_none())
    );
}

/// RFC 7296 §2.21.2: a wrong secret is answered under the SA's keys, and is final.
#[test]
fn a_wrong_secret_fails_both_sides_at_once() {
    let mut pair = Pair::new(|a, _| {
        let identity = |name| Identity::parse(name).unwrap();
        a.authentication = Authentication::psk(
            identity("a.lab"),
            Some(identity("b.lab")),
            b"other".to_vec().into(),
        );
    });
    pair.initiate();
    let told = pair.failures(0)[0].to_string();
    assert!(
        told.contains("AUTHENTICATION_FAILED") && told.contains("'a.lab'"),
        "{told}"
    );
    assert!(pair.failures(1)[0].to_string().contains("'a.lab'"));
    pair.until_quiet();
    assert!(
        pair.sides
            .iter()
            .all(|it| it.endpoint.next_timeout().is_none())
    );
}

/// RFC 7296 §1.4.1: a delete is answered, and takes the children along.
#[test]
fn a_delete_ends_both_sides() {
    let mut pair = Pair::new(|_, _| {});
    let sa = pair.initiate();
    let mut out = Outbox::new();
    pair.sides[0]
        .endpoint
        .delete(pair.now, sa, &mut out)
        .unwrap();
    pair.absorb(0, &mut out);
    pair.run();
    let closed = |side: usize, reason: &CloseReason| {
        let is = |it: &Event| matches!(it, Event::Closed { reason: why, .. } if why == reason);
        pair.sides[side].events.iter().any(is)
    };
    assert!(closed(0, &CloseReason::Local) && closed(1, &CloseReason::Peer));
    assert_eq!(pair.sides.each_ref().map(|it| it.deleted), [1, 1]);
    assert!(pair.sides.iter().all(|it| it.endpoint.is_idle()));
}

/// RFC 7296 §2.4: silence is asked about, and ends the SA when it lasts.
#[test]
fn a_dead_peer_is_noticed() {
    let mut pair = Pair::new(|a, _| a.liveness = Some(Duration::from_secs(5)));
    pair.initiate();
    let mut out = Outbox::new();
    for _ in 0..20 {
        let Some(next) = pair.sides[0].endpoint.next_timeout() else {
            break;
        };
        pair.sides[0]
            .endpoint
            .handle(next.at, Input::Timeout, &mut out);
        pair.absorb(0, &mut out);
        pair.wire.clear();
    }
    let silent = |it: &Event| {
        matches!(
            it,
            Event::Closed {
                reason: CloseReason::Silent,
                ..
            }
        )
    };
    assert!(pair.sides[0].events.iter().any(silent));
    assert_eq!(pair.sides[0].deleted, 1);
}

/// RFC 7296 §2.23: a pretended NAT moves both sides to the other ports and into UDP.
#[test]
fn forced_encapsulation_floats_the_ports() {
    let mut pair = Pair::new(|a, _| a.force_encapsulation = true);
    pair.initiate();
    let [a, b] = [0, 1].map(|it| &pair.sides[it].children[0]);
    assert!(a.udp_encapsulation && b.udp_encapsulation);
    assert_eq!((a.local.port(), a.remote.port()), (4500, 4500));
    assert_eq!((b.local, b.remote), (a.remote, a.local));
}

/// RFC 7296 §2.19: an address from the pool; it is free again when the SA is over, and the same
/// identity gets it again.
#[test]
fn an_address_comes_from_the_pool_and_goes_back() {
    let mut pair = Pair::new(|a, b| {
        a.addressing.request_v4 = true;
        a.addressing.request_v6 = true;
        a.children[0].local = Selectors::Dynamic;
        b.children[0].remote = Selectors::Dynamic;
        b.addressing.pools = ["10.9.0.0/8", "fd00::/64"]
            .map(|it| it.parse().unwrap())
            .to_vec();
    });
    let assigned = |pair: &Pair| -> Vec<_> {
        let events = pair.sides[0].events.iter();
        let told = events.filter_map(|it| match it {
            Event::Configured { assigned, .. } => Some(assigned.addresses.clone()),
            _ => None,
        });
        told.collect()
    };
    let expected = vec![
        ("10.0.0.1".parse().unwrap(), 32),
        ("fd00::1".parse().unwrap(), 128),
    ];
    let sa = pair.initiate();
    assert_eq!(assigned(&pair), std::slice::from_ref(&expected));
    let child = &pair.sides[1].children[0];
    assert!(child.remote_selectors.iter().all(|it| it.start == it.end));
    let mut out = Outbox::new();
    pair.sides[0]
        .endpoint
        .delete(pair.now, sa, &mut out)
        .unwrap();
    pair.absorb(0, &mut out);
    pair.run();
    pair.initiate();
    assert_eq!(assigned(&pair), [expected.clone(), expected]);
}

/// RFC 7296 §3.15.1: a client would like the address that it had, and a server that has forgotten all gives it.
#[test]
fn a_client_asks_for_its_former_address() {
    let server = |pool: &str| {
        let mut b = connection("b.lab", "a.lab", None);
        b.addressing.pools = vec![pool.parse().unwrap()];
        Side::new(b, "192.0.2.2:500", 2)
    };
    let mut pair = Pair::new(|a, _| a.addressing.request_v4 = true);
    for pool in [
        "10.9.0.5-10.9.0.9",
        "10.9.0.1-10.9.0.9",
        "10.9.0.1-10.9.0.4",
    ] {
        pair.sides[1] = server(pool);
        pair.initiate();
    }
    let events = pair.sides[0].events.iter();
    let assigned: Vec<_> = events
        .filter_map(|it| match it {
            Event::Configured { assigned, .. } => Some(assigned.addresses[0].0.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(assigned, ["10.9.0.5", "10.9.0.5", "10.9.0.1"]);
}

/// RFC 7296 §3.15.4: without an address there is no child, but the IKE SA stands.
#[test]
fn an_exhausted_pool_refuses_the_child_and_not_the_sa() {
    let mut pair = Pair::new(|a, b| {
        a.addressing.request_v4 = true;
        b.addressing.pools = vec!["10.9.0.1".parse().unwrap()];
        let boss = Identity::parse("boss.lab").unwrap();
        b.addressing.fixed = vec![(boss, "10.9.0.1".parse().unwrap())];
    });
    pair.initiate();
    assert_eq!(pair.established(), [true, true]);
    assert!(pair.sides.iter().all(|it| it.children.is_empty()));
    for side in 0..2 {
        let told = pair.failures(side)[0].to_string();
        assert!(told.contains("internal address"), "{told}");
        assert_eq!(pair.sides[side].endpoint.sas().count(), 1);
    }
}
