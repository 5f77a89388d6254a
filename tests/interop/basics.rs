//! A pre-shared key, and the detours of IKE_SA_INIT.

use crate::ikee::{Config, Ikee};
use crate::lab::{Family, Host, Lab};
use crate::peer::Peer;
use crate::scripted;

fn initiates(family: Family) {
    let Some(lab) = Lab::two() else { return };
    let peer = Peer::start(&lab, "v2-psk", Host::B, family, &[]);
    let ikee = Ikee::start(&lab, &Config::initiator(family));
    ikee.up();
    peer.assert_up();
    peer.assert_logged("authentication of 'a.lab' with pre-shared key successful");
    lab.assert_pings();
    let sa = ikee.sa();
    assert_eq!(sa["remote_id"], "b.lab", "{sa:#}");
    ikee.stop();
    peer.assert_logged("received DELETE for IKE_SA");
    assert!(!peer.sas().contains("ESTABLISHED"), "{}", peer.sas());
}

fn responds(family: Family) {
    let Some(lab) = Lab::two() else { return };
    let ikee = Ikee::start(&lab, &Config::responder());
    let peer = Peer::start(&lab, "v2-psk", Host::A, family, &[]);
    peer.up();
    peer.assert_logged("authentication of 'b.lab' with pre-shared key successful");
    lab.assert_pings();
    let sa = ikee.sa();
    assert_eq!(sa["remote_id"], "a.lab", "{sa:#}");
    ikee.stop();
    peer.assert_logged("received DELETE for IKE_SA");
}

#[test]
fn we_initiate_with_a_secret_over_ipv4_and_packets_of_both_families_pass() {
    initiates(Family::V4);
}

#[test]
fn we_initiate_with_a_secret_over_ipv6_and_packets_of_both_families_pass() {
    initiates(Family::V6);
}

#[test]
fn we_respond_with_a_secret_over_ipv4_and_packets_of_both_families_pass() {
    responds(Family::V4);
}

#[test]
fn we_respond_with_a_secret_over_ipv6_and_packets_of_both_families_pass() {
    responds(Family::V6);
}

#[test]
fn we_return_the_cookie_that_strongswan_asks_for() {
    for family in Family::BOTH {
        let Some(lab) = Lab::two() else { return };
        let peer = Peer::start(&lab, "v2-cookie", Host::B, family, &[]);
        // it asks as soon as there is a half-open SA
        let stranger = lab.within(Host::A, move || scripted::leave_half_open(family));
        stranger.join().expect("a half-open SA");
        let ikee = Ikee::start(&lab, &Config::initiator(family));
        ikee.up();
        peer.assert_up();
        peer.assert_logged("generating IKE_SA_INIT response 0 [ N(COOKIE) ]");
        peer.assert_logged("parsed IKE_SA_INIT request 0 [ N(COOKIE) SA");
        ikee.stop();
    }
}

#[test]
fn strongswan_returns_the_cookie_that_we_ask_for() {
    for family in Family::BOTH {
        let Some(lab) = Lab::two() else { return };
        let mut config = Config::responder();
        config.sections = "[limits]\ncookies = \"always\"".into();
        let ikee = Ikee::start(&lab, &config);
        let peer = Peer::start(&lab, "v2-cookie", Host::A, family, &[]);
        peer.up();
        peer.assert_logged("parsed IKE_SA_INIT response 0 [ N(COOKIE) ]");
        peer.assert_logged("generating IKE_SA_INIT request 0 [ N(COOKIE) SA");
        ikee.sa();
        ikee.stop();
    }
}

#[test]
fn we_begin_again_with_the_group_that_strongswan_wants() {
    for family in Family::BOTH {
        let Some(lab) = Lab::two() else { return };
        let peer = Peer::start(&lab, "v2-badke", Host::B, family, &[]);
        let mut config = Config::initiator(family);
        config.proposals = "aes128-sha256-modp2048-ecp256".into();
        let ikee = Ikee::start(&lab, &config);
        ikee.up();
        peer.assert_up();
        peer.assert_logged("generating IKE_SA_INIT response 0 [ N(INVAL_KE) ]");
        assert_eq!(ikee.sa()["suite"], "aes128-sha256-ecp256");
        ikee.stop();
    }
}

#[test]
fn strongswan_begins_again_with_the_group_that_we_want() {
    for family in Family::BOTH {
        let Some(lab) = Lab::two() else { return };
        let mut config = Config::responder();
        config.proposals = "aes128-sha256-ecp256".into();
        let ikee = Ikee::start(&lab, &config);
        let peer = Peer::start(&lab, "v2-badke", Host::A, family, &[]);
        peer.up();
        peer.assert_logged("parsed IKE_SA_INIT response 0 [ N(INVAL_KE) ]");
        assert_eq!(ikee.sa()["suite"], "aes128-sha256-ecp256");
        ikee.stop();
    }
}
