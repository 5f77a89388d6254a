//! The network that a test has for itself, and what runs in it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Once;
use std::time::{Duration, Instant};

use crate::peer::Kind;

/// One of the two hosts. A always has the client's part, B is where A's packets go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Host {
    A,
    B,
}

impl Host {
    /// As the lab's scripts call it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
        }
    }

    /// The identity of this host.
    pub(crate) const fn identity(self) -> &'static str {
        match self {
            Self::A => "a.lab",
            Self::B => "b.lab",
        }
    }

    pub(crate) const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    /// The protected address, which is also the traffic selector.
    pub(crate) const fn inner(self, family: Family) -> &'static str {
        match (self, family) {
            (Self::A, Family::V4) => "10.99.1.1",
            (Self::A, Family::V6) => "fd99:1::1",
            (Self::B, Family::V4) => "10.99.2.1",
            (Self::B, Family::V6) => "fd99:2::1",
        }
    }
}

/// A family of addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Family {
    V4,
    V6,
}

impl Family {
    pub(crate) const BOTH: [Self; 2] = [Self::V4, Self::V6];

    /// A's address on the wire.
    pub(crate) const fn address_of_a(self) -> &'static str {
        match self {
            Self::V4 => "10.99.0.1",
            Self::V6 => "fd99::1",
        }
    }

    /// B's address on the wire.
    pub(crate) const fn address_of_b(self) -> &'static str {
        match self {
            Self::V4 => "10.99.0.2",
            Self::V6 => "fd99::2",
        }
    }
}

/// The hosts, until it is dropped. Only one exists at a time on a machine.
pub(crate) struct Lab {
    scripts: PathBuf,
    pub(crate) run: PathBuf,
    pub(crate) peer: Kind,
    binary: PathBuf,
    _alone: File,
}

/// Names of namespaces and of the state's folder: `IKELAB_NS`, for several labs beside one another.
fn prefix() -> String {
    std::env::var("IKELAB_NS").unwrap_or_else(|_| "ikeetest".to_owned())
}

impl Lab {
    /// A and B on one wire, with strongSwan; `None` where that is not possible.
    pub(crate) fn two() -> Option<Self> {
        Self::with(Kind::StrongSwan)
    }

    /// A and B on one wire, with this peer.
    pub(crate) fn with(peer: Kind) -> Option<Self> {
        Self::new("two", peer)
    }

    /// A behind an address translator, with strongSwan.
    pub(crate) fn nat() -> Option<Self> {
        Self::new("nat", Kind::StrongSwan)
    }

    fn new(topology: &str, peer: Kind) -> Option<Self> {
        let found = find(peer);
        let (scripts, binary) = match found {
            Ok(found) => found,
            Err(why) => {
                static ONCE: [Once; 3] = [const { Once::new() }; 3];
                let once = &ONCE[peer as usize];
                once.call_once(|| say(&format!("skipped: interop with {}: {why}", peer.name())));
                return None;
            }
        };
        let prefix = prefix();
        let run = std::env::temp_dir().join(&prefix);
        let lock = std::env::temp_dir().join(format!("{prefix}.lock"));
        let alone = File::create(&lock).expect("the lock file");
        alone.lock().expect("the lock");
        let lab = Self {
            scripts,
            run,
            peer,
            binary,
            _alone: alone,
        };
        lab.script("netns-up.sh", &[topology], &[]);
        Some(lab)
    }

    /// Runs one of the lab's scripts, which must succeed.
    pub(crate) fn script(&self, name: &str, arguments: &[&str], env: &[(&str, &str)]) -> String {
        let output = self.try_script(name, arguments, env);
        assert!(
            output.status.success(),
            "{name} {arguments:?}:\n{}{}",
            text(&output.stdout),
            text(&output.stderr)
        );
        text(&output.stdout)
    }

    /// Runs one of the lab's scripts.
    pub(crate) fn try_script(
        &self,
        name: &str,
        arguments: &[&str],
        env: &[(&str, &str)],
    ) -> Output {
        Command::new(self.scripts.join(name))
            .args(arguments)
            .env("IKELAB_NS", prefix())
            .env("IKELAB_RUN", &self.run)
            .envs(env.iter().copied())
            .output()
            .expect("the script")
    }

    /// A command in a host's namespace.
    pub(crate) fn on(&self, host: Host, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("ip");
        command
            .args(["netns", "exec", &self.namespace(host)])
            .arg(program);
        command
    }

    /// `ikee` in a host's namespace.
    pub(crate) fn ikee(&self, host: Host) -> Command {
        self.on(host, &self.binary)
    }

    pub(crate) fn namespace(&self, host: Host) -> String {
        format!("{}-{}", prefix(), host.name())
    }

    /// True when echoes from `source` on A reach `target` and come back.
    pub(crate) fn ping(&self, source: &str, target: &str) -> bool {
        self.on(Host::A, "ping")
            .args(["-c3", "-i0.2", "-W2", "-q", "-I", source, target])
            .output()
            .expect("ping")
            .status
            .success()
    }

    /// Echoes between the protected addresses, both families, all of them.
    pub(crate) fn assert_pings(&self) {
        for family in Family::BOTH {
            let (source, target) = (Host::A.inner(family), Host::B.inner(family));
            assert!(
                self.ping(source, target),
                "no echo from {target} to {source}"
            );
        }
    }

    /// Cuts the wire, or mends it.
    pub(crate) fn set_wire(&self, up: bool) {
        let state = if up { "up" } else { "down" };
        let status = Command::new("ip")
            .args(["-n", &self.namespace(Host::B), "link", "set", "eth0", state])
            .status()
            .expect("ip");
        assert!(status.success(), "ip link set eth0 {state}");
    }

    /// Runs `work` on a thread of its own, in a host's network.
    pub(crate) fn within<T: Send + 'static>(
        &self,
        host: Host,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> std::thread::JoinHandle<T> {
        let namespace = Path::new("/run/netns").join(self.namespace(host));
        let namespace = File::open(namespace).expect("the namespace");
        std::thread::spawn(move || {
            rustix::thread::move_into_link_name_space(
                std::os::fd::AsFd::as_fd(&namespace),
                Some(rustix::thread::LinkNameSpaceType::Network),
            )
            .expect("entering the namespace");
            work()
        })
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let output = self.try_script("netns-down.sh", &[], &[]);
        if !output.status.success() {
            say(&format!("netns-down.sh: {}", text(&output.stderr)));
        }
    }
}

/// Waits until something holds.
pub(crate) fn wait_for(seconds: u64, what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(seconds);
    while !holds() {
        assert!(Instant::now() < end, "not within {seconds} s: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// What a program wrote.
pub(crate) fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

/// A line that is seen although the test passes.
#[expect(clippy::print_stderr, reason = "the reader of the tests wants to know")]
pub(crate) fn say(line: &str) {
    eprintln!("{line}");
}

/// The lab's scripts and the program under test, or what is missing.
pub(crate) fn find(peer: Kind) -> Result<(PathBuf, PathBuf), String> {
    let peers = std::env::var("IKEE_PEERS")
        .map_err(|_| "IKEE_PEERS is not set; `cargo xtask interop` runs these tests")?;
    if !peers.split(',').any(|it| it == peer.name()) {
        return Err(format!("only {peers} was asked for"));
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let scripts =
        std::env::var_os("IKEE_LAB").map_or_else(|| root.join("../shared/lab"), PathBuf::from);
    let binary = std::env::var_os("IKEE_BIN")
        .map(PathBuf::from)
        .ok_or("IKEE_BIN is not set; `cargo xtask interop` runs these tests")?;
    let root = rustix::process::geteuid().is_root();
    for (is_there, lacking) in [
        (root, "network namespaces need the superuser".to_owned()),
        (
            scripts.join("netns-up.sh").is_file(),
            format!("no lab at {} (IKEE_LAB names it)", scripts.display()),
        ),
        (
            Path::new("/dev/net/tun").exists(),
            "no TUN devices here".to_owned(),
        ),
        (
            binary.is_file(),
            format!("no program at {}", binary.display()),
        ),
    ] {
        if !is_there {
            return Err(lacking);
        }
    }
    Ok((scripts, binary))
}
