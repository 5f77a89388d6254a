//! The kernel's data plane, on a kernel that has ESP: the lab boots one as a process (User Mode Linux), and this
//! program runs once more in there, with the tests that are ignored here.

use std::process::Command;
use std::sync::{Mutex, PoisonError};

use crate::ikee::{Config, Ikee};
use crate::lab::{Family, Host, Lab, find, say, text, wait_for};
use crate::others::suit;
use crate::peer::{Kind, Peer};
use crate::rekey::{assert_new_child, rekeys, spi};

/// Where the lab has that kernel, unless `IKELAB_OPT` says otherwise.
const UNPACKED: &str = "/opt/ikelab";

#[test]
fn the_kernels_esp_carries_our_packets() {
    boot("kernel:: --skip ikev1_kernel::");
}

/// Runs those ignored tests of this program in a kernel that has ESP; what it prints is seen.
pub(crate) fn boot(tests: &str) {
    let (scripts, binary) = match find(Kind::StrongSwan) {
        Ok(found) => found,
        Err(why) => return say(&format!("skipped: kernel data plane: {why}")),
    };
    let unpacked = std::env::var("IKELAB_OPT").unwrap_or_else(|_| UNPACKED.into());
    let kernel = std::path::Path::new(&unpacked).join("uml/usr/bin/linux.uml");
    if !kernel.is_file() {
        let install = scripts.join("uml.sh");
        return say(&format!(
            "skipped: kernel data plane: no User Mode Linux ({} --install)",
            install.display()
        ));
    }
    let scripts = scripts.canonicalize().expect("the lab");
    let myself = std::env::current_exe().expect("this program");
    let peers = std::env::var("IKEE_PEERS").expect("found before");
    let inside = format!(
        "TMPDIR=/mnt IKEE_PEERS={peers} IKEE_LAB={} IKEE_BIN={} {} {tests} --ignored --test-threads=1 --nocapture",
        scripts.display(),
        binary.display(),
        myself.display(),
    );
    // one at a time: they share a folder, and each wants a processor
    static ONE: Mutex<()> = Mutex::new(());
    let _alone = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let run = std::env::temp_dir().join("ikeetest-uml");
    let output = Command::new(scripts.join("uml.sh"))
        .arg(&inside)
        .env("IKELAB_NS", "ikeeuml")
        .env("IKELAB_RUN", &run)
        // seconds, on a machine that is busy
        .env("TIMEOUT", "600")
        .output()
        .expect("the kernel");
    say(&text(&output.stdout));
    assert!(output.status.success(), "{}", text(&output.stderr));
}

/// With the kernel's data plane.
pub(crate) fn on_kernel(mut config: Config, peer: Kind, host: Host) -> Config {
    config.sections = "data_plane = \"kernel\"".into();
    if peer == Kind::StrongSwan {
        config
    } else {
        suit(config, peer, host)
    }
}

/// The two hosts themselves, every protocol.
fn transport(mut config: Config) -> Config {
    (config.local, config.remote_ts) = (None, None);
    config.child = "mode = \"transport\"".into();
    config
}

/// As long as a slow machine takes to have echoes.
pub(crate) fn assert_echoes(lab: &Lab, pairs: &[(&str, &str)]) {
    for (source, target) in pairs {
        assert!(
            lab.ping(source, target),
            "no echo from {target} to {source}"
        );
    }
}

/// The protected addresses that a peer's selectors name.
fn inner(peer: Kind) -> Vec<(&'static str, &'static str)> {
    let families: &[Family] = match peer {
        Kind::StrongSwan => &Family::BOTH,
        Kind::Libreswan | Kind::OpenIked => &[Family::V4],
    };
    let pair = |family: &Family| (Host::A.inner(*family), Host::B.inner(*family));
    families.iter().map(pair).collect()
}

/// Echoes went through the SAs of the kernel, both ways.
pub(crate) fn assert_carried(ikee: &Ikee<'_>, least: u64) {
    let sa = ikee.sa();
    for direction in ["inbound", "outbound"] {
        let packets = sa["children"][0][direction]["packets"].as_u64();
        assert!(packets.is_some_and(|it| it >= least), "{direction}: {sa:#}");
    }
}

/// What `ip xfrm` shows on our host.
pub(crate) fn xfrm(lab: &Lab, host: Host, what: &str) -> String {
    let output = lab.on(host, "ip").args(["xfrm", what]).output();
    text(&output.expect("ip xfrm").stdout)
}

/// Nothing of ours is left: no SA, and no policy but those of other programs' sockets.
pub(crate) fn assert_clean(lab: &Lab, host: Host) {
    assert_eq!(xfrm(lab, host, "state"), "");
    let policies = xfrm(lab, host, "policy");
    assert!(!policies.contains("tmpl"), "{policies}");
}

/// libreswan's host has no way to what lies behind us: the lab has switched off the script that sets it.
pub(crate) fn set_route(lab: &Lab, peer: Kind, host: Host) {
    if peer == Kind::Libreswan {
        let (ours, theirs) = (host.other().inner(Family::V4), host.inner(Family::V4));
        let mut command = lab.on(host, "ip");
        command.args(["route", "add", ours, "dev", "eth0", "src", theirs]);
        assert!(command.status().is_ok_and(|it| it.success()), "a route");
    }
}

fn initiates(kind: Kind, family: Family, mode: Mode) {
    let Some(lab) = Lab::with(kind) else { return };
    let peer = Peer::start(&lab, mode.scenario(), Host::B, family, &[]);
    set_route(&lab, kind, Host::B);
    let config = on_kernel(Config::initiator(family), kind, Host::A);
    let ikee = Ikee::start(&lab, &mode.apply(config));
    ikee.up();
    peer.assert_up();
    let pairs = mode.pairs(kind, family);
    assert_echoes(&lab, &pairs);
    assert_carried(&ikee, 3);
    ikee.stop();
    assert_clean(&lab, Host::A);
}

fn responds(kind: Kind, family: Family, mode: Mode) {
    let Some(lab) = Lab::with(kind) else { return };
    let config = on_kernel(Config::responder(), kind, Host::B);
    let ikee = Ikee::start(&lab, &mode.apply(config));
    let peer = Peer::start(&lab, mode.scenario(), Host::A, family, &[]);
    set_route(&lab, kind, Host::A);
    peer.up();
    let pairs = mode.pairs(kind, family);
    assert_echoes(&lab, &pairs);
    assert_carried(&ikee, 3);
    ikee.stop();
    assert_clean(&lab, Host::B);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Tunnel,
    Transport,
}

impl Mode {
    const fn scenario(self) -> &'static str {
        match self {
            Self::Tunnel => "v2-psk",
            Self::Transport => "v2-transport",
        }
    }

    fn apply(self, config: Config) -> Config {
        match self {
            Self::Tunnel => config,
            Self::Transport => transport(config),
        }
    }

    fn pairs(self, peer: Kind, family: Family) -> Vec<(&'static str, &'static str)> {
        match self {
            Self::Tunnel => inner(peer),
            Self::Transport => vec![(family.address_of_a(), family.address_of_b())],
        }
    }
}

#[test]
#[ignore = "needs a kernel with ESP"]
fn we_initiate_to_strongswan() {
    initiates(Kind::StrongSwan, Family::V4, Mode::Tunnel);
    initiates(Kind::StrongSwan, Family::V6, Mode::Tunnel);
    initiates(Kind::StrongSwan, Family::V4, Mode::Transport);
    initiates(Kind::StrongSwan, Family::V6, Mode::Transport);
}

#[test]
#[ignore = "needs a kernel with ESP"]
fn strongswan_initiates_to_us() {
    responds(Kind::StrongSwan, Family::V4, Mode::Tunnel);
    responds(Kind::StrongSwan, Family::V6, Mode::Transport);
}

#[test]
#[ignore = "needs a kernel with ESP"]
fn we_initiate_to_libreswan() {
    initiates(Kind::Libreswan, Family::V4, Mode::Tunnel);
    initiates(Kind::Libreswan, Family::V6, Mode::Transport);
}

#[test]
#[ignore = "needs a kernel with ESP"]
fn libreswan_initiates_to_us() {
    responds(Kind::Libreswan, Family::V4, Mode::Transport);
    responds(Kind::Libreswan, Family::V6, Mode::Tunnel);
}

#[test]
#[ignore = "needs a kernel with ESP"]
fn keys_change_under_traffic_and_no_packet_is_lost() {
    let Some(lab) = Lab::two() else { return };
    let peer = Peer::start(&lab, "v2-psk", Host::B, Family::V4, &[]);
    let config = on_kernel(Config::initiator(Family::V4), Kind::StrongSwan, Host::A);
    let ikee = Ikee::start(&lab, &config);
    ikee.up();
    rekeys(&lab, &peer, &ikee);
    ikee.stop();
    assert_clean(&lab, Host::A);
}

#[test]
#[ignore = "needs a kernel with ESP"]
fn esp_travels_in_udp_where_it_must() {
    let Some(lab) = Lab::two() else { return };
    let _peer = Peer::start(&lab, "v2-psk", Host::B, Family::V4, &[]);
    let mut config = on_kernel(Config::initiator(Family::V4), Kind::StrongSwan, Host::A);
    config.connection = "remote_ports.nat_t_always = true".into();
    let ikee = Ikee::start(&lab, &config);
    ikee.up();
    assert_echoes(&lab, &inner(Kind::StrongSwan));
    assert_carried(&ikee, 3);
    let states = xfrm(&lab, Host::A, "state");
    assert_eq!(states.matches("encap type espinudp").count(), 2, "{states}");
    ikee.stop();
}

#[test]
#[ignore = "needs a kernel with ESP"]
fn the_first_packet_opens_a_child_and_limits_renew_it() {
    let Some(lab) = Lab::two() else { return };
    let _peer = Peer::start(&lab, "v2-psk", Host::B, Family::V4, &[]);
    let mut config = on_kernel(Config::initiator(Family::V4), Kind::StrongSwan, Host::A);
    config.child = "start = \"trap\"\nlifetime.packets = 40".into();
    let ikee = Ikee::start(&lab, &config);
    let policies = xfrm(&lab, Host::A, "policy");
    assert!(
        policies.contains("dir out") && !policies.contains("dir fwd"),
        "{policies}"
    );
    assert!(
        ikee.sas().is_empty(),
        "nothing stands before the first packet"
    );
    let (source, target) = (Host::A.inner(Family::V4), Host::B.inner(Family::V4));
    wait_for(20, "a packet opens the tunnel", || lab.ping(source, target));
    let old = spi(&ikee);
    let mut echoes = lab.on(Host::A, "ping");
    echoes.args(["-c50", "-i0.1", "-W2", "-q", "-I", source, target]);
    let said = text(&echoes.output().expect("ping").stdout);
    assert!(said.contains(" 0% packet loss"), "{said}");
    assert_new_child(&ikee, &old);
    ikee.stop();
    assert_clean(&lab, Host::A);
}

#[test]
#[ignore = "needs a kernel with ESP"]
fn what_a_killed_daemon_leaves_goes_at_the_next_start_and_what_is_not_ours_stays() {
    let Some(lab) = Lab::two() else { return };
    let _peer = Peer::start(&lab, "v2-psk", Host::B, Family::V4, &[]);
    let config = on_kernel(Config::initiator(Family::V4), Kind::StrongSwan, Host::A);
    let foreign = "policy add src 10.7.0.0/16 dst 10.8.0.0/16 dir out tmpl src 10.7.0.1 dst 10.8.0.1 proto esp reqid 7 mode tunnel";
    let added = lab
        .on(Host::A, "ip")
        .arg("xfrm")
        .args(foreign.split(' '))
        .status();
    assert!(
        added.is_ok_and(|it| it.success()),
        "a policy of somebody else"
    );
    let ikee = Ikee::start(&lab, &config);
    ikee.up();
    // killed without a word
    drop(ikee);
    assert_ne!(xfrm(&lab, Host::A, "state"), "");
    let ikee = Ikee::start(&lab, &config);
    assert_eq!(xfrm(&lab, Host::A, "state"), "");
    let policies = xfrm(&lab, Host::A, "policy");
    assert_eq!(policies.matches("tmpl").count(), 1, "{policies}");
    assert!(policies.contains("10.7.0.0/16"), "{policies}");
    ikee.stop();
}

#[test]
fn a_kernel_without_esp_is_refused_with_one_line() {
    let Some(lab) = Lab::two() else { return };
    let probe = "state add src 127.0.0.1 dst 127.0.0.1 proto esp spi 0xff mode transport enc ecb(cipher_null)";
    let mut command = lab.on(Host::A, "ip");
    command.arg("xfrm").args(probe.split(' ')).arg("");
    if command.output().is_ok_and(|it| it.status.success()) {
        return say("skipped: this kernel has ESP");
    }
    let config = on_kernel(Config::initiator(Family::V4), Kind::StrongSwan, Host::A);
    let said = Ikee::refused(&lab, &config);
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    assert!(said.contains("this kernel has no ESP for IPv4"), "{said}");
    assert!(said.contains("data_plane = \"userspace\""), "{said}");
}
