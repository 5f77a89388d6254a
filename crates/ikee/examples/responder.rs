//! Answers initiators over one UDP socket, and tells what came of it, until it is killed.
//!
//! `responder LOCAL`, as ADDRESS:PORT of the NAT-T port; `initiator.rs` is the other side. No ESP is received.

#![expect(clippy::print_stdout, reason = "an example talks")]

use std::error::Error;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use ikee::crypto::Random as _;
use ikee::doi::{EspProposal, Identity, IkeProposal};
use ikee::ext::{Extensions, Instant, PolicyId};
use ikee::fragmentation_v2::FragmentationV2;
use ikee::ikev2::{
    Authentication, Child, Config, Connection, Datagram, Endpoint, Input, Outbox, Output, Ports,
};
use ikee::wire::marker;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// One connection, for whoever knows the secret.
fn config(local: SocketAddr) -> Outcome<Config> {
    let secret = b"the secret of the examples".to_vec().into();
    let us = Identity::parse("responder.example")?;
    let mut connection = Connection::new(
        PolicyId::new(1),
        "example",
        Authentication::psk(us, None, secret),
    );
    connection.proposals = vec![IkeProposal::parse("aes256gcm16-prfsha256-x25519-ecp256")?];
    connection.children = vec![Child::new("net", vec![EspProposal::parse("aes256gcm16")?])];
    let mut config = Config::new(vec![connection]);
    config.ports = Ports {
        ike: local.port(),
        nat_t: local.port(),
    };
    Ok(config)
}

fn endpoint(config: Config) -> Outcome<Endpoint> {
    let mut seed = [0; 32];
    let random = ikee::rustcrypto::SystemRandom::new().fill(&mut seed);
    random.map_err(|_| "no randomness")?;
    let extensions = Extensions::none().with(FragmentationV2::new());
    let endpoint = Endpoint::new(config, ikee::rustcrypto::provider(), extensions, seed);
    Ok(endpoint.map_err(|_| "the provider lacks the least")?)
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [local] = arguments.as_slice() else {
        return Err("usage: responder LOCAL".into());
    };
    let local = local.parse()?;
    let socket = UdpSocket::bind(local)?;
    let mut endpoint = endpoint(config(local)?)?;

    let start = clock();
    let now = || Instant::from_duration(clock() - start);
    let mut outbox = Outbox::new();
    let mut buffer = [0; 65_535];
    loop {
        let patience = endpoint
            .next_timeout()
            .map(|deadline| deadline.at.since(now()));
        socket.set_read_timeout(patience.map(|time| time.max(Duration::from_millis(1))))?;
        match socket.recv_from(&mut buffer) {
            Ok((length, remote)) => {
                if let marker::Datagram::Ike(bytes) = marker::classify(&buffer[..length]) {
                    let datagram = Datagram {
                        local,
                        remote,
                        marker: true,
                        bytes,
                    };
                    endpoint.handle(now(), Input::Datagram(datagram), &mut outbox);
                }
            }
            Err(_) => endpoint.handle(now(), Input::Timeout, &mut outbox),
        }
        for output in outbox.drain() {
            match output {
                Output::Transmit(transmit) => {
                    socket.send_to(&transmit.bytes, transmit.remote)?;
                }
                Output::InstallChild(child) => {
                    println!(
                        "child SA {}: SPIs {:08x} {:08x}",
                        child.suite, child.inbound.spi, child.outbound.spi
                    );
                }
                Output::DeleteChild(child) => println!("{child:?} is gone"),
                Output::Event(event) => println!("{event:?}"),
                Output::UpdateChild(update) => println!("{update:?}"),
                Output::UseChild(child) => println!("{child:?} sends"),
            }
        }
    }
}

/// The driver's clock: any that does not run backwards will do.
#[expect(clippy::disallowed_methods, reason = "a driver has a clock")]
fn clock() -> Duration {
    use std::sync::OnceLock;
    static START: OnceLock<std::time::Instant> = OnceLock::new();
    START.get_or_init(std::time::Instant::now).elapsed()
}
