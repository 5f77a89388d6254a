//! IKEv1 in both roles: ways of authentication, new keys, and the end of SAs.

use crate::certificates::with_certificate;
use crate::ikee::{Config, Ikee};
use crate::lab::{Family, Host, Lab, wait_for};
use crate::peer::Peer;
use crate::rekey::{Traffic, assert_new_child, assert_new_ike_sa, spi};

/// Quick mode has one selector for each side, and the lab's peers take the IPv4 one.
pub(crate) fn assert_pings(lab: &Lab) {
    let (source, target) = (Host::A.inner(Family::V4), Host::B.inner(Family::V4));
    assert!(
        lab.ping(source, target),
        "no echo from {target} to {source}"
    );
}

/// Both SAs stand at us, and they are IKEv1's.
pub(crate) fn assert_stands(ikee: &Ikee<'_>, mode: &str) {
    let sa = ikee.sa();
    assert_eq!(
        (sa["version"].as_u64(), sa["mode"].as_str()),
        (Some(1), Some(mode)),
        "{sa:#}"
    );
}

fn initiates(family: Family) {
    let Some(lab) = Lab::two() else { return };
    let peer = Peer::start(&lab, "v1-psk", Host::B, family, &[]);
    let ikee = Ikee::start(&lab, &Config::initiator(family).v1());
    ikee.up();
    peer.assert_up();
    assert_pings(&lab);
    assert_stands(&ikee, "main");
    assert_eq!(ikee.sa()["remote_id"], "b.lab");
    ikee.stop();
    peer.assert_logged("received DELETE for IKE_SA");
    assert!(!peer.sas().contains("ESTABLISHED"), "{}", peer.sas());
}

fn responds(family: Family) {
    let Some(lab) = Lab::two() else { return };
    let ikee = Ikee::start(&lab, &Config::responder().v1());
    let peer = Peer::start(&lab, "v1-psk", Host::A, family, &[]);
    peer.up();
    assert_pings(&lab);
    assert_stands(&ikee, "main");
    assert_eq!(ikee.sa()["remote_id"], "a.lab");
    ikee.stop();
    peer.assert_logged("received DELETE for IKE_SA");
}

#[test]
fn we_initiate_main_mode_with_a_secret_over_ipv4_and_packets_pass() {
    initiates(Family::V4);
}

#[test]
fn we_initiate_main_mode_with_a_secret_over_ipv6_and_packets_pass() {
    initiates(Family::V6);
}

#[test]
fn we_respond_to_main_mode_with_a_secret_over_ipv4_and_packets_pass() {
    responds(Family::V4);
}

#[test]
fn we_respond_to_main_mode_with_a_secret_over_ipv6_and_packets_pass() {
    responds(Family::V6);
}

fn certificates(scenario: &str, names: (&str, &str), suite: &str, initiator: bool) {
    let Some(lab) = Lab::two() else { return };
    let (host, config) = if initiator {
        (Host::B, Config::initiator(Family::V4))
    } else {
        (Host::A, Config::responder())
    };
    let peer = Peer::start(&lab, scenario, host, Family::V4, &[]);
    let mut config = with_certificate(&lab, config.v1(), names);
    config.proposals = suite.into();
    let ikee = Ikee::start(&lab, &config);
    if initiator {
        ikee.up();
        peer.assert_up();
    } else {
        peer.up();
    }
    assert_pings(&lab);
    assert_stands(&ikee, "main");
    assert!(
        ikee.log().contains("the peer's certificate"),
        "{}",
        ikee.log()
    );
    ikee.stop();
}

#[test]
fn we_initiate_main_mode_with_rsa_certificates() {
    certificates("v1-rsa", ("rsa", "rsa-ca"), "aes256-sha256-modp2048", true);
}

#[test]
fn we_respond_to_main_mode_with_rsa_certificates() {
    certificates("v1-rsa", ("rsa", "rsa-ca"), "aes256-sha256-modp2048", false);
}

#[test]
fn we_initiate_main_mode_with_ecdsa_certificates() {
    certificates("v1-ecdsa", ("ec", "ec-ca"), "aes128-sha256-ecp256", true);
}

#[test]
fn we_respond_to_main_mode_with_ecdsa_certificates() {
    certificates("v1-ecdsa", ("ec", "ec-ca"), "aes128-sha256-ecp256", false);
}

fn assert_gone(ikee: &Ikee<'_>, seconds: u64) {
    wait_for(seconds, "our SAs are gone", || ikee.sas().is_empty());
}

#[test]
fn ikev1_deletes_of_either_side_end_both() {
    let Some(lab) = Lab::two() else { return };
    let peer = Peer::start(&lab, "v1-psk", Host::B, Family::V4, &[]);
    let ikee = Ikee::start(&lab, &Config::initiator(Family::V4).v1());
    ikee.up();
    peer.assert_up();
    ikee.down();
    assert_gone(&ikee, 1);
    peer.assert_logged("received DELETE for IKE_SA lab[1]");
    wait_for(3, "strongSwan has none", || !peer.sas().contains("lab:"));
    ikee.up();
    peer.assert_up();
    peer.down();
    assert_gone(&ikee, 3);
    ikee.stop();
}

#[test]
fn an_ikev1_peer_behind_a_cut_wire_is_noticed_and_the_connection_can_come_up_again() {
    let Some(lab) = Lab::two() else { return };
    let peer = Peer::start(&lab, "v1-psk", Host::B, Family::V4, &[("DPD", "60")]);
    let mut config = Config::initiator(Family::V4).v1();
    config.connection +=
        "liveness = \"1s\"\nretransmit = { first = \"500ms\", longest = \"1s\", tries = 3 }\n";
    let ikee = Ikee::start(&lab, &config);
    ikee.up();
    assert_pings(&lab);
    // while nothing passes the peer is asked, and answers
    peer.assert_logged("parsed INFORMATIONAL_V1 request");
    std::thread::sleep(std::time::Duration::from_secs(2));
    ikee.sa();
    lab.set_wire(false);
    assert_gone(&ikee, 10);
    lab.set_wire(true);
    ikee.up();
    assert_pings(&lab);
    ikee.stop();
}

fn children(ikee: &Ikee<'_>) -> usize {
    let sas = ikee.sas();
    let all = sas.iter().filter_map(|it| it["children"].as_array());
    all.map(Vec::len).sum()
}

/// Quick mode anew and phase 1 anew, by us and by the peer, in one tunnel.
fn rekeys(lab: &Lab, peer: &Peer<'_>, ikee: &Ikee<'_>) {
    let traffic = Traffic::of(lab, &[Family::V4]);
    let old = spi(ikee);
    ikee.ask(&["rekey", "lab"]).expect("new keys for the child");
    assert_new_child(ikee, &old);
    let old = ikee.sa()["spis"].clone();
    ikee.ask(&["rekey", "--ike", "lab"]).expect("new keys");
    assert_new_ike_sa(ikee, &old);
    // strongSwan keeps the old child until its time is over
    peer.command("rekey-child");
    wait_for(5, "a successor beside the old child", || {
        children(ikee) == 2
    });
    traffic.assert_whole();
    let old = ikee.sas()[0]["spis"].clone();
    peer.command("rekey-ike");
    // strongSwan leaves the old one standing until its time is over
    wait_for(5, "the peer's new IKE SA", || {
        let sas = ikee.sas();
        sas.iter()
            .any(|it| it["spis"] != old && it["state"] == "established")
    });
    assert!(children(ikee) >= 1);
    assert_pings(lab);
}

#[test]
fn an_ikev1_initiator_and_strongswan_renew_both_phases() {
    let Some(lab) = Lab::two() else { return };
    let peer = Peer::start(&lab, "v1-psk", Host::B, Family::V4, &[]);
    let ikee = Ikee::start(&lab, &Config::initiator(Family::V4).v1());
    ikee.up();
    peer.assert_up();
    rekeys(&lab, &peer, &ikee);
    ikee.stop();
}

#[test]
fn a_connection_of_both_versions_takes_either_and_begins_with_ikev2() {
    let Some(lab) = Lab::two() else { return };
    let mut config = Config::responder().v1();
    config.connection = "version = \"both\"\n".into();
    let ikee = Ikee::start(&lab, &config);
    for (scenario, version) in [("v1-psk", 1), ("v2-psk", 2)] {
        let peer = Peer::start(&lab, scenario, Host::A, Family::V4, &[]);
        peer.up();
        assert_pings(&lab);
        assert_eq!(ikee.sa()["version"].as_u64(), Some(version));
        peer.down();
        assert_gone(&ikee, 3);
    }
    ikee.stop();
    let peer = Peer::start(&lab, "v2-psk", Host::B, Family::V4, &[]);
    let mut config = Config::initiator(Family::V4).v1();
    config.connection = "version = \"both\"\n".into();
    let ikee = Ikee::start(&lab, &config);
    ikee.up();
    peer.assert_up();
    assert_eq!(ikee.sa()["version"].as_u64(), Some(2));
    ikee.stop();
}

#[test]
fn another_pre_shared_key_is_explained_on_both_roles() {
    let Some(lab) = Lab::two() else { return };
    let mut config = Config::responder().v1();
    config.psk = "another secret".into();
    let ikee = Ikee::start(&lab, &config);
    let peer = Peer::start(&lab, "v1-psk", Host::A, Family::V4, &[]);
    peer.up_fails();
    wait_for(70, "the failure is known", || {
        let said = ikee.ask(&["explain", "lab", "--json"]);
        said.is_ok_and(|it| it.contains("\"secret\""))
    });
    ikee.stop();
}
