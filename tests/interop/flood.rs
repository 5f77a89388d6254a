//! Floods of first messages from forged addresses, at our daemon and at strongSwan: whoever is there connects, and how
//! soon; and what it costs the responder.
//!
//! The attacker is a third namespace on a wire of its own to B, the clients have addresses of their own on A.
//! `IKEE_FLOOD=RATE,SECONDS` makes it another flood than that of 5,000 messages a second for 4 seconds.

use std::fmt::Write as _;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use ike_ext::{Extensions, PolicyId};
use ikee_dos::Dos;
use ikee_nat_t::NatT;
use ikee_tests::setup::ip;
use ipsec_doi::{EspProposal, Identity, TrafficSelector};
use isakmp_wire::marker::NON_ESP_MARKER;
use socket2::{Domain, Protocol, Socket, Type};

use crate::ikee::{Config, Ikee, PSK};
use crate::lab::{Family, Host, Lab, say, text};
use crate::peer::Peer;

/// Suites of the lab that cost a responder little, so that what is measured is the flood.
const IKE: &str = "aes128-sha256-ecp256";
const ESP: &str = "aes256-sha256";
const POLICY: PolicyId = PolicyId::new(1);

/// Clients that connect, again and again.
const CLIENTS: u8 = 4;
/// From the beginning of one try to the next one's.
const PAUSE: Duration = Duration::from_millis(250);
/// How long a try may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Without a flood, before and after it.
const PEACE: Duration = Duration::from_secs(1);

/// Which IKE.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Version {
    V1,
    V2,
}

/// An initiator.
enum Core {
    V1(Box<ikev1::Endpoint>, ikev1::Outbox),
    V2(Box<ikev2::Endpoint>, ikev2::Outbox),
}

/// What it wants, or tells.
enum Word {
    /// From, to, and what.
    Send(SocketAddr, SocketAddr, Vec<u8>),
    /// It has a child.
    Connected,
    Failed(String),
}

fn inner(host: Host) -> TrafficSelector {
    TrafficSelector::host(ip(host.inner(Family::V4)))
}

impl Core {
    /// One that has begun, with what this seed leads to.
    fn begin(version: Version, local: IpAddr, seed: [u8; 32]) -> Self {
        let [a, b] = [Host::A, Host::B].map(|it| Identity::fqdn(it.identity()));
        let (secret, server) = (PSK.as_bytes().to_vec(), ip(Family::V4.address_of_b()));
        let (now, provider) = (ike_ext::Instant::EPOCH, ike_rustcrypto::provider());
        let esp = vec![EspProposal::parse(ESP).expect("a suite")];
        match version {
            Version::V1 => {
                let authentication = ikev1::Authentication::psk(a, Some(b), secret.into());
                let mut connection = ikev1::Connection::new(POLICY, "client", authentication);
                connection.remote = Some(ikev1::Remote::new(server));
                let ike = ipsec_doi::v1::IkeProposal::parse(IKE).expect("a suite");
                connection.proposals = vec![ike];
                let mut child = ikev1::Child::new("net", esp);
                child.local = ikev1::Selector::Fixed(inner(Host::A));
                child.remote = ikev1::Selector::Fixed(inner(Host::B));
                connection.children = vec![child];
                let config = ikev1::Config::new(vec![connection]);
                let extensions = Extensions::none()
                    .with(NatT::new().with_forced(true))
                    .with(Dos::new());
                let endpoint = ikev1::Endpoint::new(config, provider, extensions, seed);
                let mut endpoint = Box::new(endpoint.expect("an endpoint"));
                let mut out = ikev1::Outbox::new();
                let begun = endpoint.initiate(now, POLICY, local, &mut out);
                begun.expect("a negotiation");
                Self::V1(endpoint, out)
            }
            Version::V2 => {
                let authentication = ikev2::Authentication::psk(a, Some(b), secret.into());
                let mut connection = ikev2::Connection::new(POLICY, "client", authentication);
                connection.remote = Some(ikev2::Remote::new(server));
                let ike = ipsec_doi::IkeProposal::parse(IKE).expect("a suite");
                connection.proposals = vec![ike];
                connection.force_encapsulation = true;
                let mut child = ikev2::Child::new("net", esp);
                child.local = ikev2::Selectors::Fixed(vec![inner(Host::A)]);
                child.remote = ikev2::Selectors::Fixed(vec![inner(Host::B)]);
                connection.children = vec![child];
                let config = ikev2::Config::new(vec![connection]);
                let endpoint = ikev2::Endpoint::new(config, provider, Extensions::none(), seed);
                let mut endpoint = Box::new(endpoint.expect("an endpoint"));
                let mut out = ikev2::Outbox::new();
                let begun = endpoint.initiate(now, POLICY, local, &mut out);
                begun.expect("a negotiation");
                Self::V2(endpoint, out)
            }
        }
    }

    fn receive(&mut self, now: ike_ext::Instant, ends: (SocketAddr, SocketAddr), bytes: &[u8]) {
        let (local, remote) = ends;
        let floated = local.port() == 4500;
        let behind = bytes.strip_prefix(&NON_ESP_MARKER).filter(|_| floated);
        let marker = behind.is_some();
        let bytes = behind.unwrap_or(bytes);
        match self {
            Self::V1(endpoint, out) => {
                let it = ikev1::Datagram {
                    local,
                    remote,
                    marker,
                    bytes,
                };
                endpoint.handle(now, ikev1::Input::Datagram(it), out);
            }
            Self::V2(endpoint, out) => {
                let it = ikev2::Datagram {
                    local,
                    remote,
                    marker,
                    bytes,
                };
                endpoint.handle(now, ikev2::Input::Datagram(it), out);
            }
        }
    }

    /// Lets it do what is due.
    fn tick(&mut self, now: ike_ext::Instant) {
        match self {
            Self::V1(endpoint, out) => {
                if endpoint.next_timeout().is_some_and(|it| it.at <= now) {
                    endpoint.handle(now, ikev1::Input::Timeout, out);
                }
            }
            Self::V2(endpoint, out) => {
                if endpoint.next_timeout().is_some_and(|it| it.at <= now) {
                    endpoint.handle(now, ikev2::Input::Timeout, out);
                }
            }
        }
    }

    fn end(&mut self, now: ike_ext::Instant) {
        match self {
            Self::V1(endpoint, out) => endpoint.shutdown(now, out),
            Self::V2(endpoint, out) => endpoint.shutdown(now, out),
        }
    }

    fn is_idle(&self) -> bool {
        match self {
            Self::V1(endpoint, _) => endpoint.is_idle(),
            Self::V2(endpoint, _) => endpoint.is_idle(),
        }
    }

    fn words(&mut self) -> Vec<Word> {
        match self {
            Self::V1(_, out) => out
                .drain()
                .filter_map(|it| match it {
                    ikev1::Output::Transmit(it) => Some(Word::Send(it.local, it.remote, it.bytes)),
                    ikev1::Output::InstallChild(_) => Some(Word::Connected),
                    ikev1::Output::Event(ikev1::Event::Failed { failure, .. }) => {
                        Some(Word::Failed(failure.to_string()))
                    }
                    _ => None,
                })
                .collect(),
            Self::V2(_, out) => out
                .drain()
                .filter_map(|it| match it {
                    ikev2::Output::Transmit(it) => Some(Word::Send(it.local, it.remote, it.bytes)),
                    ikev2::Output::InstallChild(_) => Some(Word::Connected),
                    ikev2::Output::Event(ikev2::Event::Failed { failure, .. }) => {
                        Some(Word::Failed(failure.to_string()))
                    }
                    _ => None,
                })
                .collect(),
        }
    }
}

/// One try of a client: when it began, and how long it took until it had a child, or why it has none.
type Try = (Instant, Result<Duration, String>);

/// Connects once, and hangs up.
fn connect(version: Version, sockets: &[UdpSocket; 2], seed: [u8; 32]) -> Try {
    let began = Instant::now();
    let now = || ike_ext::Instant::EPOCH + began.elapsed();
    let local = sockets[0].local_addr().expect("an address").ip();
    let mut core = Core::begin(version, local, seed);
    let mut result = None;
    let mut end = began + PATIENCE;
    loop {
        for word in core.words() {
            match word {
                Word::Send(from, to, bytes) => {
                    let port = usize::from(from.port() == 4500);
                    sockets[port].send_to(&bytes, to).expect("sent");
                }
                Word::Connected if result.is_none() => {
                    result = Some(Ok(began.elapsed()));
                    // so long the peer may take to say goodbye
                    end = Instant::now() + Duration::from_millis(500);
                    core.end(now());
                }
                Word::Connected => {}
                Word::Failed(why) => return (began, result.unwrap_or(Err(why))),
            }
        }
        let over = Instant::now() > end || (result.is_some() && core.is_idle());
        if over {
            // the last word is for the peer
            for word in core.words() {
                if let Word::Send(from, to, bytes) = word {
                    let port = usize::from(from.port() == 4500);
                    sockets[port].send_to(&bytes, to).expect("sent");
                }
            }
            let late = || Err(format!("not within {PATIENCE:?}"));
            return (began, result.unwrap_or_else(late));
        }
        for socket in sockets {
            let mut buffer = [0; 4096];
            if let Ok((length, remote)) = socket.recv_from(&mut buffer) {
                let local = socket.local_addr().expect("an address");
                core.receive(now(), (local, remote), &buffer[..length]);
            }
        }
        core.tick(now());
    }
}

/// Clients on A, each at an address of its own, that connect again and again until they are told to stop.
fn clients(lab: &Lab, version: Version, stop: &Arc<AtomicBool>) -> Vec<JoinHandle<Vec<Try>>> {
    let client = |n: u8| {
        let stop = Arc::clone(stop);
        lab.within(Host::A, move || {
            let address = IpAddr::from([10, 99, 0, 100 + n]);
            let sockets = [500, 4500].map(|port| {
                let socket = UdpSocket::bind((address, port)).expect("a socket");
                let patience = Some(Duration::from_millis(2));
                socket.set_read_timeout(patience).expect("a time-out");
                socket
            });
            let mut tries = Vec::new();
            sleep(PAUSE * u32::from(n) / u32::from(CLIENTS));
            for round in 0..u16::MAX {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let began = Instant::now();
                let mut seed = [n; 32];
                seed[..2].copy_from_slice(&round.to_be_bytes());
                tries.push(connect(version, &sockets, seed));
                sleep(PAUSE.saturating_sub(began.elapsed()));
            }
            tries
        })
    };
    (0..CLIENTS).map(client).collect()
}

/// The attacker's namespace, and its wire to B.
struct Attacker {
    name: String,
    victim: String,
}

impl Attacker {
    fn new(lab: &Lab) -> Self {
        let victim = lab.namespace(Host::B);
        let it = Self {
            name: format!("flood{}", std::process::id()),
            victim,
        };
        it.shell(
            "ip netns add $x
            ip link add flood netns $x type veth peer name flood netns $b
            ip -n $x addr add 192.0.2.2/30 dev flood
            ip -n $b addr add 192.0.2.1/30 dev flood
            ip -n $x link set flood up
            ip -n $b link set flood up
            ip -n $x route add default via 192.0.2.1
            ip -n $b route add 198.18.0.0/15 via 192.0.2.2
            ip netns exec $b sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.flood.rp_filter=0
            ip netns exec $x ping -c1 -W5 -q 192.0.2.1 >/dev/null",
        );
        for n in 0..CLIENTS {
            let address = format!("10.99.0.{}/24", 100 + n);
            let name = lab.namespace(Host::A);
            it.shell(&format!("ip -n {name} addr add {address} dev eth0"));
        }
        it
    }

    /// Runs a shell, with the namespaces' names as `$x` and `$b`.
    fn shell(&self, script: &str) -> String {
        let mut command = Command::new("sh");
        command.args(["-euc", script]).env("x", &self.name);
        let output = command.env("b", &self.victim).output().expect("a shell");
        let said = text(&output.stderr);
        assert!(output.status.success(), "{script}\n{said}");
        text(&output.stdout)
    }

    /// How many packets the victim has sent there.
    fn answers(&self) -> u64 {
        let path = "/sys/class/net/flood/statistics/rx_packets";
        let said = self.shell(&format!("ip netns exec $x cat {path}"));
        said.trim().parse().expect("a counter")
    }

    /// How many datagrams found the victim's sockets full.
    fn lost(&self) -> u64 {
        let said = self.shell("ip netns exec $b cat /proc/net/snmp");
        let mut lines = said.lines().filter_map(|it| it.strip_prefix("Udp: "));
        let (names, counts) = (lines.next().expect("names"), lines.next().expect("counts"));
        let mut both = names.split(' ').zip(counts.split(' '));
        let found = both.find(|it| it.0 == "RcvbufErrors").expect("the counter");
        found.1.parse().expect("a number")
    }

    /// Sends first messages, each from another address and with another SPI; how many.
    fn flood(&self, version: Version, rate: u32, length: Duration) -> JoinHandle<u64> {
        let name = fs::File::open(format!("/run/netns/{}", self.name)).expect("the namespace");
        std::thread::spawn(move || {
            rustix::thread::move_into_link_name_space(
                std::os::fd::AsFd::as_fd(&name),
                Some(rustix::thread::LinkNameSpaceType::Network),
            )
            .expect("entering the namespace");
            let protocol = Some(Protocol::from(RAW));
            let socket = Socket::new(Domain::IPV4, Type::RAW, protocol).expect("a raw socket");
            let to = SocketAddr::new(ip(Family::V4.address_of_b()), 0).into();
            let mut packet = packet(version);
            let (began, mut sent) = (Instant::now(), 0_u32);
            while began.elapsed() < length {
                let due = began.elapsed().as_secs_f64() * f64::from(rate);
                while f64::from(sent) < due {
                    forge(&mut packet, sent);
                    socket.send_to(&packet, &to).expect("sent");
                    sent += 1;
                }
                sleep(Duration::from_millis(1));
            }
            sent.into()
        })
    }
}

impl Drop for Attacker {
    fn drop(&mut self) {
        // its end of the wire goes with it, and so does the other
        let status = Command::new("ip")
            .args(["netns", "del", &self.name])
            .status();
        assert!(status.is_ok_and(|it| it.success()) || std::thread::panicking());
    }
}

/// The protocol of sockets that are given whole IPv4 packets.
const RAW: i32 = 255;
/// Octets of the headers of IPv4 and UDP.
const HEADERS: usize = 28;

/// A genuine first message in a packet.
fn packet(version: Version) -> Vec<u8> {
    let mut core = Core::begin(version, [198, 18, 0, 0].into(), [9; 32]);
    let words = core.words();
    let Some(Word::Send(_, _, message)) = words.into_iter().next() else {
        panic!("no first message")
    };
    let two = |it: usize| u16::try_from(it).expect("a length").to_be_bytes();
    let mut packet = vec![0x45, 0];
    packet.extend(two(HEADERS + message.len()));
    packet.extend([0, 0, 0, 0, 64, 17, 0, 0]);
    packet.extend([0; 4]);
    let Ok(victim) = Family::V4.address_of_b().parse::<Ipv4Addr>() else {
        panic!("an address")
    };
    packet.extend(victim.octets());
    packet.extend([500_u16, 500].map(u16::to_be_bytes).concat());
    packet.extend(two(HEADERS - 20 + message.len()));
    packet.extend([0, 0]);
    packet.extend(message);
    packet
}

/// Makes it come from an address of 198.18.0.0/15 and begin another SA.
fn forge(packet: &mut [u8], n: u32) {
    // coprime to the number of addresses, so each comes in its turn
    let address = 0xc612_0000 + (n.wrapping_mul(40_503) & 0x1_ffff);
    packet[12..16].copy_from_slice(&address.to_be_bytes());
    packet[HEADERS..HEADERS + 4].copy_from_slice(b"evil");
    packet[HEADERS + 4..HEADERS + 8].copy_from_slice(&n.to_be_bytes());
}

/// Who is flooded, on B.
enum Responder<'a> {
    Ours(&'a Ikee<'a>),
    StrongSwan(&'a Lab),
}

impl Responder<'_> {
    const fn name(&self) -> &'static str {
        match self {
            Self::Ours(_) => "ikee",
            Self::StrongSwan(_) => "strongSwan",
        }
    }

    /// What it holds in memory, in kB.
    fn memory(&self) -> u64 {
        let id = match self {
            Self::Ours(ikee) => ikee.id().to_string(),
            Self::StrongSwan(lab) => {
                let file = lab.run.join("ss-b/pid");
                fs::read_to_string(file).expect("its number")
            }
        };
        let status = fs::read_to_string(format!("/proc/{}/status", id.trim()));
        let status = status.expect("it runs");
        let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:"));
        let number = line.and_then(|it| it.split_whitespace().next());
        number.and_then(|it| it.parse().ok()).expect("a number")
    }

    /// How many SAs it has that are not established.
    fn half_open(&self) -> usize {
        match self {
            Self::Ours(ikee) => {
                let sas = ikee.sas();
                let stands = ["established", "closing", "replaced"];
                let open =
                    |it: &&serde_json::Value| !stands.iter().any(|state| it["state"] == *state);
                sas.iter().filter(open).count()
            }
            Self::StrongSwan(lab) => {
                let said = lab.script("strongswan-ctl.sh", &["b", "stats"], &[]);
                let mut words = said.split_whitespace();
                let mut last = "";
                let found = words.find_map(|it| {
                    let before = core::mem::replace(&mut last, it);
                    (it == "half-open").then_some(before)
                });
                found.and_then(|it| it.parse().ok()).expect("a number")
            }
        }
    }
}

/// What was seen.
struct Course {
    sent: u64,
    answered: u64,
    lost: u64,
    half_open: usize,
    /// Before the flood, at its first quarter, at most, and after it, in kB.
    memory: [u64; 4],
    /// Before, during and after it.
    tries: [Vec<Result<Duration, String>>; 3],
}

/// Floods a responder while clients connect.
fn run(
    lab: &Lab,
    attacker: &Attacker,
    version: Version,
    responder: &Responder<'_>,
    (rate, length): (u32, Duration),
) -> Course {
    let stop = Arc::new(AtomicBool::new(false));
    let clients = clients(lab, version, &stop);
    sleep(PEACE);
    let counters = (attacker.answers(), attacker.lost());
    let before = responder.memory();
    let began = Instant::now();
    let flood = attacker.flood(version, rate, length);
    sleep(length / 4);
    let early = responder.memory();
    let (mut most, mut half_open) = (early, 0);
    while !flood.is_finished() {
        sleep(length / 8);
        most = most.max(responder.memory());
        half_open = half_open.max(responder.half_open());
    }
    let ended = Instant::now();
    let sent = flood.join().expect("the attacker");
    sleep(PEACE);
    stop.store(true, Ordering::Relaxed);
    let mut tries = [const { Vec::new() }; 3];
    for client in clients {
        for (at, result) in client.join().expect("a client") {
            let phase = usize::from(at >= began) + usize::from(at >= ended);
            tries[phase].push(result);
        }
    }
    Course {
        sent,
        answered: attacker.answers() - counters.0,
        lost: attacker.lost() - counters.1,
        half_open,
        memory: [before, early, most, responder.memory()],
        tries,
    }
}

/// How many connected, and half of them, and all of them within which time.
fn times(tries: &[Result<Duration, String>]) -> (usize, Duration, Duration) {
    let mut took: Vec<Duration> = tries.iter().flatten().copied().collect();
    took.sort_unstable();
    let median = took.get(took.len() / 2).copied().unwrap_or_default();
    (took.len(), median, took.last().copied().unwrap_or_default())
}

/// A line of the table.
fn row(name: &str, course: &Course) -> String {
    let [before, during, after] = &course.tries;
    let mut line = format!(
        "| {name} | {} | {} | {} | {} |",
        course.sent, course.answered, course.lost, course.half_open
    );
    for phase in [before, during, after] {
        let (connected, median, longest) = times(phase);
        let ms = |it: Duration| it.as_secs_f64() * 1000.0;
        let (all, median, longest) = (phase.len(), ms(median), ms(longest));
        write!(line, " {connected}/{all}, {median:.1}, {longest:.0} |").expect("text");
    }
    let memory = course.memory.map(|it| format!("{:.1}", it as f64 / 1024.0));
    line + &format!(" {} |", memory.join(", "))
}

/// Everybody connects, always.
fn assert_connected(course: &Course) {
    let [before, during, after] = &course.tries;
    for (when, tries) in [("before", before), ("during", during), ("after", after)] {
        assert!(!tries.is_empty(), "nobody tried {when} the flood");
        let failed: Vec<_> = tries.iter().filter_map(|it| it.as_ref().err()).collect();
        assert!(failed.is_empty(), "{when}: {failed:?}");
    }
}

/// What our daemon has to stand, whatever the flood.
fn assert_bounded(course: &Course) {
    // 501, and those of the clients, of which some may have given up
    let most = 501 + 4 * usize::from(CLIENTS);
    assert!(course.half_open <= most, "{} half-open", course.half_open);
    let [before, early, most, _] = course.memory;
    for (from, more) in [(before, 16 << 10), (early, 4 << 10)] {
        assert!(most < from + more, "{from} kB, then {most} kB");
    }
    assert!(course.answered > 501, "only {} answers", course.answered);
}

/// A flood by the environment.
fn given() -> Option<String> {
    std::env::var("IKEE_FLOOD").ok()
}

/// That, or a short one.
fn strength() -> (u32, Duration) {
    let given = given();
    let given = given.as_deref().and_then(|it| it.split_once(','));
    let (rate, seconds) = given.unwrap_or(("5000", "4"));
    let rate = rate.parse().expect("messages a second");
    (rate, Duration::from_secs(seconds.parse().expect("seconds")))
}

fn compare(version: Version, ours: &Config, (scenario, env): (&str, &[(&str, &str)])) {
    let Some(lab) = Lab::two() else { return };
    let attacker = Attacker::new(&lab);
    let (rate, length) = strength();
    say(&format!(
        "{version:?}: {rate} first messages a second from as many addresses, for {length:?}\n\
         | responder | sent | answered | lost | half-open | before: connected/tried, median ms, longest ms | during | after \
         | MB before, early, most, after |"
    ));
    let strength = (rate, length);
    let ikee = Ikee::start(&lab, ours);
    let responder = Responder::Ours(&ikee);
    let course = run(&lab, &attacker, version, &responder, strength);
    say(&row(responder.name(), &course));
    assert_bounded(&course);
    // a flood can be so large that the cores have no time left
    if given().is_none() {
        assert_connected(&course);
    }
    let status = ikee.ask(&["status", "--json"]).expect("a status");
    let status: serde_json::Value = serde_json::from_str(&status).expect("JSON");
    assert_eq!(status["bugs"], 0);
    assert!(version == Version::V2 || status["protecting"] == true);
    ikee.stop();
    let _peer = Peer::start(&lab, scenario, Host::B, Family::V4, env);
    let responder = Responder::StrongSwan(&lab);
    let course = run(&lab, &attacker, version, &responder, strength);
    say(&row(responder.name(), &course));
}

/// What both are set up with.
const PEERS: [(&str, &str); 2] = [("PROPOSALS", IKE), ("LOG", "0")];

/// RFC 7296 §2.6; strongSwan asks for cookies from the second half-open SA on.
#[test]
fn ikev2_clients_connect_through_a_flood_from_forged_addresses() {
    let mut config = Config::responder().selecting(Family::V4);
    (config.proposals, config.esp) = (IKE.into(), ESP.into());
    config.log = "info";
    compare(Version::V2, &config, ("v2-cookie", &PEERS));
}

/// [MS-IKEE] §3.9, with the thresholds of note 29; strongSwan has no cookies in IKEv1.
#[test]
fn ikev1_clients_connect_through_a_flood_from_forged_addresses() {
    let mut config = Config::responder().v1();
    (config.proposals, config.esp) = (IKE.into(), ESP.into());
    config.sections = "[extensions.dos]".into();
    config.log = "info";
    compare(Version::V1, &config, ("v1-psk", &PEERS));
}
