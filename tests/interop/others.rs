//! libreswan and OpenIKED, which have no data path in the lab: their SAs stand, and ours.

use crate::certificates::with_certificate;
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

/// A scenario of the lab, and the certificates that it wants: what they are called, and who signed them.
struct Case {
    scenario: &'static str,
    certificates: Option<(&'static str, &'static str)>,
}

const PSK: Case = Case {
    scenario: "v2-psk",
    certificates: None,
};
const RSA: Case = Case {
    scenario: "v2-rsa",
    certificates: Some(("rsa", "rsa-ca")),
};
const ECDSA: Case = Case {
    scenario: "v2-ecdsa",
    certificates: Some(("ec", "ec-ca")),
};
/// Certificates of over 4 kB.
const LARGE: Case = Case {
    scenario: "v2-frag",
    certificates: Some(("big", "rsa-ca")),
};

impl Case {
    fn config(&self, lab: &Lab, config: Config, host: Host) -> Config {
        let mut config = suit(config, lab.peer, host);
        config.sections = "[extensions.fragmentation-v2]".into();
        match self.certificates {
            Some(names) => with_certificate(lab, config, names),
            None => config,
        }
    }
}

fn initiates(kind: Kind, family: Family, case: &Case) {
    let Some(lab) = Lab::with(kind) else { return };
    let peer = Peer::start(&lab, case.scenario, Host::B, family, &[]);
    let config = case.config(&lab, Config::initiator(family), Host::A);
    let ikee = Ikee::start(&lab, &config);
    ikee.up();
    peer.assert_up();
    assert_eq!(ikee.sa()["remote_id"], "b.lab");
    ikee.stop();
}

fn responds(kind: Kind, family: Family, case: &Case) {
    let Some(lab) = Lab::with(kind) else { return };
    let config = case.config(&lab, Config::responder(), Host::B);
    let ikee = Ikee::start(&lab, &config);
    let peer = Peer::start(&lab, case.scenario, Host::A, family, &[]);
    peer.up();
    assert_eq!(ikee.sa()["remote_id"], "a.lab");
    ikee.stop();
}

#[test]
fn libreswan_and_we_prove_ourselves_with_certificates() {
    for case in [RSA, ECDSA, LARGE] {
        initiates(Kind::Libreswan, Family::V4, &case);
        responds(Kind::Libreswan, Family::V4, &case);
    }
}

#[test]
fn openiked_and_we_prove_ourselves_with_certificates() {
    for case in [RSA, ECDSA] {
        initiates(Kind::OpenIked, Family::V4, &case);
        responds(Kind::OpenIked, Family::V4, &case);
    }
}

#[test]
fn we_initiate_to_libreswan() {
    for family in Family::BOTH {
        initiates(Kind::Libreswan, family, &PSK);
    }
}

#[test]
fn libreswan_initiates_to_us() {
    for family in Family::BOTH {
        responds(Kind::Libreswan, family, &PSK);
    }
}

#[test]
fn we_initiate_to_openiked() {
    for family in Family::BOTH {
        initiates(Kind::OpenIked, family, &PSK);
    }
}

#[test]
fn openiked_initiates_to_us() {
    for family in Family::BOTH {
        responds(Kind::OpenIked, family, &PSK);
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
