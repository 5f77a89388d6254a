//! libreswan and OpenIKED, which have no data path in the lab: their SAs stand, and ours.

use crate::ikee::{Config, Ikee};
use crate::lab::{Family, Host, Lab};
use crate::peer::{Kind, Peer};

/// The selectors of these peers are IPv4's alone, and OpenIKED has no AES-GCM for ESP.
pub(crate) fn suit(mut config: Config, peer: Kind, host: Host) -> Config {
    let selector = |host: Host| Some(format!("[\"{}/32\"]", host.inner(Family::V4)));
    config.local = selector(host);
    config.remote_ts = selector(host.other());
    if peer == Kind::OpenIked {
        config.esp = "aes128-sha1".into();
    }
    config
}

fn initiates(kind: Kind, family: Family) {
    let Some(lab) = Lab::with(kind) else { return };
    let peer = Peer::start(&lab, "v2-psk", Host::B, family, &[]);
    let ikee = Ikee::start(&lab, &suit(Config::initiator(family), kind, Host::A));
    ikee.up();
    peer.assert_up();
    assert_eq!(ikee.sa()["remote_id"], "b.lab");
    ikee.stop();
}

fn responds(kind: Kind, family: Family) {
    let Some(lab) = Lab::with(kind) else { return };
    let ikee = Ikee::start(&lab, &suit(Config::responder(), kind, Host::B));
    let peer = Peer::start(&lab, "v2-psk", Host::A, family, &[]);
    peer.up();
    assert_eq!(ikee.sa()["remote_id"], "a.lab");
    ikee.stop();
}

#[test]
fn we_initiate_to_libreswan() {
    for family in Family::BOTH {
        initiates(Kind::Libreswan, family);
    }
}

#[test]
fn libreswan_initiates_to_us() {
    for family in Family::BOTH {
        responds(Kind::Libreswan, family);
    }
}

#[test]
fn we_initiate_to_openiked() {
    for family in Family::BOTH {
        initiates(Kind::OpenIked, family);
    }
}

#[test]
fn openiked_initiates_to_us() {
    for family in Family::BOTH {
        responds(Kind::OpenIked, family);
    }
}

#[test]
fn openiked_gives_us_an_address() {
    let Some(lab) = Lab::with(Kind::OpenIked) else {
        return;
    };
    let peer = Peer::start(&lab, "v2-vip", Host::B, Family::V4, &[]);
    let mut config = suit(Config::initiator(Family::V4), Kind::OpenIked, Host::A);
    config.connection = "addresses.request = [\"ipv4\"]".into();
    config.local = None;
    let ikee = Ikee::start(&lab, &config);
    ikee.up();
    peer.assert_up();
    let sa = ikee.sa();
    let assigned = sa["assigned"][0].as_str().unwrap_or_default();
    assert!(assigned.starts_with("10.99.3."), "{sa:#}");
    assert_eq!(sa["dns"][0], "10.99.2.53", "{sa:#}");
    ikee.stop();
}
