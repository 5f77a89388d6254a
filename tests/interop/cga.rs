//! Main mode between two daemons over IPv6, both with a CGA; and peers whose address is not made of what they show
//! ([MS-IKEE] §3.4).

use std::fs::{self, File};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use ike_ext::{
    Context, Credential, Draft, Evidence, Extension, Extensions, Host, Instant, PolicyId, SaId,
    Stage, Trust,
};
use ikev1::{
    Authentication, Child as ChildConfig, Config, Connection, Datagram, Endpoint, Event, Input,
    Outbox, Output as Out, Remote,
};
use ipsec_doi::v1::IkeProposal;
use ipsec_doi::{EspProposal, Identity};
use isakmp_wire::OwnedPayload;
use isakmp_wire::v1::{AuthMethod, kind};
use isakmp_wire::vendor_id::IKE_CGA;

use crate::lab::{say, text, wait_for};
use crate::operator::lacking;

const PREFIX: &str = "2001:db8:cafe::/64";
const ELSEWHERE: &str = "2001:db8:beef::/64";

/// Two hosts on one wire, until it is dropped.
struct Wire {
    binary: PathBuf,
    folder: PathBuf,
}

impl Wire {
    fn new(binary: &Path) -> Self {
        let folder = std::env::temp_dir().join(format!("ikee-cga-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let wire = Self {
            binary: binary.canonicalize().expect("the program"),
            folder,
        };
        let [left, right] = ["left", "right"].map(namespace);
        for name in [&left, &right] {
            run("ip", &["netns", "add", name]);
        }
        let link = ["link", "add", "wire", "netns", &left, "type", "veth"];
        run(
            "ip",
            &[&link[..], &["peer", "name", "wire", "netns", &right]].concat(),
        );
        for (name, inner) in [(&left, "fd01::1/128"), (&right, "fd02::1/128")] {
            let dad = "net.ipv6.conf.wire.accept_dad=0";
            run("ip", &["netns", "exec", name, "sysctl", "-qw", dad]);
            run("ip", &["-n", name, "link", "set", "lo", "up"]);
            run("ip", &["-n", name, "link", "set", "wire", "up"]);
            run("ip", &["-n", name, "address", "add", inner, "dev", "lo"]);
            for net in [PREFIX, ELSEWHERE] {
                run("ip", &["-n", name, "route", "add", net, "dev", "wire"]);
            }
        }
        wire
    }

    fn ikee(&self, host: &str) -> Command {
        let mut command = Command::new("ip");
        command
            .args(["netns", "exec", &namespace(host)])
            .arg(&self.binary)
            .current_dir(&self.folder);
        command
    }

    fn address(&self, host: &str, address: Ipv6Addr) {
        let name = namespace(host);
        let address = format!("{address}/128");
        let add = ["-n", &name, "address", "add", &address, "dev", "wire"];
        run("ip", &[&add[..], &["nodad"]].concat());
    }

    /// Makes an address and gives it to the host.
    fn generate(&self, host: &str, name: &str) -> Made {
        let mut command = self.ikee(host);
        command.args(["cga", "generate", "--prefix", PREFIX, "--out", name]);
        let output = command.output().expect("the program runs");
        assert!(output.status.success(), "{}", text(&output.stderr));
        Made::read(&self.folder.join(name))
    }

    fn daemon(&self, host: &str, remote: &str, inner: [&str; 2]) -> Daemon<'_> {
        let [local, other] = inner;
        let config = format!(
            "[daemon]\ncontrol = \"{host}.sock\"\n[connections.peer]\nversion = \"ikev1\"\n{remote}remote_id = \"any\"\n\
             auth.cga = \"{host}-cga.toml\"\n[connections.peer.children.net]\nlocal = [\"{local}\"]\nremote = [\"{other}\"]\n"
        );
        let file = self.folder.join(format!("{host}.toml"));
        fs::write(file, config).expect("the configuration");
        let log = File::create(self.folder.join(format!("{host}.log"))).expect("the log");
        let mut command = self.ikee(host);
        command.args(["daemon", "-c", &format!("{host}.toml"), "--log", "debug"]);
        let logged = log.try_clone().expect("the log");
        let process = command.stdout(log).stderr(logged).stdin(Stdio::null());
        let daemon = Daemon {
            wire: self,
            host: host.to_owned(),
            process: process.spawn().expect("the daemon"),
        };
        let socket = self.folder.join(format!("{host}.sock"));
        wait_for(20, &format!("its socket:\n{}", daemon.log()), || {
            socket.exists()
        });
        daemon
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        for host in ["left", "right"] {
            run("ip", &["netns", "delete", &namespace(host)]);
        }
        drop(fs::remove_dir_all(&self.folder));
    }
}

/// Names are this process's own.
fn namespace(host: &str) -> String {
    format!("cga{}-{host}", std::process::id())
}

fn run(program: &str, arguments: &[&str]) -> Output {
    let output = Command::new(program).args(arguments).output();
    let output = output.expect("it can be run");
    let failed = !output.status.success() && !std::thread::panicking();
    assert!(!failed, "{arguments:?}: {}", text(&output.stderr));
    output
}

/// A daemon that ends when it is dropped.
struct Daemon<'a> {
    wire: &'a Wire,
    host: String,
    process: Child,
}

impl Daemon<'_> {
    fn log(&self) -> String {
        let path = self.wire.folder.join(format!("{}.log", self.host));
        fs::read_to_string(path).unwrap_or_default()
    }

    fn ask(&self, arguments: &[&str]) -> Output {
        let mut command = self.wire.ikee(&self.host);
        let socket = format!("{}.sock", self.host);
        let output = command.args(arguments).args(["-s", &socket]).output();
        output.expect("the program runs")
    }
}

impl Drop for Daemon<'_> {
    fn drop(&mut self) {
        // `ip netns exec` has become the daemon
        let pid = rustix::process::Pid::from_child(&self.process);
        let told = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        assert!(told.is_ok() || std::thread::panicking());
        drop(self.process.wait());
    }
}

/// What `ikee cga generate` has made.
#[derive(Clone)]
struct Made {
    address: Ipv6Addr,
    modifier: [u8; 16],
    key: Vec<u8>,
    certificate: Vec<u8>,
}

impl Made {
    fn read(name: &Path) -> Self {
        let file = |ending: &str| name.with_extension(ending);
        let toml = fs::read_to_string(file("toml")).expect("the file");
        let value = |key: &str| {
            let line = toml.lines().find(|it| it.starts_with(key));
            let value = line.and_then(|it| it.split('"').nth(1));
            value.expect("the key").to_owned()
        };
        let modifier = u128::from_str_radix(&value("modifier"), 16).expect("a modifier");
        let certificates = ike_x509::certificates(&file("crt")).expect("a certificate");
        Self {
            address: value("address").parse().expect("an address"),
            modifier: modifier.to_be_bytes(),
            key: fs::read(file("key")).expect("the key"),
            certificate: certificates[0].der().to_vec(),
        }
    }

    fn identity(&self, collisions: u8) -> Vec<u8> {
        [&[0xfa, 0, 0, 0][..], &self.modifier, &[collisions]].concat()
    }
}

/// An initiator that says what it is told to, from any address.
#[derive(Clone)]
struct Liar {
    from: Ipv6Addr,
    identity: Vec<u8>,
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Liar {
    /// It tells the truth.
    fn honest(made: &Made) -> Self {
        Self {
            from: made.address,
            identity: made.identity(0),
            certificate: made.certificate.clone(),
            key: made.key.clone(),
        }
    }

    /// Negotiates with the responder, where this must run; whether an SA came of it.
    fn succeeds_with(self, responder: Ipv6Addr) -> bool {
        let local = IpAddr::V6(self.from);
        let socket = UdpSocket::bind((local, 500)).expect("a socket");
        let patience = Some(Duration::from_secs(5));
        socket.set_read_timeout(patience).expect("a time-out");
        let key = ike_x509::private_key(&self.key, ike_rustcrypto::provider()).expect("a key");
        let own = Identity::address(local);
        let authentication = Authentication::brought(AuthMethod::CGA, key, own, None);
        let policy = PolicyId::new(1);
        let mut connection = Connection::new(policy, "liar", authentication);
        connection.remote = Some(Remote::new(responder.into()));
        connection.proposals = vec![IkeProposal::parse("aes256-sha256-ecp256").expect("a suite")];
        let suite = EspProposal::parse("aes128gcm16").expect("a suite");
        connection.children = vec![ChildConfig::new("net", vec![suite])];
        let extensions = Extensions::none().with(Script(self));
        let provider = ike_rustcrypto::provider();
        let endpoint = Endpoint::new(Config::new(vec![connection]), provider, extensions, [7; 32]);
        let mut endpoint = endpoint.expect("an endpoint");
        let mut out = Outbox::new();
        endpoint
            .initiate(Instant::EPOCH, policy, local, &mut out)
            .expect("a negotiation");
        let mut buffer = [0; 4096];
        loop {
            for output in out.drain() {
                match output {
                    Out::Transmit(it) => {
                        socket.send_to(&it.bytes, it.remote).expect("it is sent");
                    }
                    Out::Event(Event::Established(_)) => return true,
                    Out::Event(Event::Failed { .. }) => return false,
                    _ => {}
                }
            }
            // silence is a refusal, too
            let Ok((len, from)) = socket.recv_from(&mut buffer) else {
                return false;
            };
            let datagram = Datagram {
                local: SocketAddr::new(local, 500),
                remote: from,
                marker: false,
                bytes: &buffer[..len],
            };
            endpoint.handle(Instant::EPOCH, Input::Datagram(datagram), &mut out);
        }
    }
}

/// The liar's extension.
struct Script(Liar);

impl core::fmt::Debug for Script {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Script")
    }
}

impl Extension for Script {
    fn name(&self) -> &'static str {
        "script"
    }

    fn on_outgoing(&mut self, _: &mut Context<'_>, _: SaId, draft: &mut Draft<'_>) {
        if draft.stage() == Stage::main_mode(1) {
            draft.vendor_id(&IKE_CGA);
        }
    }

    fn credential(&mut self) -> Option<&mut dyn Credential> {
        Some(self)
    }
}

impl Credential for Script {
    fn method(&self) -> AuthMethod {
        AuthMethod::CGA
    }

    fn serves(&self, _: &dyn Host, _: SaId) -> bool {
        true
    }

    fn identity(&mut self, _: &dyn Host, _: SaId) -> Option<OwnedPayload> {
        Some(OwnedPayload::new(kind::ID, self.0.identity.clone()))
    }

    fn certificate(&mut self, _: &dyn Host, _: SaId) -> Option<OwnedPayload> {
        let body = [&[4], &self.0.certificate[..]].concat();
        Some(OwnedPayload::new(kind::CERT, body))
    }

    fn trust(&mut self, _: &mut Context<'_>, _: SaId, _: &Evidence<'_>) -> Trust {
        Trust::Accept
    }
}

/// What each liar says, and a part of the reason that the responder gives.
fn lies(good: &Made, other: &Made) -> Vec<(&'static str, Liar, &'static str)> {
    const HASH1: &str = "(Hash1)";
    let honest = || Liar::honest(good);
    let moved = |bits: u128| Ipv6Addr::from_bits(good.address.to_bits() ^ bits);
    let mut modifier = honest();
    modifier.identity[4] ^= 1;
    let mut collisions = honest();
    collisions.identity = good.identity(3);
    let mut key = honest();
    (key.key, key.certificate) = (other.key.clone(), other.certificate.clone());
    let mut prefix = honest();
    prefix.from = moved(u128::from(0xcafe_u16 ^ 0xbeef) << 80);
    let mut sec = honest();
    // sec 1 becomes 3
    sec.from = moved(2 << 61);
    vec![
        ("a wrong modifier", modifier, HASH1),
        ("a wrong prefix", prefix, HASH1),
        ("a wrong key", key, HASH1),
        ("collision count 3", collisions, "collision count"),
        ("a sec that was not searched for", sec, "(Hash2)"),
    ]
}

/// [MS-IKEE] §3.4.4.1 to §3.4.5.6, over real sockets.
#[test]
fn two_hosts_prove_their_addresses_and_liars_are_refused_with_the_reason() {
    let binary = std::env::var_os("IKEE_BIN").map(PathBuf::from);
    let (None, Some(binary)) = (lacking(binary.as_deref()), &binary) else {
        let why = lacking(binary.as_deref()).unwrap_or_default();
        return say(&format!("skipped: main mode between CGAs: {why}"));
    };
    let wire = Wire::new(binary);
    let left = wire.generate("left", "left-cga");
    let right = wire.generate("right", "right-cga");
    wire.address("left", left.address);
    wire.address("right", right.address);
    let inner = ["fd01::1/128", "fd02::1/128"];
    let server = wire.daemon("right", "", [inner[1], inner[0]]);
    for (what, liar, reason) in lies(&left, &right) {
        if liar.from != left.address {
            wire.address("left", liar.from);
        }
        let before = server.log().len();
        assert!(!within("left", move || liar.succeeds_with(right.address)));
        wait_for(5, &format!("{what} refused in\n{}", server.log()), || {
            server.log()[before..].contains(reason)
        });
    }
    assert!(!text(&server.ask(&["status"]).stdout).contains("established"));

    let remote = format!("remote = \"{}\"\n", right.address);
    let client = wire.daemon("left", &remote, inner);
    let up = client.ask(&["up", "peer"]);
    assert!(
        up.status.success(),
        "{}\n{}\n{}",
        text(&up.stderr),
        client.log(),
        server.log()
    );
    let ping = [
        "ping", "-6", "-c", "3", "-W", "2", "-I", "fd01::1", "fd02::1",
    ];
    let name = namespace("left");
    let ping = run("ip", &[&["netns", "exec", &name][..], &ping].concat());
    assert!(text(&ping.stdout).contains(" 0% packet loss"));
    for daemon in [&client, &server] {
        let status = text(&daemon.ask(&["status", "--json"]).stdout);
        assert!(status.contains(&left.address.to_string()), "{status}");
        assert!(status.contains(&right.address.to_string()), "{status}");
    }
}

/// Runs something in a host's network.
fn within<T: Send + 'static>(host: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
    let path = Path::new("/run/netns").join(namespace(host));
    let namespace = File::open(path).expect("the namespace");
    let thread = std::thread::spawn(move || {
        rustix::thread::move_into_link_name_space(
            std::os::fd::AsFd::as_fd(&namespace),
            Some(rustix::thread::LinkNameSpaceType::Network),
        )
        .expect("entering the namespace");
        work()
    });
    thread.join().expect("it ends")
}
