//! Transport mode on the userspace plane: negotiated and installed, without packets.

use crate::ikee::{Config, Ikee};
use crate::lab::{Family, Host, Lab};
use crate::peer::Peer;

/// Without ESP on either side, strongSwan takes any SA.
pub(crate) const NO_ESP: [(&str, &str); 1] = [("KERNEL", "fake")];

/// The two hosts themselves, every protocol.
pub(crate) fn transport(mut config: Config) -> Config {
    (config.local, config.remote_ts) = (None, None);
    config.child = "mode = \"transport\"".into();
    config
}

pub(crate) fn assert_installed(ikee: &Ikee<'_>) {
    let sa = ikee.sa();
    assert_eq!(sa["children"].as_array().map(Vec::len), Some(1), "{sa:#}");
    let log = ikee.log();
    assert!(
        log.contains("it is in transport mode, and the userspace data plane carries no packets"),
        "{log}"
    );
}

#[test]
fn we_initiate_and_strongswan_takes_transport_mode() {
    for family in Family::BOTH {
        let Some(lab) = Lab::two() else { return };
        let peer = Peer::start(&lab, "v2-transport", Host::B, family, &NO_ESP);
        let ikee = Ikee::start(&lab, &transport(Config::initiator(family)));
        ikee.up();
        peer.assert_up();
        assert!(peer.sas().contains("TRANSPORT"), "{}", peer.sas());
        assert_installed(&ikee);
        ikee.stop();
    }
}

#[test]
fn strongswan_initiates_and_we_take_transport_mode() {
    let Some(lab) = Lab::two() else { return };
    let ikee = Ikee::start(&lab, &transport(Config::responder()));
    let peer = Peer::start(&lab, "v2-transport", Host::A, Family::V4, &NO_ESP);
    peer.up();
    assert!(peer.sas().contains("TRANSPORT"), "{}", peer.sas());
    assert_installed(&ikee);
    ikee.stop();
}

#[test]
pub(crate) fn transport_mode_passes_a_nat_in_both_roles() {
    {
        let Some(lab) = Lab::nat() else { return };
        let peer = Peer::start(&lab, "v2-transport", Host::B, Family::V4, &NO_ESP);
        let ikee = Ikee::start(&lab, &transport(Config::initiator(Family::V4)));
        ikee.up();
        peer.assert_up();
        assert!(peer.sas().contains("TRANSPORT"), "{}", peer.sas());
        assert_installed(&ikee);
        ikee.stop();
    }
    let Some(lab) = Lab::nat() else { return };
    let ikee = Ikee::start(&lab, &transport(Config::responder()));
    let peer = Peer::start(&lab, "v2-transport", Host::A, Family::V4, &NO_ESP);
    peer.up();
    assert!(peer.sas().contains("TRANSPORT"), "{}", peer.sas());
    assert_installed(&ikee);
    ikee.stop();
}
