//! Transport mode of IKEv1 on the userspace plane: negotiated and installed, without packets.

use crate::ikee::{Config, Ikee};
use crate::lab::{Family, Host, Lab};
use crate::peer::{Kind, Peer};
use crate::transport::{NO_ESP, assert_installed, transport};

fn assert_transport(peer: &Peer<'_>, ikee: &Ikee<'_>) {
    let sas = peer.sas();
    let said = sas.contains("TRANSPORT") || peer.log().contains("established transport mode");
    assert!(said, "{sas}\n{}", peer.log());
    assert_eq!(ikee.sa()["version"].as_u64(), Some(1));
    assert_installed(ikee);
}

fn initiates(lab: &Lab, family: Family) {
    let peer = Peer::start(lab, "v1-transport", Host::B, family, &NO_ESP);
    let ikee = Ikee::start(lab, &transport(Config::initiator(family).v1()));
    ikee.up();
    peer.assert_up();
    assert_transport(&peer, &ikee);
    ikee.stop();
}

fn responds(lab: &Lab, family: Family) {
    let ikee = Ikee::start(lab, &transport(Config::responder().v1()));
    let peer = Peer::start(lab, "v1-transport", Host::A, family, &NO_ESP);
    peer.up();
    assert_transport(&peer, &ikee);
    ikee.stop();
}

#[test]
fn ikev1_transport_mode_is_taken_by_strongswan_in_both_roles() {
    for family in Family::BOTH {
        let Some(lab) = Lab::two() else { return };
        initiates(&lab, family);
        responds(&lab, family);
    }
}

#[test]
fn ikev1_transport_mode_is_taken_by_libreswan_in_both_roles() {
    for role in [initiates, responds] {
        let Some(lab) = Lab::with(Kind::Libreswan) else {
            return;
        };
        role(&lab, Family::V4);
    }
}

/// RFC 3947 §5.2: each side tells the addresses that a translator may have changed.
#[test]
fn ikev1_transport_mode_passes_a_nat_in_both_roles() {
    for role in [initiates, responds] {
        let Some(lab) = Lab::nat() else { return };
        role(&lab, Family::V4);
    }
}
