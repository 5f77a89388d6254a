//! Aggressive mode with a shared secret, for those who have asked for it twice.

use crate::ikee::{Config, Ikee};
use crate::ikev1::{assert_pings, assert_stands};
use crate::lab::{Family, Host, Lab};
use crate::peer::{Kind, Peer};

/// With the key that allows it, and the one that says that it is meant.
pub(crate) fn aggressive(config: Config) -> Config {
    let mut config = config.v1();
    config.connection += "aggressive = true\naggressive_psk = true\n";
    config
}

#[test]
fn we_initiate_aggressive_mode_and_packets_pass() {
    let Some(lab) = Lab::two() else { return };
    let peer = Peer::start(&lab, "v1-aggr", Host::B, Family::V4, &[]);
    let ikee = Ikee::start(&lab, &aggressive(Config::initiator(Family::V4)));
    ikee.up();
    peer.assert_up();
    assert_pings(&lab);
    assert_stands(&ikee, "aggressive");
    ikee.stop();
    peer.assert_logged("received DELETE for IKE_SA");
}

#[test]
fn we_respond_to_aggressive_mode_and_packets_pass() {
    let Some(lab) = Lab::two() else { return };
    let ikee = Ikee::start(&lab, &aggressive(Config::responder()));
    let peer = Peer::start(&lab, "v1-aggr", Host::A, Family::V4, &[]);
    peer.up();
    assert_pings(&lab);
    assert_stands(&ikee, "aggressive");
    ikee.stop();
    peer.assert_logged("received DELETE for IKE_SA");
}

#[test]
fn aggressive_mode_that_nobody_asked_for_is_refused() {
    let Some(lab) = Lab::two() else { return };
    let ikee = Ikee::start(&lab, &Config::responder().v1());
    let peer = Peer::start(&lab, "v1-aggr", Host::A, Family::V4, &[]);
    peer.up_fails();
    assert!(ikee.sas().is_empty(), "{:#?}", ikee.sas());
    assert!(
        !peer.log().contains("parsed AGGRESSIVE response 0 [ SA"),
        "no hash to try passwords on\n{}",
        peer.log()
    );
    ikee.stop();
}

#[test]
fn libreswan_and_we_do_aggressive_mode_in_both_roles() {
    let Some(lab) = Lab::with(Kind::Libreswan) else {
        return;
    };
    let peer = Peer::start(&lab, "v1-aggr", Host::B, Family::V4, &[]);
    let ikee = Ikee::start(&lab, &aggressive(Config::initiator(Family::V4)));
    ikee.up();
    peer.assert_up();
    assert_stands(&ikee, "aggressive");
    ikee.stop();
    drop(peer);
    drop(lab);
    let Some(lab) = Lab::with(Kind::Libreswan) else {
        return;
    };
    let ikee = Ikee::start(&lab, &aggressive(Config::responder()));
    let peer = Peer::start(&lab, "v1-aggr", Host::A, Family::V4, &[]);
    peer.up();
    assert_stands(&ikee, "aggressive");
    ikee.stop();
}
