//! IKEv1 with an address translator on the way: in every mode, and in both roles.

use crate::certificates::with_certificate;
use crate::ikee::{Config, Ikee, PSK};
use crate::ikev1::assert_pings;
use crate::ikev1_aggressive::aggressive;
use crate::ikev1_fragments::large;
use crate::ikev1_users::{client, server};
use crate::lab::{Family, Host, Lab};
use crate::peer::Peer;

/// A scenario of the lab, and our side of it.
struct Case {
    scenario: &'static str,
    ours: fn(&Lab, Config) -> Config,
}

const PSKS: Case = Case {
    scenario: "v1-psk",
    ours: |_, config| config.v1(),
};
const RSA: Case = Case {
    scenario: "v1-rsa",
    ours: |lab, config| with_certificate(lab, config.v1(), ("rsa", "rsa-ca")),
};
const AGGRESSIVE: Case = Case {
    scenario: "v1-aggr",
    ours: |_, config| aggressive(config),
};
const FRAGMENTS: Case = Case {
    scenario: "v1-frag",
    ours: large,
};
const USERS: Case = Case {
    scenario: "v1-xauth",
    ours: |lab, config| {
        let config = config.v1();
        if config.local_id == Host::A.identity() {
            client(config, PSK)
        } else {
            server(lab, config)
        }
    },
};

/// From behind a translator.
fn initiates(case: &Case, family: Family) {
    let Some(lab) = Lab::nat() else { return };
    let peer = Peer::start(&lab, case.scenario, Host::B, family, &[]);
    let config = (case.ours)(&lab, Config::initiator(family));
    let ikee = Ikee::start(&lab, &config);
    ikee.up();
    peer.assert_up();
    peer.assert_logged("remote host is behind NAT");
    assert_pings(&lab);
    let sa = ikee.sa();
    assert_eq!(sa["nat"][0], true, "we are behind one: {sa:#}");
    ikee.stop();
    peer.assert_logged("received DELETE for IKE_SA");
}

/// To somebody behind a translator.
fn responds(case: &Case, family: Family) {
    let Some(lab) = Lab::nat() else { return };
    let config = (case.ours)(&lab, Config::responder());
    let ikee = Ikee::start(&lab, &config);
    let peer = Peer::start(&lab, case.scenario, Host::A, family, &[]);
    peer.up();
    peer.assert_logged("local host is behind NAT, sending keep alives");
    assert_pings(&lab);
    let sa = ikee.sa();
    assert_eq!(sa["nat"][1], true, "the peer is behind one: {sa:#}");
    ikee.stop();
}

#[test]
fn main_mode_with_a_secret_passes_a_nat_in_both_roles_and_families() {
    for family in Family::BOTH {
        initiates(&PSKS, family);
        responds(&PSKS, family);
    }
}

#[test]
fn main_mode_with_certificates_passes_a_nat_in_both_roles() {
    initiates(&RSA, Family::V4);
    responds(&RSA, Family::V4);
}

#[test]
fn aggressive_mode_passes_a_nat_in_both_roles() {
    initiates(&AGGRESSIVE, Family::V4);
    responds(&AGGRESSIVE, Family::V4);
}

#[test]
fn fragments_of_ike_pass_a_nat_in_both_roles() {
    initiates(&FRAGMENTS, Family::V4);
    responds(&FRAGMENTS, Family::V4);
}

#[test]
fn xauth_passes_a_nat_in_both_roles() {
    initiates(&USERS, Family::V4);
    responds(&USERS, Family::V4);
}
