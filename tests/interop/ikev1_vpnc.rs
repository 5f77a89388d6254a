//! vpnc, a client of Cisco's kind: aggressive mode with a group's name and secret, XAUTH, mode config, ESP in UDP.

use crate::ikee::{Config, Ikee};
use crate::ikev1::assert_stands;
use crate::ikev1_addresses::server as addresses;
use crate::ikev1_aggressive::aggressive;
use crate::ikev1_users::server as users;
use crate::lab::{Host, Lab, say};

/// The gateway of the group `lab`, for everything that a client sends.
fn gateway(lab: &Lab, group: &str) -> Config {
    let assigned = addresses();
    let mut config = aggressive(Config::responder());
    let addresses = assigned.connection.lines().find(|it| it.contains("assign"));
    config.connection += addresses.expect("addresses");
    config.connection += "\n";
    config = users(lab, config);
    config.remote_id = "keyid:lab".into();
    config.proposals = format!("aes256-sha1-{group}");
    config.esp = "aes256-sha1".into();
    (config.local, config.remote_ts) = (Some("[\"0.0.0.0/0\"]".into()), None);
    config
}

fn vpnc_is_there() -> bool {
    let found = std::process::Command::new("vpnc").arg("--version").output();
    if found.is_err() {
        say("skipped: vpnc is not installed");
    }
    found.is_ok()
}

fn connects(nat_t: &str) {
    let Some(lab) = Lab::two() else { return };
    if !vpnc_is_there() {
        return;
    }
    let ikee = Ikee::start(&lab, &gateway(&lab, "modp2048"));
    let said = lab.script("vpnc-up.sh", &[], &[("NATT", nat_t), ("DH", "dh14")]);
    assert!(said.contains("10.99.3.1"), "{said}");
    let (source, target) = ("10.99.3.1", Host::B.inner(crate::lab::Family::V4));
    assert!(
        lab.ping(source, target),
        "no echo from {target} to {source}\n{}",
        ikee.log()
    );
    assert_stands(&ikee, "aggressive");
    assert!(ikee.log().contains("(user 'user')"), "{}", ikee.log());
    ikee.stop();
}

#[test]
fn vpnc_connects_to_us_as_a_user_is_given_an_address_and_packets_pass() {
    connects("force-natt");
}

#[test]
fn vpnc_connects_to_us_by_the_rfcs_nat_traversal_alone_and_packets_pass() {
    connects("natt");
}
