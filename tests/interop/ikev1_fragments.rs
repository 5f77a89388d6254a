//! Certificates of 4 kB over a wire that loses every IP fragment ([MS-IKEE] §3.3).

use crate::certificates::with_certificate;
use crate::ikee::{Config, Ikee};
use crate::ikev1::{assert_pings, assert_stands};
use crate::lab::{Family, Host, Lab};
use crate::peer::{Kind, Peer};

/// Ours, with a certificate of 4 kB.
pub(crate) fn large(lab: &Lab, config: Config) -> Config {
    with_certificate(lab, config.v1(), ("big", "rsa-ca"))
}

#[test]
fn our_certificates_and_strongswans_pass_in_fragments_of_ike_when_we_initiate() {
    let Some(lab) = Lab::two() else { return };
    let peer = Peer::start(&lab, "v1-frag", Host::B, Family::V4, &[]);
    lab.script("impair.sh", &["nofrag"], &[]);
    let ikee = Ikee::start(&lab, &large(&lab, Config::initiator(Family::V4)));
    ikee.up();
    peer.assert_up();
    assert_fragments(&peer);
    assert_pings(&lab);
    assert_stands(&ikee, "main");
    ikee.stop();
}

#[test]
fn our_certificates_and_strongswans_pass_in_fragments_of_ike_when_we_respond() {
    let Some(lab) = Lab::two() else { return };
    let ikee = Ikee::start(&lab, &large(&lab, Config::responder()));
    let peer = Peer::start(&lab, "v1-frag", Host::A, Family::V4, &[]);
    lab.script("impair.sh", &["nofrag"], &[]);
    peer.up();
    assert_fragments(&peer);
    assert_pings(&lab);
    assert_stands(&ikee, "main");
    ikee.stop();
}

/// It sent some, and got some.
fn assert_fragments(peer: &Peer<'_>) {
    let log = peer.log();
    let any = |what: &str| {
        let mut lines = log.lines();
        lines.any(|line| line.contains(what) && line.contains("ID_PROT") && line.contains("FRAG("))
    };
    assert!(any("generating") && any("parsed"), "{log}");
}

/// The wire really loses what is too long for it.
#[test]
fn without_fragments_of_ike_the_same_certificates_do_not_arrive() {
    let Some(lab) = Lab::two() else { return };
    let peer = Peer::start(&lab, "v1-frag", Host::B, Family::V4, &[]);
    lab.script("impair.sh", &["nofrag"], &[]);
    let mut config = large(&lab, Config::initiator(Family::V4));
    config.sections = "[extensions.fragmentation]\nenabled = false".into();
    config.connection += "retransmit = { first = \"300ms\", longest = \"1s\", tries = 2 }\n";
    let ikee = Ikee::start(&lab, &config);
    ikee.up_fails();
    assert!(!peer.log().contains("FRAG("), "{}", peer.log());
    ikee.stop();
}

#[test]
fn our_certificates_and_libreswans_pass_in_fragments_of_ike_in_both_roles() {
    for respond in [false, true] {
        let Some(lab) = Lab::with(Kind::Libreswan) else {
            return;
        };
        let debug = [("DEBUG", "all")];
        let (peer, ikee) = if respond {
            let ikee = Ikee::start(&lab, &large(&lab, Config::responder()));
            let peer = Peer::start(&lab, "v1-frag", Host::A, Family::V4, &debug);
            lab.script("impair.sh", &["nofrag"], &[]);
            peer.up();
            (peer, ikee)
        } else {
            let peer = Peer::start(&lab, "v1-frag", Host::B, Family::V4, &debug);
            lab.script("impair.sh", &["nofrag"], &[]);
            let ikee = Ikee::start(&lab, &large(&lab, Config::initiator(Family::V4)));
            ikee.up();
            peer.assert_up();
            (peer, ikee)
        };
        assert_stands(&ikee, "main");
        peer.assert_logged("received IKE fragment id");
        peer.assert_logged("sending IKE fragment id");
        ikee.stop();
    }
}
