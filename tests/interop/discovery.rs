//! Negotiation discovery with real TCP connections ([MS-IKEE] §4.1): `ikee` on two hosts, and a third one that does not
//! speak IPsec.
//!
//! Each host has two network namespaces. Its applications have the TUN device `inner` and nothing else; the wire has the
//! daemon's sockets and the TUN device `outer`, where packets in clear leave and arrive. The daemon alone joins them, so
//! the counters of `outer` are the packets in clear, all of them.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::lab::{say, text};

const PORT: u16 = 8080;

/// Three hosts; A is joined to B and to C.
struct Hosts {
    prefix: String,
    folder: PathBuf,
    binary: PathBuf,
    /// The daemons of A and B.
    daemons: Vec<(&'static str, Child)>,
}

impl Hosts {
    /// With these words of discovery on A and on B; `None` where that is not possible.
    fn new(test: &str, on_a: &str, on_b: &str) -> Option<Self> {
        let binary = std::env::var_os("IKEE_BIN").map(PathBuf::from);
        let why = if !rustix::process::geteuid().is_root() {
            Some("network namespaces need the superuser")
        } else if !Path::new("/dev/net/tun").exists() {
            Some("no TUN devices here")
        } else if binary.is_none() {
            Some("IKEE_BIN is not set; `cargo xtask interop` runs these tests")
        } else {
            None
        };
        if let Some(why) = why {
            say(&format!("skipped: discovery: {why}"));
            return None;
        }
        let prefix = format!("disc{}{test}", std::process::id() % 10_000);
        let folder = std::env::temp_dir().join(&prefix);
        fs::create_dir_all(&folder).expect("a folder");
        let mut hosts = Self {
            prefix,
            folder,
            binary: binary?.canonicalize().expect("the program"),
            daemons: Vec::new(),
        };
        hosts.wires();
        hosts.start("a", &config("a", on_a));
        hosts.start("b", &config("b", on_b));
        Some(hosts)
    }

    fn namespace(&self, name: &str) -> String {
        format!("{}-{name}", self.prefix)
    }

    /// Runs a shell, where `$ns` is the prefix of the namespaces' names.
    fn shell(&self, script: &str) -> String {
        let output = Command::new("sh")
            .args(["-euc", script])
            .env("ns", &self.prefix)
            .output()
            .expect("a shell");
        assert!(
            output.status.success(),
            "{script}\n{}{}",
            text(&output.stdout),
            text(&output.stderr)
        );
        text(&output.stdout)
    }

    /// The wires: A's eth0 to B, A's eth1 to C.
    fn wires(&self) {
        self.shell(
            "for it in a a-app b b-app c; do
                ip netns add $ns-$it
                # its solicitations are packets, too
                ip netns exec $ns-$it sysctl -qw net.ipv6.conf.all.disable_ipv6=1
                ip netns exec $ns-$it sysctl -qw net.ipv6.conf.default.disable_ipv6=1
                ip -n $ns-$it link set lo up
            done
            ip link add eth0 netns $ns-a type veth peer name eth0 netns $ns-b
            ip link add eth1 netns $ns-a type veth peer name eth0 netns $ns-c
            ip -n $ns-a addr add 192.0.2.1/24 dev eth0
            ip -n $ns-b addr add 192.0.2.2/24 dev eth0
            ip -n $ns-a addr add 198.51.100.1/24 dev eth1
            ip -n $ns-c addr add 198.51.100.3/24 dev eth0
            ip -n $ns-c addr add 10.3.0.1/32 dev lo
            for it in a b c; do ip -n $ns-$it link set eth0 up; done
            ip -n $ns-a link set eth1 up
            for it in a b; do
                ip netns exec $ns-$it sysctl -qw net.ipv4.ip_forward=1
                ip netns exec $ns-$it sysctl -qw net.ipv4.conf.all.rp_filter=0
                ip netns exec $ns-$it sysctl -qw net.ipv4.conf.default.rp_filter=0
            done
            ip -n $ns-a route add 10.2.0.1 via 192.0.2.2
            ip -n $ns-a route add 10.3.0.1 via 198.51.100.3
            ip -n $ns-b route add 10.1.0.1 via 192.0.2.1
            ip -n $ns-c route add 10.1.0.1 via 198.51.100.1",
        );
    }

    /// Starts a daemon and gives its device to the host's applications.
    fn start(&mut self, host: &'static str, config: &str) {
        let file = self.folder.join(format!("{host}.toml"));
        fs::write(&file, config).expect("the configuration");
        let log = File::create(self.folder.join(format!("{host}.log"))).expect("the log");
        let daemon = Command::new("ip")
            .args(["netns", "exec", &self.namespace(host)])
            .arg(&self.binary)
            .args(["daemon", "--log", "debug", "-c"])
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the daemon");
        self.daemons.push((host, daemon));
        let there = || self.try_ikee(host, &["list"]).is_ok();
        self.wait(&format!("the daemon of {host}"), there);
        let address = address(host);
        self.shell(&format!(
            "ip -n $ns-{host} link set inner netns $ns-{host}-app
            ip -n $ns-{host}-app addr add {address}/32 dev inner
            ip -n $ns-{host}-app link set inner up
            ip -n $ns-{host}-app route add default dev inner src {address}
            ip -n $ns-{host} route add {address} dev outer"
        ));
    }

    fn try_ikee(&self, host: &str, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new("ip")
            .args(["netns", "exec", &self.namespace(host)])
            .arg(&self.binary)
            .args(arguments)
            .env("IKEE_SOCKET", self.folder.join(format!("{host}.sock")))
            .output()
            .expect("ikee");
        let said = text(&output.stdout);
        if output.status.success() {
            Ok(said)
        } else {
            Err(said + &text(&output.stderr))
        }
    }

    /// How many children stand on a host.
    fn children(&self, host: &str) -> usize {
        let status = self.try_ikee(host, &["status", "--json"]);
        status.map_or(0, |it| it.matches("\"outbound\"").count())
    }

    /// Packets in clear so far: those that left a host, and those that arrived there.
    fn in_clear(&self, host: &str) -> (u64, u64) {
        let counter = |which: &str| -> u64 {
            let path = format!("/sys/class/net/outer/statistics/{which}_packets");
            let said = self.shell(&format!("ip netns exec $ns-{host} cat {path}"));
            said.trim().parse().expect("a counter")
        };
        // what the kernel receives from the device is what the daemon has sent
        (counter("rx"), counter("tx"))
    }

    /// Waits for something that must happen.
    fn wait(&self, what: &str, done: impl Fn() -> bool) {
        let patience = Instant::now() + Duration::from_secs(30);
        while !done() {
            assert!(
                Instant::now() < patience,
                "{what}: in vain\n{}",
                self.logs()
            );
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn logs(&self) -> String {
        let log = |host| fs::read_to_string(self.folder.join(format!("{host}.log")));
        format!(
            "--- a\n{}\n--- b\n{}",
            log("a").unwrap_or_default(),
            log("b").unwrap_or_default()
        )
    }

    /// Runs `work` on a thread of its own in a namespace.
    fn within<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> JoinHandle<T> {
        let path = Path::new("/run/netns").join(self.namespace(name));
        let namespace = File::open(path).expect("the namespace");
        thread::spawn(move || {
            move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))
                .expect("entering the namespace");
            work()
        })
    }

    /// A server that gives back what it gets, to one client.
    fn echo(&self, name: &str) {
        let listening = self.within(name, || TcpListener::bind(("0.0.0.0", PORT)));
        let listener = listening.join().expect("the thread").expect("the port");
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            let mut octets = [0; 512];
            while let Ok(count @ 1..) = stream.read(&mut octets) {
                if stream.write_all(&octets[..count]).is_err() {
                    break;
                }
            }
        });
    }

    /// A connection from A's application, and how long it took.
    fn connect(&self, host: &str) -> (TcpStream, Duration) {
        let to: SocketAddr = format!("{}:{PORT}", address(host))
            .parse()
            .expect("an address");
        let begun = Instant::now();
        let patience = Duration::from_secs(20);
        let connected = self.within("a-app", move || TcpStream::connect_timeout(&to, patience));
        let stream = connected.join().expect("the thread");
        let stream = stream.unwrap_or_else(|error| panic!("{error}\n{}", self.logs()));
        stream.set_nodelay(true).expect("no delay");
        let patience = Some(Duration::from_secs(20));
        stream.set_read_timeout(patience).expect("a time-out");
        (stream, begun.elapsed())
    }

    /// Sends a line, and waits for it to come back.
    fn exchange(&self, stream: &mut TcpStream) {
        let mut answer = [0; 6];
        let done = stream
            .write_all(b"hello\n")
            .and_then(|()| stream.read_exact(&mut answer));
        if let Err(error) = done {
            panic!("the connection broke: {error}\n{}", self.logs());
        }
        assert_eq!(&answer, b"hello\n");
    }

    /// Lines for a while.
    fn talk(&self, stream: &mut TcpStream, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.exchange(stream);
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Ends a daemon without a farewell.
    fn kill(&mut self, host: &str) {
        for (_, daemon) in self.daemons.iter_mut().filter(|(it, _)| *it == host) {
            daemon.kill().expect("it ends");
            daemon.wait().expect("it has ended");
        }
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        for (_, daemon) in &mut self.daemons {
            drop(daemon.kill());
            drop(daemon.wait());
        }
        for name in ["a", "a-app", "b", "b-app", "c"] {
            let name = self.namespace(name);
            drop(Command::new("ip").args(["netns", "del", &name]).status());
        }
        drop(fs::remove_dir_all(&self.folder));
    }
}

/// Where a host's applications are.
fn address(host: &str) -> &'static str {
    match host {
        "a" => "10.1.0.1",
        "b" => "10.2.0.1",
        _ => "10.3.0.1",
    }
}

fn config(host: &str, words: &str) -> String {
    let child = |other: &str| {
        format!(
            "local = [\"{}/32\"]\nremote = [\"{}/32\"]\ndiscovery = [{words}]\n",
            address(host),
            address(other)
        )
    };
    let peer = |name: &str, remote: &str| {
        format!(
            "[connections.{name}]\nversion = \"ikev1\"\nremote = \"{remote}\"\nlocal_id = \"{host}.example\"\n\
             remote_id = \"{name}.example\"\npsk = \"correct horse battery staple\"\n\
             retransmit = {{ first = \"500ms\", longest = \"1s\", tries = 2 }}\n\
             [connections.{name}.children.net]\n{}",
            child(name)
        )
    };
    let peers = if host == "a" {
        peer("b", "192.0.2.2") + &peer("c", "198.51.100.3")
    } else {
        peer("a", "192.0.2.1")
    };
    format!(
        "[daemon]\ncontrol = \"{host}.sock\"\ntun = \"inner\"\n[extensions.nat-t]\n\
         [extensions.discovery]\nouter = \"outer\"\n{peers}"
    )
}

const BOTH_WAYS: &str = "\"inbound\", \"outbound\"";
const BOUNDARY: &str = "\"inbound\", \"outbound\", \"boundary\"";
const GUARANTEED: &str = "\"inbound\", \"outbound\", \"guaranteed-encryption\"";

/// [MS-IKEE] §4.1, the first sequence.
#[test]
fn a_connection_begins_in_clear_and_moves_to_esp_without_a_reset() {
    let Some(hosts) = Hosts::new("one", BOTH_WAYS, BOUNDARY) else {
        return;
    };
    hosts.echo("b-app");
    let (mut stream, took) = hosts.connect("b");
    assert!(took < Duration::from_millis(900), "at once: {took:?}");
    let (sent, received) = hosts.in_clear("a");
    assert!(
        sent >= 1 && received >= 1,
        "{sent}, {received}: it began in clear"
    );
    hosts.exchange(&mut stream);
    hosts.wait("a child", || hosts.children("a") >= 1);
    hosts.talk(&mut stream, Duration::from_secs(1));
    let before = (hosts.in_clear("a"), hosts.in_clear("b"));
    hosts.talk(&mut stream, Duration::from_secs(2));
    let after = (hosts.in_clear("a"), hosts.in_clear("b"));
    assert_eq!(before, after, "nothing is in clear any more");
    say(&format!(
        "discovery: connected in {took:?}; packets in clear before ESP took over: {} out, {} in",
        after.0.0, after.0.1
    ));
}

/// [MS-IKEE] §4.1, the second sequence.
#[test]
fn a_first_segment_in_clear_is_dropped_until_it_comes_protected() {
    let Some(hosts) = Hosts::new("two", BOTH_WAYS, BOTH_WAYS) else {
        return;
    };
    hosts.echo("b-app");
    let (mut stream, took) = hosts.connect("b");
    assert!(took > Duration::from_millis(900), "it came again: {took:?}");
    hosts.talk(&mut stream, Duration::from_secs(1));
    assert_eq!(
        hosts.in_clear("a"),
        (1, 0),
        "the first segment, and no answer\n{}",
        hosts.logs()
    );
    assert_eq!(hosts.in_clear("b"), (0, 1), "it was dropped");
    say(&format!(
        "discovery: without boundary, connected in {took:?}"
    ));
}

/// [MS-IKEE] §3.7
#[test]
fn a_peer_without_ipsec_stays_in_clear_and_the_connection_lasts() {
    let Some(hosts) = Hosts::new("three", BOTH_WAYS, BOTH_WAYS) else {
        return;
    };
    hosts.echo("c");
    let (mut stream, took) = hosts.connect("c");
    assert!(took < Duration::from_millis(900), "at once: {took:?}");
    // longer than IKE tries
    hosts.talk(&mut stream, Duration::from_secs(6));
    assert_eq!(hosts.children("a"), 0);
    let (sent, received) = hosts.in_clear("a");
    assert!(sent > 50 && received > 50, "{sent}, {received}");
}

/// [MS-IKEE] §3.7.4.1
#[test]
fn a_secured_flow_never_falls_back_even_when_its_sa_is_deleted() {
    let Some(mut hosts) = Hosts::new("four", BOTH_WAYS, BOUNDARY) else {
        return;
    };
    hosts.echo("b-app");
    let (mut stream, _) = hosts.connect("b");
    hosts.wait("a child", || hosts.children("a") >= 1);
    hosts.talk(&mut stream, Duration::from_secs(1));
    let clear = hosts.in_clear("a");
    // the SA goes: the next packet has another one negotiated, and the connection goes on
    hosts.try_ikee("a", &["down", "b"]).expect("it goes down");
    hosts.talk(&mut stream, Duration::from_secs(2));
    assert_eq!(hosts.in_clear("a"), clear, "not one packet in clear");
    hosts.wait("another child", || hosts.children("a") >= 1);
    // nobody is there to negotiate with: what is sent waits for ever
    hosts.kill("b");
    drop(hosts.try_ikee("a", &["down", "b"]));
    hosts.wait("no child", || hosts.children("a") == 0);
    let mut answer = [0; 6];
    let patience = Some(Duration::from_secs(5));
    stream.set_read_timeout(patience).expect("a time-out");
    stream.write_all(b"hello\n").expect("room in the buffer");
    assert!(stream.read_exact(&mut answer).is_err(), "nobody answers");
    assert_eq!(hosts.in_clear("a"), clear, "not one packet in clear");
}

/// [MS-IKEE] §3.7.4.1
#[test]
fn a_flow_that_must_be_encrypted_is_never_in_clear() {
    let Some(hosts) = Hosts::new("five", GUARANTEED, BOUNDARY) else {
        return;
    };
    hosts.echo("b-app");
    let (mut stream, _) = hosts.connect("b");
    hosts.talk(&mut stream, Duration::from_secs(1));
    assert_eq!(hosts.in_clear("a"), (0, 0), "{}", hosts.logs());
}
