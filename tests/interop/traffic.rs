//! What passes through the tunnel.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use crate::ikee::{Config, Ikee};
use crate::lab::{Family, Host, Lab};
use crate::peer::Peer;

/// Octets of a transfer.
const LENGTH: usize = 10_000_000;
const PATIENCE: Option<Duration> = Some(Duration::from_secs(30));

/// Octets that are the same nowhere: a linear congruential generator.
fn content() -> Vec<u8> {
    let mut state = 0x6b65_6565_u32;
    (0..LENGTH)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        })
        .collect()
}

/// Sends from `from` to the other host and compares what arrives.
fn transfer(lab: &Lab, from: Host, family: Family) {
    let address = |host: Host| -> IpAddr { host.inner(family).parse().expect("an address") };
    let (source, target) = (address(from), address(from.other()));
    let (ready, is_ready) = std::sync::mpsc::channel::<SocketAddr>();
    let receiver = lab.within(from.other(), move || {
        let listener = TcpListener::bind((target, 0)).expect("a socket");
        ready
            .send(listener.local_addr().expect("its address"))
            .expect("the test waits");
        let (mut stream, peer) = listener.accept().expect("a connection");
        assert_eq!(peer.ip(), source, "the connection is the tunnel's");
        stream.set_read_timeout(PATIENCE).expect("a timeout");
        let mut got = Vec::with_capacity(LENGTH);
        stream.read_to_end(&mut got).expect("the octets");
        stream.write_all(b"done").expect("the answer");
        got
    });
    let target = is_ready.recv().expect("the receiver listens");
    let sender = lab.within(from, move || {
        let mut stream = TcpStream::connect(target).expect("a connection");
        stream.set_read_timeout(PATIENCE).expect("a timeout");
        stream.write_all(&content()).expect("sending");
        stream.shutdown(Shutdown::Write).expect("the end");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the answer");
        answer
    });
    assert_eq!(sender.join().expect("the sender"), "done");
    let got = receiver.join().expect("the receiver");
    assert_eq!(got.len(), LENGTH);
    assert!(got == content(), "the octets differ");
}

#[test]
fn ten_megabytes_of_tcp_pass_intact_in_both_directions() {
    let Some(lab) = Lab::two() else { return };
    let peer = Peer::start(&lab, "v2-psk", Host::B, Family::V4, &[]);
    let ikee = Ikee::start(&lab, &Config::initiator(Family::V4));
    ikee.up();
    peer.assert_up();
    transfer(&lab, Host::A, Family::V4);
    transfer(&lab, Host::B, Family::V6);
    let sa = ikee.sa();
    for direction in ["inbound", "outbound"] {
        let octets = sa["children"][0][direction]["octets"].as_u64();
        assert!(
            octets.is_some_and(|octets| octets > 10_000_000),
            "it went through our SAs: {sa:#}"
        );
    }
    ikee.stop();
}
