//! A client, and two gateways behind one virtual address: network namespaces of one test, beside those of others.
//!
//! Both gateways have the address, and a router on the way decides by nftables which of them a client's packets reach, as a
//! balancer with direct return does. It can cut a gateway off, too: nothing gets there or comes from there, and nobody is told.

use std::fs::{self, File};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Once;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use serde_json::Value;

use crate::lab::{say, text};

/// The address that both gateways have.
pub(crate) const VIRTUAL: &str = "203.0.113.10";
/// What lies behind the client.
pub(crate) const CLIENT: &str = "10.1.0.1";
/// What lies behind both gateways.
pub(crate) const SERVER: &str = "10.2.0.1";

/// Every namespace.
const ALL: [&str; 4] = ["client", "way", "one", "two"];

const WIRES: &str = "
for it in client way one two; do
    ip netns add $ns-$it
    for key in conf.all.rp_filter conf.default.rp_filter; do ip netns exec $ns-$it sysctl -qw net.ipv4.$key=0; done
    ip -n $ns-$it link set lo up
done
for it in client one two; do
    ip link add eth0 netns $ns-$it type veth peer name $it netns $ns-way
done
ip -n $ns-client addr add 192.0.2.1/24 dev eth0
ip -n $ns-client addr add 10.1.0.1/32 dev lo
ip -n $ns-way addr add 192.0.2.254/24 dev client
for it in 1 2; do
    host=one; [ $it = 1 ] || host=two
    ip -n $ns-$host addr add 198.51.100.$((it * 16 + 1))/28 dev eth0
    ip -n $ns-$host addr add 203.0.113.10/32 dev lo
    ip -n $ns-$host addr add 10.2.0.1/32 dev lo
    ip -n $ns-way addr add 198.51.100.$((it * 16 + 2))/28 dev $host
    ip -n $ns-$host link set eth0 up
    ip -n $ns-way link set $host up
    ip -n $ns-$host route add default via 198.51.100.$((it * 16 + 2))
    ip -n $ns-way rule add fwmark $it lookup 10$it
    ip -n $ns-way route add 203.0.113.10 via 198.51.100.$((it * 16 + 1)) table 10$it
done
ip -n $ns-client link set eth0 up
ip -n $ns-way link set client up
ip -n $ns-client route add default via 192.0.2.254
ip netns exec $ns-way sysctl -qw net.ipv4.ip_forward=1
ip netns exec $ns-way nft -f - <<END
table ip way {
    map node { type ipv4_addr : mark; elements = { 192.0.2.1 : 1 } }
    set dead { type ifname; }
    chain balance {
        type filter hook prerouting priority mangle
        ip daddr 203.0.113.10 meta mark set ip saddr map @node
    }
    chain cut {
        type filter hook forward priority filter
        iifname @dead drop
        oifname @dead drop
    }
}
END
";

/// Whether tests have the time for the timers that hold without a word in the configuration.
pub(crate) fn real_timers() -> bool {
    std::env::var_os("IKEE_REAL_TIMERS").is_some()
}

/// The hosts, until it is dropped.
pub(crate) struct Cluster {
    prefix: String,
    folder: PathBuf,
    binary: PathBuf,
    daemons: Vec<(&'static str, Child)>,
}

impl Cluster {
    /// With this name, which no other has; `None` where that is not possible.
    pub(crate) fn new(name: &str) -> Option<Self> {
        let binary = std::env::var_os("IKEE_BIN").map(PathBuf::from);
        let nft = Command::new("nft").arg("-v").stdout(Stdio::null()).status();
        let why = if !rustix::process::geteuid().is_root() {
            Some("network namespaces need the superuser")
        } else if !Path::new("/dev/net/tun").exists() {
            Some("no TUN devices here")
        } else if nft.is_err() {
            Some("there is no nft")
        } else if binary.is_none() {
            Some("IKEE_BIN is not set; `cargo xtask interop` runs these tests")
        } else {
            None
        };
        if let Some(why) = why {
            static ONCE: Once = Once::new();
            ONCE.call_once(|| say(&format!("skipped: gateways that fail: {why}")));
            return None;
        }
        let prefix = format!("ha{}{name}", std::process::id() % 100_000);
        let folder = std::env::temp_dir().join(&prefix);
        fs::create_dir_all(&folder).expect("a folder");
        let cluster = Self {
            prefix,
            folder,
            binary: binary?.canonicalize().expect("the program"),
            daemons: Vec::new(),
        };
        cluster.shell(WIRES);
        Some(cluster)
    }

    fn namespace(&self, host: &str) -> String {
        format!("{}-{host}", self.prefix)
    }

    /// Runs a shell, where `$ns` is the prefix of the namespaces' names.
    fn shell(&self, script: &str) {
        let output = Command::new("sh")
            .args(["-euc", script])
            .env("ns", &self.prefix)
            .output()
            .expect("a shell");
        let said = text(&output.stdout) + &text(&output.stderr);
        assert!(output.status.success(), "{script}\n{said}");
    }

    /// Tells the router something, all at once.
    fn router(&self, rules: &str) {
        self.shell(&format!(
            "ip netns exec $ns-way nft -f - <<END\n{rules}\nEND"
        ));
    }

    /// Leads the client's packets to the gateway with this number.
    pub(crate) fn lead_to(&self, number: u8) {
        self.router(&format!(
            "flush map ip way node\nadd element ip way node {{ 192.0.2.1 : {number} }}"
        ));
    }

    /// Cuts a gateway off.
    pub(crate) fn cut(&self, host: &str) {
        self.router(&format!("add element ip way dead {{ \"{host}\" }}"));
    }

    /// Joins it again.
    pub(crate) fn mend(&self, host: &str) {
        self.router(&format!("delete element ip way dead {{ \"{host}\" }}"));
    }

    /// Starts a daemon; it serves when this returns.
    pub(crate) fn start(&mut self, host: &'static str, config: &str) {
        let file = self.folder.join(format!("{host}.toml"));
        let control = format!("[daemon]\ncontrol = \"{host}.sock\"\n");
        fs::write(&file, control + config).expect("the configuration");
        let log = File::create(self.folder.join(format!("{host}.log"))).expect("the log");
        let daemon = self.within_namespace(host, &self.binary);
        let daemon = { daemon }
            .args(["daemon", "--log", "debug", "-c"])
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the daemon");
        self.daemons.push((host, daemon));
        self.wait(20, &format!("the daemon of {host}"), || {
            self.ikee(host, &["list"]).is_ok()
        });
    }

    /// Ends a daemon without a farewell.
    pub(crate) fn kill(&mut self, host: &str) {
        for (_, daemon) in self.daemons.iter_mut().filter(|(it, _)| *it == host) {
            daemon.kill().expect("it ends");
            daemon.wait().expect("it has ended");
        }
    }

    fn within_namespace(&self, host: &str, program: &Path) -> Command {
        let mut command = Command::new("ip");
        command
            .args(["netns", "exec", &self.namespace(host)])
            .arg(program);
        command
    }

    /// Asks a daemon: what it said on stdout, or all it said.
    pub(crate) fn ikee(&self, host: &str, arguments: &[&str]) -> Result<String, String> {
        let output = self
            .within_namespace(host, &self.binary)
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

    /// Brings the client's connection up.
    pub(crate) fn up(&self) {
        let said = self.ikee("client", &["up", "site"]);
        said.unwrap_or_else(|error| panic!("{error}\n{}", self.logs()));
    }

    /// The SAs of a host that stand.
    pub(crate) fn established(&self, host: &str) -> Vec<Value> {
        let said = self.ikee(host, &["status", "--json"]);
        let status: Value = said.map_or(Value::Null, |it| {
            serde_json::from_str(&it).expect("the status")
        });
        let all = status["sas"].as_array().cloned().unwrap_or_default();
        let stand = all.into_iter().filter(|it| it["state"] == "established");
        stand.collect()
    }

    /// How many children a host has.
    pub(crate) fn children(&self, host: &str) -> usize {
        let sas = self.established(host);
        let children = sas.iter().filter_map(|it| it["children"].as_array());
        children.map(Vec::len).sum()
    }

    pub(crate) fn log(&self, host: &str) -> String {
        fs::read_to_string(self.folder.join(format!("{host}.log"))).unwrap_or_default()
    }

    fn logs(&self) -> String {
        let log = |host| format!("--- {host}\n{}\n", self.log(host));
        ["client", "one", "two"].map(log).concat()
    }

    /// Waits for something that must happen; how long it took.
    pub(crate) fn wait(&self, seconds: u64, what: &str, done: impl Fn() -> bool) -> Duration {
        let from = Instant::now();
        while !done() {
            let took = from.elapsed();
            let patient = took < Duration::from_secs(seconds);
            assert!(patient, "{what}: not within {took:?}\n{}", self.logs());
            thread::sleep(Duration::from_millis(50));
        }
        from.elapsed()
    }

    /// Runs `work` on a thread of its own in a namespace.
    pub(crate) fn within<T: Send + 'static>(
        &self,
        host: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> JoinHandle<T> {
        let path = Path::new("/run/netns").join(self.namespace(host));
        let namespace = File::open(path).expect("the namespace");
        thread::spawn(move || {
            move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))
                .expect("entering the namespace");
            work()
        })
    }

    /// Whether an echo of the client's has come back, of some.
    pub(crate) fn ping(&self) -> bool {
        let status = self
            .within_namespace("client", Path::new("ping"))
            .args(["-c5", "-i0.2", "-W2", "-q", "-I", CLIENT, SERVER])
            .stdout(Stdio::null())
            .status();
        status.expect("ping").success()
    }

    /// Has the client ping from now on, five times a second.
    pub(crate) fn pings(&self) -> Pings {
        let file = self.folder.join("pings");
        let out = File::create(&file).expect("a file");
        let process = self
            .within_namespace("client", Path::new("ping"))
            .args(["-D", "-n", "-i0.2", "-I", CLIENT, SERVER])
            .stdout(out)
            .stderr(Stdio::null())
            .spawn()
            .expect("ping");
        Pings { process, file }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for (_, daemon) in &mut self.daemons {
            drop(daemon.kill());
            drop(daemon.wait());
        }
        for host in ALL {
            let name = self.namespace(host);
            drop(Command::new("ip").args(["netns", "del", &name]).status());
        }
        drop(fs::remove_dir_all(&self.folder));
    }
}

/// Pings that go on until it is dropped.
pub(crate) struct Pings {
    process: Child,
    file: PathBuf,
}

impl Pings {
    /// When answers came, in seconds since 1970.
    pub(crate) fn answers(&self) -> Vec<f64> {
        let said = fs::read_to_string(&self.file).unwrap_or_default();
        let answers = said.lines().filter(|it| it.contains("bytes from"));
        let times = answers.filter_map(|it| it.strip_prefix('[')?.split(']').next()?.parse().ok());
        times.collect()
    }
}

impl Drop for Pings {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
