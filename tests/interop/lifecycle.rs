//! The end of SAs, and peers that are gone.

use crate::ikee::{Config, Ikee};
use crate::lab::{Family, Host, Lab, wait_for};
use crate::peer::Peer;

/// Quick to notice that the peer is gone.
const IMPATIENT: &str =
    "liveness = \"1s\"\nretransmit = { first = \"500ms\", longest = \"1s\", tries = 3 }";

fn assert_gone(ikee: &Ikee<'_>, seconds: u64) {
    wait_for(seconds, "our SAs are gone", || ikee.sas().is_empty());
}

#[test]
fn our_delete_and_the_peers_end_both_sides() {
    let Some(lab) = Lab::two() else { return };
    let peer = Peer::start(&lab, "v2-psk", Host::B, Family::V4, &[]);
    let ikee = Ikee::start(&lab, &Config::initiator(Family::V4));

    ikee.up();
    peer.assert_up();
    ikee.down();
    assert_gone(&ikee, 1);
    peer.assert_logged("received DELETE for IKE_SA lab[1]");
    wait_for(3, "strongSwan has none", || !peer.sas().contains("lab:"));
    assert!(
        !lab.ping(Host::A.inner(Family::V4), Host::B.inner(Family::V4)),
        "no packet passes without an SA"
    );

    ikee.up();
    peer.assert_up();
    peer.down();
    assert_gone(&ikee, 3);
    ikee.stop();
}

#[test]
fn a_responder_takes_the_delete_of_the_peer_and_sends_its_own() {
    let Some(lab) = Lab::two() else { return };
    let ikee = Ikee::start(&lab, &Config::responder());
    let peer = Peer::start(&lab, "v2-psk", Host::A, Family::V6, &[]);
    peer.up();
    peer.down();
    assert_gone(&ikee, 3);

    peer.up();
    ikee.sa();
    ikee.down();
    assert_gone(&ikee, 1);
    peer.assert_logged("received DELETE for IKE_SA lab[2]");
    ikee.stop();
}

#[test]
fn a_cut_wire_is_noticed_and_the_connection_can_come_up_again() {
    let Some(lab) = Lab::two() else { return };
    let peer = Peer::start(&lab, "v2-psk", Host::B, Family::V4, &[]);
    let mut config = Config::initiator(Family::V4);
    config.connection = IMPATIENT.into();
    let ikee = Ikee::start(&lab, &config);
    ikee.up();
    lab.assert_pings();
    // while nothing passes the peer is asked, and answers
    peer.assert_logged("parsed INFORMATIONAL request 2 [ ]");
    ikee.sa();

    lab.set_wire(false);
    assert_gone(&ikee, 10);
    lab.set_wire(true);
    ikee.up();
    lab.assert_pings();
    ikee.stop();
}

#[test]
fn a_peer_that_asks_whether_we_live_is_answered() {
    let Some(lab) = Lab::two() else { return };
    let mut config = Config::responder();
    config.connection = "liveness = 0".into();
    let ikee = Ikee::start(&lab, &config);
    let peer = Peer::start(&lab, "v2-psk", Host::A, Family::V4, &[("DPD", "1")]);
    peer.up();
    wait_for(6, "strongSwan is answered twice", || {
        peer.log().contains("parsed INFORMATIONAL response 3 [ ]")
    });
    ikee.sa();
    peer.assert_up();
    ikee.stop();
}
