//! Which SA, which connection and which child a message is for ([MS-IKEE] §3.1.1), and on which ports it travels.

use std::net::SocketAddr;
use std::time::Duration;

use ike_ext::PolicyId;
use ikev1::{Child, Event, Ports, Selector};
use ipsec_doi::EspProposal;
use ipsec_doi::TrafficSelector;
use isakmp_wire::Message;

use crate::pair::{A, B, Pair, address, config, connection, psk};

/// [MS-IKEE] §2.1: messages of ISAKMP on port 500, unless configured otherwise.
#[test]
fn messages_travel_on_port_500() {
    let mut pair = Pair::new(config(A), config(B));
    pair.connect();
    pair.assert_joined(1);
    for it in &pair.crossed {
        assert_eq!((it.local.port(), it.remote.port()), (500, 500));
        assert!(Message::parse(&it.bytes).is_ok());
    }
}

/// [MS-IKEE] §2.1: without a NAT another port may carry IKE.
#[test]
fn messages_travel_on_another_port_that_is_configured() {
    let mut a = config(A);
    let ports = Ports {
        ike: 5500,
        nat_t: 4500,
    };
    a.ports = ports;
    a.connections[0].remote.as_mut().unwrap().ports = ports;
    let local = address(A);
    let mut pair = Pair::new(a, config(B));
    pair.call(A, |it, now, out| {
        it.initiate(now, PolicyId::new(1), local, out).unwrap()
    });
    let first = &pair.crossed[0];
    assert_eq!(first.local, SocketAddr::new(address(A), 5500));
    assert_eq!(first.remote, SocketAddr::new(address(B), 5500));
}

/// [MS-IKEE] §3.1.1: what is agreed is looked up by the two addresses: each peer gets its own connection.
#[test]
fn each_peer_gets_the_connection_for_its_address() {
    let mut b = config(B);
    let mut other = connection(B, psk(B));
    other.policy = PolicyId::new(2);
    other.remote.as_mut().unwrap().address = [192, 0, 2, 77].into();
    b.connections.insert(0, other);
    let mut pair = Pair::new(config(A), b);
    pair.connect();
    pair.assert_joined(1);
    let policy = pair.hosts[B].events.iter().find_map(|it| match it {
        Event::Established(it) => Some(it.policy),
        _ => None,
    });
    assert_eq!(policy, Some(PolicyId::new(1)));
}

/// [MS-IKEE] §3.1.1: traffic by addresses, ports and protocol: children that differ in the port alone.
#[test]
fn children_that_differ_in_the_port_are_told_apart() {
    let mut pair = Pair::changed(|side, it| {
        it.children = [80, 443]
            .map(|port| {
                let esp = EspProposal::parse("aes128-sha256").unwrap();
                let mut child = Child::new(format!("port {port}"), vec![esp]);
                let server = TrafficSelector::host(address(B)).with_ports(6, port, port);
                let client = TrafficSelector::host(address(A)).with_ports(6, 0, u16::MAX);
                let both = [client, server].map(Selector::Fixed);
                (child.local, child.remote) = (both[side], both[1 - side]);
                child.start = false;
                child
            })
            .into();
    });
    let sa = pair.connect();
    for index in [1, 0] {
        pair.call(A, |it, now, out| it.request_child(now, sa, index, out))
            .unwrap();
        pair.run(Duration::from_secs(1));
    }
    pair.assert_joined(2);
    let names: Vec<_> = pair.hosts[B].children.values().map(|it| &it.name).collect();
    assert_eq!(names, ["port 443", "port 80"]);
}
