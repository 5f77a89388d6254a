//! Negotiates with a responder over one UDP socket, tells what came of it, and hangs up.
//!
//! `initiator LOCAL REMOTE`, both as ADDRESS:PORT of the NAT-T port; `responder.rs` is the other side. No ESP is sent.

#![expect(clippy::print_stdout, reason = "an example talks")]

use std::error::Error;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use ikee::crypto::Random as _;
use ikee::doi::{EspProposal, Identity, IkeProposal};
use ikee::ext::{Extensions, Instant, PolicyId};
use ikee::fragmentation_v2::FragmentationV2;
use ikee::ikev2::{
    Authentication, Child, Config, Connection, Datagram, Endpoint, Event, Input, Outbox, Output,
    Ports, Remote,
};
use ikee::wire::marker;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// One connection; everything on the NAT-T port from the start.
fn config(local: SocketAddr, remote: SocketAddr) -> Outcome<Config> {
    let ports = |port| Ports {
        ike: port,
        nat_t: port,
    };
    let secret = b"the secret of the examples".to_vec().into();
    let (us, peer) = (
        Identity::parse("initiator.example")?,
        Identity::parse("responder.example")?,
    );
    let mut connection = Connection::new(
        PolicyId::new(1),
        "example",
        Authentication::psk(us, Some(peer), secret),
    );
    connection.local = Some(local.ip());
    connection.remote = Some(Remote {
        address: remote.ip(),
        ports: ports(remote.port()),
    });
    connection.proposals = vec![IkeProposal::parse("aes256gcm16-prfsha256-x25519")?];
    connection.children = vec![Child::new("net", vec![EspProposal::parse("aes256gcm16")?])];
    connection.start_on_nat_t = true;
    let mut config = Config::new(vec![connection]);
    config.ports = ports(local.port());
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
    let [local, remote] = arguments.as_slice() else {
        return Err("usage: initiator LOCAL REMOTE".into());
    };
    let (local, remote) = (local.parse()?, remote.parse()?);
    let socket = UdpSocket::bind(local)?;
    let mut endpoint = endpoint(config(local, remote)?)?;

    let start = clock();
    let now = || Instant::from_duration(clock() - start);
    let mut outbox = Outbox::new();
    endpoint.initiate(now(), PolicyId::new(1), local.ip(), &mut outbox)?;
    let mut buffer = [0; 65_535];
    loop {
        let mut hang_up = false;
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
                    hang_up = true;
                }
                Output::Event(Event::Failed { failure, .. }) => {
                    return Err(failure.to_string().into());
                }
                Output::Event(event) => println!("{event:?}"),
                Output::UpdateChild(_) | Output::UseChild(_) | Output::DeleteChild(_) => {}
            }
        }
        if hang_up {
            endpoint.shutdown(now(), &mut outbox);
            continue;
        }
        let Some(deadline) = endpoint.next_timeout().filter(|_| !endpoint.is_idle()) else {
            return Ok(());
        };
        let patience = deadline.at.since(now()).max(Duration::from_millis(1));
        socket.set_read_timeout(Some(patience))?;
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
    }
}

/// The driver's clock: any that does not run backwards will do.
#[expect(clippy::disallowed_methods, reason = "a driver has a clock")]
fn clock() -> Duration {
    use std::sync::OnceLock;
    static START: OnceLock<std::time::Instant> = OnceLock::new();
    START.get_or_init(std::time::Instant::now).elapsed()
}
