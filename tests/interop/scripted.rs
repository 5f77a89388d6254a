//! A client whose every configuration attribute the test writes, over real sockets.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use ike_ext::{Attributes, Context, Extension, Extensions, Host as View, Instant, PolicyId, SaId};
use ikev2::{
    Authentication, Child, Config, Connection, Datagram, Endpoint, Event, Input, Outbox, Output,
    Remote, Selectors,
};
use ipsec_doi::{EspProposal, Identity, IkeProposal, TrafficSelector};
use isakmp_wire::marker;
use isakmp_wire::v2::{CfgAttribute, OwnedCfgAttr};

use crate::ikee::PSK;
use crate::lab::{Family, Host};

/// An attribute: its number and its value.
pub(crate) type Attribute = (u16, Vec<u8>);

/// Asks for what it is told to, word for word, and keeps what it hears.
#[derive(Debug)]
struct Script {
    asks: Vec<Attribute>,
    hears: Vec<Attribute>,
}

impl Extension for Script {
    fn name(&self) -> &'static str {
        "script"
    }

    fn attributes(&mut self) -> Option<&mut dyn Attributes> {
        Some(self)
    }
}

impl Attributes for Script {
    fn request(&mut self, _: &dyn View, _: SaId, out: &mut Vec<OwnedCfgAttr>) {
        out.extend(self.asks.iter().map(|(kind, value)| OwnedCfgAttr {
            kind: CfgAttribute::new(*kind),
            value: value.clone(),
        }));
    }

    fn reply(&mut self, _: &dyn View, _: SaId, _: CfgAttribute, _: &mut Vec<OwnedCfgAttr>) {}

    fn learned(&mut self, _: &mut Context<'_>, _: SaId, kind: CfgAttribute, value: &[u8]) {
        self.hears.push((kind.get(), value.to_vec()));
    }
}

const POLICY: PolicyId = PolicyId::new(1);

fn config(family: Family) -> Config {
    let identity = |host: Host| Identity::parse(host.identity()).expect("an identity");
    let authentication = Authentication::psk(
        identity(Host::A),
        Some(identity(Host::B)),
        PSK.as_bytes().to_vec().into(),
    );
    let mut connection = Connection::new(POLICY, "script", authentication);
    connection.remote = Some(Remote::new(address(family.address_of_b())));
    connection.proposals = vec![IkeProposal::parse("aes256-sha256-modp2048").expect("a suite")];
    connection.addressing.request_v4 = true;
    connection.force_encapsulation = true;
    let suite = EspProposal::parse("aes128gcm16").expect("a suite");
    let mut child = Child::new("net", vec![suite]);
    child.remote = Selectors::Fixed(vec![TrafficSelector::any_v4(), TrafficSelector::any_v6()]);
    connection.children = vec![child];
    Config::new(vec![connection])
}

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

/// For IKE, and for IKE behind a marker.
fn sockets(local: IpAddr) -> [UdpSocket; 2] {
    [500, 4500].map(|port| {
        let socket = UdpSocket::bind((local, port)).expect("a socket");
        let patience = Some(Duration::from_millis(20));
        socket.set_read_timeout(patience).expect("a time-out");
        socket
    })
}

/// Begins a negotiation from A, where this must run, that nobody goes on with.
pub(crate) fn leave_half_open(family: Family) {
    let local = address(family.address_of_a());
    let sockets = sockets(local);
    let provider = ike_rustcrypto::provider();
    let endpoint = Endpoint::new(config(family), provider, Extensions::none(), [8; 32]);
    let mut endpoint = endpoint.expect("an endpoint");
    let mut out = Outbox::new();
    endpoint
        .initiate(Instant::EPOCH, POLICY, local, &mut out)
        .expect("a negotiation");
    carry_out(&mut out, &sockets);
    let patience = Some(Duration::from_secs(5));
    sockets[0].set_read_timeout(patience).expect("a time-out");
    let answer = sockets[0].recv_from(&mut [0; 4096]);
    answer.expect("an answer");
}

/// Negotiates from A, where this must run, and returns what the server told.
pub(crate) fn ask(asks: Vec<Attribute>) -> Vec<Attribute> {
    let local = address(Family::V4.address_of_a());
    let sockets = sockets(local);
    let script = Script {
        asks,
        hears: Vec::new(),
    };
    let extensions = Extensions::none().with(script);
    let provider = ike_rustcrypto::provider();
    let mut endpoint =
        Endpoint::new(config(Family::V4), provider, extensions, [7; 32]).expect("an endpoint");
    let mut out = Outbox::new();
    let began = std::time::Instant::now();
    let now = |began: std::time::Instant| Instant::EPOCH + began.elapsed();
    endpoint
        .initiate(now(began), POLICY, local, &mut out)
        .expect("a negotiation");
    while !carry_out(&mut out, &sockets) {
        assert!(began.elapsed() < Duration::from_secs(10), "no SA");
        for socket in &sockets {
            let mut buffer = [0; 4096];
            if let Ok((length, remote)) = socket.recv_from(&mut buffer) {
                let bytes = buffer.get(..length).unwrap_or_default();
                let local = socket.local_addr().expect("an address");
                let input = datagram(local, remote, bytes);
                endpoint.handle(now(began), Input::Datagram(input), &mut out);
            }
        }
    }
    endpoint.shutdown(now(began), &mut out);
    carry_out(&mut out, &sockets);
    let script = endpoint.extensions().get::<Script>();
    script.expect("the script").hears.clone()
}

fn datagram(local: SocketAddr, remote: SocketAddr, bytes: &[u8]) -> Datagram<'_> {
    let behind = bytes.strip_prefix(&marker::NON_ESP_MARKER);
    Datagram {
        local,
        remote,
        marker: local.port() == 4500 && behind.is_some(),
        bytes: behind.filter(|_| local.port() == 4500).unwrap_or(bytes),
    }
}

/// Sends what is to be sent; true once both sides are authenticated.
fn carry_out(out: &mut Outbox, sockets: &[UdpSocket; 2]) -> bool {
    let mut established = false;
    for output in out.drain() {
        match output {
            Output::Transmit(it) => {
                let socket = sockets
                    .iter()
                    .find(|socket| socket.local_addr().is_ok_and(|at| at == it.local))
                    .expect("a socket of that port");
                socket.send_to(&it.bytes, it.remote).expect("sent");
            }
            Output::Event(Event::Failed { failure, .. }) => panic!("{failure}"),
            Output::InstallChild(_) => established = true,
            _ => {}
        }
    }
    established
}
