use std::net::IpAddr;

use ike_crypto::random::SeededRandom;
use ipsec_doi::encapsulation::Mode;
use ipsec_doi::{Encryption, EncryptionId, IntegrityId};
use ipsec_esp::{Parameters, ip};
use proptest::prelude::*;

use super::*;

const EAST: &str = "192.0.2.1:4500";
const WEST: &str = "198.51.100.7:4500";

fn gcm() -> EspSuite {
    EspSuite {
        encryption: Encryption::new(EncryptionId::AES_GCM_16, 128),
        integrity: None,
        group: None,
        esn: false,
    }
}

fn selectors(text: &str) -> Vec<TrafficSelector> {
    text.split_whitespace()
        .map(|one| TrafficSelector::parse(one).unwrap())
        .collect()
}

fn socket(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// Children between east and west, described as seen from east.
#[derive(Clone)]
struct Tunnel {
    id: u64,
    suite: EspSuite,
    mode: Mode,
    east: Vec<TrafficSelector>,
    west: Vec<TrafficSelector>,
    udp: bool,
}

impl Tunnel {
    fn new(id: u64, east: &str, west: &str) -> Self {
        let (east, west) = (selectors(east), selectors(west));
        Self {
            id,
            suite: gcm(),
            mode: Mode::Tunnel,
            east,
            west,
            udp: true,
        }
    }

    fn install(&self, at: &mut Dataplane, is_east: bool) -> Result<(), InstallError> {
        let suite = self.suite;
        let encryption =
            vec![self.id as u8; suite.encryption.key_len() + suite.encryption.salt_len()];
        let integrity = vec![9; suite.integrity.map_or(0, IntegrityId::key_len)];
        let direction = |spi| Parameters {
            suite,
            spi,
            mode: self.mode,
            encryption: &encryption,
            integrity: &integrity,
        };
        let (to_east, to_west) = (
            direction(0x1000 + self.id as u32),
            direction(0x2000 + self.id as u32),
        );
        let (mut spec_sides, mut sockets) = ((to_east, to_west), (socket(EAST), socket(WEST)));
        let mut nets = (&self.east, &self.west);
        if !is_east {
            spec_sides = (to_west, to_east);
            sockets = (sockets.1, sockets.0);
            nets = (nets.1, nets.0);
        }
        at.install_spec(&ChildSpec {
            id: ChildId::new(self.id),
            inbound: spec_sides.0,
            outbound: spec_sides.1,
            local_selectors: nets.0,
            remote_selectors: nets.1,
            local: sockets.0,
            remote: sockets.1,
            udp_encapsulation: self.udp,
        })
    }

    fn pair(&self) -> (Dataplane, Dataplane) {
        let (mut east, mut west) = (dataplane(), dataplane());
        self.install(&mut east, true).unwrap();
        self.install(&mut west, false).unwrap();
        (east, west)
    }
}

fn dataplane() -> Dataplane {
    with_options(Options::default())
}

fn with_options(options: Options) -> Dataplane {
    let random = Box::new(SeededRandom::new([5; 32]));
    Dataplane::new(ike_rustcrypto::provider(), random, options)
}

fn packet(source: &str, destination: &str, protocol: u8, body: &[u8]) -> Vec<u8> {
    let (source, destination): (IpAddr, IpAddr) =
        (source.parse().unwrap(), destination.parse().unwrap());
    let mut packet = vec![0; if source.is_ipv4() { 20 } else { 40 }];
    ip::write_header(&mut packet, source, destination, protocol, body.len()).unwrap();
    packet.extend(body);
    packet
}

fn udp_packet(source: &str, destination: &str, ports: (u16, u16)) -> Vec<u8> {
    let mut body = ports.0.to_be_bytes().to_vec();
    body.extend(ports.1.to_be_bytes());
    body.extend([0, 12, 0, 0, 1, 2, 3, 4]);
    packet(source, destination, 17, &body)
}

fn send(at: &mut Dataplane, inner: &[u8]) -> Result<(Sealed, Vec<u8>), DropReason> {
    let mut buffer = Vec::new();
    match at.encapsulate_copy(inner, &mut buffer) {
        Outbound::Send(sealed) => {
            let datagram = buffer[sealed.datagram.clone()].to_vec();
            Ok((sealed, datagram))
        }
        Outbound::Drop(reason) => Err(reason),
        Outbound::Answer(_) => Err(DropReason::TooBig),
    }
}

fn receive(at: &mut Dataplane, datagram: &[u8], from: &str, to: &str) -> Result<Vec<u8>, Dropped> {
    let mut buffer = vec![0; HEADROOM];
    buffer.extend(datagram);
    let end = buffer.len();
    let delivered = at.decapsulate(&mut buffer, HEADROOM..end, socket(from), socket(to))?;
    assert!(!delivered.moved);
    Ok(buffer[delivered.packet].to_vec())
}

#[test]
fn packets_cross_the_tunnel_both_ways() {
    let (mut east, mut west) = Tunnel::new(1, "10.1.0.0/16", "10.2.0.0/16").pair();
    let there = udp_packet("10.1.0.5", "10.2.0.9", (1000, 53));
    let (sealed, datagram) = send(&mut east, &there).unwrap();
    assert_eq!(
        (sealed.local, sealed.remote, sealed.udp),
        (socket(EAST), socket(WEST), true)
    );
    assert_eq!(receive(&mut west, &datagram, EAST, WEST).unwrap(), there);
    let back = udp_packet("10.2.0.9", "10.1.0.5", (53, 1000));
    let (_, datagram) = send(&mut west, &back).unwrap();
    assert_eq!(receive(&mut east, &datagram, WEST, EAST).unwrap(), back);
    let counters = east.counters(ChildId::new(1)).unwrap();
    assert_eq!((counters.packets_out, counters.octets_out), (1, 32));
    assert_eq!((counters.packets_in, counters.octets_in), (1, 32));
    assert_eq!(counters.drops.total(), 0);
}

#[test]
fn the_narrowest_selector_wins_whatever_the_order() {
    let tunnels = [
        Tunnel::new(1, "0.0.0.0/0", "0.0.0.0/0"),
        Tunnel::new(2, "0.0.0.0/0", "10.2.0.0/16"),
        Tunnel::new(3, "0.0.0.0/0", "10.2.3.0/24"),
        Tunnel::new(4, "0.0.0.0/0", "10.2.3.4/32"),
        Tunnel::new(5, "0.0.0.0/0", "10.2.3.4/32[udp/53]"),
    ];
    let orders = [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 4, 0, 3, 1]];
    for order in orders {
        let mut east = dataplane();
        for at in order {
            tunnels[at].install(&mut east, true).unwrap();
        }
        let mut chosen = |destination, port| {
            let inner = udp_packet("10.1.0.5", destination, (1000, port));
            send(&mut east, &inner).unwrap().0.child.get()
        };
        assert_eq!(chosen("10.2.3.4", 53), 5);
        assert_eq!(chosen("10.2.3.4", 54), 4);
        assert_eq!(chosen("10.2.3.5", 53), 3);
        assert_eq!(chosen("10.2.4.5", 53), 2);
        assert_eq!(chosen("10.3.4.5", 53), 1);
    }
}

#[test]
fn a_successor_takes_over_and_the_predecessor_still_receives() {
    let old = Tunnel::new(1, "10.1.0.0/16", "10.2.0.0/16");
    let new = Tunnel {
        id: 2,
        ..old.clone()
    };
    let (mut east, mut west) = old.pair();
    let inner = udp_packet("10.1.0.5", "10.2.0.9", (1, 2));
    let (_, late) = send(&mut east, &inner).unwrap();
    new.install(&mut east, true).unwrap();
    new.install(&mut west, false).unwrap();
    assert_eq!(send(&mut east, &inner).unwrap().0.child.get(), 2);
    assert_eq!(receive(&mut west, &late, EAST, WEST).unwrap(), inner);
    assert!(east.remove(ChildId::new(1)).is_some());
    assert_eq!(send(&mut east, &inner).unwrap().0.child.get(), 2);
    assert!(east.remove(ChildId::new(2)).is_some());
    assert_eq!(send(&mut east, &inner).unwrap_err(), DropReason::NoRoute);
    assert!(east.remove(ChildId::new(2)).is_none());
}

#[test]
fn what_no_selector_wants_is_dropped() {
    let (mut east, _) = Tunnel::new(1, "10.1.0.0/16", "10.2.0.0/16[tcp/80]").pair();
    let mut reason = |inner: &[u8]| send(&mut east, inner).unwrap_err();
    assert_eq!(
        reason(&udp_packet("10.1.0.5", "10.3.0.9", (1, 2))),
        DropReason::NoRoute
    );
    assert_eq!(
        reason(&udp_packet("10.1.0.5", "10.2.0.9", (1, 80))),
        DropReason::NoRoute
    );
    let spoofed = packet("10.9.0.5", "10.2.0.9", 6, &[0, 1, 0, 80, 0, 0]);
    assert_eq!(reason(&spoofed), DropReason::NoRoute);
    let mut fragment = packet("10.1.0.5", "10.2.0.9", 6, &[0, 1, 0, 80, 0, 0]);
    fragment[7] = 9;
    assert_eq!(
        reason(&fragment),
        DropReason::NoRoute,
        "its port cannot be seen"
    );
    assert_eq!(reason(&[]), DropReason::Malformed);
    assert_eq!(reason(&[0x45; 19]), DropReason::Malformed);
    assert_eq!(east.drops().get(DropReason::NoRoute), 4);
    assert_eq!(east.drops().total(), 6);
    let good = packet("10.1.0.5", "10.2.0.9", 6, &[0, 1, 0, 80, 0, 0]);
    assert!(send(&mut east, &good).is_ok());
}

/// RFC 4301 §5.2: a peer may not send what it was not let in for.
#[test]
fn an_inner_packet_outside_the_selectors_is_dropped() {
    let wide = Tunnel::new(1, "0.0.0.0/0", "0.0.0.0/0");
    let narrow = Tunnel::new(1, "10.1.0.0/16", "10.2.0.0/16");
    let (mut east, mut west) = (dataplane(), dataplane());
    wide.install(&mut east, true).unwrap();
    narrow.install(&mut west, false).unwrap();
    for (source, destination) in [
        ("10.9.0.1", "10.2.0.1"),
        ("10.1.0.1", "10.9.0.1"),
        ("10.2.0.1", "10.1.0.1"),
    ] {
        let (_, datagram) = send(&mut east, &udp_packet(source, destination, (1, 2))).unwrap();
        let dropped = receive(&mut west, &datagram, EAST, WEST).unwrap_err();
        assert_eq!(
            dropped,
            Dropped {
                child: Some(ChildId::new(1)),
                reason: DropReason::Selectors
            }
        );
    }
    let counters = west.counters(ChildId::new(1)).unwrap();
    assert_eq!(
        (
            counters.drops.get(DropReason::Selectors),
            counters.packets_in
        ),
        (3, 0)
    );
    assert_eq!(
        counters.drops.iter().collect::<Vec<_>>(),
        [(DropReason::Selectors, 3)]
    );
}

#[test]
fn replays_forgeries_and_strangers_are_dropped_and_counted() {
    let (mut east, mut west) = Tunnel::new(1, "10.1.0.0/16", "10.2.0.0/16").pair();
    let (_, datagram) = send(&mut east, &udp_packet("10.1.0.5", "10.2.0.9", (1, 2))).unwrap();
    let mut forged = datagram.clone();
    *forged.last_mut().unwrap() ^= 1;
    let mut reason = |datagram: &[u8]| receive(&mut west, datagram, EAST, WEST).unwrap_err().reason;
    assert_eq!(reason(&forged), DropReason::Integrity);
    assert_eq!(reason(&datagram[..20]), DropReason::Truncated);
    assert_eq!(reason(&datagram[..3]), DropReason::Truncated);
    let mut stranger = datagram.clone();
    stranger[0] ^= 1;
    assert_eq!(reason(&stranger), DropReason::UnknownSpi);
    assert!(receive(&mut west, &datagram, EAST, WEST).is_ok());
    assert_eq!(
        receive(&mut west, &datagram, EAST, WEST)
            .unwrap_err()
            .reason,
        DropReason::Replay
    );
    assert_eq!(west.drops().total(), 2);
}

#[test]
fn a_peer_that_moved_is_reported_and_followed_when_told() {
    let (mut east, mut west) = Tunnel::new(1, "10.1.0.0/16", "10.2.0.0/16").pair();
    let inner = udp_packet("10.1.0.5", "10.2.0.9", (1, 2));
    let (_, mut datagram) = send(&mut east, &inner).unwrap();
    let all = 0..datagram.len();
    let elsewhere = socket("203.0.113.9:61000");
    let delivered = west
        .decapsulate(&mut datagram, all, elsewhere, socket(WEST))
        .unwrap();
    assert!(delivered.moved);
    let update = ChildUpdate {
        child: delivered.child,
        local: socket(WEST),
        remote: elsewhere,
    };
    assert!(west.update(update));
    let back = udp_packet("10.2.0.9", "10.1.0.5", (2, 1));
    assert_eq!(send(&mut west, &back).unwrap().0.remote, elsewhere);
    assert!(!west.update(ChildUpdate {
        child: ChildId::new(77),
        ..update
    }));
}

#[test]
fn icmp_is_selected_by_type_and_code() {
    let (mut east, _) = Tunnel::new(1, "10.1.0.0/16[icmp/2048]", "10.2.0.0/16[icmp/2048]").pair();
    let request = packet("10.1.0.5", "10.2.0.9", 1, &[8, 0, 0, 0, 0, 0, 0, 0]);
    let reply = packet("10.1.0.5", "10.2.0.9", 1, &[0, 0, 0, 0, 0, 0, 0, 0]);
    assert!(send(&mut east, &request).is_ok());
    assert_eq!(send(&mut east, &reply).unwrap_err(), DropReason::NoRoute);
}

#[test]
fn a_packet_too_big_is_answered_and_the_answer_tells_the_truth() {
    let (mut east, mut west) = Tunnel::new(
        1,
        "10.1.0.0/16 2001:db8:1::/48",
        "10.2.0.0/16 2001:db8:2::/48",
    )
    .pair();
    let fits = east.inner_mtu(ChildId::new(1)).unwrap();
    let mut buffer = Vec::new();
    let mut inner = packet("10.1.0.5", "10.2.0.9", 99, &vec![7; fits - 19]);
    inner[6] = 0x40;
    let Outbound::Answer(answer) = east.encapsulate_copy(&inner, &mut buffer) else {
        panic!()
    };
    assert_eq!(
        (ip::checksum(&answer[..20]), ip::checksum(&answer[20..])),
        (0, 0)
    );
    assert_eq!(answer[12..16], [10, 2, 0, 9]);
    assert_eq!(answer[16..22], [10, 1, 0, 5, 3, 4]);
    assert_eq!(
        usize::from(u16::from_be_bytes([answer[26], answer[27]])),
        fits
    );
    assert_eq!(answer[28..], inner[..answer.len() - 28]);
    inner = packet("10.1.0.5", "10.2.0.9", 99, &vec![7; fits - 20]);
    inner[6] = 0x40;
    let (_, datagram) = send(&mut east, &inner).unwrap();
    assert!(datagram.len() + 28 <= 1500, "{}", datagram.len());
    assert_eq!(receive(&mut west, &datagram, EAST, WEST).unwrap(), inner);
    let may_fragment = packet("10.1.0.5", "10.2.0.9", 99, &[7; 1480]);
    assert!(
        send(&mut east, &may_fragment).is_ok(),
        "then the outer packet is fragmented"
    );

    let six = packet("2001:db8:1::5", "2001:db8:2::9", 99, &vec![7; fits - 39]);
    let Outbound::Answer(answer) = east.encapsulate_copy(&six, &mut buffer) else {
        panic!()
    };
    let header = ip::Header::parse(&answer).unwrap();
    assert_eq!(
        ip::pseudo_checksum(header.source, header.destination, 58, &answer[40..]),
        0
    );
    assert_eq!(answer[40..42], [2, 0]);
    assert_eq!(answer[44..48], (fits as u32).to_be_bytes());
    // an error message is never answered with another
    let error = packet("2001:db8:1::5", "2001:db8:2::9", 58, &vec![1; fits]);
    assert_eq!(
        east.encapsulate_copy(&error, &mut buffer),
        Outbound::Drop(DropReason::TooBig)
    );
    assert_eq!(
        east.counters(ChildId::new(1))
            .unwrap()
            .drops
            .get(DropReason::TooBig),
        3
    );
}

#[test]
fn the_device_mtu_fits_every_suite_over_ipv6() {
    let provider = ike_rustcrypto::provider();
    for integrity in provider
        .integrities
        .iter()
        .chain(provider.legacy.integrities)
    {
        let suite = EspSuite {
            encryption: Encryption::new(EncryptionId::AES_CBC, 256),
            integrity: Some(integrity.id()),
            ..gcm()
        };
        let tunnel = Tunnel {
            suite,
            ..Tunnel::new(1, "::/0", "::/0")
        };
        let (mut east, _) = tunnel.pair();
        let six = socket("[2001:db8::1]:4500");
        east.update(ChildUpdate {
            child: ChildId::new(1),
            local: six,
            remote: six,
        });
        assert!(east.inner_mtu(ChildId::new(1)).unwrap() >= TUN_MTU);
    }
}

#[test]
fn transport_mode_rebuilds_the_header_and_the_checksum() {
    let tunnel = Tunnel {
        mode: Mode::Transport,
        ..Tunnel::new(1, "0.0.0.0/0", "0.0.0.0/0")
    };
    let (mut east, mut west) = tunnel.pair();
    let (a, b) = (
        "192.0.2.1".parse().unwrap(),
        "198.51.100.7".parse().unwrap(),
    );
    for (protocol, at) in [(17, 6), (6, 16)] {
        let mut body = vec![1; 37];
        body[at..at + 2].fill(0);
        let sum = ip::pseudo_checksum(a, b, protocol, &body);
        body[at..at + 2].copy_from_slice(&sum.to_be_bytes());
        let inner = packet("192.0.2.1", "198.51.100.7", protocol, &body);
        let (sealed, datagram) = send(&mut east, &inner).unwrap();
        assert_eq!(sealed.datagram.len(), datagram.len());
        assert_eq!(receive(&mut west, &datagram, EAST, WEST).unwrap(), inner);
        // behind a NAT the sender has another address, and the sum is for that
        let (_, datagram) = send(&mut east, &inner).unwrap();
        let mut buffer = vec![0; HEADROOM];
        buffer.extend(datagram);
        let esp = HEADROOM..buffer.len();
        let delivered = west
            .decapsulate(&mut buffer, esp, socket("203.0.113.1:7"), socket(WEST))
            .unwrap();
        let restored = &buffer[delivered.packet];
        let source = "203.0.113.1".parse().unwrap();
        assert_eq!(ip::pseudo_checksum(source, b, protocol, &restored[20..]), 0);
    }
    let (_, mut datagram) = send(
        &mut east,
        &packet("192.0.2.1", "198.51.100.7", 17, &[0; 20]),
    )
    .unwrap();
    let all = 0..datagram.len();
    let dropped = west
        .decapsulate(&mut datagram, all, socket(EAST), socket(WEST))
        .unwrap_err();
    assert_eq!(dropped.reason, DropReason::Room);
}

#[test]
fn installing_twice_or_beyond_the_limit_is_refused() {
    let tunnel = Tunnel::new(1, "10.1.0.0/16", "10.2.0.0/16");
    let mut east = with_options(Options {
        children: 2,
        ..Options::default()
    });
    tunnel.install(&mut east, true).unwrap();
    assert_eq!(tunnel.install(&mut east, true), Err(InstallError::Exists));
    Tunnel {
        id: 2,
        ..tunnel.clone()
    }
    .install(&mut east, true)
    .unwrap();
    assert_eq!(
        Tunnel {
            id: 3,
            ..tunnel.clone()
        }
        .install(&mut east, true),
        Err(InstallError::Full)
    );
    east.remove(ChildId::new(2));
    let empty = Tunnel {
        id: 4,
        east: Vec::new(),
        ..tunnel.clone()
    };
    assert_eq!(empty.install(&mut east, true), Err(InstallError::Selectors));
    // two children from different peers with one SPI: the SPI is ours to choose, so this is a bug of the caller's
    let clash = Tunnel {
        id: 0x1_0000_0001,
        ..tunnel
    };
    assert_eq!(
        clash.install(&mut east, true),
        Err(InstallError::Spi(0x1001))
    );
    assert_eq!(east.len(), 1);
}

#[test]
fn nothing_is_left_when_every_child_is_gone() {
    let mut east = dataplane();
    for round in 0..3 {
        for id in 0..200 {
            let host = format!("10.2.{}.{}", id / 100, id % 100);
            let net = if id % 2 == 0 {
                format!("{host}/32")
            } else {
                format!("10.{id}.0.0/16 {host}/32")
            };
            Tunnel::new(1000 * round + id, "0.0.0.0/0", &net)
                .install(&mut east, true)
                .unwrap();
        }
        assert_eq!(east.children().count(), 200);
        for id in 0..200 {
            assert!(east.remove(ChildId::new(1000 * round + id)).is_some());
        }
    }
    assert!(east.is_empty() && east.by_spi.is_empty() && east.routes.is_empty());
    assert_eq!(east.slots.len(), 200, "slots are used again");
}

proptest! {
    #[test]
    fn any_octets_from_either_side_are_survived(octets in prop::collection::vec(any::<u8>(), 0..120), known in any::<bool>()) {
        let (mut east, mut west) = Tunnel::new(1, "0.0.0.0/0 ::/0", "0.0.0.0/0 ::/0").pair();
        if let Ok((_, datagram)) = send(&mut east, &octets) {
            prop_assert!(receive(&mut west, &datagram, EAST, WEST).is_ok());
        }
        let mut datagram = octets;
        if known {
            datagram.splice(0..0, 0x2001_u32.to_be_bytes());
        }
        prop_assert!(receive(&mut west, &datagram, EAST, WEST).is_err());
    }
}

#[test]
fn each_limit_is_told_once_and_the_hard_one_ends_it() {
    let tunnel = Tunnel::new(1, "10.1.0.0/16", "10.2.0.0/16");
    let options = Options {
        lifetime: Lifetime {
            soft_packets: 2,
            hard_packets: 4,
            ..Lifetime::UNLIMITED
        },
        ..Options::default()
    };
    let mut east = with_options(options);
    tunnel.install(&mut east, true).unwrap();
    let inner = packet("10.1.0.1", "10.2.0.1", 17, &[0; 16]);
    let mut told = Vec::new();
    for _ in 0..5 {
        let sent = send(&mut east, &inner).is_ok();
        let hard: Vec<bool> = east.expiries().map(|expiry| expiry.hard).collect();
        told.push((sent, hard));
    }
    let expected = [
        (true, vec![]),
        (true, vec![false]),
        (true, vec![]),
        (true, vec![true]),
        (false, vec![]),
    ];
    assert_eq!(told, expected);
    let counters = east.counters(ChildId::new(1)).unwrap();
    assert_eq!(counters.drops.get(DropReason::Expired), 1);
}

#[test]
fn transport_mode_is_installed_without_packets_where_those_cannot_pass() {
    let tunnel = Tunnel {
        mode: Mode::Transport,
        ..Tunnel::new(1, "192.0.2.1", "198.51.100.7")
    };
    let (mut east, _) = tunnel.pair();
    let mut west = with_options(Options {
        transport: false,
        ..Options::default()
    });
    tunnel.install(&mut west, false).unwrap();
    let inner = packet("192.0.2.1", "198.51.100.7", 17, &[0; 16]);
    let (_, datagram) = send(&mut east, &inner).unwrap();
    let dropped = receive(&mut west, &datagram, EAST, WEST).unwrap_err();
    assert_eq!(dropped.reason, DropReason::Transport);
    let back = packet("198.51.100.7", "192.0.2.1", 17, &[0; 16]);
    assert_eq!(send(&mut west, &back).unwrap_err(), DropReason::Transport);
    let counters = west.counters(ChildId::new(1)).unwrap();
    assert_eq!(counters.drops.get(DropReason::Transport), 2);
}

/// A TCP segment with 4 octets of data.
fn tcp_packet(source: &str, destination: &str, ports: (u16, u16), sequence: u32) -> Vec<u8> {
    let mut body = ports.0.to_be_bytes().to_vec();
    body.extend(ports.1.to_be_bytes());
    body.extend(sequence.to_be_bytes());
    body.extend([0, 0, 0, 0, 0x50, 0x10, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]);
    packet(source, destination, 6, &body)
}

/// [MS-IKEE] §3.12.4.1: told once until it is heard, and only where it is wanted
#[test]
fn a_segment_that_goes_out_again_is_told_of_unless_the_peer_has_answered() {
    let tunnel = Tunnel::new(1, "10.1.0.0/16", "10.2.0.0/16");
    let options = Options {
        hints: true,
        ..Options::default()
    };
    let mut east = with_options(options);
    let (mut plain, mut west) = tunnel.pair();
    tunnel.install(&mut east, true).unwrap();
    let said = |at: &mut Dataplane| at.hints().collect::<Vec<_>>();
    let there = tcp_packet("10.1.0.1", "10.2.0.1", (1000, 80), 1);
    let back = tcp_packet("10.2.0.1", "10.1.0.1", (80, 1000), 1);
    for _ in 0..3 {
        send(&mut plain, &there).unwrap();
        send(&mut east, &there).unwrap();
    }
    assert_eq!(said(&mut plain), []);
    let retransmission = (ChildId::new(1), Hint::Retransmission);
    assert_eq!(said(&mut east), [retransmission]);
    send(&mut east, &there).unwrap();
    assert_eq!(said(&mut east), [retransmission]);
    let (_, answer) = send(&mut west, &back).unwrap();
    receive(&mut east, &answer, WEST, EAST).unwrap();
    send(&mut east, &there).unwrap();
    assert_eq!(said(&mut east), []);
}
