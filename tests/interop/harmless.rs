//! Every extension that can be on at once, on at once: strongSwan, which knows next to none of them, takes no harm.

use std::fs;
use std::process::Command;

use crate::ikee::{Config, Ikee, PSK};
use crate::lab::{Family, Host, Lab};
use crate::peer::Peer;

/// Those of IKEv2; members of a realm have a connection of their own, before everybody's.
fn v2() -> String {
    format!(
        "[limits]\ncookies = \"always\"\n\
         [extensions.fragmentation-v2]\n\
         [extensions.status]\nrelease = 9\neverybody = true\n\
         [extensions.correlation]\n\
         [extensions.server-address]\nipv4 = \"10.99.2.1\"\nipv6 = \"fd99:2::1\"\n\
         [extensions.pcscf]\naddresses = [\"10.99.2.9\", \"fd99:2::9\"]\n\
         [extensions.realm]\n\
         [extensions.xbox]\nlimits = {{ 0 = 1, 1 = 1 }}\n\
         [extensions.dpd]\n\
         [connections.members]\nlocal_id = \"b.lab\"\nremote_id = \"any\"\npsk = \"{PSK}\"\n\
         proposals = [\"aes256-sha256-modp2048\"]\nrealm = \"members\"\n[connections.members.children.net]\n"
    )
}

/// Those of IKEv1; the address of a connection that nobody uses is a CGA.
fn v1(cga: &str) -> String {
    format!(
        "[extensions.nat-t]\n\
         [extensions.fragmentation]\neager = true\n\
         [extensions.reliable-delete]\n\
         [extensions.status]\nrelease = 9\neverybody = true\n\
         [extensions.coexistence]\nannounce = true\nkeying_modules = [\"ikev1\", \"authip\", \"ikev2\"]\n\
         [extensions.discovery]\nouter = \"outer\"\n\
         [extensions.failover]\nside = \"both\"\n\
         [extensions.dos]\n\
         [extensions.dpd]\n\
         [extensions.server-address]\nipv4 = \"10.99.2.1\"\n\
         [connections.neighbour]\nversion = \"ikev1\"\nremote = \"fd99::9\"\nremote_id = \"any\"\nauth.cga = \"{cga}\"\n\
         [connections.neighbour.children.net]\n"
    )
}

/// The daemon says that these are on, and nothing else is.
fn assert_on(ikee: &Ikee<'_>, wanted: &[&str]) {
    let status = ikee.ask(&["status", "--json"]).expect("a status");
    let status: serde_json::Value = serde_json::from_str(&status).expect("JSON");
    let on = status["extensions"].as_array().expect("a list");
    let mut on: Vec<_> = on.iter().filter_map(|it| it.as_str()).collect();
    on.sort_unstable();
    on.dedup();
    assert_eq!(on, wanted);
}

/// With discovery the device and what goes there are the operator's.
fn route(lab: &Lab, host: Host) {
    let [own, other] = [host, host.other()].map(|it| it.inner(Family::V4));
    for arguments in [
        &["link", "set", "ikee0", "up"][..],
        &["route", "add", other, "dev", "ikee0", "src", own],
    ] {
        let mut command = Command::new("ip");
        let command = command.args(["-n", &lab.namespace(host)]);
        let status = command.args(arguments).status();
        assert!(status.is_ok_and(|it| it.success()), "{arguments:?}");
    }
}

const IN_V2: [&str; 8] = [
    "correlation",
    "dpd",
    "fragmentation-v2",
    "pcscf",
    "security-realm",
    "server-address",
    "status",
    "xbox",
];

const IN_V1: [&str; 12] = [
    "cga",
    "coexistence",
    "discovery",
    "dos",
    "dpd",
    "failover",
    "fragmentation",
    "fragmentation-v2",
    "nat-t",
    "reliable-delete",
    "server-address",
    "status",
];

/// [MS-IKEE] §1.3: there is no order among them, and none needs another
#[test]
fn strongswan_is_not_harmed_by_all_our_extensions_of_ikev2_at_once() {
    let Some(lab) = Lab::two() else { return };
    let mut config = Config::responder();
    config.sections = v2();
    let ikee = Ikee::start(&lab, &config);
    assert_on(&ikee, &IN_V2);
    let peer = Peer::start(&lab, "v2-psk", Host::A, Family::V4, &[]);
    peer.up();
    lab.assert_pings();
    peer.command("rekey-child");
    peer.command("rekey-ike");
    lab.assert_pings();
    assert_eq!(ikee.sa()["connection"], "lab", "it is a member of no realm");
    peer.down();
    ikee.stop();
    drop(peer);

    let peer = Peer::start(&lab, "v2-psk", Host::B, Family::V4, &[]);
    let mut config = Config::initiator(Family::V4);
    config.sections = v2();
    config.connection = "realm = \"members\"\nxbox = 1\n".into();
    let ikee = Ikee::start(&lab, &config);
    assert_on(&ikee, &IN_V2);
    ikee.up();
    peer.assert_up();
    lab.assert_pings();
    for what in [&["rekey", "lab"][..], &["rekey", "--ike", "lab"]] {
        ikee.ask(what).expect("new keys");
    }
    lab.assert_pings();
    ikee.down();
    ikee.stop();
}

#[test]
fn strongswan_is_not_harmed_by_all_our_extensions_of_ikev1_at_once() {
    let Some(lab) = Lab::two() else { return };
    let folder = lab.run.join("harmless");
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("the old one");
    }
    fs::create_dir_all(&folder).expect("a folder");
    let cga = folder.join("cga");
    let mut generate = lab.ikee(Host::B);
    generate.args(["cga", "generate", "--prefix", "fd99::/64", "--out"]);
    let made = generate.arg(&cga).output().expect("ikee");
    assert!(made.status.success(), "{}", crate::lab::text(&made.stderr));
    let sections = v1(&format!("{}.toml", cga.display()));
    let pings = || assert!(lab.ping("10.99.1.1", "10.99.2.1"), "no echo");

    let mut config = Config::responder().v1();
    config.sections.clone_from(&sections);
    let ikee = Ikee::start(&lab, &config);
    assert_on(&ikee, &IN_V1);
    route(&lab, Host::B);
    let peer = Peer::start(&lab, "v1-psk", Host::A, Family::V4, &[]);
    peer.up();
    pings();
    peer.command("rekey-child");
    pings();
    peer.down();
    ikee.stop();
    drop(peer);

    let peer = Peer::start(&lab, "v1-psk", Host::B, Family::V4, &[]);
    let mut config = Config::initiator(Family::V4).v1();
    config.sections = sections;
    let ikee = Ikee::start(&lab, &config);
    assert_on(&ikee, &IN_V1);
    route(&lab, Host::A);
    ikee.up();
    peer.assert_up();
    pings();
    ikee.ask(&["rekey", "lab"]).expect("new keys");
    pings();
    ikee.down();
    ikee.stop();
}
