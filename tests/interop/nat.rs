//! An address translator on the way.

use crate::ikee::{Config, Ikee};
use crate::lab::{Family, Host, Lab};
use crate::peer::Peer;

#[test]
fn we_initiate_from_behind_a_nat_and_packets_pass() {
    for family in Family::BOTH {
        let Some(lab) = Lab::nat() else { return };
        let peer = Peer::start(&lab, "v2-psk", Host::B, family, &[]);
        let ikee = Ikee::start(&lab, &Config::initiator(family));
        ikee.up();
        peer.assert_up();
        peer.assert_logged("remote host is behind NAT");
        lab.assert_pings();
        let sa = ikee.sa();
        assert_eq!(sa["nat"][0], true, "we are behind one: {sa:#}");
        ikee.stop();
        peer.assert_logged("received DELETE for IKE_SA");
    }
}

#[test]
fn we_respond_to_a_peer_behind_a_nat_and_packets_pass() {
    for family in Family::BOTH {
        let Some(lab) = Lab::nat() else { return };
        let ikee = Ikee::start(&lab, &Config::responder());
        let peer = Peer::start(&lab, "v2-psk", Host::A, family, &[]);
        peer.up();
        peer.assert_logged("local host is behind NAT, sending keep alives");
        lab.assert_pings();
        let sa = ikee.sa();
        assert_eq!(sa["nat"][1], true, "the peer is behind one: {sa:#}");
        ikee.stop();
    }
}
